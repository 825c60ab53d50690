//! Turns the result of a probe into a finding. A missing tool is an error only if the app needs it.

use super::finding::{Finding, Level};
use super::probe::ProbeResult;
use super::requirements::Requirement;

/// Returns the finding about one tool.
pub(super) fn assess(requirement: &Requirement, result: &ProbeResult) -> Finding {
    let Requirement { name, min_version, .. } = requirement;
    let problem = match result {
        ProbeResult::Installed => return Finding::ok(name, "is installed"),
        ProbeResult::Version(version) if !is_older(version, min_version) => {
            return Finding { version: Some(version.clone()), ..Finding::ok(name, version.as_str()) };
        }
        ProbeResult::Version(version) => format!("is version {version}, at least {min_version} is needed"),
        ProbeResult::Missing if *name == "rust target" => "is not installed".to_owned(),
        ProbeResult::Missing => "is not on the PATH".to_owned(),
        ProbeResult::TimedOut(command, seconds) => format!("{command} did not exit within {seconds} s"),
        ProbeResult::Failed(command, reason) => format!("{command} failed: {reason}"),
        ProbeResult::Unrecognized(command, output) => format!("{command} printed no version: {output}"),
    };
    let version = match result {
        ProbeResult::Version(version) => Some(version.clone()),
        _ => None,
    };
    let (level, message) = match &requirement.reason {
        Some(reason) => (Level::Error, format!("{problem}; {reason}")),
        None if requirement.purpose.is_empty() => (Level::Note, problem),
        None => (Level::Note, format!("{problem}; it {}", requirement.purpose)),
    };
    let finding = Finding { level, version, ..Finding::note(name, message) };
    finding.help(&requirement.install_help)
}

/// Compares the first three numbers of versions. A missing number counts as zero.
fn is_older(version: &str, min_version: &str) -> bool {
    let numbers = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
        [(); 3].map(|()| parts.next().unwrap_or_default())
    };
    numbers(version) < numbers(min_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(reason: Option<&str>) -> Requirement {
        Requirement {
            name: "node",
            probes: Vec::new(),
            min_version: "18.19",
            reason: reason.map(str::to_owned),
            purpose: "runs workers in JavaScript",
            install_help: "install it".to_owned(),
        }
    }

    #[test]
    fn only_a_required_tool_is_an_error() {
        let failures = [
            (ProbeResult::Missing, "is not on the PATH"),
            (ProbeResult::Version("18.18.9".to_owned()), "is version 18.18.9, at least 18.19 is needed"),
            (ProbeResult::TimedOut("`node`".to_owned(), 10), "`node` did not exit within 10 s"),
            (ProbeResult::Failed("`node`".to_owned(), "no".to_owned()), "`node` failed: no"),
            (ProbeResult::Unrecognized("`node`".to_owned(), "meow".to_owned()), "`node` printed no version: meow"),
        ];
        for (result, problem) in failures {
            let required = assess(&requirement(Some("worker `a` is in JavaScript")), &result);
            assert_eq!(
                (required.level, required.message),
                (Level::Error, format!("{problem}; worker `a` is in JavaScript"))
            );
            assert_eq!(required.help, ["install it"]);
            let useful = assess(&requirement(None), &result);
            assert_eq!(
                (useful.level, useful.message),
                (Level::Note, format!("{problem}; it runs workers in JavaScript"))
            );
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, is_new_enough) in
            [("18.19", true), ("18.19.0", true), ("20.1.0", true), ("18.2.0", false), ("9.0", false)]
        {
            let finding = assess(&requirement(None), &ProbeResult::Version(version.to_owned()));
            assert_eq!(finding.level == Level::Ok, is_new_enough, "{version}");
            assert_eq!(finding.version.as_deref(), Some(version));
        }
    }
}

//! What a tool's answer means for the app. Only what the app needs can be an error.

use super::finding::{Finding, Level};
use super::needs::Need;
use super::probe::Answer;

/// The finding about one tool.
pub(super) fn of(need: &Need, answer: &Answer) -> Finding {
    let fault = match answer {
        Answer::There => return Finding::fine(need.name, "is there"),
        Answer::Version(version) if !is_older(version, need.oldest) => {
            return Finding { version: Some(version.clone()), ..Finding::fine(need.name, version.as_str()) };
        }
        Answer::Version(version) => format!("is version {version}, at least {} is needed", need.oldest),
        Answer::Missing if need.name == "rust target" => "is not installed".to_owned(),
        Answer::Missing => "is not on the PATH".to_owned(),
        Answer::Hung(command, seconds) => format!("{command} did not end within {seconds} s"),
        Answer::Failed(command, said) => format!("{command} failed: {said}"),
        Answer::Odd(command, printed) => format!("{command} printed no version: {printed}"),
    };
    let version = match answer {
        Answer::Version(version) => Some(version.clone()),
        _ => None,
    };
    let (level, message) = match &need.why {
        Some(why) => (Level::Error, format!("{fault}; {why}")),
        None if need.use_of_it.is_empty() => (Level::Note, fault),
        None => (Level::Note, format!("{fault}; it {}", need.use_of_it)),
    };
    let finding = Finding { level, version, ..Finding::note(need.name, message) };
    finding.help(&need.install)
}

/// Versions by their numbers; what is missing is zero.
fn is_older(version: &str, oldest: &str) -> bool {
    let numbers = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
        [(); 3].map(|()| parts.next().unwrap_or_default())
    };
    numbers(version) < numbers(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(why: Option<&str>) -> Need {
        Need {
            name: "node",
            asks: Vec::new(),
            oldest: "18.19",
            why: why.map(str::to_owned),
            use_of_it: "runs workers in JavaScript",
            install: "install it".to_owned(),
        }
    }

    #[test]
    fn only_what_is_needed_is_an_error() {
        let bad = [
            (Answer::Missing, "is not on the PATH"),
            (Answer::Version("18.18.9".to_owned()), "is version 18.18.9, at least 18.19 is needed"),
            (Answer::Hung("`node`".to_owned(), 10), "`node` did not end within 10 s"),
            (Answer::Failed("`node`".to_owned(), "no".to_owned()), "`node` failed: no"),
            (Answer::Odd("`node`".to_owned(), "meow".to_owned()), "`node` printed no version: meow"),
        ];
        for (answer, fault) in bad {
            let needed = of(&need(Some("worker `a` is in JavaScript")), &answer);
            assert_eq!((needed.level, needed.message), (Level::Error, format!("{fault}; worker `a` is in JavaScript")));
            assert_eq!(needed.help, ["install it"]);
            let useful = of(&need(None), &answer);
            assert_eq!(
                (useful.level, useful.message),
                (Level::Note, format!("{fault}; it runs workers in JavaScript"))
            );
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, is_fine) in
            [("18.19", true), ("18.19.0", true), ("20.1.0", true), ("18.2.0", false), ("9.0", false)]
        {
            let finding = of(&need(None), &Answer::Version(version.to_owned()));
            assert_eq!(finding.level == Level::Ok, is_fine, "{version}");
            assert_eq!(finding.version.as_deref(), Some(version));
        }
    }
}

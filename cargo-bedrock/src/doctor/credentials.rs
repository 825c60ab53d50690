//! Whether there seem to be credentials for AWS, seen from the environment and the user's files alone: nobody is asked
//! whether they are good. An app runs here without any.

use std::ffi::OsString;
use std::path::PathBuf;

use super::finding::Finding;
use crate::aws::Access;

/// Variables that lead to credentials, in the order in which AWS's SDKs look.
const SOURCES: [&[&str]; 4] = [
    &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    &["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
    &["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
    &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
];

/// What can be seen without a request.
pub(super) fn present(access: &Access) -> Finding {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let file = |name: &str, below: &str| {
        let default = || variable("HOME").map(|home| PathBuf::from(home).join(".aws").join(below));
        variable(name).map(PathBuf::from).or_else(default).filter(|path| path.is_file())
    };
    let files = [file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")];
    let texts = files.into_iter().flatten().filter_map(|path| std::fs::read_to_string(path).ok());
    let profile = access.profile.clone().or_else(|| variable("AWS_PROFILE")?.into_string().ok());
    seen(&variable, profile.as_deref(), &texts.collect::<Vec<_>>())
}

fn seen(variable: &dyn Fn(&str) -> Option<OsString>, profile: Option<&str>, files: &[String]) -> Finding {
    const SUBJECT: &str = "credentials";
    const HELP: &str = "log in with `aws configure` or `aws sso login`; `cargo bedrock doctor --online` asks AWS";
    let of_variables = SOURCES.iter().find(|names| names.iter().all(|name| variable(name).is_some()));
    if let (Some([first, ..]), None) = (of_variables, profile) {
        return Finding::fine(SUBJECT, format!("AWS credentials in the environment (`{first}`), not asked for"));
    }
    let name = profile.unwrap_or("default");
    let heads = [format!("[{name}]"), format!("[profile {name}]")];
    let has_profile =
        files.iter().flat_map(|text| text.lines()).any(|line| heads.iter().any(|head| line.trim() == *head));
    if has_profile {
        return Finding::fine(SUBJECT, format!("AWS credentials in the profile `{name}`, not asked for"));
    }
    match profile {
        Some(name) => {
            Finding::note(SUBJECT, format!("there is no AWS profile `{name}`; deploying needs one")).help(HELP)
        }
        None => Finding::note(SUBJECT, "there are no AWS credentials; deploying needs some").help(HELP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    fn found(variables: &[&str], profile: Option<&str>, file: &str) -> (Level, String) {
        let variable = |name: &str| variables.contains(&name).then(|| OsString::from("secret"));
        let finding = seen(&variable, profile, &[file.to_owned()]);
        assert!(!finding.message.contains("secret"), "{}", finding.message);
        (finding.level, finding.message)
    }

    #[test]
    fn credentials_are_found_where_the_sdks_look() {
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        assert_eq!(found(&keys, None, "").0, Level::Ok);
        assert_eq!(found(&keys[..1], None, "").0, Level::Note);
        assert_eq!(found(&["AWS_CONTAINER_CREDENTIALS_FULL_URI"], None, "").0, Level::Ok);
        assert_eq!(found(&[], None, "[default]\naws_access_key_id = secret\n").0, Level::Ok);
        assert_eq!(found(&[], Some("work"), "[profile work]\nsso_session = secret\n").0, Level::Ok);
        assert_eq!(
            found(&[], Some("home"), "[profile work]\n").1,
            "there is no AWS profile `home`; deploying needs one"
        );
        assert_eq!(found(&[], None, "").1, "there are no AWS credentials; deploying needs some");
    }
}

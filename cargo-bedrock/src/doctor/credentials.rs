//! Whether there seem to be AWS credentials, judging only by the environment and the user's files: no request is sent,
//! so they may be invalid. An app runs locally without any.

use std::ffi::OsString;
use std::path::PathBuf;

use super::finding::Finding;
use bedrock_deploy::aws::AwsOptions;

/// Environment variables that provide credentials, in the order in which AWS's SDKs look for them.
const SOURCES: [&[&str]; 4] = [
    &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    &["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
    &["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
    &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
];

/// Returns what is known without a request.
pub(super) fn local_finding(options: &AwsOptions) -> Finding {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let file = |name: &str, below: &str| {
        let default = || variable("HOME").map(|home| PathBuf::from(home).join(".aws").join(below));
        variable(name).map(PathBuf::from).or_else(default).filter(|path| path.is_file())
    };
    let files = [file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")];
    let texts = files.into_iter().flatten().filter_map(|path| std::fs::read_to_string(path).ok());
    let profile = options.profile.clone().or_else(|| variable("AWS_PROFILE")?.into_string().ok());
    credentials_finding(&variable, profile.as_deref(), &texts.collect::<Vec<_>>())
}

/// `files` are the contents of the credentials and configuration files.
fn credentials_finding(
    variable: &dyn Fn(&str) -> Option<OsString>,
    profile: Option<&str>,
    files: &[String],
) -> Finding {
    const SUBJECT: &str = "credentials";
    const HELP: &str =
        "log in with `aws login`, `aws sso login` or `aws configure`, and check with `cargo bedrock doctor --online`";
    let source = SOURCES.iter().find(|names| names.iter().all(|name| variable(name).is_some()));
    if let (Some([first, ..]), None) = (source, profile) {
        let message = format!("AWS credentials in the environment (`{first}`), not verified");
        return Finding::ok(SUBJECT, message);
    }
    let name = profile.unwrap_or("default");
    let headers = [format!("[{name}]"), format!("[profile {name}]")];
    let has_profile =
        files.iter().flat_map(|text| text.lines()).any(|line| headers.iter().any(|header| line.trim() == *header));
    if has_profile {
        return Finding::ok(SUBJECT, format!("AWS credentials in the profile `{name}`, not verified"));
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
        let finding = credentials_finding(&variable, profile, &[file.to_owned()]);
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

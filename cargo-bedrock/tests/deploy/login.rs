//! Credentials of `aws login`, which the AWS CLI keeps in a cache in the home folder.

use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::{CommandOutput, TestApp};

const SESSION: &str = "arn:aws:iam::000000000000:user/ada";

/// Deploys with a profile that `aws login` has made.
fn deploy(aws: &EmulatedAws, app: &TestApp) -> CommandOutput {
    app.write("home/config", &format!("[profile work]\nregion = us-east-1\nlogin_session = {SESSION}\n"));
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let environment: Vec<_> =
        aws.environment().into_iter().filter(|(name, _)| !keys.contains(&name.as_str())).collect();
    let mut command = app.command(&["deploy", "--stage", "dev", "--yes", "--profile", "work"], &environment);
    command.env("AWS_CONFIG_FILE", app.path("home/config")).env("AWS_LOGIN_CACHE_DIRECTORY", app.path("home/login"));
    command.output().expect("the command starts").into()
}

#[test]
fn profile_of_aws_login_has_credentials() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let cached = json!({
        "accessToken": {
            "accessKeyId": "test", "secretAccessKey": "test", "sessionToken": "test", "accountId": "000000000000",
            "expiresAt": "2099-01-01T00:00:00Z"
        },
        "tokenType": "aws_sigv4", "refreshToken": "unused", "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": "unused"
    });
    app.write(&format!("home/login/{}.json", HEXLOWER.encode(&Sha256::digest(SESSION))), &cached.to_string());
    let output = deploy(&aws, &app);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(aws.invoke("shop-dev-counter:live", &json!({}))["version"], 1);
}

#[test]
fn named_profile_precedes_credentials_of_the_environment() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    app.write("home/config", "[profile other]\nregion = us-east-1\n");
    app.write("home/credentials", "[other]\naws_access_key_id = 222222222222\naws_secret_access_key = x\n");
    let account = |arguments: &[&str]| {
        let all = [&["doctor", "--online", "--message-format", "json"], arguments].concat();
        let mut command = app.command(&all, &aws.environment());
        command.env("AWS_CONFIG_FILE", app.path("home/config"));
        command.env("AWS_SHARED_CREDENTIALS_FILE", app.path("home/credentials"));
        CommandOutput::from(command.output().expect("the command starts")).stdout
    };
    let of_environment = account(&[]);
    assert!(of_environment.contains("123456789012"), "{of_environment}");
    let of_profile = account(&["--profile", "other"]);
    assert!(of_profile.contains("222222222222"), "{of_profile}");
    let mut command = app.command(&["destroy", "--stage", "dev", "--yes", "--profile", "unknown"], &aws.environment());
    let output = CommandOutput::from(command.output().expect("the command starts"));
    assert!(output.code == Some(2) && output.stderr.contains("`unknown`"), "{}", output.stderr);
}

#[test]
fn profile_without_a_login_session_names_the_command() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let output = deploy(&aws, &TestApp::new(&["counter"]));
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(
        output.stderr.contains("help: log in with `aws login`, `aws sso login` or `aws configure`"),
        "{}",
        output.stderr
    );
}

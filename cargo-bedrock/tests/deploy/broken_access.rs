//! Access to AWS that breaks before or during a deploy: expired credentials, no network, a page of a proxy, a wrong clock. The
//! deploy ends with a clear message, and the next one continues.

use serde_json::json;

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::{TestApp, WORKER};

/// Runs a deploy in which everything from a mutation on is answered with `action`. Returns its messages. Checks that it fails,
/// and that the next deploy completes it.
fn deploy_until_broken(first_broken: usize, action: &ProxyAction) -> Option<String> {
    let aws = EmulatedAws::start(false)?;
    let mut app = TestApp::new(&["counter", "reporter"]);
    aws.deploy(&app);
    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/workers/reporter/memory", json!(512));
    app.add("fresh");
    let action = action.clone();
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let is_broken = request.mutations_before >= first_broken;
        if is_broken { action.clone() } else { ProxyAction::Forward }
    });
    let failed = deploy(&app, &aws, &proxy, &[]);
    assert!(matches!(failed.code, Some(1 | 2)), "{failed:?}");
    aws.deploy(&app);
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    assert_eq!(aws.invoke("shop-dev-counter:live", &json!({}))["version"], 2);
    assert_eq!(aws.list_resources("shop-dev-fresh").len(), 3);
    Some(failed.stderr)
}

#[test]
fn credentials_that_expire_during_a_deploy_are_a_clear_error() {
    for first_broken in [3, 6] {
        let expired = ProxyAction::Respond(400, "ExpiredTokenException");
        let Some(stderr) = deploy_until_broken(first_broken, &expired) else { return };
        for text in [
            "caused by: AWS rejected the credentials\n  caused by: ",
            ": ExpiredTokenException: by the proxy\n",
            "help: log in with `aws login`, `aws sso login` or `aws configure`",
            "remaining: `shop-dev-",
        ] {
            assert!(stderr.contains(text), "{text} in {stderr}");
        }
    }
}

#[test]
fn network_that_breaks_during_a_deploy_is_a_clear_error() {
    let Some(stderr) = deploy_until_broken(4, &ProxyAction::Disconnect) else { return };
    assert!(stderr.contains("caused by: no response: "), "{stderr}");
    assert!(stderr.contains("help: run the same command again to continue"), "{stderr}");
}

#[test]
fn page_of_a_proxy_is_not_a_response_of_aws() {
    // With this status, the page could be taken for a missing resource or for a successful change.
    for status in [200, 403, 404, 503] {
        let Some(stderr) = deploy_until_broken(4, &ProxyAction::RespondWithHtml(status)) else { return };
        let cause = format!(": HTTP status {status}: the response is an HTML page");
        assert!(stderr.contains(&cause), "{cause} in {stderr}");
        assert!(stderr.contains("help: log in to the network, or check `HTTPS_PROXY`"), "{stderr}");
    }
    let Some(aws) = EmulatedAws::start(false) else { return };
    let proxy = Proxy::start(aws.emulator.endpoint(), |_| ProxyAction::RespondWithHtml(200));
    let failed = deploy(&TestApp::new(&["counter"]), &aws, &proxy, &[]);
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    assert!(failed.stderr.contains("error: failed to get the caller identity from AWS"), "{}", failed.stderr);
}

#[test]
fn wrong_clock_is_a_clear_error() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let proxy = Proxy::start(aws.emulator.endpoint(), |_| ProxyAction::Respond(403, "RequestTimeTooSkewed"));
    let failed = deploy(&TestApp::new(&["counter"]), &aws, &proxy, &[]);
    assert_eq!(failed.code, Some(2));
    let message = "caused by: AWS rejected the time of the request\n  caused by: sts:GetCallerIdentity: RequestTimeTooSkewed: by the \
                   proxy\nhelp: set the clock of this machine: `timedatectl set-ntp true`";
    assert!(failed.stderr.contains(message), "{}", failed.stderr);
}

//! From what came of the last attempt to what the caller gets.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::failure::function_error;
use super::function::arn_variable;
use super::wire::{Answer, Lost, Outcome};
use crate::Error;
use crate::limits::{EVENT_PAYLOAD, SYNC_PAYLOAD};
use crate::transport::{Kind, Target};

/// The call that was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What the caller knows the worker by.
    pub(super) target: &'a Target,
    /// The name or ARN that was called.
    pub(super) function: &'a str,
    pub(super) kind: Kind,
    pub(super) bytes: usize,
    /// How long it took.
    pub(super) waited: Duration,
    /// The caller's app.
    pub(super) app: Option<&'a str>,
}

/// The response, or nothing of an accepted event; or the error.
pub(super) fn read(outcome: Outcome, asked: Asked<'_>) -> Result<Bytes, Error> {
    let worker = asked.target.as_str().to_owned();
    match outcome {
        Ok(answer) if answer.function_failed => Err(function_error(asked.target.as_str(), &answer.body, asked.waited)),
        Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.body),
        Ok(answer) => Err(refused(&answer, asked)),
        Err(Lost::NoCredentials(message)) => Err(Error::AccessDenied { worker, message }),
        Err(Lost::NotSent { message, .. }) => Err(Error::Transport { worker, message, may_have_run: false }),
        Err(Lost::Sent(message)) => Err(Error::Transport { worker, message, may_have_run: true }),
    }
}

/// How the service explains itself; different errors write the same thing in different ways.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Explanation {
    #[serde(alias = "Message", alias = "errorMessage")]
    message: String,
    #[serde(rename = "Reason")]
    reason: String,
    /// The code of an error whose header is missing, as gateways write it.
    #[serde(rename = "__type", alias = "code", alias = "Code")]
    code: String,
}

/// The service's refusal as an error.
///
/// Lambda's errors are "reserved for errors that prevent your function from executing" (API reference, `Invoke`), except
/// for a 5xx without a known code: that may come from a front end that lost the answer of a function that ran.
fn refused(answer: &Answer, asked: Asked<'_>) -> Error {
    let explanation: Explanation = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = answer.code.clone().unwrap_or(explanation.code);
    let worker = asked.target.as_str().to_owned();
    let message = match explanation.message.as_str() {
        "" => String::from_utf8_lossy(&answer.body).chars().take(200).collect(),
        message => message.to_owned(),
    };
    let detail = [code.as_str(), &message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    match answer.status {
        401 | 403 if !code.starts_with("EFS") => Error::AccessDenied { worker, message: detail },
        404 => Error::WorkerNotFound { worker, help: Some(not_there(asked)) },
        413 => {
            let limit = if asked.kind == Kind::Event { EVENT_PAYLOAD } else { SYNC_PAYLOAD };
            Error::PayloadTooLarge { worker, bytes: asked.bytes, limit }
        }
        429 => {
            let reason = [explanation.reason, code].into_iter().find(|text| !text.is_empty()).unwrap_or(message);
            Error::Throttled { worker, reason }
        }
        status if is_before_execution(status, &code) => {
            let help = (code == "RecursiveInvocationException").then(|| {
                "Lambda ends a circle of calls after about 16 rounds; its `recursive loop` setting can allow it"
                    .to_owned()
            });
            Error::NotStarted { worker, message: detail, help }
        }
        status => {
            let colon = if detail.is_empty() { "" } else { ": " };
            let message = format!("the Lambda service answered with status {status}{colon}{detail}");
            Error::Transport { worker, message, may_have_run: true }
        }
    }
}

/// Whether the function surely did not run. What has no code may come from anybody between here and there.
fn is_before_execution(status: u16, code: &str) -> bool {
    /// What the errors of a function that cannot be started begin with (Lambda API model, 408 and 502 of `Invoke`).
    const CANNOT_START: [&str; 9] =
        ["EC2", "EFS", "ENI", "Invalid", "KMS", "ResourceNotReady", "S3Files", "SnapStart", "SubnetIP"];
    match status {
        408 | 502 => CANNOT_START.iter().any(|start| code.starts_with(start)),
        status => (400..500).contains(&status),
    }
}

fn not_there(asked: Asked<'_>) -> String {
    let there = format!("no function `{}` answers in this account and region", asked.function);
    match asked.target {
        Target::Worker(worker) => {
            format!("{there}: deploy it, or set `{}` to its ARN", arn_variable(worker, asked.app))
        }
        Target::Any(_) => there,
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, read};
    use crate::Error;
    use crate::remote::wire::{Answer, Lost};
    use crate::transport::{Kind, Target};
    use bytes::Bytes;
    use std::time::Duration;

    fn asked(kind: Kind) -> Asked<'static> {
        Asked {
            target: &Target::Worker("fetcher"),
            function: "my_app-dev-fetcher",
            kind,
            bytes: 7_000_000,
            waited: Duration::from_secs(1),
            app: Some("my-app"),
        }
    }

    fn answer(status: u16, code: &str, body: &str) -> Answer {
        let code = (!code.is_empty()).then(|| code.to_owned());
        Answer { status, code, body: Bytes::copy_from_slice(body.as_bytes()), ..Answer::default() }
    }

    fn refusal(status: u16, code: &str, body: &str) -> Error {
        read(Ok(answer(status, code, body)), asked(Kind::RequestResponse)).expect_err("a refusal")
    }

    #[test]
    fn a_good_answer_is_the_response() {
        let response = read(Ok(answer(200, "", "[1]")), asked(Kind::RequestResponse));
        assert_eq!(response.as_deref(), Ok(&b"[1]"[..]));
        let accepted = read(Ok(answer(202, "", "")), asked(Kind::Event));
        assert_eq!(accepted.as_deref(), Ok(&b""[..]));
        let failed = Answer { function_failed: true, ..answer(200, "", r#"{"errorType":"KeyError"}"#) };
        let error = read(Ok(failed), asked(Kind::RequestResponse)).expect_err("it failed");
        assert_eq!(error.error_type(), "KeyError");
    }

    #[test]
    fn each_refusal_has_its_kind_and_says_whether_the_worker_may_have_run() {
        let message = r#"{"Type":"User","Message":"no"}"#;
        let table = [
            (400, "InvalidParameterValueException", "NotStarted", false),
            (400, "RecursiveInvocationException", "NotStarted", false),
            (402, "ServiceQuotaExceededException", "NotStarted", false),
            (401, "", "AccessDenied", false),
            (403, "AccessDeniedException", "AccessDenied", false),
            (403, "ExpiredTokenException", "AccessDenied", false),
            (403, "EFSMountFailureException", "NotStarted", false),
            (404, "ResourceNotFoundException", "WorkerNotFound", false),
            (408, "EFSMountTimeoutException", "NotStarted", false),
            (408, "SnapStartTimeoutException", "NotStarted", false),
            (408, "", "Transport", true),
            (409, "ResourceConflictException", "NotStarted", false),
            (410, "EFSIOException", "NotStarted", false),
            (413, "RequestTooLargeException", "PayloadTooLarge", false),
            (415, "UnsupportedMediaTypeException", "NotStarted", false),
            (429, "TooManyRequestsException", "Throttled", false),
            (500, "ServiceException", "Transport", true),
            (502, "KMSAccessDeniedException", "NotStarted", false),
            (502, "InvalidZipFileException", "NotStarted", false),
            (502, "ENILimitReachedException", "NotStarted", false),
            (502, "EC2UnexpectedException", "NotStarted", false),
            (502, "BadGatewayException", "Transport", true),
            (502, "", "Transport", true),
            (503, "", "Transport", true),
            (504, "ResourceNotReadyException", "Transport", true),
            (302, "", "Transport", true),
        ];
        for (status, code, kind, may_have_run) in table {
            let error = refusal(status, code, message);
            assert_eq!((error.error_type(), error.may_have_run()), (kind, may_have_run), "{status} {code}");
            assert_eq!(error.worker(), "fetcher");
        }
    }

    #[test]
    fn refusals_say_what_the_service_said() {
        let json = |body: &str| refusal(403, "AccessDeniedException", body).to_string();
        let expected = "no permission to call worker `fetcher`: AccessDeniedException: not authorized";
        assert_eq!(json(r#"{"Message":"not authorized"}"#), expected);
        assert_eq!(json(r#"{"message":"not authorized"}"#), expected);
        assert_eq!(json("not authorized"), expected);
        let gateway = refusal(403, "", r#"{"__type":"UnrecognizedClientException","message":"bad token"}"#);
        assert!(gateway.to_string().ends_with("UnrecognizedClientException: bad token"), "{gateway}");
        assert!(refusal(500, "", "").to_string().ends_with("the Lambda service answered with status 500"));
        let page = "<html>".repeat(1000);
        assert!(refusal(503, "", &page).to_string().len() < 400);
    }

    #[test]
    fn a_missing_function_is_named_with_the_way_to_name_another() {
        let expected = "no function `my_app-dev-fetcher` answers in this account and region: \
                        deploy it, or set `MY_APP_WORKER_ARN_FETCHER` to its ARN";
        assert_eq!(refusal(404, "ResourceNotFoundException", "{}").help(), Some(expected));
    }

    #[test]
    fn a_throttled_call_has_lambdas_reason() {
        let body = r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#;
        let Error::Throttled { reason, .. } = refusal(429, "TooManyRequestsException", body) else {
            panic!("throttled")
        };
        assert_eq!(reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
        let Error::Throttled { reason, .. } = refusal(429, "", "slow down") else { panic!("throttled") };
        assert_eq!(reason, "slow down");
    }

    #[test]
    fn a_payload_that_only_the_service_finds_too_large_has_its_limit() {
        let too_large = |kind| read(Ok(answer(413, "RequestTooLargeException", "{}")), asked(kind)).expect_err("large");
        assert!(matches!(too_large(Kind::Event), Error::PayloadTooLarge { bytes: 7_000_000, limit: 1_048_576, .. }));
        assert!(matches!(too_large(Kind::RequestResponse), Error::PayloadTooLarge { limit: 6_291_456, .. }));
    }

    #[test]
    fn a_lost_call_says_whether_it_was_on_its_way() {
        let lost = |lost| read(Err(lost), asked(Kind::RequestResponse)).expect_err("lost");
        let not_sent = lost(Lost::NotSent { message: "refused".to_owned(), again: true });
        assert_eq!((not_sent.error_type(), not_sent.may_have_run()), ("Transport", false));
        let sent = lost(Lost::Sent("reset".to_owned()));
        assert_eq!((sent.error_type(), sent.may_have_run()), ("Transport", true));
        let nobody = lost(Lost::NoCredentials("no credentials".to_owned()));
        assert_eq!((nobody.error_type(), nobody.may_have_run()), ("AccessDenied", false));
    }
}

//! Which requests are retried, and when: only requests that certainly had no effect, or that may be repeated without harm.

use std::future::Future;
use std::time::Duration;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use super::error::AwsError;

/// Whether a request may be repeated when it is unknown whether the first attempt had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// Two requests have the same effect as one: reads, and everything that sets a value.
    Idempotent,
    /// The request creates something. It is repeated only if the first attempt certainly had no effect.
    NotIdempotent,
    /// Like `Idempotent`, for a resource that was created a moment ago: "not found" is retried too, because IAM is
    /// eventually consistent.
    EventuallyConsistent,
}

/// Error codes of requests that were throttled.
const THROTTLED_CODES: [&str; 7] = [
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "429",
];
/// Error codes of concurrent changes of the same resource, often by ourselves.
const CONCURRENT_CHANGE_CODES: [&str; 4] =
    ["ConcurrentModification", "OperationAborted", "OperationAbortedException", "ResourceInUseException"];

/// Texts of errors about a role, permission, queue or function that another service does not know yet: from Lambda, SQS
/// and EventBridge Scheduler, and from S3 about a function that it may not invoke.
const NOT_YET_VISIBLE_MESSAGES: [&str; 6] = [
    "cannot be assumed by Lambda",
    "Dead letter target does not exist",
    "execution role does not have permissions",
    "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue",
    "must allow AWS EventBridge Scheduler to assume the role",
    "Unable to validate the following destination configurations",
];

/// Pauses before the retries. Their sum is 21 s; IAM takes about 10 s to make a new role visible everywhere.
const PAUSES_MS: [u64; 9] = [100, 200, 400, 800, 1_500, 3_000, 5_000, 5_000, 5_000];
/// Retries after a missing response or a server error: either the outage is short, or the user has to fix something.
const RETRIES_WITHOUT_RESPONSE: usize = 3;

/// Sends a request, and retries it as `idempotency` allows.
pub(crate) async fn call<T, E, F>(idempotency: Idempotency, request: impl Fn() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut retries = 0;
    loop {
        // Boxed because the future of a request is large and callers await several of them.
        let error = match Box::pin(request()).await {
            Ok(response) => return Ok(response),
            Err(error) => AwsError::from(error),
        };
        let Some(pause) = pause_before_retry(&error, idempotency, retries) else { return Err(error) };
        // Jitter: requests that were throttled together must not be repeated together.
        let per_mille = fastrand::u64(500..=1_000);
        tokio::time::sleep(pause.saturating_mul(u32::try_from(per_mille).unwrap_or(1_000)) / 1_000).await;
        retries += 1;
    }
}

/// Returns the pause before the next retry after `retries` earlier ones, or `None` if the request must not be retried.
fn pause_before_retry(error: &AwsError, idempotency: Idempotency, retries: usize) -> Option<Duration> {
    let is_repeatable = idempotency != Idempotency::NotIdempotent;
    let max_retries = match error {
        AwsError::Service { code, .. }
            if THROTTLED_CODES.contains(&code.as_str()) || CONCURRENT_CHANGE_CODES.contains(&code.as_str()) =>
        {
            PAUSES_MS.len()
        }
        // In response to a creation, this code means that the resource exists.
        AwsError::Service { code, .. } if code == "ResourceConflictException" && is_repeatable => PAUSES_MS.len(),
        AwsError::Service { message, .. } if NOT_YET_VISIBLE_MESSAGES.iter().any(|text| message.contains(text)) => {
            PAUSES_MS.len()
        }
        error if error.is_not_found() && idempotency == Idempotency::EventuallyConsistent => PAUSES_MS.len(),
        AwsError::Service { status, .. } if *status >= 500 && is_repeatable => RETRIES_WITHOUT_RESPONSE,
        AwsError::NotSent(_) => RETRIES_WITHOUT_RESPONSE,
        AwsError::NoResponse(_) if is_repeatable => RETRIES_WITHOUT_RESPONSE,
        _ => 0,
    };
    PAUSES_MS.get(retries).filter(|_| retries < max_retries).map(|pause| Duration::from_millis(*pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service_error(code: &str, message: &str, status: u16) -> AwsError {
        AwsError::Service { code: code.to_owned(), message: message.to_owned(), status }
    }

    /// Returns how often a request is retried that always fails with `error`.
    fn count_retries(error: &AwsError, idempotency: Idempotency) -> usize {
        (0..100).take_while(|retries| pause_before_retry(error, idempotency, *retries).is_some()).count()
    }

    #[test]
    fn only_safe_requests_are_retried() {
        let not_assumed = "The role defined for the function cannot be assumed by Lambda.";
        let table = [
            (service_error("TooManyRequestsException", "", 429), 9, 9),
            (service_error("Throttling", "Rate exceeded", 400), 9, 9),
            (service_error("ConcurrentModification", "", 409), 9, 9),
            (service_error("InvalidParameterValueException", not_assumed, 400), 9, 9),
            (service_error("ResourceConflictException", "an update is in progress", 409), 9, 0),
            (service_error("ResourceInUseException", "the mapping is being made", 400), 9, 9),
            (
                service_error("InvalidArgument", "Unable to validate the following destination configurations", 400),
                9,
                9,
            ),
            (service_error("ServiceException", "", 500), 3, 0),
            (service_error("503", "", 503), 3, 0),
            (AwsError::NotSent("connection refused".to_owned()), 3, 3),
            (AwsError::NoResponse("connection reset".to_owned()), 3, 0),
            (AwsError::NoCredentials(String::new()), 0, 0),
            (service_error("AccessDeniedException", "", 403), 0, 0),
            (service_error("InvalidParameterValueException", "memory", 400), 0, 0),
            (service_error("ResourceNotFoundException", "", 404), 0, 0),
        ];
        for (error, idempotent, not_idempotent) in table {
            assert_eq!(count_retries(&error, Idempotency::Idempotent), idempotent, "{error:?}");
            assert_eq!(count_retries(&error, Idempotency::NotIdempotent), not_idempotent, "{error:?}");
        }
        assert_eq!(count_retries(&service_error("NoSuchEntity", "", 404), Idempotency::EventuallyConsistent), 9);
        assert_eq!(count_retries(&service_error("AccessDenied", "", 403), Idempotency::EventuallyConsistent), 0);
    }
}

//! What is asked again, and when. Only what surely was not done is repeated, or what may be done twice without harm.

use std::future::Future;
use std::time::Duration;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use super::failure::Failure;

/// Whether a request may be made again when nobody knows if it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is doing it once: reads, and everything that sets something.
    Always,
    /// It makes something; whether it did is seen by looking.
    WhenRefused,
    /// Like `Always`, and it is for something that was made just now: IAM may not know it everywhere yet.
    UntilThere,
}

/// The service had too much to do.
const THROTTLED: [&str; 7] = [
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "429",
];
/// Somebody, often we ourselves, is changing the same thing.
const BUSY: [&str; 4] =
    ["ConcurrentModification", "OperationAborted", "OperationAbortedException", "ResourceInUseException"];

/// What is said of a role, a right, a queue or a function that somebody else has not been told of yet: by Lambda, SQS and
/// EventBridge Scheduler, and by S3 of a function that it may not invoke.
const NOT_YET_KNOWN: [&str; 6] = [
    "cannot be assumed by Lambda",
    "Dead letter target does not exist",
    "execution role does not have permissions",
    "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue",
    "must allow AWS EventBridge Scheduler to assume the role",
    "Unable to validate the following destination configurations",
];

/// Milliseconds between the attempts; 21 s together, IAM takes some ten to make a new role known everywhere.
const PAUSES: [u64; 9] = [100, 200, 400, 800, 1_500, 3_000, 5_000, 5_000, 5_000];
/// Attempts when nothing is heard: it is either a short failure or one that the user has to see to.
const UNHEARD: usize = 3;

/// Sends a request until it is answered for good.
pub(crate) async fn call<T, E, F>(repeat: Repeat, send: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut attempt = 0;
    loop {
        // A request's future is large, and callers have several of them.
        let failure = match Box::pin(send()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => Failure::from(error),
        };
        let Some(pause) = pause(&failure, repeat, attempt) else { return Err(failure) };
        // Requests that were throttled together must not come back together.
        let share = fastrand::u64(500..=1_000);
        tokio::time::sleep(pause.saturating_mul(u32::try_from(share).unwrap_or(1_000)) / 1_000).await;
        attempt += 1;
    }
}

/// How long to wait before the request is made once more, after `attempt` earlier repetitions; none if it is not.
fn pause(failure: &Failure, repeat: Repeat, attempt: usize) -> Option<Duration> {
    let always = repeat != Repeat::WhenRefused;
    let attempts = match failure {
        Failure::Refused { code, .. } if THROTTLED.contains(&code.as_str()) || BUSY.contains(&code.as_str()) => {
            PAUSES.len()
        }
        // For what makes something it says that the thing is there.
        Failure::Refused { code, .. } if code == "ResourceConflictException" && always => PAUSES.len(),
        // A role, and what it may do, is known to Lambda only after a while.
        Failure::Refused { message, .. } if NOT_YET_KNOWN.iter().any(|said| message.contains(said)) => PAUSES.len(),
        failure if failure.is_missing() && repeat == Repeat::UntilThere => PAUSES.len(),
        Failure::Refused { status, .. } if *status >= 500 && always => UNHEARD,
        Failure::NotSent(_) => UNHEARD,
        Failure::Lost(_) if always => UNHEARD,
        _ => 0,
    };
    PAUSES.get(attempt).filter(|_| attempt < attempts).map(|pause| Duration::from_millis(*pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str, status: u16) -> Failure {
        Failure::Refused { code: code.to_owned(), message: message.to_owned(), status }
    }

    /// How often a request is repeated that always fails like this.
    fn repetitions(failure: &Failure, repeat: Repeat) -> usize {
        (0..100).take_while(|attempt| pause(failure, repeat, *attempt).is_some()).count()
    }

    #[test]
    fn only_what_was_surely_not_done_or_may_be_done_twice_is_repeated() {
        let assumed = "The role defined for the function cannot be assumed by Lambda.";
        let table = [
            (refused("TooManyRequestsException", "", 429), 9, 9),
            (refused("Throttling", "Rate exceeded", 400), 9, 9),
            (refused("ConcurrentModification", "", 409), 9, 9),
            (refused("InvalidParameterValueException", assumed, 400), 9, 9),
            (refused("ResourceConflictException", "an update is in progress", 409), 9, 0),
            (refused("ResourceInUseException", "the mapping is being made", 400), 9, 9),
            (refused("InvalidArgument", "Unable to validate the following destination configurations", 400), 9, 9),
            (refused("ServiceException", "", 500), 3, 0),
            (refused("503", "", 503), 3, 0),
            (Failure::NotSent("connection refused".to_owned()), 3, 3),
            (Failure::Lost("connection reset".to_owned()), 3, 0),
            (Failure::NoCredentials(String::new()), 0, 0),
            (refused("AccessDeniedException", "", 403), 0, 0),
            (refused("InvalidParameterValueException", "memory", 400), 0, 0),
            (refused("ResourceNotFoundException", "", 404), 0, 0),
        ];
        for (failure, always, when_refused) in table {
            assert_eq!(repetitions(&failure, Repeat::Always), always, "{failure:?}");
            assert_eq!(repetitions(&failure, Repeat::WhenRefused), when_refused, "{failure:?}");
        }
        assert_eq!(repetitions(&refused("NoSuchEntity", "", 404), Repeat::UntilThere), 9);
        assert_eq!(repetitions(&refused("AccessDenied", "", 403), Repeat::UntilThere), 0);
    }
}

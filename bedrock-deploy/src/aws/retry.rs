//! Which requests are retried, and when: only requests that certainly had no effect, or that may be repeated without harm.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use bedrock_diagnostics::Interrupt;

use super::error::{AwsError, is_throttled};

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

/// Error codes of concurrent changes of the same resource, often by ourselves.
const CONCURRENT_CHANGE_CODES: [&str; 5] = [
    "ConcurrentModification",
    "ConditionalRequestConflict",
    "OperationAborted",
    "OperationAbortedException",
    "ResourceInUseException",
];

/// Texts of errors about a role, permission, queue or function that another service does not know yet: from Lambda, SQS
/// and EventBridge Scheduler, and from S3 about a function that it may not invoke.
const NOT_YET_VISIBLE_MESSAGES: [&str; 9] = [
    "cannot be assumed by Lambda",
    "Dead letter target does not exist",
    "destination ARN arn:",
    "ensure the role can perform",
    "execution role does not have permissions",
    "KMS key is invalid for CreateGrant",
    "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue",
    "must allow AWS EventBridge Scheduler to assume the role",
    "Unable to validate the following destination configurations",
];
/// Start of Lambda's error about a mapping whose queue has a new visibility timeout that Lambda does not see yet.
const VISIBILITY_MESSAGE: &str = "Queue visibility timeout";
/// Error codes of a queue whose name cannot be used again for 60 s after its deletion.
const QUEUE_DELETED_CODES: [&str; 2] = ["QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"];

/// Pauses before the retries of requests that AWS is too busy for, which are shortened at random. Their sum is 21 s.
const PAUSES_MS: [u64; 9] = [100, 200, 400, 800, 1_500, 3_000, 5_000, 5_000, 5_000];
/// Retries after a missing response or a server error: either the outage is short, or the user has to fix something.
const RETRIES_WITHOUT_RESPONSE: usize = 3;
/// First pauses while a change becomes visible. The following pauses are [`VISIBILITY_PAUSE`].
const FIRST_VISIBILITY_PAUSES_MS: [u64; 3] = [500, 1_000, 2_000];
const VISIBILITY_PAUSE: Duration = Duration::from_secs(3);
/// How long IAM may take to make a new role or permission visible everywhere. Mostly it takes 10 s, seldom some minutes.
const ROLE_VISIBILITY_LIMIT: Duration = Duration::from_secs(300);
/// How long a deleted queue or a changed attribute of a queue may stay visible: 60 s, and a reserve.
const QUEUE_VISIBILITY_LIMIT: Duration = Duration::from_secs(90);

tokio::task_local! {
    /// Ctrl-C of the operation that the current task applies. It ends pauses.
    static INTERRUPT: Interrupt;
    /// Number of requests of the current task.
    static REQUEST_COUNT: Cell<usize>;
}

/// Runs `work`, and counts its requests from zero.
pub(super) async fn with_request_count<T>(work: impl Future<Output = T>) -> T {
    REQUEST_COUNT.scope(Cell::new(0), work).await
}

/// Returns the number of requests so far, with those that were repeated. Downloads do not count.
pub(crate) fn request_count() -> usize {
    REQUEST_COUNT.try_with(Cell::get).unwrap_or_default()
}

/// Runs `work`, and ends its pauses between retries when the user asks the program to stop.
pub(crate) async fn with_interrupt<T>(interrupt: &Interrupt, work: impl Future<Output = T>) -> T {
    INTERRUPT.scope(interrupt.clone(), work).await
}

/// Sends a request, and retries it as `idempotency` allows.
pub(crate) async fn call<T, E, F>(idempotency: Idempotency, request: impl Fn() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    retry(idempotency, request, pause).await
}

/// As [`call`], for requests that no SDK makes.
pub(super) async fn call_service<T, F>(idempotency: Idempotency, request: impl Fn() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    retry(idempotency, request, pause).await
}

/// Pauses for `duration`. Returns false if the user asked the program to stop.
pub(crate) async fn pause(duration: Duration) -> bool {
    let Ok(interrupt) = INTERRUPT.try_with(Clone::clone) else {
        tokio::time::sleep(duration).await;
        return true;
    };
    tokio::select! {
        () = tokio::time::sleep(duration) => true,
        () = interrupt.requested() => false,
    }
}

/// Implements [`call`]. `pause` waits, and returns whether to go on.
async fn retry<T, E, F, P>(
    idempotency: Idempotency,
    request: impl Fn() -> F,
    pause: impl Fn(Duration) -> P,
) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, E>>,
    E: Into<AwsError>,
    P: Future<Output = bool>,
{
    let mut schedule = RetrySchedule::default();
    loop {
        // Tests send requests outside of `aws::run`.
        let _ = REQUEST_COUNT.try_with(|count| count.set(count.get() + 1));
        // Boxed because the future of a request is large and callers await several of them.
        let error: AwsError = match Box::pin(request()).await {
            Ok(response) => return Ok(response),
            Err(error) => error.into(),
        };
        let Some(next) = schedule.next_pause(&error, idempotency) else { return Err(error) };
        // Requests that were throttled together must not be repeated together.
        let per_mille = fastrand::u64(0..=500);
        let part = |duration: Duration| duration.saturating_mul(u32::try_from(per_mille).unwrap_or(500)) / 1_000;
        let duration = match next {
            Pause::AtMost(duration) => duration.saturating_sub(part(duration)),
            // The time that a change takes to become visible does not depend on how often it is asked for.
            Pause::AtLeast(duration) => duration + part(duration) / 4,
        };
        if !pause(duration).await {
            return Err(error);
        }
    }
}

/// How long to wait before a retry, before a random part is subtracted or added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    AtMost(Duration),
    AtLeast(Duration),
}

/// Why a request is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RetryReason {
    /// AWS is busy with other requests.
    Busy,
    /// There was no response, or a server error.
    NoResponse,
    /// A change is not visible everywhere yet, which takes at most this long.
    NotYetVisible(Duration),
}

/// The retries of one request so far. A request may fail for one reason after another.
#[derive(Debug, Default)]
struct RetrySchedule {
    /// Retries because AWS was busy or did not respond.
    backoffs: usize,
    /// Retries because a change was not visible yet, and the sum of their pauses.
    visibility_retries: usize,
    visibility_wait: Duration,
}

impl RetrySchedule {
    /// Returns the pause before the next retry, or `None` if the request must not be retried.
    fn next_pause(&mut self, error: &AwsError, idempotency: Idempotency) -> Option<Pause> {
        let max_retries = match retry_reason(error, idempotency)? {
            RetryReason::NotYetVisible(limit) => return self.next_visibility_pause(limit).map(Pause::AtLeast),
            RetryReason::Busy => PAUSES_MS.len(),
            RetryReason::NoResponse => RETRIES_WITHOUT_RESPONSE,
        };
        let pause = PAUSES_MS.get(self.backoffs).filter(|_| self.backoffs < max_retries)?;
        self.backoffs += 1;
        Some(Pause::AtMost(Duration::from_millis(*pause)))
    }

    fn next_visibility_pause(&mut self, limit: Duration) -> Option<Duration> {
        if self.visibility_wait >= limit {
            return None;
        }
        let first = FIRST_VISIBILITY_PAUSES_MS.get(self.visibility_retries);
        let pause = first.map_or(VISIBILITY_PAUSE, |milliseconds| Duration::from_millis(*milliseconds));
        self.visibility_retries += 1;
        self.visibility_wait += pause;
        Some(pause)
    }
}

/// Returns why a request that failed with `error` is retried, or `None` if it must not be.
fn retry_reason(error: &AwsError, idempotency: Idempotency) -> Option<RetryReason> {
    let is_repeatable = idempotency != Idempotency::NotIdempotent;
    match error {
        AwsError::Service { code, message, .. } if is_busy(code, message) => Some(RetryReason::Busy),
        // Lambda responds with this code too if the resource exists, if another resource needs it, and to requests that
        // it rejects while it is busy with the resource.
        AwsError::Service { code, .. } if code == "ResourceConflictException" => {
            (!error.already_exists() && !error.is_referenced()).then_some(RetryReason::Busy)
        }
        AwsError::Service { code, .. } if QUEUE_DELETED_CODES.contains(&code.as_str()) => {
            Some(RetryReason::NotYetVisible(QUEUE_VISIBILITY_LIMIT))
        }
        AwsError::Service { message, .. } if message.contains(VISIBILITY_MESSAGE) => {
            Some(RetryReason::NotYetVisible(QUEUE_VISIBILITY_LIMIT))
        }
        AwsError::Service { message, .. } if contains_any(message, &NOT_YET_VISIBLE_MESSAGES) => {
            Some(RetryReason::NotYetVisible(ROLE_VISIBILITY_LIMIT))
        }
        error if error.is_not_found() && idempotency == Idempotency::EventuallyConsistent => Some(RetryReason::Busy),
        AwsError::Service { status, .. } if *status >= 500 && is_repeatable => Some(RetryReason::NoResponse),
        AwsError::NotSent(_) => Some(RetryReason::NoResponse),
        AwsError::NoResponse(_) if is_repeatable => Some(RetryReason::NoResponse),
        _ => None,
    }
}

fn is_busy(code: &str, message: &str) -> bool {
    is_throttled(code, message) || CONCURRENT_CHANGE_CODES.contains(&code)
}

fn contains_any(message: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn service_error(code: &str, message: &str, status: u16) -> AwsError {
        AwsError::Service { action: None, code: code.to_owned(), message: message.to_owned(), status }
    }

    /// Returns how often a request is retried that always fails with `error`.
    fn count_retries(error: &AwsError, idempotency: Idempotency) -> usize {
        let mut schedule = RetrySchedule::default();
        (0..200).take_while(|_| schedule.next_pause(error, idempotency).is_some()).count()
    }

    #[test]
    fn only_safe_requests_are_retried() {
        let exists = "The statement id (x) provided already exists. Please provide a new statement id.";
        let referenced = "Unable to delete version because the following aliases reference it: [x]";
        let table = [
            (service_error("TooManyRequestsException", "", 429), 9, 9),
            (service_error("Throttling", "Rate exceeded", 400), 9, 9),
            (service_error("ConcurrentModification", "", 409), 9, 9),
            (service_error("ResourceConflictException", "an update is in progress", 409), 9, 9),
            (service_error("ResourceConflictException", exists, 409), 0, 0),
            (service_error("ResourceConflictException", referenced, 409), 0, 0),
            (service_error("ServiceException", "Lambda was throttled by EC2 while it set up the function", 502), 9, 9),
            (service_error("ResourceInUseException", "the mapping is being made", 400), 9, 9),
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

    /// Messages as AWS sends them.
    const ROLE_MESSAGES: [&str; 7] = [
        "The role defined for the function cannot be assumed by Lambda.",
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for \
         CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: ARN does not \
         refer to a valid principal",
        "Invalid request provided: Cannot access stream. Please ensure the role can perform the GetRecords actions",
        "The provided execution role does not have permissions to call ReceiveMessage on SQS",
        "Unable to validate the following destination configurations",
        "The function's execution role does not have permissions to call Publish on arn:aws:sns:eu-west-1:123456789012:x",
        "The destination ARN arn:aws:lambda:eu-west-1:123456789012:function:x:live is invalid.",
    ];

    /// Runs a request that fails `failures` times with `error`. Returns whether it succeeded, and the pauses.
    async fn run_failing(failures: usize, error: &AwsError) -> (bool, Vec<Duration>) {
        let pauses = RefCell::new(Vec::new());
        let attempts = Cell::new(0);
        let request = || async {
            attempts.set(attempts.get() + 1);
            if attempts.get() > failures { Ok(()) } else { Err(error.clone()) }
        };
        let pause = |duration| {
            pauses.borrow_mut().push(duration);
            std::future::ready(true)
        };
        let result = retry(Idempotency::NotIdempotent, request, pause).await;
        (result.is_ok(), pauses.into_inner())
    }

    #[tokio::test]
    async fn new_roles_are_awaited_for_five_minutes() {
        for message in ROLE_MESSAGES {
            let error = service_error("InvalidParameterValueException", message, 400);
            let (succeeded, pauses) = run_failing(50, &error).await;
            assert!(succeeded && pauses.len() == 50, "{message}");
            let (succeeded, pauses) = run_failing(usize::MAX, &error).await;
            let total: Duration = pauses.iter().sum();
            assert!(!succeeded && total >= ROLE_VISIBILITY_LIMIT && total < ROLE_VISIBILITY_LIMIT * 5 / 4, "{total:?}");
            assert!(pauses.iter().all(|pause| *pause < Duration::from_secs(4)), "{pauses:?}");
            assert!(pauses.iter().skip(3).all(|pause| *pause >= VISIBILITY_PAUSE), "{pauses:?}");
        }
    }

    #[tokio::test]
    async fn queue_changes_are_awaited_for_longer_than_60_seconds() {
        let message = "Queue visibility timeout: 180 seconds is less than Function timeout: 300 seconds";
        for error in [
            service_error("InvalidParameterValueException", message, 400),
            service_error("QueueDeletedRecently", "You must wait 60 seconds", 400),
            service_error("AWS.SimpleQueueService.QueueDeletedRecently", "You must wait 60 seconds", 400),
        ] {
            let (_, pauses) = run_failing(usize::MAX, &error).await;
            let total: Duration = pauses.iter().sum();
            assert!(total > Duration::from_secs(65) && total < Duration::from_secs(130), "{error:?} {total:?}");
        }
    }

    #[tokio::test]
    async fn throttling_does_not_use_up_the_time_for_new_roles() {
        let not_assumed = service_error("InvalidParameterValueException", ROLE_MESSAGES[0], 400);
        let throttled = service_error("TooManyRequestsException", "", 429);
        let mut schedule = RetrySchedule::default();
        for _ in 0..50 {
            assert!(schedule.next_pause(&not_assumed, Idempotency::NotIdempotent).is_some());
        }
        assert_eq!(
            schedule.next_pause(&throttled, Idempotency::NotIdempotent),
            Some(Pause::AtMost(Duration::from_millis(100)))
        );
    }

    #[tokio::test]
    async fn ctrl_c_ends_the_pauses() {
        let request = || async { Err::<(), _>(service_error("Throttling", "", 400)) };
        let result = with_interrupt(&Interrupt::triggered(), retry(Idempotency::Idempotent, request, pause)).await;
        assert!(result.is_err_and(|error| error.has_code("Throttling")));
        let waits = with_interrupt(&Interrupt::triggered(), pause(Duration::from_secs(3_600))).await;
        assert!(!waits);
    }
}

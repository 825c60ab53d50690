//! Limits of durable functions. Each comes from AWS's API model of Lambda, unless a comment says otherwise.

use std::ops::RangeInclusive;

/// The timeout of an execution in seconds (`ExecutionTimeout`).
pub const EXECUTION_TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=31_622_400;
/// The retention period of an execution in days (`RetentionPeriodInDays`).
pub const RETENTION_DAYS: RangeInclusive<u64> = 1..=90;
/// The longest execution timeout of a function that is invoked synchronously (Lambda's error message).
pub const MAX_SYNC_EXECUTION_TIMEOUT_SECONDS: u64 = 900;
/// The duration of a wait and the delay before an attempt, in seconds.
pub const DELAY_SECONDS: RangeInclusive<u64> = 1..=31_622_400;
/// The timeout of a callback in seconds; 0 for none.
pub const CALLBACK_TIMEOUT_SECONDS: RangeInclusive<u64> = 0..=99_999_999;
/// The longest payload of an operation, and of the result of an asynchronous execution.
pub const MAX_OPERATION_PAYLOAD_BYTES: usize = 1_048_576;
/// The longest result of a synchronous execution.
pub const MAX_SYNC_RESULT_BYTES: usize = 6_291_456;
/// The largest sum of the sizes of the fields of an error.
pub const MAX_ERROR_BYTES: usize = 1_048_576;
/// The longest reason for pausing or resuming, in characters.
pub const MAX_REASON_CHARACTERS: usize = 1024;
/// How long an execution with a paused timeout may take (documentation of `PauseDurableExecution`).
pub const MAX_PAUSED_EXECUTION_SECONDS: u64 = 366 * 86_400;
/// The largest page of operations in the event of an invocation (AWS's testing library).
pub const MAX_INVOCATION_PAGE_BYTES: usize = 5 * 1024 * 1024;
/// How often in a row an invocation may fail before the execution fails (AWS's testing library).
pub const MAX_FAILED_INVOCATIONS: u32 = 5;
/// How often in a row an invocation may return `PENDING` with nothing pending (AWS's testing library).
pub const MAX_INVALID_PENDING: u32 = 3;
/// The pause before an invocation after a failed one (AWS's testing library).
pub const INVOCATION_RETRY_SECONDS: u64 = 5;
/// How long a chained function waits for the invocation that starts it to suspend. Without it, a fast function would
/// complete before the invocation has ended, which Lambda's queue prevents.
pub const CHAINED_START_DELAY_MILLISECONDS: u64 = 250;
/// How long a response is repeated for the same `ClientToken`, in seconds.
pub const CLIENT_TOKEN_SECONDS: u64 = 900;
/// The number of items of a page if the caller does not say one.
pub const DEFAULT_PAGE_ITEMS: usize = 100;
/// The largest number of items of a page.
pub const MAX_PAGE_ITEMS: usize = 1000;

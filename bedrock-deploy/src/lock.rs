//! The lock of a stage: one operation at a time changes it. It is an object in the bucket for uploads, which S3 creates and
//! replaces only under a condition. Its holder renews it; a lock that is not renewed any more is taken over.
//!
//! After a complete deploy, the object remains as a free lock with the record of that deployment. Who takes the lock replaces it,
//! also a version of this program that knows no record, so a record never describes a stage that was changed afterwards.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use bedrock_diagnostics::{Error, Interrupt, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::apply::context::StepError;
use crate::apply::upload::prepare_upload_bucket;
use crate::aws::{Aws, AwsError, Idempotency, ServerDate, call, optional, timestamp};
use crate::buckets::upload_bucket;
use crate::observer::{DeployObserver, Operation};
use crate::stage::StageContext;

/// How long a lock is valid after it was created or renewed.
const LEASE: Duration = Duration::from_secs(300);
const RENEWAL_INTERVAL: Duration = Duration::from_secs(60);
/// Attempts to get a lock that others get or release at the same moment.
const MAX_ATTEMPTS: usize = 5;

/// A lock that this process holds.
#[derive(Debug)]
pub(crate) struct StageLock<'a> {
    aws: &'a Aws,
    stage: &'a StageContext,
    contents: LockContents,
    /// Identifies the object that this process has written last.
    etag: RefCell<String>,
    renewed: Cell<Instant>,
    /// What remains in the object after the lock is released. `None` if the object is deleted.
    record: RefCell<Option<Value>>,
}

/// What is in the object: who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LockContents {
    version: u32,
    /// Distinguishes locks of the same process.
    id: u64,
    /// `deploy`, `destroy` or `rollback`.
    operation: String,
    /// ARN of the caller.
    principal: String,
    /// Name of the machine, or an empty text.
    host: String,
    /// Identifies the machine and its process ids. `None` if this system cannot.
    machine: Option<String>,
    process: u32,
    /// Milliseconds since 1970.
    since_ms: i64,
    /// The record of the deployment that the holder has completed. `None` while it holds the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Value>,
}

/// The object of another process.
#[derive(Debug)]
struct FoundLock {
    /// `None` if the object is not a lock of a known version.
    contents: Option<LockContents>,
    etag: String,
    /// Time since the last renewal, by the clock of S3.
    age: Duration,
}

/// Runs `work` while this process holds the lock of the stage. If S3 cannot be used, warns and runs `work` without it.
pub(crate) async fn with_lock<T>(
    aws: &Aws,
    stage: &StageContext,
    operation: Operation,
    observer: &dyn DeployObserver,
    work: impl AsyncFnOnce(Option<&StageLock<'_>>) -> Result<T>,
) -> Result<T> {
    let Some(lock) = StageLock::acquire(aws, stage, operation, observer).await? else { return work(None).await };
    let result = {
        let work = pin!(work(Some(&lock)));
        tokio::select! {
            result = work => result,
            error = lock.renew_until_lost() => Err(error),
        }
    };
    lock.release(observer).await;
    result
}

/// Returns who holds the lock of the stage, or `None` if it is free or if it cannot be read.
pub(crate) async fn describe_lock(aws: &Aws, stage: &StageContext) -> Option<String> {
    let found = read_lock(aws, stage).await.ok().flatten()?;
    (!found.is_free()).then(|| found.holder())
}

/// Returns the record of the last deployment and its age. Returns `None` if there is none or if it cannot be read, and also while
/// a process holds the lock or after it was ended.
pub(crate) async fn read_record(aws: &Aws, stage: &StageContext) -> Option<(Value, Duration)> {
    let found = read_lock(aws, stage).await.ok().flatten()?;
    Some((found.contents?.record?, found.age))
}

/// Reads the object. Returns `None` if there is none: the lock is free and there is no record.
async fn read_lock(aws: &Aws, stage: &StageContext) -> std::result::Result<Option<FoundLock>, AwsError> {
    let date = ServerDate::default();
    let bucket = upload_bucket(aws).await?;
    let request = || {
        let object = aws.s3.get_object().bucket(&bucket).key(stage.lock_key());
        object.expected_bucket_owner(&stage.env.account).customize().interceptor(date.clone()).send()
    };
    let Some(object) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
    let etag = object.e_tag().unwrap_or_default().to_owned();
    let age = date.age(object.last_modified());
    let body = object.body.collect().await.map_err(|error| AwsError::NoResponse(error.to_string()))?;
    let contents: Option<LockContents> = serde_json::from_slice(&body.into_bytes()).ok();
    Ok(Some(FoundLock { contents, etag, age }))
}

/// Ends `work` when the user asks the program to stop. For work that changes nothing.
pub(crate) async fn unless_interrupted<T>(interrupt: &Interrupt, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        () = interrupt.requested() => Err(Interrupt::error()),
    }
}

impl<'a> StageLock<'a> {
    /// Returns `None`, after a warning, if the caller may not use the bucket.
    async fn acquire(
        aws: &'a Aws,
        stage: &'a StageContext,
        operation: Operation,
        observer: &dyn DeployObserver,
    ) -> Result<Option<Self>> {
        let contents = LockContents::new(aws, operation);
        let renewed = Cell::new(Instant::now());
        let lock = Self { aws, stage, contents, etag: RefCell::default(), renewed, record: RefCell::default() };
        match lock.try_acquire(observer).await {
            Ok(()) => Ok(Some(lock)),
            Err(LockError::Held(held)) => Err(held.into_error(stage)),
            Err(LockError::Unavailable(reason)) => {
                let bucket = upload_bucket(aws).await.map(|name| format!(" in bucket `{name}`")).unwrap_or_default();
                observer.warning(&format!(
                    "another deploy of {stage} at the same time is not prevented: the lock{bucket} cannot be used: {reason}"
                ));
                Ok(None)
            }
            Err(LockError::Aws(error)) => Err(error.into_app_error(format!("failed to lock {stage}"))),
        }
    }

    async fn try_acquire(&self, observer: &dyn DeployObserver) -> std::result::Result<(), LockError> {
        for _ in 0..MAX_ATTEMPTS {
            match self.put(&self.contents, None).await {
                Ok(()) => return Ok(()),
                Err(error) if error.has_code("NoSuchBucket") => {
                    let prepared = prepare_upload_bucket(self.aws).await;
                    prepared.map_err(|error| {
                        LockError::Unavailable(match error {
                            StepError::Aws(error) => reason_of(&error),
                            StepError::Local(error) => joined_causes(&error),
                        })
                    })?;
                    continue;
                }
                Err(error) if error.is_denied() => return Err(LockError::Unavailable(reason_of(&error))),
                Err(error) if !error.has_code("PreconditionFailed") => return Err(error.into()),
                Err(_) => {}
            }
            let Some(found) = read_lock(self.aws, self.stage).await? else { continue };
            if found.contents.as_ref() == Some(&self.contents) {
                // The response to our own request was lost.
                *self.etag.borrow_mut() = found.etag;
                return Ok(());
            }
            if !found.is_free() && !found.is_abandoned(&self.contents) {
                return Err(LockError::Held(found));
            }
            match self.put(&self.contents, Some(&found.etag)).await {
                Ok(()) if found.is_free() => return Ok(()),
                Ok(()) => {
                    observer.warning(&format!("took over the lock of {}", found.holder()));
                    return Ok(());
                }
                // Another process was faster.
                Err(error) if error.has_code("PreconditionFailed") || error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AwsError::NoResponse("other processes change the lock all the time".to_owned()).into())
    }

    /// Creates the object or, with the ETag of the old one, replaces it.
    async fn put(&self, contents: &LockContents, replaced: Option<&str>) -> std::result::Result<(), AwsError> {
        let body = serde_json::to_vec(contents).unwrap_or_default();
        let bucket = upload_bucket(self.aws).await?;
        let request = || {
            let object = self.aws.s3.put_object().bucket(&bucket).key(self.stage.lock_key());
            let object = object.expected_bucket_owner(&self.stage.env.account).content_type("application/json");
            let object = match replaced {
                Some(etag) => object.if_match(etag),
                None => object.if_none_match("*"),
            };
            object.body(ByteStream::from(body.clone())).send()
        };
        let written = call(Idempotency::Idempotent, request).await?;
        written.e_tag().unwrap_or_default().clone_into(&mut self.etag.borrow_mut());
        self.renewed.set(Instant::now());
        Ok(())
    }

    /// Returns an error when another process has taken over the lock.
    async fn renew_until_lost(&self) -> Error {
        loop {
            tokio::time::sleep(RENEWAL_INTERVAL).await;
            if let Err(error) = self.renew().await {
                return error;
            }
        }
    }

    /// Renews the lock after a pause in which it was not renewed, for example for a question.
    pub(crate) async fn renew_after_pause(&self) -> Result<()> {
        if self.renewed.get().elapsed() < RENEWAL_INTERVAL { Ok(()) } else { self.renew().await }
    }

    /// Returns an error if another process has taken over the lock.
    pub(crate) async fn renew(&self) -> Result<()> {
        let etag = self.etag.borrow().clone();
        match self.put(&self.contents, Some(&etag)).await {
            Ok(()) => return Ok(()),
            Err(error) if !error.has_code("PreconditionFailed") && !error.is_not_found() => {
                let is_valid = self.renewed.get().elapsed() < LEASE;
                return if is_valid { Ok(()) } else { Err(error.into_app_error(self.lost_message())) };
            }
            Err(_) => {}
        }
        // The response to our own request may have been lost.
        match read_lock(self.aws, self.stage).await {
            Ok(Some(held)) if held.contents.as_ref() == Some(&self.contents) => {
                *self.etag.borrow_mut() = held.etag;
                Ok(())
            }
            Ok(held) => {
                let error = Error::app(self.lost_message()).help("run the same command again to continue");
                Err(match held {
                    Some(held) => error.cause(format!("it belongs to {} now", held.holder())),
                    None => error.cause("it was deleted"),
                })
            }
            Err(error) => Err(error.into_app_error(self.lost_message())),
        }
    }

    fn lost_message(&self) -> String {
        format!("this process does not hold the lock of {} any more", self.stage)
    }

    /// Keeps `record` in the object when the lock is released.
    pub(crate) fn set_record(&self, record: Value) {
        *self.record.borrow_mut() = Some(record);
    }

    async fn release(&self, observer: &dyn DeployObserver) {
        let etag = self.etag.borrow().clone();
        // A process that has taken it over keeps it.
        let is_taken = |error: &AwsError| error.has_code("PreconditionFailed") || error.is_not_found();
        if let Some(record) = self.record.take() {
            match self.put(&LockContents { record: Some(record), ..self.contents.clone() }, Some(&etag)).await {
                Err(error) if !is_taken(&error) => observer.warning(&format!(
                    "the deployment is not recorded, so the next one is not faster: {}",
                    reason_of(&error)
                )),
                _ => return,
            }
        }
        let released = async {
            let bucket = upload_bucket(self.aws).await?;
            let request = || {
                let object = self.aws.s3.delete_object().bucket(&bucket).key(self.stage.lock_key());
                object.expected_bucket_owner(&self.stage.env.account).if_match(&etag).send()
            };
            call(Idempotency::Idempotent, request).await
        };
        if let Err(error) = released.await
            && !is_taken(&error)
        {
            let minutes = LEASE.as_secs() / 60;
            observer.warning(&format!(
                "the lock of {} is not released, and others take it over after {minutes} minutes: {}",
                self.stage,
                reason_of(&error)
            ));
        }
    }
}

impl LockContents {
    fn new(aws: &Aws, operation: Operation) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            version: 1,
            id: fastrand::u64(..),
            operation: operation.id().to_owned(),
            principal: aws.principal.clone(),
            host: host_name(),
            machine: machine_id(),
            process: std::process::id(),
            since_ms: i64::try_from(now.as_millis()).unwrap_or_default(),
            record: None,
        }
    }
}

impl FoundLock {
    /// Returns whether the process has released it.
    fn is_free(&self) -> bool {
        self.contents.as_ref().is_some_and(|contents| contents.record.is_some())
    }

    /// Returns whether the holder does not renew it any more, as seen by the process with the lock `own`.
    fn is_abandoned(&self, own: &LockContents) -> bool {
        let is_of_ended_process = self.contents.as_ref().is_some_and(|contents| {
            own.machine.is_some() && contents.machine == own.machine && !is_running(contents.process)
        });
        is_of_ended_process || self.age >= LEASE
    }

    fn holder(&self) -> String {
        let Some(contents) = &self.contents else { return "an unknown process".to_owned() };
        let LockContents { operation, principal, host, process, since_ms, .. } = contents;
        let host = if host.is_empty() { String::new() } else { format!(" on `{host}`") };
        format!("`cargo bedrock {operation}` of `{principal}`{host}, process {process}, since {}", timestamp(*since_ms))
    }

    fn into_error(self, stage: &StageContext) -> Error {
        let minutes = LEASE.as_secs() / 60;
        Error::app(format!("{stage} is being changed by another process, nothing was changed"))
            .cause(format!("the lock is held by {}", self.holder()))
            .help(format!(
                "wait until it has ended; if it was killed, its lock is taken over {minutes} minutes after its last renewal, {} s ago",
                self.age.as_secs()
            ))
    }
}

/// Why a lock was not acquired.
#[derive(Debug)]
enum LockError {
    Held(FoundLock),
    /// The caller may not use the bucket, with the reason.
    Unavailable(String),
    Aws(AwsError),
}

impl From<AwsError> for LockError {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

/// Returns an error in one line for a warning: what AWS says, and what to do.
pub(crate) fn reason_of(error: &AwsError) -> String {
    let error = error.clone().into_app_error(String::new());
    let help = error.reports.iter().flat_map(|report| &report.help).cloned();
    [joined_causes(&error)].into_iter().chain(help).collect::<Vec<_>>().join("; ")
}

fn joined_causes(error: &Error) -> String {
    let causes = error.reports.iter().flat_map(|report| &report.causes).cloned();
    causes.collect::<Vec<_>>().join(": ")
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.unwrap_or_default().trim().to_owned()
}

/// Returns the id of the running system and of the namespace of its process ids. Only Linux has both.
fn machine_id() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

fn is_running(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(machine: Option<&str>, process: u32) -> LockContents {
        LockContents {
            version: 1,
            id: 1,
            operation: "deploy".to_owned(),
            principal: "arn:aws:iam::123456789012:user/ada".to_owned(),
            host: "laptop".to_owned(),
            machine: machine.map(str::to_owned),
            process,
            since_ms: 1_764_064_495_120,
            record: None,
        }
    }

    fn held(contents: Option<LockContents>, age_seconds: u64) -> FoundLock {
        FoundLock { contents, etag: "e".to_owned(), age: Duration::from_secs(age_seconds) }
    }

    #[test]
    fn lock_is_abandoned_after_its_lease() {
        let own = contents(Some("here"), 1);
        for other in [contents(Some("there"), 4_000_000_000), contents(None, 1)] {
            assert!(!held(Some(other.clone()), 299).is_abandoned(&own), "{other:?}");
            assert!(held(Some(other), 300).is_abandoned(&own));
        }
        // An object of a later version has a lease too.
        assert!(!held(None, 299).is_abandoned(&own) && held(None, 300).is_abandoned(&own));
    }

    #[test]
    fn lock_of_an_ended_process_of_this_machine_is_abandoned() {
        let own = contents(Some("here"), 1);
        let is_abandoned = |process| held(Some(contents(Some("here"), process)), 0).is_abandoned(&own);
        if Path::new("/proc/self").exists() {
            assert!(!is_abandoned(std::process::id()));
        }
        assert!(is_abandoned(4_000_000_000));
        // Without an id of the machine, processes of others could have the same ids.
        assert!(!held(Some(contents(None, 4_000_000_000)), 0).is_abandoned(&contents(None, 1)));
    }

    #[test]
    fn lock_with_a_record_is_free_and_readable_for_earlier_versions() {
        let mut of_deploy = contents(Some("there"), 7);
        assert!(!held(Some(of_deploy.clone()), 0).is_free() && !held(None, 0).is_free());
        of_deploy.record = Some(serde_json::json!({ "format": 1_000 }));
        assert!(held(Some(of_deploy.clone()), 0).is_free());
        // They know these members, and take over a lock that is not renewed.
        let written = serde_json::to_value(of_deploy).expect("JSON");
        for member in ["version", "id", "operation", "principal", "host", "machine", "process", "since_ms"] {
            assert!(written.get(member).is_some(), "{member}");
        }
        assert_eq!(written["version"], 1);
    }

    #[test]
    fn error_names_the_holder() {
        let error = held(Some(contents(None, 7)), 42).into_error(&crate::test_fixtures::stage());
        let report = &error.reports[0];
        assert_eq!(
            report.message,
            "stage `dev` of app `shop` is being changed by another process, nothing was changed"
        );
        assert_eq!(
            report.causes,
            [
                "the lock is held by `cargo bedrock deploy` of `arn:aws:iam::123456789012:user/ada` on `laptop`, process 7, since 2025-11-25T09:54:55.120Z"
            ]
        );
    }
}

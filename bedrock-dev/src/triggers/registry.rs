//! All triggers of an app: opened over their files and folders, served on the port of Lambda's API, and started.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bedrock::local::service::{Backend, FunctionInfo};
use bedrock_build::App;
use bedrock_build::triggers::{DEAD, QueueTrigger, ScheduleTrigger, Source, Trigger};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::dispatcher::TriggerDispatcher;
use super::local_resources::LocalResources;
use super::s3::{self, Bucket, BucketNotification, S3, Watched};
use super::schedules::{self, Calendar, ScheduledWorker};
use super::sqs::{self, DeadLetters, EventSourceMapping, MessageStoreError, Messages, Sqs, SqsQueue};
use crate::Clock;
use crate::event_log::EventLog;
use crate::execution::LogSink;

/// Seconds for which messages of queues without a worker are hidden: SQS's default.
const VISIBILITY: u64 = 30;
/// The longest delay of a message.
const DELAY: u64 = 900;

/// Why an app's triggers could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum TriggerSetupError {
    /// Of a schedule.
    #[error("there is no time zone `{zone}`, which a schedule of worker `{worker}` has")]
    Zone {
        /// Whose.
        worker: String,
        /// As the settings have it.
        zone: String,
    },
    /// A queue that exists, and one of the app or its dead-letter queue.
    #[error("two queues would have the name `{0}` here: one of this app, and one that exists on AWS")]
    QueueName(String),
    /// The file of the messages.
    #[error("{0}")]
    Messages(String),
    /// The folder of a bucket.
    #[error("failed to create the folder `{path}` of a bucket: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
    /// The same.
    #[error("failed to watch the folder `{path}` of a bucket: {error}", path = .0.display(), error = .1)]
    Watch(PathBuf, notify::Error),
}

impl From<MessageStoreError> for TriggerSetupError {
    fn from(error: MessageStoreError) -> Self {
        Self::Messages(error.to_string())
    }
}

/// Why a trigger was not fired by hand.
#[derive(Debug)]
pub(crate) enum FireError {
    /// The worker has none of that number.
    NoTrigger,
    /// It is a queue or a bucket.
    NoSchedule,
    /// Its event was not accepted.
    NotAccepted(String),
}

/// The triggers of an app.
pub(crate) struct Triggers {
    schedules: Vec<Arc<ScheduledWorker>>,
    consumers: Vec<Arc<EventSourceMapping>>,
    sqs: Arc<Sqs>,
    s3: Arc<S3>,
    /// By the buckets' names.
    listeners: BTreeMap<String, Vec<BucketNotification>>,
    /// How many triggers each worker has.
    counts: BTreeMap<String, usize>,
    firing: Arc<TriggerDispatcher>,
    site: LocalResources,
    clock: Clock,
}

/// What is opened on the way.
struct Opening<'a> {
    triggers: Triggers,
    app: &'a App,
    messages: Arc<Messages>,
    queues: Vec<Arc<SqsQueue>>,
    buckets: Vec<Bucket>,
}

impl Triggers {
    /// Opens them; `state` is where the messages are kept.
    pub(crate) fn open(
        app: &App,
        site: LocalResources,
        state: &Path,
        clock: Clock,
        (backend, stream, sink): (Arc<dyn Backend>, EventLog, LogSink),
    ) -> Result<Arc<Self>, TriggerSetupError> {
        let messages = Arc::new(Messages::open(&state.join("messages.sqlite"))?);
        let firing = Arc::new(TriggerDispatcher { backend: Arc::clone(&backend), stream, sink });
        let nothing = |site: &LocalResources| S3 {
            buckets: Vec::new(),
            region: site.region.clone(),
            scratch: state.join("objects"),
        };
        let triggers = Self {
            schedules: Vec::new(),
            consumers: Vec::new(),
            sqs: Arc::new(Sqs { queues: Vec::new(), account: site.account.clone() }),
            s3: Arc::new(nothing(&site)),
            listeners: BTreeMap::new(),
            counts: BTreeMap::new(),
            firing,
            site,
            clock,
        };
        let mut opening = Opening { triggers, app, messages, queues: Vec::new(), buckets: Vec::new() };
        for worker in &app.workers {
            // Each worker of the app is one of the back end.
            let Ok(function) = backend.find(worker.name.as_str()) else { continue };
            let triggers = &worker.settings.triggers;
            opening.triggers.counts.insert(worker.name.to_string(), triggers.len());
            for (number, trigger) in triggers.iter().enumerate() {
                opening.add(&function, number, trigger)?;
            }
        }
        let Opening { mut triggers, queues, buckets, .. } = opening;
        triggers.sqs = Arc::new(Sqs { queues, account: triggers.site.account.clone() });
        triggers.s3 = Arc::new(S3 { buckets, ..nothing(&triggers.site) });
        Ok(Arc::new(triggers))
    }

    /// SQS's API and S3's.
    pub(crate) fn router(&self) -> Router {
        sqs::router(&self.sqs).merge(s3::router(&self.s3))
    }

    /// Lets them fire; each is a task.
    pub(crate) fn start(self: &Arc<Self>) -> Result<Vec<JoinHandle<()>>, TriggerSetupError> {
        let mut tasks = Vec::new();
        for planned in &self.schedules {
            let (planned, firing) = (Arc::clone(planned), Arc::clone(&self.firing));
            tasks.push(tokio::spawn(schedules::run(planned, firing, self.clock.clone())));
        }
        for consumer in &self.consumers {
            tasks.push(tokio::spawn(sqs::consume(Arc::clone(consumer))));
        }
        for bucket in &self.s3.buckets {
            let watched = Watched {
                name: bucket.name.clone(),
                site: self.site.clone(),
                listeners: self.listeners.get(&bucket.name).cloned().unwrap_or_default(),
                firing: Arc::clone(&self.firing),
                clock: self.clock.clone(),
            };
            let watching = s3::watch(watched, bucket.root.clone());
            tasks.push(tokio::spawn(watching.map_err(|error| TriggerSetupError::Watch(bucket.root.clone(), error))?));
        }
        Ok(tasks)
    }

    /// Fires a schedule as if it were due now; the request id of the event.
    pub(crate) async fn fire(&self, worker: &str, number: usize) -> Result<String, FireError> {
        if self.counts.get(worker).is_none_or(|count| number >= *count) {
            return Err(FireError::NoTrigger);
        }
        let is_meant = |planned: &&Arc<ScheduledWorker>| planned.function.worker == worker && planned.number == number;
        let planned = self.schedules.iter().find(is_meant).ok_or(FireError::NoSchedule)?;
        planned.fire(&self.firing, self.clock.now()).await.map_err(FireError::NotAccepted)
    }

    /// Each queue with what it has.
    pub(crate) fn queues(&self) -> Result<Vec<Value>, MessageStoreError> {
        let shown = |queue: &Arc<SqsQueue>| {
            let counts = queue.counts()?;
            let worker = self.consumers.iter().find(|consumer| consumer.queue.name == queue.name);
            Ok(json!({
                "name": queue.name,
                "arn": queue.arn,
                "url": queue.url,
                "worker": worker.map(|consumer| &consumer.function.worker),
                "dead_letter_queue": queue.dead.as_ref().map(|dead| &dead.queue),
                "messages": counts,
            }))
        };
        self.sqs.queues.iter().map(shown).collect()
    }
}

impl Opening<'_> {
    fn add(&mut self, function: &FunctionInfo, number: usize, trigger: &Trigger) -> Result<(), TriggerSetupError> {
        match trigger {
            Trigger::Schedule(schedule) => self.schedule(function, number, schedule)?,
            Trigger::Queue(queue) => self.queue(function, queue)?,
            Trigger::Bucket(bucket) => {
                let name = self.triggers.site.bucket(&bucket.bucket);
                if !self.buckets.iter().any(|known| known.name == name) {
                    let root = folder(&self.app.root.join(bucket.folder()))?;
                    self.buckets.push(Bucket { name: name.clone(), root });
                }
                let id = format!("{}-{number}", function.name);
                let listener = BucketNotification { function: function.clone(), trigger: bucket.clone(), id };
                self.triggers.listeners.entry(name).or_default().push(listener);
            }
        }
        Ok(())
    }

    fn schedule(
        &mut self,
        function: &FunctionInfo,
        number: usize,
        trigger: &ScheduleTrigger,
    ) -> Result<(), TriggerSetupError> {
        let calendar = Calendar::new(&trigger.schedule, &trigger.timezone, self.triggers.clock.now());
        let calendar = calendar.ok_or_else(|| TriggerSetupError::Zone {
            worker: function.worker.clone(),
            zone: trigger.timezone.clone(),
        })?;
        let (text, event) = (trigger.schedule.to_string(), trigger.event.clone());
        let planned = ScheduledWorker { function: function.clone(), calendar, text, event, number };
        self.triggers.schedules.push(Arc::new(planned));
        Ok(())
    }

    fn queue(&mut self, function: &FunctionInfo, trigger: &QueueTrigger) -> Result<(), TriggerSetupError> {
        let site = self.triggers.site.clone();
        let settings = self.app.workers.iter().find(|worker| worker.name.as_str() == function.worker);
        let visibility = settings.map_or(VISIBILITY, |worker| trigger.visibility_timeout(&worker.settings));
        let name = site.queue(&trigger.queue);
        // One that exists has a redrive policy of its own, which nobody knows here.
        let dead = matches!(trigger.queue, Source::Own(_)).then(|| DeadLetters {
            queue: format!("{name}{DEAD}"),
            max_receives: u32::try_from(trigger.max_receives).unwrap_or(u32::MAX),
        });
        if let Some(dead) = &dead {
            let (name, arn) = (dead.queue.clone(), site.arn_of_queue(&dead.queue));
            self.open_queue(name, arn, VISIBILITY, None)?;
        }
        let queue = self.open_queue(name, site.queue_arn(&trigger.queue), visibility, dead)?;
        self.triggers.consumers.push(Arc::new(EventSourceMapping {
            queue,
            function: function.clone(),
            batch_size: usize::try_from(trigger.batch_size).unwrap_or(usize::MAX),
            batch_window: trigger.batch_window,
            partial_failures: trigger.partial_failures,
            firing: Arc::clone(&self.triggers.firing),
        }));
        Ok(())
    }

    fn open_queue(
        &mut self,
        name: String,
        arn: String,
        visibility: u64,
        dead: Option<DeadLetters>,
    ) -> Result<Arc<SqsQueue>, TriggerSetupError> {
        if self.queues.iter().any(|known| known.name == name) {
            return Err(TriggerSetupError::QueueName(name));
        }
        let clock = self.triggers.clock.clone();
        let most = Duration::from_secs(visibility.max(DELAY));
        self.messages.set_clock(&name, clock.now(), most)?;
        let (url, messages) = (self.triggers.site.queue_url(&name), Arc::clone(&self.messages));
        let queue = Arc::new(SqsQueue::new(name, arn, url, (visibility, dead), messages, clock));
        self.queues.push(Arc::clone(&queue));
        Ok(queue)
    }
}

/// The folder, by the path that the system reports.
fn folder(path: &Path) -> Result<PathBuf, TriggerSetupError> {
    let made = std::fs::create_dir_all(path).and_then(|()| path.canonicalize());
    made.map_err(|error| TriggerSetupError::Folder(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::super::fake_backend::RecordedCalls;
    use super::{LocalResources, Triggers};
    use crate::Clock;
    use bedrock_build::App;
    use std::fs;
    use std::sync::Arc;

    /// Opens the triggers of a worker; the message if that fails.
    fn open(triggers: &str) -> Result<usize, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = format!("[package.metadata.bedrock.workers.greeter]\ntriggers = [{triggers}]");
        fs::write(dir.path().join("Cargo.toml"), format!("[package]\nname = \"shop\"\n{settings}\n")).expect("a file");
        fs::create_dir_all(dir.path().join("workers/greeter")).expect("a folder");
        fs::write(dir.path().join("workers/greeter/main.py"), "class Greeter: pass\n").expect("a file");
        let app = App::find(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let (seen, site) = (RecordedCalls::new(0), LocalResources::of("shop", "http://127.0.0.1:1"));
        let firing = &seen.firing;
        let parts = (Arc::clone(&firing.backend), firing.stream.clone(), Arc::clone(&firing.sink));
        let opened = Triggers::open(&app, site, dir.path(), Clock::real(), parts);
        opened.map(|triggers| triggers.sqs.queues.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_queue_that_exists_cannot_have_the_local_name_of_one_of_the_app() {
        let theirs = |name: &str| format!("{{ queue = 'arn:aws:sqs:eu-west-1:123456789012:{name}' }}");
        let ours = "{ queue = 'jobs' }";
        assert_eq!(open(&format!("{ours}, {}", theirs("shop-local-other"))), Ok(3));
        for name in ["shop-local-jobs", "shop-local-jobs-dead"] {
            let told =
                format!("two queues would have the name `{name}` here: one of this app, and one that exists on AWS");
            assert_eq!(open(&format!("{ours}, {}", theirs(name))), Err(told.clone()));
            assert_eq!(open(&format!("{}, {ours}", theirs(name))), Err(told));
        }
    }
}

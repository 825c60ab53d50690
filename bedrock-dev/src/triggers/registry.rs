//! All triggers of an app: opens their files and folders, serves the APIs of SQS, S3, SNS and EventBridge, and starts the
//! triggers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use bedrock_build::App;
use bedrock_build::triggers::{
    BucketTrigger, BusTrigger, QueueTrigger, ScheduleTrigger, StreamTrigger, TopicTrigger, Trigger, TriggerSource,
    dead_letter_queue_name, is_fifo_queue,
};
use bedrock_build::uses::ResourceKind;
use bedrock_local::event_sources::{MessageFilters, StreamFilters};
use bedrock_model::FunctionInfo;
use bedrock_model::date::rfc3339;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::access_guard::guard_access;
use super::dispatcher::TriggerDispatcher;
use super::event_bus::{self, Bus, EventBuses, Rule};
use super::local_resources::{LocalResources, used_resources};
use super::resource_access::ResourceAccess;
use super::s3::{self, Bucket, BucketNotification, S3, WatchedBucket};
use super::schedules::{self, Calendar, ScheduledWorker};
use super::services;
use super::setup_error::TriggerSetupError;
use super::sns::{self, Sns, Subscription, Topic};
use super::sqs::{
    self, EventSourceMapping, FifoQueueConfig, ListedMessage, MessageStore, MessageStoreError, RedrivePolicy, Sqs,
    SqsQueue, SqsQueueConfig,
};
use super::streams::{self, StreamClient, StreamMapping, StreamPositions};
use crate::Clock;
use crate::account::AccountServices;
use crate::event_log::Recorder;

/// Visibility timeout of queues without a worker: SQS's default.
const DEFAULT_VISIBILITY_SECONDS: u64 = 30;
/// Number of messages in a list of a queue.
const MAX_LISTED_MESSAGES: usize = 100;

/// A trigger could not be fired manually.
#[derive(Debug)]
pub(crate) enum FireError {
    /// The worker has no trigger with that index.
    NoTrigger,
    /// The trigger is not a schedule.
    NotASchedule,
    /// The event was not accepted.
    NotAccepted(String),
}

/// The triggers of an app.
pub(crate) struct Triggers {
    schedules: Vec<Arc<ScheduledWorker>>,
    mappings: Vec<Arc<EventSourceMapping>>,
    streams: Vec<Arc<StreamMapping>>,
    sqs: Arc<Sqs>,
    s3: Arc<S3>,
    sns: Arc<Sns>,
    event_buses: Arc<EventBuses>,
    /// By bucket name.
    notifications: BTreeMap<String, Vec<BucketNotification>>,
    /// Number of triggers of each worker.
    counts: BTreeMap<String, usize>,
    dispatcher: Arc<TriggerDispatcher>,
    resources: LocalResources,
    clock: Clock,
}

/// What the settings say of a queue. The default is that of a queue without a worker.
struct QueueAttributes {
    /// Visibility timeout in seconds.
    visibility: u64,
    redrive: Option<RedrivePolicy>,
    /// Only for a FIFO queue.
    content_based_deduplication: bool,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self { visibility: DEFAULT_VISIBILITY_SECONDS, redrive: None, content_based_deduplication: false }
    }
}

/// Collects the triggers while they are opened.
struct TriggersBuilder<'a> {
    triggers: Triggers,
    app: &'a App,
    messages: Arc<MessageStore>,
    /// Opened for the first stream.
    positions: Option<Arc<StreamPositions>>,
    state: &'a Path,
    queues: Vec<Arc<SqsQueue>>,
    buckets: Vec<Bucket>,
    topics: Vec<Topic>,
    buses: Vec<Bus>,
}

impl Triggers {
    /// Opens the triggers; `state` is the folder of the message database.
    pub(crate) fn open(
        app: &App,
        resources: LocalResources,
        state: &Path,
        clock: Clock,
        dispatcher: TriggerDispatcher,
    ) -> Result<Arc<Self>, TriggerSetupError> {
        let messages = Arc::new(MessageStore::open(&state.join("messages.sqlite"))?);
        let backend = Arc::clone(&dispatcher.backend);
        let dispatcher = Arc::new(dispatcher);
        let triggers = Self {
            schedules: Vec::new(),
            mappings: Vec::new(),
            streams: Vec::new(),
            sqs: Arc::new(Sqs { queues: Vec::new(), account: resources.account.clone() }),
            s3: Arc::new(S3::new(Vec::new(), &resources.region, state)),
            sns: Sns::open(Vec::new(), &dispatcher, &clock),
            event_buses: EventBuses::open(Vec::new(), &resources, &dispatcher, &clock),
            notifications: BTreeMap::new(),
            counts: BTreeMap::new(),
            dispatcher,
            resources,
            clock,
        };
        let mut builder = TriggersBuilder::new(triggers, app, messages, state);
        for worker in &app.workers {
            // The backend knows every worker of the app.
            let Ok(function) = backend.find(worker.name.as_str()) else { continue };
            let triggers = &worker.settings.triggers;
            builder.triggers.counts.insert(worker.name.to_string(), triggers.len());
            for (index, trigger) in triggers.iter().enumerate() {
                builder.add(&function, index, trigger)?;
            }
        }
        builder.add_used_resources()?;
        let TriggersBuilder { mut triggers, queues, buckets, topics, buses, .. } = builder;
        triggers.sns = Sns::open(topics, &triggers.dispatcher, &triggers.clock);
        triggers.event_buses = EventBuses::open(buses, &triggers.resources, &triggers.dispatcher, &triggers.clock);
        triggers.sqs = Arc::new(Sqs { queues, account: triggers.resources.account.clone() });
        triggers.s3 = Arc::new(S3::new(buckets, &triggers.resources.region, state));
        Ok(Arc::new(triggers))
    }

    /// Returns the routes of the APIs of AWS's services, which deny what functions may not do. If `is_relaxed`, they only warn.
    pub(crate) fn router(
        &self,
        app: &App,
        is_relaxed: bool,
        account: Option<AccountServices>,
    ) -> Result<Router, TriggerSetupError> {
        let queues_and_buckets = sqs::router(&self.sqs).merge(s3::router(&self.s3));
        let routes = queues_and_buckets.merge(sns::router(&self.sns)).merge(event_bus::router(&self.event_buses));
        let services = services::router(app, self.resources.services_url(), account);
        let routes = routes.merge(services.map_err(TriggerSetupError::Services)?);
        let sink = Arc::clone(&self.dispatcher.sink);
        let access = ResourceAccess::new(app, &self.resources, is_relaxed, sink);
        Ok(guard_access(routes, access, self.resources.clone()))
    }

    /// Starts the triggers, each in its own task.
    pub(crate) fn start(self: &Arc<Self>) -> Result<Vec<JoinHandle<()>>, TriggerSetupError> {
        let mut tasks = Vec::new();
        for schedule in &self.schedules {
            let run = schedules::run(Arc::clone(schedule), Arc::clone(&self.dispatcher), self.clock.clone());
            tasks.push(tokio::spawn(run));
        }
        for mapping in &self.mappings {
            tasks.push(tokio::spawn(sqs::poll(Arc::clone(mapping))));
        }
        for mapping in &self.streams {
            tasks.push(tokio::spawn(streams::poll(Arc::clone(mapping))));
        }
        for bucket in &self.s3.buckets {
            let watched = WatchedBucket {
                name: bucket.name.clone(),
                resources: self.resources.clone(),
                notifications: self.notifications.get(&bucket.name).cloned().unwrap_or_default(),
                dispatcher: Arc::clone(&self.dispatcher),
                clock: self.clock.clone(),
            };
            let watch = s3::watch(watched, bucket.root.clone());
            tasks.push(tokio::spawn(watch.map_err(|error| TriggerSetupError::Watch(bucket.root.clone(), error))?));
        }
        Ok(tasks)
    }

    /// Fires a schedule as if it were due now. Returns the request id of the event.
    pub(crate) async fn fire(&self, worker: &str, index: usize) -> Result<String, FireError> {
        if self.counts.get(worker).is_none_or(|count| index >= *count) {
            return Err(FireError::NoTrigger);
        }
        let matches = |schedule: &&Arc<ScheduledWorker>| schedule.function.worker == worker && schedule.index == index;
        let schedule = self.schedules.iter().find(matches).ok_or(FireError::NotASchedule)?;
        schedule.fire(&self.dispatcher, self.clock.now()).await.map_err(FireError::NotAccepted)
    }

    /// Returns each queue with its numbers of messages, as JSON.
    pub(crate) async fn queues(&self) -> Result<Vec<Value>, MessageStoreError> {
        let mut queues = Vec::new();
        for queue in &self.sqs.queues {
            let counts = queue.on_thread(SqsQueue::counts).await?;
            let mapping = self.mappings.iter().find(|mapping| mapping.queue.name == queue.name);
            queues.push(json!({
                "name": queue.name,
                "arn": queue.arn,
                "url": queue.url,
                "worker": mapping.map(|mapping| &mapping.function.worker),
                "dead_letter_queue": queue.redrive.as_ref().map(|redrive| &redrive.dead_letter_queue),
                "messages": counts,
            }));
        }
        Ok(queues)
    }
}

impl Triggers {
    /// Returns the oldest messages of a queue as JSON, or `None` if there is no such queue. Bodies are shown as the worker of the
    /// queue, or of the queue whose dead letters it has, allows.
    pub(crate) async fn messages(
        &self,
        name: &str,
        recorder: &Recorder,
    ) -> Result<Option<Vec<Value>>, MessageStoreError> {
        let Some(queue) = self.queue(name) else { return Ok(None) };
        let listed = queue.on_thread(|queue| queue.peek(MAX_LISTED_MESSAGES)).await?;
        let source = self.source_of(name).map_or(name, |source| &source.name);
        let worker = self.mappings.iter().find(|mapping| mapping.queue.name == source);
        let worker = worker.map_or("", |mapping| &mapping.function.worker);
        let now = self.clock.now();
        let message = |message: &ListedMessage| {
            let state = match () {
                () if message.is_held || (message.receives > 0 && message.visible > now) => "in_flight",
                () if message.visible > now => "delayed",
                () => "waiting",
            };
            json!({
                "message_id": message.id,
                "state": state,
                "sent_at": rfc3339(message.sent),
                "visible_at": rfc3339(message.visible),
                "receives": message.receives,
                "body": recorder.payload(worker, message.body.as_bytes()),
            })
        };
        Ok(Some(listed.iter().map(message).collect()))
    }

    /// Deletes a message of a queue. Returns `false` if there is none, or if it is being processed.
    pub(crate) async fn drop_message(&self, name: &str, id: &str) -> Result<bool, MessageStoreError> {
        let Some(queue) = self.queue(name) else { return Ok(false) };
        let id = id.to_owned();
        queue.on_thread(move |queue| queue.drop_message(&id)).await
    }

    /// Moves a dead letter back to its queue. Returns `false` if there is no such message, or if the queue has no dead letters.
    pub(crate) async fn redrive(&self, name: &str, id: &str) -> Result<bool, MessageStoreError> {
        let Some(source) = self.source_of(name) else { return Ok(false) };
        let dead = name.to_owned();
        let id = id.to_owned();
        source.on_thread(move |source| source.take_from(&dead, &id)).await
    }

    fn queue(&self, name: &str) -> Option<&Arc<SqsQueue>> {
        self.sqs.queues.iter().find(|queue| queue.name == name)
    }

    /// Returns the queue whose dead letters are in a queue.
    fn source_of(&self, name: &str) -> Option<&Arc<SqsQueue>> {
        let has =
            |queue: &&Arc<SqsQueue>| queue.redrive.as_ref().is_some_and(|redrive| redrive.dead_letter_queue == name);
        self.sqs.queues.iter().find(has)
    }
}

impl<'a> TriggersBuilder<'a> {
    fn new(triggers: Triggers, app: &'a App, messages: Arc<MessageStore>, state: &'a Path) -> Self {
        Self {
            triggers,
            app,
            messages,
            positions: None,
            state,
            queues: Vec::new(),
            buckets: Vec::new(),
            topics: Vec::new(),
            buses: Vec::new(),
        }
    }
}

impl TriggersBuilder<'_> {
    fn add(&mut self, function: &FunctionInfo, index: usize, trigger: &Trigger) -> Result<(), TriggerSetupError> {
        match trigger {
            Trigger::Schedule(schedule) => self.add_schedule(function, index, schedule)?,
            Trigger::Queue(queue) => self.add_queue(function, queue)?,
            Trigger::Bucket(bucket) => {
                let name = self.triggers.resources.bucket_name(&bucket.bucket);
                if !self.buckets.iter().any(|known| known.name == name) {
                    let root = create_folder(&self.app.root.join(bucket.folder()))?;
                    self.buckets.push(Bucket { name: name.clone(), root });
                }
                let id = format!("{}-{index}", function.name);
                let notification = BucketNotification { function: function.clone(), trigger: bucket.clone(), id };
                self.triggers.notifications.entry(name).or_default().push(notification);
            }
            Trigger::Topic(topic) => self.add_subscription(function, topic),
            Trigger::Bus(bus) => self.add_rule(function, bus),
            Trigger::Stream(stream) => self.add_stream(function, stream)?,
        }
        Ok(())
    }

    /// Opens the queues and buckets that functions use and that no trigger has opened.
    fn add_used_resources(&mut self) -> Result<(), TriggerSetupError> {
        for used in used_resources(self.app) {
            let source = used.local_source();
            let resources = self.triggers.resources.clone();
            match used.kind {
                ResourceKind::Queue => {
                    let name = resources.queue_name(&source);
                    if !self.queues.iter().any(|known| known.name == name) {
                        self.open_queue(name, resources.queue_arn(&source), QueueAttributes::default())?;
                    }
                }
                ResourceKind::Bucket => {
                    let name = resources.bucket_name(&source);
                    if !self.buckets.iter().any(|known| known.name == name) {
                        let folder = BucketTrigger::default_folder(source.name());
                        self.buckets.push(Bucket { name, root: create_folder(&self.app.root.join(folder))? });
                    }
                }
                ResourceKind::Topic => {
                    self.topic(&source);
                }
                ResourceKind::Bus => {
                    self.event_bus(&source);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_subscription(&mut self, function: &FunctionInfo, trigger: &TopicTrigger) {
        let topic = self.topic(&trigger.topic);
        let subscription = Subscription::new(&topic.arn, function.clone(), trigger);
        topic.subscriptions.push(subscription);
    }

    /// Returns the topic, which is opened if it is new.
    fn topic(&mut self, source: &TriggerSource) -> &mut Topic {
        let arn = self.triggers.resources.topic_arn(source);
        let known = self.topics.iter().position(|topic| topic.arn == arn);
        let index = known.unwrap_or_else(|| {
            self.topics.push(Topic { arn, subscriptions: Vec::new() });
            self.topics.len() - 1
        });
        &mut self.topics[index]
    }

    fn add_rule(&mut self, function: &FunctionInfo, trigger: &BusTrigger) {
        let rule = Rule::new(&trigger.pattern, function.clone());
        self.event_bus(&trigger.bus).rules.extend(rule);
    }

    /// Returns the event bus, which is opened if it is new.
    fn event_bus(&mut self, source: &TriggerSource) -> &mut Bus {
        let name = self.triggers.resources.bus_name(source);
        let known = self.buses.iter().position(|bus| bus.name == name);
        let index = known.unwrap_or_else(|| {
            self.buses.push(Bus { name, rules: Vec::new() });
            self.buses.len() - 1
        });
        &mut self.buses[index]
    }

    fn add_schedule(
        &mut self,
        function: &FunctionInfo,
        index: usize,
        trigger: &ScheduleTrigger,
    ) -> Result<(), TriggerSetupError> {
        let calendar = Calendar::new(&trigger.schedule, &trigger.timezone, self.triggers.clock.now());
        let calendar = calendar.ok_or_else(|| TriggerSetupError::Zone {
            worker: function.worker.clone(),
            zone: trigger.timezone.clone(),
        })?;
        self.triggers.schedules.push(Arc::new(ScheduledWorker {
            function: function.clone(),
            calendar,
            expression: trigger.schedule.to_string(),
            event: trigger.event.clone(),
            index,
        }));
        Ok(())
    }

    fn add_queue(&mut self, function: &FunctionInfo, trigger: &QueueTrigger) -> Result<(), TriggerSetupError> {
        let resources = self.triggers.resources.clone();
        let settings = self.app.workers.iter().find(|worker| worker.name.as_str() == function.worker);
        let visibility =
            settings.map_or(DEFAULT_VISIBILITY_SECONDS, |worker| trigger.visibility_timeout(&worker.settings));
        let name = resources.queue_name(&trigger.queue);
        // An existing queue has its own redrive policy, which is unknown here.
        let redrive = matches!(trigger.queue, TriggerSource::Own(_)).then(|| RedrivePolicy {
            dead_letter_queue: dead_letter_queue_name(&name),
            max_receives: u32::try_from(trigger.max_receives).unwrap_or(u32::MAX),
        });
        if let Some(RedrivePolicy { dead_letter_queue, .. }) = &redrive {
            let arn = resources.queue_arn_of_name(dead_letter_queue);
            self.open_queue(dead_letter_queue.clone(), arn, QueueAttributes::default())?;
        }
        let content_based_deduplication = trigger.content_based_deduplication;
        let attributes = QueueAttributes { visibility, redrive, content_based_deduplication };
        let queue = self.open_queue(name, resources.queue_arn(&trigger.queue), attributes)?;
        self.triggers.mappings.push(Arc::new(EventSourceMapping {
            queue,
            function: function.clone(),
            batch_size: usize::try_from(trigger.batch_size).unwrap_or(usize::MAX),
            batch_window: trigger.batch_window,
            partial_failures: trigger.partial_failures,
            filters: MessageFilters::of(&trigger.filters),
            maximum_concurrency: trigger.maximum_concurrency.and_then(|max| usize::try_from(max).ok()),
            dispatcher: Arc::clone(&self.triggers.dispatcher),
        }));
        Ok(())
    }

    /// Adds a stream of the services that the settings name. Without them there are no streams.
    fn add_stream(&mut self, function: &FunctionInfo, trigger: &StreamTrigger) -> Result<(), TriggerSetupError> {
        let resources = &self.triggers.resources;
        let dispatcher = &self.triggers.dispatcher;
        let Some(url) = resources.services_url() else {
            let message = format!(
                "the {} stream `{}` invokes nothing here, because `dev` has no such service: set `dev.services = \"ministack\"` \
                 or `dev.endpoint`",
                trigger.service.title(),
                trigger.name()
            );
            dispatcher.log_warning(&function.worker, &message);
            return Ok(());
        };
        if trigger.tumbling_window > 0 {
            let message = "a `tumbling-window` is ignored locally: batches have neither a window nor a state";
            dispatcher.log_warning(&function.worker, message);
        }
        let positions = if let Some(positions) = &self.positions {
            Arc::clone(positions)
        } else {
            let path = self.state.join("streams.sqlite");
            let opened = StreamPositions::open(&path).map_err(|error| TriggerSetupError::Messages {
                message: format!("failed to open `{}`: {error}", path.display()),
                help: Some("delete the file to read all streams from their starting position".to_owned()),
            });
            let opened = Arc::new(opened?);
            self.positions = Some(Arc::clone(&opened));
            opened
        };
        let region = resources.region.clone();
        let mapping = StreamMapping {
            client: StreamClient { url: url.to_owned(), region, service: trigger.service },
            name: resources.stream_name(trigger),
            function: function.clone(),
            trigger: trigger.clone(),
            filters: StreamFilters::of(trigger.service, &trigger.filters),
            positions,
            dispatcher: Arc::clone(dispatcher),
            url: resources.url().to_owned(),
        };
        self.triggers.streams.push(Arc::new(mapping));
        Ok(())
    }

    fn open_queue(
        &mut self,
        name: String,
        arn: String,
        attributes: QueueAttributes,
    ) -> Result<Arc<SqsQueue>, TriggerSetupError> {
        if self.queues.iter().any(|known| known.name == name) {
            return Err(TriggerSetupError::QueueName(name));
        }
        let clock = self.triggers.clock.clone();
        let url = self.triggers.resources.queue_url(&name);
        let QueueAttributes { visibility, redrive, content_based_deduplication } = attributes;
        let fifo = is_fifo_queue(&name).then_some(FifoQueueConfig { content_based_deduplication });
        let queue_config = SqsQueueConfig { name, arn, url, visibility, redrive, fifo };
        let queue = Arc::new(SqsQueue::new(queue_config, Arc::clone(&self.messages), clock));
        queue.clamp_future_timestamps()?;
        self.queues.push(Arc::clone(&queue));
        Ok(queue)
    }
}

/// Creates a folder. Returns its canonical path, which the file watcher reports.
fn create_folder(path: &Path) -> Result<PathBuf, TriggerSetupError> {
    let created = std::fs::create_dir_all(path).and_then(|()| path.canonicalize());
    created.map_err(|error| TriggerSetupError::Folder(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::super::fake_backend::RecordedCalls;
    use super::{LocalResources, TriggerDispatcher, Triggers};
    use crate::Clock;
    use bedrock_build::App;
    use std::fs;
    use std::sync::Arc;

    /// Opens the triggers of a worker. Returns the number of queues, or the error message.
    fn open(triggers: &str) -> Result<usize, String> {
        open_with(&format!("triggers = [{triggers}]")).map(|names| names.0.len())
    }

    /// Opens the triggers of a worker with these settings. Returns the names of queues and of buckets.
    fn open_with(settings: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = format!("[package.metadata.bedrock.workers.greeter]\n{settings}");
        fs::write(dir.path().join("Cargo.toml"), format!("[package]\nname = \"shop\"\n{settings}\n")).expect("a file");
        fs::create_dir_all(dir.path().join("workers/greeter")).expect("a folder");
        fs::write(dir.path().join("workers/greeter/main.py"), "class Greeter: pass\n").expect("a file");
        let app = App::find(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let calls = RecordedCalls::new(0);
        let dispatcher = TriggerDispatcher {
            backend: Arc::clone(&calls.dispatcher.backend),
            log: calls.dispatcher.log.clone(),
            sink: Arc::clone(&calls.dispatcher.sink),
        };
        let resources = LocalResources::for_app("shop", "http://127.0.0.1:1");
        let opened = Triggers::open(&app, resources, dir.path(), Clock::real(), dispatcher);
        let names = |triggers: Arc<Triggers>| {
            let queues = triggers.sqs.queues.iter().map(|queue| queue.name.clone()).collect();
            (queues, triggers.s3.buckets.iter().map(|bucket| bucket.name.clone()).collect())
        };
        opened.map(names).map_err(|error| error.to_string())
    }

    #[test]
    fn used_queues_and_buckets_exist_without_triggers() {
        let uses = "uses = [{ queue = 'jobs', access = 'send' }, { bucket = 'up-loads', access = 'read' }, { topic = 'x' }, \
                    { queue = 'arn:aws:sqs:eu-west-1:123456789012:{stage}-theirs', access = 'send' }]";
        let (queues, buckets) = open_with(uses).expect("opened");
        assert_eq!(
            (&queues[..], &buckets[..]),
            (&["shop-local-jobs".to_owned(), "local-theirs".to_owned()][..], &["shop-local-up-loads".to_owned()][..])
        );
        let both = format!("triggers = [{{ queue = 'jobs' }}]\n{uses}");
        assert_eq!(open_with(&both).expect("opened").0, ["shop-local-jobs-dead", "shop-local-jobs", "local-theirs"]);
    }

    #[test]
    fn existing_queue_may_not_have_the_name_of_a_local_queue() {
        let existing = |name: &str| format!("{{ queue = 'arn:aws:sqs:eu-west-1:123456789012:{name}' }}");
        let own = "{ queue = 'jobs' }";
        assert_eq!(open(&format!("{own}, {}", existing("shop-local-other"))), Ok(3));
        for name in ["shop-local-jobs", "shop-local-jobs-dead"] {
            let message = format!("queue name `{name}` is used twice: by this app and by an existing AWS queue");
            assert_eq!(open(&format!("{own}, {}", existing(name))), Err(message.clone()));
            assert_eq!(open(&format!("{}, {own}", existing(name))), Err(message));
        }
    }
}

//! Reads the actual triggers of a stage from AWS. Changes nothing, and sends no requests if no function has or had triggers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};
use aws_sdk_s3::types::{FilterRuleName, LambdaFunctionConfiguration};
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::{ScheduleGroupState, ScheduleState};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use bedrock_build::triggers::{dead_letter_queue_name, queue_of_dead_letter_queue};
use bedrock_diagnostics::Result;
use serde_json::Value;

use super::actual::{ActualBucket, ActualMapping, ActualQueue, ActualSchedule, ActualTriggers};
use super::desired::{DesiredTriggers, EventSourceMapping, NotificationConfig, Schedule};
use super::mappings::list_mappings;
use super::notifications::{decode_key_filter, own_notifications};
use crate::actual::Actual;
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::desired::{Desired, DesiredFunction};
use crate::ownership::{UnmanagedResource, is_managed};
use crate::read::role;
use crate::regions::has_mapping_tags;
use crate::resource_tags::{TagTarget, UntaggedResource};
use crate::stage::{ALIAS, BUCKET_STATEMENT_PREFIX, EVENT_STATEMENT_PREFIX, OWNER_TAG, StageContext, arn_resource};

pub(super) type AwsResult<T> = std::result::Result<T, AwsError>;
pub(super) type Tags = BTreeMap<String, String>;
type QueueAttributes = HashMap<Attribute, String>;

/// Attributes that count the messages of a queue.
const MESSAGE_COUNTS: [Attribute; 3] = [
    Attribute::ApproximateNumberOfMessages,
    Attribute::ApproximateNumberOfMessagesDelayed,
    Attribute::ApproximateNumberOfMessagesNotVisible,
];

/// Adds to `actual` the triggers, and unmanaged resources that conflict with the triggers of `desired`. A partial operation
/// reads only the triggers of the desired functions.
pub(crate) async fn read_triggers(
    aws: &Aws,
    stage: &StageContext,
    desired: &Desired,
    actual: &mut Actual,
    is_partial: bool,
) -> Result<()> {
    let tagged_functions: BTreeSet<String> = actual
        .functions
        .iter()
        .filter(|(key, _)| !is_partial || desired.contains_key(*key))
        .filter(|(_, function)| function.deployed.as_ref().is_some_and(|deployed| deployed.has_triggers_tag))
        .map(|(key, _)| key.clone())
        .collect();
    let uses_trigger_source =
        |function: &DesiredFunction| function.resources.iter().any(|used| ["queue", "bucket"].contains(&&*used.kind));
    let with_triggers =
        desired.iter().filter(|(_, function)| !function.triggers.is_empty() || uses_trigger_source(function));
    let keys: BTreeSet<String> =
        with_triggers.map(|(key, _)| key.clone()).chain(tagged_functions.iter().cloned()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let mut reader = TriggerReader {
        aws,
        stage,
        keys,
        desired: DesiredTriggers::new(stage, desired),
        is_destroy: desired.is_empty(),
        actual: ActualTriggers { tagged_functions, ..ActualTriggers::default() },
        permitted_sources: BTreeMap::new(),
        foreign_buckets: BTreeSet::new(),
        unmanaged: Vec::new(),
        untagged: Vec::new(),
    };
    let in_context =
        |what: &str, error: AwsError| error.into_app_error(format!("failed to read the {what} of {stage}"));
    reader.read_schedules().await.map_err(|error| in_context("schedules", error))?;
    reader.read_queues().await.map_err(|error| in_context("queues", error))?;
    reader.read_buckets().await.map_err(|error| in_context("buckets", error))?;
    reader.read_topics().await.map_err(|error| in_context("topics", error))?;
    reader.read_rules().await.map_err(|error| in_context("rules", error))?;
    reader.read_table_streams().await?;
    actual.triggers = reader.actual;
    actual.foreign_buckets.extend(reader.foreign_buckets);
    actual.unmanaged.extend(reader.unmanaged);
    actual.untagged.extend(reader.untagged);
    Ok(())
}

pub(super) struct TriggerReader<'a> {
    pub(super) aws: &'a Aws,
    pub(super) stage: &'a StageContext,
    /// Keys of the functions that have or had triggers.
    keys: BTreeSet<String>,
    pub(super) desired: DesiredTriggers,
    /// Whether everything is to be deleted.
    is_destroy: bool,
    pub(super) actual: ActualTriggers,
    /// ARNs of the topics and rules that may invoke the alias of a function, by the function's key.
    pub(super) permitted_sources: BTreeMap<String, BTreeSet<String>>,
    foreign_buckets: BTreeSet<String>,
    unmanaged: Vec<UnmanagedResource>,
    untagged: Vec<UntaggedResource>,
}

impl TriggerReader<'_> {
    pub(super) fn is_managed(&self, tags: &Tags) -> bool {
        is_managed(self.stage, tags)
    }

    pub(super) fn add_unmanaged(&mut self, resource: String, tags: &Tags) {
        self.unmanaged.push(UnmanagedResource { resource, owner: tags.get(OWNER_TAG).cloned() });
    }

    /// Notes which tags a resource of ours lacks. `planned` is what the plan calls the trigger.
    pub(super) fn check_tags(&mut self, planned: String, target: TagTarget, tags: &Tags) {
        self.untagged.extend(UntaggedResource::find(self.stage, planned, target, tags));
    }
}

/// Schedules, their group and their roles.
impl TriggerReader<'_> {
    async fn read_schedules(&mut self) -> AwsResult<()> {
        let scheduler = &self.aws.scheduler;
        let group_name = self.stage.schedule_group();
        self.read_schedule_roles().await?;
        let request = || scheduler.get_schedule_group().name(&group_name).send();
        let Some(group) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(()) };
        // A deploy right after `destroy` waits until the group is deleted.
        if group.state() == Some(&ScheduleGroupState::Deleting) {
            return Ok(());
        }
        let arn = group.arn().unwrap_or_default();
        let request = || scheduler.list_tags_for_resource().resource_arn(arn).send();
        let response = call(Idempotency::Idempotent, request).await?;
        let tags: Tags = response.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        if !self.is_managed(&tags) {
            if !self.desired.schedules.is_empty() {
                self.add_unmanaged(format!("schedule group `{group_name}`"), &tags);
            }
            return Ok(());
        }
        self.actual.has_schedule_group = true;
        self.check_tags(format!("schedules {group_name}"), TagTarget::ScheduleGroup(arn.to_owned()), &tags);
        for name in self.list_schedules(&group_name).await? {
            let key = name.rsplit_once('-').map(|(key, _)| key.to_owned());
            let Some(key) = key.filter(|key| self.keys.contains(key)) else { continue };
            let request = || scheduler.get_schedule().group_name(&group_name).name(&name).send();
            if let Some(response) = optional(call(Idempotency::Idempotent, request).await)? {
                let schedule = self.actual_schedule(key, &response);
                self.actual.schedules.insert(name, schedule);
            }
        }
        Ok(())
    }

    async fn list_schedules(&self, group_name: &str) -> AwsResult<Vec<String>> {
        let mut names = Vec::new();
        let mut token = None::<String>;
        loop {
            let request = || {
                let list = self.aws.scheduler.list_schedules().group_name(group_name);
                list.set_next_token(token.clone()).send()
            };
            let page = call(Idempotency::Idempotent, request).await?;
            names.extend(page.schedules().iter().filter_map(|schedule| schedule.name()).map(str::to_owned));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    fn actual_schedule(&self, key: String, response: &GetScheduleOutput) -> ActualSchedule {
        let target = response.target();
        let role = self.actual.schedule_roles.get(&key).map(|role| role.arn.clone());
        let role = role.unwrap_or_else(|| self.stage.schedule_role_arn(&key));
        let is_effective = response.state() != Some(&ScheduleState::Disabled)
            && target.is_some_and(|target| target.arn() == self.stage.live_arn(&key) && target.role_arn() == role);
        let schedule = Schedule {
            key,
            expression: response.schedule_expression().unwrap_or_default().to_owned(),
            timezone: response.schedule_expression_timezone().unwrap_or("UTC").to_owned(),
            input: target.and_then(|target| target.input()).map(str::to_owned),
        };
        ActualSchedule { schedule, is_effective }
    }

    async fn read_schedule_roles(&mut self) -> AwsResult<()> {
        for key in self.keys.clone() {
            let name = self.stage.schedule_role_name(&key);
            let Some(role) = role::read(self.aws, &name).await? else { continue };
            if self.is_managed(&role.tags) {
                let planned = format!("schedules {}", self.stage.schedule_group());
                self.check_tags(planned, TagTarget::Role(name), &role.tags);
                self.actual.schedule_roles.insert(key, role);
            } else {
                self.add_unmanaged(format!("role `{name}`"), &role.tags);
            }
        }
        Ok(())
    }
}

/// Queues and event source mappings.
impl TriggerReader<'_> {
    async fn read_queues(&mut self) -> AwsResult<()> {
        for key in self.keys.clone() {
            self.read_mappings(&key).await?;
        }
        let sqs = &self.aws.sqs;
        let mut managed: BTreeMap<String, QueueAttributes> = BTreeMap::new();
        for url in self.list_queue_urls().await? {
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            let request = || sqs.list_queue_tags().queue_url(&url).send();
            // SQS lists a queue for up to 60 s after its deletion.
            let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { continue };
            let tags: Tags = response.tags.unwrap_or_default().into_iter().collect();
            if self.is_managed(&tags) {
                let queue = queue_of_dead_letter_queue(&name).unwrap_or_else(|| name.clone());
                self.check_tags(format!("queue {queue}"), TagTarget::Queue(name.clone()), &tags);
                let request = || sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::All).send();
                let response = optional(call(Idempotency::Idempotent, request).await)?;
                managed.insert(name, response.and_then(|response| response.attributes).unwrap_or_default());
            } else if self.is_desired_queue(&name) {
                self.add_unmanaged(format!("queue `{name}`"), &tags);
            }
        }
        let queues = managed.keys().filter(|name| queue_of_dead_letter_queue(name).is_none()).cloned();
        // A deletion that was stopped leaves only the dead-letter queue.
        let dead_letter_queues = managed.keys().filter_map(|name| queue_of_dead_letter_queue(name));
        for name in queues.chain(dead_letter_queues) {
            let queue = self.actual_queue(&name, &managed);
            self.actual.queues.insert(name, queue);
        }
        Ok(())
    }

    fn is_desired_queue(&self, name: &str) -> bool {
        let name = queue_of_dead_letter_queue(name).unwrap_or_else(|| name.to_owned());
        self.desired.queues.values().filter_map(|queue| queue.app_queue.as_ref()).any(|queue| queue.name == name)
    }

    fn actual_queue(&self, name: &str, managed: &BTreeMap<String, QueueAttributes>) -> ActualQueue {
        let number =
            |attributes: &QueueAttributes, name: &Attribute| -> Option<u64> { attributes.get(name)?.parse().ok() };
        let dead_letter_name = dead_letter_queue_name(name);
        let dead_letter_attributes = managed.get(&dead_letter_name);
        let missing = QueueAttributes::new();
        let attributes = managed.get(name).unwrap_or(&missing);
        let messages = [Some(attributes), dead_letter_attributes]
            .into_iter()
            .flatten()
            .flat_map(|attributes| MESSAGE_COUNTS.iter().filter_map(move |count| number(attributes, count)))
            .sum();
        let redrive_policy: Option<Value> =
            attributes.get(&Attribute::RedrivePolicy).and_then(|text| serde_json::from_str(text).ok());
        let dead_letter_arn = self.stage.queue_arn(&dead_letter_name);
        let redrive_policy = redrive_policy.filter(|policy| {
            dead_letter_attributes.is_some() && policy["deadLetterTargetArn"] == dead_letter_arn.as_str()
        });
        // AWS returns a number, emulators return what they were given.
        let max_receives =
            redrive_policy.and_then(|policy| policy["maxReceiveCount"].to_string().trim_matches('"').parse().ok());
        let timeout = number(attributes, &Attribute::VisibilityTimeout).unwrap_or_default();
        let deduplication = attributes.get(&Attribute::ContentBasedDeduplication);
        ActualQueue {
            visibility_timeout_seconds: i32::try_from(timeout).unwrap_or_default(),
            max_receives,
            content_based_deduplication: deduplication.is_some_and(|text| text == "true"),
            messages,
        }
    }

    async fn list_queue_urls(&self) -> AwsResult<Vec<String>> {
        let mut urls = Vec::new();
        let mut token = None::<String>;
        loop {
            let request = || {
                let list = self.aws.sqs.list_queues().queue_name_prefix(self.stage.prefix()).max_results(1_000);
                list.set_next_token(token.clone()).send()
            };
            let page = call(Idempotency::Idempotent, request).await?;
            urls.extend(page.queue_urls().iter().cloned());
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(urls);
            }
        }
    }

    async fn read_mappings(&mut self, key: &str) -> AwsResult<()> {
        for configuration in list_mappings(self.aws, self.stage, key, None).await? {
            if let Some(mapping) = self.stream_mapping(key, &configuration) {
                let desired = self.desired_stream(&mapping.source_arn);
                let is_desired = desired.is_some();
                self.check_mapping_tags(desired, &configuration).await?;
                if is_desired || self.is_managed_mapping(&configuration).await? {
                    self.actual.stream_mappings.push(mapping);
                }
                continue;
            }
            let Some(mapping) = actual_mapping(self.stage, key, &configuration) else { continue };
            let is_desired = self.desired.queues.contains_key(&mapping.queue_arn);
            let planned = is_desired.then(|| format!("queue {}", arn_resource(&mapping.queue_arn)));
            self.check_mapping_tags(planned, &configuration).await?;
            if is_desired || self.is_managed_mapping(&configuration).await? {
                self.actual.mappings.push(mapping);
            }
        }
        Ok(())
    }

    /// Notes which tags a mapping of ours lacks. Sends no request if the settings have no tags.
    async fn check_mapping_tags(
        &mut self,
        planned: Option<String>,
        configuration: &EventSourceMappingConfiguration,
    ) -> AwsResult<()> {
        let has_tags = has_mapping_tags(&self.stage.env.partition) && !self.stage.settings.tags.is_empty();
        let arn = configuration.event_source_mapping_arn().filter(|_| has_tags);
        let Some((planned, arn)) = planned.zip(arn) else { return Ok(()) };
        let request = || self.aws.lambda.list_tags().resource(arn).send();
        let response = optional(call(Idempotency::Idempotent, request).await)?;
        let tags: Tags = response.and_then(|response| response.tags).unwrap_or_default().into_iter().collect();
        if self.is_managed(&tags) {
            self.check_tags(planned, TagTarget::Mapping(arn.to_owned()), &tags);
        }
        Ok(())
    }

    /// Mappings without our tags may belong to the user.
    async fn is_managed_mapping(&self, configuration: &EventSourceMappingConfiguration) -> AwsResult<bool> {
        if !has_mapping_tags(&self.stage.env.partition) {
            let source_arn = configuration.event_source_arn().unwrap_or_default();
            let stage = self.stage;
            let prefix = stage.prefix();
            let of_stage = [stage.queue_arn(&prefix), stage.table_arn(&prefix), stage.stream_arn(&prefix)];
            return Ok(of_stage.iter().any(|arn| source_arn.starts_with(arn)));
        }
        let Some(arn) = configuration.event_source_mapping_arn() else { return Ok(false) };
        let response =
            optional(call(Idempotency::Idempotent, || self.aws.lambda.list_tags().resource(arn).send()).await)?;
        let tags = response.and_then(|response| response.tags).unwrap_or_default();
        Ok(self.is_managed(&tags.into_iter().collect()))
    }
}

/// Returns `None` if the mapping is being deleted, or if its source is not a queue: then it belongs to the user.
fn actual_mapping(
    stage: &StageContext,
    key: &str,
    configuration: &EventSourceMappingConfiguration,
) -> Option<ActualMapping> {
    let arn = configuration.event_source_arn().filter(|arn| arn.split(':').nth(2) == Some("sqs"))?;
    let mapping_state = configuration.state().filter(|state| *state != "Deleting")?;
    let response_types = configuration.function_response_types();
    // A mapping to another alias or to a version belongs to the user.
    let function_arn = configuration.function_arn()?;
    let invokes_alias = function_arn == stage.live_arn(key);
    if !invokes_alias && function_arn != stage.function_arn(key) {
        return None;
    }
    Some(ActualMapping {
        id: configuration.uuid()?.to_owned(),
        key: key.to_owned(),
        queue_arn: arn.to_owned(),
        mapping: EventSourceMapping {
            batch_size: configuration.batch_size().unwrap_or(10),
            batch_window_seconds: configuration.maximum_batching_window_in_seconds().unwrap_or_default(),
            reports_partial_failures: response_types.contains(&FunctionResponseType::ReportBatchItemFailures),
            filters: mapping_filters(configuration),
            maximum_concurrency: configuration.scaling_config().and_then(ScalingConfig::maximum_concurrency),
        },
        is_enabled: !["Disabled", "Disabling"].contains(&mapping_state),
        invokes_alias,
    })
}

/// Returns the patterns of a mapping. One that is not JSON is the null that no setting has.
pub(super) fn mapping_filters(configuration: &EventSourceMappingConfiguration) -> Vec<Value> {
    let filters = configuration.filter_criteria().map(FilterCriteria::filters).unwrap_or_default();
    let pattern = |filter: &Filter| serde_json::from_str(filter.pattern().unwrap_or_default()).unwrap_or_default();
    filters.iter().map(pattern).collect()
}

/// Buckets. Which buckets may invoke a function is read from the function's resource policy: the statement for a bucket is
/// added before anything else, and removed last.
impl TriggerReader<'_> {
    async fn read_buckets(&mut self) -> AwsResult<()> {
        let desired = self.desired.buckets.keys().map(|name| (name.clone(), ActualBucket::default()));
        let mut buckets: BTreeMap<String, ActualBucket> = desired.collect();
        for key in &self.keys.clone() {
            let permitted = self.read_permitted(key, Some(ALIAS)).await?;
            for name in bucket_names(&permitted) {
                buckets.entry(name).or_default().permitted.insert(key.clone());
            }
            for name in bucket_names(&self.read_permitted(key, None).await?) {
                buckets.entry(name).or_default().permitted_unqualified.insert(key.clone());
            }
            let of_events = permitted.into_iter().filter(|(id, _)| id.starts_with(EVENT_STATEMENT_PREFIX));
            let arns: BTreeSet<String> = of_events.map(|(_, arn)| arn).collect();
            self.permitted_sources.insert(key.clone(), arns);
        }
        for (name, mut bucket) in buckets {
            self.read_bucket(&name, &mut bucket).await?;
            self.actual.buckets.insert(name, bucket);
        }
        Ok(())
    }

    /// Returns what may invoke a function with this qualifier: ARNs with the ids of their statements.
    async fn read_permitted(&self, key: &str, qualifier: Option<&str>) -> AwsResult<Vec<(String, String)>> {
        let function = self.stage.function_name(key);
        let request = || {
            let policy = self.aws.lambda.get_policy().function_name(&function);
            policy.set_qualifier(qualifier.map(str::to_owned)).send()
        };
        let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(Vec::new()) };
        let policy: Value = serde_json::from_str(response.policy().unwrap_or_default()).unwrap_or_default();
        let statements = policy["Statement"].as_array().into_iter().flatten();
        let target = if qualifier.is_some() { self.stage.live_arn(key) } else { self.stage.function_arn(key) };
        // Some emulators of AWS return the statements of all qualifiers.
        let of_target = statements.filter(|statement| statement["Resource"] == target.as_str());
        let source = |statement: &Value| Some((statement["Sid"].as_str()?.to_owned(), source_arn(statement)?));
        Ok(of_target.filter_map(source).collect())
    }

    async fn read_bucket(&mut self, name: &str, bucket: &mut ActualBucket) -> AwsResult<()> {
        let s3 = &self.aws.s3;
        let account = &self.stage.env.account;
        let request = || s3.head_bucket().bucket(name).expected_bucket_owner(account).send();
        let has_our_name = name.starts_with(&self.stage.prefix().replace('_', "-"));
        match optional(call(Idempotency::Idempotent, request).await) {
            // A bucket that was deleted, whose name another account uses now, does not stop `destroy`. A deploy would forget the bucket
            // with the permission of the worker.
            Err(error) if error.is_denied() && self.is_destroy => {
                self.foreign_buckets.extend(has_our_name.then(|| name.to_owned()));
                return Ok(());
            }
            Err(error) if error.is_denied() => {
                let message = format!(
                    "the bucket `{name}` belongs to another account than `{account}`, or the permission \
                     `s3:ListBucket` is missing"
                );
                let action = Some("s3:ListBucket".to_owned());
                return Err(AwsError::Service { action, code: "AccessDenied".to_owned(), message, status: 403 });
            }
            found => bucket.exists = found?.is_some(),
        }
        if !bucket.exists {
            return Ok(());
        }
        let is_desired_app_bucket = self.desired.buckets.get(name).is_some_and(|bucket| bucket.is_app_bucket);
        // Of buckets that cannot be ours, only the notifications are read.
        if has_our_name {
            let request = || s3.get_bucket_tagging().bucket(name).expected_bucket_owner(account).send();
            let response = match optional(call(Idempotency::Idempotent, request).await) {
                Err(error) if error.is_denied() && self.is_destroy => {
                    self.foreign_buckets.insert(name.to_owned());
                    return Ok(());
                }
                read => read?,
            };
            let tags = response.map(|response| response.tag_set).unwrap_or_default();
            let tags: Tags = tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            bucket.is_app_bucket = self.is_managed(&tags);
            if bucket.is_app_bucket {
                self.check_tags(format!("bucket {name}"), TagTarget::Bucket(name.to_owned()), &tags);
            }
            // A bucket without tags was created by a deploy that was stopped: its name contains our account.
            if is_desired_app_bucket && !bucket.is_app_bucket && tags.contains_key(OWNER_TAG) {
                self.add_unmanaged(format!("bucket `{name}`"), &tags);
            }
        }
        let request = || {
            let configuration = s3.get_bucket_notification_configuration().bucket(name);
            configuration.expected_bucket_owner(account).send()
        };
        let response = call(Idempotency::Idempotent, request).await?;
        let configurations = own_notifications(response.lambda_function_configurations(), |arn| {
            notified_function(self.stage, arn).is_some()
        });
        bucket.notifications = configurations.filter_map(|each| notification_config(self.stage, each)).collect();
        bucket.notifications.sort();
        if bucket.is_app_bucket && !is_desired_app_bucket {
            let request = || {
                let list = s3.list_object_versions().bucket(name).expected_bucket_owner(account);
                list.max_keys(1).send()
            };
            let response = call(Idempotency::Idempotent, request).await?;
            bucket.is_empty = response.versions().is_empty() && response.delete_markers().is_empty();
        }
        Ok(())
    }
}

/// Returns the buckets among what may invoke a function.
fn bucket_names(permitted: &[(String, String)]) -> BTreeSet<String> {
    let of_buckets = permitted.iter().filter(|(id, _)| id.starts_with(BUCKET_STATEMENT_PREFIX));
    of_buckets.map(|(_, arn)| arn_resource(arn).to_owned()).collect()
}

/// Returns the `aws:SourceArn` of a statement, whatever operator its condition uses.
fn source_arn(statement: &Value) -> Option<String> {
    let conditions = statement["Condition"].as_object()?;
    let arn = conditions.values().find_map(|keys| {
        let keys = keys.as_object()?;
        keys.iter().find(|(name, _)| name.eq_ignore_ascii_case("aws:SourceArn")).map(|(_, arn)| arn)
    });
    arn?.as_str().map(str::to_owned)
}

/// Returns the key of a function of this stage by its ARN, which may have the alias as qualifier.
fn notified_function(stage: &StageContext, arn: &str) -> Option<String> {
    let function_arn = arn.strip_suffix(ALIAS).and_then(|arn| arn.strip_suffix(':')).unwrap_or(arn);
    let key = stage.function_key(arn_resource(function_arn))?;
    (function_arn == stage.function_arn(key)).then(|| key.to_owned())
}

/// Converts S3's configuration. Returns `None` if it does not notify a function of this stage.
fn notification_config(
    stage: &StageContext,
    configuration: &LambdaFunctionConfiguration,
) -> Option<NotificationConfig> {
    let key = notified_function(stage, configuration.lambda_function_arn())?;
    let rules = configuration
        .filter()
        .and_then(|filter| filter.key())
        .map(aws_sdk_s3::types::S3KeyFilter::filter_rules)
        .unwrap_or_default();
    let rule_value = |expected: &FilterRuleName| {
        let matches = |name: &FilterRuleName| name.as_str().eq_ignore_ascii_case(expected.as_str());
        let rule = rules.iter().find(|rule| rule.name().is_some_and(matches));
        decode_key_filter(rule.and_then(|rule| rule.value()).unwrap_or_default())
    };
    let mut events: Vec<String> = configuration.events().iter().map(|event| event.as_str().to_owned()).collect();
    events.sort();
    Some(NotificationConfig {
        invokes_alias: configuration.lambda_function_arn() == stage.live_arn(&key),
        key,
        prefix: rule_value(&FilterRuleName::Prefix),
        suffix: rule_value(&FilterRuleName::Suffix),
        events,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_arn_is_found_in_any_condition_operator() {
        for condition in [
            serde_json::json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::a" }, "StringEquals": { "AWS:SourceAccount": "1" } }),
            serde_json::json!({ "StringEquals": { "aws:SourceAccount": "1" }, "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::a" } }),
        ] {
            let statement = serde_json::json!({ "Condition": condition });
            assert_eq!(source_arn(&statement).as_deref(), Some("arn:aws:s3:::a"), "{statement}");
        }
        assert_eq!(source_arn(&serde_json::json!({})), None);
    }
}

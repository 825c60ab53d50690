//! The actual state of a stage on AWS: one entry for each function that belongs to the stage or is to be created. Any part
//! of it may be missing, because a deploy may have been stopped between any two steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::actual_role::ActualRole;
use crate::alarms::alarm::ActualAlarms;
use crate::contract_record::ContractRecord;
use crate::cors::Cors;
use crate::desired::{EventInvokeConfig, UrlAuth};
use crate::http_api::actual::ActualHttpApi;
use crate::lambda_settings::{ManagedSettings, RuntimeManagement};
use crate::ownership::UnmanagedResource;
use crate::resource_tags::UntaggedResource;
use crate::triggers::actual::ActualTriggers;
use crate::uses::{AppResources, ResourceId};
use crate::version::Version;

/// The actual state of a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Actual {
    /// Functions by their keys.
    pub(crate) functions: BTreeMap<String, ActualFunction>,
    /// The contracts of other functions: in a partial operation those of the callers.
    pub(crate) callers: BTreeMap<String, ContractRecord>,
    pub(crate) triggers: ActualTriggers,
    /// The alarms of each function, by its key.
    pub(crate) alarms: BTreeMap<String, ActualAlarms>,
    /// The HTTP API of the endpoint.
    pub(crate) http_api: Option<ActualHttpApi>,
    /// Tables, topics and event buses that functions use.
    pub(crate) resources: AppResources,
    /// Those that are to be deleted with their data.
    pub(crate) deleted_resources: BTreeSet<ResourceId>,
    /// Buckets with names of this stage that are not desired and that this account may not read.
    pub(crate) foreign_buckets: BTreeSet<String>,
    /// Resources of triggers that lack tags of the settings, and those that functions use.
    pub(crate) untagged: Vec<UntaggedResource>,
    /// Resources that have names of this stage but are not managed by this tool.
    pub(crate) unmanaged: Vec<UnmanagedResource>,
}

/// Everything that exists of one function.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActualFunction {
    pub(crate) log_group: Option<ActualLogGroup>,
    pub(crate) role: Option<ActualRole>,
    /// Managed policies for the role by their names, and whether they are attached to it.
    pub(crate) managed_policies: BTreeMap<String, bool>,
    /// Versions of the worker's own layer, newest first.
    pub(crate) layer_versions: Vec<LayerVersion>,
    pub(crate) deployed: Option<DeployedFunction>,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualLogGroup {
    /// `None` if logs never expire.
    pub(crate) retention_days: Option<i32>,
}

/// A published version of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerVersion {
    pub(crate) number: i64,
    pub(crate) arn: String,
    pub(crate) description: String,
}

/// A Lambda function.
#[derive(Debug, Clone)]
pub(crate) struct DeployedFunction {
    /// The unpublished version `$LATEST`, which calls without a qualifier invoke.
    pub(crate) latest: Version,
    /// Changes with each change of `latest`.
    pub(crate) revision: Option<String>,
    /// Why the last update failed, if it did.
    pub(crate) update_error: Option<String>,
    /// The version that the alias `live` points to.
    pub(crate) live: Option<LiveVersion>,
    /// Time of the last change of code or settings, in the format of AWS.
    pub(crate) last_modified: String,
    pub(crate) reserved_concurrency: Option<i32>,
    pub(crate) event_invoke_config: EventInvokeConfig,
    pub(crate) allows_recursion: bool,
    pub(crate) url: Option<FunctionUrl>,
    /// Ids of the statements in the resource policy of the alias.
    pub(crate) statement_ids: BTreeSet<String>,
    /// Whether it has the tag of functions that have or had triggers.
    pub(crate) has_triggers_tag: bool,
    /// All tags of the function.
    pub(crate) tags: BTreeMap<String, String>,
    /// Which settings of Lambda earlier deploys managed.
    pub(crate) managed: ManagedSettings,
    /// Read only if earlier deploys managed it.
    pub(crate) provisioned_concurrency: Option<i32>,
    /// ARN of the code signing configuration. Read only if earlier deploys managed it.
    pub(crate) code_signing: Option<String>,
    /// Read only if earlier deploys managed it.
    pub(crate) runtime_management: RuntimeManagement,
    /// Executions that have not ended, by the versions that they run on. Read only where they are shown.
    pub(crate) running_executions: BTreeMap<String, usize>,
}

/// The version in use.
#[derive(Debug, Clone)]
pub(crate) struct LiveVersion {
    pub(crate) number: String,
    /// Seconds since 1970. `None` if Lambda does not say it.
    pub(crate) modified_at: Option<i64>,
    pub(crate) version: Version,
}

/// The function URL of the alias `live`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionUrl {
    pub(crate) auth: UrlAuth,
    pub(crate) cors: Cors,
    /// Whether it streams responses.
    pub(crate) streams: bool,
    pub(crate) url: String,
}

//! The steps of a plan for one function. Each of them can be repeated without harm.

use serde_json::Value;

use crate::resource_tags::{TagTarget, Tags};

/// The statements that make a function URL public. Since October 2025, Lambda requires both of them.
pub(crate) const PUBLIC_URL_STATEMENTS: [UrlStatement; 2] = [UrlStatement::InvokeUrl, UrlStatement::InvokeViaUrl];

/// What a plan does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It does not exist yet.
    Create,
    /// It differs from the desired state.
    Update,
    /// It is not part of the app any more.
    Delete,
    /// It is up to date.
    Keep,
}

impl Change {
    /// Returns the name of the change in JSON output.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Keep => "keep",
        }
    }

    /// Returns `created`, `updated`, `deleted` or `kept`.
    #[must_use]
    pub fn past_tense(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
            Self::Keep => "kept",
        }
    }
}

/// One step for one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    CreateLogGroup,
    SetLogRetention,
    CreateRole,
    UpdateTrustPolicy,
    /// Limits the permissions of the role by the policy with this ARN.
    SetPermissionsBoundary(String),
    PutInlinePolicy,
    /// Adds or changes tags of the log group, a managed policy or the role.
    TagResource(TagTarget, Tags),
    /// Permits also what the version in use needs until the alias is moved.
    WidenInlinePolicy(Value),
    /// Creates a managed policy with this name and document if it is missing, and attaches it.
    AttachManagedPolicy(String, Value),
    /// Detaches and deletes a managed policy by its name.
    DeleteManagedPolicy(String),
    PublishLayer,
    CreateFunction,
    /// Lets Lambda grant the function's current role the use of the key of its environment variables.
    RenewGrant,
    UpdateSettings,
    UpdateCode,
    SetConcurrency,
    SetEventInvokeConfig,
    SetRecursiveLoop,
    /// Adds or changes tags of the function.
    SetTags,
    SetCodeSigning,
    SetRuntimeManagement,
    PublishVersion,
    /// Points the alias `live`, which all callers invoke, to the published version, and deletes old versions.
    MoveAlias,
    /// Ends a canary: all calls go to the version of the alias.
    EndCanary,
    SetProvisionedConcurrency,
    CreateUrl,
    SetUrlAuth,
    SetUrlCors,
    SetInvokeMode,
    DeleteUrl,
    AddUrlStatement(UrlStatement),
    RemoveUrlStatement(UrlStatement),
    /// Waits this many seconds for calls of the version that was in use: they still need its permissions.
    AwaitRunningCalls(u64),
    /// Deletes old versions of the layer by their numbers.
    DeleteLayerVersions(Vec<i64>),
    DeleteFunction,
    DeleteRole,
    DeleteLogGroup,
}

/// A statement in the resource policy of the alias `live`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlStatement {
    /// Everyone may call the URL.
    InvokeUrl,
    /// Everyone may invoke the function, but only through its URL.
    InvokeViaUrl,
}

impl UrlStatement {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::InvokeUrl => "bedrock-url",
            Self::InvokeViaUrl => "bedrock-function-through-url",
        }
    }
}

impl Step {
    /// Returns what the step does, for messages such as ``failed to update the code of function `x` ``.
    pub(crate) fn description(&self, function: &str) -> String {
        let action = match self {
            Self::CreateLogGroup => "create the log group",
            Self::SetLogRetention => "set the log retention",
            Self::CreateRole => "create the role",
            Self::UpdateTrustPolicy => "update the trust policy of the role",
            Self::SetPermissionsBoundary(_) => "set the permissions boundary of the role",
            Self::PutInlinePolicy => "set the permissions",
            Self::TagResource(target, _) => return format!("set the tags of {target} of function `{function}`"),
            Self::WidenInlinePolicy(_) | Self::AttachManagedPolicy(..) => "add to the permissions",
            Self::DeleteManagedPolicy(_) => "remove from the permissions",
            Self::PublishLayer => "publish the layer",
            Self::CreateFunction => return format!("create function `{function}`"),
            Self::RenewGrant => "renew the KMS grant",
            Self::UpdateSettings => "update the settings",
            Self::UpdateCode => "update the code",
            Self::SetConcurrency => "set the reserved concurrency",
            Self::SetEventInvokeConfig => "set the retries and destinations",
            Self::SetRecursiveLoop => "set the recursive loop detection",
            Self::SetTags => "set the tags",
            Self::SetCodeSigning => "set the code signing configuration",
            Self::SetRuntimeManagement => "set when the runtime is updated",
            Self::PublishVersion => "publish a version",
            Self::SetProvisionedConcurrency => "set the provisioned concurrency",
            Self::MoveAlias => "move the alias `live`",
            Self::EndCanary => "end the canary",
            Self::AwaitRunningCalls(_) => "wait for running calls",
            Self::CreateUrl => "create the URL",
            Self::SetUrlAuth => "set the authentication of the URL",
            Self::SetInvokeMode => "set the invoke mode of the URL",
            Self::SetUrlCors => "set the CORS configuration of the URL",
            Self::DeleteUrl => "delete the URL",
            Self::AddUrlStatement(_) => "allow public calls of the URL",
            Self::RemoveUrlStatement(_) => "disallow public calls of the URL",
            Self::DeleteLayerVersions(_) => "delete old versions of the layer",
            Self::DeleteFunction => return format!("delete function `{function}`"),
            Self::DeleteRole => "delete the role",
            Self::DeleteLogGroup => "delete the log group",
        };
        format!("{action} of function `{function}`")
    }

    /// Returns whether the step is about the log group and the role, which a function needs when it is created.
    pub(crate) fn is_for_permissions(&self) -> bool {
        matches!(
            self,
            Self::CreateLogGroup
                | Self::SetLogRetention
                | Self::CreateRole
                | Self::UpdateTrustPolicy
                | Self::SetPermissionsBoundary(_)
                | Self::PutInlinePolicy
                | Self::TagResource(..)
                | Self::WidenInlinePolicy(_)
                | Self::AttachManagedPolicy(..)
        )
    }

    /// Returns the name of the step in JSON output.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::CreateLogGroup => "make-log-group",
            Self::SetLogRetention => "keep-logs",
            Self::CreateRole => "make-role",
            Self::UpdateTrustPolicy => "trust-lambda",
            Self::SetPermissionsBoundary(_) => "set-boundary",
            Self::PutInlinePolicy => "write-own-policy",
            Self::TagResource(..) => "tag-resource",
            Self::WidenInlinePolicy(_) => "widen-own-policy",
            Self::AttachManagedPolicy(..) => "add-policy",
            Self::DeleteManagedPolicy(_) => "remove-policy",
            Self::PublishLayer => "publish-layer",
            Self::CreateFunction => "make-function",
            Self::RenewGrant => "renew-grant",
            Self::UpdateSettings => "update-settings",
            Self::UpdateCode => "update-code",
            Self::SetConcurrency => "reserve-concurrency",
            Self::SetEventInvokeConfig => "set-events",
            Self::SetRecursiveLoop => "set-recursion",
            Self::SetTags => "set-tags",
            Self::SetCodeSigning => "set-code-signing",
            Self::SetRuntimeManagement => "set-runtime-management",
            Self::PublishVersion => "publish",
            Self::SetProvisionedConcurrency => "set-provisioned-concurrency",
            Self::MoveAlias => "move-alias",
            Self::EndCanary => "end-canary",
            Self::AwaitRunningCalls(_) => "await-calls",
            Self::CreateUrl => "make-url",
            Self::SetUrlAuth => "set-url-auth",
            Self::SetInvokeMode => "set-invoke-mode",
            Self::SetUrlCors => "set-url-cors",
            Self::DeleteUrl => "delete-url",
            Self::AddUrlStatement(_) => "allow",
            Self::RemoveUrlStatement(_) => "disallow",
            Self::DeleteLayerVersions(_) => "drop-layers",
            Self::DeleteFunction => "delete-function",
            Self::DeleteRole => "delete-role",
            Self::DeleteLogGroup => "delete-log-group",
        }
    }
}

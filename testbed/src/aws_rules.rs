//! What AWS does and its emulators do not: changes that become visible late, requests that are refused while a function
//! changes, throttling, names that cannot be used again, lost updates. A proxy asks these rules about each request.
//!
//! The rules have a clock of their own. It moves when a test moves it, and when a request comes too early: a program that waits
//! and asks again makes the time pass. Times are shorter than those of AWS, so that no test waits for as long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::aws_action::AwsAction;

/// Lists that [`AwsRule::EventualLists`] is about.
const EVENTUAL_LISTS: [&str; 5] = [
    "lambda:ListFunctions",
    "lambda:ListEventSourceMappings",
    "lambda:ListLayers",
    "lambda:ListVersionsByFunction",
    "sqs:ListQueues",
];
/// What these lists show late.
const LISTED_CHANGES: [&str; 8] = [
    "lambda:CreateFunction",
    "lambda:CreateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:DeleteFunction",
    "lambda:PublishLayerVersion",
    "lambda:PublishVersion",
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
];
/// See [`AwsRules::with_seconds_per_refusal`].
const SECONDS_PER_REFUSAL: u64 = 5;

/// The response of AWS to a request that a rule applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Error code.
    pub code: &'static str,
    /// Message.
    pub message: String,
}

/// A rule of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsRule {
    /// A role can be assumed some time after its creation (terraform-provider-aws: `iamPropagationTimeout`, 2 minutes;
    /// aws/chalice pull request 172: more than 15 seconds).
    RoleVisibleLate,
    /// The same for the grant of the key of environment variables (terraform-provider-aws, `internal/service/lambda/function.go`:
    /// "KMS key is invalid for CreateGrant").
    GrantVisibleLate,
    /// The same for permissions of the role of an event source mapping (terraform-provider-aws issue 8249: more than a minute).
    PermissionVisibleLate,
    /// A function that changes refuses further changes (AWS Lambda Developer Guide, "Lambda function states").
    ConflictDuringUpdate,
    /// Requests are throttled (model of Lambda: `TooManyRequestsException`; of CloudWatch Logs: `ThrottlingException`).
    Throttling,
    /// A deleted mapping exists for some seconds (model of `DeleteEventSourceMapping`: "enters a Deleting state").
    MappingDeletedLate,
    /// Changed attributes of a queue become visible late (model of `SetQueueAttributes`: "up to 60 seconds").
    QueueAttributesLate,
    /// The name of a deleted queue cannot be used for 60 seconds (model of `CreateQueue`: `QueueDeletedRecently`).
    QueueDeletedRecently,
    /// Of two statements that are added to a policy at the same time, one is lost (terraform-provider-aws,
    /// `internal/service/lambda/permission.go`).
    LostPermissions,
    /// The operation does not exist in this partition (AWS Lambda in China, "Feature availability").
    NoRecursionConfig,
    /// At least 10 concurrent executions remain unreserved, which is all that a new account has (model of
    /// `PutFunctionConcurrency`; DataDog/datadog-serverless-functions issue 621).
    AccountConcurrency,
    /// Lists are some seconds older than the resources (model of SQS's `CreateQueue`: "wait at least one second";
    /// terraform-provider-aws, `internal/service/lambda`: reads are repeated after a creation).
    EventualLists,
    /// A version whose role was deleted and created again cannot decrypt its variables, until a version is published after the
    /// function got another role (lastweekinaws.com, "The Sneaky Weakness Behind AWS' Managed KMS Keys").
    GrantOfOldRole,
    /// A bucket belongs to another account (model of `HeadBucket`: `ExpectedBucketOwner`, 403).
    ForeignBucket,
    /// Permissions of a role for its dead-letter queue become visible late (nasa/cumulus, "Troubleshooting your deployment": "The
    /// provided execution role does not have permissions to call SendMessage on SQS").
    DeadLetterPermissionLate,
    /// The same for destinations (terraform-provider-aws, `internal/service/lambda/function_event_invoke_config.go`: "The
    /// function's execution role does not have permissions to call Publish on arn:...").
    DestinationPermissionLate,
    /// A new destination is not valid yet (terraform-provider-aws, the same file: "The destination ARN arn:... is invalid").
    DestinationVisibleLate,
    /// The role of a schedule cannot be assumed at once (terraform-provider-aws, `internal/service/scheduler/retry.go`).
    ScheduleRoleVisibleLate,
    /// A function has another revision after its tags have changed (localstack, `services/lambda_/provider.py`, `_store_tags`,
    /// which its tests compare with AWS).
    RevisionOfTags,
    /// The region has no function URLs (AWS Lambda Developer Guide, "Creating and managing Lambda function URLs").
    NoFunctionUrls,
    /// The caller may not decrypt the environment variables (model of `EnvironmentResponse`: `Error`).
    HiddenEnvironment,
}

impl AwsRule {
    fn depends_on_time(self) -> bool {
        !matches!(
            self,
            Self::Throttling
                | Self::LostPermissions
                | Self::GrantOfOldRole
                | Self::NoRecursionConfig
                | Self::AccountConcurrency
                | Self::ForeignBucket
                | Self::RevisionOfTags
                | Self::NoFunctionUrls
                | Self::HiddenEnvironment
        )
    }

    /// The rules that every program has to cope with.
    pub const TRANSIENT: [Self; 17] = [
        Self::RoleVisibleLate,
        Self::GrantVisibleLate,
        Self::PermissionVisibleLate,
        Self::ConflictDuringUpdate,
        Self::Throttling,
        Self::MappingDeletedLate,
        Self::QueueAttributesLate,
        Self::QueueDeletedRecently,
        Self::LostPermissions,
        Self::NoRecursionConfig,
        Self::GrantOfOldRole,
        Self::EventualLists,
        Self::DeadLetterPermissionLate,
        Self::DestinationPermissionLate,
        Self::DestinationVisibleLate,
        Self::ScheduleRoleVisibleLate,
        Self::RevisionOfTags,
    ];
}

/// Rules and what they remember.
#[derive(Debug)]
pub struct AwsRules {
    rules: Vec<AwsRule>,
    /// Seconds by which a request that comes too early moves the clock.
    seconds_per_refusal: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: u64,
    requests: usize,
    /// When something happened to a resource, by kind and name.
    times: BTreeMap<(&'static str, String), u64>,
    /// Statements that are being added, by the resource.
    adding: BTreeMap<String, usize>,
    applied: BTreeMap<AwsRule, usize>,
    /// How often each role was created.
    creations: BTreeMap<String, usize>,
    /// The role of each function, and which creation of it the grant names.
    grants: BTreeMap<String, (String, usize)>,
    /// The same of the newest published version.
    published_grants: BTreeMap<String, (String, usize)>,
    /// Functions whose tags have changed, and that were not read since.
    tagged: BTreeSet<String>,
}

/// What a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleDecision {
    /// The request is sent to AWS.
    Send,
    /// AWS refuses it.
    Refuse(Refusal),
    /// AWS responds as if it had done it.
    Lose,
    /// AWS responds as it did to the same request before.
    RespondAsBefore,
    /// AWS responds with this value at a JSON pointer, if the response has it.
    Replace(&'static str, Value),
}

impl AwsRules {
    /// Returns rules that remember nothing yet.
    pub fn new(rules: &[AwsRule]) -> Self {
        Self { rules: rules.to_vec(), seconds_per_refusal: SECONDS_PER_REFUSAL, state: Mutex::default() }
    }

    /// Moves the clock by this many seconds when a request comes too early, so that a program has to wait less often.
    #[must_use]
    pub fn with_seconds_per_refusal(self, seconds: u64) -> Self {
        Self { seconds_per_refusal: seconds, ..self }
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: u64) {
        self.state().now += seconds;
    }

    /// Returns how often each rule applied.
    pub fn applied(&self) -> BTreeMap<AwsRule, usize> {
        self.state().applied.clone()
    }

    /// Decides about a request, whose body is `parameters`. After its response, [`AwsRules::finished`] is called.
    pub fn decide(&self, action: &AwsAction, parameters: &Value) -> RuleDecision {
        let mut state = self.state();
        state.requests += 1;
        state.remember_attempt(action);
        for rule in &self.rules {
            if let Some(decision) = state.apply(*rule, action, parameters) {
                *state.applied.entry(*rule).or_default() += 1;
                state.now += if rule.depends_on_time() { self.seconds_per_refusal } else { 0 };
                return decision;
            }
        }
        state.remember(action, parameters);
        RuleDecision::Send
    }

    /// The response to a request that was sent is on its way.
    pub fn finished(&self, action: &AwsAction) {
        if action.action == "lambda:AddPermission"
            && let Some(count) = self.state().adding.get_mut(&action.resource)
        {
            *count = count.saturating_sub(1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn apply(&self, rule: AwsRule, action: &AwsAction, parameters: &Value) -> Option<RuleDecision> {
        let AwsAction { action, resource } = action;
        let action = action.as_str();
        let name = resource.rsplit([':', '/']).next().unwrap_or_default();
        let execution_role = || parameters["Role"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
        let invalid = |message: &str| refuse(400, "InvalidParameterValueException", message);
        match rule {
            AwsRule::RoleVisibleLate => (action == "lambda:CreateFunction" && self.is_recent("role", execution_role(), 10))
                .then(|| invalid("The role defined for the function cannot be assumed by Lambda.")),
            AwsRule::GrantVisibleLate => (action == "lambda:CreateFunction" && self.is_recent("role", execution_role(), 20)).then(|| {
                invalid(
                    "Lambda was unable to configure access to your environment variables because the KMS key is invalid for \
                     CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: ARN does not \
                     refer to a valid principal",
                )
            }),
            AwsRule::PermissionVisibleLate => (action == "lambda:CreateEventSourceMapping" && self.is_recent("first mapping", "", 10))
                .then(|| invalid("The provided execution role does not have permissions to call ReceiveMessage on SQS")),
            AwsRule::ConflictDuringUpdate => {
                let is_change = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:PublishVersion"]
                    .contains(&action);
                let message = "The operation cannot be performed at this time. An update is in progress for resource";
                (is_change && self.is_recent("update", name, 5)).then(|| refuse(409, "ResourceConflictException", message))
            }
            AwsRule::Throttling => {
                let code = match action.split(':').next() {
                    Some("lambda") => "TooManyRequestsException",
                    Some("logs" | "scheduler") => "ThrottlingException",
                    Some("iam") => "Throttling",
                    _ => return None,
                };
                (self.requests % 7 == 3).then(|| refuse(429, code, "Rate exceeded"))
            }
            AwsRule::MappingDeletedLate => (action == "lambda:CreateEventSourceMapping" && self.is_recent("deleted mapping", "", 60))
                .then(|| {
                    let message = "An event source mapping with SQS arn and function already exists. Please update or delete the \
                                   existing mapping";
                    refuse(409, "ResourceConflictException", message)
                }),
            AwsRule::QueueAttributesLate => {
                let is_mapping =
                    ["lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping"].contains(&action);
                (is_mapping && self.is_recent("attributes", "", 10)).then(|| {
                    invalid("Queue visibility timeout: 180 seconds is less than Function timeout: 300 seconds")
                })
            }
            AwsRule::QueueDeletedRecently => (action == "sqs:CreateQueue" && self.is_recent("deleted queue", name, 45)).then(|| {
                let message = "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
                refuse(400, "AWS.SimpleQueueService.QueueDeletedRecently", message)
            }),
            AwsRule::LostPermissions => {
                let is_adding = self.adding.get(resource).is_some_and(|count| *count > 0);
                (action == "lambda:AddPermission" && is_adding).then_some(RuleDecision::Lose)
            }
            AwsRule::NoRecursionConfig => (action == "lambda:GetFunctionRecursionConfig")
                .then(|| refuse(404, "UnknownOperationException", "Unknown operation")),
            AwsRule::AccountConcurrency => (action == "lambda:PutFunctionConcurrency").then(|| {
                invalid(
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
                     minimum value of [10].",
                )
            }),
            AwsRule::EventualLists => (EVENTUAL_LISTS.contains(&action) && self.is_recent("listed change", "", 10))
                .then_some(RuleDecision::RespondAsBefore),
            AwsRule::GrantOfOldRole => (action == "lambda:InvokeFunction" && self.has_old_grant(resource)).then(|| {
                let message = "Lambda was unable to decrypt the environment variables because KMS access was denied. Please check \
                               the function's KMS key settings. KMS Exception: AccessDeniedException";
                refuse(502, "KMSAccessDeniedException", message)
            }),
            AwsRule::ForeignBucket => {
                (action.starts_with("s3:") && name.contains("uploads")).then(|| refuse(403, "AccessDenied", "Access Denied"))
            }
            _ => self.apply_to_settings(rule, action, name, parameters),
        }
    }

    /// Rules about destinations, revisions and what some regions do not have.
    fn apply_to_settings(&self, rule: AwsRule, action: &str, name: &str, parameters: &Value) -> Option<RuleDecision> {
        let last = |arn: &Value| arn.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();
        let is_update = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"].contains(&action);
        let invalid = |message: &str| refuse(400, "InvalidParameterValueException", message);
        let destinations = || {
            let of = |kind: &str| parameters["DestinationConfig"][kind]["Destination"].as_str();
            ["OnFailure", "OnSuccess"]
                .into_iter()
                .filter_map(of)
                .filter(|_| action == "lambda:PutFunctionEventInvokeConfig")
        };
        match rule {
            AwsRule::DeadLetterPermissionLate => {
                let is_set = parameters["DeadLetterConfig"]["TargetArn"].as_str().is_some_and(|arn| !arn.is_empty());
                let is_recent = is_set && self.is_recent("role policy", &last(&parameters["Role"]), 10);
                ((is_update || action == "lambda:CreateFunction") && is_recent).then(|| {
                    invalid("The provided execution role does not have permissions to call SendMessage on SQS")
                })
            }
            AwsRule::DestinationPermissionLate => {
                let arn = destinations().next().filter(|_| self.is_recent("first destination", "", 10))?;
                Some(invalid(&format!(
                    "The function's execution role does not have permissions to call InvokeFunction on {arn}"
                )))
            }
            AwsRule::DestinationVisibleLate => {
                let function = |arn: &str| arn.split(':').nth(6).unwrap_or_default().to_owned();
                let arn = destinations().find(|arn| self.is_recent("function", &function(arn), 40))?;
                Some(invalid(&format!("The destination ARN {arn} is invalid.")))
            }
            AwsRule::ScheduleRoleVisibleLate => {
                let is_recent = self.is_recent("role", &last(&parameters["Target"]["RoleArn"]), 10);
                let message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
                (action == "scheduler:CreateSchedule" && is_recent).then(|| refuse(400, "ValidationException", message))
            }
            AwsRule::RevisionOfTags => {
                let is_old = parameters["RevisionId"].is_string() && self.tagged.contains(name);
                let message = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias \
                               API to retrieve the latest Revision Id";
                (is_update && is_old).then(|| refuse(412, "PreconditionFailedException", message))
            }
            AwsRule::NoFunctionUrls => action
                .contains("FunctionUrlConfig")
                .then(|| refuse(404, "UnknownOperationException", "Unknown operation")),
            AwsRule::HiddenEnvironment => (action == "lambda:GetFunction").then(|| {
                let message = "User is not authorized to perform: kms:Decrypt on resource";
                let error = json!({ "Error": { "ErrorCode": "AccessDeniedException", "Message": message } });
                RuleDecision::Replace("/Configuration/Environment", error)
            }),
            _ => None,
        }
    }

    /// The permissions of the first mapping and destination become visible some time after the first attempt to create it.
    fn remember_attempt(&mut self, action: &AwsAction) {
        let kind = match action.action.as_str() {
            "lambda:CreateEventSourceMapping" => "first mapping",
            "lambda:PutFunctionEventInvokeConfig" => "first destination",
            _ => return,
        };
        self.times.entry((kind, String::new())).or_insert(self.now);
    }

    fn has_old_grant(&self, function_arn: &str) -> bool {
        let name = function_arn.split(':').nth(6).unwrap_or_default();
        let grant = self.published_grants.get(name);
        grant.is_some_and(|(role, creation)| self.creations.get(role) != Some(creation))
    }

    fn remember_grant(&mut self, function: &str, parameters: &Value) {
        let Some(role) = parameters["Role"].as_str().and_then(|arn| arn.rsplit('/').next()) else { return };
        // The same role again changes nothing.
        if self.grants.get(function).is_none_or(|(old, _)| old != role) {
            let creation = self.creations.get(role).copied().unwrap_or_default();
            self.grants.insert(function.to_owned(), (role.to_owned(), creation));
        }
    }

    fn remember(&mut self, action: &AwsAction, parameters: &Value) {
        let name = action.resource.rsplit([':', '/']).next().unwrap_or_default().to_owned();
        if LISTED_CHANGES.contains(&action.action.as_str()) {
            self.happened("listed change", String::new());
        }
        match action.action.as_str() {
            "iam:CreateRole" => {
                *self.creations.entry(name.clone()).or_default() += 1;
                self.happened("role", name);
            }
            "lambda:CreateFunction" => {
                let function = parameters["FunctionName"].as_str().unwrap_or_default().to_owned();
                self.grants.remove(&function);
                self.remember_grant(&function, parameters);
                self.happened("function", function.clone());
                self.happened("update", function);
            }
            "lambda:UpdateFunctionConfiguration" => {
                self.remember_grant(&name, parameters);
                self.happened("update", name);
            }
            "lambda:UpdateFunctionCode" => self.happened("update", name),
            "lambda:PublishVersion" => {
                if let Some(grant) = self.grants.get(&name) {
                    self.published_grants.insert(name, grant.clone());
                }
            }
            "iam:PutRolePolicy" => self.happened("role policy", name),
            "lambda:TagResource" | "lambda:UntagResource" => {
                self.tagged.insert(name);
            }
            "lambda:GetFunction" => {
                self.tagged.remove(&name);
            }
            "lambda:DeleteEventSourceMapping" => self.happened("deleted mapping", String::new()),
            "sqs:SetQueueAttributes" => self.happened("attributes", String::new()),
            "sqs:DeleteQueue" => self.happened("deleted queue", name),
            "lambda:AddPermission" => *self.adding.entry(action.resource.clone()).or_default() += 1,
            _ => {}
        }
    }

    fn happened(&mut self, kind: &'static str, name: String) {
        self.times.insert((kind, name), self.now);
    }

    fn is_recent(&self, kind: &'static str, name: &str, seconds: u64) -> bool {
        self.times.get(&(kind, name.to_owned())).is_some_and(|time| self.now < time + seconds)
    }
}

fn refuse(status: u16, code: &'static str, message: &str) -> RuleDecision {
    RuleDecision::Refuse(Refusal { status, code, message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(action: &str, resource: &str) -> AwsAction {
        AwsAction { action: action.to_owned(), resource: resource.to_owned() }
    }

    #[test]
    fn role_becomes_visible_when_the_clock_moves() {
        let rules = AwsRules::new(&[AwsRule::RoleVisibleLate]);
        let create = action("lambda:CreateFunction", "arn:aws:lambda:us-east-1:1:function:f");
        let role = json!({ "Role": "arn:aws:iam::1:role/r" });
        assert_eq!(rules.decide(&action("iam:CreateRole", "arn:aws:iam::1:role/r"), &Value::Null), RuleDecision::Send);
        assert!(
            matches!(rules.decide(&create, &role), RuleDecision::Refuse(refusal) if refusal.message.contains("cannot be assumed"))
        );
        assert_eq!(rules.decide(&create, &json!({ "Role": "arn:aws:iam::1:role/old" })), RuleDecision::Send);
        rules.advance(5);
        assert_eq!(rules.decide(&create, &role), RuleDecision::Send);
        assert_eq!(rules.applied(), BTreeMap::from([(AwsRule::RoleVisibleLate, 1)]));
    }

    #[test]
    fn lists_are_old_for_some_seconds_after_a_change() {
        let rules = AwsRules::new(&[AwsRule::EventualLists]);
        let list = action("lambda:ListFunctions", "*");
        assert_eq!(rules.decide(&list, &Value::Null), RuleDecision::Send);
        rules.decide(&action("lambda:CreateFunction", "arn:aws:lambda:us-east-1:1:function:f"), &Value::Null);
        assert_eq!(rules.decide(&list, &Value::Null), RuleDecision::RespondAsBefore);
        rules.advance(5);
        assert_eq!(rules.decide(&list, &Value::Null), RuleDecision::Send);
    }

    #[test]
    fn grant_of_a_role_that_was_created_again_is_old() {
        let rules = AwsRules::new(&[AwsRule::GrantOfOldRole]);
        let arn = "arn:aws:lambda:us-east-1:1:function:f";
        let send = |name: &str, resource: &str, parameters: &Value| rules.decide(&action(name, resource), parameters);
        let set_role = |role: &str| {
            send("lambda:UpdateFunctionConfiguration", arn, &json!({ "Role": format!("arn:aws:iam::1:role/{role}") }))
        };
        send("iam:CreateRole", "arn:aws:iam::1:role/r", &Value::Null);
        send("lambda:CreateFunction", arn, &json!({ "FunctionName": "f", "Role": "arn:aws:iam::1:role/r" }));
        send("lambda:PublishVersion", arn, &Value::Null);
        assert_eq!(send("lambda:InvokeFunction", arn, &Value::Null), RuleDecision::Send);
        send("iam:CreateRole", "arn:aws:iam::1:role/r", &Value::Null);
        set_role("r");
        send("lambda:PublishVersion", arn, &Value::Null);
        assert!(matches!(send("lambda:InvokeFunction", arn, &Value::Null), RuleDecision::Refuse(_)));
        set_role("other");
        set_role("r");
        send("lambda:PublishVersion", arn, &Value::Null);
        assert_eq!(send("lambda:InvokeFunction", arn, &Value::Null), RuleDecision::Send);
    }

    #[test]
    fn revision_is_old_after_tags_have_changed() {
        let rules = AwsRules::new(&[AwsRule::RevisionOfTags]);
        let arn = "arn:aws:lambda:us-east-1:1:function:f";
        let send = |name: &str, parameters: &Value| rules.decide(&action(name, arn), parameters);
        let update = |revision: &Value| send("lambda:UpdateFunctionCode", &json!({ "RevisionId": revision }));
        send("lambda:TagResource", &Value::Null);
        assert!(matches!(update(&json!("a")), RuleDecision::Refuse(refusal) if refusal.status == 412));
        assert_eq!(update(&Value::Null), RuleDecision::Send);
        send("lambda:GetFunction", &Value::Null);
        assert_eq!(update(&json!("b")), RuleDecision::Send);
    }

    #[test]
    fn destinations_become_valid_when_the_clock_moves() {
        let rules = AwsRules::new(&[AwsRule::DestinationVisibleLate, AwsRule::DestinationPermissionLate]);
        let create = action("lambda:CreateFunction", "arn:aws:lambda:us-east-1:1:function:f");
        rules.decide(&create, &json!({ "FunctionName": "f" }));
        let put = action("lambda:PutFunctionEventInvokeConfig", "arn:aws:lambda:us-east-1:1:function:g");
        let to = |arn: &str| json!({ "DestinationConfig": { "OnFailure": { "Destination": arn } } });
        let message = |arn: &str| match rules.decide(&put, &to(arn)) {
            RuleDecision::Refuse(refusal) => refusal.message,
            decision => format!("{decision:?}"),
        };
        let new = "arn:aws:lambda:us-east-1:1:function:f:live";
        assert_eq!(message(new), format!("The destination ARN {new} is invalid."));
        assert!(message("arn:aws:sqs:us-east-1:1:q").contains("does not have permissions to call"));
        rules.advance(40);
        assert_eq!(message(new), "Send");
    }

    #[test]
    fn environment_is_hidden_and_urls_are_unknown() {
        let rules = AwsRules::new(&[AwsRule::HiddenEnvironment, AwsRule::NoFunctionUrls]);
        let decide = |name: &str| rules.decide(&action(name, "arn:aws:lambda:us-east-1:1:function:f"), &Value::Null);
        assert!(matches!(decide("lambda:GetFunction"), RuleDecision::Replace("/Configuration/Environment", _)));
        assert!(matches!(decide("lambda:CreateFunctionUrlConfig"), RuleDecision::Refuse(_)));
        assert_eq!(decide("lambda:GetPolicy"), RuleDecision::Send);
    }

    #[test]
    fn statements_that_are_added_at_the_same_time_are_lost() {
        let rules = AwsRules::new(&[AwsRule::LostPermissions]);
        let add = action("lambda:AddPermission", "arn:aws:lambda:us-east-1:1:function:f");
        assert_eq!(rules.decide(&add, &Value::Null), RuleDecision::Send);
        assert_eq!(rules.decide(&add, &Value::Null), RuleDecision::Lose);
        rules.finished(&add);
        assert_eq!(rules.decide(&add, &Value::Null), RuleDecision::Send);
    }
}

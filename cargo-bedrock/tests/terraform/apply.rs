//! Apps are applied to an emulator of AWS that enforces IAM, with the real provider: applied, called, changed and
//! destroyed.

use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::manifest::Manifest;
use crate::terraform_app::{TerraformApp, output_text};
use crate::tools::plugins;

/// A worker that calls another one by its environment variable, or by an ARN in the event.
const WORKER: &str = r#"
import json, os, boto3

def handler(event, context):
    if "call" not in event:
        return {"name": context.function_name, "token": os.environ.get("TOKEN"), "layer": layer()}
    variable = f"SPACE_WORKER_ARN_{event['call'].upper()}"
    function = event.get("arn") or os.environ[variable]
    try:
        answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps({}))
    except Exception as error:
        return {"refused": type(error).__name__}
    return json.loads(answer["Payload"].read())

def layer():
    try:
        import ranks
        return ranks.NAME
    except ImportError:
        return None
"#;

const ENDPOINT: &str = "
def handler(event, context):
    return {'statusCode': 200, 'body': 'requested ' + event['rawPath']}
";

/// An app with real zip files, and the emulator that it is applied to.
struct AppliedApp {
    app: TerraformApp,
    emulator: Emulator,
    manifest: Manifest,
}

impl AppliedApp {
    fn new() -> Option<Self> {
        let app = TerraformApp::new()?;
        let plugins = plugins()?;
        let mut emulator = Emulator::start()?;
        let artifact = |path: &str| app.path("target/bedrock").join(path);
        let worker = |emulator: &mut Emulator, name: &str| {
            emulator.pack(&artifact(&format!("workers/{name}.zip")), "main.py", WORKER)
        };
        let manifest = Manifest::three_functions()
            .with("/workers/ranker/layers", json!([]))
            .with("/workers/fetcher/code/sha256_base64", worker(&mut emulator, "fetcher"))
            .with("/workers/ranker/code/sha256_base64", worker(&mut emulator, "ranker"))
            .with("/endpoint/code/sha256_base64", emulator.pack(&artifact("workers/endpoint.zip"), "main.py", ENDPOINT))
            .with(
                "/workers/ranker/layer/sha256_base64",
                emulator.pack(&artifact("layers/ranker.zip"), "python/ranks.py", "NAME = 'ranks'\n"),
            );
        manifest.write(&artifact("manifest.json"));
        let parameter = json!({ "Name": "/space/token", "Value": "se\"cret", "Type": "SecureString" });
        emulator.call("ssm", "put_parameter", &parameter);
        emulator.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "key" }));
        emulator.call("sqs", "create_queue", &json!({ "QueueName": "failed" }));
        let from = format!("-plugin-dir={}", plugins.display());
        app.terraform("terraform", &["init", "-input=false", &from]);
        Some(Self { app, emulator, manifest })
    }

    fn terraform(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = self.app.command("terraform", arguments);
        command.envs(self.emulator.environment()).output().expect("Terraform starts")
    }

    fn apply(&self) {
        let output = self.terraform(&["apply", "-auto-approve", "-input=false", "-no-color", "-var=stage=dev"]);
        assert!(output.status.success(), "{}", output_text(&output));
    }

    /// Returns the planned changes, such as `create module.function["x"]…`, one for each resource.
    fn changes(&self) -> Vec<String> {
        let output = self.terraform(&["plan", "-input=false", "-out=tfplan", "-var=stage=dev"]);
        assert!(output.status.success(), "{}", output_text(&output));
        let plan = self.terraform(&["show", "-json", "tfplan"]);
        let plan: Value = serde_json::from_slice(&plan.stdout).expect("JSON");
        let changes = plan["resource_changes"].as_array().expect("changes").iter();
        let changes = changes.map(|change| {
            let actions = change["change"]["actions"].as_array().expect("actions");
            let actions: Vec<_> = actions.iter().filter_map(Value::as_str).collect();
            format!("{} {}", actions.join("+"), change["address"].as_str().expect("an address"))
        });
        changes.filter(|change| !change.starts_with("no-op ") && !change.starts_with("read ")).collect()
    }

    /// Returns Terraform's error for a stage whose plan must fail.
    fn plan_error(&self, stage: &str) -> String {
        let output = self.terraform(&["plan", "-input=false", "-no-color", &format!("-var=stage={stage}")]);
        assert_eq!(output.status.code(), Some(1), "{}", output_text(&output));
        String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn app_is_applied_called_changed_and_destroyed() {
    let Some(mut applied) = AppliedApp::new() else { return };
    applied.apply();
    assert_eq!(applied.changes(), [""; 0]);
    check_calls_between_workers(&mut applied.emulator);
    check_function_url_is_public(&mut applied);
    check_only_changes_are_deployed(&mut applied);
    check_other_stage_needs_other_state(&applied);
    check_app_deployed_by_the_command_line(&mut applied);
    let output = applied.terraform(&["destroy", "-auto-approve", "-input=false", "-no-color", "-var=stage=dev"]);
    assert!(output.status.success(), "{}", output_text(&output));
    let remaining = applied.emulator.call("lambda", "list_functions", &json!({}));
    assert_eq!(remaining["Functions"], json!([]));
}

fn check_calls_between_workers(emulator: &mut Emulator) {
    let fetcher = "space-dev-fetcher";
    let ranker = "space-dev-ranker";
    assert_eq!(
        emulator.invoke(fetcher, &json!({ "call": "ranker" })),
        json!({ "name": ranker, "token": null, "layer": "ranks" })
    );
    assert_eq!(
        emulator.invoke(ranker, &json!({ "call": "fetcher" })),
        json!({ "name": fetcher, "token": "se\"cret", "layer": null })
    );
    let endpoint = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-endpoint";
    let answer = emulator.invoke(ranker, &json!({ "call": "", "arn": endpoint }));
    assert_eq!(answer, json!({ "refused": "ClientError" }));
    let answer = emulator.invoke(ranker, &json!({ "call": "", "arn": format!("{endpoint}:live") }));
    assert_eq!(answer, json!({ "refused": "ClientError" }));
    let events = emulator.call(
        "lambda",
        "get_function_event_invoke_config",
        &json!({ "FunctionName": fetcher, "Qualifier": "live" }),
    );
    assert_eq!((&events["MaximumRetryAttempts"], &events["MaximumEventAgeInSeconds"]), (&json!(1), &json!(120)));
    let recursion = emulator.call("lambda", "get_function_recursion_config", &json!({ "FunctionName": ranker }));
    assert_eq!(recursion["RecursiveLoop"], "Allow");
}

fn check_function_url_is_public(applied: &mut AppliedApp) {
    let url = applied.terraform(&["output", "-raw", "url"]);
    let url = String::from_utf8(url.stdout).expect("UTF-8");
    let answer = applied.emulator.get(&format!("{url}systems"));
    assert_eq!(answer, json!({ "status": 200, "body": "requested /systems" }));
    let function = json!({ "FunctionName": "space-dev-endpoint", "Qualifier": "live" });
    let policy = applied.emulator.call("lambda", "get_policy", &function);
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().expect("a policy")).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let mut permissions: Vec<String> =
        statements.map(|statement| format!("{} if {}", statement["Action"], statement["Condition"])).collect();
    permissions.sort();
    permissions.dedup();
    assert_eq!(
        permissions,
        [
            r#""lambda:InvokeFunction" if {"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}"#,
            r#""lambda:InvokeFunctionUrl" if {"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}"#,
        ]
    );
}

fn check_only_changes_are_deployed(applied: &mut AppliedApp) {
    let zip = applied.app.path("target/bedrock/workers/ranker.zip");
    let digest = applied.emulator.pack(&zip, "main.py", &format!("{WORKER}\n# changed\n"));
    let mut manifest = applied.manifest.clone().with("/workers/ranker/code/sha256_base64", digest);
    manifest.write(&applied.app.path("target/bedrock/manifest.json"));
    let ranker = |resource: &str| format!("update module.function[\"ranker\"].{resource}");
    assert_eq!(applied.changes(), [ranker("aws_lambda_alias.live"), ranker("aws_lambda_function.this")]);
    applied.apply();
    let function = json!({ "FunctionName": "space-dev-ranker", "Name": "live" });
    assert_eq!(applied.emulator.call("lambda", "get_alias", &function)["FunctionVersion"], "2");
    // Add a worker without callers, and change one setting of another.
    let counter = manifest.get("/workers/ranker").clone();
    manifest = manifest
        .with("/workers/counter", counter)
        .with("/workers/counter/invokes", json!([]))
        .with("/workers/counter/layer", Value::Null)
        .with("/workers/counter/recursion", json!("terminate"))
        .with("/workers/fetcher/log_retention", json!(90));
    manifest.write(&applied.app.path("target/bedrock/manifest.json"));
    let counter = |resource: &str| format!("create module.function[\"counter\"].{resource}");
    assert_eq!(
        applied.changes(),
        [
            counter("aws_cloudwatch_log_group.this"),
            counter("aws_iam_role.this"),
            counter("aws_iam_role_policy.own"),
            counter("aws_lambda_alias.live"),
            counter("aws_lambda_function.this"),
            "update module.function[\"fetcher\"].aws_cloudwatch_log_group.this".to_owned(),
        ]
    );
}

fn check_other_stage_needs_other_state(applied: &AppliedApp) {
    let error = applied.plan_error("prod");
    let message = "this state belongs to stage `dev` of app `space` in us-east-1, account 123456789012: choose the \
                   workspace or the backend of stage `prod`";
    assert!(error.contains(message), "{error}");
}

fn check_app_deployed_by_the_command_line(applied: &mut AppliedApp) {
    let tag = json!({
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker",
        "Tags": { "bedrock:owner": "cargo-bedrock" }
    });
    applied.emulator.call("lambda", "tag_resource", &tag);
    let error = applied.plan_error("dev");
    let message = "stage `dev` of app `space` is deployed by `cargo bedrock deploy`, and a stage has only one owner: \
                   deploy with that command, or run `cargo bedrock destroy --stage dev` first";
    assert!(error.contains(message), "{error}");
}

/// A worker that forwards its records to the queue `others`.
const RELAY: &str = r#"
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="others")["QueueUrl"]
    for record in event.get("Records", []):
        sqs.send_message(QueueUrl=url, MessageBody="received: " + record.get("body", ""))
"#;

/// A permission of the app's own, because the manifest does not list what a worker sends to.
const PERMISSION: &str = r#"
resource "aws_iam_role_policy" "fetcher_sends_to_others" {
  role = module.function["fetcher"].role
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
      Resource = "arn:aws:sqs:us-east-1:123456789012:others"
    }]
  })
}
"#;

#[test]
fn triggers_are_applied_and_invoke_their_workers() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(plugins) = plugins() else { return };
    let Some(mut emulator) = Emulator::start() else { return };
    let mut zip =
        |name: &str| emulator.pack(&app.path(&format!("target/bedrock/workers/{name}.zip")), "main.py", RELAY);
    let manifest = Manifest::triggers()
        .with("/workers/fetcher/code/sha256_base64", zip("fetcher"))
        .with("/workers/ranker/code/sha256_base64", zip("ranker"))
        // The test receives the messages of `others` itself.
        .with("/workers/ranker/triggers/2", json!({ "schedule": "rate(1 day)", "timezone": "UTC", "event": null }));
    manifest.write(&app.path("target/bedrock/manifest.json"));
    std::fs::write(app.path("terraform/permissions.tf"), PERMISSION).expect("a file");
    std::fs::write(app.path("terraform/roles.auto.tfvars"), "role_path = \"/teams/\"\n").expect("a file");
    let others = emulator.call("sqs", "create_queue", &json!({ "QueueName": "others" }))["QueueUrl"].clone();
    emulator.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    let from = format!("-plugin-dir={}", plugins.display());
    app.terraform("terraform", &["init", "-input=false", &from]);
    let mut applied = AppliedApp { app, emulator, manifest };
    applied.apply();
    assert_eq!(applied.changes(), [""; 0]);
    check_applied_settings(&mut applied.emulator);
    let url = applied.emulator.call("sqs", "get_queue_url", &json!({ "QueueName": "space-dev-jobs" }));
    applied.emulator.call("sqs", "send_message", &json!({ "QueueUrl": url["QueueUrl"], "MessageBody": "a job" }));
    let receive = json!({ "QueueUrl": others, "WaitTimeSeconds": 20 });
    let received = applied.emulator.call("sqs", "receive_message", &receive);
    assert_eq!(received["Messages"][0]["Body"], "received: a job", "{received}");
    let output = applied.terraform(&["destroy", "-auto-approve", "-input=false", "-no-color", "-var=stage=dev"]);
    assert!(output.status.success(), "{}", output_text(&output));
    let remaining = applied.emulator.call("sqs", "list_queues", &json!({ "QueueNamePrefix": "space-" }));
    assert_eq!(remaining["QueueUrls"].as_array().map_or(0, Vec::len), 0, "{remaining}");
}

fn check_applied_settings(emulator: &mut Emulator) {
    let schedule =
        emulator.call("scheduler", "get_schedule", &json!({ "GroupName": "space-dev", "Name": "fetcher-2" }));
    assert_eq!(schedule["ScheduleExpressionTimezone"], "Europe/Berlin");
    assert_eq!(schedule["Target"]["Input"], r#"{"a":"<b>"}"#);
    let role = "arn:aws:iam::123456789012:role/teams/space-dev-fetcher";
    assert_eq!(schedule["Target"]["RoleArn"], format!("{role}-schedule-us-east-1"));
    let function =
        emulator.call("lambda", "get_function_configuration", &json!({ "FunctionName": "space-dev-fetcher" }));
    assert_eq!(function["Role"], format!("{role}-us-east-1"));
    let notifications = emulator.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": "theirs" }));
    assert_eq!(notifications["LambdaFunctionConfigurations"].as_array().map(Vec::len), Some(1));
    let bucket = json!({ "Bucket": "space-dev-uploads-123456789012-us-east-1" });
    let notifications = emulator.call("s3", "get_bucket_notification_configuration", &bucket);
    assert_eq!(notifications["LambdaFunctionConfigurations"].as_array().map(Vec::len), Some(2));
    let function = json!({ "FunctionName": "space-dev-fetcher" });
    let alias = json!({ "FunctionName": "space-dev-fetcher", "Qualifier": "live" });
    let events = emulator.call("lambda", "get_function_event_invoke_config", &alias);
    let ranker = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker:live";
    assert_eq!(events["DestinationConfig"]["OnSuccess"]["Destination"], ranker);
    let settings = emulator.call("lambda", "get_function_configuration", &function);
    assert_eq!(settings["DeadLetterConfig"]["TargetArn"], "arn:aws:sqs:us-east-1:123456789012:others");
    let mapping = emulator.call("lambda", "list_event_source_mappings", &function)["EventSourceMappings"][0].clone();
    assert_eq!(
        json!([mapping["BatchSize"], mapping["FunctionResponseTypes"]]),
        json!([20, ["ReportBatchItemFailures"]])
    );
}

/// The calls are more than fit into an inline policy of a role.
#[test]
fn sixty_callees_are_allowed_by_managed_policies() {
    let Some(app) = TerraformApp::new() else { return };
    let Some(plugins) = plugins() else { return };
    let Some(mut emulator) = Emulator::start() else { return };
    let zip = app.path("target/bedrock/workers/endpoint.zip");
    let manifest =
        Manifest::sixty_workers().with("/endpoint/code/sha256_base64", emulator.pack(&zip, "main.py", ENDPOINT));
    manifest.write(&app.path("target/bedrock/manifest.json"));
    let from = format!("-plugin-dir={}", plugins.display());
    app.terraform("terraform", &["init", "-input=false", &from]);
    let target = r#"-target=module.function["endpoint"].aws_lambda_function.this"#;
    let arguments = ["apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=2", "-var=stage=dev", target];
    let output = app.command("terraform", &arguments).envs(emulator.environment()).output();
    let output = output.expect("Terraform starts");
    assert!(output.status.success(), "{}", output_text(&output));
    let role = json!({ "RoleName": "space-dev-endpoint-us-east-1" });
    let attached = emulator.call("iam", "list_attached_role_policies", &role);
    let names = attached["AttachedPolicies"].as_array().expect("policies").iter();
    let mut names: Vec<_> = names.filter_map(|policy| policy["PolicyName"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [0, 1, 2].map(|number| format!("space-dev-endpoint-us-east-1-{number}")));
}

//! The whole of it against an emulator of AWS that enforces IAM, with the real provider: applied, called, changed,
//! refused to others, and destroyed.

use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::folder::{Folder, said};
use crate::manifest::Manifest;
use crate::tools::plugins;

/// A worker that calls another by the variable that it finds, or by an ARN that it is given.
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
    return {'statusCode': 200, 'body': 'asked for ' + event['rawPath']}
";

/// An app with real zips, and the emulator to apply it to.
struct Applied {
    folder: Folder,
    emulator: Emulator,
    manifest: Manifest,
}

impl Applied {
    fn new() -> Option<Self> {
        let (folder, plugins, mut emulator) = (Folder::new()?, plugins()?, Emulator::start()?);
        let built = |path: &str| folder.path("target/bedrock").join(path);
        let worker = |emulator: &mut Emulator, name: &str| {
            emulator.pack(&built(&format!("workers/{name}.zip")), "main.py", WORKER)
        };
        let manifest = Manifest::of_three()
            .with("/workers/ranker/layers", json!([]))
            .with("/workers/fetcher/code/sha256_base64", worker(&mut emulator, "fetcher"))
            .with("/workers/ranker/code/sha256_base64", worker(&mut emulator, "ranker"))
            .with("/endpoint/code/sha256_base64", emulator.pack(&built("workers/endpoint.zip"), "main.py", ENDPOINT))
            .with(
                "/workers/ranker/layer/sha256_base64",
                emulator.pack(&built("layers/ranker.zip"), "python/ranks.py", "NAME = 'ranks'\n"),
            );
        manifest.write(&built("manifest.json"));
        let parameter = json!({ "Name": "/space/token", "Value": "se\"cret", "Type": "SecureString" });
        emulator.call("ssm", "put_parameter", &parameter);
        emulator.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "key" }));
        emulator.call("sqs", "create_queue", &json!({ "QueueName": "failed" }));
        let from = format!("-plugin-dir={}", plugins.display());
        folder.terraform("terraform", &["init", "-input=false", &from]);
        Some(Self { folder, emulator, manifest })
    }

    fn terraform(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = self.folder.command("terraform", arguments);
        command.envs(self.emulator.environment()).output().expect("Terraform starts")
    }

    fn apply(&self) {
        let output = self.terraform(&["apply", "-auto-approve", "-input=false", "-no-color", "-var=stage=dev"]);
        assert!(output.status.success(), "{}", said(&output));
    }

    /// What would change, as `create module.function["x"]…`, one for each resource.
    fn changes(&self) -> Vec<String> {
        let output = self.terraform(&["plan", "-input=false", "-out=tfplan", "-var=stage=dev"]);
        assert!(output.status.success(), "{}", said(&output));
        let plan = self.terraform(&["show", "-json", "tfplan"]);
        let plan: Value = serde_json::from_slice(&plan.stdout).expect("JSON");
        let changes = plan["resource_changes"].as_array().expect("changes").iter();
        let shown = changes.map(|change| {
            let actions = change["change"]["actions"].as_array().expect("actions");
            let actions: Vec<_> = actions.iter().filter_map(Value::as_str).collect();
            format!("{} {}", actions.join("+"), change["address"].as_str().expect("an address"))
        });
        shown.filter(|change| !change.starts_with("no-op ") && !change.starts_with("read ")).collect()
    }

    /// What Terraform says when it must not plan.
    fn refused(&self, stage: &str) -> String {
        let output = self.terraform(&["plan", "-input=false", "-no-color", &format!("-var=stage={stage}")]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn an_app_is_applied_called_changed_and_destroyed() {
    let Some(mut applied) = Applied::new() else { return };
    applied.apply();
    assert_eq!(applied.changes(), [""; 0]);
    calls_go_to_callees_and_nowhere_else(&mut applied.emulator);
    the_url_is_for_everybody_and_the_function_is_not(&mut applied);
    only_what_changed_is_deployed(&mut applied);
    another_stage_needs_another_state(&applied);
    an_app_of_the_command_line_is_left_to_it(&mut applied);
    let output = applied.terraform(&["destroy", "-auto-approve", "-input=false", "-no-color", "-var=stage=dev"]);
    assert!(output.status.success(), "{}", said(&output));
    let left = applied.emulator.call("lambda", "list_functions", &json!({}));
    assert_eq!(left["Functions"], json!([]));
}

fn calls_go_to_callees_and_nowhere_else(emulator: &mut Emulator) {
    let (fetcher, ranker) = ("space-dev-fetcher", "space-dev-ranker");
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
    let events = emulator.call("lambda", "get_function_event_invoke_config", &json!({ "FunctionName": fetcher }));
    assert_eq!((&events["MaximumRetryAttempts"], &events["MaximumEventAgeInSeconds"]), (&json!(1), &json!(120)));
    let recursion = emulator.call("lambda", "get_function_recursion_config", &json!({ "FunctionName": ranker }));
    assert_eq!(recursion["RecursiveLoop"], "Allow");
}

fn the_url_is_for_everybody_and_the_function_is_not(applied: &mut Applied) {
    let url = applied.terraform(&["output", "-raw", "url"]);
    let url = String::from_utf8(url.stdout).expect("UTF-8");
    let answer = applied.emulator.get(&format!("{url}systems"));
    assert_eq!(answer, json!({ "status": 200, "body": "asked for /systems" }));
    let of = json!({ "FunctionName": "space-dev-endpoint", "Qualifier": "live" });
    let policy = applied.emulator.call("lambda", "get_policy", &of);
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().expect("a policy")).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let mut found: Vec<String> =
        statements.map(|statement| format!("{} if {}", statement["Action"], statement["Condition"])).collect();
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        [
            r#""lambda:InvokeFunction" if {"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}"#,
            r#""lambda:InvokeFunctionUrl" if {"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}"#,
        ]
    );
}

fn only_what_changed_is_deployed(applied: &mut Applied) {
    let zip = applied.folder.path("target/bedrock/workers/ranker.zip");
    let digest = applied.emulator.pack(&zip, "main.py", &format!("{WORKER}\n# changed\n"));
    let mut manifest = applied.manifest.clone().with("/workers/ranker/code/sha256_base64", digest);
    manifest.write(&applied.folder.path("target/bedrock/manifest.json"));
    let ranker = |resource: &str| format!("update module.function[\"ranker\"].{resource}");
    assert_eq!(applied.changes(), [ranker("aws_lambda_alias.live"), ranker("aws_lambda_function.this")]);
    applied.apply();
    let of = json!({ "FunctionName": "space-dev-ranker", "Name": "live" });
    assert_eq!(applied.emulator.call("lambda", "get_alias", &of)["FunctionVersion"], "2");
    // A worker more, which nobody calls, and one setting of another.
    let counter = manifest.get("/workers/ranker").clone();
    manifest = manifest
        .with("/workers/counter", counter)
        .with("/workers/counter/invokes", json!([]))
        .with("/workers/counter/layer", Value::Null)
        .with("/workers/counter/recursion", json!("terminate"))
        .with("/workers/fetcher/log_retention", json!(90));
    manifest.write(&applied.folder.path("target/bedrock/manifest.json"));
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

fn another_stage_needs_another_state(applied: &Applied) {
    let shown = applied.refused("prod");
    let message = "this state belongs to stage `dev` of app `space` in us-east-1, account 123456789012: choose the \
                   workspace or the backend of stage `prod`";
    assert!(shown.contains(message), "{shown}");
}

fn an_app_of_the_command_line_is_left_to_it(applied: &mut Applied) {
    let tag = json!({
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker",
        "Tags": { "bedrock:owner": "cargo-bedrock" }
    });
    applied.emulator.call("lambda", "tag_resource", &tag);
    let shown = applied.refused("dev");
    let message = "stage `dev` of app `space` is deployed by `cargo bedrock deploy`, and a stage has only one owner: \
                   deploy with that command, or run `cargo bedrock destroy --stage dev` first";
    assert!(shown.contains(message), "{shown}");
}

/// Takes what comes, and says so in the queue `others`.
const RELAY: &str = r#"
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="others")["QueueUrl"]
    for record in event.get("Records", []):
        sqs.send_message(QueueUrl=url, MessageBody="taken: " + record.get("body", ""))
"#;

/// A right of the app's own: what a worker sends to is not in the manifest.
const RIGHT: &str = r#"
resource "aws_iam_role_policy" "fetcher_tells_others" {
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
    let (Some(folder), Some(plugins), Some(mut emulator)) = (Folder::new(), plugins(), Emulator::start()) else {
        return;
    };
    let mut zip =
        |name: &str| emulator.pack(&folder.path(&format!("target/bedrock/workers/{name}.zip")), "main.py", RELAY);
    let manifest = Manifest::of_triggers()
        .with("/workers/fetcher/code/sha256_base64", zip("fetcher"))
        .with("/workers/ranker/code/sha256_base64", zip("ranker"))
        // What comes into `others` is to be seen here.
        .with("/workers/ranker/triggers/2", json!({ "schedule": "rate(1 day)", "timezone": "UTC", "event": null }));
    manifest.write(&folder.path("target/bedrock/manifest.json"));
    std::fs::write(folder.path("terraform/rights.tf"), RIGHT).expect("a file");
    let others = emulator.call("sqs", "create_queue", &json!({ "QueueName": "others" }))["QueueUrl"].clone();
    emulator.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    let from = format!("-plugin-dir={}", plugins.display());
    folder.terraform("terraform", &["init", "-input=false", &from]);
    let mut applied = Applied { folder, emulator, manifest };
    applied.apply();
    assert_eq!(applied.changes(), [""; 0]);
    what_was_applied_is_as_it_was_set(&mut applied.emulator);
    let url = applied.emulator.call("sqs", "get_queue_url", &json!({ "QueueName": "space-dev-jobs" }));
    applied.emulator.call("sqs", "send_message", &json!({ "QueueUrl": url["QueueUrl"], "MessageBody": "a job" }));
    let receive = json!({ "QueueUrl": others, "WaitTimeSeconds": 20 });
    let got = applied.emulator.call("sqs", "receive_message", &receive);
    assert_eq!(got["Messages"][0]["Body"], "taken: a job", "{got}");
    let output = applied.terraform(&["destroy", "-auto-approve", "-input=false", "-no-color", "-var=stage=dev"]);
    assert!(output.status.success(), "{}", said(&output));
    let left = applied.emulator.call("sqs", "list_queues", &json!({ "QueueNamePrefix": "space-" }));
    assert_eq!(left["QueueUrls"].as_array().map_or(0, Vec::len), 0, "{left}");
}

fn what_was_applied_is_as_it_was_set(emulator: &mut Emulator) {
    let schedule =
        emulator.call("scheduler", "get_schedule", &json!({ "GroupName": "space-dev", "Name": "fetcher-2" }));
    assert_eq!(schedule["ScheduleExpressionTimezone"], "Europe/Berlin");
    assert_eq!(schedule["Target"]["Input"], r#"{"a":"<b>"}"#);
    let told = emulator.call("s3", "get_bucket_notification_configuration", &json!({ "Bucket": "theirs" }));
    assert_eq!(told["LambdaFunctionConfigurations"].as_array().map(Vec::len), Some(1));
    let bucket = json!({ "Bucket": "space-dev-uploads-123456789012-us-east-1" });
    let told = emulator.call("s3", "get_bucket_notification_configuration", &bucket);
    assert_eq!(told["LambdaFunctionConfigurations"].as_array().map(Vec::len), Some(2));
    let of = json!({ "FunctionName": "space-dev-fetcher" });
    let events = emulator.call("lambda", "get_function_event_invoke_config", &of);
    let ranker = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker";
    assert_eq!(events["DestinationConfig"]["OnSuccess"]["Destination"], ranker);
    let settings = emulator.call("lambda", "get_function_configuration", &of);
    assert_eq!(settings["DeadLetterConfig"]["TargetArn"], "arn:aws:sqs:us-east-1:123456789012:others");
    let mapping = emulator.call("lambda", "list_event_source_mappings", &of)["EventSourceMappings"][0].clone();
    assert_eq!(
        json!([mapping["BatchSize"], mapping["FunctionResponseTypes"]]),
        json!([20, ["ReportBatchItemFailures"]])
    );
}

/// More than fit into a role's own policy.
#[test]
fn sixty_callees_are_allowed_by_managed_policies() {
    let (Some(folder), Some(plugins), Some(mut emulator)) = (Folder::new(), plugins(), Emulator::start()) else {
        return;
    };
    let zip = folder.path("target/bedrock/workers/endpoint.zip");
    let manifest = Manifest::of_sixty().with("/endpoint/code/sha256_base64", emulator.pack(&zip, "main.py", ENDPOINT));
    manifest.write(&folder.path("target/bedrock/manifest.json"));
    let from = format!("-plugin-dir={}", plugins.display());
    folder.terraform("terraform", &["init", "-input=false", &from]);
    let target = r#"-target=module.function["endpoint"].aws_lambda_function.this"#;
    let arguments = ["apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=2", "-var=stage=dev", target];
    let output = folder.command("terraform", &arguments).envs(emulator.environment()).output();
    let output = output.expect("Terraform starts");
    assert!(output.status.success(), "{}", said(&output));
    let of = json!({ "RoleName": "space-dev-endpoint-us-east-1" });
    let attached = emulator.call("iam", "list_attached_role_policies", &of);
    let names = attached["AttachedPolicies"].as_array().expect("policies").iter();
    let mut names: Vec<_> = names.filter_map(|policy| policy["PolicyName"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [0, 1, 2].map(|number| format!("space-dev-endpoint-us-east-1-{number}")));
}

//! The functions of a SAM template: `AWS::Serverless::Function` with code in Python, JavaScript or Rust.

use std::path::Path;

use bedrock_build::{Language, Runtime};
use toml_edit::{Array, InlineTable, Value};

use super::events;
use super::function::{FoundFunctions, ImportedFunction, worker_name};
use super::values::Template;
use super::yaml::{Node, parse};
use bedrock_diagnostics::{Error, Result};

/// Names of templates.
pub(super) const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];
/// What the names of other templates end with.
pub(super) const TEMPLATE_EXTENSIONS: [&str; 3] = [".yaml", ".yml", ".json"];
const FUNCTION: &str = "AWS::Serverless::Function";
/// Properties that describe the code.
const READ: [&str; 7] = ["CodeUri", "Handler", "Runtime", "Events", "FunctionName", "PackageType", "Environment"];

/// Reads the functions of the template in `dir`. `file` is its name.
pub(super) fn functions(dir: &Path, file: &str) -> Result<FoundFunctions> {
    let text = std::fs::read_to_string(dir.join(file))
        .map_err(|error| Error::io(format!("failed to read `{file}`"), &error))?;
    let root = parse(&text, file)?;
    let template = Template { root: &root };
    let mut reader = Reader { dir, file, template: &template, found: FoundFunctions::default() };
    let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
    let used = ids_of_triggers(&template, resources);
    for (id, resource) in resources.iter().filter(|(id, _)| !used.contains(&id.as_str())) {
        match resource.get("Type").and_then(Node::text).unwrap_or_default() {
            FUNCTION => reader.function(id, resource),
            kind => reader.left(
                resource.line,
                &format!("`{id}` ({kind})"),
                "keep it in a stack of its own, and list it in `uses`",
            ),
        }
    }
    for section in ["Outputs", "Conditions", "Mappings"] {
        if let Some(node) = root.get(section) {
            reader.left(node.line, &format!("`{section}`"), "a deployment has nothing like it");
        }
    }
    Ok(reader.found)
}

/// Returns the ids of what events come from and the app creates with its triggers. A table needs a key in the settings, so it
/// is none of them.
fn ids_of_triggers<'a>(template: &Template<'a>, resources: &'a [(String, Node)]) -> Vec<&'a str> {
    let functions = resources.iter().filter(|(_, node)| node.get("Type").and_then(Node::text) == Some(FUNCTION));
    let events = functions.filter_map(|(_, node)| node.at(&["Properties", "Events"])).flat_map(Node::entries);
    let keys = ["Queue", "Bucket", "Topic", "EventBusName", "Stream"];
    let named = events.flat_map(|(_, event)| keys.map(|key| event.at(&["Properties", key])));
    let is_table = |id: &&str| {
        let resource = resources.iter().find(|(name, _)| name == id);
        resource.and_then(|(_, node)| node.get("Type")?.text()) == Some("AWS::DynamoDB::Table")
    };
    named.flatten().filter_map(|node| template.resource_id(node)).filter(|id| !is_table(id)).collect()
}

struct Reader<'a> {
    dir: &'a Path,
    file: &'a str,
    template: &'a Template<'a>,
    found: FoundFunctions,
}

impl<'a> Reader<'a> {
    fn left(&mut self, line: usize, what: &str, reason: &str) {
        self.found.left.push(format!("{}:{line}: {what} is not imported: {reason}", self.file));
    }

    fn function(&mut self, id: &str, resource: &'a Node) {
        match self.read(id, resource) {
            Ok(function) => self.found.functions.push(function),
            Err(reason) => self.left(resource.line, &format!("function `{id}`"), &reason),
        }
    }

    /// Returns a property of a function, or of `Globals`.
    fn property(&self, resource: &'a Node, key: &str) -> Option<&'a Node> {
        let own = resource.at(&["Properties", key]);
        own.or_else(|| self.template.root.at(&["Globals", "Function", key]))
    }

    fn text(&self, resource: &'a Node, key: &str) -> std::result::Result<String, String> {
        let node = self.property(resource, key).ok_or_else(|| format!("it has no `{key}`"))?;
        self.template.literal(node).map_err(|reason| format!("`{key}`: {reason}"))
    }

    fn read(&mut self, id: &str, resource: &'a Node) -> std::result::Result<ImportedFunction, String> {
        if self.property(resource, "PackageType").and_then(Node::text) == Some("Image") {
            return Err("it is a container image".to_owned());
        }
        let name = worker_name(id).ok_or_else(|| format!("`{id}` cannot be the name of a worker"))?;
        let runtime = self.text(resource, "Runtime")?;
        let language = language(&runtime).ok_or_else(|| format!("there are no workers for runtime `{runtime}`"))?;
        let method = resource.at(&["Metadata", "BuildMethod"]).and_then(Node::text).unwrap_or_default();
        if language == Language::Rust && !method.starts_with("rust") {
            return Err(format!("`BuildMethod` is `{method}`, only functions of cargo-lambda are known"));
        }
        let code = self.text(resource, "CodeUri")?;
        if code.contains("://") {
            return Err(format!("its code is at `{code}`"));
        }
        let code = self.dir.join(code);
        if !code.is_dir() {
            return Err(format!("`{}` is not a folder", code.display()));
        }
        let handler = if language == Language::Rust { String::new() } else { self.text(resource, "Handler")? };
        let mut function =
            ImportedFunction { name, language, code, handler, settings: Vec::new(), triggers: Vec::new() };
        if language != Language::Rust && Runtime::parse(&runtime, language).is_ok() {
            function.settings.push(("runtime", runtime.into()));
        } else if language != Language::Rust {
            let line = self.property(resource, "Runtime").map_or(resource.line, |node| node.line);
            self.left(line, &format!("runtime `{runtime}`"), "the worker gets the default runtime of its language");
        }
        self.environment(resource, &mut function);
        self.settings(resource, &mut function);
        for (name, event) in resource.at(&["Properties", "Events"]).map(Node::entries).unwrap_or_default() {
            let what = format!("event `{name}` of `{id}`");
            match events::trigger(self.template, event) {
                Ok((trigger, left)) => {
                    function.triggers.push(trigger);
                    for line in left {
                        self.found.left.push(format!("{}:{line} (of {what})", self.file));
                    }
                }
                Err(reason) => self.left(event.line, &what, &reason),
            }
        }
        Ok(function)
    }

    /// Takes over the variables that are literals. Those of `Globals` come first.
    fn environment(&mut self, resource: &'a Node, function: &mut ImportedFunction) {
        let mut variables = InlineTable::new();
        let globals = self.template.root.at(&["Globals", "Function", "Environment", "Variables"]);
        let own = resource.at(&["Properties", "Environment", "Variables"]);
        for (name, node) in [globals, own].into_iter().flatten().flat_map(Node::entries) {
            match self.template.literal(node) {
                Ok(text) => {
                    variables.insert(name, text.into());
                }
                Err(reason) => {
                    let what = format!("variable `{name}` of `{}`", function.name);
                    self.left(node.line, &what, &format!("{reason}; set it in `env`, or list the resource in `uses`"));
                }
            }
        }
        if !variables.is_empty() {
            function.settings.push(("env", variables.into()));
        }
    }

    /// Takes over the other properties that have a setting.
    fn settings(&mut self, resource: &'a Node, function: &mut ImportedFunction) {
        let globals = self.template.root.at(&["Globals", "Function"]).map(Node::entries).unwrap_or_default();
        let own = resource.get("Properties").map(Node::entries).unwrap_or_default();
        let is_own = |key: &str| own.iter().any(|(name, _)| name == key);
        for (key, node) in globals.iter().filter(|(key, _)| !is_own(key)).chain(own) {
            if READ.contains(&key.as_str()) {
                continue;
            }
            match self.setting(key, node) {
                Ok(setting) => function.settings.push(setting),
                Err(reason) => self.left(node.line, &format!("`{key}` of `{}`", function.name), &reason),
            }
        }
    }

    fn setting(&self, key: &str, node: &'a Node) -> std::result::Result<(&'static str, Value), String> {
        let text = || self.template.literal(node);
        let number = |node: &'a Node| -> std::result::Result<Value, String> {
            let text = self.template.literal(node)?;
            text.parse::<i64>().map(Value::from).map_err(|_| format!("`{text}` is not a number"))
        };
        Ok(match key {
            "MemorySize" => ("memory", number(node)?),
            "Timeout" => ("timeout", number(node)?),
            "ReservedConcurrentExecutions" => ("concurrency", number(node)?),
            "Description" => ("description", text()?.into()),
            "EphemeralStorage" => ("ephemeral-storage", number(node.get("Size").ok_or("it has no `Size`")?)?),
            "Tracing" => match text()?.as_str() {
                "Active" => ("tracing", "active".into()),
                "PassThrough" => ("tracing", "pass-through".into()),
                other => return Err(format!("`{other}` is not a mode of tracing")),
            },
            "Architectures" => match node.items() {
                [one] => ("architecture", self.template.literal(one)?.into()),
                _ => return Err("it is not a list of one architecture".to_owned()),
            },
            "Layers" => {
                let arns: std::result::Result<Array, String> =
                    node.items().iter().map(|item| self.template.literal(item).map(Value::from)).collect();
                ("layers", arns?.into())
            }
            "Policies" | "Role" => return Err("list what it uses in `uses`, which makes the policy".to_owned()),
            "FunctionUrlConfig" => return Err("only the endpoint has a function URL".to_owned()),
            _ => return Err("see the settings of Lambda in the documentation".to_owned()),
        })
    }
}

fn language(runtime: &str) -> Option<Language> {
    [("python", Language::Python), ("nodejs", Language::JavaScript), ("provided", Language::Rust)]
        .into_iter()
        .find(|(start, _)| runtime.starts_with(start))
        .map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::functions;

    const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Level:
    Type: String
    Default: debug
Globals:
  Function:
    Timeout: 7
    Environment:
      Variables:
        LEVEL: !Ref Level
Resources:
  HelloWorldFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: app.lambda_handler
      Runtime: python3.13
      MemorySize: 256
      Architectures: [arm64]
      Environment:
        Variables:
          MODE: fast
          TABLE: !Ref Orders
      Policies: AmazonS3ReadOnlyAccess
      Events:
        Nightly:
          Type: Schedule
          Properties:
            Schedule: rate(1 day)
            Input: '{\"full\": true}'
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt JobsQueue.Arn
            BatchSize: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
        Uploads:
          Type: S3
          Properties:
            Bucket: !Ref Uploads
            Events: s3:ObjectCreated:*
            Filter: { S3Key: { Rules: [{ Name: suffix, Value: .png }] } }
        Hello:
          Type: Api
          Properties: { Path: /hello, Method: get }
  Ruby:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: hello/, Handler: a.b, Runtime: ruby3.3 }
  JobsQueue:
    Type: AWS::SQS::Queue
  Uploads:
    Type: AWS::S3::Bucket
  Orders:
    Type: AWS::DynamoDB::Table
Outputs:
  X: { Value: 1 }
";

    #[test]
    fn template_becomes_settings_and_triggers() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("hello")).expect("a folder");
        fs::write(dir.path().join("template.yaml"), TEMPLATE).expect("written");
        let found = functions(dir.path(), "template.yaml").expect("a template");
        let [function] = &found.functions[..] else { panic!("{found:?}") };
        assert_eq!((function.name.as_str(), function.handler.as_str()), ("hello_world", "app.lambda_handler"));
        let settings: Vec<String> = function.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        insta::assert_snapshot!(settings.join("\n"), @r#"
        runtime = "python3.13"
        env = { LEVEL = "debug", MODE = "fast" }
        timeout = 7
        memory = 256
        architecture = "arm64"
        "#);
        let triggers: Vec<String> = function.triggers.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(triggers.join("\n"), @r#"
        { schedule = "rate(1 day)", event = { full = true } }
        { queue = "jobs", batch-size = 5, partial-failures = true }
        { bucket = "uploads", suffix = ".png" }
        "#);
        insta::assert_snapshot!(found.left.join("\n"), @r"
        template.yaml:24: variable `TABLE` of `hello_world` is not imported: `Orders` is known only after a deployment; set it in `env`, or list the resource in `uses`
        template.yaml:25: `Policies` of `hello_world` is not imported: list what it uses in `uses`, which makes the policy
        template.yaml:45: event `Hello` of `HelloWorldFunction` is not imported: `GET /hello` is a route of the endpoint: add it to `src/endpoints` and call the worker
        template.yaml:48: function `Ruby` is not imported: there are no workers for runtime `ruby3.3`
        template.yaml:55: `Orders` (AWS::DynamoDB::Table) is not imported: keep it in a stack of its own, and list it in `uses`
        template.yaml:57: `Outputs` is not imported: a deployment has nothing like it
        ");
    }

    #[test]
    fn only_what_the_app_does_not_create_is_left() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("hello")).expect("a folder");
        let text = "\
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: app.handler
      Runtime: python3.13
      Events:
        Alert: { Type: SNS, Properties: { Topic: !Ref Alerts } }
        Order: { Type: EventBridgeRule, Properties: { EventBusName: !Ref Bus, Pattern: { source: [shop] } } }
        Click: { Type: Kinesis, Properties: { Stream: !GetAtt Clicks.Arn, StartingPosition: LATEST } }
        Change: { Type: DynamoDB, Properties: { Stream: !GetAtt Orders.StreamArn, StartingPosition: LATEST } }
  Alerts: { Type: AWS::SNS::Topic }
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: orders } }
  Clicks: { Type: AWS::Kinesis::Stream }
  Orders: { Type: AWS::DynamoDB::Table }
";
        fs::write(dir.path().join("template.yaml"), text).expect("written");
        let found = functions(dir.path(), "template.yaml").expect("a template");
        assert_eq!(found.functions[0].triggers.len(), 3, "{found:?}");
        let left = found.left.join("\n");
        assert!(
            left.contains("event `Change` of `Hello`") && left.contains("`Orders` (AWS::DynamoDB::Table)"),
            "{left}"
        );
        assert_eq!(left.matches("in a stack of its own").count(), 1, "{left}");
    }
}

//! What follows from what a function uses: the statements of its policy, its variables, and the resources that the app creates.
//! The rules are the same as in the app's `terraform/manifest/uses.tf`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::manifest::{Manifest, ManifestEntry, ObjectEvent, Trigger};
use crate::stage::StageContext;
use crate::uses::{ResourceUse, Use};

/// Returns the statements of a function: for each resource, then those of the settings, then for the objects of its
/// triggers.
pub(crate) fn statements(stage: &StageContext, entry: &ManifestEntry) -> Vec<Value> {
    let Some(uses) = &entry.uses else { return Vec::new() };
    let mut statements = Vec::new();
    for resource in uses.iter().filter_map(Use::resource) {
        let arn = resource.arn_in(stage);
        for grant in &resource.grants {
            let resources: Vec<String> = grant.suffixes.iter().map(|suffix| format!("{arn}{suffix}")).collect();
            statements.push(json!({ "Effect": "Allow", "Action": grant.actions, "Resource": resources }));
        }
    }
    for each in uses {
        if let Use::Statement { statement } = each {
            let mut statement = statement.clone();
            if statement["Effect"].is_null() {
                statement["Effect"] = json!("Allow");
            }
            statements.push(statement);
        }
    }
    for trigger in &entry.triggers {
        if let Trigger::Bucket { bucket, prefix, suffix, events } = trigger
            && events.contains(&ObjectEvent::Created)
        {
            let arn =
                if bucket.starts_with("arn:") { bucket.clone() } else { stage.bucket_arn(&stage.bucket_name(bucket)) };
            let objects = format!("{arn}/{prefix}*{suffix}");
            statements.push(json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [objects] }));
        }
    }
    for (number, statement) in (1..).zip(&mut statements) {
        if statement["Sid"].is_null() {
            statement["Sid"] = json!(format!("Use{number}"));
        }
    }
    statements
}

/// Returns the resources of the app that a function uses, and the tables whose changes invoke it. The key of a table may be
/// said by another function.
pub(crate) fn resources_of_app(manifest: &Manifest, entry: &ManifestEntry) -> Vec<ResourceUse> {
    let all = || manifest.functions().flat_map(|(_, entry)| entry.uses.iter().flatten()).filter_map(Use::resource);
    let of_app = entry.uses.iter().flatten().filter_map(Use::resource).filter(|used| used.is_of_app);
    let with_key = |used: &ResourceUse| {
        let mut same = all().filter(|other| other.kind == used.kind && other.name == used.name);
        let key = same.find_map(|other| other.key.clone());
        ResourceUse { key, ..used.clone() }
    };
    let mut resources: Vec<ResourceUse> = of_app.map(with_key).collect();
    // Another function says the key of the table whose changes invoke this one.
    for table in entry.triggers.iter().filter_map(table_of_trigger) {
        let is_table = |used: &&ResourceUse| used.kind == "table" && used.name == table;
        if !resources.iter().any(|used| is_table(&used)) {
            resources.extend(all().find(is_table).map(with_key));
        }
    }
    resources
}

/// Returns the table of the app whose changes invoke the function.
fn table_of_trigger(trigger: &Trigger) -> Option<&str> {
    match trigger {
        Trigger::Stream(stream) => stream.table_of_app(),
        _ => None,
    }
}

/// Returns the variables with which a function finds what it uses.
pub(crate) fn variables(stage: &StageContext, entry: &ManifestEntry) -> BTreeMap<String, String> {
    let resources = entry.uses.iter().flatten().filter_map(Use::resource);
    resources.map(|resource| (resource.variable.clone(), resource.value_in(stage))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    fn entry(uses: &Value, triggers: &Value) -> ManifestEntry {
        let mut entry = json!({
            "runtime": "python3.13", "handler": "x", "architecture": "x86_64", "memory": 256, "timeout": 30,
            "environment": {}, "secrets": {}, "invokes": [], "retries": 2, "event_age": 21600, "on_failure": null,
            "recursion": "terminate", "concurrency": null, "log_retention": 30, "layers": [], "code": null,
            "layer": null, "triggers": triggers
        });
        if !uses.is_null() {
            entry["uses"] = uses.clone();
        }
        let manifest = json!({
            "version": 3, "app": "shop", "profile": "release", "endpoint": null, "workers": { "counter": entry }
        });
        Manifest::parse(&manifest.to_string(), "dev").expect("a manifest").workers["counter"].clone()
    }

    fn bucket_trigger() -> Value {
        json!([{ "bucket": "uploads", "prefix": "in/", "suffix": ".png", "events": ["created"] }])
    }

    #[test]
    fn functions_that_say_nothing_get_nothing() {
        let entry = entry(&Value::Null, &bucket_trigger());
        assert_eq!((statements(&stage(), &entry), variables(&stage(), &entry)), (Vec::new(), BTreeMap::new()));
    }

    #[test]
    fn objects_of_a_trigger_are_readable_without_being_said() {
        let statements = statements(&stage(), &entry(&json!([]), &bucket_trigger()));
        assert_eq!(
            statements,
            [json!({
                "Effect": "Allow", "Action": ["s3:GetObject"], "Sid": "Use1",
                "Resource": ["arn:aws:s3:::shop-dev-uploads-123456789012-eu-west-1/in/*.png"]
            })]
        );
    }

    #[test]
    fn uses_become_exact_statements_and_variables() {
        let uses = json!([
            {
                "kind": "table", "name": "orders", "access": "read", "is_of_app": true,
                "arn": "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders",
                "grants": [{ "actions": ["dynamodb:GetItem"], "suffixes": ["", "/index/*"] }],
                "variable": "SHOP_TABLE_ORDERS", "value": "{prefix}orders"
            },
            {
                "kind": "bucket", "name": "up_loads", "access": "write", "is_of_app": true, "arn": null,
                "grants": [{ "actions": ["s3:PutObject"], "suffixes": ["/*"] }],
                "variable": "SHOP_BUCKET_UP_LOADS", "value": null
            },
            {
                "kind": "queue", "name": "jobs", "access": "send", "is_of_app": true,
                "arn": "arn:{partition}:sqs:{region}:{account}:{prefix}jobs",
                "grants": [{ "actions": ["sqs:SendMessage"], "suffixes": [""] }],
                "variable": "SHOP_QUEUE_URL_JOBS", "value": null
            },
            { "statement": { "Sid": "Mail", "Action": ["ses:SendEmail"], "Resource": ["*"] } }
        ]);
        let entry = entry(&uses, &json!([]));
        let statements: Vec<String> = statements(&stage(), &entry)
            .iter()
            .map(|each| format!("{} {} {} {}", each["Sid"], each["Effect"], each["Action"], each["Resource"]))
            .collect();
        assert_eq!(
            statements,
            [
                r#""Use1" "Allow" ["dynamodb:GetItem"] ["arn:aws:dynamodb:eu-west-1:123456789012:table/shop-dev-orders","arn:aws:dynamodb:eu-west-1:123456789012:table/shop-dev-orders/index/*"]"#,
                r#""Use2" "Allow" ["s3:PutObject"] ["arn:aws:s3:::shop-dev-up-loads-123456789012-eu-west-1/*"]"#,
                r#""Use3" "Allow" ["sqs:SendMessage"] ["arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs"]"#,
                r#""Mail" "Allow" ["ses:SendEmail"] ["*"]"#,
            ]
        );
        let variables: Vec<String> =
            variables(&stage(), &entry).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            variables,
            [
                "SHOP_BUCKET_UP_LOADS=shop-dev-up-loads-123456789012-eu-west-1",
                "SHOP_QUEUE_URL_JOBS=https://sqs.eu-west-1.amazonaws.com/123456789012/shop-dev-jobs",
                "SHOP_TABLE_ORDERS=shop-dev-orders",
            ]
        );
    }
}

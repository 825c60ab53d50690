//! The actions and tables of a request to DynamoDB or DynamoDB Streams (Service Authorization Reference, "Actions, resources,
//! and condition keys for Amazon DynamoDB").

use serde_json::Value;

use super::super::local_resources::LocalResources;
use super::super::required_right::RequiredRight;

/// Operations on no single table.
const ACCOUNT_OPERATIONS: [&str; 8] = [
    "DescribeEndpoints",
    "DescribeLimits",
    "ListBackups",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "ListStreams",
    "ListTables",
];

/// Returns what `operation` with these parameters needs.
pub(super) fn required(resources: &LocalResources, operation: &str, params: &Value) -> Vec<RequiredRight> {
    let action = format!("dynamodb:{operation}");
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = params["RequestItems"].as_object().into_iter().flat_map(serde_json::Map::keys);
            tables.map(|table| RequiredRight::new(&*action, table_arn(resources, table))).collect()
        }
        "TransactGetItems" | "TransactWriteItems" => {
            let items = params["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object);
            let required = |(kind, item): (&String, &Value)| {
                let name = match kind.as_str() {
                    "Get" => "GetItem",
                    "Put" => "PutItem",
                    "Update" => "UpdateItem",
                    "Delete" => "DeleteItem",
                    "ConditionCheck" => "ConditionCheckItem",
                    _ => return None,
                };
                let table = item["TableName"].as_str()?;
                Some(RequiredRight::new(format!("dynamodb:{name}"), table_arn(resources, table)))
            };
            items.flatten().filter_map(required).collect()
        }
        "ExecuteStatement" => vec![of_statement(params)],
        "BatchExecuteStatement" => params["Statements"].as_array().into_iter().flatten().map(of_statement).collect(),
        "ExecuteTransaction" => {
            params["TransactStatements"].as_array().into_iter().flatten().map(of_statement).collect()
        }
        _ if ACCOUNT_OPERATIONS.contains(&operation) => vec![RequiredRight::new(action, "*")],
        _ => {
            let stream = ["StreamArn", "ResourceArn"].iter().find_map(|name| params[*name].as_str());
            let table = params["TableName"].as_str().map(|table| table_arn(resources, table));
            let table = match params["IndexName"].as_str().filter(|_| ["Query", "Scan"].contains(&operation)) {
                Some(index) => table.map(|table| format!("{table}/index/{index}")),
                None => table,
            };
            // `GetRecords` has only an iterator.
            let resource = table.or_else(|| stream.map(str::to_owned));
            vec![RequiredRight { action, resource }]
        }
    }
}

/// Returns what a statement of PartiQL needs. Its table is not read.
fn of_statement(params: &Value) -> RequiredRight {
    let statement = params["Statement"].as_str().unwrap_or_default().trim_start();
    let verb = statement.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let name = match verb.to_ascii_uppercase().as_str() {
        "INSERT" => "Insert",
        "UPDATE" => "Update",
        "DELETE" => "Delete",
        _ => "Select",
    };
    RequiredRight::on_unknown_resource(format!("dynamodb:PartiQL{name}"))
}

/// Returns the ARN of a table. An ARN stays as it is.
fn table_arn(resources: &LocalResources, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    resources.arn("dynamodb", &format!("table/{name}"))
}

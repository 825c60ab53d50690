//! Creates an app's tables with their streams, and its Kinesis streams, in a server on this machine, for `cargo bedrock dev`.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{BillingMode, KeySchemaElement, KeyType, StreamSpecification, StreamViewType};
use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails};
use bedrock_build::{App, triggers, uses};
use bedrock_diagnostics::{Error, Result};

use crate::apply::resources::table_schema;
use crate::aws::{Idempotency, call, http_client, ok_if_exists, optional};
use crate::uses::{KeyAttribute, TableKey};

/// Creates the tables and Kinesis streams of `app` that do not exist yet at `endpoint_url`, such as ministack or DynamoDB
/// Local. Tables that invoke workers get a stream. Returns the new ones: ``table `shop-local-orders` ``. Blocks until they can be used.
///
/// # Errors
///
/// If the server does not respond as DynamoDB or Kinesis do, or if a table exists with another key.
pub fn create_local_tables(app: &App, endpoint_url: &str, region: &str) -> Result<Vec<String>> {
    let tables: BTreeMap<String, TableKey> =
        app.local_tables().into_iter().map(|(name, key)| (name, table_key(key))).collect();
    let streams = app.local_streams();
    if tables.is_empty() && streams.is_empty() {
        return Ok(Vec::new());
    }
    // Servers on this machine accept any credentials; DynamoDB Local keeps the tables of each access key apart.
    let credentials = Credentials::new("test", "test", None, None, "cargo bedrock dev");
    let view_types = app.local_table_streams();
    let kinesis = kinesis_client(endpoint_url, region, credentials.clone())?;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(credentials)
        .endpoint_url(endpoint_url)
        .http_client(http_client()?)
        .region(Region::new(region.to_owned()))
        .build();
    let client = Client::from_conf(config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the runtime for requests to DynamoDB", &error))?;
    runtime.block_on(async {
        let mut created = Vec::new();
        for (name, key) in tables {
            let view_type = view_types.get(&name).copied();
            if create_if_missing(&client, &name, &key, endpoint_url).await? {
                created.push(format!("table `{name}`"));
            }
            if let Some(view_type) = view_type {
                enable_stream(&client, &name, view_type, endpoint_url).await?;
            }
        }
        for name in streams {
            if create_stream_if_missing(&kinesis, &name, endpoint_url).await? {
                created.push(format!("stream `{name}`"));
            }
        }
        Ok(created)
    })
}

fn kinesis_client(endpoint_url: &str, region: &str, credentials: Credentials) -> Result<aws_sdk_kinesis::Client> {
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(credentials)
        .endpoint_url(endpoint_url)
        .http_client(http_client()?)
        .region(Region::new(region.to_owned()))
        .build();
    Ok(aws_sdk_kinesis::Client::from_conf(config))
}

/// Creates a Kinesis stream. Returns `false` if it exists.
async fn create_stream_if_missing(client: &aws_sdk_kinesis::Client, name: &str, endpoint_url: &str) -> Result<bool> {
    let message = || format!("failed to create the stream `{name}` at {endpoint_url}");
    let request = || client.describe_stream_summary().stream_name(name).send();
    let existing = optional(call(Idempotency::Idempotent, request).await);
    if existing.map_err(|error| error.into_call_error(message()))?.is_some() {
        return Ok(false);
    }
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build();
    let mode = mode.map_err(|error| Error::app(message()).cause(error.to_string()))?;
    let request = || client.create_stream().stream_name(name).stream_mode_details(mode.clone()).send();
    let created = ok_if_exists(call(Idempotency::NotIdempotent, request).await);
    created.map_err(|error| error.into_call_error(message()))?;
    Ok(true)
}

/// Enables the stream of a table, unless it has one.
async fn enable_stream(
    client: &Client,
    name: &str,
    view_type: triggers::StreamViewType,
    endpoint_url: &str,
) -> Result<()> {
    let message = || format!("failed to enable the stream of the table `{name}` at {endpoint_url}");
    let request = || client.describe_table().table_name(name).send();
    let table = call(Idempotency::Idempotent, request).await.map_err(|error| error.into_call_error(message()))?.table;
    let specification = table.as_ref().and_then(|table| table.stream_specification());
    if specification.is_some_and(StreamSpecification::stream_enabled) {
        return Ok(());
    }
    let specification = StreamSpecification::builder().stream_enabled(true);
    let specification = specification.stream_view_type(StreamViewType::from(view_type.as_str())).build();
    let specification = specification.map_err(|error| Error::app(message()).cause(error.to_string()))?;
    let request = || client.update_table().table_name(name).stream_specification(specification.clone()).send();
    call(Idempotency::Idempotent, request).await.map_err(|error| error.into_call_error(message()))?;
    Ok(())
}

/// Creates a table. Returns `false` if it exists.
async fn create_if_missing(client: &Client, name: &str, key: &TableKey, endpoint_url: &str) -> Result<bool> {
    let message = || format!("failed to create the table `{name}` at {endpoint_url}");
    let request = || client.describe_table().table_name(name).send();
    let existing = optional(call(Idempotency::Idempotent, request).await);
    let existing = existing.map_err(|error| error.into_call_error(message()))?;
    let (attributes, schema) = table_schema(key).map_err(|error| Error::app(message()).cause(error))?;
    if let Some(table) = existing.and_then(|response| response.table) {
        return if has_key(table.key_schema(), &schema) {
            Ok(false)
        } else {
            Err(Error::app(message()).cause("it exists with another key than in the settings").help(format!(
                "delete it with `aws dynamodb delete-table --table-name {name} --endpoint-url {endpoint_url}`"
            )))
        };
    }
    let request = || {
        let table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        table.set_attribute_definitions(Some(attributes.clone())).set_key_schema(Some(schema.clone())).send()
    };
    let created = ok_if_exists(call(Idempotency::NotIdempotent, request).await);
    created.map_err(|error| error.into_call_error(message()))?;
    Ok(true)
}

fn has_key(existing: &[KeySchemaElement], wanted: &[KeySchemaElement]) -> bool {
    let attribute = |schema: &[KeySchemaElement], kind: &KeyType| {
        schema.iter().find(|element| element.key_type() == kind).map(|element| element.attribute_name().to_owned())
    };
    [KeyType::Hash, KeyType::Range].iter().all(|kind| attribute(existing, kind) == attribute(wanted, kind))
}

fn table_key(key: &uses::TableKey) -> TableKey {
    let attribute =
        |attribute: &uses::KeyAttribute| KeyAttribute { name: attribute.name.clone(), kind: attribute.kind.to_owned() };
    TableKey { partition: attribute(&key.partition), sort: key.sort.as_ref().map(attribute) }
}

//! The table of allowed and denied requests: what a function may do whose `uses` have each word for access once, in two halves,
//! and programs that send these requests from inside functions. The same table holds in `dev` and for the policies of `deploy`.

use serde_json::{Value, json};

/// Settings of the two functions, as `uses` says them.
pub const READER_USES: &str = r#"[
    { table = "orders", access = "read", key = "id" }, { bucket = "pictures", access = "read" },
    { queue = "jobs.fifo", access = "receive" }, { stream = "clicks", access = "read" },
    { secret = "stripe" }, { parameter = "/flags", access = "read" },
    { topic = "news" }, { bus = "audit" },
    { key = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-4111-8111-111111111111", access = "decrypt" },
    { key = "arn:aws:kms:us-east-1:000000000000:key/22222222-2222-4222-8222-222222222222", access = "sign" },
]"#;
/// The other half.
pub const WRITER_USES: &str = r#"[
    { table = "orders", access = "write" }, { bucket = "pictures", access = "write" },
    { queue = "jobs.fifo", access = "send" }, { stream = "clicks", access = "put" },
    { topic = "alerts" }, { bus = "sales" }, { parameter = "/flags", access = "write" },
    { key = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-4111-8111-111111111111", access = "encrypt" },
]"#;
/// The key in the settings for data, and the one for signatures. A test whose keys must exist replaces them.
pub const KEYS: [&str; 2] = [
    "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-4111-8111-111111111111",
    "arn:aws:kms:us-east-1:000000000000:key/22222222-2222-4222-8222-222222222222",
];
/// Sends the requests in `rows` of its event with boto3: `handler(event, context)`. Returns the code of the error of each, or null.
pub const PYTHON: &str = include_str!("../access_table/calls.py");
/// The same for Node.js: `handler(event)`, whose event also has the folder `sdk` of AWS's SDK.
pub const JAVASCRIPT: &str = include_str!("../access_table/calls.cjs");
/// The same as a Rust worker whose type is called `WORKER`.
///
/// It needs [`RUST_DEPENDENCIES`].
pub const RUST: &str = include_str!("../access_table/calls.rs");
/// What to append to the manifest of that worker.
pub const RUST_DEPENDENCIES: &str = "\n[dependencies.serde_json]\nversion = \"1\"\n\n[dependencies.ring]\nversion = \"0.17\"\ndefault-features = false\n";

/// A request of the table.
#[derive(Debug, Clone)]
pub struct AccessRow {
    /// The only function that may send it: `reader`, `writer`. `None` if neither may.
    pub function: Option<String>,
    /// The right that it needs: `dynamodb:GetItem`.
    pub action: String,
    /// The row with boto3's names, for the programs.
    pub request: Value,
}

/// Returns the rows of the table, in the order in which they are sent.
pub fn access_rows() -> Vec<AccessRow> {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../access_table/table.json")).expect("a table");
    let row = |request: Value| AccessRow {
        function: request["function"].as_str().map(str::to_owned),
        action: request["action"].as_str().expect("an action").to_owned(),
        request,
    };
    rows.into_iter().map(row).collect()
}

/// Returns the values of the variables in the rows, in a stage: those of the functions that do not use a resource.
pub fn access_names(stage: &str, account: &str, queue_url: &str, bucket: &str) -> Value {
    json!({
        "SHOP_TABLE_ORDERS": format!("shop-{stage}-orders"), "SHOP_BUCKET_PICTURES": bucket,
        "SHOP_QUEUE_URL_JOBS_FIFO": queue_url, "SHOP_BUS_SALES": format!("shop-{stage}-sales"),
        "SHOP_TOPIC_ARN_ALERTS": format!("arn:aws:sns:us-east-1:{account}:shop-{stage}-alerts"),
        "SHOP_STREAM_CLICKS": format!("shop-{stage}-clicks"), "SHOP_SECRET_STRIPE": "stripe",
        "SHOP_PARAMETER_FLAGS": "/flags", "DATA_KEY": KEYS[0], "SIGNING_KEY": KEYS[1],
        "OTHER_KEY": "arn:aws:kms:us-east-1:000000000000:key/33333333-3333-4333-8333-333333333333"
    })
}

/// Compares the responses of a function with the table. Returns a line for each difference.
pub fn access_differences(function: &str, rows: &[AccessRow], codes: &Value) -> Vec<String> {
    let codes = codes.as_array().cloned().unwrap_or_default();
    if codes.len() != rows.len() {
        return vec![format!("{function}: {} responses to {} requests", codes.len(), rows.len())];
    }
    let pairs = rows.iter().zip(&codes).filter_map(|(row, code)| {
        let is_allowed = row.function.as_deref() == Some(function);
        let is_denied = code.as_str().is_some_and(is_denial);
        let request = format!("{} ({})", row.action, row.request["operation"].as_str().unwrap_or_default());
        (is_allowed == is_denied).then(|| format!("{function}: {request}: {code}"))
    });
    pairs.collect()
}

/// Returns whether an error code means that a right is missing.
pub fn is_denial(code: &str) -> bool {
    code.contains("AccessDenied") || ["AuthorizationError", "NotAuthorized"].contains(&code)
}

//! What each function may do on AWS, and nothing else: write its own log, call its callees, and hand failed events on. The
//! same statements as in the app's `terraform/manifest/policies.tf`.

use serde_json::{Value, json};

use super::stage::Site;

/// Characters of all of a role's own policies together.
const OWN: usize = 10_240;
/// A managed policy has 6,144 characters, a callee at most 264.
const CALLEES_IN_A_POLICY: usize = 20;
/// Kinds of destinations that `on-failure` may name, by the service in their ARN, and what it takes to use them.
const DESTINATIONS: [(&str, &str); 4] = [
    ("events", "events:PutEvents"),
    ("lambda", "lambda:InvokeFunction"),
    ("sns", "sns:Publish"),
    ("sqs", "sqs:SendMessage"),
];

/// The documents of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policies {
    /// In the role itself.
    pub(crate) own: Value,
    /// Beside it, where the callees are too many for the role's own.
    pub(crate) managed: Vec<Value>,
}

/// Who may take the role.
pub(crate) fn trust() -> Value {
    document(&[json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" }
    })])
}

/// What it takes to hand failed events to `arn`; none if it is no destination for them.
pub(crate) fn destination_action(arn: &str) -> Option<&'static str> {
    let service = arn.split(':').nth(2)?;
    DESTINATIONS.iter().find(|(name, _)| *name == service).map(|(_, action)| *action)
}

/// The rights of the function `key`, which calls `callees`.
pub(crate) fn policies(site: &Site, key: &str, callees: &[&str], on_failure: Option<&str>) -> Policies {
    let place = &site.place;
    let log =
        format!("arn:{}:logs:{}:{}:log-group:{}:*", place.partition, place.region, place.account, site.log_group(key));
    let mut statements = vec![json!({
        "Sid": "Log", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log
    })];
    if let Some((arn, action)) = on_failure.and_then(|arn| Some((arn, destination_action(arn)?))) {
        statements.push(json!({ "Sid": "HandOnFailedEvents", "Effect": "Allow", "Action": action, "Resource": arn }));
    }
    let mut whole = statements.clone();
    if !callees.is_empty() {
        whole.push(call(site, callees));
    }
    let whole = document(&whole);
    if whole.to_string().len() <= OWN {
        return Policies { own: whole, managed: Vec::new() };
    }
    let managed = callees.chunks(CALLEES_IN_A_POLICY).map(|part| document(&[call(site, part)])).collect();
    Policies { own: document(&statements), managed }
}

/// A version or an alias of a function is another resource than the function itself.
fn call(site: &Site, callees: &[&str]) -> Value {
    let arns = callees.iter().map(|callee| site.arn(callee));
    let resources: Vec<String> = arns.flat_map(|arn| [arn.clone(), format!("{arn}:*")]).collect();
    json!({ "Sid": "Call", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resources })
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::example::site;

    #[test]
    fn a_function_writes_its_own_log_and_calls_its_callees() {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:failed";
        let Policies { own, managed } = policies(&site(), "counter", &["reporter"], Some(queue));
        assert_eq!(
            own["Statement"],
            json!([
                {
                    "Sid": "Log", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/shop-dev-counter:*"
                },
                { "Sid": "HandOnFailedEvents", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue },
                {
                    "Sid": "Call", "Effect": "Allow", "Action": "lambda:InvokeFunction",
                    "Resource": [
                        "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-reporter",
                        "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-reporter:*"
                    ]
                }
            ])
        );
        assert_eq!(managed, Vec::<Value>::new());
    }

    #[test]
    fn sixty_callees_go_into_managed_policies_within_their_limits() {
        let names: Vec<String> = (0..60).map(|at| format!("a_worker_with_a_rather_long_name_{at:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Policies { own, managed } = policies(&site(), "endpoint", &names, None);
        assert_eq!((own["Statement"].as_array().map(Vec::len), managed.len()), (Some(1), 3));
        assert!(managed.iter().all(|policy| policy.to_string().len() <= 6_144), "{managed:?}");
        let few = policies(&site(), "endpoint", &names[..20], None);
        assert_eq!(few.managed.len(), 0);
    }
}

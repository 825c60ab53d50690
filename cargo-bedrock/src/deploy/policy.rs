//! What each function may do on AWS, and nothing else: write its own log, call its callees, hand events on, and take the
//! messages of its queues. The same statements as in the app's `terraform/manifest/policies.tf`.

use serde_json::{Value, json};

use super::stage::Site;

/// Characters of all of a role's own policies together.
const OWN: usize = 10_240;
/// A managed policy has 6,144 characters, a callee at most 264.
const CALLEES_IN_A_POLICY: usize = 20;
/// Kinds of destinations that settings may name, by the service in their ARN, and what it takes to use them.
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

/// What a function has to do with others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses<'a> {
    /// Workers.
    pub(crate) callees: Vec<&'a str>,
    /// ARNs of where its events go.
    pub(crate) dead_letter: Option<String>,
    pub(crate) on_failure: Option<String>,
    pub(crate) on_success: Option<String>,
    /// ARNs of queues, sorted.
    pub(crate) queues: Vec<String>,
}

/// Who may take the role.
pub(crate) fn trust() -> Value {
    document(&[json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" }
    })])
}

/// Who may take the role of schedules: Scheduler, for those of the stage alone, whoever asks it to.
pub(crate) fn schedule_trust(site: &Site) -> Value {
    let condition = json!({ "StringEquals": {
        "aws:SourceAccount": site.place.account, "aws:SourceArn": site.schedule_group_arn()
    } });
    document(&[json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "scheduler.amazonaws.com" },
        "Condition": condition
    })])
}

/// What schedules of a worker may do.
pub(crate) fn schedule_rights(site: &Site, key: &str) -> Value {
    document(&[json!({
        "Sid": "Invoke", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": site.arn(key)
    })])
}

/// What it takes to hand events to `arn`; none if it is no destination for them.
pub(crate) fn destination_action(arn: &str) -> Option<&'static str> {
    let service = arn.split(':').nth(2)?;
    DESTINATIONS.iter().find(|(name, _)| *name == service).map(|(_, action)| *action)
}

/// The rights of the function `key`.
pub(crate) fn policies(site: &Site, key: &str, uses: &Uses<'_>) -> Policies {
    let place = &site.place;
    let log =
        format!("arn:{}:logs:{}:{}:log-group:{}:*", place.partition, place.region, place.account, site.log_group(key));
    let mut statements = vec![json!({
        "Sid": "Log", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log
    })];
    let ends = [
        ("HandOnDeadEvents", &uses.dead_letter),
        ("HandOnFailedEvents", &uses.on_failure),
        ("HandOnResults", &uses.on_success),
    ];
    for (sid, arn) in ends {
        if let Some((arn, action)) = arn.as_deref().and_then(|arn| Some((arn, destination_action(arn)?))) {
            statements.push(json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": arn }));
        }
    }
    if !uses.queues.is_empty() {
        let actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        statements
            .push(json!({ "Sid": "TakeMessages", "Effect": "Allow", "Action": actions, "Resource": uses.queues }));
    }
    let callees = &uses.callees[..];
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
        let uses = Uses { callees: vec!["reporter"], on_failure: Some(queue.to_owned()), ..Uses::default() };
        let Policies { own, managed } = policies(&site(), "counter", &uses);
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
        let Policies { own, managed } =
            policies(&site(), "endpoint", &Uses { callees: names.clone(), ..Uses::default() });
        assert_eq!((own["Statement"].as_array().map(Vec::len), managed.len()), (Some(1), 3));
        assert!(managed.iter().all(|policy| policy.to_string().len() <= 6_144), "{managed:?}");
        let few = policies(&site(), "endpoint", &Uses { callees: names[..20].to_vec(), ..Uses::default() });
        assert_eq!(few.managed.len(), 0);
    }

    #[test]
    fn events_are_handed_on_and_messages_taken_and_no_more() {
        let arn = |end: &str| format!("arn:aws:{end}");
        let uses = Uses {
            dead_letter: Some(arn("sns:eu-west-1:123456789012:dead")),
            on_failure: Some(site().arn("reporter")),
            on_success: Some(arn("events:eu-west-1:123456789012:event-bus/done")),
            queues: vec![arn("sqs:eu-west-1:123456789012:shop-dev-jobs")],
            ..Uses::default()
        };
        let own = policies(&site(), "counter", &uses).own;
        let statements: Vec<String> = own["Statement"]
            .as_array()
            .expect("statements")
            .iter()
            .skip(1)
            .map(|each| format!("{} {} {}", each["Sid"], each["Action"], each["Resource"]))
            .collect();
        assert_eq!(
            statements,
            [
                r#""HandOnDeadEvents" "sns:Publish" "arn:aws:sns:eu-west-1:123456789012:dead""#,
                r#""HandOnFailedEvents" "lambda:InvokeFunction" "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-reporter""#,
                r#""HandOnResults" "events:PutEvents" "arn:aws:events:eu-west-1:123456789012:event-bus/done""#,
                r#""TakeMessages" ["sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:ReceiveMessage"] ["arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs"]"#,
            ]
        );
    }

    #[test]
    fn schedules_of_a_stage_may_invoke_one_function() {
        assert_eq!(
            schedule_rights(&site(), "counter")["Statement"][0]["Resource"],
            "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-counter"
        );
        assert_eq!(
            schedule_trust(&site())["Statement"][0]["Condition"]["StringEquals"],
            json!({
                "aws:SourceAccount": "123456789012",
                "aws:SourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/shop-dev"
            })
        );
    }
}

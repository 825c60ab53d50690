//! Topics and rules of event buses as triggers. What may invoke a function is read from its resource policy: the statement for a
//! topic or a rule is added before anything else, and removed last.

use bedrock_build::triggers::DEFAULT_BUS;

mod apply;
mod plan;
mod read;

/// Returns the names of the bus and of the rule in the ARN of a rule.
fn rule_of_arn(arn: &str) -> (&str, &str) {
    let rule = arn.split_once(":rule/").map_or(arn, |(_, rule)| rule);
    rule.rsplit_once('/').unwrap_or((DEFAULT_BUS, rule))
}

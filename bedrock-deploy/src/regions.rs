//! What AWS does not have in all regions.

use bedrock_diagnostics::{Error, Result};

use crate::partitions::dns_suffix;
use crate::stage::{ENDPOINT, StageContext};

/// Commercial regions without function URLs (AWS Lambda Developer Guide, "Creating and managing Lambda function URLs",
/// November 2026).
const REGIONS_WITHOUT_URLS: [&str; 11] = [
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
];
/// Partitions without function URLs.
const PARTITIONS_WITHOUT_URLS: [&str; 1] = ["aws-cn"];

/// Returns an error if the endpoint cannot be deployed because the region has no function URLs.
pub(crate) fn check_function_url(stage: &StageContext) -> Result<()> {
    let env = &stage.env;
    let region = env.region.as_str();
    if !REGIONS_WITHOUT_URLS.contains(&region) && !PARTITIONS_WITHOUT_URLS.contains(&env.partition.as_str()) {
        return Ok(());
    }
    Err(Error::app(format!("the endpoint cannot be deployed: Lambda has no function URLs in `{region}`"))
        .help(
            "choose another region, for example with `--region eu-west-1`, or write `http-api = true` in its settings",
        )
        .help(format!("`--only WORKER` deploys workers without `{ENDPOINT}`")))
}

/// Returns whether event source mappings can have tags.
pub(crate) fn has_mapping_tags(partition: &str) -> bool {
    partition != "aws-cn"
}

/// Returns the URL of a queue by its ARN.
pub(crate) fn queue_url(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [_, partition, _, region, account, name] = parts[..] else { return None };
    Some(format!("https://sqs.{region}.{}/{account}/{name}", dns_suffix(partition)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    #[test]
    fn endpoint_is_refused_where_there_are_no_urls() {
        let in_region = |partition: &str, region: &str| {
            let mut stage = stage();
            stage.env.partition = partition.to_owned();
            stage.env.region = region.to_owned();
            check_function_url(&stage).is_ok()
        };
        assert!(in_region("aws", "eu-west-1") && in_region("aws-us-gov", "us-gov-west-1"));
        for (partition, region) in [("aws", "il-central-1"), ("aws", "ap-southeast-5"), ("aws-cn", "cn-north-1")] {
            assert!(!in_region(partition, region), "{region}");
        }
    }
}

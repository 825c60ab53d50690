//! The buckets that may invoke functions of a stage. Which these are is in the functions' own policies: a statement is made
//! before anything else, and goes last.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::{FilterRuleName, LambdaFunctionConfiguration};
use serde_json::Value;

use super::super::found::FoundBucket;
use super::super::names::{BUCKET_STATEMENT, last};
use super::super::wanted::Notice;
use super::{Look, present};
use crate::aws::{Failure, Repeat, call};
use crate::deploy::stage::{OWNER_TAG, Site};

impl Look<'_> {
    pub(super) async fn buckets(&mut self) -> Result<(), Failure> {
        let mut buckets: BTreeMap<String, FoundBucket> =
            self.wanted.buckets.keys().map(|name| (name.clone(), FoundBucket::default())).collect();
        for key in &self.keys {
            for name in self.permitted(key).await? {
                buckets.entry(name).or_default().permitted.insert(key.clone());
            }
        }
        for (name, mut found) in buckets {
            self.look_into(&name, &mut found).await?;
            self.found.buckets.insert(name, found);
        }
        Ok(())
    }

    /// The buckets that may invoke the function of a worker.
    async fn permitted(&self, key: &str) -> Result<BTreeSet<String>, Failure> {
        let name = self.site.function(key);
        let found = call(Repeat::Always, || self.aws.lambda.get_policy().function_name(&name).send()).await;
        let Some(found) = present(found)? else { return Ok(BTreeSet::new()) };
        let policy: Value = serde_json::from_str(found.policy().unwrap_or_default()).unwrap_or_default();
        let statements = policy["Statement"].as_array().into_iter().flatten();
        let ours =
            statements.filter(|statement| statement["Sid"].as_str().is_some_and(|id| id.starts_with(BUCKET_STATEMENT)));
        Ok(ours.filter_map(source).map(|arn| last(&arn).to_owned()).collect())
    }

    async fn look_into(&mut self, name: &str, found: &mut FoundBucket) -> Result<(), Failure> {
        let s3 = &self.aws.s3;
        if present(call(Repeat::Always, || s3.head_bucket().bucket(name).send()).await)?.is_none() {
            return Ok(());
        }
        found.exists = true;
        let is_to_be_ours = self.wanted.buckets.get(name).is_some_and(|bucket| bucket.own);
        // Of others' buckets nothing is asked but what they tell of.
        if name.starts_with(&self.site.prefix().replace('_', "-")) {
            let tags = present(call(Repeat::Always, || s3.get_bucket_tagging().bucket(name).send()).await)?;
            let tags = tags.map(|answer| answer.tag_set).unwrap_or_default();
            let tags: BTreeMap<String, String> =
                tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            found.own = self.is_ours(&tags);
            // Without tags it was made a moment ago: its name has the account in it.
            if is_to_be_ours && !found.own && tags.contains_key(OWNER_TAG) {
                self.is_in_the_way(format!("bucket `{name}`"), &tags);
            }
        }
        let set = || s3.get_bucket_notification_configuration().bucket(name).send();
        let set = call(Repeat::Always, set).await?;
        found.notices = set.lambda_function_configurations().iter().filter_map(|set| notice(self.site, set)).collect();
        found.notices.sort();
        if found.own && !is_to_be_ours {
            let versions = call(Repeat::Always, || s3.list_object_versions().bucket(name).max_keys(1).send()).await?;
            found.empty = versions.versions().is_empty() && versions.delete_markers().is_empty();
        }
        Ok(())
    }
}

/// The bucket of a statement, whose condition may be written in several ways.
fn source(statement: &Value) -> Option<String> {
    let conditions = statement["Condition"].as_object()?;
    let arn = conditions.values().find_map(|keys| {
        let keys = keys.as_object()?;
        keys.iter().find(|(name, _)| name.eq_ignore_ascii_case("aws:SourceArn")).map(|(_, arn)| arn)
    });
    arn?.as_str().map(str::to_owned)
}

/// What one of our functions hears of; none if it is somebody else's.
fn notice(site: &Site, set: &LambdaFunctionConfiguration) -> Option<Notice> {
    let key = site.key(last(set.lambda_function_arn()))?;
    let is_ours = set.lambda_function_arn() == site.arn(key);
    let rules = set
        .filter()
        .and_then(|filter| filter.key())
        .map(aws_sdk_s3::types::S3KeyFilter::filter_rules)
        .unwrap_or_default();
    let rule = |wanted: &FilterRuleName| {
        let is = |name: &FilterRuleName| name.as_str().eq_ignore_ascii_case(wanted.as_str());
        let rule = rules.iter().find(|rule| rule.name().is_some_and(is));
        rule.and_then(|rule| rule.value()).unwrap_or_default().to_owned()
    };
    let mut events: Vec<String> = set.events().iter().map(|event| event.as_str().to_owned()).collect();
    events.sort();
    is_ours.then(|| Notice {
        key: key.to_owned(),
        prefix: rule(&FilterRuleName::Prefix),
        suffix: rule(&FilterRuleName::Suffix),
        events,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_of_a_statement_is_found_however_the_condition_is_written() {
        for condition in [
            serde_json::json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::a" }, "StringEquals": { "AWS:SourceAccount": "1" } }),
            serde_json::json!({ "StringEquals": { "aws:SourceAccount": "1" }, "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::a" } }),
        ] {
            let statement = serde_json::json!({ "Condition": condition });
            assert_eq!(source(&statement).as_deref(), Some("arn:aws:s3:::a"), "{statement}");
        }
        assert_eq!(source(&serde_json::json!({})), None);
    }
}

//! A bucket of the app, or somebody's, and what it tells of.

use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Event, FilterRule, FilterRuleName,
    LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter, S3KeyFilter, Tag, Tagging,
};

use super::super::names::bucket_statement;
use super::super::wanted::Notice;
use super::{Done, Hand, gone, made};
use crate::aws::{Repeat, call};
use crate::deploy::apply::Stop;
use bedrock_diagnostics::Error;

/// The one region that is not said when a bucket is made.
const FIRST_REGION: &str = "us-east-1";

impl Hand<'_> {
    pub(super) async fn make_bucket(&self, name: &str) -> Done {
        let (s3, region) = (&self.aws.s3, &self.site.place.region);
        let place = (region != FIRST_REGION).then(|| {
            let place = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(place).build()
        });
        let request = || s3.create_bucket().bucket(name).set_create_bucket_configuration(place.clone()).send();
        made(call(Repeat::WhenRefused, request).await)?;
        let tag = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
        let tags: Result<Vec<Tag>, _> = self.pairs().into_iter().map(tag).collect();
        let tags = Tagging::builder().set_tag_set(Some(tags.map_err(unwritten)?)).build().map_err(unwritten)?;
        call(Repeat::UntilThere, || s3.put_bucket_tagging().bucket(name).tagging(tags.clone()).send()).await?;
        Ok(())
    }

    /// S3 invokes for buckets of this account alone: the name of a bucket that is gone may be anybody's next.
    pub(super) async fn permit(&self, key: &str, bucket: &str) -> Done {
        let request = || {
            let permission = self.aws.lambda.add_permission().function_name(self.site.function(key));
            let permission = permission.statement_id(bucket_statement(bucket)).action("lambda:InvokeFunction");
            let permission = permission.principal("s3.amazonaws.com").source_arn(self.site.bucket_arn(bucket));
            permission.source_account(&self.site.place.account).send()
        };
        made(call(Repeat::WhenRefused, request).await)
    }

    pub(super) async fn forbid(&self, key: &str, bucket: &str) -> Done {
        let request = || {
            let permission = self.aws.lambda.remove_permission().function_name(self.site.function(key));
            permission.statement_id(bucket_statement(bucket)).send()
        };
        gone(call(Repeat::Always, request).await)
    }

    /// A bucket has one configuration: what is in it for others stays.
    pub(super) async fn notify(&self, bucket: &str, keys: &[String], notices: &[Notice]) -> Done {
        let s3 = &self.aws.s3;
        let set = || s3.get_bucket_notification_configuration().bucket(bucket).send();
        let set = call(Repeat::UntilThere, set).await?;
        let ours: Vec<String> = keys.iter().map(|key| self.site.arn(key)).collect();
        let others = set.lambda_function_configurations.unwrap_or_default().into_iter();
        let mut functions: Vec<LambdaFunctionConfiguration> =
            others.filter(|other| !ours.iter().any(|arn| arn == other.lambda_function_arn())).collect();
        for notice in notices {
            functions.push(self.told_of(notice)?);
        }
        let whole = NotificationConfiguration::builder()
            .set_topic_configurations(set.topic_configurations)
            .set_queue_configurations(set.queue_configurations)
            .set_event_bridge_configuration(set.event_bridge_configuration)
            .set_lambda_function_configurations(Some(functions))
            .build();
        let put = || {
            let put = s3.put_bucket_notification_configuration().bucket(bucket);
            put.notification_configuration(whole.clone()).send()
        };
        call(Repeat::Always, put).await?;
        Ok(())
    }

    fn told_of(&self, notice: &Notice) -> Result<LambdaFunctionConfiguration, Stop> {
        let rule = |name: FilterRuleName, value: &String| {
            (!value.is_empty()).then(|| FilterRule::builder().name(name).value(value).build())
        };
        let rules = [rule(FilterRuleName::Prefix, &notice.prefix), rule(FilterRuleName::Suffix, &notice.suffix)];
        let rules: Vec<FilterRule> = rules.into_iter().flatten().collect();
        let filter = (!rules.is_empty()).then(|| {
            let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
            NotificationConfigurationFilter::builder().key(key).build()
        });
        let events = notice.events.iter().map(|event| Event::from(event.as_str())).collect();
        let told = LambdaFunctionConfiguration::builder().lambda_function_arn(self.site.arn(&notice.key));
        told.set_events(Some(events)).set_filter(filter).build().map_err(unwritten)
    }

    /// S3 refuses if something has come into it.
    pub(super) async fn delete_bucket(&self, name: &str) -> Done {
        gone(call(Repeat::Always, || self.aws.s3.delete_bucket().bucket(name).send()).await)
    }
}

fn unwritten(error: impl std::fmt::Display) -> Stop {
    Error::call("failed to write the request").cause(error.to_string()).into()
}

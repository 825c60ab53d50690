//! What queues, buckets and schedules of a stage are called. The rules are those of the app's `terraform/manifest`.

use crate::deploy::stage::Site;
use crate::pack::Digest;

/// Characters of a bucket's name.
const BUCKET_NAME: usize = 63;
/// Characters of a role's name.
const ROLE_NAME: usize = 64;
/// Hexadecimal digits of a digest that tell names apart.
const DIGITS: usize = 8;
/// What is behind the name of a queue in that of its dead-letter queue.
pub(crate) const DEAD: &str = "-dead";

impl Site {
    /// The group of all schedules of the stage.
    pub(crate) fn schedule_group(&self) -> String {
        format!("{}-{}", self.app, self.stage.as_str())
    }

    pub(crate) fn schedule_group_arn(&self) -> String {
        let place = &self.place;
        let (partition, region, account) = (&place.partition, &place.region, &place.account);
        format!("arn:{partition}:scheduler:{region}:{account}:schedule-group/{}", self.schedule_group())
    }

    /// The role with which the schedules of a worker invoke it.
    pub(super) fn schedule_role(&self, key: &str) -> String {
        shortened(format!("{}-schedule-{}", self.function(key), self.place.region), ROLE_NAME)
    }

    pub(super) fn schedule_role_arn(&self, key: &str) -> String {
        format!("arn:{}:iam::{}:role/{}", self.place.partition, self.place.account, self.schedule_role(key))
    }

    pub(crate) fn queue(&self, name: &str) -> String {
        self.prefix() + name
    }

    /// Of a queue of this account and region by its whole name.
    pub(crate) fn queue_arn(&self, queue: &str) -> String {
        let place = &self.place;
        format!("arn:{}:sqs:{}:{}:{queue}", place.partition, place.region, place.account)
    }

    /// The names of buckets are everybody's, and have no `_`.
    pub(crate) fn bucket_of(&self, name: &str) -> String {
        let long = format!("{}{name}-{}-{}", self.prefix(), self.place.account, self.place.region);
        shortened(long.replace('_', "-"), BUCKET_NAME)
    }

    pub(super) fn bucket_arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", self.place.partition)
    }
}

/// The statement that lets a bucket invoke a function, by its id.
pub(super) fn bucket_statement(bucket: &str) -> String {
    let digest = Digest::of(bucket.as_bytes()).to_string();
    format!("{BUCKET_STATEMENT}{}", digest.get(..16).unwrap_or_default())
}

/// What such ids begin with.
pub(super) const BUCKET_STATEMENT: &str = "bedrock-bucket-";

/// The last part of an ARN; a name is one itself.
pub(crate) fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn shortened(long: String, limit: usize) -> String {
    if long.len() <= limit {
        return long;
    }
    let digest = Digest::of(long.as_bytes()).to_string();
    let kept = limit - DIGITS - 1;
    format!("{}-{}", long.get(..kept).unwrap_or_default(), digest.get(..DIGITS).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::example::site;

    #[test]
    fn names_are_those_of_the_app_s_terraform() {
        let site = site();
        assert_eq!(site.bucket_of("up-loads"), "shop-dev-up-loads-123456789012-eu-west-1");
        assert_eq!(site.schedule_role("counter"), "shop-dev-counter-schedule-eu-west-1");
        assert_eq!(site.queue_arn(&site.queue("jobs")), "arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs");
        assert_eq!(bucket_statement("x"), "bedrock-bucket-2d711642b726b044");
    }

    #[test]
    fn long_names_are_cut_and_told_apart_by_a_digest() {
        let site = site();
        let long = site.bucket_of("pictures-of-everything-that-was-uploaded");
        assert_eq!((long.len(), &long[..55]), (63, "shop-dev-pictures-of-everything-that-was-uploaded-1234-"));
        let role = site.schedule_role("a_worker_whose_name_is_so_long_that_it_b");
        assert_eq!((role.len(), &role[..56]), (64, "shop-dev-a_worker_whose_name_is_so_long_that_it_b-sched-"));
    }
}

//! Checks Amazon Resource Names.

use super::placeholder::STAGE_PLACEHOLDER;

/// Returns whether `text` is an ARN of one of `services` and ends with a name.
pub(super) fn is_arn_of(text: &str, services: &[&str]) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, name] = parts[..] else { return false };
    // Bucket names are globally unique, so ARNs of buckets have neither a region nor an account.
    let has_location = service == "s3" || !(region.is_empty() || account.is_empty());
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    arn == "arn"
        && partition.starts_with("aws")
        && services.contains(&service)
        && has_location
        && !name.is_empty()
        && name.chars().all(is_legal)
}

/// Returns whether `text` is an ARN of `service`, of any kind of resource. Its parts may contain the placeholder of the
/// stage.
pub(super) fn is_staged_arn_of(text: &str, service: &str) -> bool {
    let text = text.replace(STAGE_PLACEHOLDER, "stage");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, found, _, _, name] = parts[..] else { return false };
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    arn == "arn" && partition.starts_with("aws") && found == service && !name.is_empty() && name.chars().all(is_legal)
}

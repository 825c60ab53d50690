//! The names of S3's operations, which messages about missing ones contain.

use axum::http::Method;

/// Parameters that select another operation than the plain one, with what the operation is about.
const SUBRESOURCES: [(&str, &str); 27] = [
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "Acl"),
    ("analytics", "BucketAnalyticsConfiguration"),
    ("attributes", "ObjectAttributes"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("intelligent-tiering", "BucketIntelligentTieringConfiguration"),
    ("inventory", "BucketInventoryConfiguration"),
    ("legal-hold", "ObjectLegalHold"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("metrics", "BucketMetricsConfiguration"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("retention", "ObjectRetention"),
    ("tagging", "Tagging"),
    ("torrent", "ObjectTorrent"),
    ("versioning", "BucketVersioning"),
    ("versionId", "ObjectVersion"),
    ("website", "BucketWebsite"),
];
/// Operations whose names are irregular: method, parameter, whether it is one of an object, name.
const OTHERS: [(&str, &str, bool, &str); 10] = [
    ("GET", "uploads", false, "ListMultipartUploads"),
    ("GET", "versions", false, "ListObjectVersions"),
    ("POST", "delete", false, "DeleteObjects"),
    ("POST", "uploads", true, "CreateMultipartUpload"),
    ("PUT", "uploadId", true, "UploadPart"),
    ("POST", "uploadId", true, "CompleteMultipartUpload"),
    ("DELETE", "uploadId", true, "AbortMultipartUpload"),
    ("GET", "uploadId", true, "ListParts"),
    ("POST", "restore", true, "RestoreObject"),
    ("POST", "select", true, "SelectObjectContent"),
];
/// Parameters of `GetObject`, `PutObject` and so on, in lower case.
const PLAIN_PARAMETERS: [&str; 2] = ["x-id", "partnumber"];
/// Prefixes of such parameters: overridden headers, and those of presigned URLs.
const PLAIN_PREFIXES: [&str; 2] = ["response-", "x-amz-"];
/// Parameters of presigned URLs of signature version 2.
const SIGNATURE_V2: [&str; 3] = ["awsaccesskeyid", "signature", "expires"];

/// Returns the name of the operation that a parameter selects. `None` if the operation is the plain one.
pub(in super::super::super) fn selected_operation(
    method: &Method,
    query: &[(String, String)],
    is_object: bool,
) -> Option<String> {
    query.iter().find_map(|(parameter, _)| operation_of(method, parameter, is_object))
}

fn operation_of(method: &Method, parameter: &str, is_object: bool) -> Option<String> {
    let other = OTHERS.iter().find(|(of, name, object, _)| of == method && *name == parameter && *object == is_object);
    if let Some((.., name)) = other {
        return Some((*name).to_owned());
    }
    let verb = match *method {
        Method::GET | Method::HEAD => "Get",
        Method::DELETE => "Delete",
        _ => "Put",
    };
    if let Some((_, resource)) = SUBRESOURCES.iter().find(|(name, _)| *name == parameter) {
        let owner = match *resource {
            "Acl" | "Tagging" if is_object => "Object",
            "Acl" | "Tagging" => "Bucket",
            _ => "",
        };
        return Some(format!("{verb}{owner}{resource}"));
    }
    let lower = parameter.to_ascii_lowercase();
    let is_plain = PLAIN_PARAMETERS.contains(&lower.as_str())
        || PLAIN_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        || SIGNATURE_V2.contains(&lower.as_str());
    // The parameters of lists are read by the list.
    (is_object && !is_plain).then(|| format!("{verb}Object with the parameter {parameter}"))
}

#[cfg(test)]
mod tests {
    use super::selected_operation;
    use axum::http::Method;

    #[test]
    fn operations_have_the_names_of_the_api() {
        for (method, query, is_object, expected) in [
            (Method::GET, "versioning", false, Some("GetBucketVersioning")),
            (Method::PUT, "acl", false, Some("PutBucketAcl")),
            (Method::GET, "acl", true, Some("GetObjectAcl")),
            (Method::DELETE, "tagging", true, Some("DeleteObjectTagging")),
            (Method::POST, "delete", false, Some("DeleteObjects")),
            (Method::POST, "uploads", true, Some("CreateMultipartUpload")),
            (Method::GET, "uploads", false, Some("ListMultipartUploads")),
            (Method::PUT, "uploadId", true, Some("UploadPart")),
            (Method::GET, "prefix", false, None),
            (Method::GET, "response-content-type", true, None),
            (Method::GET, "X-Amz-Signature", true, None),
            (Method::GET, "AWSAccessKeyId", true, None),
            (Method::GET, "other", true, Some("GetObject with the parameter other")),
        ] {
            let query = [("x-id".to_owned(), String::new()), (query.to_owned(), String::new())];
            assert_eq!(selected_operation(&method, &query, is_object).as_deref(), expected, "{method} {query:?}");
        }
    }
}

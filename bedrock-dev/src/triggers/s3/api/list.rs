//! Lists the objects of a bucket, and the buckets of an app.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Response;
use bedrock_model::date::rfc3339;

use super::super::folder::{Folder, etag};
use super::error::S3Error;
use super::state::{Bucket, S3};
use super::xml::Element;

/// Maximum number of keys and prefixes in a response.
const MAX_KEYS: usize = 1000;

/// `ListBuckets`
pub(super) fn buckets(s3: &S3) -> Response<Body> {
    let buckets = s3.buckets.iter().map(|bucket| {
        // The AWS CLI requires a creation date.
        let modified = bucket.root.metadata().and_then(|metadata| metadata.modified());
        Element::new("Bucket")
            .with(Element::text("Name", &bucket.name))
            .with(Element::text("CreationDate", modified.map(rfc3339).unwrap_or_default()))
    });
    let buckets = Element::new("Buckets").with_all(buckets);
    Element::new("ListAllMyBucketsResult").with_namespace().with(buckets).into_response()
}

/// `ListObjectsV2`
pub(super) fn objects(bucket: &Bucket, query: &[(String, String)]) -> Result<Response<Body>, S3Error> {
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if parameter("list-type") != Some("2") {
        return Err(S3Error::not_implemented("ListObjects of version 1"));
    }
    let max_keys = parameter("max-keys").map_or(Ok(MAX_KEYS), str::parse);
    let max_keys = max_keys.map_err(|_| S3Error::invalid_argument("`max-keys` must be a number"))?;
    let is_url_encoded = parameter("encoding-type") == Some("url");
    let request = ListObjectsRequest {
        prefix: parameter("prefix").unwrap_or_default(),
        delimiter: parameter("delimiter").filter(|delimiter| !delimiter.is_empty()),
        // The token is the last key of the previous page. It takes precedence over the start of the first page.
        after: parameter("continuation-token").or(parameter("start-after")).unwrap_or_default(),
        max_keys: max_keys.min(MAX_KEYS),
    };
    let page = request.page(Folder::open(bucket.root.clone()).keys());
    let encode = |text: &str| -> String {
        if is_url_encoded { form_urlencoded::byte_serialize(text.as_bytes()).collect() } else { text.to_owned() }
    };
    let key_count = page.keys.len() + page.prefixes.len();
    let contents = page.keys.iter().filter_map(|key| object(bucket, key, encode(key)));
    let prefixes = page.prefixes.iter().map(|prefix| {
        let prefix = Element::text("Prefix", encode(prefix));
        Element::new("CommonPrefixes").with(prefix)
    });
    let result = Element::new("ListBucketResult")
        .with_namespace()
        .with(Element::text("Name", &bucket.name))
        .with(Element::text("Prefix", encode(request.prefix)))
        .with_all(request.delimiter.map(|delimiter| Element::text("Delimiter", encode(delimiter))))
        .with_all(is_url_encoded.then(|| Element::text("EncodingType", "url")))
        .with(Element::text("MaxKeys", request.max_keys.to_string()))
        .with(Element::text("KeyCount", key_count.to_string()))
        .with(Element::text("IsTruncated", page.next.is_some().to_string()))
        .with_all(contents)
        .with_all(prefixes)
        .with_all(page.next.as_ref().map(|next| Element::text("NextContinuationToken", next)));
    Ok(result.into_response())
}

/// Returns the element of an object, or `None` if its file has been deleted in the meantime.
fn object(bucket: &Bucket, key: &str, encoded_key: String) -> Option<Element> {
    let path = bucket.root.join(key);
    let metadata = path.metadata().ok()?;
    let etag = etag(&path).ok()?;
    let element = Element::new("Contents")
        .with(Element::text("Key", encoded_key))
        .with(Element::text("LastModified", metadata.modified().map(rfc3339).unwrap_or_default()))
        .with(Element::text("ETag", format!("\"{etag}\"")))
        .with(Element::text("Size", metadata.len().to_string()))
        .with(Element::text("StorageClass", "STANDARD"));
    Some(element)
}

/// The parameters of `ListObjectsV2`.
struct ListObjectsRequest<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    after: &'a str,
    max_keys: usize,
}

/// One page of the result.
#[derive(Debug, Default, PartialEq, Eq)]
struct ListObjectsPage {
    keys: Vec<String>,
    prefixes: BTreeSet<String>,
    /// The continuation token of the next page.
    next: Option<String>,
}

impl ListObjectsRequest<'_> {
    /// Returns the page of sorted keys.
    fn page<'k>(&self, keys: impl Iterator<Item = &'k str>) -> ListObjectsPage {
        let mut page = ListObjectsPage::default();
        let mut last = None;
        for key in keys.filter(|key| key.starts_with(self.prefix)) {
            let rest = &key[self.prefix.len()..];
            let folder = self.delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
            let listed = folder.map_or(key, |end| &key[..self.prefix.len() + end]);
            if listed <= self.after || page.prefixes.contains(listed) {
                continue;
            }
            if page.keys.len() + page.prefixes.len() == self.max_keys {
                page.next = last;
                return page;
            }
            last = Some(listed.to_owned());
            if folder.is_some() {
                page.prefixes.insert(listed.to_owned());
            } else {
                page.keys.push(listed.to_owned());
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::{ListObjectsPage, ListObjectsRequest};

    const KEYS: [&str; 5] = ["a.txt", "in/1.png", "in/2.png", "in/deep/3.png", "z.txt"];

    fn page(prefix: &str, delimiter: Option<&str>, after: &str, max_keys: usize) -> ListObjectsPage {
        ListObjectsRequest { prefix, delimiter, after, max_keys }.page(KEYS.into_iter())
    }

    fn expected(keys: &[&str], prefixes: &[&str], next: Option<&str>) -> ListObjectsPage {
        ListObjectsPage {
            keys: keys.iter().map(ToString::to_string).collect(),
            prefixes: prefixes.iter().map(ToString::to_string).collect(),
            next: next.map(str::to_owned),
        }
    }

    #[test]
    fn keys_are_listed_by_prefix_delimiter_and_page() {
        assert_eq!(page("", None, "", 1000), expected(&KEYS, &[], None));
        assert_eq!(page("", Some("/"), "", 1000), expected(&["a.txt", "z.txt"], &["in/"], None));
        assert_eq!(page("in/", Some("/"), "", 1000), expected(&["in/1.png", "in/2.png"], &["in/deep/"], None));
        assert_eq!(page("", Some("/"), "", 2), expected(&["a.txt"], &["in/"], Some("in/")));
        assert_eq!(page("", Some("/"), "in/", 2), expected(&["z.txt"], &[], None));
        assert_eq!(page("", None, "in/1.png", 2), expected(&["in/2.png", "in/deep/3.png"], &[], Some("in/deep/3.png")));
        assert_eq!(page("nothing", None, "", 2), ListObjectsPage::default());
        assert_eq!(page("", None, "", 0), expected(&[], &[], None));
    }
}

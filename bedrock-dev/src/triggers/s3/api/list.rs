//! The objects of a bucket, and the buckets of an app.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Response;
use bedrock::local::rfc3339;

use super::super::folder::{Folder, etag};
use super::error::{S3Error, escaped, xml};
use super::server::{Bucket, S3};

/// Keys of one answer.
const MOST: usize = 1000;
const XMLNS: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// `ListBuckets`
pub(super) fn buckets(s3: &S3) -> Response<Body> {
    let name = |bucket: &Bucket| {
        // The AWS CLI wants to show one.
        let made = bucket.root.metadata().and_then(|found| found.modified()).map(rfc3339).unwrap_or_default();
        format!("<Bucket><Name>{}</Name><CreationDate>{made}</CreationDate></Bucket>", escaped(&bucket.name))
    };
    let names: String = s3.buckets.iter().map(name).collect();
    xml(&format!("<ListAllMyBucketsResult xmlns=\"{XMLNS}\"><Buckets>{names}</Buckets></ListAllMyBucketsResult>"))
}

/// `ListObjectsV2`
pub(super) fn objects(bucket: &Bucket, query: &[(String, String)]) -> Result<Response<Body>, S3Error> {
    let of = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if of("list-type") != Some("2") {
        return Err(S3Error::unknown("ListObjects of version 1"));
    }
    let most =
        of("max-keys").map_or(Ok(MOST), str::parse).map_err(|_| S3Error::invalid("`max-keys` must be a number"))?;
    let is_encoded = of("encoding-type") == Some("url");
    let folder = Folder::open(bucket.root.clone());
    let wish = ListObjectsRequest {
        prefix: of("prefix").unwrap_or_default(),
        delimiter: of("delimiter").filter(|delimiter| !delimiter.is_empty()),
        // The last key of the answer before; it goes before where the first one was to begin.
        after: of("continuation-token").or(of("start-after")).unwrap_or_default(),
        most: most.min(MOST),
    };
    let page = wish.page(folder.keys());
    let shown = |text: &str| {
        if is_encoded { form_urlencoded::byte_serialize(text.as_bytes()).collect() } else { escaped(text) }
    };
    let mut contents = String::new();
    for key in &page.keys {
        let path = bucket.root.join(key);
        // It may be gone by now.
        let (Ok(found), Ok(etag)) = (path.metadata(), etag(&path)) else { continue };
        let changed = found.modified().map(rfc3339).unwrap_or_default();
        let _ = write!(
            contents,
            "<Contents><Key>{}</Key><LastModified>{changed}</LastModified><ETag>&quot;{etag}&quot;</ETag>\
             <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            shown(key),
            found.len()
        );
    }
    for prefix in &page.prefixes {
        let _ = write!(contents, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", shown(prefix));
    }
    if let Some(next) = &page.next {
        let _ = write!(contents, "<NextContinuationToken>{}</NextContinuationToken>", escaped(next));
    }
    let delimiter = wish.delimiter.map(|text| format!("<Delimiter>{}</Delimiter>", shown(text))).unwrap_or_default();
    let encoding = if is_encoded { "<EncodingType>url</EncodingType>" } else { "" };
    Ok(xml(&format!(
        "<ListBucketResult xmlns=\"{XMLNS}\"><Name>{}</Name><Prefix>{}</Prefix>{delimiter}{encoding}\
         <MaxKeys>{}</MaxKeys><KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>{contents}</ListBucketResult>",
        escaped(&bucket.name),
        shown(wish.prefix),
        wish.most,
        page.keys.len() + page.prefixes.len(),
        page.next.is_some(),
    )))
}

/// What a caller wants to see of the keys.
struct ListObjectsRequest<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    after: &'a str,
    most: usize,
}

/// What it sees.
#[derive(Debug, Default, PartialEq, Eq)]
struct ListObjectsPage {
    keys: Vec<String>,
    prefixes: BTreeSet<String>,
    /// Where the next page begins.
    next: Option<String>,
}

impl ListObjectsRequest<'_> {
    /// Of keys in their order.
    fn page<'k>(&self, keys: impl Iterator<Item = &'k str>) -> ListObjectsPage {
        let mut page = ListObjectsPage::default();
        let mut last = None;
        for key in keys.filter(|key| key.starts_with(self.prefix)) {
            let rest = &key[self.prefix.len()..];
            let folder = self.delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
            let shown = folder.map_or(key, |end| &key[..self.prefix.len() + end]);
            if shown <= self.after || page.prefixes.contains(shown) {
                continue;
            }
            if page.keys.len() + page.prefixes.len() == self.most {
                page.next = last;
                return page;
            }
            last = Some(shown.to_owned());
            if folder.is_some() {
                page.prefixes.insert(shown.to_owned());
            } else {
                page.keys.push(shown.to_owned());
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::{ListObjectsPage, ListObjectsRequest};

    const KEYS: [&str; 5] = ["a.txt", "in/1.png", "in/2.png", "in/deep/3.png", "z.txt"];

    fn page(prefix: &str, delimiter: Option<&str>, after: &str, most: usize) -> ListObjectsPage {
        ListObjectsRequest { prefix, delimiter, after, most }.page(KEYS.into_iter())
    }

    fn expected(keys: &[&str], prefixes: &[&str], next: Option<&str>) -> ListObjectsPage {
        ListObjectsPage {
            keys: keys.iter().map(ToString::to_string).collect(),
            prefixes: prefixes.iter().map(ToString::to_string).collect(),
            next: next.map(str::to_owned),
        }
    }

    #[test]
    fn keys_are_shown_below_a_prefix_up_to_a_delimiter_and_page_by_page() {
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

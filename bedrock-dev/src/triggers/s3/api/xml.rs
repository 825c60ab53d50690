//! Writes XML responses. Every text passes through [`Element::text`], which escapes it.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{HeaderValue, Response};

use super::super::super::aws_api::{escape_xml, new_uuid};

/// Namespace of S3's responses.
pub(super) const S3_NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// An XML element with a text or with child elements.
pub(super) struct Element {
    name: &'static str,
    namespace: Option<&'static str>,
    /// Escaped.
    content: String,
}

impl Element {
    /// Creates an empty element.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, namespace: None, content: String::new() }
    }

    /// Creates an element with a text.
    pub(super) fn text(name: &'static str, text: impl AsRef<str>) -> Self {
        Self { content: escape_xml(text.as_ref()), ..Self::new(name) }
    }

    /// Sets the namespace of S3's responses.
    pub(super) fn with_namespace(self) -> Self {
        Self { namespace: Some(S3_NAMESPACE), ..self }
    }

    /// Adds a child element.
    pub(super) fn with(self, child: Self) -> Self {
        self.with_all([child])
    }

    /// Adds child elements.
    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        for child in children {
            child.write(&mut self.content);
        }
        self
    }

    /// Returns a response with status 200 and this element as its document.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(&mut document);
        let mut response = Response::new(Body::from(document));
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/xml"));
        with_request_id(response)
    }

    fn write(&self, xml: &mut String) {
        let Self { name, content, .. } = self;
        let namespace = self.namespace.map(|namespace| format!(" xmlns=\"{namespace}\"")).unwrap_or_default();
        let _ = write!(xml, "<{name}{namespace}>{content}</{name}>");
    }
}

/// Adds the header that every response of S3 has.
pub(super) fn with_request_id(mut response: Response<Body>) -> Response<Body> {
    if let Ok(id) = HeaderValue::from_str(&new_uuid()) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn texts_are_escaped_once() {
        let keys = ["a & b", "<c> \"d\""].map(|key| Element::text("Key", key));
        let mut xml = String::new();
        Element::new("Contents").with_all(keys).with(Element::new("Owner")).with_namespace().write(&mut xml);
        assert_eq!(
            xml,
            "<Contents xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Key>a &amp; b</Key>\
             <Key>&lt;c&gt; &quot;d&quot;</Key><Owner></Owner></Contents>"
        );
    }
}

//! Who may send requests to a function URL: what a backend decides, and what it says about the sender.

/// A request of a function URL, as far as its signature covers it.
#[derive(Debug, Clone)]
pub struct UrlRequest<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path, percent-encoded as in the request line.
    pub path: &'a str,
    /// The query without `?`. Empty if there is none.
    pub query: &'a str,
    /// Headers in the order of the request; names in lower case.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The whole body.
    pub body: &'a [u8],
}

/// Who signed a request of a function URL with the authorization `AWS_IAM`: the event's `requestContext.authorizer.iam`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamIdentity {
    /// The access key that signed the request.
    pub access_key: String,
    /// The account of user or role.
    pub account: String,
    /// The id of the user, or of the role and its session.
    pub id: String,
    /// The ARN of the user, or of the session of a role.
    pub arn: String,
}

/// Why a request does not reach the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    /// The function has no URL, with the reason.
    NoUrl(String),
    /// The request is not signed.
    Unsigned,
    /// The signature is not valid.
    Signature {
        /// The exception of AWS: `InvalidSignatureException`.
        exception: &'static str,
        /// AWS's text.
        message: String,
    },
}

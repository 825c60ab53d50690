//! References to functions: a name, a partial ARN or an ARN, with a qualifier in it or as a separate parameter.

use super::api_error::ApiError;

/// The only version of a local function.
pub(super) const LATEST: &str = "$LATEST";
/// The alias of a deployed app. Locally it means the current code.
const LIVE_ALIAS: &str = "live";

/// Maximum length of a name, partial ARN or ARN (Lambda API model, `NamespacedFunctionName`).
const MAX_REFERENCE_LENGTH: usize = 170;

/// A function's name and its qualifier.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FunctionReference<'a> {
    pub(super) name: &'a str,
    pub(super) qualifier: Option<&'a str>,
}

impl<'a> FunctionReference<'a> {
    /// Parses the path segment and the query parameter `Qualifier`.
    pub(super) fn parse(path: &'a str, qualifier: Option<&'a str>) -> Result<Self, ApiError> {
        if path.len() > MAX_REFERENCE_LENGTH {
            let constraint = format!("Member must have length less than or equal to {MAX_REFERENCE_LENGTH}");
            return Err(ApiError::invalid("functionName", path, &constraint));
        }
        let (name, inside) = match path.split_once("function:") {
            Some((before, rest)) if is_arn_prefix(before) => split_qualifier(rest),
            Some(_) => (None, None),
            None if path.starts_with("arn:") => (None, None),
            None => split_qualifier(path),
        };
        let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let Some(name) = name.filter(|name| !name.is_empty() && name.chars().all(is_legal)) else {
            return Err(invalid("functionName", path, NAME_PATTERN));
        };
        if let Some(invalid_qualifier) =
            qualifier.or(inside).filter(|qualifier| !qualifier.chars().all(|c| is_legal(c) || c == '$'))
        {
            return Err(invalid("qualifier", invalid_qualifier, QUALIFIER_PATTERN));
        }
        match (inside, qualifier.filter(|qualifier| !qualifier.is_empty())) {
            (Some(inside), Some(parameter)) if inside != parameter => Err(ApiError::wrong_parameter(
                "The derived qualifier from the function name does not match the specified qualifier.".to_owned(),
            )),
            (inside, parameter) => Ok(Self { name, qualifier: inside.or(parameter) }),
        }
    }

    /// Whether it refers to the current code. Local functions have no other versions.
    pub(super) fn is_latest(&self) -> bool {
        self.qualifier.is_none_or(|qualifier| qualifier == LATEST || qualifier == LIVE_ALIAS)
    }

    /// Returns `arn` with the qualifier, if there is one.
    pub(super) fn qualified(&self, arn: &str) -> String {
        self.qualifier.map_or_else(|| arn.to_owned(), |qualifier| format!("{arn}:{qualifier}"))
    }
}

/// Whether `text` is `arn:aws:lambda:REGION:ACCOUNT:` or `ACCOUNT:`. Any region and account is valid, because ARNs of
/// deployed functions refer to local workers, too.
fn is_arn_prefix(text: &str) -> bool {
    let account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_suffix(':').map(|text| text.split(':').collect::<Vec<_>>()).as_deref() {
        Some(["arn", partition, "lambda", _region, number]) => partition.starts_with("aws") && account(number),
        Some([number]) => account(number),
        None => text.is_empty(),
        Some(_) => false,
    }
}

fn split_qualifier(text: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = text.split(':');
    let name = parts.next();
    let qualifier = parts.next();
    if parts.next().is_some() { (None, None) } else { (name, qualifier) }
}

const NAME_PATTERN: &str = "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
const QUALIFIER_PATTERN: &str = "(|[a-zA-Z0-9$_-]+)";

fn invalid(member: &str, value: &str, pattern: &str) -> ApiError {
    ApiError::invalid(member, value, &format!("Member must satisfy regular expression pattern: {pattern}"))
}

#[cfg(test)]
mod tests {
    use super::FunctionReference;

    fn read(path: &str, qualifier: Option<&str>) -> Result<(String, Option<String>), &'static str> {
        let reference = FunctionReference::parse(path, qualifier).map_err(|error| error.kind)?;
        Ok((reference.name.to_owned(), reference.qualifier.map(str::to_owned)))
    }

    #[test]
    fn names_and_arns_are_parsed_with_and_without_qualifier() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:space-dev-ranker";
        for (path, parameter, name, qualifier) in [
            ("ranker", None, "ranker", None),
            ("ranker:live", None, "ranker", Some("live")),
            ("ranker", Some("$LATEST"), "ranker", Some("$LATEST")),
            ("ranker", Some(""), "ranker", None),
            ("function:ranker", None, "ranker", None),
            ("123456789012:function:ranker:7", None, "ranker", Some("7")),
            (arn, Some("live"), "space-dev-ranker", Some("live")),
            (&format!("{arn}:live"), Some("live"), "space-dev-ranker", Some("live")),
            ("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:x", None, "x", None),
        ] {
            assert_eq!(read(path, parameter), Ok((name.to_owned(), qualifier.map(str::to_owned))), "{path}");
        }
    }

    #[test]
    fn invalid_references_are_rejected_with_aws_errors() {
        for path in [
            "",
            "a b",
            "arn:aws:lambda:eu-west-1:1:function:x",
            "arn:aws:sqs:eu-west-1:123456789012:x",
            "arn:aws:s3:eu-west-1:123456789012:function:x",
            "x:1:2",
            "../x",
            "\u{fffd}",
            &"x".repeat(171),
        ] {
            assert_eq!(read(path, None), Err("ValidationException"), "{path}");
        }
        assert_eq!(read("x", Some("a b")), Err("ValidationException"));
        assert_eq!(read("x:1", Some("2")), Err("InvalidParameterValueException"));
    }

    #[test]
    fn only_latest_and_live_refer_to_the_current_code() {
        let latest = |path| FunctionReference::parse(path, None).is_ok_and(|reference| reference.is_latest());
        assert!(latest("x") && latest("x:$LATEST") && latest("x:live"));
        assert!(!latest("x:7") && !latest("x:prod"));
    }
}

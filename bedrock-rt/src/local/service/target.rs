//! What a call names: a function's name, a partial ARN or an ARN, with a qualifier in it or beside it.

use super::refusal::Refusal;

/// The only version that there is here.
pub(super) const LATEST: &str = "$LATEST";
/// What a deployed app's alias is called; here it stands for the code as it is.
const ALIAS: &str = "live";

/// A function's name and what was said about its version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) qualifier: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Reads what stands in the path, and the query parameter `Qualifier`.
    pub(super) fn parse(path: &'a str, qualifier: Option<&'a str>) -> Result<Self, Refusal> {
        let (name, inside) = match path.split_once("function:") {
            Some((before, rest)) if is_place(before) => parts(rest),
            Some(_) => (None, None),
            None if path.starts_with("arn:") => (None, None),
            None => parts(path),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let Some(name) = name.filter(|name| !name.is_empty() && name.chars().all(legal)) else {
            return Err(invalid("functionName", path, NAME));
        };
        if let Some(odd) = qualifier.or(inside).filter(|qualifier| !qualifier.chars().all(|c| legal(c) || c == '$')) {
            return Err(invalid("qualifier", odd, QUALIFIER));
        }
        match (inside, qualifier.filter(|qualifier| !qualifier.is_empty())) {
            (Some(inside), Some(beside)) if inside != beside => Err(Refusal::wrong_parameter(
                "The derived qualifier from the function name does not match the specified qualifier.".to_owned(),
            )),
            (inside, beside) => Ok(Self { name, qualifier: inside.or(beside) }),
        }
    }

    /// Whether it means the code as it is now. There are no other versions here.
    pub(super) fn is_latest(&self) -> bool {
        self.qualifier.is_none_or(|qualifier| qualifier == LATEST || qualifier == ALIAS)
    }

    /// With the qualifier, if there is one.
    pub(super) fn qualified(&self, arn: &str) -> String {
        self.qualifier.map_or_else(|| arn.to_owned(), |qualifier| format!("{arn}:{qualifier}"))
    }
}

/// `arn:aws:lambda:REGION:ACCOUNT:` or `ACCOUNT:`; of any region and account, since deployed ARNs mean local workers, too.
fn is_place(text: &str) -> bool {
    let account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_suffix(':').map(|text| text.split(':').collect::<Vec<_>>()).as_deref() {
        Some(["arn", partition, "lambda", _region, number]) => partition.starts_with("aws") && account(number),
        Some([number]) => account(number),
        None => text.is_empty(),
        Some(_) => false,
    }
}

fn parts(text: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = text.split(':');
    let (name, qualifier, more) = (parts.next(), parts.next(), parts.next());
    if more.is_some() { (None, None) } else { (name, qualifier) }
}

const NAME: &str = "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
const QUALIFIER: &str = "(|[a-zA-Z0-9$_-]+)";

fn invalid(member: &str, value: &str, pattern: &str) -> Refusal {
    Refusal::invalid(member, value, &format!("Member must satisfy regular expression pattern: {pattern}"))
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn read(path: &str, qualifier: Option<&str>) -> Result<(String, Option<String>), &'static str> {
        let target = Target::parse(path, qualifier).map_err(|refusal| refusal.kind)?;
        Ok((target.name.to_owned(), target.qualifier.map(str::to_owned)))
    }

    #[test]
    fn names_and_arns_with_and_without_qualifiers_are_read() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:space-dev-ranker";
        for (path, beside, name, qualifier) in [
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
            assert_eq!(read(path, beside), Ok((name.to_owned(), qualifier.map(str::to_owned))), "{path}");
        }
    }

    #[test]
    fn what_names_no_function_is_refused_in_aws_s_words() {
        for path in [
            "",
            "a b",
            "arn:aws:lambda:eu-west-1:1:function:x",
            "arn:aws:sqs:eu-west-1:123456789012:x",
            "arn:aws:s3:eu-west-1:123456789012:function:x",
            "x:1:2",
            "../x",
        ] {
            assert_eq!(read(path, None), Err("ValidationException"), "{path}");
        }
        assert_eq!(read("x", Some("a b")), Err("ValidationException"));
        assert_eq!(read("x:1", Some("2")), Err("InvalidParameterValueException"));
    }

    #[test]
    fn the_code_as_it_is_has_no_other_versions() {
        let latest = |path| Target::parse(path, None).is_ok_and(|target| target.is_latest());
        assert!(latest("x") && latest("x:$LATEST") && latest("x:live"));
        assert!(!latest("x:7") && !latest("x:prod"));
    }
}

//! Decodes paths of requests, in which `+` is not a space.

use super::error::S3Error;

/// Decodes a part of a path.
pub(super) fn percent_decode(text: &str) -> Result<String, S3Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, following)) = rest.split_first() {
        rest = following;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(S3Error::invalid_uri)?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| S3Error::invalid_uri())
}

#[cfg(test)]
mod tests {
    use super::percent_decode;

    #[test]
    fn path_segments_are_percent_decoded() {
        assert_eq!(percent_decode("a%20b+c/%C3%B6.png").as_deref(), Ok("a b+c/ö.png"));
        for invalid in ["%", "%4", "%zz", "%ff"] {
            assert!(percent_decode(invalid).is_err(), "{invalid}");
        }
    }
}

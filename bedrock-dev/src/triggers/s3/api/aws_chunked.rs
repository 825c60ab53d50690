//! Decodes the content encoding `aws-chunked`, in which SDKs send chunks with signatures or trailing checksums.

/// Returns the decoded body, or `None` if it is not valid. Signatures and checksums are ignored, because they protect
/// network transfers.
pub(super) fn decode_aws_chunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut object = Vec::new();
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let head = std::str::from_utf8(&body[..end]).ok()?;
        let size = usize::from_str_radix(head.split(';').next()?.trim(), 16).ok()?;
        body = &body[end + 2..];
        if size == 0 {
            return Some(object);
        }
        object.extend_from_slice(body.get(..size)?);
        body = body.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::decode_aws_chunked;

    #[test]
    fn aws_chunked_bodies_are_decoded() {
        let decode =
            |body: &str| decode_aws_chunked(body.as_bytes()).map(|object| String::from_utf8(object).expect("text"));
        assert_eq!(decode("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n").as_deref(), Some("hello"));
        let signed = "3;chunk-signature=ab\r\nhel\r\n2;chunk-signature=cd\r\nlo\r\n0;chunk-signature=ef\r\n\r\n";
        assert_eq!(decode(signed).as_deref(), Some("hello"));
        assert_eq!(decode("0\r\n\r\n").as_deref(), Some(""));
        for invalid in ["", "hello", "6\r\nhello\r\n0\r\n\r\n", "zz\r\nhello", "5\r\nhello0\r\n"] {
            assert_eq!(decode(invalid), None, "{invalid}");
        }
    }
}

//! Bodies that SDKs send in chunks of their own (`aws-chunked`, with signatures or checksums behind them). Pure.

/// The object in a chunked body; nothing if it is none. Signatures and checksums are passed over: they are for a network.
pub(super) fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut object = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n")?;
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
    use super::unchunked;

    #[test]
    fn chunks_become_what_they_were_cut_from() {
        let whole = |body: &str| unchunked(body.as_bytes()).map(|object| String::from_utf8(object).expect("text"));
        assert_eq!(whole("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n").as_deref(), Some("hello"));
        let signed = "3;chunk-signature=ab\r\nhel\r\n2;chunk-signature=cd\r\nlo\r\n0;chunk-signature=ef\r\n\r\n";
        assert_eq!(whole(signed).as_deref(), Some("hello"));
        assert_eq!(whole("0\r\n\r\n").as_deref(), Some(""));
        for broken in ["", "hello", "6\r\nhello\r\n0\r\n\r\n", "zz\r\nhello", "5\r\nhello0\r\n"] {
            assert_eq!(whole(broken), None, "{broken}");
        }
    }
}

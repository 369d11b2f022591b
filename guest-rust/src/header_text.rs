//! Converts headers to and from the text that the interface uses: `name:value\n` for each.
//!
//! [`transfer`](crate::transfer) fetches the text from the host.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Error;

/// Writes request headers as text; a repeated header gives several lines.
///
/// # Errors
///
/// [`Error::HeaderNotUtf8`]: the interface has no way to send such a value.
pub(crate) fn encode(headers: &HeaderMap) -> Result<String, Error> {
    let len = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ":\n".len())
        .sum();
    let mut text = String::with_capacity(len);
    for (name, value) in headers {
        // `HeaderValue::to_str` accepts ASCII only.
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| Error::HeaderNotUtf8 {
            name: name.as_str().to_owned(),
        })?;
        text.push_str(name.as_str());
        text.push(':');
        text.push_str(value);
        text.push('\n');
    }
    Ok(text)
}

/// Reads response headers; a repeated header gets several values, in their order. Values keep
/// their bytes.
///
/// # Errors
///
/// [`Error::InvalidAnswer`] if a line is not a header, and [`Error::HeadersTooLarge`] if there
/// are more lines than a [`HeaderMap`] holds.
pub(crate) fn decode(text: &[u8]) -> Result<HeaderMap, Error> {
    const INVALID: Error = Error::InvalidAnswer("a line that is not a header");
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    let mut headers = HeaderMap::try_with_capacity(lines).map_err(|_| Error::HeadersTooLarge)?;
    for line in text.split(|&byte| byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':').ok_or(INVALID)?;
        let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| INVALID)?;
        let value = HeaderValue::from_bytes(&line[colon + 1..]).map_err(|_| INVALID)?;
        headers
            .try_append(name, value)
            .map_err(|_| Error::HeadersTooLarge)?;
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn requests_keep_repeated_and_empty_headers() {
        let headers = headers(&[
            ("accept", b"text/plain"),
            ("x-repeat", b"one"),
            ("x-repeat", b""),
            ("time", b"12:30:45"),
            ("greeting", "grüß".as_bytes()),
        ]);
        let text = encode(&headers).unwrap();
        assert_eq!(
            text,
            "accept:text/plain\nx-repeat:one\nx-repeat:\ntime:12:30:45\ngreeting:grüß\n"
        );
        assert_eq!(decode(text.as_bytes()).unwrap(), headers);
        assert_eq!(encode(&HeaderMap::new()).unwrap(), "");
    }

    #[test]
    fn a_request_value_that_is_not_utf8_is_named() {
        let headers = headers(&[("a", b"1"), ("x-latin", b"caf\xe9")]);
        assert_eq!(
            encode(&headers),
            Err(Error::HeaderNotUtf8 {
                name: "x-latin".to_owned()
            })
        );
    }

    #[test]
    fn responses_keep_the_bytes_of_values() {
        let decoded = decode(b"set-cookie:a=1\nx-latin:caf\xe9\nset-cookie:b=2:3\nempty:").unwrap();
        let expected = headers(&[
            ("set-cookie", b"a=1"),
            ("x-latin", b"caf\xe9"),
            ("set-cookie", b"b=2:3"),
            ("empty", b""),
        ]);
        assert_eq!(decoded, expected);
        assert!(decode(b"").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_a_header_is_an_error_of_the_host() {
        for text in [&b"no colon\n"[..], b":no name", b"a b:c", b"a:b\0c"] {
            assert!(
                matches!(decode(text), Err(Error::InvalidAnswer(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn too_many_headers_are_an_error() {
        let mut text = Vec::new();
        for number in 0..40_000 {
            text.extend_from_slice(format!("x-{number}:\n").as_bytes());
        }
        assert_eq!(decode(&text), Err(Error::HeadersTooLarge));
    }
}

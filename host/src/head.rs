//! Parses the head of a response, and decides where its body ends and whether the connection can be
//! reused. Pure functions over bytes and values.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

use crate::error::Error;
use crate::headers::part_of;
use crate::limits::MAX_RESPONSE_HEADERS;

/// The status line and header fields of a response.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub status: StatusCode,
    pub version: Version,
    pub headers: HeaderMap,
}

/// Where the body of a response ends (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// It has none.
    None,
    /// After this many bytes.
    Length(u64),
    /// After the last of its chunks.
    Chunked,
    /// At the end of the connection.
    Close,
}

impl Head {
    /// Parses the head at the start of `input`. Returns its length and the head; `None` if it is
    /// incomplete.
    pub(crate) fn parse(input: &[u8]) -> Result<Option<(usize, Head)>, Error> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_RESPONSE_HEADERS];
        let mut parsed = httparse::Response::new(&mut fields);
        let mut parser = httparse::ParserConfig::default();
        parser.allow_obsolete_multiline_headers_in_responses(true);
        let len = match parser.parse_response(&mut parsed, input) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                let max = MAX_RESPONSE_HEADERS;
                return Err(Error::TooManyHeaders { max });
            }
            Err(error) => return Err(Error::Head(error.to_string())),
        };
        let invalid = |what: &str| Error::Head(format!("invalid {what}"));
        let status = parsed.code.unwrap_or_default();
        // Values are parts of one copy.
        let copy = Bytes::copy_from_slice(&input[..len]);
        let mut headers = HeaderMap::with_capacity(parsed.headers.len());
        for field in parsed.headers {
            let name = HeaderName::from_bytes(field.name.as_bytes());
            let value = match unfolded(field.value) {
                Some(value) => HeaderValue::from_bytes(&value),
                None => HeaderValue::from_maybe_shared(part_of(&copy, input, field.value)),
            };
            headers.append(
                name.map_err(|_| invalid("header name"))?,
                value.map_err(|_| invalid("header value"))?,
            );
        }
        let head = Head {
            status: StatusCode::from_u16(status).map_err(|_| invalid("status"))?,
            version: match parsed.version {
                Some(0) => Version::HTTP_10,
                _ => Version::HTTP_11,
            },
            headers,
        };
        Ok(Some((len, head)))
    }

    /// Whether another head follows (RFC 9110, section 15.2). After 101 something else does.
    pub(crate) fn is_interim(&self) -> bool {
        self.status.is_informational() && self.status != StatusCode::SWITCHING_PROTOCOLS
    }

    /// The size of the head, in bytes, as a server would write it with no reason phrase and no
    /// white space that has no meaning.
    pub(crate) fn len(&self) -> usize {
        let fields = self.headers.iter();
        let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
        "HTTP/1.1 200 \r\n\r\n".len() + fields.sum::<usize>()
    }

    /// Decides where the body ends, in response to a request with this method. An error if that is
    /// ambiguous, as from an attempt at smuggling or a broken server.
    pub(crate) fn framing(&self, method: &Method) -> Result<Framing, &'static str> {
        // These have no body, whatever their headers say.
        if *method == Method::HEAD
            || matches!(
                self.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            )
        {
            return Ok(Framing::None);
        }
        let codings = self.headers.get_all(TRANSFER_ENCODING).iter();
        let mut codings = codings
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            // `identity` is not registered, and means no coding.
            .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
        match (codings.next(), codings.next()) {
            (None, _) => self.length(),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => {
                if self.version == Version::HTTP_11 {
                    Ok(Framing::Chunked)
                } else {
                    Err("it has a transfer coding in HTTP/1.0")
                }
            }
            // A guest could not decode it.
            _ => Err("it has a transfer coding other than chunked"),
        }
    }

    fn length(&self) -> Result<Framing, &'static str> {
        let mut length = None;
        let values = self.headers.get_all(CONTENT_LENGTH).iter();
        for value in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
            let value = value.trim_ascii();
            let digits = value.iter().all(u8::is_ascii_digit);
            let parsed = str::from_utf8(value).ok().and_then(|it| it.parse().ok());
            match (parsed, length) {
                (Some(this), None) if digits => length = Some(this),
                (Some(this), Some(other)) if digits && this == other => {}
                (Some(_), Some(_)) if digits => return Err("it has two lengths"),
                _ => return Err("its length is not a number"),
            }
        }
        Ok(length.map_or(Framing::Close, Framing::Length))
    }

    /// Whether the connection may carry another request after this response (RFC 9112, section
    /// 9.3).
    pub(crate) fn keeps_alive(&self) -> bool {
        let has = |wanted: &[u8]| {
            let values = self.headers.get_all(CONNECTION).iter();
            values
                .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted))
        };
        let contradicts = self.headers.contains_key(CONTENT_LENGTH)
            && self.headers.contains_key(TRANSFER_ENCODING);
        !contradicts
            && self.status != StatusCode::SWITCHING_PROTOCOLS
            && !has(b"close")
            && (self.version == Version::HTTP_11 || has(b"keep-alive"))
    }

    /// Whether these bytes are the whole body, as far as its framing tells.
    pub(crate) fn is_whole_with(&self, body: &[u8]) -> bool {
        match self.framing(&Method::POST) {
            Ok(Framing::None) => true,
            Ok(Framing::Length(length)) => body.len() as u64 >= length,
            _ => false,
        }
    }
}

/// The value of a field that is folded over several lines: each fold is a space (RFC 9112,
/// section 5.2). `None` if it is not folded.
fn unfolded(value: &[u8]) -> Option<Vec<u8>> {
    if !value.contains(&b'\n') {
        return None;
    }
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    Some(lines.join(&b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &str) -> Head {
        let text = format!("HTTP/1.1 {}\r\n\r\n", lines.replace('\n', "\r\n"));
        let (len, head) = Head::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(len, text.len());
        head
    }

    #[test]
    fn a_body_ends_where_rfc_9112_says() {
        const ODD: Result<Framing, &str> = Err("it has a transfer coding other than chunked");
        let cases = [
            ("200", "GET", Ok(Framing::Close)),
            ("200\nContent-Length: 5", "GET", Ok(Framing::Length(5))),
            ("200\nContent-Length: 0", "GET", Ok(Framing::Length(0))),
            ("200\nContent-Length: 5, 5", "GET", Ok(Framing::Length(5))),
            (
                "200\nContent-Length: 5, 6",
                "GET",
                Err("it has two lengths"),
            ),
            (
                "200\nContent-Length: +5",
                "GET",
                Err("its length is not a number"),
            ),
            (
                "200\nContent-Length: 5\n 6",
                "GET",
                Err("its length is not a number"),
            ),
            (
                "200\nContent-Length:",
                "GET",
                Err("its length is not a number"),
            ),
            (
                "200\nContent-Length: 5\nContent-Length: 6",
                "GET",
                Err("it has two lengths"),
            ),
            (
                "200\nTransfer-Encoding: chunked",
                "GET",
                Ok(Framing::Chunked),
            ),
            (
                "200\nTransfer-Encoding: CHUNKED",
                "GET",
                Ok(Framing::Chunked),
            ),
            (
                "200\nTransfer-Encoding: identity",
                "GET",
                Ok(Framing::Close),
            ),
            (
                "200\nTransfer-Encoding: identity\nContent-Length: 3",
                "GET",
                Ok(Framing::Length(3)),
            ),
            (
                "200\nTransfer-Encoding: identity, chunked",
                "GET",
                Ok(Framing::Chunked),
            ),
            (
                "200\nTransfer-Encoding: chunked\nContent-Length: 3",
                "GET",
                Ok(Framing::Chunked),
            ),
            (
                "200\nTransfer-Encoding: chunked\nContent-Length: 3, 4",
                "GET",
                Ok(Framing::Chunked),
            ),
            ("200\nTransfer-Encoding: gzip, chunked", "GET", ODD),
            ("200\nTransfer-Encoding: chunked, chunked", "GET", ODD),
            (
                "200\nTransfer-Encoding: chunked\nTransfer-Encoding: gzip",
                "GET",
                ODD,
            ),
            ("200\nContent-Length: 5, 6", "HEAD", Ok(Framing::None)),
            ("204\nTransfer-Encoding: gzip", "GET", Ok(Framing::None)),
            (
                "304\nContent-Length: 5\nTransfer-Encoding: chunked",
                "GET",
                Ok(Framing::None),
            ),
            ("205\nContent-Length: 5", "GET", Ok(Framing::Length(5))),
            ("999\nContent-Length: 5", "GET", Ok(Framing::Length(5))),
        ];
        for (lines, method, expected) in cases {
            let method = method.parse().unwrap();
            assert_eq!(head(lines).framing(&method), expected, "{lines} {method}");
        }
        let mut old = head("200\nTransfer-Encoding: chunked");
        old.version = Version::HTTP_10;
        assert!(old.framing(&Method::GET).is_err());
    }

    #[test]
    fn a_connection_lives_on_where_rfc_9112_says() {
        let cases = [
            ("200", true, false),
            ("200\nConnection: close", false, false),
            ("200\nConnection: x, CLOSE", false, false),
            ("200\nConnection: keep-alive", true, true),
            (
                "200\nConnection: keep-alive\nConnection: close",
                false,
                false,
            ),
            (
                "200\nContent-Length: 5\nTransfer-Encoding: chunked",
                false,
                false,
            ),
            ("101", false, false),
        ];
        for (lines, in_1_1, in_1_0) in cases {
            let mut head = head(lines);
            assert_eq!(head.keeps_alive(), in_1_1, "{lines}");
            head.version = Version::HTTP_10;
            assert_eq!(head.keeps_alive(), in_1_0, "{lines}");
        }
    }

    #[test]
    fn a_folded_field_is_one_line() {
        let head = head("200\na: b\n c\n\t d  \nb:\n e\nTransfer-Encoding:\n\tchunked");
        assert_eq!(head.headers["a"], "b c d");
        assert_eq!(head.headers["b"], "e");
        assert_eq!(head.framing(&Method::GET), Ok(Framing::Chunked));
    }

    #[test]
    fn what_is_no_head_says_so_and_a_part_waits_for_the_rest() {
        for part in ["", "HTTP", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\na: b\r\n"] {
            assert!(Head::parse(part.as_bytes()).unwrap().is_none(), "{part:?}");
        }
        for text in [
            "SSH-2.0-x\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 099 X\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: \0\r\n\r\n",
        ] {
            assert!(Head::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}

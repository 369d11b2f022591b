//! The text form of headers, `name:value\n` for each, and which headers a guest may set.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// Request headers that the guest got wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the headers are longer than {max} bytes")]
    TooLong { max: usize },
    #[error("there are more than {max} headers")]
    TooMany { max: usize },
    #[error("line {line} of the headers has no `:`")]
    NoColon { line: usize },
    #[error("line {line} of the headers has an invalid name")]
    InvalidName { line: usize },
    #[error("line {line} of the headers has an invalid value")]
    InvalidValue { line: usize },
    #[error("the header `{name}` contradicts what the host sends")]
    Contradiction { name: &'static str },
}

/// Parses the text of a guest's request headers, whose length has been checked; at most `max`
/// headers. Gives their spelling as well.
pub(crate) fn parse(text: &str, max: usize) -> Result<(HeaderMap, NamesAsWritten), HeaderError> {
    if text.is_empty() {
        return Ok((HeaderMap::new(), NamesAsWritten::default()));
    }
    let too_many = HeaderError::TooMany { max };
    // Values are parts of one copy: to keep one, and to send it, allocates nothing.
    let copy = Bytes::copy_from_slice(text.as_bytes());
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let capacity = lines.min(max);
    let mut headers = HeaderMap::try_with_capacity(capacity).map_err(|_| too_many.clone())?;
    let mut has_capitals = false;
    for (index, header) in text.split('\n').enumerate() {
        let line = index + 1;
        if header.is_empty() {
            continue;
        }
        let (name, value) = header
            .split_once(':')
            .ok_or(HeaderError::NoColon { line })?;
        has_capitals |= name.bytes().any(|byte| byte.is_ascii_uppercase());
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HeaderError::InvalidName { line })?;
        let value = part_of(&copy, text.as_bytes(), trim(value).as_bytes());
        let value = HeaderValue::from_maybe_shared(value)
            .map_err(|_| HeaderError::InvalidValue { line })?;
        if headers.len() == max {
            return Err(too_many);
        }
        headers
            .try_append(name, value)
            .map_err(|_| too_many.clone())?;
    }
    let names = match has_capitals {
        true => NamesAsWritten::of(text),
        false => NamesAsWritten::default(),
    };
    Ok((headers, names))
}

/// The slice of `copy` that is where `part` is in `original`.
pub(crate) fn part_of(copy: &Bytes, original: &[u8], part: &[u8]) -> Bytes {
    if part.is_empty() {
        // An empty slice may point anywhere.
        return Bytes::new();
    }
    let start = part.as_ptr().addr() - original.as_ptr().addr();
    copy.slice(start..start + part.len())
}

/// The spelling of header names with capitals. Some servers are case-sensitive, against RFC 9110,
/// section 5.1.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct NamesAsWritten(Vec<Box<str>>);

impl NamesAsWritten {
    fn of(text: &str) -> Self {
        let lines = text.split('\n').filter_map(|line| line.split_once(':'));
        NamesAsWritten(lines.map(|(name, _)| name.into()).collect())
    }

    /// Whether all names were written in lower case.
    pub(crate) fn are_lower_case(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the headers of a request one by one, with their names as they were written.
    pub(crate) fn for_each(&self, headers: &HeaderMap, mut give: impl FnMut(&str, &HeaderValue)) {
        if self.are_lower_case() {
            for (name, value) in headers {
                give(name.as_str(), value);
            }
            return;
        }
        for name in headers.keys() {
            let written = self.0.iter().map(|written| &**written);
            let mut written = written.filter(|it| it.eq_ignore_ascii_case(name.as_str()));
            for value in headers.get_all(name) {
                give(written.next().unwrap_or(name.as_str()), value);
            }
        }
    }
}

/// Removes optional white space (RFC 9110, section 5.6.3).
fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

/// Fields about the connection, which the host manages (RFC 9110, section 7.6.1).
static HOP_BY_HOP: [HeaderName; 10] = [
    CONNECTION,
    EXPECT,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    UPGRADE,
];

/// Whether only the host may set this request header.
pub(crate) fn is_of_the_host(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) || HOP_BY_HOP.contains(name)
}

/// Drops framing and connection headers that a hook has set. `Host` may be chosen.
pub(crate) fn drop_fields_of_the_host(headers: &mut HeaderMap) {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING]
        .iter()
        .chain(&HOP_BY_HOP)
    {
        headers.remove(name);
    }
}

/// Removes the headers that only the host may set.
///
/// Ambiguous framing allows request smuggling (RFC 9112, section 11.2), so a `Host`,
/// `Content-Length` or `Transfer-Encoding` that contradicts what the host sends is an error, and
/// not dropped silently. Another `Host` is kept if the embedder lets the guest choose it.
///
/// A body without a length is sent in chunks.
pub(crate) fn take_framing(
    headers: &mut HeaderMap,
    url: &Url,
    body_len: Option<u64>,
    may_choose_host: bool,
) -> Result<(), HeaderError> {
    if headers.is_empty() {
        return Ok(());
    }
    let mut chosen_host = None;
    if may_choose_host && headers.get_all(HOST).iter().count() == 1 {
        let host = headers.remove(HOST);
        let host = host.filter(|host| !host.to_str().is_ok_and(|it| names_host(it, url)));
        let is_host =
            |value: &HeaderValue| value.to_str().is_ok_and(|it| host_url(it, url).is_some());
        if host.as_ref().is_some_and(|host| !is_host(host)) {
            return Err(HeaderError::Contradiction { name: "host" });
        }
        chosen_host = host;
    }
    // Each call removes all values of a name, and checks every one.
    let mut check = |name: HeaderName, label, agrees: &dyn Fn(&str) -> bool| {
        let contradicts = headers
            .get_all(&name)
            .iter()
            .any(|value| !value.to_str().is_ok_and(agrees));
        headers.remove(&name);
        if contradicts {
            Err(HeaderError::Contradiction { name: label })
        } else {
            Ok(())
        }
    };
    check(HOST, "host", &|value| names_host(value, url))?;
    check(CONTENT_LENGTH, "content-length", &|value| {
        value.bytes().all(|byte| byte.is_ascii_digit())
            && body_len.is_some_and(|len| value.parse() == Ok(len))
    })?;
    let coding = match body_len {
        Some(_) => "identity",
        None => "chunked",
    };
    check(TRANSFER_ENCODING, "transfer-encoding", &|value| {
        value.eq_ignore_ascii_case(coding)
    })?;
    for name in &HOP_BY_HOP {
        if headers.remove(name).is_some() {
            tracing::debug!(header = %name, "dropped a header that belongs to the connection");
        }
    }
    if let Some(host) = chosen_host {
        headers.insert(HOST, host);
    }
    Ok(())
}

/// Whether `host` has a port; the host may be an IPv6 address in brackets.
fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'))
}

/// Whether the value of a `Host` header names the URL's host, and its port or none.
fn names_host(value: &str, url: &Url) -> bool {
    host_url(value, url).is_some_and(|named| {
        named.host() == url.host() && (named.port() == url.port() || !has_port(value))
    })
}

/// Parses the value of a `Host` header: a host with an optional port, and nothing else (RFC 9112,
/// section 3.2).
fn host_url(value: &str, url: &Url) -> Option<Url> {
    let named = Url::parse(&format!("{}://{value}/", url.scheme())).ok()?;
    let is_host_alone = named.username().is_empty()
        && named.password().is_none()
        && named.path() == "/"
        && named.query().is_none()
        && named.fragment().is_none()
        && !value.contains(['@', '/', '\\', '?', '#', '\t', ' ']);
    is_host_alone.then_some(named)
}

/// The length of the text from [`write`], in bytes.
pub(crate) fn text_len(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ":\n".len())
        .sum()
}

/// The headers of a response as text: lower-case names, the values' own bytes.
pub(crate) fn write(headers: &HeaderMap) -> Vec<u8> {
    let mut text = Vec::with_capacity(text_len(headers));
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DEFAULT_MAX_REQUEST_HEADERS;
    use proptest::prelude::*;

    fn parse_default(text: &str) -> Result<HeaderMap, HeaderError> {
        parse(text, DEFAULT_MAX_REQUEST_HEADERS).map(|(headers, _)| headers)
    }

    #[test]
    fn parses_lines_and_keeps_repeated_headers() {
        let cases = [
            ("", ""),
            ("\n\n", ""),
            ("a:b", "a:b\n"),
            ("a:b\n", "a:b\n"),
            (
                "Content-Type:  text/plain \t\nABC:def",
                "content-type:text/plain\nabc:def\n",
            ),
            ("a:1\nb:2\nA:3", "a:1\na:3\nb:2\n"),
            ("a:", "a:\n"),
            ("a:b:c", "a:b:c\n"),
            ("a: b  c ", "a:b  c\n"),
            ("a:grüß", "a:grüß\n"),
        ];
        for (text, expected) in cases {
            let headers = parse_default(text).expect(text);
            assert_eq!(String::from_utf8(write(&headers)).unwrap(), expected);
            assert_eq!(text_len(&headers), expected.len());
        }
    }

    #[test]
    fn malformed_lines_are_named() {
        let cases = [
            ("a", HeaderError::NoColon { line: 1 }),
            ("a:b\nc", HeaderError::NoColon { line: 2 }),
            (":b", HeaderError::InvalidName { line: 1 }),
            ("a :b", HeaderError::InvalidName { line: 1 }),
            (" a:b", HeaderError::InvalidName { line: 1 }),
            ("ü:b", HeaderError::InvalidName { line: 1 }),
            ("a:b\rc:d", HeaderError::InvalidValue { line: 1 }),
            ("a:b\r\n", HeaderError::InvalidValue { line: 1 }),
            ("a:b\0", HeaderError::InvalidValue { line: 1 }),
            ("a:\x7f", HeaderError::InvalidValue { line: 1 }),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_default(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn the_number_of_headers_holds_at_the_edge() {
        assert_eq!(
            parse("a:b\nc:d\n", 2).map(|(headers, _)| headers.len()),
            Ok(2)
        );
        assert_eq!(parse("a:\na:\na:", 2), Err(HeaderError::TooMany { max: 2 }));
    }

    fn framing(text: &str, url: &str, body_len: u64) -> Result<String, HeaderError> {
        let mut headers = parse_default(text).unwrap();
        take_framing(&mut headers, &url.parse().unwrap(), Some(body_len), false)?;
        Ok(String::from_utf8(write(&headers)).unwrap())
    }

    #[test]
    fn framing_that_agrees_is_dropped() {
        let url = "http://example.com:8080/";
        let cases = [
            ("a:b", "a:b\n"),
            ("Host:example.com:8080\na:b", "a:b\n"),
            ("Host:EXAMPLE.com:8080", ""),
            ("Host:example.com", ""),
            ("Content-Length:3\na:b", "a:b\n"),
            ("Content-Length:3\nContent-Length:3", ""),
            ("Transfer-Encoding:identity", ""),
            (
                "Connection:close\nKeep-Alive:5\nTE:trailers\nTrailer:a\nUpgrade:h2c",
                "",
            ),
            (
                "Expect:100-continue\nHTTP2-Settings:a\nProxy-Connection:close",
                "",
            ),
            (
                "Proxy-Authorization:a\nProxy-Authenticate:b\nProxy-Other:c",
                "proxy-other:c\n",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(framing(text, url, 3).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(
            framing("Host:example.com:80", "http://example.com/", 0).as_deref(),
            Ok("")
        );
        assert_eq!(
            framing("Host:example.com", "https://example.com:443/", 0).as_deref(),
            Ok("")
        );
    }

    #[test]
    fn framing_that_contradicts_is_an_error() {
        let url = "http://example.com:8080/";
        let cases = [
            ("Host:example.com:80", "host"),
            ("Host:example.org:8080", "host"),
            ("Host:", "host"),
            ("Host:me@example.com:8080", "host"),
            ("Host:example.com:8080/a", "host"),
            ("Host:example.com:8080\nHost:evil.example", "host"),
            ("Content-Length:4", "content-length"),
            ("Content-Length:+3", "content-length"),
            ("Content-Length:3\nContent-Length:4", "content-length"),
            ("Content-Length:3, 3", "content-length"),
            ("Content-Length:", "content-length"),
            ("Content-Length:99999999999999999999", "content-length"),
            ("Transfer-Encoding:chunked", "transfer-encoding"),
            ("Transfer-Encoding:identity, chunked", "transfer-encoding"),
            ("Transfer-Encoding:", "transfer-encoding"),
        ];
        for (text, name) in cases {
            assert_eq!(
                framing(text, url, 3),
                Err(HeaderError::Contradiction { name }),
                "{text}"
            );
        }
    }

    proptest! {
        /// Any text is either an error, or headers that survive a round trip.
        #[test]
        fn any_text_is_parsed_or_refused(text in "[\\x00-\\x7fü\n: ]{0,80}") {
            if let Ok(headers) = parse_default(&text) {
                let written = String::from_utf8(write(&headers)).unwrap();
                prop_assert_eq!(parse_default(&written).unwrap(), headers);
                prop_assert!(!written.contains('\r') && !written.contains('\0'));
            }
        }
    }
}

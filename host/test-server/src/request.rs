//! Requests: a strict parser of HTTP/1.1 messages (RFC 9112), and what is kept of each.

use std::io::{self, BufRead, Read};

use crate::connection::Connection;

/// How many bytes of a request's body are kept: 1 MiB.
pub const BODY_KEPT: usize = 1024 * 1024;
/// Request line and headers together. Large, so that a client's own limits show first.
const HEAD_MAX: u64 = 8 * 1024 * 1024;

/// A request that the server received whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: `/path?query`.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// The headers in their order and with their case, values without surrounding space.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The first [`BODY_KEPT`] bytes of the body.
    pub body: Vec<u8>,
    /// The length of the whole body.
    pub body_len: u64,
    /// The [`body_hash`] of the whole body.
    pub body_hash: u64,
    /// The connection that it came on: 0 for the first one that the server accepted.
    pub connection: u64,
    /// The certificate that the client showed, in DER.
    pub client: Option<Vec<u8>>,
}

impl ReceivedRequest {
    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The values of all headers of this name, in any case.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The value of the first header of this name as text; bytes that are not UTF-8 are replaced.
    pub fn header_text(&self, name: &str) -> Option<String> {
        self.header(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// All of it but the body.
    pub(crate) fn clone_head(&self) -> ReceivedRequest {
        ReceivedRequest {
            method: self.method.clone(),
            target: self.target.clone(),
            version: self.version.clone(),
            headers: self.headers.clone(),
            body: Vec::new(),
            client: self.client.clone(),
            ..*self
        }
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of a query parameter, percent-decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then(|| percent_decode(value))
        })
    }

    /// Whether the connection outlives the exchange (RFC 9112, section 9.3).
    pub(crate) fn keeps_alive(&self) -> bool {
        self.version == "HTTP/1.1"
            && !self.header_values("connection").any(|value| {
                value
                    .split(|byte| *byte == b',')
                    .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
            })
    }
}

/// A hash of a body (64-bit FNV-1a), to compare with [`ReceivedRequest::body_hash`].
pub fn body_hash(bytes: &[u8]) -> u64 {
    hash_more(HASH_START, bytes)
}

const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

fn hash_more(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digits = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                out.push(decoded);
                rest = &after[2..];
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The connection ended or failed. Nothing can be answered.
    Connection,
    /// What came is not a request that every server reads alike.
    Malformed(String),
}

impl From<io::Error> for RequestError {
    fn from(_: io::Error) -> Self {
        RequestError::Connection
    }
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, RequestError> {
    Err(RequestError::Malformed(reason.into()))
}

/// Reads one request, head and body, from a connection.
///
/// `keep_all` says for a path whether the whole body is kept.
pub(crate) fn read_request(
    connection: &mut Connection,
    keep_all: impl FnOnce(&str) -> bool,
) -> Result<ReceivedRequest, RequestError> {
    let number = connection.number;
    let mut head = Read::take(connection.reader()?, HEAD_MAX);
    let line = read_line(&mut head)?;
    let Ok(line) = String::from_utf8(line) else {
        return malformed("the request line is not UTF-8");
    };
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = parts[..] else {
        return malformed(format!("the request line {line:?} has not three parts"));
    };
    if !is_token(method.as_bytes()) {
        return malformed(format!("the method {method:?} is not a token"));
    }
    if target.is_empty() || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return malformed(format!(
            "the target {target:?} has characters that a URL has not"
        ));
    }
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return malformed(format!("the version is {version:?}"));
    }
    let mut request = ReceivedRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        version: version.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        body_len: 0,
        body_hash: HASH_START,
        connection: number,
        client: None,
    };
    loop {
        let line = read_line(&mut head)?;
        if line.is_empty() {
            break;
        }
        request.headers.push(parse_header(&line)?);
    }
    let framing = framing(&request)?;
    if framing != Framing::None
        && (request.header("expect")).is_some_and(|it| it.eq_ignore_ascii_case(b"100-continue"))
    {
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let keep = if keep_all(request.path()) {
        usize::MAX
    } else {
        BODY_KEPT
    };
    read_body(connection.reader()?, framing, &mut request, keep)?;
    request.client = connection.client();
    Ok(request)
}

/// A line that ends in CR LF, without them, and with neither of them nor NUL inside.
fn read_line(reader: &mut impl BufRead) -> Result<Vec<u8>, RequestError> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") {
        // The connection ended, or the head is longer than any.
        return Err(RequestError::Connection);
    }
    let Some(text) = line.strip_suffix(b"\r\n") else {
        return malformed(format!(
            "a line without CR LF: {:?}",
            line.escape_ascii().to_string()
        ));
    };
    if text.iter().any(|byte| matches!(byte, b'\r' | 0)) {
        return malformed(format!(
            "CR or NUL in a line: {:?}",
            line.escape_ascii().to_string()
        ));
    }
    line.truncate(text.len());
    Ok(line)
}

fn parse_header(line: &[u8]) -> Result<(String, Vec<u8>), RequestError> {
    let shown = || line.escape_ascii().to_string();
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return malformed(format!("a header without a colon: {}", shown()));
    };
    let name = &line[..colon];
    if !is_token(name) {
        return malformed(format!("a header name that is not a token: {}", shown()));
    }
    let value = line[colon + 1..].trim_ascii();
    if value
        .iter()
        .any(|byte| byte.is_ascii_control() && *byte != b'\t')
    {
        return malformed(format!("a control character in a header: {}", shown()));
    }
    Ok((String::from_utf8_lossy(name).into_owned(), value.to_vec()))
}

/// RFC 9110, section 5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    None,
    Length(u64),
    Chunked,
}

/// How the body is framed (RFC 9112, section 6), with no mercy for what is ambiguous.
fn framing(request: &ReceivedRequest) -> Result<Framing, RequestError> {
    let hosts = request.header_values("host").count();
    if hosts > 1 || (hosts == 0 && request.version == "HTTP/1.1") {
        return malformed(format!("{hosts} Host headers"));
    }
    let lengths: Vec<&[u8]> = request.header_values("content-length").collect();
    let codings: Vec<&[u8]> = request.header_values("transfer-encoding").collect();
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(Framing::None),
        ([length], []) => match decimal(length) {
            Some(length) => Ok(Framing::Length(length)),
            None => malformed("a Content-Length that is not a number"),
        },
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        ([], [_]) => malformed("a Transfer-Encoding other than chunked"),
        _ => malformed("several of Content-Length and Transfer-Encoding"),
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

fn read_body(
    reader: &mut impl BufRead,
    framing: Framing,
    request: &mut ReceivedRequest,
    keep: usize,
) -> Result<(), RequestError> {
    match framing {
        Framing::None => Ok(()),
        Framing::Length(len) => read_piece(reader, len, request, keep),
        Framing::Chunked => loop {
            let line = read_line(reader)?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = str::from_utf8(size)
                .ok()
                .filter(|size| size.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|size| u64::from_str_radix(size, 16).ok());
            let Some(size) = size else {
                return malformed("a chunk size that is not a hexadecimal number");
            };
            if size == 0 {
                // The trailers, which nobody looks at, and the empty line.
                while !read_line(reader)?.is_empty() {}
                return Ok(());
            }
            read_piece(reader, size, request, keep)?;
            if !read_line(reader)?.is_empty() {
                return malformed("a chunk longer than its size");
            }
        },
    }
}

fn read_piece(
    reader: &mut impl BufRead,
    len: u64,
    request: &mut ReceivedRequest,
    keep: usize,
) -> Result<(), RequestError> {
    let mut left = len;
    while left > 0 {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Err(RequestError::Connection);
        }
        let len = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let bytes = &bytes[..len];
        let room = keep.saturating_sub(request.body.len()).min(len);
        request.body.extend_from_slice(&bytes[..room]);
        request.body_hash = hash_more(request.body_hash, bytes);
        request.body_len += len as u64;
        reader.consume(len);
        left -= len as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parameters_are_decoded() {
        let request = ReceivedRequest {
            method: "GET".into(),
            target: "/a?status=307&url=http%3A%2F%2Fb%2f%3fc%3Dd%26e&flag&x=%zz%4".into(),
            version: "HTTP/1.1".into(),
            headers: Vec::new(),
            body: Vec::new(),
            body_len: 0,
            body_hash: 0,
            connection: 0,
            client: None,
        };
        assert_eq!(request.path(), "/a");
        assert_eq!(request.query("status").as_deref(), Some("307"));
        assert_eq!(request.query("url").as_deref(), Some("http://b/?c=d&e"));
        assert_eq!(request.query("flag").as_deref(), Some(""));
        assert_eq!(request.query("x").as_deref(), Some("%zz%4"));
        assert_eq!(request.query("none"), None);
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(body_hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(body_hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}

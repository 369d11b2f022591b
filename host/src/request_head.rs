//! The head of a request as it goes on the wire (RFC 9112, section 3).
//!
//! The fields that the host adds to every request, and two ways to write the head: as bytes, or, if
//! the body is streamed, as a value of the crate `http` for ureq. A test compares the two.

use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Position;

use crate::error::Error;
use crate::request::{Body, Request};

/// The default `User-Agent`.
static OUR_USER_AGENT: HeaderValue = HeaderValue::from_static(concat!(
    env!("CARGO_PKG_NAME"),
    "/",
    env!("CARGO_PKG_VERSION")
));

/// The default `Accept`.
static ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// The default fields that are missing in these headers. `Host` comes first (RFC 9110, section 7.2).
fn added<'a>(
    request: &'a Request<'_>,
    headers: &HeaderMap,
) -> impl Iterator<Item = (HeaderName, &'a HeaderValue)> {
    let all = [
        (HOST, request.target().host()),
        (USER_AGENT, &OUR_USER_AGENT),
        (ACCEPT, &ANYTHING),
    ];
    all.into_iter()
        .filter(|(name, _)| !headers.contains_key(name))
}

/// The bytes of the head of a request, with these headers and the length of a whole body.
pub(crate) fn bytes(request: &Request<'_>, headers: &HeaderMap) -> Vec<u8> {
    /// Most heads are shorter.
    const CAPACITY: usize = 512;
    let mut head = Vec::with_capacity(CAPACITY);
    let mut put = |parts: [&[u8]; 4]| parts.iter().for_each(|part| head.extend_from_slice(part));
    let target = &request.url()[Position::BeforePath..Position::AfterQuery];
    let method = request.method().as_str();
    put([method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\n"]);
    for (name, value) in added(request, headers) {
        put([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    if let Some(len) = request.body().and_then(Body::len) {
        let len = len.to_string();
        put([b"content-length", b": ", len.as_bytes(), b"\r\n"]);
    }
    request.names().for_each(headers, |name, value| {
        put([name.as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    });
    head.extend_from_slice(b"\r\n");
    head
}

/// The head of a request, with these headers, as ureq takes it.
pub(crate) fn for_ureq(
    request: &Request<'_>,
    headers: &HeaderMap,
) -> Result<http::Request<()>, Error> {
    let mut builder = http::Request::builder()
        .method(request.method().clone())
        .uri(request.target().uri().clone());
    for (name, value) in added(request, headers) {
        builder = builder.header(name, value);
    }
    if let Some(len) = request.body().and_then(Body::len) {
        builder = builder.header(CONTENT_LENGTH, len);
    }
    let names = request.names();
    names.for_each(headers, |name, value| {
        let before = std::mem::take(&mut builder);
        builder = if names.are_lower_case() {
            before.header(name, value)
        } else {
            // This remembers each spelling in a list, which gets slow with many fields.
            ureq_proto::client::header_raw(before, name, value.as_bytes())
        };
    });
    builder
        .body(())
        .map_err(|error| Error::Client(Arc::new(error.into())))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use ureq_proto::client::Call;

    use super::*;
    use crate::limits::Limits;
    use crate::request_url::LastTarget;

    /// The bytes that ureq writes.
    fn by_ureq(request: &Request<'_>) -> Vec<u8> {
        let head = for_ureq(request, request.headers()).unwrap();
        let mut call = Call::new(head).unwrap();
        call.allow_non_standard_methods(true);
        if request.body().is_some() {
            call.force_send_body();
        }
        let mut call = call.proceed();
        let mut written = Vec::new();
        while !call.can_proceed() {
            let mut buffer = vec![0; 100_000];
            let count = call.write(&mut buffer).unwrap();
            written.extend_from_slice(&buffer[..count]);
        }
        written
    }

    fn request(
        method: &str,
        url: &str,
        headers: &str,
        body: &'static [u8],
    ) -> Option<Request<'static>> {
        let limits = Limits::default();
        let target = LastTarget::default().parse(url, limits.max_url_len).ok()?;
        let body = Body::Whole(Cow::Borrowed(body));
        Request::parse(target, method, headers, body, &limits, true).ok()
    }

    #[test]
    fn host_comes_first_and_nothing_is_sent_twice() {
        let request = request(
            "GET",
            "http://a.example:81/b?c#d",
            "User-Agent:e\nX-Y:1\nx-y:2",
            b"abc",
        );
        let head = request.map(|it| bytes(&it, it.headers())).unwrap();
        let expected = "GET /b?c HTTP/1.1\r\nhost: a.example:81\r\naccept: */*\r\ncontent-length: 3\r\n\
                        User-Agent: e\r\nX-Y: 1\r\nx-y: 2\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), expected);
    }

    proptest! {
        /// For any request of a guest.
        #[test]
        fn it_is_what_ureq_writes(
            method in "GET|HEAD|DELETE|OPTIONS|get|M-SEARCH|[!#$%&'*+.^_`|~A-Za-z-]{1,9}",
            rest in "[/?]?\\PC{0,40}",
            headers in prop::collection::vec(
                ("[A-Ca-c-]{1,3}|Host|accept|USER-AGENT|Cookie", "[ -~\u{e9}\t]{0,9}"), 0..9,
            ),
            body in prop::sample::select(vec![&b""[..], b"abc"]),
        ) {
            let text: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            if let Some(request) = request(&method, &format!("https://a.example:81{rest}"), &text, body) {
                let ours = bytes(&request, request.headers());
                let theirs = by_ureq(&request);
                prop_assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs));
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}

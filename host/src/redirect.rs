//! Decides where a redirect leads and what is sent there (RFC 9110, section 15.4). Pure functions.
//!
//! The loop that follows redirects is in [`crate::send`]: it counts them, checks the allowed hosts at
//! each, and does not send a streamed body twice.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use crate::request_url::{self, UrlError};

/// The request that a redirect asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub url: Url,
    pub method: Method,
    /// Whether the body is sent again.
    pub keep_body: bool,
}

/// The request that a response asks for; `None` if it is not a redirect that can be followed, so
/// that the guest gets the response itself.
pub(crate) fn next(
    status: StatusCode,
    headers: &HeaderMap,
    url: &Url,
    method: &Method,
    max_url_len: usize,
) -> Result<Option<Redirect>, UrlError> {
    let (method, keep_body) = match status {
        // Historically a POST becomes a GET here; other methods stay (sections 15.4.2 and 15.4.3).
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if *method == Method::POST => {
            (Method::GET, false)
        }
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => (method.clone(), true),
        StatusCode::SEE_OTHER if *method == Method::HEAD => (Method::HEAD, false),
        StatusCode::SEE_OTHER => (Method::GET, false),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => (method.clone(), true),
        _ => return Ok(None),
    };
    let Some(location) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    // An empty `Location` leads nowhere: give the guest the response itself.
    if location.is_empty() {
        return Ok(None);
    }
    match request_url::join(url, &as_text(location.as_bytes()), max_url_len) {
        Ok(url) => Ok(Some(Redirect {
            url,
            method,
            keep_body,
        })),
        Err(UrlError::Unparsable(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A `Location` as browsers read it: as UTF-8, with invalid bytes percent-encoded.
fn as_text(location: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(location) {
        Ok(text) => text.into(),
        Err(_) => percent_encode(location, NOT_ASCII).into(),
    }
}

/// Leave ASCII alone; all other bytes are always encoded.
const NOT_ASCII: &AsciiSet = &AsciiSet::EMPTY;

/// Credentials, which are meant for the origin that the guest named.
const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    // A `Host` of the guest's was chosen for the first origin.
    header::HOST,
    header::PROXY_AUTHORIZATION,
];

/// Headers about the body (RFC 9110, section 15.4), meaningless without it.
const CONTENT: [HeaderName; 6] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::CONTENT_TYPE,
    header::LAST_MODIFIED,
    HeaderName::from_static("digest"),
];

/// Removes the headers that must not be sent to the next hop.
pub(crate) fn strip_headers(headers: &mut HeaderMap, from: &Url, redirect: &Redirect) {
    if from.origin() != redirect.url.origin() {
        for name in &CREDENTIALS {
            headers.remove(name);
        }
    }
    if !redirect.keep_body {
        for name in &CONTENT {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const MAX: usize = 100;

    fn location(value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_bytes(value).unwrap())])
    }

    fn follow(status: u16, method: &str) -> Option<(String, bool)> {
        next(
            StatusCode::from_u16(status).unwrap(),
            &location(b"/next"),
            &"http://example.com/".parse().unwrap(),
            &method.parse().unwrap(),
            MAX,
        )
        .unwrap()
        .map(|redirect| (redirect.method.to_string(), redirect.keep_body))
    }

    #[test]
    fn methods_and_bodies_follow_rfc_9110() {
        let cases = [
            (301, "GET", Some(("GET", true))),
            (301, "POST", Some(("GET", false))),
            (301, "PUT", Some(("PUT", true))),
            (302, "POST", Some(("GET", false))),
            (302, "HEAD", Some(("HEAD", true))),
            (302, "PURGE", Some(("PURGE", true))),
            (303, "GET", Some(("GET", false))),
            (303, "HEAD", Some(("HEAD", false))),
            (303, "PUT", Some(("GET", false))),
            (303, "POST", Some(("GET", false))),
            (307, "POST", Some(("POST", true))),
            (308, "POST", Some(("POST", true))),
            (308, "DELETE", Some(("DELETE", true))),
            (200, "GET", None),
            (201, "POST", None),
            (300, "GET", None),
            (304, "GET", None),
            (305, "GET", None),
            (404, "GET", None),
        ];
        for (status, method, expected) in cases {
            let expected = expected.map(|(method, body)| (method.to_owned(), body));
            assert_eq!(follow(status, method), expected, "{status} {method}");
        }
    }

    #[test]
    fn a_location_that_cannot_be_followed_leaves_the_response_to_the_guest() {
        let url: Url = "http://example.com/".parse().unwrap();
        for headers in [HeaderMap::new(), location(b""), location(b"http://")] {
            let redirect = next(StatusCode::FOUND, &headers, &url, &Method::GET, MAX);
            assert_eq!(redirect, Ok(None), "{headers:?}");
        }
    }

    #[test]
    fn a_location_is_followed_whatever_bytes_it_is_written_in() {
        let url: Url = "http://example.com/".parse().unwrap();
        for (value, expected) in [
            (&b"caf\xe9?\xe9"[..], "http://example.com/caf%E9?%E9"),
            ("café".as_bytes(), "http://example.com/caf%C3%A9"),
            (b"a b", "http://example.com/a%20b"),
            (b"http://me:secret@other.example/", "http://other.example/"),
        ] {
            let next = next(StatusCode::FOUND, &location(value), &url, &Method::GET, MAX);
            assert_eq!(next.unwrap().unwrap().url.as_str(), expected);
        }
    }

    #[test]
    fn a_location_outside_http_is_refused() {
        let url: Url = "http://example.com/".parse().unwrap();
        for (value, expected) in [
            (&b"file:///etc/passwd"[..], "neither http nor https"),
            (&[b'a'; MAX + 1], "longer than"),
        ] {
            let error = next(StatusCode::FOUND, &location(value), &url, &Method::GET, MAX);
            assert!(
                error.unwrap_err().to_string().contains(expected),
                "{expected}"
            );
        }
    }

    #[test]
    fn credentials_stay_with_their_origin_and_content_headers_with_the_body() {
        let names = ["authorization", "cookie", "content-type", "abc"];
        let all: HeaderMap = names
            .iter()
            .map(|name| (name.parse().unwrap(), HeaderValue::from_static("x")))
            .collect();
        let from: Url = "http://example.com/".parse().unwrap();
        let cases = [
            (
                "http://example.com/next",
                true,
                "authorization cookie content-type abc",
            ),
            ("http://example.com/next", false, "authorization cookie abc"),
            ("http://example.com:81/", true, "content-type abc"),
            ("https://example.com/", true, "content-type abc"),
            ("http://www.example.com/", false, "abc"),
        ];
        for (url, keep_body, expected) in cases {
            let mut headers = all.clone();
            let redirect = Redirect {
                url: url.parse().unwrap(),
                method: Method::GET,
                keep_body,
            };
            strip_headers(&mut headers, &from, &redirect);
            let left: Vec<&str> = names
                .into_iter()
                .filter(|name| headers.contains_key(*name))
                .collect();
            assert_eq!(left.join(" "), expected, "{url}");
        }
    }
}

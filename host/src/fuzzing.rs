//! Properties that hold for any input: the bodies of the fuzz targets in `host/fuzz`, and of the
//! property tests that run them in CI. Not part of the public interface.

#[cfg(test)]
mod inputs;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

use crate::allowed_hosts::{ALLOW_ALL, AllowedHosts};
use crate::limits::DEFAULT_MAX_REQUEST_HEADERS;
use crate::redirect::{self, Redirect};
use crate::{headers, request_url};

/// The text of a guest's request headers.
pub fn header_text(text: &str) {
    const MAX: usize = DEFAULT_MAX_REQUEST_HEADERS;
    let Ok((mut parsed, _)) = headers::parse(text, MAX) else {
        return;
    };
    assert!(parsed.len() <= MAX);
    assert_eq!(
        parsed.len(),
        text.split('\n').filter(|line| !line.is_empty()).count(),
        "a line is a header"
    );
    for value in parsed.values() {
        let bytes = value.as_bytes();
        assert!(!bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    }
    let written = headers::write(&parsed);
    assert_eq!(written.len(), headers::text_len(&parsed));
    let written = String::from_utf8(written).expect("what was text");
    let again = headers::parse(&written, MAX).map(|(headers, _)| headers);
    assert_eq!(again.as_ref(), Ok(&parsed));

    let url: Url = "http://example.com:8080/".parse().expect("a URL");
    if headers::take_framing(&mut parsed, &url, Some(3), false).is_ok() {
        for name in [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "upgrade",
            "proxy-authorization",
            "proxy-connection",
            "expect",
            "http2-settings",
        ] {
            assert!(!parsed.contains_key(name), "{name}");
        }
    }
}

/// An entry of the allowed hosts.
pub fn allowed_host(entry: &str) {
    let Ok(hosts) = AllowedHosts::parse([entry]) else {
        return;
    };
    for url in ["file:///etc/passwd", "ftp://example.com/", "data:,a"] {
        assert!(!hosts.allows(&url.parse().expect("a URL")), "{entry} {url}");
    }
    if entry == ALLOW_ALL || entry.starts_with("deny:") {
        return;
    }
    // An entry that is the origin of a URL allows it, and as a denial wins over everything.
    if let Ok((url, None)) = request_url::parse(entry, usize::MAX)
        && request_url::origin(&url) == entry
    {
        assert!(hosts.allows(&url), "{entry}");
        let denied = AllowedHosts::parse([ALLOW_ALL, entry, &format!("deny:{entry}")]);
        assert!(!denied.expect("valid entries").allows(&url), "{entry}");
    }
}

/// A guest's URL.
pub fn url(text: &str) {
    const MAX: usize = 4096;
    if let Ok((url, _)) = request_url::parse(text, MAX) {
        check_url(&url, MAX);
    }
}

fn check_url(url: &Url, max: usize) {
    assert!(matches!(url.scheme(), "http" | "https"));
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(url.as_str().len() <= max);
    if let Ok(uri) = request_url::to_uri(url) {
        assert_eq!(uri.host(), url.host_str());
        assert_eq!(uri.scheme_str(), Some(url.scheme()));
        let sent: Url = uri.to_string().parse().expect("what was a URL");
        assert_eq!(sent.origin(), url.origin());
        assert!(!uri.to_string().contains(['#', '\r', '\n', ' ']));
    }
    let shown = request_url::redacted(url);
    assert!(!shown.contains(['?', '#']), "{shown}");
}

/// The status and the `Location` of a server.
pub fn redirect(status: u16, location: &[u8]) {
    const MAX: usize = 4096;
    let from: Url = "http://example.com/a/b?c".parse().expect("a URL");
    let (Ok(status), Ok(value)) = (
        StatusCode::from_u16(status),
        HeaderValue::from_bytes(location),
    ) else {
        return;
    };
    let response = HeaderMap::from_iter([(header::LOCATION, value)]);
    for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT] {
        let next = redirect::next(status, &response, &from, &method, MAX);
        let Ok(Some(next)) = next else {
            continue;
        };
        check_url(&next.url, MAX);
        check_redirect(status, &method, &from, &next);
    }
}

fn check_redirect(status: StatusCode, method: &Method, from: &Url, next: &Redirect) {
    assert!(matches!(status.as_u16(), 301..=303 | 307 | 308));
    if next.keep_body {
        assert_eq!(&next.method, method);
    }
    let mut sent: HeaderMap = [header::AUTHORIZATION, header::COOKIE, header::CONTENT_TYPE]
        .into_iter()
        .map(|name| (name, HeaderValue::from_static("a")))
        .collect();
    redirect::strip_headers(&mut sent, from, next);
    let same = from.origin() == next.url.origin();
    assert_eq!(sent.contains_key(header::AUTHORIZATION), same);
    assert_eq!(sent.contains_key(header::COOKIE), same);
    assert_eq!(sent.contains_key(header::CONTENT_TYPE), next.keep_body);
}

//! Requests that the host refuses to send, each with its code.

use wasi_experimental_http_wasmtime::HttpCtx;
use wasi_experimental_http_wasmtime::limits::{
    DEFAULT_MAX_METHOD_LEN, DEFAULT_MAX_REQUEST_HEADER_BYTES, DEFAULT_MAX_REQUEST_HEADERS,
    DEFAULT_MAX_URL_LEN,
};

use crate::common::{Guest, HANDLE, STATUS, code};
use crate::{UNTOUCHED, assert_nothing_was_sent, guest, server};

#[test]
fn bad_utf8_is_not_sent() {
    let server = server();
    let mut guest = guest(&server);
    let url = server.url("/get");
    let mut bad_url = url.clone().into_bytes();
    bad_url.push(0xe9);
    let cases = [
        (&bad_url[..], &b"GET"[..], &b""[..]),
        (url.as_bytes(), b"GET\xff", b""),
        (url.as_bytes(), b"GET", b"a:caf\xe9\n"),
    ];
    for (url, method, headers) in cases {
        let args = guest.place(url, method, headers, b"\xff\xfe");
        assert_eq!(
            guest.call_req(args),
            code::UTF8_ERROR,
            "{url:x?} {method:x?} {headers:x?}"
        );
    }
    assert_nothing_was_sent(&server);
}

#[test]
fn requests_that_cannot_be_sent_are_not() {
    let server = server();
    let mut guest = guest(&server);
    let url = server.url("/get");
    let host = url.strip_prefix("http://").unwrap();
    let long_url = format!("{url}?{}", "a".repeat(DEFAULT_MAX_URL_LEN as usize));
    let long_method = "A".repeat(DEFAULT_MAX_METHOD_LEN as usize + 1);
    let long_headers = format!(
        "a:{}",
        "b".repeat(DEFAULT_MAX_REQUEST_HEADER_BYTES as usize)
    );
    let many_headers = "a:b\n".repeat(DEFAULT_MAX_REQUEST_HEADERS + 1);
    let ftp = format!("ftp://{host}");
    let https = format!("https://{host}");
    let localhost = url.replace("127.0.0.1", "localhost");
    let cases = [
        ("", "GET", "", code::INVALID_URL),
        ("/get", "GET", "", code::INVALID_URL),
        ("http://", "GET", "", code::INVALID_URL),
        ("http://127.0.0.1:99999/", "GET", "", code::INVALID_URL),
        ("file:///etc/passwd", "GET", "", code::INVALID_URL),
        ("data:,a", "GET", "", code::INVALID_URL),
        (&ftp, "GET", "", code::INVALID_URL),
        (&long_url, "GET", "", code::INVALID_URL),
        (&url, "", "", code::INVALID_METHOD),
        (&url, "GE T", "", code::INVALID_METHOD),
        (&url, "GET\r\n", "", code::INVALID_METHOD),
        (&url, "GET / HTTP/1.1\r\n", "", code::INVALID_METHOD),
        (&url, "G\u{c9}T", "", code::INVALID_METHOD),
        (&url, "GET\0", "", code::INVALID_METHOD),
        (&url, "CONNECT", "", code::INVALID_METHOD),
        (&url, "connect", "", code::INVALID_METHOD),
        (&url, &long_method, "", code::INVALID_METHOD),
        (&url, "GET", "a", code::INVALID_ENCODING),
        (&url, "GET", "a:b\nc", code::INVALID_ENCODING),
        (&url, "GET", ":b", code::INVALID_ENCODING),
        (&url, "GET", " a:b", code::INVALID_ENCODING),
        (&url, "GET", "a :b", code::INVALID_ENCODING),
        (&url, "GET", "a:b\r\nc:d", code::INVALID_ENCODING),
        (&url, "GET", "a:b\rc:d", code::INVALID_ENCODING),
        (&url, "GET", "a:\0", code::INVALID_ENCODING),
        (&url, "GET", "caf\u{e9}:b", code::INVALID_ENCODING),
        (&url, "GET", &long_headers, code::INVALID_ENCODING),
        (&url, "GET", &many_headers, code::INVALID_ENCODING),
        (&url, "GET", "Host:example.com", code::INVALID_ENCODING),
        (&url, "GET", "Content-Length:5", code::INVALID_ENCODING),
        (
            &url,
            "GET",
            "Transfer-Encoding:chunked",
            code::INVALID_ENCODING,
        ),
        (&localhost, "GET", "", code::DESTINATION_NOT_ALLOWED),
        (&https, "GET", "", code::DESTINATION_NOT_ALLOWED),
        (
            "http://127.0.0.1/",
            "GET",
            "",
            code::DESTINATION_NOT_ALLOWED,
        ),
        (
            "http://example.com/",
            "GET",
            "",
            code::DESTINATION_NOT_ALLOWED,
        ),
    ];
    for (url, method, headers, expected) in cases {
        for out in [STATUS, HANDLE] {
            guest.put(out, &UNTOUCHED);
        }
        let given = guest.send(method, url, headers, b"");
        let shown = &url[..url.len().min(60)];
        assert_eq!(given, Err(expected), "{method:.60} {shown} {headers:.60}");
        for out in [STATUS, HANDLE] {
            assert_eq!(
                guest.get(out, 8),
                UNTOUCHED,
                "{method:.60} {shown} {headers:.60}"
            );
        }
    }
    assert_nothing_was_sent(&server);
    assert_eq!(guest.open(&url), 1);
}

#[test]
fn a_request_that_fails_on_its_way_is_a_request_error() {
    let refused = {
        let gone = server();
        gone.url("/get")
    };
    let mut http = HttpCtx::builder();
    http.try_allowed_host(refused.trim_end_matches("/get"))
        .unwrap();
    let mut guest = Guest::new(http.build());
    guest.put(STATUS, &UNTOUCHED);
    assert_eq!(guest.fetch(&refused), Err(code::REQUEST_ERROR));
    assert_eq!(guest.get(STATUS, 8), UNTOUCHED);
}

#[test]
fn an_empty_list_of_hosts_denies_everything() {
    let server = server();
    for allowed in [None, Some(Vec::new())] {
        let mut guest = Guest::new(HttpCtx::new(allowed, None).unwrap());
        assert_eq!(
            guest.fetch(&server.url("/get")),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
    }
    assert_nothing_was_sent(&server);
    let all = Some(vec!["insecure:allow-all".to_owned()]);
    let mut guest = Guest::new(HttpCtx::new(all, Some(1)).unwrap());
    guest.open(&server.url("/get"));
    assert_eq!(
        guest.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
}

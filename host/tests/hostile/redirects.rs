//! What goes along with a redirect, and where redirects end.

use std::io::Write;

use wasi_experimental_http_test_server::{ReceivedRequest, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::{Guest, Opened, code};
use crate::guest;

const CREDENTIALS: &str =
    "Authorization:Bearer SECRET\nCookie:a=SECRET\nProxy-Authorization:Basic SECRET\nabc:def";

fn percent_encoded(url: &str) -> String {
    url.replace('%', "%25")
        .replace('?', "%3F")
        .replace('&', "%26")
        .replace('#', "%23")
}

fn header(request: &ReceivedRequest, name: &str) -> Option<String> {
    request.header_text(name)
}

/// A server that answers each path with a raw response, `{next}` in it being another server's URL.
fn answering(response: String) -> TestServer {
    TestServer::http().raw(move |conn| {
        while conn.read_request().is_ok() {
            conn.write_all(response.as_bytes())?;
        }
        Ok(())
    })
}

#[test]
fn credentials_stay_with_their_origin_and_do_not_come_back() {
    let one = TestServer::http().start();
    let two = TestServer::http().start();
    let mut guest = guest(&HttpClient::new(), &[&one.origin(), &two.origin()]);

    // Within the origin they go along.
    guest
        .send("GET", &one.url("/redirect/1"), CREDENTIALS, b"")
        .unwrap();
    for request in one.received() {
        assert_eq!(
            header(&request, "authorization").as_deref(),
            Some("Bearer SECRET")
        );
        assert_eq!(header(&request, "cookie").as_deref(), Some("a=SECRET"));
        assert_eq!(header(&request, "proxy-authorization"), None);
    }

    // To another port and back again they do not, for each status and with the body.
    for status in [301, 302, 303, 307, 308] {
        one.clear();
        two.clear();
        let back = percent_encoded(&one.url("/get"));
        let there = two.url(&format!("/redirect-to?status={status}&url={back}"));
        let there = percent_encoded(&there);
        let url = one.url(&format!("/redirect-to?status={status}&url={there}"));
        let opened = guest.send("POST", &url, CREDENTIALS, b"hello").unwrap();
        assert_eq!(opened.status, 200);
        let [first, last] = &one.received()[..] else {
            panic!("{status}: {:?}", one.received());
        };
        assert!(header(first, "authorization").is_some());
        for request in [&two.received()[0], last] {
            for name in ["authorization", "cookie", "proxy-authorization"] {
                assert_eq!(header(request, name), None, "{status}");
            }
            assert_eq!(header(request, "abc").as_deref(), Some("def"), "{status}");
            let kept = matches!(status, 307 | 308);
            assert_eq!(
                request.method,
                if kept { "POST" } else { "GET" },
                "{status}"
            );
            assert_eq!(
                request.body,
                if kept { &b"hello"[..] } else { b"" },
                "{status}"
            );
        }
        guest.call_close(opened.handle);
    }
}

#[test]
fn a_fragment_is_never_sent() {
    let server = TestServer::http().start();
    let mut guest = guest(&HttpClient::new(), &[&server.origin()]);
    let next = percent_encoded("/get?a=b#SECRET");
    guest.fetch_all(&server.url(&format!("/redirect-to?url={next}#SECRET")));
    for request in server.received() {
        assert!(!request.target.contains('#'), "{}", request.target);
        assert!(!format!("{:?}", request.headers).contains("SECRET"));
    }
    assert_eq!(server.last_request().unwrap().target, "/get?a=b");
}

#[test]
fn loops_of_several_servers_end_at_the_default_limit() {
    let first = TestServer::http().start();
    let second = answering(format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        first.url("/redirect/1000")
    ));
    let mut guest = guest(&HttpClient::new(), &[&first.origin(), &second.origin()]);
    assert_eq!(guest.fetch(&second.url("/")), Err(code::REQUEST_ERROR));
    assert_eq!(first.requests() + second.requests(), 11);
}

#[test]
fn what_is_no_redirect_is_the_guests() {
    let cases = [
        ("302 Found", ""),
        ("302 Found", "Location: http://\r\n"),
        ("300 Multiple Choices", "Location: /get\r\n"),
        ("304 Not Modified", "Location: /get\r\n"),
        ("305 Use Proxy", "Location: http://127.0.0.1:1/\r\n"),
        ("201 Created", "Location: /get\r\n"),
    ];
    for (status, location) in cases {
        let mut response = format!("HTTP/1.1 {status}\r\n{location}").into_bytes();
        response.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        let server = TestServer::http().raw(move |conn| {
            conn.read_request()?;
            conn.write_all(&response)
        });
        let mut guest = guest(&HttpClient::new(), &[&server.origin()]);
        let given = guest.fetch(&server.url("/")).map(|opened| opened.status);
        assert_eq!(
            given,
            Ok(status[..3].parse().unwrap()),
            "{status} {location}"
        );
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_target_that_no_guest_may_name_is_refused() {
    let long = format!("/{}", "a".repeat(20_000));
    let cases = [
        // The user goes, and what is left is not allowed.
        (
            "http://user:password@127.0.0.1/",
            code::DESTINATION_NOT_ALLOWED,
        ),
        (long.as_str(), code::REQUEST_ERROR),
        ("file:///etc/passwd", code::DESTINATION_NOT_ALLOWED),
        ("javascript:alert(1)", code::DESTINATION_NOT_ALLOWED),
        ("data:,a", code::DESTINATION_NOT_ALLOWED),
        ("gopher://127.0.0.1/", code::DESTINATION_NOT_ALLOWED),
        ("//169.254.169.254/latest", code::DESTINATION_NOT_ALLOWED),
        ("http://0x7f.1:1/", code::DESTINATION_NOT_ALLOWED),
    ];
    for (target, expected) in cases {
        let server = answering(format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        ));
        let mut guest = guest(&HttpClient::new(), &[&server.origin()]);
        let given = guest.send("POST", &server.url("/"), "", b"hello");
        assert_eq!(given, Err(expected), "{target}");
        assert_eq!(server.requests(), 1, "{target}");
    }
}

#[test]
fn a_redirect_to_a_denied_host_is_not_followed() {
    let server = TestServer::http().start();
    let denied = TestServer::http().start();
    let deny = format!("deny:{}", denied.origin());
    let mut guest = guest(&HttpClient::new(), &["insecure:allow-all", &deny]);
    let url = server.url(&format!("/redirect-to?url={}", denied.url("/get")));
    assert_eq!(guest.fetch(&url), Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(denied.connections(), 0);
}

#[test]
fn with_a_limit_of_0_the_guest_gets_every_3xx() {
    let server = TestServer::http().start();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let mut guest = Guest::new(http.max_redirects(0).build());
    for status in [301, 302, 303, 307, 308] {
        let url = server.url(&format!(
            "/redirect-to?status={status}&url=http://10.0.0.1/"
        ));
        let Opened {
            status: given,
            handle,
        } = guest.send("POST", &url, "", b"a").unwrap();
        assert_eq!(given, status);
        assert_eq!(
            guest.header(handle, "location").unwrap(),
            b"http://10.0.0.1/"
        );
    }
    assert_eq!(server.requests(), 5);
}

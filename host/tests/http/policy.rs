//! Where a guest may go, by itself and by a redirect.

use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{AllowedHosts, DeniedReason, HttpClient, HttpCtx};

use crate::common::{Guest, Opened, code, ctx, ctx_with, over_http_and_https, trusting};
use crate::{last, values};

#[test]
fn hosts_that_are_not_allowed_are_not_connected_to() {
    let server = TestServer::http().start();
    let port = server.port();
    let cases = [
        vec![],
        vec!["http://127.0.0.1".to_owned()],
        vec![format!("https://127.0.0.1:{port}")],
        vec![format!("http://localhost:{port}")],
        vec![
            format!("http://127.0.0.2:{port}"),
            format!("http://[::1]:{port}"),
        ],
        vec![format!("http://127.0.0.1:{}", port ^ 1)],
    ];
    for allowed in cases {
        let mut guest = Guest::new(HttpCtx::new(Some(allowed.clone()), None).unwrap());
        let given = guest.fetch(&server.url("/get"));
        assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED), "{allowed:?}");
    }
    assert_eq!((server.connections(), server.requests()), (0, 0));
    for allowed in [
        server.origin(),
        server.origin() + "/",
        "insecure:allow-all".to_owned(),
    ] {
        let mut guest = Guest::new(HttpCtx::new(Some(vec![allowed]), None).unwrap());
        assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
    }
}

#[test]
fn another_spelling_of_an_allowed_host_is_that_host() {
    let server = TestServer::http().start();
    let port = server.port();
    let mut guest = Guest::new(ctx(&[&server]));
    for url in [
        format!("HTTP://127.0.0.1:{port}/get"),
        format!("http://0x7f.1:{port}/get"),
        format!("http://2130706433:{port}/get"),
        format!("http:\\\\127.0.0.1:{port}\\get"),
    ] {
        assert_eq!(guest.fetch_all(&url).0, 200, "{url}");
        let host = format!("127.0.0.1:{port}");
        assert_eq!(values(&last(&server), "host"), [host], "{url}");
        assert_eq!(last(&server).target, "/get", "{url}");
    }
}

#[test]
fn redirects_are_followed_to_allowed_hosts() {
    let ca = TestCa::new();
    let one = TestServer::http().start();
    let two = TestServer::https(&ca).start();
    let mut guest = Guest::new(ctx_with(&[&one, &two], trusting(&ca)));
    let (status, body) = guest.fetch_all(&one.url("/redirect/4"));
    assert_eq!((status, &body[..]), (200, HELLO.as_bytes()));
    let targets: Vec<String> = one.received().into_iter().map(|it| it.target).collect();
    let expected = [
        "/redirect/4",
        "/redirect/3",
        "/redirect/2",
        "/redirect/1",
        "/get",
    ];
    assert_eq!(targets, expected);
    assert_eq!(one.connections(), 1);

    // To another server, without the credentials and the fragment.
    one.clear();
    let url = one.url(&format!("/redirect-to?url={}%23f#g", two.url("/headers")));
    let headers = "Authorization:a\nCookie:b\nabc:def";
    let Opened { status, .. } = guest.send("GET", &url, headers, b"").unwrap();
    assert_eq!((status, one.requests(), two.requests()), (200, 1, 1));
    assert_eq!(values(&last(&one), "authorization"), ["a"]);
    let request = last(&two);
    assert_eq!(request.target, "/headers");
    assert_eq!(values(&request, "abc"), ["def"]);
    assert_eq!(values(&request, "authorization"), [""; 0]);
    assert_eq!(values(&request, "cookie"), [""; 0]);
    let host = two.origin().split("://").nth(1).unwrap().to_owned();
    assert_eq!(values(&request, "host"), [host]);
}

#[test]
fn redirects_change_the_method_and_resend_the_body_by_status() {
    over_http_and_https(|server, guest| {
        let cases = [
            (301, "POST", "GET", false),
            (302, "POST", "GET", false),
            (303, "POST", "GET", false),
            (303, "PUT", "GET", false),
            (307, "POST", "POST", true),
            (308, "POST", "POST", true),
            (301, "PUT", "PUT", true),
            (302, "DELETE", "DELETE", true),
            (308, "PURGE", "PURGE", true),
        ];
        for (status, method, then, body) in cases {
            let url = server.url(&format!("/redirect-to?status={status}&url=/echo"));
            let headers = "Content-Type:a/b\nabc:def";
            let opened = guest.send(method, &url, headers, b"hello").unwrap();
            assert_eq!(opened.status, 200);
            let request = last(server);
            let context = format!("{status} {method}");
            assert_eq!(request.method, then, "{context}");
            assert_eq!(
                request.body,
                if body { &b"hello"[..] } else { b"" },
                "{context}"
            );
            assert_eq!(values(&request, "abc"), ["def"], "{context}");
            assert_eq!(
                values(&request, "content-type").len(),
                usize::from(body),
                "{context}"
            );
            guest.call_close(opened.handle);
        }
    });
}

#[test]
fn redirects_to_hosts_that_are_not_allowed_are_not_followed() {
    let one = TestServer::http().start();
    let denied = TestServer::http().start();
    let mut guest = Guest::new(ctx(&[&one]));
    let localhost = one.origin_at("localhost") + "/get";
    let https = one.url("/get").replace("http:", "https:");
    for target in [
        denied.url("/get").as_str(),
        // The same server by another name, another scheme.
        &localhost,
        &https,
        "http://example.com/",
        "file:///etc/passwd",
    ] {
        for (status, method) in [(302, "GET"), (303, "POST"), (307, "POST")] {
            let url = one.url(&format!("/redirect-to?status={status}&url={target}"));
            let given = guest.send(method, &url, "", b"");
            assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED), "{target}");
        }
    }
    // Through an allowed hop, too.
    let inner = one.url(&format!("/redirect-to?url={}", denied.url("/get")));
    let encoded = inner.replace('?', "%3F").replace('&', "%26");
    let given = guest.fetch(&one.url(&format!("/redirect-to?url={encoded}")));
    assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!((denied.connections(), denied.requests()), (0, 0));
    assert_eq!(guest.store.data().open_responses(), 0);
}

#[test]
fn redirects_end() {
    let server = TestServer::http().start();
    let builder = || {
        HttpCtx::builder()
            .try_allowed_host(&server.origin())
            .unwrap()
            .clone()
    };
    let mut guest = Guest::new(builder().max_redirects(3).build());
    assert_eq!(guest.fetch_all(&server.url("/redirect/3")).0, 200);
    assert_eq!(
        guest.fetch(&server.url("/redirect/4")),
        Err(code::REQUEST_ERROR)
    );
    server.clear();
    assert_eq!(
        guest.fetch(&server.url("/redirect-loop")),
        Err(code::REQUEST_ERROR)
    );
    assert_eq!(server.requests(), 4);

    // None at all: the guest gets the redirecting response.
    let mut guest = Guest::new(builder().max_redirects(0).build());
    let Opened { status, handle } = guest.fetch(&server.url("/redirect/1")).unwrap();
    assert_eq!(status, 302);
    assert_eq!(guest.header(handle, "location").unwrap(), b"/get");
    assert_eq!(guest.read_all(handle).unwrap(), b"a redirect");
}

/// At every hop, with the method and the path that are sent there.
#[test]
fn methods_and_paths_of_an_entry_are_asked_at_every_hop() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let entries = [
        format!("GET {origin}/redirect-to"),
        format!("POST {origin}/redirect-to"),
        format!("GET,HEAD {origin}/get"),
        format!("{origin}/bytes/"),
    ];
    let mut http = HttpCtx::builder();
    http.client(HttpClient::new());
    for entry in &entries {
        http.try_allowed_host(entry).unwrap();
    }
    let mut guest = Guest::new(http.build());
    // The method, the path, and what was sent if the last of it was not.
    let cases = [
        ("GET", "/get", Ok("GET /get")),
        ("HEAD", "/get?a=b", Ok("HEAD /get?a=b")),
        ("GET", "/bytes/../get", Ok("GET /get")),
        ("GET", "/byt%65s/../%67et", Ok("GET /%67et")),
        ("DELETE", "/bytes/1", Ok("DELETE /bytes/1")),
        ("POST", "/get", Err("")),
        ("GET", "/gets", Err("")),
        ("GET", "/", Err("")),
        ("GET", "/get/..%2fecho", Err("")),
        ("GET", "/bytes/%2e%2e%2fecho", Err("")),
        ("GET", "/bytes/../echo", Err("")),
        ("GET", "/bytes/..;/echo", Err("")),
        ("GET", "/redirect-to?url=/get", Ok("GET /get")),
        ("POST", "/redirect-to?url=/get", Ok("GET /get")),
        (
            "POST",
            "/redirect-to?url=/get&status=307",
            Err("POST /redirect-to?url=/get&status=307"),
        ),
        (
            "GET",
            "/redirect-to?url=/bytes/../echo",
            Err("GET /redirect-to?url=/bytes/../echo"),
        ),
        (
            "GET",
            "/redirect-to?url=/bytes/%252e%252e%252fecho",
            Err("GET /redirect-to?url=/bytes/%252e%252e%252fecho"),
        ),
    ];
    for (method, path, expected) in cases {
        server.clear();
        let result = guest.send(method, &server.url(path), "", b"");
        let sent = server
            .last_request()
            .map(|request| format!("{} {}", request.method, request.target));
        let expected_sent = match expected {
            Ok(sent) => {
                assert!(result.is_ok(), "{method} {path}");
                guest.call_close(result.unwrap().handle);
                sent
            }
            Err(sent) => {
                let denied = Err(code::DESTINATION_NOT_ALLOWED);
                assert_eq!(result, denied, "{method} {path}");
                let (reason, message) = guest.last_error();
                assert_eq!(reason, "not_allowed");
                assert!(message.contains("other methods or paths"), "{message}");
                sent
            }
        };
        assert_eq!(sent.unwrap_or_default(), expected_sent, "{method} {path}");
        let started = guest.start(method, &server.url(path), 0);
        let waited = started.and_then(|handle| guest.wait(handle));
        assert_eq!(waited.is_ok(), expected.is_ok(), "{method} {path}");
    }
}

/// An entry is advised that allows the request, and no more than has to be.
#[test]
fn a_denial_by_method_or_path_names_the_entry_that_would_allow_it() {
    let denied = Arc::new(Mutex::new(Vec::new()));
    let log = denied.clone();
    let mut http = HttpCtx::builder();
    http.try_allowed_host("GET http://127.0.0.1:1/v1/")
        .unwrap()
        .on_denied(move |denied| log.lock().unwrap().push(denied.clone()));
    let mut guest = Guest::new(http.build());
    let cases = [
        ("POST", "/v1/a?secret", "POST http://127.0.0.1:1/v1/a"),
        ("GET", "/v2", "GET http://127.0.0.1:1/v2"),
        ("GET", "/v1/..%2fadmin", "GET http://127.0.0.1:1"),
        ("GET", "/8", "GET http://127.0.0.1:1"),
    ];
    for (method, path, entry) in cases {
        let url = format!("http://127.0.0.1:1{path}");
        assert_eq!(
            guest.send(method, &url, "", b""),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
        let denied = denied.lock().unwrap().pop().unwrap();
        assert_eq!(denied.reason, DeniedReason::MethodOrPath(entry.to_owned()));
        assert!(denied.to_string().contains(entry), "{denied}");
        let hosts: AllowedHosts = entry.parse().unwrap();
        assert!(hosts.allows_request(&method.parse().unwrap(), &url.parse().unwrap()));
    }
}

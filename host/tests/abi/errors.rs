//! `error_get`: why the last call failed that did.

use std::io::{self, Write};
use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};

use crate::common::{
    BUFFER, BUFFER_LEN, Export, Guest, MEMORY, NAME, REASON, WRITTEN, code, ctx, fact, trusting,
};
use crate::{UNTOUCHED, guest, server};

/// The longest message that the WITX allows, in bytes.
const MAX_MESSAGE_LEN: usize = 1024;

/// Asserts why the last call failed, and that the message has these parts.
#[track_caller]
fn assert_failed(guest: &mut Guest, reason: &str, parts: &[&str]) {
    let (given, message) = guest.last_error();
    assert_eq!(given, reason, "{message}");
    assert!(message.len() <= MAX_MESSAGE_LEN, "{message}");
    for part in parts {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    // What would help is behind the rest.
    assert!(message.contains("; "), "{message}");
}

#[test]
fn there_is_none_before_a_call_has_failed() {
    let server = server();
    let mut guest = guest(&server);
    let none = ("none", String::new());
    assert_eq!(guest.last_error(), none);
    let handle = guest.open(&server.url("/get"));
    assert_eq!(guest.last_error(), none);
    guest.call_close(handle);
    guest.call_close(handle);
    assert_eq!(guest.last_error(), none);
    // Nothing fits nothing.
    let args = [REASON, MEMORY, 0, WRITTEN];
    assert_eq!(guest.call_error_get(args), code::SUCCESS);
}

#[test]
fn it_stays_until_another_call_fails() {
    let server = server();
    let mut guest = guest(&server);
    assert!(guest.fetch("http://denied.example/a?b").is_err());
    let denied = guest.last_error();
    assert_eq!(denied.0, "not_allowed");
    let handle = guest.open(&server.url("/get"));
    guest.read_all(handle).unwrap();
    // Its own failures change nothing.
    for args in [
        [REASON, BUFFER, 1, WRITTEN],
        [REASON, MEMORY, 1, WRITTEN],
        [MEMORY, BUFFER, BUFFER_LEN, WRITTEN],
    ] {
        assert_ne!(guest.call_error_get(args), code::SUCCESS);
    }
    assert_eq!(guest.last_error(), denied);
    assert_eq!(guest.last_error(), denied);
    guest.call_close(handle);
    assert!(guest.read(handle, 1).is_err());
    assert_eq!(guest.last_error().0, "misuse");
}

#[test]
fn stores_do_not_see_each_others_errors() {
    let server = server();
    let (mut one, mut two) = (guest(&server), guest(&server));
    assert!(one.fetch("http://denied.example/").is_err());
    assert_eq!(two.last_error().0, "none");
    assert_eq!(one.last_error().0, "not_allowed");
}

#[test]
fn what_a_guest_did_wrong_is_misuse() {
    let server = server();
    let mut guest = guest(&server);
    let url = server.url("/get");
    for (method, url, headers, part) in [
        ("GET", "", "", "URL"),
        ("GET", "ftp://a/", "", "ftp"),
        ("GE T", &url, "", "method"),
        ("GET", &url, "a", "line 1"),
        ("GET", &url, "Content-Length:5", "content-length"),
    ] {
        assert!(guest.send(method, url, headers, b"").is_err());
        assert_failed(&mut guest, "misuse", &[part]);
    }
    let handle = guest.open(&url);
    let forget = |guest: &mut Guest| assert!(guest.fetch("http://denied.example/").is_err());
    type Call<'a> = &'a dyn Fn(&mut Guest) -> u32;
    let calls: [(&str, Call<'_>, &str); 8] = [
        (
            "a handle",
            &|guest| guest.call_headers_get_all([9, BUFFER, 9, WRITTEN]),
            "handle",
        ),
        (
            "a name",
            &|guest| guest.header(handle, "x-none").unwrap_err(),
            "no such header",
        ),
        (
            "a small buffer",
            &|guest| guest.call_headers_get_all([handle, BUFFER, 1, WRITTEN]),
            "larger buffer",
        ),
        (
            "a buffer outside",
            &|guest| guest.call_body_read([handle, MEMORY, 9, WRITTEN]),
            "pointers",
        ),
        (
            "a result outside",
            &|guest| guest.call_body_read_some([handle, BUFFER, 9, MEMORY]),
            "outside of the memory",
        ),
        (
            "a result of `req` outside",
            &|guest| {
                let mut args = guest.place(b"http://a/", b"GET", b"", b"");
                args[9] = MEMORY;
                guest.call_req(args)
            },
            "outside of the memory",
        ),
        (
            "a fact",
            &|guest| guest.fact(handle, 99).unwrap_err(),
            "unknown value",
        ),
        (
            "text",
            &|guest| {
                guest.put(NAME, b"\xff");
                guest.call_header_get([handle, NAME, 1, BUFFER, 9, WRITTEN])
            },
            "UTF-8",
        ),
    ];
    for (what, call, part) in calls {
        forget(&mut guest);
        assert_ne!(call(&mut guest), code::SUCCESS, "{what}");
        assert_failed(&mut guest, "misuse", &[part]);
    }
    // A failure of a response names its URL.
    assert!(guest.header(handle, "x-none").is_err());
    assert_failed(&mut guest, "misuse", &[&url]);
    assert_eq!(guest.fact(handle, fact::REDIRECTS).unwrap(), "0");
}

#[test]
fn denied_requests_are_told_apart_and_hide_what_the_policy_hides() {
    let resolved = |_: &str| -> io::Result<Vec<IpAddr>> { Ok(vec!["10.1.2.3".parse().unwrap()]) };
    let client = HttpClient::builder().resolver(resolved).build();
    let mut http = HttpCtx::builder();
    http.client(client);
    for entry in [
        "http://inside.example:81",
        "http://blocked.example",
        "deny:http://blocked.example",
    ] {
        http.try_allowed_host(entry).unwrap();
    }
    let mut guest = Guest::new(http.build());
    for (url, reason, part) in [
        (
            "http://other.example/a?secret",
            "not_allowed",
            "\"http://other.example\" would",
        ),
        (
            "http://blocked.example/a?secret",
            "denied_by_rule",
            "a rule of the embedder",
        ),
        (
            "http://inside.example:81/a?secret",
            "not_public",
            "not public",
        ),
    ] {
        assert_eq!(
            guest.fetch(url),
            Err(code::DESTINATION_NOT_ALLOWED),
            "{url}"
        );
        assert_failed(&mut guest, reason, &[url.split('?').next().unwrap(), part]);
        let message = guest.last_error().1;
        for hidden in ["10.", "secret", "deny:"] {
            assert!(!message.contains(hidden), "{message}");
        }
    }
}

#[test]
fn what_goes_wrong_on_the_way_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}/x", listener.local_addr().unwrap());
    // Nobody listens there any more.
    drop(listener);
    let unknown = |_: &str| -> io::Result<Vec<IpAddr>> { Err(io::ErrorKind::NotFound.into()) };
    let broken = |_: &str| -> io::Result<Vec<IpAddr>> { Err(io::Error::other("no servers")) };
    let with = |client| {
        let hosts = wasi_experimental_http_wasmtime::AllowedHosts::all();
        Guest::new(
            HttpCtx::builder()
                .client(client)
                .allowed_hosts(hosts)
                .build(),
        )
    };
    let ca = TestCa::new();
    let https = TestServer::https(&ca).start();
    let plain = server();
    let no_tls = plain.url("/get").replace("http:", "https:");
    let wrong_name = https.url("/get").replace("localhost", "wrong.example");
    let here = |_: &str| -> io::Result<Vec<IpAddr>> { Ok(vec!["127.0.0.1".parse().unwrap()]) };
    let resolving = HttpClient::builder()
        .system_root_certificates(false)
        .try_add_root_certificates_pem(ca.pem())
        .unwrap()
        .resolver(here)
        .build();
    let cases = [
        (HttpClient::new(), refused, "connection_refused"),
        (
            HttpClient::builder().resolver(unknown).build(),
            "http://none.example/".to_owned(),
            "name_not_found",
        ),
        (
            HttpClient::builder().resolver(broken).build(),
            "http://some.example/".to_owned(),
            "name_lookup_failed",
        ),
        (HttpClient::new(), https.url("/get"), "tls_certificate"),
        (resolving, wrong_name, "tls_certificate"),
        (trusting(&ca), no_tls, "tls"),
    ];
    for (client, url, reason) in cases {
        let mut guest = with(client);
        assert_eq!(guest.fetch(&url), Err(code::REQUEST_ERROR), "{url}");
        assert_failed(&mut guest, reason, &[&url]);
    }
}

/// A server that answers the first request with these bytes, and then closes.
fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = io::Read::read(&mut stream, &mut request);
        let _ = stream.write_all(bytes);
    });
    url
}

#[test]
fn what_a_server_does_wrong_is_told_apart() {
    for (bytes, reason) in [
        (&b""[..], "connection_closed"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", "connection_closed"),
        (b"hello\r\n\r\n", "invalid_response"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "invalid_response",
        ),
    ] {
        let url = answering(bytes);
        let mut http = HttpCtx::builder();
        http.client(HttpClient::new());
        let mut guest = Guest::new(
            http.try_allowed_host(url.trim_end_matches("/x"))
                .unwrap()
                .build(),
        );
        assert_eq!(guest.fetch(&url), Err(code::REQUEST_ERROR), "{reason}");
        assert_failed(&mut guest, reason, &[&url]);
    }
    // Out of HTTP is a place that no list of hosts allows.
    let url = answering(b"HTTP/1.1 302 Found\r\nLocation: ftp://a/\r\nContent-Length: 0\r\n\r\n");
    let mut http = HttpCtx::builder();
    http.client(HttpClient::new());
    let mut guest = Guest::new(
        http.try_allowed_host(url.trim_end_matches("/x"))
            .unwrap()
            .build(),
    );
    assert_eq!(guest.fetch(&url), Err(code::DESTINATION_NOT_ALLOWED));
    assert_failed(&mut guest, "redirect", &[&url, "ftp"]);
}

#[test]
fn a_limit_that_is_reached_says_whose_it_is_and_nothing_that_does_not_help() {
    let server = server();
    let url = server.url("/get");
    let http = |client: &HttpClient| {
        let mut http = HttpCtx::builder();
        http.client(client.clone());
        http.try_allowed_host(&server.origin()).unwrap().clone()
    };
    let failed = |guest: &mut Guest, reason: &str, part: &str| {
        assert_eq!(guest.fetch(&url), Err(code::TOO_MANY_SESSIONS));
        assert_failed(guest, reason, &[part]);
        guest.last_error().1
    };
    // The guest itself holds what it may hold.
    let mut guest = Guest::new(http(&HttpClient::new()).max_concurrent_requests(1).build());
    guest.open(&url);
    let message = failed(
        &mut guest,
        "too_many_open",
        "of the store is reached, 1 open",
    );
    assert!(message.ends_with("; close a response first"), "{message}");
    // Another one does.
    let client = HttpClient::builder().max_open_responses(1).build();
    let mut other = Guest::new(http(&client).build());
    other.open(&url);
    let mut guest = Guest::new(http(&client).build());
    let message = failed(
        &mut guest,
        "too_many_open",
        "of the client is reached, 1 open",
    );
    assert!(!message.contains("close a"), "{message}");
    // Nobody may hold any.
    let none_open = HttpClient::builder().max_open_responses(0).build();
    let none_in_flight = HttpClient::builder().max_requests_in_flight(0).build();
    for (http, reason) in [
        (http(&client).max_concurrent_requests(0), "too_many_open"),
        (&mut http(&none_open), "too_many_open"),
        (&mut http(&none_in_flight), "too_many_in_flight"),
    ] {
        let message = failed(&mut Guest::new(http.build()), reason, "is reached, 0 ");
        assert!(!message.contains("close"), "{message}");
        assert!(!message.contains("again"), "{message}");
    }
}

#[test]
fn limits_and_timeouts_are_told_apart() {
    let server = server();
    let builder = || {
        let mut http = HttpCtx::builder();
        http.client(HttpClient::new());
        http.try_allowed_host(&server.origin()).unwrap().clone()
    };
    let url = server.url("/get");

    let mut guest = Guest::new(builder().max_concurrent_requests(1).build());
    guest.open(&url);
    assert_eq!(guest.fetch(&url), Err(code::TOO_MANY_SESSIONS));
    assert_failed(&mut guest, "too_many_open", &["close a response"]);

    let client = HttpClient::builder().max_requests_in_flight(0).build();
    let mut guest = Guest::new(builder().client(client).build());
    assert_eq!(guest.fetch(&url), Err(code::TOO_MANY_SESSIONS));
    assert_failed(&mut guest, "too_many_in_flight", &[&url]);

    let mut guest = Guest::new(builder().max_redirects(1).build());
    assert_eq!(
        guest.fetch(&server.url("/redirect/2")),
        Err(code::REQUEST_ERROR)
    );
    // The hop at which it was too much.
    assert_failed(
        &mut guest,
        "too_many_redirects",
        &[&server.url("/redirect/1")],
    );

    let mut guest = Guest::new(builder().max_request_body_bytes(Some(2)).build());
    assert_eq!(
        guest.send("POST", &url, "", b"abc"),
        Err(code::BODY_TOO_LARGE)
    );
    assert_failed(&mut guest, "body_too_large", &["2 bytes"]);

    let mut guest = Guest::new(builder().max_response_headers(1).build());
    let many = server.url("/response-headers/repeated");
    assert_eq!(guest.fetch(&many), Err(code::REQUEST_ERROR));
    assert_failed(&mut guest, "response_too_large", &[&many]);

    let mut guest = Guest::new(builder().timeout(Some(Duration::ZERO)).build());
    assert_eq!(guest.fetch(&url), Err(code::TIMEOUT));
    assert_failed(&mut guest, "timeout_total", &[&url]);

    // Accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", silent.local_addr().unwrap());
    let short = Some(Duration::from_millis(50));
    type Configure = fn(&mut HttpCtxBuilder, Option<Duration>) -> &mut HttpCtxBuilder;
    let cases: [(Configure, &str); 2] = [
        (
            |http, short| http.response_timeout(short),
            "timeout_response",
        ),
        (|http, short| http.timeout(short), "timeout_total"),
    ];
    for (configure, reason) in cases {
        let mut http = HttpCtx::builder();
        http.client(HttpClient::new());
        http.try_allowed_host(url.trim_end_matches("/x")).unwrap();
        let mut guest = Guest::new(configure(&mut http, short).build());
        assert_eq!(guest.fetch(&url), Err(code::TIMEOUT), "{reason}");
        assert_failed(&mut guest, reason, &[&url]);
    }

    let http = builder().build();
    http.cancel_handle().cancel();
    let mut guest = Guest::new(http);
    let url = server.url("/get");
    assert_eq!(guest.fetch(&url), Err(code::CANCELLED));
    assert_failed(&mut guest, "cancelled", &[&url]);
}

#[test]
fn a_buffer_too_small_for_the_message_stays_as_it_is() {
    let server = server();
    for export in [Export::Memory, Export::SharedMemory] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        assert!(guest.fetch("http://denied.example/").is_err());
        let (_, message) = guest.last_error();
        let len = message.len() as u32;
        for small in [0, 1, len - 1] {
            for place in [REASON, BUFFER, WRITTEN] {
                guest.put(place, &UNTOUCHED);
            }
            let given = guest.call_error_get([REASON, BUFFER, small, WRITTEN]);
            assert_eq!(given, code::BUFFER_TOO_SMALL);
            for place in [REASON, BUFFER, WRITTEN] {
                assert_eq!(guest.get(place, 8), UNTOUCHED, "{place:#x}");
            }
        }
        let given = guest.call_error_get([REASON, MEMORY - len, len, WRITTEN]);
        assert_eq!(given, code::SUCCESS);
        assert_eq!(guest.get(MEMORY - len, len), message.as_bytes());
        // A message of any length fits what the WITX says.
        let long = format!("http://denied.example/{}", "a".repeat(10_000));
        assert!(guest.fetch(&long).is_err());
        let args = [REASON, BUFFER, MAX_MESSAGE_LEN as u32, WRITTEN];
        assert_eq!(guest.call_error_get(args), code::SUCCESS);
    }
}

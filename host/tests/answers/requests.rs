//! What of a guest's request is sent as it was written, and what becomes of it.

use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::trace::captured;
use crate::common::{Guest, code, over_http_and_https, trusting};
use crate::guest;

/// `user:p@ss`, `user:` and `:p@ss` in Base64, by another program.
const CREDENTIALS: [(&str, &str); 4] = [
    ("user:p%40ss@", "Basic dXNlcjpwQHNz"),
    ("user@", "Basic dXNlcjo="),
    ("user:@", "Basic dXNlcjo="),
    (":p%40ss@", "Basic OnBAc3M="),
];

fn with_user(server: &TestServer, user: &str, path: &str) -> String {
    server.url(path).replace("://", &format!("://{user}"))
}

fn last_authorization(server: &TestServer) -> Option<String> {
    server.last_request().unwrap().header_text("authorization")
}

#[test]
fn user_information_in_a_url_becomes_basic_authorization() {
    over_http_and_https(|server, guest| {
        for (user, expected) in CREDENTIALS {
            let (status, _) = guest.fetch_all(&with_user(server, user, "/get"));
            assert_eq!(status, 200, "{user}");
            assert_eq!(last_authorization(server).as_deref(), Some(expected));
            assert_eq!(server.last_request().unwrap().target, "/get");
        }
        // The guest's own header wins.
        let url = with_user(server, "user:p%40ss@", "/get");
        let opened = guest.send("GET", &url, "authorization:Bearer mine", b"");
        guest.read_all(opened.unwrap().handle).unwrap();
        let last = server.last_request().unwrap();
        let values: Vec<&[u8]> = last.header_values("authorization").collect();
        assert_eq!(values, [b"Bearer mine"]);
        // It is no part of what a connection is kept for, and the next request has none of it.
        guest.fetch_all(&server.url("/get"));
        assert_eq!(last_authorization(server), None);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn user_information_stays_with_its_origin() {
    let other = TestServer::http().start();
    let server = TestServer::http().start();
    let mut guest = guest(&HttpClient::new());
    guest.fetch_all(&with_user(&server, "user:p%40ss@", "/redirect/1"));
    assert_eq!(server.last_request().unwrap().target, "/get");
    assert_eq!(
        last_authorization(&server).as_deref(),
        Some("Basic dXNlcjpwQHNz")
    );
    let path = format!("/redirect-to?url={}", other.url("/get"));
    guest.fetch_all(&with_user(&server, "user:p%40ss@", &path));
    assert_eq!(last_authorization(&other), None);
}

#[test]
fn user_information_is_told_to_nobody() {
    let server = TestServer::http().start();
    let told = Arc::new(Mutex::new(String::new()));
    let http = |allowed: &str| {
        let (events, denials) = (told.clone(), told.clone());
        HttpCtx::builder()
            .try_allowed_host(allowed)
            .unwrap()
            .observer(move |event| *events.lock().unwrap() += &format!("{event:?}\n"))
            .on_denied(move |denied| {
                *denials.lock().unwrap() += &format!("{denied:?} {denied}\n");
            })
            .build()
    };
    let user = "hiddenuser:hiddensecret@";
    let ((), trace) = captured(|| {
        let mut allowed = Guest::new(http(&server.origin()));
        assert_eq!(allowed.fetch_all(&with_user(&server, user, "/get")).0, 200);
        let refused = format!("http://{user}127.0.0.1:1/");
        assert_eq!(
            Guest::new(http("http://127.0.0.1:1")).fetch(&refused),
            Err(code::REQUEST_ERROR)
        );
        let denied = with_user(&server, user, "/get");
        assert_eq!(
            Guest::new(http("http://example.com")).fetch(&denied),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
    });
    let told = told.lock().unwrap();
    assert_eq!(told.lines().count(), 4, "{told}");
    // Nor what it is as a header.
    for secret in ["hidden", "aGlkZGVu"] {
        assert!(!told.contains(secret), "{told}");
        assert!(!trace.contains(secret), "{trace}");
    }
}

#[test]
fn a_host_that_agrees_with_or_without_its_port_is_dropped() {
    over_http_and_https(|server, guest| {
        let host = server.origin().split("://").nth(1).unwrap().to_owned();
        let name = host.split(':').next().unwrap();
        for given in [&host[..], name, &name.to_uppercase(), &host.to_uppercase()] {
            let headers = format!("Host:{given}");
            let opened = guest
                .send("GET", &server.url("/get"), &headers, b"")
                .unwrap_or_else(|code| panic!("code {code}: {given}"));
            assert_eq!(opened.status, 200);
            let last = server.last_request().unwrap();
            let hosts: Vec<&[u8]> = last.header_values("host").collect();
            assert_eq!(hosts, [host.as_bytes()], "{given}");
        }
        let requests = server.requests();
        let other_port = format!("{name}:1");
        let begins = format!("{name}.test");
        for given in ["example.com", "", &other_port, &begins, "user@", "a/b"] {
            let headers = format!("Host:{given}");
            let given = guest.send("GET", &server.url("/get"), &headers, b"");
            assert_eq!(given, Err(code::INVALID_ENCODING), "{headers}");
        }
        assert_eq!(server.requests(), requests);
    });
}

#[test]
fn a_guest_chooses_the_host_header_where_the_embedder_lets_it() {
    let ca = TestCa::new();
    let other = TestServer::http().start();
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        let mut http = HttpCtx::builder();
        http.client(trusting(&ca))
            .try_allowed_host("insecure:allow-all")
            .unwrap()
            .try_allow_host_header(&server.origin())
            .unwrap();
        let mut guest = Guest::new(http.build());
        let mut send = |url: &str, host: &str| {
            let headers = format!("Host:{host}");
            let opened = guest.send("GET", url, &headers, b"")?;
            guest.read_all(opened.handle)
        };
        let hosts = |server: &TestServer| -> Vec<String> {
            let received = server.received();
            let hosts = received.iter().map(|it| {
                let values: Vec<&[u8]> = it.header_values("host").collect();
                String::from_utf8(values.concat()).unwrap()
            });
            let hosts = hosts.collect();
            server.clear();
            hosts
        };
        let own = server.origin().split("://").nth(1).unwrap().to_owned();
        let name = own.split(':').next().unwrap();
        for host in ["virtual.example", "virtual.example:8080", "[::1]:1"] {
            send(&server.url("/get"), host).unwrap();
            assert_eq!(hosts(&server), [host]);
            // It is the next request's of this origin, and no other's.
            send(&server.url("/redirect/1"), host).unwrap();
            assert_eq!(hosts(&server), [host, host]);
            let elsewhere = format!("/redirect-to?url={}", other.url("/get"));
            send(&server.url(&elsewhere), host).unwrap();
            assert_eq!(hosts(&server), [host]);
            assert_eq!(
                hosts(&other),
                [other.origin()["http://".len()..].to_owned()]
            );
        }
        // One that agrees is the host's own.
        send(&server.url("/get"), name).unwrap();
        assert_eq!(hosts(&server), [own]);
        for host in [
            "",
            "a b",
            "user@virtual.example",
            "virtual.example/a",
            "a:99999",
            "a?b",
        ] {
            let given = send(&server.url("/get"), host);
            assert_eq!(given, Err(code::INVALID_ENCODING), "{host:?}");
        }
        let given = send(&other.url("/get"), "virtual.example");
        assert_eq!(given, Err(code::INVALID_ENCODING));
        assert_eq!((hosts(&server).len(), hosts(&other).len()), (0, 0));
    }
}

#[test]
fn names_of_headers_are_sent_as_the_guest_wrote_them() {
    const NAMES: [&str; 7] = [
        "X-CamelCase",
        "x-lower",
        "X-UPPER",
        "SOAPAction",
        "Authorization",
        "content-TYPE",
        "X-odd_Name.~1",
    ];
    let ca = TestCa::new();
    let client = trusting(&ca);
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        let headers: String = NAMES.iter().map(|name| format!("{name}:a\n")).collect();
        for path in ["/get", "/redirect/1"] {
            let mut guest = guest(&client);
            let opened = guest.send("POST", &server.url(path), &headers, b"hello");
            assert_eq!(opened.map(|it| it.status), Ok(200));
            let received = server.received();
            let first = received.iter().rev().find(|it| it.target == path).unwrap();
            for name in NAMES {
                let sent = first.headers.iter().any(|(sent, _)| sent == name);
                assert!(sent, "{name}: {:?}", first.headers);
            }
        }
    }
}

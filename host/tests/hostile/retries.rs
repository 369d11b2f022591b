//! Connections that died while they were idle: one transparent retry, when nobody can tell.

use std::io::Write;

use wasi_experimental_http_test_server::{RawConn, TestCa, TestServer};
use wasi_experimental_http_wasmtime::HttpClient;

use crate::common::{Guest, code, ctx_with, trusting};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// How the second request on a connection ends.
#[derive(Debug, Clone, Copy)]
enum Death {
    Close,
    Reset,
    AfterAByte,
}

/// Servers, plain and TLS, whose connections answer one request and die of the second. With
/// `for_good` no connection after the first one answers any.
fn dying(death: Death, for_good: bool) -> [(TestServer, HttpClient); 2] {
    let script = move |conn: &mut RawConn<'_>| {
        conn.read_request()?;
        if !for_good || conn.number() == 0 {
            conn.write_all(ANSWER)?;
            conn.read_request()?;
        }
        match death {
            Death::Close => conn.close(),
            Death::Reset => conn.reset(),
            Death::AfterAByte => conn.write_all(b"H"),
        }
    };
    let ca = TestCa::new();
    [
        (TestServer::http().raw(script), HttpClient::new()),
        (TestServer::https(&ca).raw(script), trusting(&ca)),
    ]
}

#[test]
fn an_idempotent_request_is_sent_again_once_over_a_fresh_connection() {
    for death in [Death::Close, Death::Reset] {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            for (server, client) in dying(death, false) {
                let mut guest = Guest::new(ctx_with(&[&server], client));
                guest.fetch_all(&server.url("/"));
                let body = if method == "PUT" { &b"hello"[..] } else { b"" };
                let opened = guest.send(method, &server.url("/"), "", body);
                assert_eq!(opened.map(|it| it.status), Ok(200), "{death:?} {method}");
                assert_eq!((server.connections(), server.requests()), (2, 3));
                let last = server.last_request().unwrap();
                assert_eq!((last.method.as_str(), &last.body[..]), (method, body));
            }
        }
    }
}

#[test]
fn nothing_else_is_sent_again() {
    for death in [Death::Close, Death::Reset] {
        for method in ["POST", "PATCH", "PURGE", "get"] {
            for (server, client) in dying(death, false) {
                let mut guest = Guest::new(ctx_with(&[&server], client));
                guest.fetch_all(&server.url("/"));
                let given = guest.send(method, &server.url("/"), "", b"a");
                assert_eq!(given, Err(code::REQUEST_ERROR), "{death:?} {method}");
                assert_eq!((server.connections(), server.requests()), (1, 2));
            }
        }
    }
    // Nor what was answered with as much as a byte.
    for (server, client) in dying(Death::AfterAByte, false) {
        let mut guest = Guest::new(ctx_with(&[&server], client));
        guest.fetch_all(&server.url("/"));
        assert_eq!(guest.fetch(&server.url("/")), Err(code::REQUEST_ERROR));
        assert_eq!((server.connections(), server.requests()), (1, 2));
    }
    // Nor twice, nor over a connection that was fresh.
    for (server, client) in dying(Death::Close, true) {
        let mut guest = Guest::new(ctx_with(&[&server], client));
        guest.fetch_all(&server.url("/"));
        assert_eq!(guest.fetch(&server.url("/")), Err(code::REQUEST_ERROR));
        assert_eq!((server.connections(), server.requests()), (2, 3));
        assert_eq!(guest.fetch(&server.url("/")), Err(code::REQUEST_ERROR));
        assert_eq!((server.connections(), server.requests()), (3, 4));
    }
}

#[test]
fn the_retry_takes_no_other_idle_connection() {
    // Two connections are idle, and both are dead.
    for (server, client) in dying(Death::Close, false) {
        let mut guest = Guest::new(ctx_with(&[&server], client));
        let (one, two) = (guest.open(&server.url("/")), guest.open(&server.url("/")));
        for handle in [one, two] {
            guest.read_all(handle).unwrap();
        }
        assert_eq!(server.connections(), 2);
        assert_eq!(guest.fetch_all(&server.url("/")).0, 200);
        assert_eq!(server.connections(), 3);
    }
}

#[test]
fn a_connection_that_is_seen_to_be_closed_is_not_used() {
    let ca = TestCa::new();
    let servers = [
        (TestServer::http().start(), HttpClient::new()),
        (TestServer::https(&ca).start(), trusting(&ca)),
    ];
    for (server, client) in servers {
        let mut guest = Guest::new(ctx_with(&[&server], client));
        guest.fetch_all(&server.url("/get"));
        server.close_connections();
        server.wait_for_open_connections(0);
        // Not even a POST notices.
        let opened = guest
            .send("POST", &server.url("/echo"), "", b"hello")
            .unwrap();
        assert_eq!(guest.read_all(opened.handle).unwrap(), b"hello");
        assert_eq!((server.connections(), server.requests()), (2, 2));
    }
}

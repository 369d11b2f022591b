//! Connections: used again, shared by stores, closed with them.

use std::io::{self, Write};

use wasi_experimental_http_test_server::{HELLO, RawConn, TestCa, TestServer};
use wasi_experimental_http_wasmtime::HttpClient;

use crate::common::{Guest, ctx, ctx_with, over_http_and_https, trusting};

#[test]
fn connections_are_used_again() {
    over_http_and_https(|server, guest| {
        for target in [
            "/get",
            "/empty",
            "/status/204",
            "/bytes/100000",
            "/chunked/100000",
        ] {
            for _ in 0..5 {
                guest.fetch_all(&server.url(target));
            }
        }
        assert_eq!(server.connections(), 1);
        // The end of the body gives the connection back, before the response is closed.
        let read = guest.open(&server.url("/bytes/10"));
        guest.read_all(read).unwrap();
        guest.open(&server.url("/get"));
        assert_eq!(server.connections(), 1);
        // One whose body is open does not.
        guest.fetch_all(&server.url("/get"));
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn a_body_that_is_not_read_does_not_spoil_the_next_request() {
    over_http_and_https(|server, guest| {
        for target in [
            "/bytes/10000000",
            "/chunked/10000000",
            "/close/10000000",
            "/gate",
        ] {
            let handle = guest.open(&server.url(target));
            guest.read(handle, 3).unwrap();
            guest.call_close(handle);
            let (status, body) = guest.fetch_all(&server.url("/get"));
            assert_eq!((status, &body[..]), (200, HELLO.as_bytes()), "{target}");
        }
        server.wait_for_open_connections(1);
    });
}

/// Answers requests, head and body in one piece.
fn answer(conn: &mut RawConn<'_>) -> io::Result<()> {
    while let Ok(request) = conn.read_request() {
        let body = match request.path() {
            "/chunked" => "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            _ => "Content-Length: 5\r\n\r\nhello",
        };
        conn.write_all(format!("HTTP/1.1 200 OK\r\n{body}").as_bytes())?;
    }
    Ok(())
}

#[test]
fn a_connection_is_used_again_if_the_rest_of_the_body_is_there() {
    let ca = TestCa::new();
    let servers = [
        TestServer::http().raw(answer),
        TestServer::https(&ca).raw(answer),
    ];
    for server in servers {
        let client = trusting(&ca);
        for target in ["/sized", "/chunked"] {
            for read in [0, 3] {
                // The first response is closed by the guest, the second with the store.
                let mut guest = Guest::new(ctx_with(&[&server], client.clone()));
                let handle = guest.open(&server.url(target));
                guest.read(handle, read).unwrap();
                guest.call_close(handle);
                let handle = guest.open(&server.url(target));
                guest.read(handle, read).unwrap();
            }
        }
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn closing_waits_for_nothing() {
    over_http_and_https(|server, guest| {
        // Its second half comes when it is released, which is never.
        for connections in 1..=3 {
            let handle = guest.open(&server.url("/gate"));
            guest.call_close(handle);
            assert_eq!(server.connections(), connections);
        }
        server.wait_for_open_connections(0);
    });
}

#[test]
fn stores_share_the_connections_of_their_client() {
    let server = TestServer::http().start();
    let client = HttpClient::new();
    for _ in 0..3 {
        let mut guest = Guest::new(ctx_with(&[&server], client.clone()));
        guest.fetch_all(&server.url("/get"));
    }
    assert_eq!(server.connections(), 1);
    Guest::new(ctx(&[&server])).fetch_all(&server.url("/get"));
    assert_eq!(server.connections(), 2);
}

#[test]
fn dropping_a_store_closes_what_its_guest_left_open() {
    let server = TestServer::http().start();
    let mut guest = Guest::new(ctx(&[&server]));
    for _ in 0..3 {
        guest.open(&server.url("/gate"));
    }
    assert_eq!(server.open_connections(), 3);
    drop(guest);
    server.wait_for_open_connections(0);
}

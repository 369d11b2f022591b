//! Names with several addresses, some of which are dead (RFC 8305).

#![cfg(target_os = "linux")]

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::network::{FullListener, full_listener_at};
use crate::common::{Guest, code};
use crate::guest;

/// Of this the first address that does not answer took half.
const CONNECT: Duration = Duration::from_secs(10);

fn client(addresses: Vec<IpAddr>) -> HttpClient {
    HttpClient::builder()
        .resolver(move |_| Ok(addresses.clone()))
        .build()
}

/// Addresses at which connecting has no end, at the port of a server.
fn dead(server: &TestServer, count: u8) -> (Vec<IpAddr>, Vec<FullListener>) {
    let addresses: Vec<IpAddr> = (2..2 + count)
        .map(|last| IpAddr::from([127, 0, 0, last]))
        .collect();
    let listeners = addresses
        .iter()
        .map(|address| full_listener_at(SocketAddr::new(*address, server.port())))
        .collect();
    (addresses, listeners)
}

#[test]
fn dead_addresses_cost_little() {
    for (before, after) in [(1, 0), (4, 0), (1, 2)] {
        let server = TestServer::http().start();
        let (mut addresses, _listeners) = dead(&server, before + after);
        addresses.insert(usize::from(before), IpAddr::from([127, 0, 0, 1]));
        let client = client(addresses);
        let mut http = HttpCtx::builder();
        http.client(client)
            .try_allowed_host("insecure:allow-all")
            .unwrap()
            .connect_timeout(Some(CONNECT));
        let started = Instant::now();
        let url = format!("http://some.test:{}/get", server.port());
        assert_eq!(Guest::new(http.build()).fetch_all(&url).0, 200);
        // A quarter of a second each.
        let took = started.elapsed();
        assert!(took < CONNECT / 3, "{before} before: {took:?}");
    }
}

#[test]
fn the_address_that_answered_is_tried_first_next_time() {
    let server = TestServer::http().start();
    // Refused, at first.
    let first = SocketAddr::from(([127, 0, 0, 2], server.port()));
    let client = client(vec![first.ip(), IpAddr::from([127, 0, 0, 1])]);
    let url = format!("http://some.test:{}/get", server.port());
    let mut guest = guest(&client);
    assert_eq!(guest.fetch_all(&url).0, 200);
    // Then it would be connected to, if it were tried.
    let listener = TcpListener::bind(first).unwrap();
    listener.set_nonblocking(true).unwrap();
    for connections in 2..=3 {
        server.close_connections();
        server.wait_for_open_connections(0);
        assert_eq!(guest.fetch_all(&url).0, 200);
        assert_eq!(server.connections(), connections);
    }
    let error = listener.accept().expect_err("nobody connected to it");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_denied_address_is_not_raced() {
    let server = TestServer::http().start();
    let denied = SocketAddr::from(([127, 0, 0, 2], server.port()));
    let listener = TcpListener::bind(denied).unwrap();
    listener.set_nonblocking(true).unwrap();
    let (dead, _listeners) = (
        IpAddr::from([127, 0, 0, 3]),
        full_listener_at(SocketAddr::from(([127, 0, 0, 3], server.port()))),
    );
    let client = client(vec![denied.ip(), dead, IpAddr::from([127, 0, 0, 1])]);
    let mut http = HttpCtx::builder();
    http.client(client)
        .try_allowed_host("insecure:allow-all")
        .unwrap()
        .try_allowed_host(&format!("deny:http://127.0.0.2:{}", server.port()))
        .unwrap();
    let url = format!("http://some.test:{}/get", server.port());
    assert_eq!(Guest::new(http.build()).fetch_all(&url).0, 200);
    assert!(listener.accept().is_err());
}

#[test]
fn dead_addresses_alone_end_with_the_connect_timeout() {
    let server = TestServer::http().start();
    let (addresses, _listeners) = dead(&server, 2);
    let mut http = HttpCtx::builder();
    http.client(client(addresses))
        .try_allowed_host("insecure:allow-all")
        .unwrap()
        .connect_timeout(Some(Duration::from_secs(1)));
    let url = format!("http://some.test:{}/get", server.port());
    assert_eq!(Guest::new(http.build()).fetch(&url), Err(code::TIMEOUT));
}

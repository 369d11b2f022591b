//! A `Location` is followed wherever browsers follow it, whatever bytes it is written in.

use std::net::IpAddr;

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::HttpClient;

use crate::common::servers::{Played, answer_with_target, plain_and_tls};
use crate::guest;

/// A plain and a TLS server that answer `/from` with this, and all else with its target.
fn redirecting(location: &[u8]) -> [Played; 2] {
    let head = [
        b"HTTP/1.1 302 Found\r\nContent-Length: 4\r\nLocation: ",
        location,
        b"\r\n\r\nhere",
    ]
    .concat();
    plain_and_tls(move |conn| {
        loop {
            let request = conn.read_request()?;
            if request.target == "/from" {
                conn.write_together(&[&head])?;
            } else {
                answer_with_target(conn, &request.target)?;
            }
        }
    })
}

#[test]
fn a_location_in_any_bytes_is_followed() {
    let cases: [(&[u8], &str); 12] = [
        (b"/plain", "/plain"),
        (b"/caf\xc3\xa9", "/caf%C3%A9"),
        (b"/caf\xe9", "/caf%E9"),
        (b"/caf\xe9?gr\xfcn", "/caf%E9?gr%FCn"),
        (b"/\xff\x80", "/%FF%80"),
        (b"/\xe2\x98\xba", "/%E2%98%BA"),
        (b"/a b", "/a%20b"),
        (b"  /spaces \t", "/spaces"),
        (b"/a#fragment", "/a"),
        (b"relative?q", "/relative?q"),
        (b"?query", "/from?query"),
        (b"\\backslash", "/backslash"),
    ];
    for (location, target) in cases {
        for Played { server, client, .. } in &redirecting(location) {
            let (status, body) = guest(client).fetch_all(&server.url("/from"));
            let given = (status, str::from_utf8(&body).unwrap());
            assert_eq!(given, (200, target), "{}", location.escape_ascii());
        }
    }
}

#[test]
fn an_empty_location_is_the_response_itself() {
    for location in [&b""[..], b" ", b"\t "] {
        for Played { server, client, .. } in &redirecting(location) {
            let given = guest(client).fetch_all(&server.url("/from"));
            assert_eq!(given, (302, b"here".to_vec()));
            assert_eq!(server.requests(), 1);
        }
    }
}

#[test]
fn user_information_in_a_location_is_dropped() {
    let target = TestServer::http().start();
    let port = target.port();
    for user in ["user:secret@", "user@", ":secret@", "a%40b:c@"] {
        let location = format!("http://{user}127.0.0.1:{port}/get");
        for Played { server, client, .. } in &redirecting(location.as_bytes()) {
            assert_eq!(
                guest(client).fetch_all(&server.url("/from")).0,
                200,
                "{user}"
            );
            let last = target.last_request().unwrap();
            assert_eq!(last.target, "/get");
            assert_eq!(last.header("authorization"), None, "{user}");
        }
    }
}

#[test]
fn a_host_in_utf_8_is_followed() {
    let target = TestServer::http().start();
    let client = HttpClient::builder()
        .resolver(|name| {
            let known = name == "xn--bcher-kva.test";
            Ok(known
                .then(|| IpAddr::from([127, 0, 0, 1]))
                .into_iter()
                .collect())
        })
        .build();
    let location = format!("http://b\u{fc}cher.test:{}/get", target.port());
    let [plain, _tls] = redirecting(location.as_bytes());
    assert_eq!(guest(&client).fetch_all(&plain.server.url("/from")).0, 200);
    assert_eq!(target.requests(), 1);
}

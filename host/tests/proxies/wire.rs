//! What proxies are sent, byte by byte.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{HELLO, RawConn, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{Credential, HttpCtx};

use crate::common::{ANY, Guest};
use crate::relay::Relay;
use crate::{guest, through, trusting_through};

/// A proxy that answers itself, and the heads and bodies that it was sent.
fn answering() -> (TestServer, Arc<Mutex<Vec<String>>>) {
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let said = log.clone();
    let script = move |conn: &mut RawConn<'_>| loop {
        let mut message = conn.read_head()?;
        let head = String::from_utf8_lossy(&message).to_lowercase();
        if head.contains("content-length: 4") {
            let mut body = [0; 4];
            conn.read_exact(&mut body)?;
            message.extend(body);
        } else if head.contains("chunked") {
            while !message.ends_with(b"0\r\n\r\n") {
                let mut byte = [0];
                conn.read_exact(&mut byte)?;
                message.extend(byte);
            }
        }
        said.lock()
            .unwrap()
            .push(String::from_utf8(message).unwrap());
        conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")?;
    };
    (TestServer::http().raw(script), log)
}

#[test]
fn an_http_proxy_is_given_whole_urls_over_connections_that_are_kept() {
    let (proxy, log) = answering();
    let agent = concat!(
        "user-agent: wasi-experimental-http-wasmtime/",
        env!("CARGO_PKG_VERSION")
    );
    for (user, authorization) in [
        ("", ""),
        ("me:p%40ss@", "Proxy-Authorization: Basic bWU6cEBzcw==\r\n"),
    ] {
        let client = through(&format!("http://{user}127.0.0.1:{}", proxy.port())).build();
        let mut guest = guest(&client);
        let before = proxy.connections();
        for _ in 0..2 {
            assert_eq!(guest.fetch_all("http://a.test/p?q").1, b"proxy");
        }
        // One that an idle connection takes at once.
        let handle = guest.start_get("http://a.test/idle");
        assert_eq!(guest.wait(handle), Ok(200));
        guest.read_all(handle).unwrap();
        // What a guest says of proxies is dropped, as all that is about connections.
        let fields = "Proxy-Authorization: Basic Z3Vlc3Q=\nProxy-Connection: close\nx-a: b";
        let opened = guest
            .send("POST", "http://a.test/post", fields, b"body")
            .unwrap();
        guest.read_all(opened.handle).unwrap();
        let handle = guest.start("PUT", "http://a.test/put", ANY).unwrap();
        guest.write_all(handle, b"piece").unwrap();
        guest.finish(handle).unwrap();
        assert_eq!(guest.wait(handle), Ok(200));
        guest.read_all(handle).unwrap();
        assert_eq!(proxy.connections() - before, 1);
        // Another host has a connection of its own.
        guest.fetch_all("http://b.test:8080/");
        assert_eq!(proxy.connections() - before, 2);

        let get = |target: &str| {
            let host = target.split('/').nth(2).unwrap();
            format!(
                "GET {target} HTTP/1.1\r\n{authorization}host: {host}\r\n{agent}\r\naccept: */*\r\n\r\n"
            )
        };
        let said = std::mem::take(&mut *log.lock().unwrap());
        assert_eq!(said[0], get("http://a.test/p?q"));
        assert_eq!(said[1], said[0]);
        assert_eq!(said[2], get("http://a.test/idle"));
        let line = format!("POST http://a.test/post HTTP/1.1\r\n{authorization}");
        assert!(said[3].starts_with(&line), "{}", said[3]);
        assert!(said[3].contains("\r\nx-a: b\r\n") && said[3].ends_with("\r\n\r\nbody"));
        let of_proxies = said[3].to_lowercase().matches("\r\nproxy-").count();
        assert_eq!(of_proxies, usize::from(!user.is_empty()), "{}", said[3]);
        let line = format!("PUT http://a.test/put HTTP/1.1\r\n{authorization}");
        assert!(said[4].starts_with(&line), "{}", said[4]);
        assert!(said[4].ends_with("\r\n\r\n5\r\npiece\r\n0\r\n\r\n"));
        assert_eq!(said[5], get("http://b.test:8080/"));
    }
}

#[test]
fn an_https_request_is_sent_through_a_tunnel_that_is_kept() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let relay = Relay::connect();
    for (user, authorization) in [
        ("", ""),
        ("me:p%40ss@", "Proxy-Authorization: Basic bWU6cEBzcw==\r\n"),
    ] {
        let proxy = format!("http://{user}127.0.0.1:{}", relay.port);
        let mut guest = guest(&trusting_through(&proxy, &ca).build());
        let before = server.connections();
        for _ in 0..3 {
            let body = guest.fetch_all(&server.url("/get")).1;
            assert_eq!(body, HELLO.as_bytes());
        }
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(server.connections() - before, 1);
        let authority = format!("localhost:{}", server.port());
        let expected =
            format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n");
        assert_eq!(relay.text(), [expected]);
    }
    // The server is the one that TLS is spoken with: a proxy that leads elsewhere is found out.
    let other = TestServer::https(&TestCa::new()).start();
    let proxy = format!("http://127.0.0.1:{}", relay.port);
    let mut guest = guest(&trusting_through(&proxy, &ca).build());
    assert!(guest.fetch(&other.url("/get")).is_err());
    assert_eq!(guest.last_error().0, "tls_certificate");
    assert_eq!(other.requests(), 0);
}

#[test]
fn socks_is_given_addresses_or_names() {
    let ca = TestCa::new();
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        let url = server.origin_at("localhost") + "/get";
        let port = server.port().to_be_bytes();
        let named = [&b"\x05\x01\x00\x03\x09localhost"[..], &port].concat();
        let addressed = [&b"\x05\x01\x00\x01\x7f\x00\x00\x01"[..], &port].concat();
        let password = b"\x01\x02me\x05p@ss:".to_vec();
        let (plain, offered) = (b"\x05\x01\x00".to_vec(), b"\x05\x02\x00\x02".to_vec());
        let cases = [
            ("socks5h://", None, vec![plain.clone(), named.clone()]),
            ("socks5://", None, vec![plain, addressed.clone()]),
            (
                "socks5h://me:p%40ss%3A@",
                Some("p@ss:"),
                vec![offered.clone(), password.clone(), named.clone()],
            ),
            (
                "socks5://me:p%40ss%3A@",
                Some("p@ss:"),
                vec![offered.clone(), password, addressed.clone()],
            ),
            // Credentials that nobody asks for.
            ("socks5h://me:p%40ss@", None, vec![offered, named]),
        ];
        for (proxy, wanted, expected) in cases {
            let relay = Relay::socks(wanted);
            let proxy = format!("{proxy}127.0.0.1:{}", relay.port);
            let mut guest = guest(&trusting_through(&proxy, &ca).build());
            let before = server.connections();
            for _ in 0..3 {
                let body = guest.fetch_all(&url).1;
                assert_eq!(body, HELLO.as_bytes(), "{proxy}");
            }
            assert_eq!(server.connections() - before, 1);
            assert_eq!(relay.said(), expected, "{proxy}");
            // The server sees an ordinary request.
            let request = server.last_request().unwrap();
            assert_eq!(request.target, "/get");
            // An address is an address, whoever looks names up.
            if server.origin().starts_with("http:") {
                guest.fetch_all(&(server.origin_at("127.0.0.1") + "/get"));
                assert_eq!(relay.said().pop(), Some(addressed.clone()));
            }
        }
    }
}

#[test]
fn credentials_of_the_embedder_reach_their_server_and_not_the_proxy_before_a_tunnel() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let relay = Relay::connect();
    let proxy = format!("http://127.0.0.1:{}", relay.port);
    let mut http = HttpCtx::builder();
    http.client(trusting_through(&proxy, &ca).build())
        .credential(Credential::new(&server.origin(), "x-key", "SECRET").unwrap())
        .try_allowed_host(&server.origin())
        .unwrap();
    Guest::new(http.build()).fetch_all(&server.url("/get"));
    let request = server.last_request().unwrap();
    assert_eq!(request.header_text("x-key").as_deref(), Some("SECRET"));
    assert!(!relay.text().concat().contains("SECRET"));
}

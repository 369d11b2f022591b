//! Which rules of the policy still hold behind a proxy, and which cannot.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, RequestEvent};

use crate::common::{Guest, code, fact, in_its_own_process};
use crate::relay::Relay;
use crate::{guest, guest_for, through, trusting_through};

/// Proxies of each kind, and which of them look names up.
fn proxies() -> [(Relay, String, bool); 3] {
    let (http, socks, names) = (Relay::connect(), Relay::socks(None), Relay::socks(None));
    let [a, b, c] = [
        format!("http://127.0.0.1:{}", http.port),
        format!("socks5://127.0.0.1:{}", socks.port),
        format!("socks5h://127.0.0.1:{}", names.port),
    ];
    [(http, a, true), (socks, b, false), (names, c, true)]
}

#[test]
fn the_allowed_hosts_hold_at_every_hop() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let other = TestServer::https(&ca).start();
    for (relay, proxy, _) in proxies() {
        let client = trusting_through(&proxy, &ca).build();
        let mut guest = guest_for(&client, &server.origin());
        assert_eq!(
            guest.fetch(&other.url("/get")),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
        assert!(relay.said().is_empty(), "{proxy}");
        let redirect = format!("/redirect-to?url={}", other.url("/get"));
        assert_eq!(
            guest.fetch(&server.url(&redirect)),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
        assert_eq!(guest.fetch_all(&server.url("/get")).1, HELLO.as_bytes());
    }
    assert_eq!(other.connections(), 0);
}

/// The names of these tests lead to this machine, which is no public address.
#[test]
fn addresses_are_filtered_where_they_are_known_here() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let port = server.port();
    for (relay, proxy, looks_names_up) in proxies() {
        let client = trusting_through(&proxy, &ca).build();
        let named = format!("https://a.test:{port}");
        let fetched = guest_for(&client, &named).fetch(&named);
        if looks_names_up {
            // It does not get past TLS, since the certificate is for another name.
            assert_eq!(fetched, Err(code::REQUEST_ERROR), "{proxy}");
            assert!(!relay.said().is_empty(), "{proxy}");
        } else {
            assert_eq!(fetched, Err(code::DESTINATION_NOT_ALLOWED), "{proxy}");
            assert!(relay.said().is_empty(), "{proxy}");
        }
        // An address in a URL is known.
        let address = format!("https://127.0.0.1:{port}");
        for rule in ["deny:127.0.0.0/8", "https://*"] {
            let mut http = HttpCtx::builder();
            http.client(client.clone());
            if rule.starts_with("deny") {
                http.try_allowed_host(&address).unwrap();
            }
            let mut guest = Guest::new(http.try_allowed_host(rule).unwrap().build());
            let fetched = guest.fetch(&address);
            assert_eq!(
                fetched,
                Err(code::DESTINATION_NOT_ALLOWED),
                "{proxy} {rule}"
            );
            assert!(relay.said().is_empty(), "{proxy} {rule}");
        }
    }
}

#[test]
fn a_store_with_stricter_rules_does_not_use_a_connection_to_an_address_that_they_deny() {
    let server = TestServer::http().start();
    let relay = Relay::socks(None);
    let client = through(&format!("socks5://127.0.0.1:{}", relay.port)).build();
    guest(&client).fetch_all(&server.url("/get"));
    assert!(!relay.said().is_empty());
    let mut http = HttpCtx::builder();
    http.client(client)
        .try_allowed_host(&server.origin())
        .unwrap();
    let mut strict = Guest::new(http.try_allowed_host("deny:127.0.0.0/8").unwrap().build());
    let fetched = strict.fetch(&server.url("/get"));
    assert_eq!(fetched, Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(server.requests(), 1);
}

#[test]
fn hosts_without_a_proxy_are_reached_directly() {
    let server = TestServer::http().start();
    let relay = Relay::socks(None);
    let proxy = format!("socks5h://127.0.0.1:{}", relay.port);
    let mut client = through(&proxy);
    client.no_proxy("direct.test, 127.0.0.0/8").unwrap();
    assert!(client.no_proxy("a/b").is_err());
    let mut guest = guest(&client.build());
    for host in ["direct.test", "sub.direct.test", "127.0.0.1"] {
        guest.fetch_all(&(server.origin_at(host) + "/get"));
        assert!(relay.said().is_empty(), "{host}");
    }
    guest.fetch_all(&(server.origin_at("other.test") + "/get"));
    assert_eq!(relay.said().len(), 2);
    assert_eq!(server.connections(), 4);
}

#[test]
fn clients_of_different_proxies_share_nothing() {
    let server = TestServer::http().start();
    let [one, two] = [Relay::socks(None), Relay::socks(Some("two"))];
    let clients = [
        through(&format!("socks5h://127.0.0.1:{}", one.port)).build(),
        through(&format!("socks5h://me:two@127.0.0.1:{}", two.port)).build(),
        HttpClient::new(),
    ];
    for _ in 0..3 {
        for client in &clients {
            guest(client).fetch_all(&server.url("/get"));
        }
    }
    assert_eq!(server.connections(), 3);
    assert_eq!((one.said().len(), two.said().len()), (2, 3));
}

#[test]
fn nobody_is_shown_the_proxy_but_the_embedder() {
    let server = TestServer::http().start();
    for (relay, proxy, looks_names_up) in proxies() {
        let events: Arc<Mutex<Vec<RequestEvent>>> = Arc::default();
        let told = events.clone();
        let mut http = HttpCtx::builder();
        http.client(through(&proxy).build())
            .show_peer(true)
            .observer(move |event| told.lock().unwrap().push(event.clone()));
        let mut guest = Guest::new(http.try_allowed_host("insecure:allow-all").unwrap().build());
        let url = server.origin_at("localhost") + "/get";
        let address = format!("127.0.0.1:{}", server.port());
        match proxy.starts_with("http:") {
            // It has no answer to what is not CONNECT.
            true => assert!(guest.fetch(&url).is_err()),
            false => {
                let handle = guest.open(&url);
                let peer = guest.fact(handle, fact::PEER).unwrap();
                assert_eq!(peer, if looks_names_up { "" } else { &address }, "{proxy}");
                guest.read_all(handle).unwrap();
            }
        }
        let peer = events.lock().unwrap()[0].peer;
        assert_eq!(peer, Some(([127, 0, 0, 1], relay.port).into()), "{proxy}");
    }
}

#[test]
fn each_address_of_a_server_is_tried() {
    // It cannot reach the first.
    let refusing = TestServer::http().raw(|conn| {
        use std::io::{Read, Write};
        let mut greeting = [0; 3];
        conn.read_exact(&mut greeting)?;
        conn.write_all(&[5, 0])?;
        let mut request = [0; 10];
        conn.read_exact(&mut request)?;
        let reply = if conn.number() == 0 { 4 } else { 0 };
        conn.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, request[7]])?;
        if reply == 0 {
            let _ = conn.read_head()?;
            conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")?;
            conn.write_all(&request[7..8])?;
        }
        Ok(())
    });
    let mut client = HttpClient::builder();
    client
        .proxy(
            format!("socks5://127.0.0.1:{}", refusing.port())
                .parse()
                .unwrap(),
        )
        .resolver(|_| Ok([1, 2].map(|last| IpAddr::from([127, 0, 0, last])).into()));
    let mut guest = guest(&client.build());
    assert_eq!(guest.fetch_all("http://a.test/").1, [2]);
    assert_eq!(refusing.connections(), 2);
}

#[test]
fn the_environment_counts_where_the_embedder_wants_it() {
    const NAME: &str = "rules::the_environment_counts_where_the_embedder_wants_it";
    let relay = Relay::socks(None);
    let proxy = format!("socks5h://127.0.0.1:{}", relay.port);
    let variables = [
        ("ALL_PROXY", proxy.as_ref()),
        ("NO_PROXY", "direct.test".as_ref()),
    ];
    if !in_its_own_process(NAME, &variables) {
        assert_eq!(relay.said().len(), 2);
        return;
    }
    let server = TestServer::http().start();
    let mut client = HttpClient::builder();
    client.resolver(|_| Ok(vec![[127, 0, 0, 1].into()]));
    client.proxy_from_env().unwrap();
    let mut guest = guest(&client.build());
    for host in ["direct.test", "other.test"] {
        guest.fetch_all(&(server.origin_at(host) + "/get"));
    }
    assert_eq!(server.connections(), 2);
}

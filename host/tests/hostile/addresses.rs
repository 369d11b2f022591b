//! Where an allowed name may lead.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::{DeniedReason, HttpClient, HttpCtx};

use crate::common::trace::captured;
use crate::common::{Guest, code, in_its_own_process};
use crate::{guest, resolving};

#[test]
fn a_name_that_leads_inside_is_denied_and_the_denial_names_the_switch() {
    let server = TestServer::http().start();
    let client = resolving(&[("inside.test", &["127.0.0.1"])]).build();
    let origin = format!("http://inside.test:{}", server.port());
    let url = origin.clone() + "/get?token=SECRET";

    let denials = Arc::new(Mutex::new(Vec::new()));
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .try_allowed_host(&origin)
        .unwrap()
        .on_denied({
            let denials = denials.clone();
            move |denied| denials.lock().unwrap().push(denied.clone())
        });
    let (given, trace) = captured(|| Guest::new(http.build()).fetch(&url));
    assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(server.connections(), 0);
    let denials = denials.lock().unwrap();
    assert_eq!(denials.len(), 1);
    assert_eq!(
        denials[0].reason,
        DeniedReason::NotPublic("127.0.0.1".parse().unwrap())
    );
    for text in [denials[0].to_string(), trace] {
        assert!(text.contains("allow_private_networks"), "{text}");
        assert!(text.contains("--allow-private"), "{text}");
        assert!(text.contains("127.0.0.1"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
    }

    // Whoever permits it gets there.
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .allow_private_networks(true)
        .try_allowed_host(&origin)
        .unwrap();
    assert_eq!(Guest::new(http.build()).fetch_all(&url).0, 200);
    assert_eq!(
        guest(&client, &["insecure:allow-all"]).fetch_all(&url).0,
        200
    );
}

#[test]
fn a_strict_store_never_uses_a_connection_that_a_permissive_one_opened() {
    let server = TestServer::http().start();
    let client = resolving(&[("inside.test", &["127.0.0.1"])]).build();
    let origin = format!("http://inside.test:{}", server.port());
    let url = origin.clone() + "/get";
    let permissive = [
        HttpCtx::builder()
            .allow_private_networks(true)
            .try_allowed_host(&origin)
            .unwrap()
            .clone(),
        HttpCtx::builder()
            .try_allowed_host("insecure:allow-all")
            .unwrap()
            .clone(),
    ];
    for mut http in permissive {
        let mut permissive = Guest::new(http.client(client.clone()).build());
        assert_eq!(permissive.fetch_all(&url).0, 200);
        let (requests, connections) = (server.requests(), server.connections());
        // It is idle in the pool now, under the very key of this request.
        let mut strict = guest(&client, &[&origin]);
        assert_eq!(strict.fetch(&url), Err(code::DESTINATION_NOT_ALLOWED));
        assert_eq!(
            (server.requests(), server.connections()),
            (requests, connections)
        );
        // It still is: the strict store did not even touch it.
        assert_eq!(permissive.fetch_all(&url).0, 200);
        assert_eq!(server.connections(), connections);
    }
}

#[test]
fn a_name_that_leads_to_a_denied_address_is_denied() {
    let server = TestServer::http().start();
    let client = resolving(&[("inside.test", &["127.0.0.1"])]).build();
    let url = format!("http://inside.test:{}/get", server.port());
    let deny = format!("deny:http://127.0.0.0:{}/8", server.port());
    let entries = ["insecure:allow-all", deny.as_str()];
    let mut denying = guest(&client, &entries);
    assert_eq!(denying.fetch(&url), Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(server.connections(), 0);
    // Nor over a connection that is there.
    assert_eq!(
        guest(&client, &["insecure:allow-all"]).fetch_all(&url).0,
        200
    );
    assert_eq!(denying.fetch(&url), Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(server.requests(), 1);
    // Another port and another scheme are another rule's.
    let deny = format!("deny:http://127.0.0.0:{}/8", server.port() ^ 1);
    let mut other = guest(&client, &["insecure:allow-all", &deny]);
    assert_eq!(other.fetch_all(&url).0, 200);
}

#[test]
fn an_idle_connection_to_a_denied_address_is_not_used() {
    let server = TestServer::http().start();
    // The name moves, to where nobody listens; the connection that is idle stays where it is.
    let moved = Arc::new(AtomicBool::new(false));
    let client = HttpClient::builder()
        .resolver({
            let moved = moved.clone();
            move |_| {
                let last = if moved.load(Ordering::Relaxed) { 2 } else { 1 };
                Ok(vec![[127, 0, 0, last].into()])
            }
        })
        .build();
    let url = format!("http://inside.test:{}/get", server.port());
    let mut permissive = guest(&client, &["insecure:allow-all"]);
    assert_eq!(permissive.fetch_all(&url).0, 200);
    moved.store(true, Ordering::Relaxed);
    assert_eq!(permissive.fetch_all(&url).0, 200);
    let deny = format!("deny:http://127.0.0.1:{}", server.port());
    let mut denying = guest(&client, &["insecure:allow-all", &deny]);
    assert_eq!(denying.fetch(&url), Err(code::REQUEST_ERROR));
    assert_eq!((server.connections(), server.requests()), (1, 2));
}

#[test]
fn a_redirect_to_a_name_that_leads_inside_is_denied() {
    let server = TestServer::http().start();
    let client = resolving(&[("inside.test", &["127.0.0.1"])]).build();
    let inside = format!("http://inside.test:{}", server.port());
    let mut guest = guest(&client, &[&server.origin(), &inside]);
    let url = server.url(&format!("/redirect-to?url={inside}/get"));
    assert_eq!(guest.fetch(&url), Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(server.requests(), 1);
}

#[test]
fn no_special_address_is_reached_by_name_in_any_form() {
    let inside = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2002:a00:1::1",
        "2002:7f00:1::1",
        "2001::1",
    ];
    for address in inside {
        // A second one changes nothing.
        let client = resolving(&[("inside.test", &[address, "10.0.0.1"])]).build();
        let mut guest = guest(&client, &["http://*.test", "http://inside.test"]);
        let given = guest.fetch("http://inside.test/");
        assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED), "{address}");
    }
    // A name without an address is no denial.
    let client = resolving(&[]).build();
    let given = guest(&client, &["http://nowhere.test"]).fetch("http://nowhere.test/");
    assert_eq!(given, Err(code::REQUEST_ERROR));
}

#[test]
fn all_public_hosts_are_nothing_of_the_local_network() {
    let server = TestServer::http().start();
    let client = resolving(&[
        ("inside.test", &["127.0.0.1"]),
        ("localhost", &["127.0.0.1", "::1"]),
    ])
    .build();
    let port = server.port();
    for entries in [&["http://*:*"][..], &["http://*:*", "http://other.test"]] {
        for host in ["inside.test", "localhost", "127.0.0.1", "0.0.0.0", "[::1]"] {
            for private in [false, true] {
                let mut http = HttpCtx::builder();
                http.client(client.clone()).allow_private_networks(private);
                for entry in entries {
                    http.try_allowed_host(entry).unwrap();
                }
                let given = Guest::new(http.build()).fetch(&format!("http://{host}:{port}/get"));
                assert_eq!(given, Err(code::DESTINATION_NOT_ALLOWED), "{host}");
            }
        }
    }
    assert_eq!(server.connections(), 0);
    // A host that is named besides is reached.
    let named = format!("http://127.0.0.1:{port}");
    let mut named = guest(&client, &["http://*:*", &named]);
    assert_eq!(named.fetch_all(&server.url("/get")).0, 200);
}

#[test]
fn localhost_and_literals_are_named_by_their_entries() {
    let server = TestServer::http().start();
    let client = HttpClient::new();
    let local = server.origin_at("localhost");
    for entry in [local.as_str(), &server.origin()] {
        let mut guest = guest(&client, &[entry]);
        assert_eq!(guest.fetch_all(&format!("{entry}/get")).0, 200, "{entry}");
    }
    let block = format!("http://127.0.0.0:{}/8", server.port());
    assert_eq!(
        guest(&client, &[&block]).fetch_all(&server.url("/get")).0,
        200
    );
}

/// In a process of its own, for its environment.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    const NAME: &str = "addresses::a_proxy_of_the_environment_is_not_used";
    // Nobody listens there: who used it would fail.
    let proxy = std::path::Path::new("http://127.0.0.1:1");
    let variables = [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    if !in_its_own_process(NAME, &variables.map(|name| (name, proxy))) {
        return;
    }
    let server = TestServer::http().start();
    let mut guest = guest(&HttpClient::new(), &[&server.origin()]);
    assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
}

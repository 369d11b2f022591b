//! What the requests of a store may take in all.

use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder, RequestEvent};

use crate::common::{ANY, Guest, code, trusting};

fn store(server: &TestServer, client: &HttpClient) -> HttpCtxBuilder {
    let mut http = HttpCtx::builder();
    http.client(client.clone());
    http.try_allowed_host(&server.origin()).unwrap();
    http
}

#[test]
fn a_store_sends_so_many_requests_and_no_more() {
    let server = TestServer::http().start();
    let client = HttpClient::new();
    let mut http = store(&server, &client);
    http.max_total_requests(Some(4));
    let mut guest = Guest::new(http.clone().build());
    // What is denied or malformed does not count.
    assert_eq!(
        guest.fetch("http://127.0.0.2:1/"),
        Err(code::DESTINATION_NOT_ALLOWED)
    );
    assert_eq!(
        guest.send("GE T", &server.url("/get"), "", b""),
        Err(code::INVALID_METHOD)
    );
    guest.fetch_all(&server.url("/redirect/1"));
    let handle = guest.start_get(&server.url("/get"));
    assert_eq!(guest.wait(handle), Ok(200));
    // A redirect that has no room fails where it leads.
    assert_eq!(
        guest.fetch(&server.url("/redirect/1")),
        Err(code::TOO_MANY_SESSIONS)
    );
    let (reason, message) = guest.last_error();
    assert_eq!(reason, "too_many_open");
    assert!(message.contains("budget of 4 requests"), "{message}");
    assert_eq!(
        guest.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    let handle = guest.start_get(&server.url("/get"));
    assert_eq!(guest.wait(handle), Err(code::TOO_MANY_SESSIONS));
    assert_eq!(server.requests(), 4);
    // Another store of the same builder and client has its own.
    let mut other = Guest::new(http.build());
    other.fetch_all(&server.url("/get"));
    let mut none = Guest::new(store(&server, &client).max_total_requests(Some(0)).build());
    assert_eq!(
        none.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    assert_eq!(server.requests(), 5);
}

#[test]
fn a_store_carries_so_many_bytes_and_no_more() {
    let ca = TestCa::new();
    for (server, client) in [
        (TestServer::http().start(), HttpClient::new()),
        (TestServer::https(&ca).start(), trusting(&ca)),
    ] {
        // As many as it takes, as an observer is told.
        let told = Arc::new(Mutex::new(0));
        let sum = told.clone();
        let mut http = store(&server, &client);
        http.observer(move |event: &RequestEvent| {
            *sum.lock().unwrap() += event.bytes_sent + event.bytes_received;
        });
        let url = server.url("/bytes/100000");
        let mut guest = Guest::new(http.build());
        // TLS handshakes have not always the same length.
        guest.fetch_all(&url);
        *told.lock().unwrap() = 0;
        guest.fetch_all(&url);
        let needed = *told.lock().unwrap();
        assert!(needed > 100_000, "{needed}");
        drop(guest);

        let mut guest = Guest::new(
            store(&server, &client)
                .max_total_bytes(Some(needed))
                .build(),
        );
        let before = server.connections();
        guest.fetch_all(&url);
        assert_eq!(server.connections(), before, "not over the idle connection");
        let sent = server.requests();
        assert_eq!(guest.fetch(&url), Err(code::BODY_TOO_LARGE));
        let (reason, message) = guest.last_error();
        assert_eq!(reason, "body_too_large");
        assert!(message.contains("bytes is used up"), "{message}");
        assert_eq!(server.requests(), sent);

        // With one less the body breaks off, for good.
        let mut http = store(&server, &client);
        http.max_total_bytes(Some(needed - 1));
        let mut guest = Guest::new(http.build());
        let handle = guest.open(&url);
        assert_eq!(guest.read_all(handle), Err(code::BODY_TOO_LARGE));
        assert_eq!(guest.read_all(handle), Err(code::BODY_TOO_LARGE));
        assert_eq!(guest.fetch(&url), Err(code::BODY_TOO_LARGE));
    }
}

#[test]
fn what_is_sent_counts_as_well() {
    let server = TestServer::http().start();
    let client = HttpClient::new();
    let mut http = store(&server, &client);
    http.max_total_bytes(Some(100_000));
    let mut guest = Guest::new(http.clone().build());
    let body = vec![b'a'; 1_000_000];
    let sent = guest.send("POST", &server.url("/echo"), "", &body);
    assert_eq!(sent, Err(code::BODY_TOO_LARGE));
    // Piece by piece as well: one of the calls says so.
    let mut guest = Guest::new(http.build());
    let handle = guest.start("POST", &server.url("/echo"), ANY).unwrap();
    let written = (0..20).try_for_each(|_| guest.write_all(handle, &body[..50_000]));
    let finished = written.and_then(|()| guest.finish(handle));
    assert_eq!(
        guest.wait(handle),
        Err(code::BODY_TOO_LARGE),
        "{finished:?}"
    );
}

#[test]
fn a_store_sends_so_many_requests_a_second() {
    let server = TestServer::http().start();
    let mut http = store(&server, &HttpClient::new());
    http.max_requests_per_second(Some(3));
    let mut guest = Guest::new(http.build());
    let started = std::time::Instant::now();
    let mut sent = 0;
    let mut refused = 0;
    while sent < 7 {
        match guest.fetch(&server.url("/get")) {
            Ok(opened) => {
                sent += 1;
                guest.call_close(opened.handle);
            }
            Err(code) => {
                assert_eq!(code, code::TOO_MANY_SESSIONS);
                refused += 1;
                let (reason, message) = guest.last_error();
                assert_eq!(reason, "too_many_in_flight");
                assert!(message.contains("3 requests in a second"), "{message}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
    // However slow the machine: seven of them are in no less than two seconds.
    assert!(started.elapsed() >= std::time::Duration::from_secs(2));
    assert!(refused > 0 || started.elapsed().as_secs() > 2);
    assert_eq!(server.requests(), 7);
}

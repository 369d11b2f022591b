//! How many requests may be on their way, and what they may take.

use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::limits::DEFAULT_MAX_CONCURRENT_REQUESTS;
use wasi_experimental_http_wasmtime::{ErrorKind, HttpClient};

use crate::common::{ANY, Guest, code};
use crate::{guest, patient, servers};

#[test]
fn a_store_has_so_many_on_their_way_and_no_more() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let url = server.url("/hang");
        let handles: Vec<u32> = (0..DEFAULT_MAX_CONCURRENT_REQUESTS)
            .map(|_| guest.start_get(&url))
            .collect();
        assert_eq!(guest.start("GET", &url, 0), Err(code::TOO_MANY_SESSIONS));
        assert_eq!(guest.last_error().0, "too_many_open");
        assert_eq!(guest.fetch(&url), Err(code::TOO_MANY_SESSIONS));
        guest.call_close(handles[5]);
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.wait(handle), Ok(200));
        guest.read_all(handle).unwrap();
        // One that has failed takes no place.
        for _ in 0..3 {
            let failed = guest.start_get("http://127.0.0.1:9/");
            assert_eq!(guest.wait(failed), Err(code::REQUEST_ERROR));
        }
    }
}

#[test]
fn all_stores_of_a_client_have_so_many_on_their_way_and_no_more() {
    let server = TestServer::http().start();
    let client = HttpClient::builder().max_requests_in_flight(3).build();
    let failures = Arc::new(Mutex::new(Vec::new()));
    let log = failures.clone();
    let mut observed = patient(&client);
    observed.observer(move |event| {
        let error = event.error.as_ref();
        log.lock().unwrap().extend(error.map(|error| error.kind));
    });
    let (mut one, mut two) = (Guest::new(observed.build()), guest(&client));
    let silent = server.url("/hang");
    let first = one.start_get(&silent);
    one.start_get(&silent);
    two.start("POST", &silent, ANY).unwrap();
    for store in [&mut one, &mut two] {
        assert_eq!(store.start("GET", &silent, 0), Err(code::TOO_MANY_SESSIONS));
        assert_eq!(store.last_error().0, "too_many_in_flight");
        assert_eq!(store.fetch(&silent), Err(code::TOO_MANY_SESSIONS));
    }
    // Each has its event, with the reason.
    assert_eq!(*failures.lock().unwrap(), [ErrorKind::TooManyInFlight; 2]);
    server.wait_for_open_connections(3);
    one.call_close(first);
    server.wait_for_open_connections(2);
    // Its thread lets the place go a moment later.
    let handle = loop {
        match two.start("GET", &server.url("/get"), 0) {
            Err(code::TOO_MANY_SESSIONS) => std::thread::sleep(Duration::from_millis(1)),
            started => break started.unwrap(),
        }
    };
    assert_eq!(two.wait(handle), Ok(200));
    // An open response is on its way no more, read or not.
    let handle = two.start_get(&server.url("/bytes/1000000"));
    assert_eq!(two.wait(handle), Ok(200));
    let handle = one.start_get(&server.url("/get"));
    assert_eq!(one.wait(handle), Ok(200));
}

/// Lookups that hang keep neither each other nor known addresses from going on.
#[test]
fn requests_to_known_addresses_do_not_wait_behind_lookups() {
    let server = TestServer::http().start();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = gate.clone();
    let client = HttpClient::builder()
        .resolver(move |_| {
            let (open, changed) = &*held;
            let mut open = open.lock().unwrap();
            while !*open {
                open = changed.wait(open).unwrap();
            }
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        })
        .build();
    let mut guest = Guest::new(patient(&client).max_concurrent_requests(100).build());
    let names: Vec<u32> = (0..64)
        .map(|n| guest.start_get(&format!("http://name{n}.example:{}/get", server.port())))
        .collect();
    for _ in 0..3 {
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
    }
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    for handle in names {
        assert_eq!(guest.wait(handle), Ok(200));
        guest.call_close(handle);
    }
}

#[test]
fn whole_bodies_are_read_before_the_response_is_there() {
    for (server, client) in servers() {
        let mut guest = Guest::new(patient(&client).whole_bodies(1000).build());
        let handle = guest.start_get(&server.url("/bytes/1000"));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap().len(), 1000);
        let handle = guest.start_get(&server.url("/bytes/1001"));
        assert_eq!(guest.wait(handle), Err(code::BODY_TOO_LARGE));
        let handle = guest.start_get(&server.url("/lying-length?claim=100"));
        assert_eq!(guest.wait(handle), Err(code::REQUEST_ERROR));
    }
}

//! What a handle stands for, from `request_start` to `close`, whatever state it is in.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasi_experimental_http_test_server::HELLO;
use wasi_experimental_http_wasmtime::RequestEvent;

use crate::common::{ANY, BUFFER, Guest, HANDLE, STATUS, WRITTEN, code, fact, option};
use crate::{guest, patient, servers};

#[test]
fn a_started_request_becomes_its_response() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        // Whatever looks at the response waits for it.
        let handle = guest.start_get(&server.url("/redirect/2"));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.fact(handle, fact::REDIRECTS).unwrap(), "2");
        assert_eq!(guest.read_all(handle).unwrap(), HELLO.as_bytes());
        assert_eq!(guest.wait(handle), Ok(200));
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.read_all(handle).unwrap(), HELLO.as_bytes());
        let handle = guest.start_get(&server.url("/get"));
        assert!(guest.header(handle, "content-type").is_ok());
        let handle = guest.start_get(&server.url("/get"));
        assert!(guest.headers(handle).is_ok());
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.fact(handle, fact::URL).unwrap(), server.url("/get"));
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.fill(handle, 5).unwrap(), b"Hello");
        // Handles of both kinds are of one row.
        assert_eq!(guest.open(&server.url("/get")), handle + 1);
    }
}

#[test]
fn what_is_wrong_at_once_fails_at_once_and_all_else_where_it_is_waited_for() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let url = server.url("/get");
        assert_eq!(guest.start("GE T", &url, 0), Err(code::INVALID_METHOD));
        assert_eq!(guest.start("GET", "http://", 0), Err(code::INVALID_URL));
        let bad_header = guest.start_with("GET", &url, "no colon", &[], 0);
        assert_eq!(bad_header, Err(code::INVALID_ENCODING));
        assert_eq!(guest.store.data().open_responses(), 0);
        assert_eq!(server.requests(), 0);
        let handle = guest.start_get("http://127.0.0.1:9/");
        for _ in 0..2 {
            assert_eq!(guest.wait(handle), Err(code::REQUEST_ERROR));
            assert_eq!(guest.last_error().0, "connection_refused");
            assert!(guest.last_error().1.contains("http://127.0.0.1:9/"));
        }
        assert_eq!(guest.read(handle, 10), Err(code::REQUEST_ERROR));
        assert_eq!(guest.headers(handle), Err(code::REQUEST_ERROR));
        assert_eq!(guest.fact(handle, fact::URL), Err(code::REQUEST_ERROR));
        guest.call_close(handle);
        assert_eq!(guest.wait(handle), Err(code::INVALID_HANDLE));
    }
}

#[test]
fn what_is_not_allowed_is_not_started() {
    for (server, client) in servers() {
        let denied = Arc::new(Mutex::new(Vec::new()));
        let log = denied.clone();
        let mut http = wasi_experimental_http_wasmtime::HttpCtx::builder();
        http.client(client)
            .try_allowed_host(&server.origin())
            .unwrap()
            .on_denied(move |denied| log.lock().unwrap().push(denied.url.clone()));
        let mut guest = Guest::new(http.build());
        let refused = guest.start("GET", "http://denied.example/", 0);
        assert_eq!(refused, Err(code::DESTINATION_NOT_ALLOWED));
        // A redirect is asked about when it comes.
        let handle = guest.start_get(&server.url("/redirect-to?url=http://other.example/"));
        assert_eq!(guest.wait(handle), Err(code::DESTINATION_NOT_ALLOWED));
        assert_eq!(guest.wait(handle), Err(code::DESTINATION_NOT_ALLOWED));
        let denied = denied.lock().unwrap();
        assert_eq!(*denied, ["http://denied.example/", "http://other.example/"]);
    }
}

#[test]
fn closing_ends_a_request_in_each_state_and_no_other() {
    for (server, client) in servers() {
        let events = Arc::new(Mutex::new(Vec::<RequestEvent>::new()));
        let log = events.clone();
        let http = patient(&client)
            .observer(move |event| log.lock().unwrap().push(event.clone()))
            .build();
        let mut guest = Guest::new(http);
        let other = guest.start_get(&server.url("/gate"));
        assert_eq!(guest.wait(other), Ok(200));
        let silent = guest.start_get(&server.url("/hang"));
        let writing = guest.start("POST", &server.url("/echo"), ANY).unwrap();
        guest.write_all(writing, b"hello").unwrap();
        let reading = guest.start_get(&server.url("/bytes/100000000"));
        assert_eq!(guest.wait(reading), Ok(200));
        let done = guest.start_get(&server.url("/get"));
        guest.read_all(done).unwrap();
        let failed = guest.start_get("http://127.0.0.1:9/");
        assert_eq!(guest.wait(failed), Err(code::REQUEST_ERROR));
        server.wait_for_requests(4);
        let all = [silent, writing, reading, done, failed];
        for handle in all {
            assert_eq!(guest.call_close(handle), code::SUCCESS);
            assert_eq!(guest.wait(handle), Err(code::INVALID_HANDLE));
        }
        assert_eq!(guest.store.data().open_responses(), 1);
        // One for each, and none for the one that goes on.
        let paths: Vec<String> = {
            let events = events.lock().unwrap();
            let path = |event: &RequestEvent| event.url.rsplit('/').next().unwrap().to_owned();
            events.iter().map(path).collect()
        };
        let mut sorted = paths.clone();
        sorted.sort();
        assert_eq!(
            sorted,
            ["", "100000000", "echo", "get", "hang"],
            "{paths:?}"
        );
        server.release();
        assert_eq!(guest.read_all(other).unwrap(), b"firstsecond");
        guest.call_close(other);
        // What was ended has let its connection go; the two that ended well are kept.
        server.wait_for_open_connections(2);
        let beside_others = events.lock().unwrap().last().unwrap().clone();
        assert_eq!(beside_others.status, Some(200));
        assert_eq!(beside_others.error, None);
        // It is billed for what it costs by itself. Over TLS the handshake differs.
        if server.origin().starts_with("http:") {
            let before = server.requests();
            let gate = guest.start_get(&server.url("/gate"));
            server.wait_for_requests(before + 1);
            server.release();
            guest.read_all(gate).unwrap();
            let alone = events.lock().unwrap().last().unwrap().clone();
            let bytes = |event: &RequestEvent| (event.bytes_sent, event.bytes_received);
            assert_eq!(bytes(&alone), bytes(&beside_others));
        }
    }
}

#[test]
fn dropping_a_store_ends_all_of_it() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        guest.start_get(&server.url("/hang"));
        guest.start("POST", &server.url("/echo"), ANY).unwrap();
        let reading = guest.start_get(&server.url("/bytes/100000000"));
        assert_eq!(guest.wait(reading), Ok(200));
        server.wait_for_open_connections(3);
        drop(guest);
        server.wait_for_open_connections(0);
    }
}

#[test]
fn cancelling_ends_what_is_on_its_way_and_wakes_who_waits() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let silent = guest.start_get(&server.url("/hang"));
        let writing = guest.start("POST", &server.url("/echo"), ANY).unwrap();
        let cancel = guest.store.data().cancel_handle();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                server.wait_for_open_connections(2);
                cancel.cancel();
            });
            assert_eq!(guest.wait(silent), Err(code::CANCELLED));
        });
        assert_eq!(guest.wait(writing), Err(code::CANCELLED));
        assert_eq!(
            guest.start("GET", &server.url("/get"), 0),
            Err(code::CANCELLED)
        );
        // One that waits for nothing but the time.
        assert_eq!(guest.poll(&[], u64::MAX), Err(code::CANCELLED));
        guest.store.data_mut().resume();
        let handle = guest.start_get(&server.url("/get"));
        assert_eq!(guest.wait(handle), Ok(200));
    }
}

#[test]
fn options_make_limits_smaller_and_never_larger() {
    for (server, client) in servers() {
        let http = patient(&client)
            .max_redirects(2)
            .max_response_body_bytes(Some(10))
            .timeout(Some(Duration::from_secs(2)))
            .build();
        let mut guest = Guest::new(http);
        let redirects = |guest: &mut Guest, options: &[(u32, u64)], hops: u32| {
            let url = server.url(&format!("/redirect/{hops}"));
            let handle = guest.start_with("GET", &url, "", options, 0).unwrap();
            guest.wait(handle)
        };
        assert_eq!(
            redirects(&mut guest, &[(option::MAX_REDIRECTS, 0)], 1),
            Ok(302)
        );
        assert_eq!(
            redirects(&mut guest, &[(option::MAX_REDIRECTS, 1)], 1),
            Ok(200)
        );
        let one = [(option::MAX_REDIRECTS, 1)];
        assert_eq!(redirects(&mut guest, &one, 2), Err(code::REQUEST_ERROR));
        let many = [(option::MAX_REDIRECTS, u64::MAX)];
        assert_eq!(redirects(&mut guest, &many, 2), Ok(200));
        assert_eq!(redirects(&mut guest, &many, 3), Err(code::REQUEST_ERROR));
        for (max, expected) in [(4, 4), (u64::MAX, 10)] {
            let options = [(option::MAX_RESPONSE_BODY, max)];
            let url = server.url("/bytes/20");
            let handle = guest.start_with("GET", &url, "", &options, 0).unwrap();
            assert_eq!(guest.fill(handle, 20).unwrap().len(), expected);
            assert_eq!(guest.read(handle, 1), Err(code::BODY_TOO_LARGE));
        }
        for key in [
            option::TIMEOUT,
            option::RESPONSE_TIMEOUT,
            option::READ_TIMEOUT,
        ] {
            let options = [(key, u64::MAX), (key, 50_000_000)];
            let url = server.url("/hang");
            let handle = guest.start_with("GET", &url, "", &options, 0).unwrap();
            assert_eq!(guest.wait(handle), Err(code::TIMEOUT), "{key}");
        }
        // Of a longer one than the embedder allows, that of the embedder is left.
        let options = [(option::TIMEOUT, u64::MAX)];
        let handle = guest
            .start_with("GET", &server.url("/hang"), "", &options, 0)
            .unwrap();
        assert_eq!(guest.wait(handle), Err(code::TIMEOUT));
        assert_eq!(guest.last_error().0, "timeout_total");
    }
}

#[test]
fn options_that_the_host_does_not_know_are_told_apart() {
    let [(server, client), ..] = servers();
    let mut guest = guest(&client);
    for key in [6, 100, u32::MAX] {
        let options = [(option::TIMEOUT, u64::MAX), (key, 1)];
        let started = guest.start_with("GET", &server.url("/get"), "", &options, 0);
        assert_eq!(started, Err(code::INVALID_OPTION), "{key}");
    }
    assert_eq!(server.requests(), 0);
}

/// The host does not copy lists as long as a guest's memory.
#[test]
fn lists_have_a_longest_length() {
    let [(server, client), ..] = servers();
    let mut guest = guest(&client);
    let options = |count| vec![(option::TIMEOUT, 20_000_000_000); count];
    let url = server.url("/get");
    let handle = guest.start_with("GET", &url, "", &options(64), 0);
    assert_eq!(guest.wait(handle.unwrap()), Ok(200));
    let refused = guest.start_with("GET", &url, "", &options(65), 0);
    assert_eq!(refused, Err(code::INVALID_OPTION));
    let polled = |guest: &mut Guest, count| guest.call_poll(BUFFER, count, 0, WRITTEN);
    assert_eq!(polled(&mut guest, 16 * 1024), code::SUCCESS);
    assert_eq!(polled(&mut guest, 16 * 1024 + 1), code::INVALID_OPTION);
    assert_eq!(server.requests(), 1);
}

#[test]
fn pointers_are_checked_before_anything_is_sent() {
    let [(server, client), ..] = servers();
    let mut guest = guest(&client);
    let url = server.url("/get");
    let [a, b, c, d, e, f, ..] = guest.place(url.as_bytes(), b"GET", b"", b"");
    let outside = crate::common::MEMORY - 8;
    let calls = [
        (a, b, c, d, e, f, 0, 0, 0, outside + 6),
        (a, b, c, d, e, f, outside, 1, 0, HANDLE),
        (a, b, c, d, e, f, 0, u32::MAX, 0, HANDLE),
        (outside, 9, c, d, e, f, 0, 0, 0, HANDLE),
    ];
    for call in calls {
        assert_eq!(
            guest.call_request_start(call),
            code::MEMORY_ACCESS_ERROR,
            "{call:?}"
        );
    }
    assert_eq!(guest.store.data().open_responses(), 0);
    let handle = guest.start("POST", &server.url("/echo"), 5).unwrap();
    let write = guest.call_body_write([handle, outside, 9, WRITTEN]);
    assert_eq!(write, code::MEMORY_ACCESS_ERROR);
    guest.write_all(handle, b"hello").unwrap();
    assert_eq!(
        guest.call_response_wait(handle, outside + 7),
        code::MEMORY_ACCESS_ERROR
    );
    assert_eq!(guest.wait(handle), Ok(200));
    assert_eq!(guest.read_all(handle).unwrap(), b"hello");
    for (records, count, ready) in [
        (outside, 2, WRITTEN),
        (0, u32::MAX, WRITTEN),
        (STATUS, 1, outside + 5),
    ] {
        let code = guest.call_poll(records, count, 0, ready);
        assert_eq!(code, code::MEMORY_ACCESS_ERROR, "{records} {count} {ready}");
    }
    // Nothing needs to be aligned.
    guest.put(BUFFER + 1, &[0; 16]);
    assert_eq!(
        guest.call_poll(BUFFER + 1, 2, 0, WRITTEN + 1),
        code::SUCCESS
    );
    assert_eq!(server.requests(), 1);
}

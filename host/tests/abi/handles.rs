//! Handles: whose they are, how long they last, and how many there may be.

use wasi_experimental_http_test_server::HELLO;
use wasi_experimental_http_wasmtime::limits::{
    DEFAULT_MAX_CONCURRENT_REQUESTS, MAX_FINISHED_RESPONSES,
};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::{BUFFER, Guest, NAME, STATUS, WRITTEN, code, ctx_with, fact};
use crate::{UNTOUCHED, assert_nothing_was_sent, guest, server};

#[test]
fn handles_that_are_not_open_are_invalid() {
    let server = server();
    let mut guest = guest(&server);
    let open = guest.open(&server.url("/get"));
    let closed = guest.open(&server.url("/get"));
    assert_eq!((open, closed), (1, 2));
    assert_eq!(guest.call_close(closed), code::SUCCESS);
    guest.put(NAME, b"content-type");
    for handle in [0, closed, 3, 100, 0x8000_0000, u32::MAX - 1, u32::MAX] {
        guest.put(BUFFER, &UNTOUCHED);
        guest.put(WRITTEN, &UNTOUCHED);
        let given = [
            guest.call_header_get([handle, NAME, 12, BUFFER, 100, WRITTEN]),
            guest.call_headers_get_all([handle, BUFFER, 100, WRITTEN]),
            guest.call_body_read([handle, BUFFER, 100, WRITTEN]),
            guest.call_body_read([handle, BUFFER, 0, WRITTEN]),
            guest.call_body_read_some([handle, BUFFER, 100, WRITTEN]),
            guest.call_body_read_some([handle, BUFFER, 0, WRITTEN]),
            guest.call_response_get([handle, fact::URL, BUFFER, 100, WRITTEN]),
        ];
        assert_eq!(given, [code::INVALID_HANDLE; 7], "{handle}");
        assert_eq!(guest.get(BUFFER, 8), UNTOUCHED);
        assert_eq!(guest.get(WRITTEN, 8), UNTOUCHED);
        // Guests of 0.10 abort when this fails.
        assert_eq!(guest.call_close(handle), code::SUCCESS, "{handle}");
    }
    assert_eq!(guest.read_all(open).unwrap(), HELLO.as_bytes());
    for _ in 0..3 {
        assert_eq!(guest.call_close(open), code::SUCCESS);
    }
    assert_eq!(guest.store.data().open_responses(), 0);
}

#[test]
fn handles_start_at_1_and_are_never_used_again() {
    let server = server();
    let mut guest = guest(&server);
    let mut given = Vec::new();
    for round in 0..4 {
        let handles: Vec<u32> = (0..3).map(|_| guest.open(&server.url("/get"))).collect();
        // Failures in between, and closing in another order each time.
        assert_eq!(
            guest.fetch("http://denied.example/"),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
        for index in 0..3 {
            guest.call_close(handles[(index + round) % 3]);
        }
        given.extend(handles);
    }
    assert_eq!(given[0], 1);
    let mut sorted = given.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 12, "{given:?}");
}

#[test]
fn stores_do_not_see_each_others_handles() {
    let server = server();
    let client = HttpClient::new();
    let mut one = Guest::new(ctx_with(&[&server], client.clone()));
    let mut two = Guest::new(ctx_with(&[&server], client));
    let mine = one.open(&server.url("/bytes/5"));
    assert_eq!(two.headers(mine), Err(code::INVALID_HANDLE));
    assert_eq!(
        two.header(mine, "content-length"),
        Err(code::INVALID_HANDLE)
    );
    assert_eq!(two.read(mine, 10), Err(code::INVALID_HANDLE));
    assert_eq!(two.call_close(mine), code::SUCCESS);

    // The same number is another response there.
    let theirs = two.open(&server.url("/get"));
    assert_eq!((mine, theirs), (1, 1));
    assert_eq!(two.read_all(theirs).unwrap(), HELLO.as_bytes());
    assert_eq!(two.call_close(theirs), code::SUCCESS);
    assert_eq!(one.header(mine, "content-length").unwrap(), b"5");
    assert_eq!(one.read_all(mine).unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn open_responses_are_limited_and_closing_frees_one() {
    let server = server();
    let builder = || {
        HttpCtx::builder()
            .try_allowed_host(&server.origin())
            .unwrap()
            .clone()
    };

    let mut none = Guest::new(builder().max_concurrent_requests(0).build());
    assert_eq!(
        none.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    assert_nothing_was_sent(&server);

    let mut guest = Guest::new(builder().max_concurrent_requests(2).build());
    let one = guest.open(&server.url("/get"));
    let two = guest.open(&server.url("/get"));
    guest.put(STATUS, &UNTOUCHED);
    for _ in 0..2 {
        assert_eq!(
            guest.fetch(&server.url("/get")),
            Err(code::TOO_MANY_SESSIONS)
        );
    }
    assert_eq!(guest.get(STATUS, 8), UNTOUCHED);
    // Closing what is not open frees nothing.
    guest.call_close(77);
    assert_eq!(
        guest.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    guest.call_close(one);
    guest.call_close(one);
    let three = guest.open(&server.url("/get"));
    assert_eq!(
        guest.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    assert_eq!(server.requests(), 3);
    // A request that fails takes no place.
    guest.call_close(three);
    assert_eq!(
        guest.fetch("http://denied.example/"),
        Err(code::DESTINATION_NOT_ALLOWED)
    );
    guest.open(&server.url("/get"));
    assert_eq!(guest.read_all(two).unwrap(), HELLO.as_bytes());

    // The limit is a store's own.
    let mut other = Guest::new(builder().max_concurrent_requests(2).build());
    other.open(&server.url("/get"));
}

#[test]
fn the_default_limit_is_the_stated_one() {
    let server = server();
    let mut guest = guest(&server);
    for _ in 0..DEFAULT_MAX_CONCURRENT_REQUESTS {
        guest.open(&server.url("/get"));
    }
    assert_eq!(
        guest.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    assert_eq!(server.requests(), DEFAULT_MAX_CONCURRENT_REQUESTS as u64);
}

#[test]
fn a_body_that_has_ended_gives_its_place_back_and_keeps_its_headers() {
    let server = server();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let mut guest = Guest::new(http.max_concurrent_requests(1).build());
    let mut handles = Vec::new();
    for path in ["/get", "/chunked/1000", "/close/1000", "/empty", "/bytes/0"] {
        let handle = guest.open(&server.url(path));
        guest.read_all(handle).unwrap();
        handles.push(handle);
    }
    // A body that broke off has ended as well.
    let broken = guest.open(&server.url("/lying-length"));
    assert_eq!(guest.read_all(broken), Err(code::INCOMPLETE_BODY));
    // So has one that never was, unread.
    let head = guest.send("HEAD", &server.url("/bytes/10"), "", b"");
    handles.push(head.unwrap().handle);
    let open = guest.open(&server.url("/get"));
    assert_eq!(
        guest.fetch(&server.url("/get")),
        Err(code::TOO_MANY_SESSIONS)
    );
    for handle in handles {
        assert!(guest.headers(handle).is_ok(), "{handle}");
    }
    assert_eq!(guest.read(broken, 1), Err(code::INCOMPLETE_BODY));
    assert_eq!(guest.store.data().open_responses(), 8);
    assert_eq!(guest.read_all(open).unwrap(), HELLO.as_bytes());
}

#[test]
fn a_guest_that_closes_nothing_can_go_on_and_keeps_the_last_ones() {
    const MORE: usize = 10;
    let server = server();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let mut guest = Guest::new(http.max_concurrent_requests(2).build());
    // One with more to read is never closed for another.
    let unread = guest.open(&server.url("/bytes/10"));
    let handles: Vec<u32> = (0..MAX_FINISHED_RESPONSES + MORE)
        .map(|_| {
            let handle = guest.open(&server.url("/get"));
            guest.read_all(handle).unwrap();
            handle
        })
        .collect();
    assert_eq!(
        guest.store.data().open_responses(),
        MAX_FINISHED_RESPONSES + 1
    );
    assert_eq!(guest.headers(handles[MORE - 1]), Err(code::INVALID_HANDLE));
    assert!(guest.headers(handles[MORE]).is_ok());
    assert_eq!(guest.read_all(unread).unwrap().len(), 10);
}

//! A store in a thread-local is dropped when its thread ends, when other thread-locals may already be
//! gone.

use std::cell::RefCell;
use std::thread;

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::HttpClient;

use crate::common::{Guest, ctx_with, in_its_own_process, trusting};

thread_local! {
    static KEPT: RefCell<Vec<Guest>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a store with an open response in a thread, which ends.
///
/// What a thread keeps is dropped in an order that depends on what was used first: `kept_first`
/// says whether that is the store.
fn end_a_thread(server: &TestServer, client: &HttpClient, target: &str, kept_first: bool) {
    let http = ctx_with(&[server], client.clone());
    let url = server.url(target);
    thread::spawn(move || {
        let open = |guest: &mut Guest| {
            let handle = guest.open(&url);
            guest.read(handle, 1).unwrap();
        };
        let mut guest = Guest::new(http);
        if kept_first {
            KEPT.with_borrow_mut(|kept| {
                kept.push(guest);
                open(&mut kept[0]);
            });
        } else {
            open(&mut guest);
            KEPT.with_borrow_mut(|kept| kept.push(guest));
        }
    })
    .join()
    .unwrap();
}

/// In a process of its own, which is aborted if a destructor panics at the end of a thread.
#[test]
fn a_store_of_a_thread_with_an_open_response_ends_with_it() {
    const NAME: &str = "thread_end::a_store_of_a_thread_with_an_open_response_ends_with_it";
    if !in_its_own_process(NAME, &[]) {
        return;
    }
    let ca = TestCa::new();
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        let client = trusting(&ca);
        for target in ["/bytes/100000", "/chunked/100000", "/close/100000", "/gate"] {
            for kept_first in [true, false] {
                end_a_thread(&server, &client, target, kept_first);
            }
        }
        drop(client);
        server.wait_for_open_connections(0);
    }
}

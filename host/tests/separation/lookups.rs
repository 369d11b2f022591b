//! Names whose lookup does not end hold up nobody who needs no lookup, and no other client.

use std::net::IpAddr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use wasi_experimental_http_test_server::{HELLO, TestServer};
use wasi_experimental_http_wasmtime::{CancelHandle, HttpClient, HttpCtx};

use crate::common::Guest;
use crate::guest;

/// More lookups than any pool of threads runs at once.
const HANGING: usize = 100;

/// What a request takes at most that waits for nothing, on the slowest machine: less than the
/// connect timeout.
const SOON: Duration = Duration::from_secs(8);

/// Lookups that have begun and do not end.
#[derive(Default)]
struct Hanging {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    begun: usize,
    over: bool,
}

impl Hanging {
    fn hang(&self) {
        let mut state = self.state.lock().unwrap();
        state.begun += 1;
        self.changed.notify_all();
        while !state.over {
            state = self.changed.wait(state).unwrap();
        }
    }

    /// Waits until as many have begun as will: all of them, or as many as the host begins at once.
    fn wait_for_begun(&self) {
        const NO_MORE: Duration = Duration::from_secs(1);
        let mut state = self.state.lock().unwrap();
        let mut seen = 0;
        while state.begun < HANGING && (seen == 0 || state.begun > seen) {
            seen = state.begun;
            state = self.changed.wait_timeout(state, NO_MORE).unwrap().0;
        }
    }

    fn end(&self) {
        self.state.lock().unwrap().over = true;
        self.changed.notify_all();
    }
}

/// A client for which `good.test` is loopback and the lookup of every other name hangs.
fn hanging_client(hanging: &Arc<Hanging>) -> HttpClient {
    let hanging = hanging.clone();
    HttpClient::builder()
        .resolver(move |name| {
            if name != "good.test" {
                hanging.hang();
            }
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        })
        .build()
}

/// Runs `test` while many stores of this client look names up that hang.
fn while_lookups_hang(client: &HttpClient, hanging: &Hanging, test: impl FnOnce()) {
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .try_allowed_host("insecure:allow-all")
        .unwrap()
        .connect_timeout(None)
        .timeout(None);
    let stores: Vec<HttpCtx> = (0..HANGING).map(|_| http.clone().build()).collect();
    let cancel: Vec<CancelHandle> = stores.iter().map(HttpCtx::cancel_handle).collect();
    thread::scope(|scope| {
        for (number, store) in stores.into_iter().enumerate() {
            scope.spawn(move || {
                let url = format!("http://slow-{number}.test:9/");
                Guest::new(store).fetch(&url).expect_err("it is cancelled");
            });
        }
        hanging.wait_for_begun();
        // It may fail: the threads end all the same.
        let tested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
        for cancel in cancel {
            cancel.cancel();
        }
        hanging.end();
        if let Err(panic) = tested {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Sends a GET on a thread of its own: what comes of it.
fn fetch(client: &HttpClient, url: String) -> Receiver<Result<Vec<u8>, u32>> {
    let (sender, receiver) = mpsc::channel();
    let client = client.clone();
    thread::spawn(move || {
        let mut guest = guest(&client);
        let given = guest
            .fetch(&url)
            .and_then(|opened| guest.read_all(opened.handle));
        // The test may have given up on it.
        let _ = sender.send(given);
    });
    receiver
}

#[track_caller]
fn assert_soon(client: &HttpClient, url: String) {
    let given = fetch(client, url.clone()).recv_timeout(SOON);
    assert_eq!(given, Ok(Ok(HELLO.as_bytes().to_vec())), "{url}");
}

#[test]
fn a_request_to_an_address_does_not_wait_behind_lookups() {
    let server = TestServer::http().start();
    let hanging = Arc::default();
    let client = hanging_client(&hanging);
    while_lookups_hang(&client, &hanging, || {
        assert_soon(&client, server.url("/get"));
        assert_soon(&HttpClient::new(), server.url("/get"));
    });
}

#[test]
fn a_request_over_an_idle_connection_does_not_wait_behind_lookups() {
    let server = TestServer::http().start();
    let hanging = Arc::default();
    let client = hanging_client(&hanging);
    let url = format!("http://good.test:{}/get", server.port());
    assert_eq!(guest(&client).fetch_all(&url).0, 200);
    while_lookups_hang(&client, &hanging, || assert_soon(&client, url.clone()));
    assert_eq!(server.connections(), 1);
}

#[test]
fn slow_lookups_of_one_client_do_not_hold_up_another_client() {
    let server = TestServer::http().start();
    let hanging = Arc::default();
    let client = hanging_client(&hanging);
    let other = hanging_client(&Arc::default());
    let url = format!("http://good.test:{}/get", server.port());
    while_lookups_hang(&client, &hanging, || assert_soon(&other, url.clone()));
}

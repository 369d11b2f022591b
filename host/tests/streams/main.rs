//! Requests that a guest does not wait for: bodies that it writes piece by piece, several on their
//! way at once, and waiting for any of them. Over TCP and over TLS.

#[path = "../common/mod.rs"]
mod common;
mod idle;
mod limits;
mod polls;
mod states;
mod uploads;

use std::time::Duration;

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};

use crate::common::{Guest, trusting};

/// What nothing takes, on the slowest machine. No other timeout is set, so that what would end by a
/// shorter one shows as `timeout`.
const LONG: Duration = Duration::from_secs(20);

/// A store that may reach everything, and waits for no timeout but the one of all.
fn patient(client: &HttpClient) -> HttpCtxBuilder {
    HttpCtx::builder()
        .client(client.clone())
        .try_allowed_host("insecure:allow-all")
        .unwrap()
        .response_timeout(None)
        .read_timeout(None)
        .timeout(Some(LONG))
        .clone()
}

fn guest(client: &HttpClient) -> Guest {
    Guest::new(patient(client).build())
}

/// A server, and a client of its own that trusts it, over TCP and over TLS; each twice: without
/// connections, and with some that are idle, over which a request without a body has no thread.
fn servers() -> [(TestServer, HttpClient); 4] {
    let ca = TestCa::new();
    let plain = || (TestServer::http().start(), HttpClient::new());
    let tls = || (TestServer::https(&ca).start(), trusting(&ca));
    [plain(), tls(), with_idle(plain()), with_idle(tls())]
}

fn with_idle((server, client): (TestServer, HttpClient)) -> (TestServer, HttpClient) {
    let mut guest = guest(&client);
    let open: Vec<u32> = (0..2).map(|_| guest.open(&server.url("/get"))).collect();
    for handle in open {
        guest.read_all(handle).unwrap();
    }
    server.clear();
    (server, client)
}

#[test]
fn all_of_it_asynchronously() {
    common::run_asynchronously("all_of_it_asynchronously");
}

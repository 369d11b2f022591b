//! Every answer of a server reaches the guest: servers that play what the servers of the world do,
//! byte by byte, over TCP and over TLS.

mod addresses;
#[path = "../common/mod.rs"]
mod common;
mod early;
mod framing;
mod interim;
mod judged;
mod locations;
mod requests;
mod roots;

use std::time::Duration;

use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::Guest;

/// What no answer takes, on the slowest machine. No other timeout is set, so that an answer that
/// would come by a shorter one shows as `timeout`.
const LONG: Duration = Duration::from_secs(20);

/// A guest that may reach everything, and waits for no timeout but the one of all.
pub fn guest(client: &HttpClient) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .try_allowed_host("insecure:allow-all")
        .unwrap()
        .response_timeout(None)
        .read_timeout(None)
        .timeout(Some(LONG));
    Guest::new(http.build())
}

#[test]
fn all_of_it_asynchronously() {
    common::run_asynchronously("all_of_it_asynchronously");
}

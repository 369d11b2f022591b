//! Requests through proxies: what these are sent, what holds behind them, and what becomes of a request
//! if one of them fails.

#[path = "../common/mod.rs"]
mod common;
mod faults;
mod others;
mod relay;
mod rules;
mod wire;

use wasi_experimental_http_test_server::TestCa;
use wasi_experimental_http_wasmtime::{HttpClient, HttpClientBuilder, HttpCtx};

use crate::common::Guest;

/// A client that uses this proxy, and for which all names are this machine.
pub fn through(proxy: &str) -> HttpClientBuilder {
    let mut client = HttpClient::builder();
    client
        .proxy(proxy.parse().unwrap())
        .resolver(|_| Ok(vec![[127, 0, 0, 1].into()]));
    client
}

/// The same, which trusts a test's authority.
pub fn trusting_through(proxy: &str, ca: &TestCa) -> HttpClientBuilder {
    let mut client = through(proxy);
    client
        .system_root_certificates(false)
        .try_add_root_certificates_pem(ca.pem())
        .unwrap();
    client
}

/// A guest that may reach everything.
pub fn guest(client: &HttpClient) -> Guest {
    guest_for(client, "insecure:allow-all")
}

pub fn guest_for(client: &HttpClient, allowed: &str) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.clone());
    Guest::new(http.try_allowed_host(allowed).unwrap().build())
}

#[test]
fn all_of_it_asynchronously() {
    common::run_asynchronously("all_of_it_asynchronously");
}

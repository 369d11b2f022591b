//! HTTP end to end, over plain TCP and over TLS: what the guest says, what the server gets, and
//! back.

#[path = "../common/mod.rs"]
mod common;
mod connections;
mod faults;
mod hooks;
mod identities;
// Where the system tells a process the peak of its memory.
#[cfg(target_os = "linux")]
mod memory;
mod policy;
mod requests;
mod responses;
mod tls;

use wasi_experimental_http_test_server::{ReceivedRequest, TestServer};

pub const MIB: usize = 1024 * 1024;

#[track_caller]
pub fn last(server: &TestServer) -> ReceivedRequest {
    server.last_request().expect("a request")
}

pub fn values(request: &ReceivedRequest, name: &str) -> Vec<String> {
    request
        .header_values(name)
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

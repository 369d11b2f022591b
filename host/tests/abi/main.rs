//! The functions at the level of pointers and numbers: every error code, every parameter out
//! of bounds, every misuse of a handle. The server counts that nothing was sent where nothing
//! should be.

mod bodies;
#[path = "../common/mod.rs"]
mod common;
mod errors;
mod facts;
mod handles;
mod pointers;
mod requests;
mod responses;

use common::{Guest, ctx};
use wasi_experimental_http_test_server::TestServer;

/// What the out-pointers' memory holds before a call that must not write there.
pub const UNTOUCHED: [u8; 8] = [0xa5; 8];

pub fn server() -> TestServer {
    TestServer::http().start()
}

pub fn guest(server: &TestServer) -> Guest {
    Guest::new(ctx(&[server]))
}

#[track_caller]
pub fn assert_nothing_was_sent(server: &TestServer) {
    assert_eq!((server.connections(), server.requests()), (0, 0));
}

#[test]
fn all_of_it_asynchronously() {
    common::run_asynchronously("all_of_it_asynchronously");
}

//! Stores that share a client, and so its connections: nobody gets another's answer, and nobody's
//! trouble is another's.

mod authenticated;
#[path = "../common/mod.rs"]
mod common;
mod idle;
mod leftovers;
mod lookups;
mod thread_end;

use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::Guest;

/// A guest of a store of its own that may reach everything over this client.
pub fn guest(client: &HttpClient) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.clone());
    Guest::new(http.try_allowed_host("insecure:allow-all").unwrap().build())
}

//! Hostile guests, servers and networks, end to end: what `SECURITY.md` promises.

mod addresses;
mod budgets;
mod cancellation;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod ending;
mod faults;
mod limits;
mod promises;
mod redirects;
mod retries;
mod telemetry;
mod timeouts;

use std::net::IpAddr;

use wasi_experimental_http_wasmtime::{HttpClient, HttpClientBuilder, HttpCtx};

use crate::common::Guest;

/// A client for which these names have these addresses, and no other name has one.
pub fn resolving(names: &[(&str, &[&str])]) -> HttpClientBuilder {
    let names: Vec<(String, Vec<IpAddr>)> = names
        .iter()
        .map(|(name, addresses)| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            ((*name).to_owned(), addresses.collect())
        })
        .collect();
    let mut client = HttpClient::builder();
    client.resolver(move |asked| {
        let found = names.iter().find(|(name, _)| name == asked);
        Ok(found.map(|(_, found)| found.clone()).unwrap_or_default())
    });
    client
}

/// A guest of a store that may reach these hosts.
pub fn guest(client: &HttpClient, allowed: &[&str]) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.clone());
    for entry in allowed {
        http.try_allowed_host(entry).unwrap();
    }
    Guest::new(http.build())
}

#[test]
fn all_of_it_asynchronously() {
    common::run_asynchronously("all_of_it_asynchronously");
}

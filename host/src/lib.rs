//! HTTP requests for core WebAssembly modules, on [wasmtime].
//!
//! A guest that imports the functions of `wasi_experimental_http`, such as one built with the
//! crate or the npm package `wasi-experimental-http` of any version, can send requests through
//! this host. The embedder says which hosts each store may reach.
//!
//! Whole programs, which the tests run, for what embedders ask for:
//! [WASI and HTTP](#use), [a web server][server], [tokio][in_tokio], [a folder of plugins][plugins],
//! [credentials that plugins do not see][credentials], [budgets][budgets],
//! [client certificates][client_certificate], [proxies][proxy], [a recorder and a replayer][replay],
//! [metrics][metrics] and [ending a plugin][cancel].
//!
//! [server]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/server.rs
//! [in_tokio]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/in_tokio.rs
//! [plugins]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/plugins.rs
//! [credentials]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/credentials.rs
//! [budgets]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/budgets.rs
//! [client_certificate]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/client_certificate.rs
//! [proxy]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/proxy.rs
//! [replay]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/replay.rs
//! [metrics]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/metrics.rs
//! [cancel]: https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/examples/cancel.rs
//!
//! # Use
//!
//! ```toml
//! [dependencies]
//! wasi-experimental-http-wasmtime = "0.11"
//! wasmtime = "48"
//! wasmtime-wasi = { version = "48", features = ["p1"] }
//! ```
//!
//! The whole of an embedder, which runs the plugins on the pages of both guest packages:
//!
//! ```no_run
#![doc = include_str!("../examples/embed.rs")]
//! ```
//!
//! # What a store is allowed
//!
//! An [`HttpCtx`] is the state of one store. It says which hosts its guest may reach
//! ([`AllowedHosts`]: none by default), how many responses it may hold open, and how large and how
//! slow things may be ([`limits`]). Stores that are given one [`HttpClient`] share its pool of
//! connections and its certificate authorities, and nothing else.
//!
//! The threat model, with the test that shows each promise, is in
//! [`SECURITY.md`](https://docs.rs/crate/wasi-experimental-http-wasmtime/latest/source/SECURITY.md),
//! which comes with the crate.
//!
//! # Connections
//!
//! A connection goes back to its client's pool when the body of a response has ended. A guest that
//! closes a response before gives its connection back as well if the rest of the body has arrived
//! by then, as that of a small response has; otherwise the connection is closed. Nothing waits at
//! this, and nothing more is read from the network. Nagle's algorithm is off (`TCP_NODELAY`).
//!
//! # A store for each request
//!
//! Many embedders make a store for each of their own requests, as the
//! [web server][server] among the examples does. Make an
//! [`InstancePre`](wasmtime::InstancePre) and an [`HttpCtxBuilder`] once, and let the latter build a
//! context for each store; with one [`HttpClient`] in it the stores use the same connections. Most
//! of what such a store costs is wasmtime's, and depends on its pool: with
//! `linear_memory_keep_resident`, `table_keep_resident` and, on Linux 6.7 or later, `pagemap_scan` of
//! `PoolingAllocationConfig`, instances cause hardly any page faults. Make what guests seldom need,
//! such as a context of WASI, when they ask for it.
//!
//! # Several plugins
//!
//! Each has a policy of its own, and may be loaded again while another one, or its own last version,
//! runs: see the [folder of plugins][plugins]. A store's [`label`](HttpCtxBuilder::label) says whose
//! requests an observer is told of, for [metrics of each plugin][metrics]. [`CancelHandle`] shows
//! [how a plugin is stopped][cancel], whatever it does.
//!
//! # Threads
//!
//! A guest's call blocks the thread it runs on until the server answers or a timeout ends it. This
//! works from a plain thread and from inside an async runtime, with `call` and with `call_async`;
//! in a runtime, run guests where blocking is welcome (`tokio::task::spawn_blocking`), or link them
//! with `add_to_linker_async` (the feature `async`), whose functions block no thread. The example
//! [`in_tokio`][in_tokio] has both.
//!
//! # Tracing
//!
//! Each request is a span `request` of the crate `tracing` at level `DEBUG`, with the facts of a
//! [`RequestEvent`], and the reason of each failure is an event; denied requests are events at
//! `WARN`. Queries, headers and bodies are not traced.
//!
//! # Features
//!
//! `ring` and `native-roots` are on by default.
//!
//! - `ring`, `aws-lc-rs`: the cryptography of TLS. One is enough; with both it is `ring`, and with none
//!   that of [`HttpClientBuilder::crypto_provider`] or the process.
//! - `native-roots`: the system's certificate authorities, which are trusted by default.
//! - `webpki-roots`: those of Mozilla within the program, for
//!   `HttpClientBuilder::webpki_root_certificates`.
//! - `async`: `add_to_linker_async`, for stores that are called with `call_async` and the like. It
//!   turns on the feature `async` of wasmtime.
//! - `serde`: [`AllowedHosts`] and [`AllowedHost`] can be read from files, and written to them.
//!
//! Of wasmtime this crate turns on `std` and `runtime`, and nothing else: whoever compiles modules
//! asks for `cranelift` (`wasmtime = "48"` does), and whoever runs precompiled ones needs no
//! compiler.
//!
//! # Versions of other crates
//!
//! A release is for one major version of [wasmtime], since an embedder's `Linker` is that of the same
//! version. It is exported as `wasi_experimental_http_wasmtime::wasmtime`, as are `http` and `url`,
//! whose types are in the interface too.
//!
//! | this crate | wasmtime | Rust |
//! |---|---|---|
//! | 0.11 | 48, which has long-term support | 1.95 |
//!
//! `ureq`, which sends streamed bodies, is no part of the interface. Of it this crate uses what may
//! change in any minor version, so it takes those that it is tested with, 3.5.1 to the last 3.5. Cargo
//! allows one version of `ureq` 3 in a program: one that itself needs 3.6 or later, or 3.5.0 or
//! earlier, cannot have this crate until a release with a wider range.

#![deny(missing_docs)]
#![warn(
    missing_debug_implementations,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use
)]

mod abi;
mod address;
mod allowed_hosts;
mod authentication;
mod body;
mod budget;
mod certificate;
mod chunks;
mod cidr;
mod client;
mod connection;
mod credentials;
mod ctx;
mod error;
mod error_kind;
mod exchange;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod generated;
mod handles;
mod head;
mod headers;
mod hook;
pub mod limits;
mod policy;
mod proxy;
mod redirect;
mod request;
mod request_head;
mod request_url;
mod response;
mod send;
mod sensitive;
mod started;
mod telemetry;
#[cfg(test)]
mod url_data_tests;
mod waiting;
mod workers;

pub use allowed_hosts::{
    ALLOW_ALL, AllowedHost, AllowedHostError, AllowedHostErrorKind, AllowedHosts,
    AllowedHostsIntoIter, AllowedHostsIter,
};
pub use certificate::{CertificateError, CertificateErrorKind, ClientCertificate, TlsVersion};
pub use client::{HttpClient, HttpClientBuilder};
pub use credentials::{Credential, CredentialError};
pub use ctx::{HttpCtx, HttpCtxBuilder};
pub use error_kind::ErrorKind;
pub use exchange::cancel::{CancelHandle, CancelTimer, Cancelled};
pub use exchange::hops::Hop;
pub use hook::{BodyPart, Hook, HookAction, HookRequest, HookResponse};
pub use http;
pub use policy::{Denied, DeniedReason};
pub use proxy::{Proxy, ProxyError};
pub use rustls;
pub use telemetry::{FailedCall, RequestError, RequestEvent};
pub use url;
pub use wasmtime;

/// Adds the functions of the module `wasi_experimental_http` to a linker.
///
/// `get_cx` finds the [`HttpCtx`] in the data of a store. It may be a closure that captures something,
/// if that can be cloned.
///
/// # Errors
///
/// If the linker has one of the functions already.
pub fn add_to_linker<T: 'static>(
    linker: &mut wasmtime::Linker<T>,
    get_cx: impl Fn(&mut T) -> &mut HttpCtx + Send + Sync + Clone + 'static,
) -> wasmtime::Result<()> {
    generated::wasi_experimental_http::add_to_linker_fallible(linker, move |data| {
        let http = get_cx(data);
        http.call_is_blocking();
        http.call_begins()?;
        Ok(http)
    })
}

/// Adds the same functions for asynchronous stores: while a guest waits for a server, its call is a
/// future that waits, and no thread is blocked.
///
/// The engine's calls are made with `call_async` and the like. No executor is assumed: the futures are
/// woken by threads of the [`HttpClient`]. Dropping the future of a guest's call cancels the requests
/// of its store that are on their way, with the bodies that are open. A store uses one of the two
/// linkers.
///
/// # Errors
///
/// If the linker has one of the functions already.
#[cfg(feature = "async")]
pub fn add_to_linker_async<T: Send + 'static>(
    linker: &mut wasmtime::Linker<T>,
    get_cx: impl Fn(&mut T) -> &mut HttpCtx + Send + Sync + Clone + 'static,
) -> wasmtime::Result<()> {
    generated::wasi_experimental_http::add_to_linker_async(linker, move |data| {
        let http = get_cx(data);
        http.call_is_async();
        http.call_begins()?;
        Ok(http)
    })
}

/// The program in the README, which is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The programs of the page for those who come from 0.10.
#[cfg(doctest)]
#[doc = include_str!("../PORTING.md")]
struct Porting;

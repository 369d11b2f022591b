//! A loopback HTTP/1.1 server for tests and demonstrations, over plain TCP or TLS.
//!
//! It exists because an HTTP library on the server's side would hide what has to be seen and
//! played here: header bytes as they came, interim responses, each way of framing a body, bodies
//! that break off, connections that die. It blocks, with one thread for each connection, and
//! listens on 127.0.0.1 only. It reads requests strictly: one that two parsers could read in two
//! ways is answered with 400 and listed in [`TestServer::bad_requests`].
//!
//! ```
//! use std::io::{Read, Write};
//! use wasi_experimental_http_test_server::TestServer;
//!
//! let server = TestServer::http().start();
//! let mut client = std::net::TcpStream::connect(("127.0.0.1", server.port()))?;
//! client.write_all(b"GET /method HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
//! let mut response = String::new();
//! client.read_to_string(&mut response)?;
//! assert!(response.starts_with("HTTP/1.1 200 OK\r\n"));
//! assert!(response.ends_with("\r\n\r\nGET"));
//! assert_eq!(server.requests(), 1);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Routes
//!
//! Every route takes every method; a HEAD is answered with the same headers and no body. Bodies
//! are `text/plain` unless it is said otherwise. `N` is a decimal number, at most `u64::MAX`.
//!
//! | target | answer |
//! |---|---|
//! | `/`, `/get` | `Hello, world!` |
//! | `/echo`, `/post` | the request's body under its `Content-Type` (default `text/plain`), with a length; held in memory whole |
//! | `/headers` | the request's headers as received, a line `name: value` for each |
//! | `/method` | the request's method |
//! | `/status/N` | status `N`, 200 to 599, with a small body unless it is 204 or 304 |
//! | `/empty` | `Content-Length: 0` |
//! | `/bytes/N` | `N` bytes of the [pattern](pattern_byte) with `Content-Length` |
//! | `/chunked/N` | the same in chunks of `?chunk=SIZE` bytes, default 64 KiB |
//! | `/close/N` | the same, ended by closing the connection |
//! | `/response-headers/repeated` | `Set-Cookie: a=1`, `Set-Cookie: b=2`, and `X-Repeat` with `one`, nothing, and `three` |
//! | `/response-headers/large` | `X-Large`: 60 KiB of `a` |
//! | `/response-headers/empty` | `X-Empty:` |
//! | `/response-headers/not-utf8` | `X-Latin: caf\xe9` between `X-Before: 1` and `X-After: 2` |
//! | `/response-headers/count/N` | `N` headers `X-0: 0`, `X-1: 1`, … |
//! | `/response-headers/size/N` | `X-Large`: `N` bytes of `a` |
//! | `/redirect/N` | 302 through `N` hops to `/get`; `?status=` for another status |
//! | `/redirect-to?url=URL` | 302 to `URL` (percent-encoded); `&status=` for another status |
//! | `/redirect-loop` | 302 to itself |
//! | `/interim/N` | an interim response of status `N`, 100 to 199 and not 101, then that of `/get` |
//! | `/switching-protocols` | 101, and then nothing |
//! | `/slow-headers` | waits for [`TestServer::release`], or at most `?ms=`, and answers as `/get` |
//! | `/gate`, `/slow-body` | the headers and `first`, waits as above, then `second` |
//! | `/hang` | nothing, until one side closes the connection |
//! | `/gzip` | `Hello, world!` compressed, with `Content-Encoding: gzip`: the bytes are [`GZIP`] |
//! | `/lying-length?claim=N` | `Content-Length: N`, five bytes, and the end of the connection |
//! | anything else | 404 |
//!
//! What no route plays, a [raw](TestServerBuilder::raw) script does: it has the connection to itself.

mod certificate;
mod connection;
mod pattern;
mod raw;
mod request;
mod response;
mod routes;
mod server;

pub use certificate::{ServerCertificate, TestCa};
pub use pattern::{fill_pattern, is_pattern, pattern_byte};
pub use raw::RawConn;
pub use request::{BODY_KEPT, ReceivedRequest, body_hash};
pub use routes::{GZIP, HELLO, LARGE_HEADER_LEN};
pub use server::{RECEIVED_KEPT, TestServer, TestServerBuilder};

/// The programs in the project's README, which are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

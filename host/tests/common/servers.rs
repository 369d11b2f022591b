//! Servers that play a script, each over plain TCP and over TLS.

use std::io;

use wasi_experimental_http_test_server::{RawConn, TestCa, TestServer};
use wasi_experimental_http_wasmtime::HttpClient;

use super::trusting;

/// A server with a script, and a client of its own that trusts it.
pub struct Played {
    pub server: TestServer,
    pub client: HttpClient,
    pub tls: bool,
}

/// One for each of plain TCP and TLS.
pub fn plain_and_tls<F>(script: F) -> [Played; 2]
where
    F: Fn(&mut RawConn<'_>) -> io::Result<()> + Clone + Send + Sync + 'static,
{
    let ca = TestCa::new();
    [
        Played {
            server: TestServer::http().raw(script.clone()),
            client: HttpClient::new(),
            tls: false,
        },
        Played {
            server: TestServer::https(&ca).raw(script),
            client: trusting(&ca),
            tls: true,
        },
    ]
}

/// Answers every further request of a connection with the target that it asks for.
pub fn answer_with_targets(conn: &mut RawConn<'_>) -> io::Result<()> {
    loop {
        let request = conn.read_request()?;
        answer_with_target(conn, &request.target)?;
    }
}

/// Answers one request with this body.
pub fn answer_with_target(conn: &mut RawConn<'_>, target: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        target.len()
    );
    conn.write_together(&[(head + target).as_bytes()])
}

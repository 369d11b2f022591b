//! Schemes that authenticate a connection, not a request (RFC 4559, MS-NTHT): what follows on it is
//! done in the name of the store that sent the credentials.

use std::io;

use wasi_experimental_http_test_server::RawConn;
use wasi_experimental_http_wasmtime::{Credential, HttpCtx};

use crate::common::Guest;
use crate::common::servers::{Played, answer_with_targets, plain_and_tls};
use crate::guest;

/// Answers a request with the headers that its query has, and all others with their targets.
fn script(conn: &mut RawConn<'_>) -> io::Result<()> {
    let request = conn.read_request()?;
    let headers = match request.header("x-answer-with") {
        None => String::new(),
        Some(with) => String::from_utf8_lossy(with).replace('|', "\r\n") + "\r\n",
    };
    let status = if headers.to_ascii_lowercase().starts_with("www-") {
        "401 Unauthorized"
    } else {
        "200 OK"
    };
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 2\r\n\r\nok");
    conn.write_together(&[head.as_bytes()])?;
    answer_with_targets(conn)
}

/// How many connections two stores use, the first of which sends these headers.
fn connections(played: &Played, headers: &str) -> u64 {
    let Played { server, client, .. } = played;
    let before = server.connections();
    let mut one = guest(client);
    let opened = one.send("GET", &server.url("/one"), headers, b"").unwrap();
    assert_eq!(one.read_all(opened.handle).unwrap(), b"ok");
    let (status, body) = guest(client).fetch_all(&server.url("/two"));
    assert_eq!(status, 200);
    let used = server.connections() - before;
    // The second one's request was the first on its connection, or followed the other's.
    let expected: &[u8] = if used == 2 { b"ok" } else { b"/two" };
    assert_eq!(body, expected, "{headers}");
    // What both leave behind is for nobody.
    server.close_connections();
    server.wait_for_open_connections(0);
    used
}

#[test]
fn a_connection_that_a_store_has_authenticated_is_not_used_by_others() {
    let answers = [
        "WWW-Authenticate: Negotiate",
        "WWW-Authenticate: NTLM",
        "www-authenticate: ntlm TlRMTVNTUAACAAAA",
        "WWW-Authenticate: Negotiate oYG2MIGzoAMKAQCh",
        "WWW-Authenticate: Basic realm=\"a\", NTLM",
        "WWW-Authenticate: Basic realm=\"a\"|WWW-Authenticate: Negotiate",
        "Proxy-Support: Session-Based-Authentication",
        "X-Other: a|WWW-Authenticate: Negotiate oYG2MIGzoAMKAQCh",
    ];
    let requests = [
        "Authorization:Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa",
        "Authorization:NTLM TlRMTVNTUAABAAAA",
        "authorization:negotiate YIIJ",
        "AUTHORIZATION:ntlm TlRM",
    ];
    for played in &plain_and_tls(script) {
        let tls = played.tls;
        for request in requests {
            assert_eq!(connections(played, request), 2, "tls: {tls}, {request}");
        }
        for answer in answers {
            let headers = format!("X-Answer-With:{answer}");
            assert_eq!(connections(played, &headers), 2, "tls: {tls}, {answer}");
        }
    }
}

#[test]
fn a_connection_whose_requests_are_authenticated_one_by_one_is() {
    for played in &plain_and_tls(script) {
        for headers in [
            "",
            "Authorization:Basic YTpi",
            "Authorization:Bearer NTLM",
            "X-Answer-With:WWW-Authenticate: Basic realm=\"a\"",
        ] {
            assert_eq!(connections(played, headers), 1, "{headers}");
        }
    }
}

/// Of fields that the host adds the same is true as of the guest's own.
#[test]
fn a_connection_that_the_host_has_authenticated_is_its_stores_own() {
    for Played { server, client, .. } in &plain_and_tls(answer_with_targets) {
        for (value, used) in [("Negotiate YIIJ", 2), ("NTLM TlRM", 2), ("Bearer abc", 1)] {
            let before = server.connections();
            let credential = Credential::new(&server.origin(), "authorization", value);
            let mut http = HttpCtx::builder();
            http.client(client.clone())
                .try_allowed_host(&server.origin())
                .unwrap()
                .credential(credential.unwrap());
            let mut one = Guest::new(http.build());
            one.fetch_all(&server.url("/one"));
            guest(client).fetch_all(&server.url("/two"));
            // Its own store uses it again.
            one.fetch_all(&server.url("/three"));
            assert_eq!(server.connections() - before, used, "{value}");
            server.close_connections();
            server.wait_for_open_connections(0);
        }
    }
}

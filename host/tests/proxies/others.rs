//! Proxies that others wrote, of npm: `cargo xtask test` installs them.

use std::path::Path;

use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};

use crate::common::code;
use crate::common::node::Node;
use crate::{guest, trusting_through};

fn start(kind: &str, credentials: &[&str]) -> Node {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
    assert!(
        judges.join("node_modules").exists(),
        "the packages of host/tests/judges are not installed: run `cargo xtask test`, or `npm ci` \
         there"
    );
    let program = judges.join("proxy.cjs");
    let arguments = [program.as_os_str(), kind.as_ref()];
    Node::start(
        arguments
            .into_iter()
            .chain(credentials.iter().map(AsRef::as_ref)),
    )
}

#[test]
fn proxies_of_others_lead_to_servers() {
    let ca = TestCa::new();
    let servers = [TestServer::http().start(), TestServer::https(&ca).start()];
    for (kind, scheme) in [("http", "http"), ("socks", "socks5"), ("socks", "socks5h")] {
        for credentials in [&[][..], &["me", "p@ss:word"]] {
            let other = start(kind, credentials);
            let user = if credentials.is_empty() {
                ""
            } else {
                "me:p%40ss%3Aword@"
            };
            let proxy = format!("{scheme}://{user}127.0.0.1:{}", other.port);
            let mut with = guest(&trusting_through(&proxy, &ca).build());
            for server in &servers {
                for _ in 0..3 {
                    let body = with.fetch_all(&server.url("/get")).1;
                    assert_eq!(body, HELLO.as_bytes(), "{proxy}");
                }
                let sent = vec![b'a'; 1024 * 1024];
                let opened = with.send("POST", &server.url("/echo"), "", &sent).unwrap();
                assert!(with.read_all(opened.handle).unwrap() == sent, "{proxy}");
                let chunked = with.fetch_all(&server.url("/chunked/300000")).1;
                assert_eq!(chunked.len(), 300_000, "{proxy}");
                let redirected = with.fetch_all(&server.url("/redirect/3")).1;
                assert_eq!(redirected, HELLO.as_bytes(), "{proxy}");
            }
            if credentials.is_empty() {
                continue;
            }
            for user in ["", "me:wrong@"] {
                let proxy = format!("{scheme}://{user}127.0.0.1:{}", other.port);
                let mut without = guest(&trusting_through(&proxy, &ca).build());
                for server in &servers {
                    let before = server.requests();
                    let fetched = without.fetch(&server.url("/get"));
                    assert_eq!(fetched, Err(code::REQUEST_ERROR), "{proxy}");
                    assert_eq!(without.last_error().0, "unreachable", "{proxy}");
                    assert_eq!(server.requests(), before);
                }
            }
        }
    }
    for server in &servers {
        assert_eq!(server.bad_requests(), [""; 0]);
    }
}

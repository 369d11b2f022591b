//! Programs in C, Zig and Go on the generated bindings alone: the examples of the generator.

use std::thread;

use wasi_experimental_http_test_server::RawConn;
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::common::servers::plain_and_tls;
use crate::guest::{Guest, imports};
use crate::servers::Servers;

const LANGUAGES: [&str; 3] = ["c", "zig", "go"];

/// A program that has these arguments.
fn program(language: &str, http: HttpCtx, arguments: &[&str]) -> Guest {
    let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
    Guest::new(&format!("{language}-requests"), http, &arguments, &[])
}

/// What it prints; it has to succeed.
fn printed(language: &str, http: HttpCtx, arguments: &[&str]) -> String {
    let mut guest = program(language, http, arguments);
    assert_eq!(guest.run_program(), 0, "{language}: {}", guest.stderr());
    assert_eq!(guest.stderr(), "", "{language}");
    assert_eq!(guest.open_responses(), 0, "{language}");
    guest.stdout()
}

#[test]
fn a_url_is_got() {
    for servers in Servers::each() {
        for language in LANGUAGES {
            servers.clear();
            let url = servers.one.url("/chunked/200000");
            let printed = printed(language, servers.ctx(), &["get", &url]);
            assert_eq!(printed, "status 200, 200000 bytes\n", "{language}");
            assert_eq!(servers.received(), ["GET /chunked/200000"], "{language}");
        }
    }
}

#[test]
fn a_body_is_streamed() {
    for servers in Servers::each() {
        for language in LANGUAGES {
            servers.clear();
            let url = servers.one.url("/echo");
            let printed = printed(language, servers.ctx(), &["upload", &url, "1000000"]);
            assert_eq!(printed, "status 200, 1000000 bytes\n", "{language}");
            let expected = [
                "POST /echo",
                "transfer-encoding: chunked",
                "(1000000 bytes)",
            ];
            assert_eq!(servers.received(), expected, "{language}");
        }
    }
}

#[test]
fn an_early_answer_is_told() {
    let script = |conn: &mut RawConn<'_>| {
        conn.read_head()?;
        conn.write_together(&[
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much",
        ])
    };
    for played in plain_and_tls(script) {
        let server = &played.server;
        for language in LANGUAGES {
            let mut http = HttpCtx::builder();
            http.client(played.client.clone());
            let http = http.try_allowed_host(&server.origin()).unwrap().build();
            let arguments = ["upload", &server.url("/upload"), "1000000000000"];
            let printed = printed(language, http, &arguments);
            assert_eq!(printed, "status 413, 8 bytes\n", "{language}");
        }
    }
}

#[test]
fn two_requests_are_on_their_way_at_once() {
    for servers in Servers::each() {
        let server = &servers.one;
        for language in LANGUAGES {
            let quick = server.url("/bytes/100000");
            let slow = server.url("/slow-headers?ms=500");
            let overtaken = printed(language, servers.ctx(), &["both", &slow, &quick]);
            let expected = "2: status 200, 100000 bytes\n1: status 200, 13 bytes\n";
            assert_eq!(overtaken, expected, "{language}");
            // Neither is answered before both are there.
            servers.clear();
            let waiting = server.url("/slow-headers");
            let together = thread::scope(|scope| {
                scope.spawn(|| {
                    server.wait_for_requests(2);
                    server.release();
                    server.release();
                });
                printed(language, servers.ctx(), &["both", &waiting, &waiting])
            });
            assert_eq!(together.lines().count(), 2, "{language}: {together}");
        }
    }
}

#[test]
fn a_failure_is_explained_by_the_host() {
    for servers in Servers::each() {
        for language in LANGUAGES {
            let url = servers.other.url("/get");
            for arguments in [
                &["get", &url][..],
                &["upload", &url, "10"],
                &["both", &url, &url],
            ] {
                let mut guest = program(language, servers.ctx(), arguments);
                assert_eq!(guest.run_program(), 1, "{language} {arguments:?}");
                let stderr = guest.stderr();
                assert!(
                    stderr.contains("no allowed host matches"),
                    "{language}: {stderr}"
                );
            }
            let mut guest = program(language, servers.ctx(), &["get"]);
            assert_eq!(guest.run_program(), 2, "{language}");
            assert!(guest.stderr().starts_with("usage: "), "{language}");
        }
    }
}

#[test]
fn they_import_what_they_use() {
    let expected = "body_finish body_read_some body_write close error_get poll req request_start \
                    response_wait";
    for language in LANGUAGES {
        let imports = imports(&format!("{language}-requests"));
        assert_eq!(imports.join(" "), expected, "{language}");
    }
}

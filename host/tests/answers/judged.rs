//! What this client and another one, that of Node.js, make of the same bytes of a server. Where they
//! differ it is said why.

use std::io::Write;
use std::process::Command;

use serde_json::Value;
use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::HttpClient;

use crate::guest;

/// An answer, and why the two differ about it, if they do.
struct Case {
    method: &'static str,
    answer: &'static [u8],
    difference: Option<&'static str>,
}

const fn same(method: &'static str, answer: &'static [u8]) -> Case {
    Case {
        method,
        answer,
        difference: None,
    }
}

const fn differs(method: &'static str, answer: &'static [u8], why: &'static str) -> Case {
    Case {
        method,
        answer,
        difference: Some(why),
    }
}

const LENIENT: &str = "it is read leniently, as curl does: nothing is behind this client that could \
                       read it otherwise";
const BOTH: &str = "RFC 9112, section 6.3, rule 3, lets the chunks count; Node.js refuses";

const TWICE: &str = "RFC 9112, section 6.3, rule 5, lets a client take a length that is repeated; \
                     Node.js refuses";
const EXTRA: &str = "what is behind a body is nobody's, and the connection is closed; Node.js takes \
                     it for the fault of the answer before";

const FOLDED: &str = "RFC 9112, section 5.2, has a client read a fold as a space; Node.js refuses";

/// Behind each the server closes its connection.
const CASES: &[Case] = &[
    // Bodies by length.
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"),
    differs("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwholes", EXTRA),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 05\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nwhole"),
    differs("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nwhole", TWICE),
    differs("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nwhole", TWICE),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Length:\t5 \r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole"),
    // To the end of the connection.
    same("GET", b"HTTP/1.1 200 OK\r\n\r\nwhole"),
    same("GET", b"HTTP/1.0 200 OK\r\n\r\nwhole"),
    same("GET", b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nwhole"),
    // Chunks.
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00005\r\nwhole\r\n000\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nwhole\r\n0;c\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\nA: b\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwho"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwholes\r\n0\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nwhole\r\n0\r\n\r\n"),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nwhole\r\n0\r\n\r\n"),
    same(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nwhole\r\n0\r\n\r\n",
    ),
    differs(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nwhole\n0\n\n",
        LENIENT,
    ),
    differs(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nwhole\r\n0\r\n\r\n",
        LENIENT,
    ),
    // Both, and other codings.
    differs(
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n",
        BOTH,
    ),
    same("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nwhole"),
    differs(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nwhole",
        "nobody here undoes the coding, so that the guest would take its bytes for the body",
    ),
    differs(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n",
        "nobody here undoes the coding, so that the guest would take its bytes for the body",
    ),
    // No body, whatever is said of one.
    same("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    same("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    same("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
    same("GET", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
    same("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    same("GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
    same("GET", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
    same("DELETE", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    // Interim answers.
    same("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    same(
        "GET",
        b"HTTP/1.1 100 Continue\r\nVia: a\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n\
          HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ),
    same("GET", b"HTTP/1.1 102 Processing\r\n\r\n"),
    same("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    // Status lines.
    same("GET", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 \xfc\xe9\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1\t200 OK\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"SSH-2.0-OpenSSH\r\n"),
    same("GET", b""),
    same("GET", b"HTTP/1.1 200 OK\r\nContent-Le"),
    // Fields.
    same("GET", b"HTTP/1.1 200 OK\r\nA:\r\nB: c\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 OK\r\nA: \xfc\xe9\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 OK\r\n: c\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 OK\r\nA\r\nContent-Length: 2\r\n\r\nok"),
    same("GET", b"HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 2\r\n\r\nok"),
    differs("GET", b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok", FOLDED),
    differs("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", LENIENT),
];

/// A status and a body, or an error.
type Made = Option<(u16, Vec<u8>)>;

fn ours(client: &HttpClient, server: &TestServer, index: usize, method: &str) -> Made {
    let mut guest = guest(client);
    let opened = guest.send(method, &server.url(&format!("/{index}")), "", b"");
    let opened = opened.ok()?;
    Some((opened.status, guest.read_all(opened.handle).ok()?))
}

fn theirs(server: &TestServer) -> Vec<Made> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers/judge.mjs");
    let output = Command::new("node")
        .args([script, &server.port().to_string()])
        .args(CASES.iter().map(|case| case.method))
        .output()
        .expect("Node.js, which the tests need, cannot be started");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let made = text.lines().map(|line| {
        let made: Value = serde_json::from_str(line).unwrap();
        let status = u16::try_from(made.get("status")?.as_u64()?).unwrap();
        let hex = made["body"].as_str().unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Some((status, (0..hex.len()).step_by(2).map(byte).collect()))
    });
    made.collect()
}

#[test]
fn answers_mean_what_they_mean_to_another_client() {
    let server = TestServer::http().raw(|conn| {
        let head = conn.read_head()?;
        let head = String::from_utf8_lossy(&head);
        let target = head.split(' ').nth(1).unwrap_or_default();
        let index: usize = target.trim_start_matches('/').parse().unwrap_or(0);
        conn.write_all(CASES[index].answer)
    });
    let client = HttpClient::new();
    let theirs = theirs(&server);
    assert_eq!(theirs.len(), CASES.len());
    let mut wrong = Vec::new();
    for (index, (case, theirs)) in CASES.iter().zip(theirs).enumerate() {
        let ours = ours(&client, &server, index, case.method);
        if (ours == theirs) != case.difference.is_none() {
            let answer = case.answer.escape_ascii();
            wrong.push(format!(
                "{} {answer}\n  ours {ours:?}\n  theirs {theirs:?}",
                case.method
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

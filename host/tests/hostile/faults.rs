//! Every fault of a server, byte by byte: the code that the guest gets, and the reason in the
//! trace.

use std::io::{self, Write};
use std::net::TcpListener;

use wasi_experimental_http_test_server::{RawConn, ServerCertificate, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::trace::captured;
use crate::common::{Guest, code, ctx, ctx_with, trusting};
use crate::guest;

/// How a server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// Properly, with a `close_notify` in TLS.
    Close,
    /// At the TCP level alone.
    Cut,
    Reset,
}

use End::{Close, Cut, Reset};

/// What the guest gets: no response, or this body and how it ends.
#[derive(Debug, Clone, PartialEq)]
enum Gets {
    NoResponse,
    Broken(&'static [u8]),
    Whole(&'static [u8]),
}

use Gets::{Broken, NoResponse, Whole};

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What a guest gets from a server, which is released once the guest has this much of the body,
/// and what is traced.
fn play(server: &TestServer, client: &HttpClient, release_at: usize) -> (Gets, String) {
    captured(|| {
        let mut guest = Guest::new(ctx_with(&[server], client.clone()));
        let handle = match guest.fetch(&server.url("/")) {
            Err(code::REQUEST_ERROR) => return NoResponse,
            Err(code) => panic!("code {code}"),
            Ok(opened) => opened.handle,
        };
        let mut body = Vec::new();
        loop {
            if body.len() == release_at {
                server.release();
            }
            match guest.read(handle, 100) {
                Ok(piece) if piece.is_empty() => return Whole(body.leak()),
                Ok(piece) => body.extend(piece),
                Err(code::INCOMPLETE_BODY) => {
                    // It stays so.
                    assert_eq!(guest.read(handle, 100), Err(code::INCOMPLETE_BODY));
                    return Broken(body.leak());
                }
                Err(code) => panic!("code {code}"),
            }
        }
    })
}

#[track_caller]
fn check(answer: impl AsRef<[u8]>, end: End, gets: Gets, says: &str) {
    let answer = answer.as_ref();
    let ca = TestCa::new();
    for tls in [false, true] {
        if tls && end == Cut && matches!(gets, Whole(_)) {
            // Without a goodbye nobody knows whether it is the end.
            continue;
        }
        let script = {
            let answer = answer.to_vec();
            move |conn: &mut RawConn<'_>| {
                conn.read_request()?;
                conn.write_all(&answer)?;
                match end {
                    Close => conn.close(),
                    Cut => conn.truncate(),
                    Reset => {
                        // Once the client has what came before: a reset takes it away.
                        conn.wait_for_release(None)?;
                        conn.reset()
                    }
                }
            }
        };
        let (server, client) = if tls {
            (TestServer::https(&ca).raw(script), trusting(&ca))
        } else {
            (TestServer::http().raw(script), HttpClient::new())
        };
        let release_at = match gets {
            NoResponse => {
                server.release();
                usize::MAX
            }
            Broken(body) | Whole(body) => body.len(),
        };
        let (given, trace) = play(&server, &client, release_at);
        let context = format!("{} {end:?} tls: {tls}\n{trace}", answer.escape_ascii());
        assert_eq!(given, gets, "{context}");
        if !matches!(given, Whole(_)) {
            let reason = trace.lines().any(|line| {
                line.contains("call failed") && line.contains(says) && line.contains("error=")
            });
            assert!(reason, "{says:?} is not the reason: {context}");
        }
        assert_eq!(server.requests(), 1, "{context}");
    }
}

#[test]
fn connections_that_end_before_the_body() {
    for end in [Close, Cut] {
        let says = if end == Cut { "" } else { "disconnected" };
        for answer in ["", "H", "HTTP/1.1 20", "HTTP/1.1 200 OK", OK] {
            check(answer, end, NoResponse, says);
        }
        check("HTTP/1.1 200 OK\r\nContent-Len", end, NoResponse, says);
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
            end,
            NoResponse,
            says,
        );
        check("HTTP/1.1 102 Processing\r\n\r\n", end, NoResponse, says);
    }
    check("", Reset, NoResponse, "reset");
    check("HTTP/1.1 200 OK\r\nContent-Len", Reset, NoResponse, "reset");
}

#[test]
fn connections_that_end_in_the_body() {
    for end in [Close, Cut, Reset] {
        check(
            format!("{OK}Content-Length: 5\r\n\r\n"),
            end,
            Broken(b""),
            "",
        );
        check(
            format!("{OK}Content-Length: 5\r\n\r\nabc"),
            end,
            Broken(b"abc"),
            "",
        );
        check(CHUNKED, end, Broken(b""), "");
        check(format!("{CHUNKED}5"), end, Broken(b""), "");
        check(format!("{CHUNKED}5\r\nabc"), end, Broken(b"abc"), "");
        check(format!("{CHUNKED}3\r\nabc"), end, Broken(b"abc"), "");
        check(format!("{CHUNKED}3\r\nabc\r\n"), end, Broken(b"abc"), "");
        check(format!("{CHUNKED}3\r\nabc\r\n0"), end, Broken(b"abc"), "");
    }
    // A body that ends with its connection ends properly, or not at all.
    check(format!("{OK}\r\nabc"), Close, Whole(b"abc"), "");
    check(format!("{OK}\r\nabc"), Cut, Whole(b"abc"), "");
    check(format!("{OK}\r\nabc"), Reset, Broken(b"abc"), "reset");
    check("HTTP/1.0 200 OK\r\n\r\nabc", Close, Whole(b"abc"), "");
    check("HTTP/1.0 200 OK\r\n\r\nabc", Reset, Broken(b"abc"), "reset");
}

/// Whole responses, and how long their heads are.
const WHOLE: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 11\r\n\r\nhello world",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
];

/// Where a response is whole, in bytes: the last chunk says so before its last line.
fn whole_at(answer: &str) -> usize {
    answer
        .find("0\r\n\r\n")
        .map_or(answer.len(), |at| at + "0\r\n".len())
}

#[test]
fn a_response_cut_behind_every_byte_is_never_taken_for_whole() {
    let ca = TestCa::new();
    let client = trusting(&ca);
    for answer in WHOLE {
        let head = answer.rfind("\r\n\r\n").unwrap() + 4;
        let head = answer.find("chunked\r\n\r\n").map_or(head, |at| at + 11);
        for (builder, end) in [
            (TestServer::http(), Close),
            (TestServer::http(), Reset),
            (TestServer::https(&ca), Close),
            (TestServer::https(&ca), Cut),
        ] {
            let server = builder.raw(move |conn| {
                let request = conn.read_request()?;
                let len: usize = request.target[1..].parse().unwrap();
                conn.write_all(&answer.as_bytes()[..len])?;
                match end {
                    Close => conn.close(),
                    Cut => conn.truncate(),
                    Reset => conn.reset(),
                }
            });
            for len in 0..whole_at(answer) {
                let mut guest = Guest::new(ctx_with(&[&server], client.clone()));
                let context = format!("{} {end:?}", answer[..len].escape_debug());
                match guest.fetch(&server.url(&format!("/{len}"))) {
                    Err(given) => {
                        assert_eq!(given, code::REQUEST_ERROR, "{context}");
                        // A reset also takes away what came before it.
                        assert!(len < head || end == Reset, "{context}");
                    }
                    Ok(opened) => {
                        assert!(len >= head, "{context}");
                        let given = guest.read_all(opened.handle);
                        assert_eq!(given, Err(code::INCOMPLETE_BODY), "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_response_that_comes_a_byte_at_a_time_is_whole() {
    let ca = TestCa::new();
    let client = trusting(&ca);
    for answer in WHOLE {
        for builder in [TestServer::http(), TestServer::https(&ca)] {
            let server = builder.raw(move |conn| {
                conn.read_request()?;
                answer.bytes().try_for_each(|byte| conn.write_all(&[byte]))
            });
            let mut guest = Guest::new(ctx_with(&[&server], client.clone()));
            assert_eq!(guest.fetch_all(&server.url("/")).1, b"hello world");
        }
    }
}

#[test]
fn a_tls_connection_cut_in_a_body_that_ends_with_it_is_no_end() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).raw(|conn| {
        conn.read_request()?;
        conn.write_all(b"HTTP/1.1 200 OK\r\n\r\nabc")?;
        conn.truncate()
    });
    let (given, trace) = play(&server, &trusting(&ca), usize::MAX);
    assert_eq!(given, Broken(b"abc"));
    assert!(
        trace.contains("ended the TLS connection without saying so"),
        "{trace}"
    );
}

#[test]
fn framings_that_contradict_themselves() {
    let cases = [
        ("Content-Length: 3\r\nContent-Length: 5\r\n", "ength"),
        ("Content-Length: 3, 5\r\n", "ength"),
        ("Transfer-Encoding: gzip, chunked\r\n", "other than chunked"),
        (
            "Transfer-Encoding: chunked, chunked\r\n",
            "other than chunked",
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "other than chunked",
        ),
        ("Transfer-Encoding: gzip\r\n", "other than chunked"),
        ("Transfer-Encoding: xchunked\r\n", "other than chunked"),
        ("Content-Length: -1\r\n", "ength"),
        ("Content-Length: +3\r\n", "ength"),
        ("Content-Length: 0x3\r\n", "ength"),
        ("Content-Length: 3 3\r\n", "ength"),
        ("Content-Length: abc\r\n", "ength"),
        ("Content-Length: \r\n", "ength"),
        ("Content-Length: 18446744073709551616\r\n", "ength"),
    ];
    for (headers, says) in cases {
        check(
            format!("{OK}{headers}\r\n3\r\nabc\r\n0\r\n\r\n"),
            Close,
            NoResponse,
            says,
        );
    }
    check(
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        Close,
        NoResponse,
        "HTTP/1.0",
    );
    // One length, said twice.
    check(
        format!("{OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        Close,
        Whole(b"abc"),
        "",
    );
}

#[test]
fn lengths_that_are_too_short_or_too_long() {
    check(
        format!("{OK}Content-Length: 9\r\n\r\nabc"),
        Close,
        Broken(b"abc"),
        "",
    );
    check(
        format!("{OK}Content-Length: 18446744073709551615\r\n\r\nabc"),
        Close,
        Broken(b"abc"),
        "",
    );
    // What is left over is no part of the body, nor of the next response.
    check(
        format!("{OK}Content-Length: 3\r\n\r\nabcdef"),
        Close,
        Whole(b"abc"),
        "",
    );
    let server = TestServer::http().raw(|conn| {
        while conn.read_request().is_ok() {
            conn.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\
                  HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled",
            )?;
        }
        Ok(())
    });
    let mut guest = Guest::new(ctx(&[&server]));
    for _ in 0..3 {
        assert_eq!(guest.fetch_all(&server.url("/")).1, b"abc");
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn chunks_that_are_none() {
    for size in [
        "z",
        "-1",
        "0x3",
        "",
        " ",
        "3 3",
        "fffffffffffffffff",
        "\u{ff13}",
    ] {
        check(
            format!("{CHUNKED}{size}\r\nabc\r\n0\r\n\r\n"),
            Close,
            Broken(b""),
            "hunk",
        );
    }
    check(
        format!("{CHUNKED}3\r\nabcdef\r\n0\r\n\r\n"),
        Close,
        Broken(b"abc"),
        "hunk",
    );
    check(
        format!("{CHUNKED}ffffffffffffffff\r\nabc"),
        Close,
        Broken(b"abc"),
        "",
    );
    // A size without an end.
    check(
        format!("{CHUNKED}{}", "0".repeat(300_000)),
        Close,
        Broken(b""),
        "",
    );
    // With an extension and with trailers it is one.
    check(
        format!("{CHUNKED}3;a=b\r\nabc\r\n0\r\nTrailer: a\r\n\r\n"),
        Close,
        Whole(b"abc"),
        "",
    );
}

#[test]
fn heads_that_are_not_http() {
    let heads = [
        "hello\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "<html>hello</html>",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    ];
    for head in heads {
        check(head, Close, NoResponse, "");
    }
    let headers = [
        "no colon\r\n",
        ": no name\r\n",
        "a b: c\r\n",
        "a : b\r\n",
        " a: b\r\n",
        "a: b\0c\r\n",
        "a\0: b\r\n",
        "a: b\rc: d\r\n",
        "a: \x7f\r\n",
        "\u{e4}: b\r\n",
    ];
    for header in headers {
        let head = format!("{OK}{header}Content-Length: 0\r\n\r\n");
        check(head, Close, NoResponse, "protocol");
    }
}

/// Sends `start`, and `again` for as long as the client is there.
fn endless(start: &str, again: &str) -> TestServer {
    let (start, again) = (start.to_owned(), again.repeat(1000));
    TestServer::http().raw(move |conn: &mut RawConn<'_>| -> io::Result<()> {
        conn.read_request()?;
        conn.write_all(start.as_bytes())?;
        loop {
            conn.write_all(again.as_bytes())?;
        }
    })
}

#[test]
fn heads_without_an_end() {
    let cases = [
        ("", "a", ""),
        ("HTTP/1.1 200 ", "a", "no end within"),
        (OK, "a", "no end within"),
        ("HTTP/1.1 200 OK\r\na: ", "a", "no end within"),
        (OK, "a: b\r\n", "header"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n", "bytes of framing"),
        ("", "HTTP/1.1 102 Processing\r\n\r\n", "bytes of framing"),
        (
            "",
            "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
            "bytes of framing",
        ),
        (
            "",
            "HTTP/1.1 199 Nothing\r\na: b\r\n\r\n",
            "bytes of framing",
        ),
    ];
    for (start, again, says) in cases {
        // No timeout ends it: the limits do.
        let server = endless(start, again);
        let (given, trace) = captured(|| {
            let mut http = HttpCtx::builder();
            http.try_allowed_host(&server.origin())
                .unwrap()
                .timeout(None)
                .response_timeout(None)
                .read_timeout(None);
            Guest::new(http.build()).fetch(&server.url("/"))
        });
        assert_eq!(given, Err(code::REQUEST_ERROR), "{start}{again}");
        assert!(trace.contains(says), "{start}{again}: {trace}");
    }
}

#[test]
fn trailers_without_an_end_are_no_end_of_a_body() {
    for start in ["3\r\nabc\r\n0\r\n", "0\r\n"] {
        // No timeout ends it.
        let server = endless(&format!("{CHUNKED}{start}"), "a: b\r\n");
        let mut http = HttpCtx::builder();
        http.try_allowed_host(&server.origin())
            .unwrap()
            .timeout(None)
            .read_timeout(None);
        let mut guest = Guest::new(http.build());
        let handle = guest.open(&server.url("/"));
        let (given, trace) = captured(|| guest.read_all(handle));
        assert_eq!(given, Err(code::INCOMPLETE_BODY));
        assert!(trace.contains("bytes of framing"), "{trace}");
    }
}

#[test]
fn bodies_without_an_end_are_the_guests_to_leave() {
    for (start, again) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "abc"),
        (CHUNKED, "3\r\nabc\r\n"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
            "abc",
        ),
    ] {
        let server = endless(start, again);
        let mut guest = Guest::new(ctx(&[&server]));
        let handle = guest.open(&server.url("/"));
        for _ in 0..100 {
            assert!(!guest.read(handle, 100_000).unwrap().is_empty());
        }
        guest.call_close(handle);
        server.wait_for_open_connections(0);
    }
}

#[test]
fn servers_that_are_not_there() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let cases = [
        (format!("http://{free}/"), "refused"),
        (format!("https://{free}/"), "refused"),
        // The kernel connects to no broadcast address.
        ("http://255.255.255.255/".to_owned(), "nreachable"),
    ];
    for (url, says) in cases {
        let mut guest = guest(&HttpClient::new(), &["insecure:allow-all"]);
        let (given, trace) = captured(|| guest.fetch(&url));
        assert_eq!(given, Err(code::REQUEST_ERROR), "{url}");
        assert!(trace.contains(says), "{url}: {trace}");
    }
}

#[test]
fn tls_that_cannot_be_trusted() {
    let ca = TestCa::new();
    let plain = TestServer::http().raw(|conn| {
        conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        conn.wait_for_end();
        Ok(())
    });
    let silent = TestServer::http().raw(|conn| conn.close());
    let with = |certificate| TestServer::http().certificate(certificate).start();
    let cases = [
        (with(ca.expired()), "xpired"),
        (with(ca.wrong_name()), "not valid for name"),
        (with(ServerCertificate::self_signed()), "UnknownIssuer"),
        (
            with(TestCa::new().server_certificate()),
            "nvalid peer certificate",
        ),
        (plain, "InvalidContentType"),
        (silent, ""),
    ];
    for (server, says) in cases {
        let url = format!("https://localhost:{}/get?token=SECRET", server.port());
        let mut guest = guest(
            &trusting(&ca),
            &[&format!("https://localhost:{}", server.port())],
        );
        let (given, trace) = captured(|| guest.fetch(&url));
        assert_eq!(given, Err(code::REQUEST_ERROR), "{says}");
        assert!(trace.contains(says), "{says}: {trace}");
        assert!(!trace.contains("SECRET"), "{trace}");
        assert_eq!(server.requests(), 0, "{says}");
    }
}

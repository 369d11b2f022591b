//! Where a body begins and ends (RFC 9112, section 6.3).
//!
//! The servers keep their connections open and stay silent: who looks for more than there is waits
//! for the timeout.

use std::io::Write;

use wasi_experimental_http_test_server::RawConn;

use crate::common::servers::{Played, answer_with_target, plain_and_tls};
use crate::common::{Opened, code};
use crate::guest;

/// What a guest gets: a status and a body, and how many connections it and another request used.
#[track_caller]
fn check(method: &str, answer: impl Into<Vec<u8>>, status: u16, body: &[u8], closes: Option<bool>) {
    let answer: Vec<u8> = answer.into();
    let context = format!("{method} {}", answer.escape_ascii());
    let played = plain_and_tls(move |conn: &mut RawConn<'_>| {
        loop {
            let request = conn.read_request()?;
            if request.target == "/first" {
                conn.write_all(&answer)?;
            } else {
                answer_with_target(conn, &request.target)?;
            }
        }
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let opened = guest
            .send(method, &server.url("/first"), "", b"")
            .unwrap_or_else(|code| panic!("code {code}: {context}"));
        let given = guest.read_all(opened.handle);
        assert_eq!(
            (opened.status, given.as_deref()),
            (status, Ok(body)),
            "{context}"
        );
        assert_eq!(
            guest.fetch_all(&server.url("/next")).1,
            b"/next",
            "{context}"
        );
        if let Some(closes) = closes {
            assert_eq!(server.connections(), 1 + u64::from(closes), "{context}");
        }
    }
}

#[test]
fn there_is_no_body_where_there_can_be_none() {
    let framings = [
        "",
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ];
    for framing in framings {
        for (method, status) in [
            ("HEAD", 200),
            ("HEAD", 404),
            ("GET", 204),
            ("DELETE", 204),
            ("GET", 304),
        ] {
            let answer = format!("HTTP/1.1 {status} A\r\n{framing}\r\n");
            check(method, answer, status, b"", None);
        }
    }
}

#[test]
fn identity_is_no_coding() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for coding in ["identity", "Identity", "IDENTITY"] {
        let both = format!("{ok}Transfer-Encoding: {coding}\r\nContent-Length: 3\r\n\r\nabc");
        check("GET", both, 200, b"abc", None);
        let both = format!("{ok}Content-Length: 3\r\nTransfer-Encoding: {coding}\r\n\r\nabc");
        check("GET", both, 200, b"abc", None);
        // Without a length the body ends with its connection.
        let played = plain_and_tls(move |conn| {
            conn.read_request()?;
            let head = format!("{ok}Transfer-Encoding: {coding}\r\n\r\nabc");
            conn.write_all(head.as_bytes())
        });
        for Played { server, client, .. } in &played {
            let given = guest(client).fetch_all(&server.url("/"));
            assert_eq!(given, (200, b"abc".to_vec()));
        }
    }
}

#[test]
fn of_a_length_and_chunks_the_chunks_count_and_the_connection_ends() {
    for headers in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: Chunked\r\nContent-Length: 1000\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}\r\n5\r\nhello\r\n0\r\n\r\n");
        check("GET", answer, 200, b"hello", Some(true));
    }
}

#[test]
fn codings_that_nobody_here_undoes_are_errors() {
    for coding in [
        "gzip, chunked",
        "gzip",
        "chunked, gzip",
        "deflate",
        "xchunked",
        "chunked, chunked",
    ] {
        let played = plain_and_tls(move |conn| {
            conn.read_request()?;
            let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n");
            conn.write_all(head.as_bytes())?;
            conn.write_all(b"3\r\nabc\r\n0\r\n\r\n")?;
            conn.wait_for_end();
            Ok(())
        });
        for Played { server, client, .. } in &played {
            let given = guest(client).fetch(&server.url("/"));
            assert_eq!(given, Err(code::REQUEST_ERROR), "{coding}");
        }
    }
}

#[test]
fn statuses_beyond_599_are_the_guests() {
    for status in [200, 299, 418, 599, 600, 666, 783, 900, 999] {
        let answer = format!("HTTP/1.1 {status} A\r\nContent-Length: 3\r\n\r\nabc");
        check("GET", answer, status, b"abc", Some(false));
    }
    for line in ["HTTP/1.1 1000 A", "HTTP/1.1 099 A", "HTTP/1.1 6xx A"] {
        let played = plain_and_tls(move |conn| {
            conn.read_request()?;
            conn.write_all(format!("{line}\r\nContent-Length: 0\r\n\r\n").as_bytes())?;
            conn.wait_for_end();
            Ok(())
        });
        for Played { server, client, .. } in &played {
            let given = guest(client).fetch(&server.url("/"));
            assert_eq!(given, Err(code::REQUEST_ERROR), "{line}");
        }
    }
}

/// A body is whole, or an error at once where the client cannot read such lines; never a wait.
#[test]
fn chunk_lines_in_every_form_are_read_or_refused_at_once() {
    let extension = |len: usize| format!("3;a={}\r\nabc\r\n0\r\n\r\n", "b".repeat(len));
    let chunks = [
        extension(1),
        extension(16),
        extension(17),
        extension(100),
        extension(1000),
        "3;a=\"b;c\"\r\nabc\r\n0\r\n\r\n".to_owned(),
        "3 ; a = b\r\nabc\r\n0\r\n\r\n".to_owned(),
        "3\r\nabc\r\n0;last=chunk-with-a-long-extension\r\n\r\n".to_owned(),
        "00000000000000000000000003\r\nabc\r\n0\r\n\r\n".to_owned(),
        "3\nabc\n0\n\n".to_owned(),
        "3\nabc\r\n0\r\n\r\n".to_owned(),
        "3\r\nabc\n0\r\n\r\n".to_owned(),
        "3\r\nabc\r\n0\n\r\n".to_owned(),
        "3\r\nabc\r\n0\r\n\n".to_owned(),
        "3;a=b\nabc\n0\n\n".to_owned(),
        "3\r\nabc\r\n0\r\nA: b\r\n\r\n".to_owned(),
        "3\r\nabc\r\n0\nA: b\n\n".to_owned(),
    ];
    for chunks in chunks {
        let context = chunks.escape_debug().to_string();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let played = plain_and_tls(move |conn| {
            conn.read_request()?;
            conn.write_all((head.to_owned() + &chunks).as_bytes())?;
            conn.wait_for_end();
            Ok(())
        });
        for Played { server, client, .. } in &played {
            let mut guest = guest(client);
            let Opened { handle, .. } = guest.fetch(&server.url("/")).expect("a head");
            match guest.read_all(handle) {
                Ok(body) => assert_eq!(body, b"abc", "{context}"),
                Err(given) => assert_eq!(given, code::INCOMPLETE_BODY, "{context}"),
            }
        }
    }
}

#[test]
fn a_chunk_extension_without_an_end_ends_by_a_limit() {
    let played = plain_and_tls(|conn| {
        conn.read_request()?;
        conn.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=")?;
        loop {
            conn.write_all(&[b'b'; 1000])?;
        }
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.open(&server.url("/"));
        assert_eq!(guest.read_all(handle), Err(code::INCOMPLETE_BODY));
    }
}

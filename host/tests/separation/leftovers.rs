//! What is left of one response, in the socket, in TLS or in a buffer, never becomes the answer of
//! another request.
//!
//! All of it is sent before the next request begins. What a server sends later over plain TCP no
//! client can tell from an answer.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasi_experimental_http_test_server::RawConn;
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::common::servers::{Played, answer_with_target, plain_and_tls};
use crate::common::{Guest, Opened, code};
use crate::guest;

/// An answer that nobody asked for.
const STOLEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen";

/// What a server waits for at most, on the slowest machine.
const SOON: Duration = Duration::from_secs(20);

/// A request, what the server answers, and the body that the guest gets.
struct First {
    method: &'static str,
    answer: &'static [u8],
    body: &'static [u8],
}

const fn first(method: &'static str, answer: &'static [u8], body: &'static [u8]) -> First {
    First {
        method,
        answer,
        body,
    }
}

const FIRST: [First; 11] = [
    first(
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst",
        b"first",
    ),
    first("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    first(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
        b"first",
    ),
    first(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: b\r\n\r\n",
        b"",
    ),
    first(
        "GET",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
        b"1",
    ),
    first(
        "HEAD",
        b"HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n",
        b"",
    ),
    first(
        "HEAD",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"",
    ),
    first("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    first("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", b""),
    first(
        "POST",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"ok",
    ),
    first(
        "DELETE",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"no",
    ),
];

/// What the server sends behind it.
const LEFT: [&[u8]; 6] = [
    STOLEN,
    // It would make the next answer a body, or a header.
    b"HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-Next: ",
    // A body where there is none, chunks, and an answer.
    b"2c\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen",
    b"x",
    b"\r\n",
];

/// How the left-overs come.
#[derive(Debug, Clone, Copy)]
enum Comes {
    /// In TLS in the record of the answer.
    InTheSameRecord,
    /// In TLS in a record of their own, in the same segment.
    InTheNextRecord,
    /// The same in many records.
    InManyRecords,
    /// A part in the same segment, in TLS of a record, and the rest once the next request is there.
    Half,
    /// When the guest has read the answer, before the next request.
    Later,
}

const COMES: [Comes; 5] = [
    Comes::InTheSameRecord,
    Comes::InTheNextRecord,
    Comes::InManyRecords,
    Comes::Half,
    Comes::Later,
];

/// Sends an answer and left-overs, and gives what is to be sent when the next request is there.
fn send_with_left_overs(
    conn: &mut RawConn<'_>,
    answer: &[u8],
    left: &[u8],
    comes: Comes,
) -> io::Result<Vec<u8>> {
    match comes {
        Comes::InTheSameRecord => conn.write_together(&[&[answer, left].concat()])?,
        Comes::InTheNextRecord => conn.write_together(&[answer, left])?,
        Comes::InManyRecords => {
            let pieces: Vec<&[u8]> = [answer].into_iter().chain(left.chunks(1)).collect();
            conn.write_together(&pieces)?;
        }
        Comes::Half => {
            let mut wire = conn.encode(&[answer])?;
            let cut = wire.len();
            wire.extend(conn.encode(&[left])?);
            let cut = cut + (wire.len() - cut).div_ceil(2);
            let rest = wire.split_off(cut);
            conn.write_wire(&wire)?;
            return Ok(rest);
        }
        Comes::Later => {
            conn.write_together(&[answer])?;
            conn.wait_for_release(Some(SOON))?;
            conn.write_together(&[left])?;
        }
    }
    Ok(Vec::new())
}

type Reports = Arc<Mutex<Sender<()>>>;

/// Plays the cases that requests name, and reports when all of one is sent.
fn play(conn: &mut RawConn<'_>, sent: &Reports) -> io::Result<()> {
    let mut rest = Vec::new();
    loop {
        let request = conn.read_request()?;
        conn.write_wire(&std::mem::take(&mut rest))?;
        let Some(case) = request.target.strip_prefix("/first/") else {
            answer_with_target(conn, &request.target)?;
            continue;
        };
        let numbers: Vec<usize> = case.split('/').map(|it| it.parse().unwrap()).collect();
        let [first, left, comes] = numbers[..] else {
            panic!("{case}")
        };
        let written = send_with_left_overs(conn, FIRST[first].answer, LEFT[left], COMES[comes]);
        sent.lock().unwrap().send(()).unwrap();
        rest = written?;
    }
}

fn reporting() -> ([Played; 2], Receiver<()>) {
    let (sender, receiver) = mpsc::channel();
    let sent = Arc::new(Mutex::new(sender));
    (plain_and_tls(move |conn| play(conn, &sent)), receiver)
}

#[test]
fn left_overs_of_a_response_are_nobodys_answer() {
    let (played, sent) = reporting();
    for Played {
        server,
        client,
        tls,
    } in &played
    {
        for (first, request) in FIRST.iter().enumerate() {
            for (left, bytes) in LEFT.iter().enumerate() {
                for (comes, kind) in COMES.iter().enumerate() {
                    let context = format!(
                        "tls: {tls}, {} {}, left: {}, {kind:?}",
                        request.method,
                        request.answer.escape_ascii(),
                        bytes.escape_ascii()
                    );
                    let mut one = guest(client);
                    let url = server.url(&format!("/first/{first}/{left}/{comes}"));
                    let Opened { handle, .. } = one
                        .send(request.method, &url, "", b"")
                        .unwrap_or_else(|code| panic!("code {code}: {context}"));
                    let body = one.read_all(handle);
                    assert_eq!(body.as_deref(), Ok(request.body), "{context}");
                    if let Comes::Later = kind {
                        server.release();
                    }
                    sent.recv_timeout(SOON).expect(&context);
                    let mut two = guest(client);
                    for target in ["/two", "/three"] {
                        let opened = two
                            .fetch(&server.url(target))
                            .unwrap_or_else(|code| panic!("code {code}: {context}"));
                        let body = two.read_all(opened.handle);
                        let given = (opened.status, body.as_deref());
                        assert_eq!(given, (200, Ok(target.as_bytes())), "{context}");
                    }
                    // The next case begins over a connection of its own.
                    server.close_connections();
                    server.wait_for_open_connections(0);
                }
            }
        }
    }
}

#[test]
fn left_overs_of_a_redirect_are_not_the_answer_of_its_target() {
    let played = plain_and_tls(|conn| {
        let redirect = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n";
        loop {
            let request = conn.read_request()?;
            if request.target == "/first" {
                conn.write_together(&[redirect, STOLEN])?;
            } else {
                answer_with_target(conn, &request.target)?;
            }
        }
    });
    for Played { server, client, .. } in &played {
        let given = guest(client).fetch_all(&server.url("/first"));
        assert_eq!(given, (200, b"/next".to_vec()));
    }
}

/// Sends half of a body, and the rest of it with more behind it when it is released.
fn late(conn: &mut RawConn<'_>, sent: &Reports) -> io::Result<()> {
    loop {
        let request = conn.read_request()?;
        if request.target != "/first" {
            answer_with_target(conn, &request.target)?;
            continue;
        }
        conn.write_together(&[b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"])?;
        // Whether the client has closed the connection meanwhile is its own affair.
        let written = conn
            .wait_blindly(SOON)
            .and_then(|()| conn.write_together(&[b"again", STOLEN]));
        sent.lock().unwrap().send(()).unwrap();
        written?;
    }
}

#[test]
fn the_rest_of_a_response_that_was_closed_is_nobodys_answer() {
    let (sender, sent) = mpsc::channel();
    let sender = Arc::new(Mutex::new(sender));
    for Played { server, client, .. } in plain_and_tls(move |conn| late(conn, &sender)) {
        for len in [0, 1, 5] {
            let mut one = guest(&client);
            let handle = one.open(&server.url("/first"));
            assert_eq!(one.read(handle, len).unwrap(), &b"first"[..len as usize]);
            // By the guest, and with the store.
            if len == 1 {
                one.call_close(handle);
            } else {
                drop(one);
            }
            server.release();
            sent.recv_timeout(SOON).unwrap();
            let given = guest(&client).fetch_all(&server.url("/two"));
            assert_eq!(given, (200, b"/two".to_vec()));
            server.close_connections();
            server.wait_for_open_connections(0);
        }
    }
}

#[test]
fn an_answer_that_comes_after_its_timeout_is_nobodys() {
    let (sender, sent) = mpsc::channel();
    let sender = Arc::new(Mutex::new(sender));
    let played = plain_and_tls(move |conn| {
        loop {
            let request = conn.read_request()?;
            if request.target == "/first" {
                // For as long as the client waits.
                conn.wait_for_end();
                // It may be gone.
                let written = conn.write_together(&[STOLEN]);
                sender.lock().unwrap().send(()).unwrap();
                written?;
            } else {
                answer_with_target(conn, &request.target)?;
            }
        }
    });
    for Played { server, client, .. } in &played {
        let mut http = HttpCtx::builder();
        http.client(client.clone())
            .try_allowed_host(&server.origin())
            .unwrap()
            .response_timeout(Some(Duration::from_millis(300)));
        let given = Guest::new(http.build()).fetch(&server.url("/first"));
        assert_eq!(given, Err(code::TIMEOUT));
        sent.recv_timeout(SOON).unwrap();
        let given = guest(client).fetch_all(&server.url("/two"));
        assert_eq!(given, (200, b"/two".to_vec()));
    }
}

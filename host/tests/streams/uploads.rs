//! Bodies of requests, written piece by piece.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use wasi_experimental_http_test_server::{RawConn, body_hash, fill_pattern};

use crate::common::servers::{Played, answer_with_target, answer_with_targets, plain_and_tls};
use crate::common::{ANY, Guest, code};
use crate::{LONG, guest, patient, servers};

fn pattern(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fill_pattern(0, &mut bytes);
    bytes
}

#[test]
fn a_body_arrives_as_it_was_written() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let connections = server.connections();
        for len in [1usize, 100, 65_536, 3_000_000] {
            for (announced, method) in [
                (len as u64, "POST"),
                (ANY, "POST"),
                (ANY, "PUT"),
                (len as u64, "GET"),
            ] {
                server.clear();
                let body = pattern(len);
                let handle = guest
                    .start(method, &server.url("/method"), announced)
                    .unwrap();
                guest.write_all(handle, &body).unwrap();
                assert_eq!(guest.finish(handle), Ok(()));
                assert_eq!(guest.wait(handle), Ok(200), "{len} {announced} {method}");
                assert_eq!(guest.read_all(handle).unwrap(), method.as_bytes());
                guest.call_close(handle);
                let received = server.last_request().unwrap();
                assert_eq!(received.body_len, len as u64);
                assert_eq!(received.body_hash, body_hash(&body));
                let length = received.header_text("content-length");
                let coding = received.header_text("transfer-encoding");
                if announced == ANY {
                    assert_eq!((length, coding.as_deref()), (None, Some("chunked")));
                } else {
                    assert_eq!((length, coding), (Some(len.to_string()), None));
                }
            }
        }
        assert_eq!(server.bad_requests(), [""; 0]);
        // All of it over one connection, which each response gave back.
        assert_eq!(server.connections(), connections.max(1));
    }
}

#[test]
fn an_empty_body_in_chunks_is_a_body() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let handle = guest.start("POST", &server.url("/echo"), ANY).unwrap();
        assert_eq!(guest.write(handle, b""), Ok(0));
        assert_eq!(guest.finish(handle), Ok(()));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"");
        assert_eq!(server.bad_requests(), [""; 0]);
    }
}

/// The server sees the pieces as they are written: nothing waits for the end.
#[test]
fn pieces_are_sent_while_the_guest_goes_on() {
    let (see, seen) = mpsc::channel();
    let played = plain_and_tls(move |conn| {
        conn.read_head()?;
        let mut buffer = [0; 64];
        // `5\r\nhello\r\n`
        conn.read_exact(&mut buffer[..10])?;
        see.send(()).unwrap();
        conn.read_exact(&mut buffer[..10])?;
        conn.read_exact(&mut buffer[..5])?;
        answer_with_target(conn, "/seen")
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.start("POST", &server.url("/"), ANY).unwrap();
        guest.write_all(handle, b"hello").unwrap();
        seen.recv_timeout(LONG).expect("the first piece");
        guest.write_all(handle, b"world").unwrap();
        guest.finish(handle).unwrap();
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"/seen");
    }
}

#[test]
fn a_server_that_reads_slowly_makes_the_guest_wait_and_memory_stays_flat() {
    let (go, gate) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let played = plain_and_tls(move |conn| {
        conn.read_head()?;
        gate.lock().unwrap().recv_timeout(LONG).unwrap();
        let mut left: u64 = 64 * 1024 * 1024;
        let mut buffer = vec![0; 1024 * 1024];
        while left > 0 {
            left -= conn.read(&mut buffer)? as u64;
        }
        answer_with_target(conn, "/all")
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest
            .start("POST", &server.url("/"), 64 * 1024 * 1024)
            .unwrap();
        let piece = pattern(1024 * 1024);
        let mut written: u64 = 0;
        // As long as there is room: the buffers of the connection, and that of the host.
        while guest
            .poll(&[(handle, crate::common::event::WRITABLE)], 300_000_000)
            .unwrap()
            != [0]
        {
            written += u64::from(guest.write(handle, &piece).unwrap());
        }
        assert!(written < 32 * 1024 * 1024, "{written}");
        go.send(()).unwrap();
        while written < 64 * 1024 * 1024 {
            let room = (64 * 1024 * 1024 - written).min(piece.len() as u64) as usize;
            written += u64::from(guest.write(handle, &piece[..room]).unwrap());
        }
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"/all");
    }
}

#[test]
fn a_body_that_is_too_short_fails_and_does_not_look_whole() {
    let whole = Arc::new(AtomicU64::new(0));
    let seen = whole.clone();
    let played = plain_and_tls(move |conn| {
        conn.read_head()?;
        let mut body = Vec::new();
        match conn.read_to_end(&mut body) {
            // Over TLS an end without its alert is an error.
            Ok(_) | Err(_) if body.len() < 10 => {}
            _ => {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.start("POST", &server.url("/"), 10).unwrap();
        guest.write_all(handle, b"seven b").unwrap();
        assert_eq!(guest.finish(handle), Err(code::INCOMPLETE_BODY));
        assert_eq!(guest.write(handle, b"more"), Err(code::BODY_CLOSED));
        for _ in 0..2 {
            assert_eq!(guest.wait(handle), Err(code::INCOMPLETE_BODY));
        }
        assert_eq!(guest.last_error().0, "incomplete_body");
        guest.call_close(handle);
        server.wait_for_open_connections(0);
    }
    assert_eq!(whole.load(Ordering::Relaxed), 0);
}

/// A body in chunks that nobody finishes never gets its last chunk.
#[test]
fn a_body_that_is_given_up_does_not_look_whole() {
    let ended = Arc::new(AtomicU64::new(0));
    let seen = ended.clone();
    let played = plain_and_tls(move |conn| {
        conn.read_head()?;
        let mut body = Vec::new();
        let _ = conn.read_to_end(&mut body);
        if body.windows(3).any(|window| window == b"0\r\n") {
            seen.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.start("POST", &server.url("/"), ANY).unwrap();
        guest.write_all(handle, b"a part").unwrap();
        server.wait_for_open_connections(1);
        assert_eq!(guest.call_close(handle), code::SUCCESS);
        server.wait_for_open_connections(0);
        // The same if the store goes.
        let handle = guest.start("POST", &server.url("/"), ANY).unwrap();
        guest.write_all(handle, b"a part").unwrap();
        server.wait_for_open_connections(1);
        drop(guest);
        server.wait_for_open_connections(0);
    }
    assert_eq!(ended.load(Ordering::Relaxed), 0);
}

#[test]
fn no_more_is_taken_than_was_announced() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let handle = guest.start("POST", &server.url("/echo"), 3).unwrap();
        assert_eq!(guest.write(handle, b"abcdef"), Ok(3));
        assert_eq!(guest.write(handle, b"def"), Err(code::BODY_CLOSED));
        assert_eq!(guest.finish(handle), Ok(()));
        assert_eq!(guest.finish(handle), Ok(()));
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"abc");
        assert_eq!(guest.write(handle, b"def"), Err(code::BODY_CLOSED));
        assert_eq!(guest.finish(handle), Ok(()));
    }
}

#[test]
fn functions_of_a_body_need_one() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let without = guest.start_get(&server.url("/get"));
        let old = guest.open(&server.url("/get"));
        for handle in [without, old] {
            for _ in 0..2 {
                assert_eq!(guest.write(handle, b"a"), Err(code::NOT_STARTED));
                assert_eq!(guest.finish(handle), Err(code::NOT_STARTED));
                assert_eq!(guest.wait(handle), Ok(200));
            }
            guest.call_close(handle);
            assert_eq!(guest.write(handle, b"a"), Err(code::INVALID_HANDLE));
            assert_eq!(guest.finish(handle), Err(code::INVALID_HANDLE));
            assert_eq!(guest.wait(handle), Err(code::INVALID_HANDLE));
        }
    }
}

/// Writes until it fails, and gives the code.
fn write_for_ever(guest: &mut Guest, handle: u32) -> u32 {
    let piece = pattern(256 * 1024);
    loop {
        if let Err(code) = guest.write(handle, &piece) {
            return code;
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Then {
    HangsUp,
    HalfCloses,
    Resets,
    Waits,
}

fn play(then: Then, conn: &mut RawConn<'_>) -> io::Result<()> {
    match then {
        Then::HangsUp => conn.hang_up(),
        Then::HalfCloses => conn.close()?,
        Then::Resets => conn.reset()?,
        Then::Waits => conn.wait_blindly(LONG)?,
    }
    Ok(())
}

const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big";

/// The answer ends the writing, whether the guest writes or pauses when it comes.
#[test]
fn an_early_answer_is_the_guests() {
    for then in [Then::HangsUp, Then::HalfCloses, Then::Resets, Then::Waits] {
        for read in [0, 1024 * 1024] {
            for announced in [ANY, 1 << 40] {
                let played = plain_and_tls(move |conn| {
                    conn.read_head()?;
                    let mut buffer = vec![0; 64 * 1024];
                    let mut left: usize = read;
                    while left > 0 {
                        let room = left.min(buffer.len());
                        left -= conn.read(&mut buffer[..room])?;
                    }
                    conn.write_together(&[TOO_LARGE])?;
                    play(then, conn)
                });
                for Played {
                    server,
                    client,
                    tls,
                } in &played
                {
                    let context = format!("{then:?} {read} {announced} tls: {tls}");
                    let mut guest = guest(client);
                    let handle = guest.start("POST", &server.url("/"), announced).unwrap();
                    assert_eq!(
                        write_for_ever(&mut guest, handle),
                        code::BODY_CLOSED,
                        "{context}"
                    );
                    assert_eq!(guest.finish(handle), Ok(()), "{context}");
                    assert_eq!(guest.wait(handle), Ok(413), "{context}");
                    assert_eq!(
                        guest.read_all(handle).as_deref(),
                        Ok(&b"too big"[..]),
                        "{context}"
                    );
                    if read == 0 {
                        // It comes while nothing is written.
                        let handle = guest.start("POST", &server.url("/"), announced).unwrap();
                        assert_eq!(guest.wait(handle), Ok(413), "{context}");
                        assert_eq!(
                            guest.write(handle, b"a"),
                            Err(code::BODY_CLOSED),
                            "{context}"
                        );
                    }
                    // What was not sent makes the connection useless.
                    assert_eq!(server.connections(), 1 + u64::from(read == 0), "{context}");
                }
            }
        }
    }
}

#[test]
fn an_interim_response_does_not_end_the_writing() {
    let played = plain_and_tls(|conn| {
        conn.read_head()?;
        conn.write_together(&[b"HTTP/1.1 100 Continue\r\nVia: a\r\n\r\n"])?;
        let mut body = [0; 10];
        conn.read_exact(&mut body)?;
        conn.write_together(&[b"HTTP/1.1 103 Early Hints\r\n\r\n"])?;
        let mut body = [0; 5];
        conn.read_exact(&mut body)?;
        answer_with_target(conn, "/done")?;
        answer_with_targets(conn)
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.start("POST", &server.url("/"), ANY).unwrap();
        guest.write_all(handle, b"hello").unwrap();
        guest.finish(handle).unwrap();
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"/done");
        // Nothing speaks against the connection.
        assert_eq!(guest.fetch_all(&server.url("/more")).1, b"/more");
        assert_eq!(server.connections(), 1);
    }
}

/// A redirect that needs no body is followed, and one that would have it sent again is the
/// response.
#[test]
fn redirects_of_bodies_that_were_written() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        for (status, expected) in [(302, 200), (303, 200), (307, 307), (308, 308)] {
            let url = server.url(&format!("/redirect-to?url=/method&status={status}"));
            let handle = guest.start("POST", &url, 5).unwrap();
            guest.write_all(handle, b"hello").unwrap();
            assert_eq!(guest.wait(handle), Ok(expected), "{status}");
            if expected == 200 {
                assert_eq!(guest.read_all(handle).unwrap(), b"GET");
            } else {
                assert_eq!(guest.header(handle, "location").unwrap(), b"/method");
            }
        }
        assert_eq!(server.bad_requests(), [""; 0]);
    }
}

#[test]
fn framing_that_contradicts_the_body_is_refused() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let url = server.url("/echo");
        let cases = [
            ("Content-Length: 5\n", 5, true),
            ("Content-Length: 4\n", 5, false),
            ("Content-Length: 5\n", ANY, false),
            ("Transfer-Encoding: chunked\n", ANY, true),
            ("Transfer-Encoding: chunked\n", 5, false),
            ("Transfer-Encoding: gzip, chunked\n", ANY, false),
        ];
        for (headers, len, expected) in cases {
            let started = guest.start_with("POST", &url, headers, &[], len);
            assert_eq!(started.is_ok(), expected, "{headers} {len}");
            match started {
                Ok(handle) => {
                    guest.write_all(handle, b"hello").unwrap();
                    guest.finish(handle).unwrap();
                    assert_eq!(guest.wait(handle), Ok(200));
                    assert_eq!(guest.read_all(handle).unwrap(), b"hello");
                    guest.call_close(handle);
                }
                Err(code) => assert_eq!(code, code::INVALID_ENCODING, "{headers} {len}"),
            }
        }
        assert_eq!(server.bad_requests(), [""; 0]);
    }
}

#[test]
fn a_body_over_the_embedders_limit_is_refused() {
    for (server, client) in servers() {
        let http = patient(&client).max_request_body_bytes(Some(10)).build();
        let mut guest = Guest::new(http);
        let url = server.url("/echo");
        assert_eq!(guest.start("POST", &url, 11), Err(code::BODY_TOO_LARGE));
        assert_eq!(server.requests(), 0);
        let handle = guest.start("POST", &url, 10).unwrap();
        guest.write_all(handle, b"0123456789").unwrap();
        assert_eq!(guest.wait(handle), Ok(200));
        let handle = guest.start("POST", &url, ANY).unwrap();
        guest.write_all(handle, b"01234567").unwrap();
        assert_eq!(guest.write(handle, b"89a"), Err(code::BODY_TOO_LARGE));
        assert_eq!(guest.wait(handle), Err(code::BODY_TOO_LARGE));
    }
}

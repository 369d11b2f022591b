//! Waiting for any of several requests.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::event::{READABLE, RESPONSE, WRITABLE};
use crate::common::servers::{Played, plain_and_tls};
use crate::common::{ANY, Guest, code};
use crate::{LONG, guest, patient, servers};

const FOR_EVER: u64 = u64::MAX;

#[test]
fn a_time_limit_ends_it_and_is_no_error() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let silent = guest.start_get(&server.url("/hang"));
        let gate = guest.open(&server.url("/gate"));
        assert_eq!(guest.read(gate, 5).unwrap(), b"first");
        let waits = [(silent, RESPONSE | READABLE), (gate, READABLE)];
        for timeout in [0, 1, 50_000_000] {
            let before = Instant::now();
            assert_eq!(guest.poll(&waits, timeout), Ok(vec![0, 0]));
            assert!(before.elapsed() >= Duration::from_nanos(timeout));
        }
        assert_eq!(guest.poll(&[], 1_000_000), Ok(vec![]));
    }
}

#[test]
fn it_ends_when_the_first_is_ready() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let silent = guest.start_get(&server.url("/hang"));
        let gate = guest.open(&server.url("/gate"));
        assert_eq!(guest.read(gate, 5).unwrap(), b"first");
        let fast = guest.start_get(&server.url("/get"));
        let waits = [(silent, RESPONSE), (gate, READABLE), (fast, RESPONSE)];
        assert_eq!(guest.poll(&waits, FOR_EVER), Ok(vec![0, 0, RESPONSE]));
        let waits = [(silent, RESPONSE), (gate, READABLE)];
        thread::scope(|scope| {
            scope.spawn(|| server.release());
            assert_eq!(guest.poll(&waits, FOR_EVER), Ok(vec![0, READABLE]));
        });
        assert_eq!(guest.read(gate, 6).unwrap(), b"second");
        // The end is something to read too.
        assert_eq!(guest.poll(&waits, FOR_EVER), Ok(vec![0, READABLE]));
        assert_eq!(guest.read(gate, 6).unwrap(), b"");
    }
}

#[test]
fn each_state_is_ready_for_what_would_not_wait() {
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let all = RESPONSE | READABLE | WRITABLE;
        let silent = guest.start_get(&server.url("/hang"));
        let open = guest.open(&server.url("/get"));
        let failed = guest.start_get("http://127.0.0.1:9/");
        assert_eq!(guest.wait(failed), Err(code::REQUEST_ERROR));
        let closed = guest.open(&server.url("/get"));
        guest.call_close(closed);
        let writing = guest.start("POST", &server.url("/hang"), ANY).unwrap();
        let handles = [silent, open, failed, closed, 1000, writing];
        let of = |interest: u8| handles.map(|handle| (handle, interest));
        assert_eq!(
            guest.poll(&of(all), FOR_EVER),
            Ok(vec![WRITABLE, all, all, all, all, WRITABLE])
        );
        let expected = vec![0, RESPONSE, RESPONSE, RESPONSE, RESPONSE, 0];
        assert_eq!(guest.poll(&of(RESPONSE), FOR_EVER), Ok(expected));
        assert_eq!(guest.poll(&of(0), 1000), Ok(vec![0; 6]));
        // The same request several times.
        let twice = [(open, RESPONSE), (open, WRITABLE), (open, 0)];
        assert_eq!(
            guest.poll(&twice, FOR_EVER),
            Ok(vec![RESPONSE, WRITABLE, 0])
        );
        assert_eq!(
            guest.poll(&[(open, 8)], FOR_EVER),
            Err(code::INVALID_OPTION)
        );
    }
}

/// Framing alone is nothing to read.
#[test]
fn a_body_is_readable_when_a_byte_of_it_is_there() {
    let played = plain_and_tls(|conn| {
        conn.read_head()?;
        conn.write_together(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])?;
        for piece in ["5;a=b", "\r\n", "hel", "lo", "\r\n0\r\n", "\r\n"] {
            conn.wait_for_release(Some(LONG))?;
            conn.write_together(&[piece.as_bytes()])?;
        }
        conn.wait_blindly(LONG)
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.start_get(&server.url("/"));
        assert_eq!(guest.wait(handle), Ok(200));
        let wait = [(handle, READABLE)];
        let steps: [Option<&[u8]>; 6] = [None, None, Some(b"hel"), Some(b"lo"), None, Some(b"")];
        for (step, expected) in steps.into_iter().enumerate() {
            server.release();
            match expected {
                // What comes is framing alone.
                None => assert_eq!(guest.poll(&wait, 100_000_000), Ok(vec![0]), "{step}"),
                Some(bytes) => {
                    assert_eq!(guest.poll(&wait, FOR_EVER), Ok(vec![READABLE]), "{step}");
                    assert_eq!(guest.read(handle, 10).unwrap(), bytes, "{step}");
                }
            }
        }
    }
}

#[test]
fn a_body_that_fails_is_ready_and_says_so() {
    let played = plain_and_tls(|conn| {
        conn.read_head()?;
        conn.write_together(&[b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"])?;
        conn.wait_for_release(Some(LONG))?;
        conn.reset()
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let handle = guest.start_get(&server.url("/"));
        assert_eq!(guest.fill(handle, 5).unwrap(), b"hello");
        thread::scope(|scope| {
            scope.spawn(|| server.release());
            assert_eq!(
                guest.poll(&[(handle, READABLE)], FOR_EVER),
                Ok(vec![READABLE])
            );
        });
        for _ in 0..2 {
            assert_eq!(guest.read(handle, 5), Err(code::INCOMPLETE_BODY));
        }
    }
}

/// The time of the whole request is over while nothing comes: reading would say so.
#[test]
fn the_total_timeout_makes_a_body_ready() {
    for (server, client) in servers() {
        let http = patient(&client)
            .timeout(Some(Duration::from_secs(1)))
            .build();
        let mut guest = Guest::new(http);
        let gate = guest.open(&server.url("/gate"));
        assert_eq!(guest.read(gate, 5).unwrap(), b"first");
        assert_eq!(
            guest.poll(&[(gate, READABLE)], FOR_EVER),
            Ok(vec![READABLE])
        );
        assert_eq!(guest.read(gate, 5), Err(code::TIMEOUT));
    }
}

/// Responses are taken as they come, whatever their order.
#[test]
fn many_requests_are_on_their_way_at_once() {
    const COUNT: usize = 30;
    for (server, client) in servers() {
        let mut guest = guest(&client);
        let mut waiting: Vec<u32> = (0..COUNT)
            .map(|_| guest.start_get(&server.url("/slow-headers")))
            .collect();
        // All are there before one is answered.
        server.wait_for_requests(COUNT as u64);
        assert_eq!(server.open_connections(), COUNT);
        let mut answered = 0;
        while !waiting.is_empty() {
            server.release();
            answered += 1;
            let waits: Vec<_> = waiting.iter().map(|handle| (*handle, RESPONSE)).collect();
            let ready = guest.poll(&waits, FOR_EVER).unwrap();
            for (index, ready) in ready.iter().enumerate().rev() {
                if *ready != 0 {
                    let handle = waiting.remove(index);
                    assert_eq!(guest.wait(handle), Ok(200));
                    guest.read_all(handle).unwrap();
                    guest.call_close(handle);
                }
            }
            assert!(answered + waiting.len() <= COUNT + 1);
        }
    }
}

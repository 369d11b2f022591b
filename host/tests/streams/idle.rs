//! Requests without a body over connections that are idle: nothing works for them until the guest
//! asks what became of them.

use std::io::Write;
use std::time::Duration;

use wasi_experimental_http_test_server::RawConn;

use crate::common::event::RESPONSE;
use crate::common::servers::{Played, plain_and_tls};
use crate::common::{Guest, code, fact};
use crate::{guest, patient};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers the first request of each connection, and does this with the second.
fn second<F>(then: F) -> [Played; 2]
where
    F: Fn(&mut RawConn<'_>) -> std::io::Result<()> + Clone + Send + Sync + 'static,
{
    plain_and_tls(move |conn: &mut RawConn<'_>| {
        conn.read_request()?;
        conn.write_all(ANSWER)?;
        conn.read_request()?;
        then(conn)
    })
}

/// Makes a connection, and leaves it idle.
fn warm(guest: &mut Guest, played: &Played) {
    assert_eq!(guest.fetch_all(&played.server.url("/")).1, b"ok");
}

#[test]
fn a_head_in_pieces_is_one_and_interim_ones_are_none() {
    let pieces: [&[u8]; 5] = [
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n",
        b"\r\nHTTP/1.1 2",
        b"00 OK\r\nContent-Le",
        b"ngth: 5\r\n\r\nhe",
        b"llo",
    ];
    let played = second(move |conn| {
        for piece in pieces {
            conn.wait_for_release(None)?;
            conn.write_all(piece)?;
        }
        Ok(())
    });
    for played in played {
        let mut guest = guest(&played.client);
        warm(&mut guest, &played);
        let handle = guest.start_get(&played.server.url("/"));
        assert_eq!(guest.poll(&[(handle, RESPONSE)], 0), Ok(vec![0]));
        for _ in 0..3 {
            played.server.release();
            let ready = guest.poll(&[(handle, RESPONSE)], 20_000_000);
            assert_eq!(ready, Ok(vec![0]));
        }
        std::thread::scope(|scope| {
            // When the guest waits, with a part of the head there.
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                played.server.release();
            });
            let ready = guest.poll(&[(handle, RESPONSE)], u64::MAX);
            assert_eq!(ready, Ok(vec![RESPONSE]));
        });
        played.server.release();
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"hello");
        assert_eq!(played.server.connections(), 1);
    }
}

#[test]
fn a_connection_that_was_closed_is_replaced_once_where_nobody_can_tell() {
    for reset in [false, true] {
        for (method, is_sent_again) in [("GET", true), ("DELETE", true), ("PURGE", false)] {
            let played = second(move |conn| if reset { conn.reset() } else { conn.close() });
            for played in played {
                let mut guest = guest(&played.client);
                warm(&mut guest, &played);
                let handle = guest.start(method, &played.server.url("/"), 0).unwrap();
                let expected = if is_sent_again {
                    Ok(200)
                } else {
                    Err(code::REQUEST_ERROR)
                };
                guest.poll(&[(handle, RESPONSE)], u64::MAX).unwrap();
                assert_eq!(guest.wait(handle), expected, "{method} {reset}");
                let server = &played.server;
                let requests = if is_sent_again { (2, 3) } else { (1, 2) };
                assert_eq!((server.connections(), server.requests()), requests);
            }
        }
    }
    // Nor what was answered with as much as a byte.
    for played in second(|conn| conn.write_all(b"H")) {
        let mut guest = guest(&played.client);
        warm(&mut guest, &played);
        let handle = guest.start_get(&played.server.url("/"));
        assert_eq!(guest.wait(handle), Err(code::REQUEST_ERROR));
        assert_eq!(played.server.connections(), 1);
    }
}

#[test]
fn a_redirect_is_followed() {
    let played = second(|conn| {
        conn.write_all(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")?;
        let request = conn.read_request()?;
        assert_eq!(request.target, "/next");
        conn.write_all(ANSWER)
    });
    for played in played {
        let mut guest = guest(&played.client);
        warm(&mut guest, &played);
        let handle = guest.start_get(&played.server.url("/"));
        let ready = guest.poll(&[(handle, RESPONSE)], u64::MAX);
        assert_eq!(ready, Ok(vec![RESPONSE]));
        let url = guest.fact(handle, fact::URL).unwrap();
        assert_eq!(url, played.server.url("/next"));
        assert_eq!(guest.read_all(handle).unwrap(), b"ok");
        assert_eq!(played.server.connections(), 1);
    }
}

#[test]
fn a_whole_body_is_read_before_the_response_is_there() {
    let played = second(|conn| {
        conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")?;
        conn.wait_for_release(None)?;
        conn.write_all(b"llo")
    });
    for played in played {
        let http = patient(&played.client).whole_bodies(100).build();
        let mut guest = Guest::new(http);
        warm(&mut guest, &played);
        let handle = guest.start_get(&played.server.url("/"));
        let ready = guest.poll(&[(handle, RESPONSE)], 20_000_000);
        assert_eq!(ready, Ok(vec![0]));
        played.server.release();
        assert_eq!(guest.wait(handle), Ok(200));
        assert_eq!(guest.read_all(handle).unwrap(), b"hello");
    }
}

#[test]
fn silence_ends_with_the_timeout_for_it() {
    let played = second(|conn| {
        conn.wait_for_end();
        Ok(())
    });
    for played in played {
        let short = Some(Duration::from_millis(20));
        for (which, reason) in ["timeout_response", "timeout_read", "timeout_total"]
            .into_iter()
            .enumerate()
        {
            let mut patient_guest = guest(&played.client);
            warm(&mut patient_guest, &played);
            let mut http = patient(&played.client);
            match which {
                0 => http.response_timeout(short),
                1 => http.read_timeout(short),
                _ => http.timeout(short),
            };
            let mut guest = Guest::new(http.build());
            let handle = guest.start_get(&played.server.url("/"));
            let polled = guest.poll(&[(handle, RESPONSE)], u64::MAX);
            assert_eq!(polled, Ok(vec![RESPONSE]));
            assert_eq!(guest.wait(handle), Err(code::TIMEOUT));
            assert_eq!(guest.last_error().0, reason);
            // The same where the guest waits for the response alone.
            warm(&mut patient_guest, &played);
            let handle = guest.start_get(&played.server.url("/"));
            assert_eq!(guest.wait(handle), Err(code::TIMEOUT));
            assert_eq!(guest.last_error().0, reason);
        }
    }
}

#[test]
fn what_is_ended_lets_its_connection_go() {
    let played = second(|conn| {
        conn.wait_for_end();
        Ok(())
    });
    for played in played {
        let mut guest = guest(&played.client);
        let cancel = guest.store.data().cancel_handle();
        warm(&mut guest, &played);
        let handle = guest.start_get(&played.server.url("/"));
        played.server.wait_for_requests(2);
        guest.call_close(handle);
        played.server.wait_for_open_connections(0);
        warm(&mut guest, &played);
        let handle = guest.start_get(&played.server.url("/"));
        played.server.wait_for_requests(4);
        std::thread::scope(|scope| {
            scope.spawn(|| cancel.cancel());
            assert_eq!(guest.wait(handle), Err(code::CANCELLED));
        });
        played.server.wait_for_open_connections(0);
        guest.store.data_mut().resume();
        warm(&mut guest, &played);
        guest.start_get(&played.server.url("/"));
        played.server.wait_for_requests(6);
        drop(guest);
        played.server.wait_for_open_connections(0);
    }
}

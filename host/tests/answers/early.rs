//! A final answer that comes before the request's body is sent.

use std::io::{self, Read, Write};

use wasi_experimental_http_test_server::{RawConn, body_hash};

use crate::common::servers::{Played, answer_with_target, plain_and_tls};
use crate::common::{Guest, Opened, code};
use crate::{LONG, guest};

/// More than the buffers of any connection hold.
const LARGE: u32 = 32 * 1024 * 1024;

/// What a server does once it has answered.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// It closes the socket, with what it has not read.
    HangsUp,
    /// It ends its direction and reads on.
    HalfCloses,
    /// It ends its direction and reads nothing more.
    HalfClosesAndWaits,
    Resets,
    /// It does nothing, for as long as the client is there.
    Waits,
}

const THEN: [Then; 5] = [
    Then::HangsUp,
    Then::HalfCloses,
    Then::HalfClosesAndWaits,
    Then::Resets,
    Then::Waits,
];

impl Then {
    fn play(self, conn: &mut RawConn<'_>) -> io::Result<()> {
        match self {
            Then::HangsUp => conn.hang_up(),
            Then::HalfCloses => conn.close()?,
            Then::HalfClosesAndWaits => {
                conn.close()?;
                conn.wait_blindly(LONG)?;
            }
            Then::Resets => conn.reset()?,
            Then::Waits => conn.wait_blindly(LONG)?,
        }
        Ok(())
    }
}

/// Sends a large body.
fn upload(guest: &mut Guest, method: &str, url: &str) -> Result<Opened, u32> {
    let body = guest.grow(LARGE);
    let mut args = guest.place(url.as_bytes(), method.as_bytes(), b"", b"");
    (args[6], args[7]) = (body, LARGE);
    match guest.call_req(args) {
        code::SUCCESS => Ok(Opened {
            status: guest.get_u16(crate::common::STATUS),
            handle: guest.get_u32(crate::common::HANDLE),
        }),
        code => Err(code),
    }
}

/// Reads a head and so much of the body.
fn read_some(conn: &mut RawConn<'_>, mut len: usize) -> io::Result<String> {
    let head = conn.read_head()?;
    let mut buffer = [0; 16 * 1024];
    while len > 0 {
        let room = len.min(buffer.len());
        len -= conn.read(&mut buffer[..room])?;
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

#[test]
fn an_answer_before_the_end_of_the_request_reaches_the_guest() {
    let answers: [&[u8]; 4] = [
        b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big",
        b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big",
        b"HTTP/1.1 413 Content Too Large\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ntoo big\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big",
    ];
    for then in THEN {
        for answer in answers {
            for read in [0, 1024 * 1024] {
                let played = plain_and_tls(move |conn| {
                    let line = read_some(conn, if conn.number() == 0 { read } else { 0 })?;
                    if line.starts_with("POST") {
                        conn.write_together(&[answer])?;
                        then.play(conn)
                    } else {
                        answer_with_target(conn, "/next")
                    }
                });
                for Played {
                    server,
                    client,
                    tls,
                } in &played
                {
                    let context = format!(
                        "tls: {tls}, {then:?}, read: {read}, {}",
                        answer.escape_ascii()
                    );
                    let mut guest = guest(client);
                    let opened = upload(&mut guest, "POST", &server.url("/first"))
                        .unwrap_or_else(|code| panic!("code {code}: {context}"));
                    let body = guest.read_all(opened.handle);
                    let given = (opened.status, body.as_deref());
                    assert_eq!(given, (413, Ok(&b"too big"[..])), "{context}");
                    // What was not sent makes the connection useless.
                    let (status, body) = guest.fetch_all(&server.url("/next"));
                    assert_eq!((status, &body[..]), (200, &b"/next"[..]), "{context}");
                    assert_eq!(server.connections(), 2, "{context}");
                }
            }
        }
    }
}

#[test]
fn an_early_answer_that_ends_with_its_connection_reaches_the_guest() {
    for then in [Then::HalfCloses, Then::HalfClosesAndWaits] {
        let played = plain_and_tls(move |conn| {
            read_some(conn, 0)?;
            conn.write_together(&[b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno"])?;
            then.play(conn)
        });
        for Played { server, client, .. } in &played {
            let mut guest = guest(client);
            let opened = upload(&mut guest, "PUT", &server.url("/")).expect("an answer");
            let body = guest.read_all(opened.handle);
            let given = (opened.status, body.as_deref());
            assert_eq!(given, (403, Ok(&b"no"[..])), "{then:?}");
        }
    }
}

#[test]
fn a_redirect_in_the_middle_of_an_upload_is_followed() {
    for then in THEN {
        for (status, method, sent) in [
            (302, "GET", 0),
            (303, "GET", 0),
            (307, "POST", LARGE),
            (308, "POST", LARGE),
        ] {
            let played = plain_and_tls(move |conn| {
                if conn.number() == 0 {
                    read_some(conn, 0)?;
                    let head = format!(
                        "HTTP/1.1 {status} Elsewhere\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
                    );
                    conn.write_together(&[head.as_bytes()])?;
                    return then.play(conn);
                }
                let request = conn.read_request()?;
                answer_with_target(conn, &request.target)
            });
            for Played { server, client, .. } in &played {
                let mut guest = guest(client);
                let context = format!("{status} {then:?}");
                let opened = upload(&mut guest, "POST", &server.url("/here"))
                    .unwrap_or_else(|code| panic!("code {code}: {context}"));
                let body = guest.read_all(opened.handle);
                assert_eq!((opened.status, body.as_deref()), (200, Ok(&b"/there"[..])));
                let last = server.last_request().unwrap();
                assert_eq!(last.method, method, "{context}");
                assert_eq!(last.body_len, u64::from(sent), "{context}");
                assert_eq!(
                    last.body_hash,
                    body_hash(&vec![0; sent as usize]),
                    "{context}"
                );
            }
        }
    }
}

#[test]
fn interim_answers_do_not_end_the_sending() {
    let played = plain_and_tls(|conn| {
        let head = conn.read_head()?;
        let mut left = LARGE as usize;
        let mut buffer = [0; 64 * 1024];
        while left > 0 {
            // One for every so many bytes, so that there is one whenever the client looks.
            if left.is_multiple_of(1024 * 1024) {
                conn.write_all(b"HTTP/1.1 102 Processing\r\nVia: 1.1 a\r\n\r\n")?;
            }
            let room = buffer.len().min(left);
            let room = room.min((left - 1) % (1024 * 1024) + 1);
            match conn.read(&mut buffer[..room])? {
                0 => return Ok(()),
                count => left -= count,
            }
        }
        let line = String::from_utf8_lossy(&head);
        answer_with_target(conn, line.split(' ').nth(1).unwrap())
    });
    for Played { server, client, .. } in &played {
        let mut guest = guest(client);
        let opened = upload(&mut guest, "POST", &server.url("/whole")).expect("an answer");
        let body = guest.read_all(opened.handle);
        assert_eq!((opened.status, body.as_deref()), (200, Ok(&b"/whole"[..])));
    }
}

#[test]
fn a_connection_that_ends_without_an_answer_is_an_error() {
    for then in [Then::HangsUp, Then::HalfCloses, Then::Resets] {
        let played = plain_and_tls(move |conn| {
            read_some(conn, 100_000)?;
            then.play(conn)
        });
        for Played { server, client, .. } in &played {
            let given = upload(&mut guest(client), "POST", &server.url("/"));
            assert_eq!(given, Err(code::REQUEST_ERROR), "{then:?}");
            assert_eq!(server.connections(), 1, "{then:?}");
        }
    }
}

/// The answer may be whole, or end where the sending did; nobody waits for the other for ever.
#[test]
fn a_server_that_echoes_while_the_request_is_sent_does_not_deadlock() {
    const LEN: u32 = 16 * 1024 * 1024;
    let played = plain_and_tls(|conn| {
        conn.read_head()?;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LEN}\r\n\r\n");
        conn.write_all(head.as_bytes())?;
        let mut buffer = vec![0; 64 * 1024];
        let mut left = LEN as usize;
        while left > 0 {
            let count = conn.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            conn.write_all(&buffer[..count])?;
            left -= count;
        }
        Ok(())
    });
    for Played {
        server,
        client,
        tls,
    } in &played
    {
        let mut guest = guest(client);
        let url = server.url("/");
        let body = guest.grow(LEN);
        let mut args = guest.place(url.as_bytes(), b"POST", b"", b"");
        (args[6], args[7]) = (body, LEN);
        let given = guest.call_req(args);
        assert_eq!(given, code::SUCCESS, "tls: {tls}");
        let handle = guest.get_u32(crate::common::HANDLE);
        match guest.read_all(handle) {
            Ok(body) => assert_eq!(body.len(), LEN as usize, "tls: {tls}"),
            Err(given) => assert_eq!(given, code::INCOMPLETE_BODY, "tls: {tls}"),
        }
    }
}

//! Interim responses are consumed, whatever they carry.

use std::io::Write;

use crate::common::servers::{Played, plain_and_tls};
use crate::guest;

const FINAL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal";

const INTERIM: [&[u8]; 8] = [
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\nVia: 1.1 proxy\r\n\r\n",
    b"HTTP/1.1 100 \r\nDate: a\r\nServer: b\r\nConnection: keep-alive\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\nA: b\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>\r\n\r\n",
    b"HTTP/1.1 199 Nothing\r\nA: b\r\n\r\n",
    // There is no body, whatever it says.
    b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
];

#[test]
fn interim_responses_with_fields_are_consumed() {
    for bytewise in [false, true] {
        for one in INTERIM {
            for two in [&b""[..], INTERIM[1], INTERIM[4]] {
                let played = plain_and_tls(move |conn| {
                    while conn.read_request().is_ok() {
                        let sent = [one, two, FINAL].concat();
                        if bytewise {
                            sent.iter().try_for_each(|byte| conn.write_all(&[*byte]))?;
                        } else {
                            conn.write_together(&[one, two, FINAL])?;
                        }
                    }
                    Ok(())
                });
                for Played { server, client, .. } in &played {
                    let mut guest = guest(client);
                    let context = format!("{}{}", one.escape_ascii(), two.escape_ascii());
                    for (method, body) in [("GET", &b""[..]), ("POST", b"hello"), ("PUT", b"")] {
                        let opened = guest
                            .send(method, &server.url("/"), "", body)
                            .unwrap_or_else(|code| panic!("code {code}: {method} {context}"));
                        let body = guest.read_all(opened.handle);
                        let given = (opened.status, body.as_deref());
                        assert_eq!(given, (200, Ok(&b"final"[..])), "{method} {context}");
                        let all = guest.headers(opened.handle).unwrap();
                        assert_eq!(all, b"content-length:5\n", "{context}");
                    }
                    assert_eq!(server.connections(), 1, "{context}");
                }
            }
        }
    }
}

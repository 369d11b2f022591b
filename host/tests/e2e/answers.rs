//! What servers of the world answer, and what reaches a guest of it. The kinds are played one by one
//! in `tests/answers`; here they go all the way into the programs of both languages.

use std::io::{self, Write};

use wasi_experimental_http_test_server::RawConn;
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::common::servers::plain_and_tls;
use crate::guest::{Guest, Language};

/// What is asked for, the bytes of the answer, and what the guest prints.
struct Answer {
    instruction: &'static str,
    answer: &'static [u8],
    prints: &'static str,
}

const fn answer(instruction: &'static str, answer: &'static [u8], prints: &'static str) -> Answer {
    Answer {
        instruction,
        answer,
        prints,
    }
}

const ANSWERS: [Answer; 12] = [
    answer(
        "POST /early body-size=6000000 print=body",
        b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much",
        "status 413\nbody-length 8\nbody too much\n",
    ),
    answer(
        "GET /interim print=body",
        b"HTTP/1.1 100 Continue\r\nVia: 1.1 a\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
          HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "status 200\nbody-length 2\nbody ok\n",
    ),
    answer(
        "GET /no-content",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "status 204\nbody-length 0\n",
    ),
    answer(
        "GET /not-modified",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "status 304\nbody-length 0\n",
    ),
    answer(
        "HEAD /head",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "status 200\nbody-length 0\n",
    ),
    answer(
        "GET /identity print=body",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nwhole",
        "status 200\nbody-length 5\nbody whole\n",
    ),
    answer(
        "GET /length-and-chunks get=content-length print=body",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
          5\r\nwhole\r\n0\r\n\r\n",
        "status 200\nheader-get-error content-length 5 header_not_found\nbody-length 5\n\
         body whole\n",
    ),
    answer(
        "GET /gzip-chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "error 11 request_error\n",
    ),
    answer(
        "GET /799 print=body",
        b"HTTP/1.1 799 Odd\r\nContent-Length: 3\r\n\r\nodd",
        "status 799\nbody-length 3\nbody odd\n",
    ),
    answer(
        "GET /extensions print=body",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
          5;signature=\"a long extension, of more than twenty bytes\"\r\nwhole\r\n0\r\n\r\n",
        "status 200\nbody-length 5\nbody whole\n",
    ),
    answer(
        "GET /line-feeds print=body",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nwhole\n0\n\n",
        "status 200\nbody-length 5\nbody whole\n",
    ),
    answer(
        "GET /location print=body",
        b"HTTP/1.1 302 Found\r\nLocation: /\xc3\xa9t\xc3\xa9?a b\r\nContent-Length: 0\r\n\r\n",
        "status 200\nbody-length 20\nbody /%C3%A9t%C3%A9?a%20b\n",
    ),
];

/// Answers each request with what it asks for; else with its target, behind a redirect. Nothing is
/// read of a body.
fn script(conn: &mut RawConn<'_>) -> io::Result<()> {
    loop {
        let head = conn.read_head()?;
        let head = String::from_utf8_lossy(&head);
        let target = head.split(' ').nth(1).unwrap_or_default();
        let asks_for = |it: &&Answer| it.instruction.split(' ').nth(1) == Some(target);
        match ANSWERS.iter().find(asks_for) {
            Some(known) => conn.write_all(known.answer)?,
            None => {
                let length = target.len();
                write!(
                    conn,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{target}"
                )?;
            }
        }
        if target == "/early" || target == "/identity" {
            return Ok(());
        }
    }
}

#[test]
fn every_answer_reaches_the_guest() {
    for played in plain_and_tls(script) {
        let server = &played.server;
        for Answer {
            instruction,
            prints,
            ..
        } in ANSWERS
        {
            for language in Language::ALL {
                let context = format!("{language:?}, tls {}: {instruction}", played.tls);
                let mut http = HttpCtx::builder();
                http.client(played.client.clone());
                let http = http.try_allowed_host(&server.origin()).unwrap().build();
                let mut words: Vec<String> = instruction.split(' ').map(str::to_owned).collect();
                words[1] = server.url(&words[1]);
                let mut guest = Guest::new(&language.guest("e2e"), http, &words, &[]);
                guest.call("run", ());
                assert_eq!(guest.stdout(), prints, "{context}");
                assert_eq!(guest.stderr(), "", "{context}");
            }
        }
    }
}

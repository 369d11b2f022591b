//! The two ways to read a body: until a buffer is full, and what is there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread;

use wasi_experimental_http_test_server::{fill_pattern, is_pattern};
use wasi_experimental_http_wasmtime::{AllowedHosts, HttpClient, HttpCtx};

use crate::common::{BUFFER, BUFFER_LEN, Export, Guest, WRITTEN, code, ctx};
use crate::{UNTOUCHED, server};

/// A server of one connection, which sends a piece of a response whenever it is told to. Dropping
/// the sender closes the connection.
fn pieces() -> (String, Sender<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel::<&str>();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
        for piece in receiver {
            stream.write_all(piece.as_bytes()).unwrap();
        }
    });
    (url, sender)
}

fn read_head(stream: &mut TcpStream) {
    let (mut head, mut buffer) = (Vec::new(), [0; 1000]);
    while !head.ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "a request");
        head.extend_from_slice(&buffer[..count]);
    }
}

fn allowed() -> HttpCtx {
    HttpCtx::builder()
        .allowed_hosts(AllowedHosts::all())
        .client(HttpClient::new())
        .build()
}

#[test]
fn body_read_fills_the_buffer_whatever_pieces_the_body_comes_in() {
    let server = server();
    for export in [Export::Memory, Export::SharedMemory] {
        for path in ["bytes/300000", "chunked/300000?chunk=7", "close/300000"] {
            let mut guest = Guest::exporting(export, ctx(&[&server]));
            let context = format!("{export:?} {path}");
            let url = server.url(&format!("/{path}"));
            let handle = guest.open(&url);
            let body = guest.fill(handle, BUFFER_LEN).unwrap();
            assert!(body.len() == 300_000 && is_pattern(0, &body), "{context}");
            assert_eq!(guest.fill(handle, BUFFER_LEN), Ok(Vec::new()), "{context}");

            // Up to the end of the buffer and no further.
            let handle = guest.open(&url);
            let mut read = 0;
            for size in [1, 100_000, 70_000] {
                guest.put(BUFFER + size, &UNTOUCHED);
                let piece = guest.fill(handle, size).unwrap();
                let whole = piece.len() == size as usize && is_pattern(read, &piece);
                assert!(whole, "{context} {size}");
                assert_eq!(guest.get(BUFFER + size, 8), UNTOUCHED, "{context} {size}");
                read += u64::from(size);
            }
        }
    }
}

#[test]
fn body_read_waits_for_the_rest_and_body_read_some_does_not() {
    let (url, server) = pieces();
    let mut guest = Guest::new(allowed());
    server
        .send("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfirst")
        .unwrap();
    let handle = guest.open(&url);
    // The server sends no more before it is told to.
    assert_eq!(guest.read(handle, 100).unwrap(), b"first");
    server.send("se").unwrap();
    assert_eq!(guest.fill(handle, 2).unwrap(), b"se");
    let later = thread::spawn(move || {
        server.send("con").unwrap();
        server.send("d").unwrap();
    });
    assert_eq!(guest.fill(handle, 100).unwrap(), b"cond");
    later.join().unwrap();
}

#[test]
fn a_body_that_breaks_off_gives_its_bytes_first_and_then_the_error() {
    for export in [Export::Memory, Export::SharedMemory] {
        let (url, server) = pieces();
        let mut guest = Guest::exporting(export, allowed());
        server
            .send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome bytes")
            .unwrap();
        drop(server);
        let handle = guest.open(&url);
        assert_eq!(
            guest.fill(handle, 100).unwrap(),
            b"some bytes",
            "{export:?}"
        );
        for _ in 0..2 {
            guest.put(WRITTEN, &UNTOUCHED);
            let given = guest.call_body_read([handle, BUFFER, 100, WRITTEN]);
            assert_eq!(given, code::INCOMPLETE_BODY, "{export:?}");
            assert_eq!(guest.get(WRITTEN, 8), UNTOUCHED);
            let (reason, message) = guest.last_error();
            assert_eq!(reason, "incomplete_body", "{message}");
            assert!(message.starts_with(&url), "{message}");
        }
        assert_eq!(guest.read(handle, 0), Err(code::INCOMPLETE_BODY));
        assert_eq!(guest.read(handle, 1), Err(code::INCOMPLETE_BODY));
    }
}

#[test]
fn a_body_over_its_limit_gives_what_is_allowed_first_and_then_the_error() {
    let server = server();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let http = http.max_response_body_bytes(Some(10)).build();
    let mut guest = Guest::new(http);
    for (path, more) in [
        ("/bytes/10", Ok(Vec::new())),
        ("/bytes/11", Err(code::BODY_TOO_LARGE)),
    ] {
        let handle = guest.open(&server.url(path));
        let mut expected = [0; 10];
        fill_pattern(0, &mut expected);
        assert_eq!(guest.fill(handle, 100).unwrap(), expected, "{path}");
        assert_eq!(guest.fill(handle, 100), more, "{path}");
    }
    assert_eq!(guest.last_error().0, "body_too_large");
}

/// What the server does after a part of a body, and what `req` gives then.
#[test]
fn whole_bodies_are_read_within_req() {
    let whole = |max| {
        HttpCtx::builder()
            .allowed_hosts(AllowedHosts::all())
            .client(HttpClient::new())
            .whole_bodies(max)
            .build()
    };
    let server = server();
    let mut guest = Guest::new(whole(300_000));
    for path in [
        "bytes/300000",
        "chunked/300000?chunk=7",
        "close/300000",
        "bytes/0",
    ] {
        let len = if path == "bytes/0" { 0 } else { 300_000 };
        let handle = guest.open(&server.url(&format!("/{path}")));
        let first = guest.read(handle, 1000).unwrap();
        let rest = guest.read_all(handle).unwrap();
        let body = [first, rest].concat();
        assert!(body.len() == len && is_pattern(0, &body), "{path}");
        assert_eq!(guest.read(handle, 10), Ok(Vec::new()), "{path}");
    }
    // Read away, the connection is free before the guest reads anything.
    assert_eq!(guest.call_close(1), 0);

    // A guest sees the head alone, and keeps what it has of the body when the server goes.
    let (url, send) = pieces();
    send.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd")
        .unwrap();
    let handle = guest.open(&url);
    drop(send);
    assert_eq!(guest.fill(handle, 10).unwrap(), b"abcd");

    for path in ["bytes/300001", "chunked/300001?chunk=7", "close/300001"] {
        let failed = guest.fetch(&server.url(&format!("/{path}"))).unwrap_err();
        assert_eq!(failed, code::BODY_TOO_LARGE, "{path}");
        assert_eq!(guest.last_error().0, "body_too_large", "{path}");
    }
    for part in [
        "content-length: 5\r\n\r\nabcd",
        "transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        "transfer-encoding: chunked\r\n\r\nx\r\n",
    ] {
        let (url, send) = pieces();
        send.send("HTTP/1.1 200 OK\r\n").unwrap();
        send.send(part).unwrap();
        drop(send);
        // The code of 0.10 for it.
        assert_eq!(
            guest.fetch(&url).unwrap_err(),
            code::REQUEST_ERROR,
            "{part}"
        );
        assert_eq!(guest.last_error().0, "incomplete_body", "{part}");
    }

    // The smaller limit counts.
    let mut http = HttpCtx::builder();
    http.allowed_hosts(AllowedHosts::all());
    let http = http.whole_bodies(100).max_response_body_bytes(Some(10));
    let mut guest = Guest::new(http.client(HttpClient::new()).build());
    let failed = guest.fetch(&server.url("/bytes/11")).unwrap_err();
    assert_eq!(failed, code::BODY_TOO_LARGE);
}

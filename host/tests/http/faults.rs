//! Servers that break off, say nonsense or nothing, or send too much.

use std::io::Write;
use std::time::Duration;

use wasi_experimental_http_test_server::{TestServer, is_pattern};
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::common::{Guest, Opened, code, ctx, over_http_and_https};

/// What comes of a body before the error that it breaks off with.
#[track_caller]
fn read_to_error(guest: &mut Guest, handle: u32) -> (Vec<u8>, u32) {
    let mut body = Vec::new();
    loop {
        match guest.read(handle, 100) {
            Ok(piece) => {
                assert!(
                    !piece.is_empty(),
                    "it ends as if it were complete: {body:?}"
                );
                body.extend(piece);
            }
            Err(code) => return (body, code),
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_an_error_and_not_an_end() {
    over_http_and_https(|server, guest| {
        let handle = guest.open(&server.url("/lying-length?claim=10"));
        let given = read_to_error(guest, handle);
        assert_eq!(given, (b"first".to_vec(), code::INCOMPLETE_BODY));
        // It stays one, and the headers stay readable.
        assert_eq!(guest.read(handle, 100), Err(code::INCOMPLETE_BODY));
        assert_eq!(guest.header(handle, "content-length").unwrap(), b"10");
        assert_eq!(guest.call_close(handle), code::SUCCESS);
    });
}

#[test]
fn servers_that_do_not_speak_http_are_request_errors() {
    let answers = [
        &b""[..],
        b"hello\r\n\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ];
    for answer in answers {
        let server = TestServer::http().raw(move |conn| {
            conn.read_request()?;
            conn.write_all(answer)
        });
        let given = Guest::new(ctx(&[&server])).fetch(&server.url("/get"));
        assert_eq!(given, Err(code::REQUEST_ERROR), "{}", answer.escape_ascii());
        assert_eq!(server.requests(), 1, "{}", answer.escape_ascii());
    }
}

#[test]
fn a_silent_server_runs_into_a_timeout() {
    // Short for a test, and long for what happens before the server is silent.
    let short = Some(Duration::from_secs(2));
    let server = TestServer::http().start();
    let builder = || {
        HttpCtx::builder()
            .try_allowed_host(&server.origin())
            .unwrap()
            .clone()
    };
    let before_headers = |http: HttpCtx| {
        let given = Guest::new(http).fetch(&server.url("/hang"));
        assert_eq!(given, Err(code::TIMEOUT));
    };
    let in_the_body = |http: HttpCtx| {
        let mut guest = Guest::new(http);
        let handle = guest.open(&server.url("/gate"));
        let given = read_to_error(&mut guest, handle);
        assert_eq!(given, (b"first".to_vec(), code::TIMEOUT));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| before_headers(builder().response_timeout(short).build()));
        scope.spawn(|| before_headers(builder().timeout(short).build()));
        scope.spawn(|| in_the_body(builder().read_timeout(short).build()));
        scope.spawn(|| in_the_body(builder().timeout(short).build()));
    });
    server.wait_for_open_connections(0);
}

#[test]
fn a_request_body_over_the_limit_is_not_sent() {
    let server = TestServer::http().start();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let mut guest = Guest::new(http.max_request_body_bytes(Some(5)).build());
    let url = server.url("/echo");
    assert_eq!(
        guest.send("POST", &url, "", b"123456"),
        Err(code::BODY_TOO_LARGE)
    );
    assert_eq!((server.connections(), server.requests()), (0, 0));
    let Opened { handle, .. } = guest.send("POST", &url, "", b"12345").unwrap();
    assert_eq!(guest.read_all(handle).unwrap(), b"12345");
}

#[test]
fn a_response_body_over_the_limit_breaks_off_at_it() {
    const LIMIT: u64 = 100_000;
    let server = TestServer::http().start();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let mut guest = Guest::new(http.max_response_body_bytes(Some(LIMIT)).build());
    for framing in ["bytes", "chunked", "close"] {
        let (status, body) = guest.fetch_all(&server.url(&format!("/{framing}/{LIMIT}")));
        assert_eq!((status, body.len() as u64), (200, LIMIT), "{framing}");

        let handle = guest.open(&server.url(&format!("/{framing}/{}", LIMIT + 1)));
        let (body, error) = read_to_error(&mut guest, handle);
        assert_eq!(
            (body.len() as u64, error),
            (LIMIT, code::BODY_TOO_LARGE),
            "{framing}"
        );
        assert!(is_pattern(0, &body), "{framing}");
        assert_eq!(
            guest.read(handle, 1),
            Err(code::BODY_TOO_LARGE),
            "{framing}"
        );
        guest.call_close(handle);
    }
}

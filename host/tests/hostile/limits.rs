//! Each limit at its edge.

use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder, limits};

use crate::common::{Guest, code};

/// A guest of a server with one setting changed.
fn with(
    server: &TestServer,
    set: impl FnOnce(&mut HttpCtxBuilder) -> &mut HttpCtxBuilder,
) -> Guest {
    let mut http = HttpCtx::builder();
    Guest::new(set(http.try_allowed_host(&server.origin()).unwrap()).build())
}

/// A number of bytes that is one of memory.
fn len(bytes: u64) -> usize {
    bytes.try_into().unwrap()
}

#[test]
fn the_length_of_a_url() {
    let server = TestServer::http().start();
    let start = server.url("/get?");
    for max in [100, limits::DEFAULT_MAX_URL_LEN, limits::MAX_URL_LEN] {
        let mut guest = with(&server, |http| http.max_url_len(max));
        let url = |max| start.clone() + &"a".repeat(len(max) - start.len());
        assert_eq!(guest.fetch_all(&url(max)).0, 200, "{max}");
        assert_eq!(guest.fetch(&url(max + 1)), Err(code::INVALID_URL), "{max}");
    }
    // What counts is also what is sent.
    let mut guest = with(&server, |http| http.max_url_len(100));
    let url = |len: usize| start.clone() + &"\u{e4}".repeat(len);
    let longest = (100 - start.len()) / "%C3%A4".len();
    assert_eq!(guest.fetch_all(&url(longest)).0, 200);
    assert_eq!(guest.fetch(&url(longest + 1)), Err(code::INVALID_URL));
    // The default, the most, and none at all.
    let url = start.clone() + &"a".repeat(len(limits::DEFAULT_MAX_URL_LEN) + 1 - start.len());
    assert_eq!(
        with(&server, |http| http).fetch(&url),
        Err(code::INVALID_URL)
    );
    let url = start.clone() + &"a".repeat(len(limits::MAX_URL_LEN) + 1 - start.len());
    let mut guest = with(&server, |http| http.max_url_len(u64::MAX));
    assert_eq!(guest.fetch(&url), Err(code::INVALID_URL));
    let mut guest = with(&server, |http| http.max_url_len(0));
    assert_eq!(guest.fetch(&start), Err(code::INVALID_URL));
}

#[test]
fn the_length_of_a_method() {
    let server = TestServer::http().start();
    for max in [1, limits::DEFAULT_MAX_METHOD_LEN, limits::MAX_METHOD_LEN] {
        let mut guest = with(&server, |http| http.max_method_len(max));
        let method = |max| "A".repeat(len(max));
        assert!(
            guest
                .send(&method(max), &server.url("/get"), "", b"")
                .is_ok()
        );
        assert_eq!(server.last_request().unwrap().method, method(max));
        let given = guest.send(&method(max + 1), &server.url("/get"), "", b"");
        assert_eq!(given, Err(code::INVALID_METHOD), "{max}");
    }
    let mut guest = with(&server, |http| http.max_method_len(0));
    let given = guest.send("A", &server.url("/get"), "", b"");
    assert_eq!(given, Err(code::INVALID_METHOD));
}

#[test]
fn the_size_of_request_headers() {
    let server = TestServer::http().start();
    let maxima = [
        10,
        limits::DEFAULT_MAX_REQUEST_HEADER_BYTES,
        limits::MAX_REQUEST_HEADER_BYTES,
    ];
    for max in maxima {
        let mut guest = with(&server, |http| http.max_request_header_bytes(max));
        let headers = |max| "a:".to_owned() + &"b".repeat(len(max) - "a:".len());
        let mut send = |max| guest.send("GET", &server.url("/get"), &headers(max), b"");
        assert!(send(max).is_ok(), "{max}");
        assert_eq!(
            server.last_request().unwrap().header("a").unwrap().len(),
            len(max) - "a:".len()
        );
        assert_eq!(send(max + 1), Err(code::INVALID_ENCODING), "{max}");
    }
    let mut guest = with(&server, |http| http.max_request_header_bytes(0));
    assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
    let given = guest.send("GET", &server.url("/get"), "a:", b"");
    assert_eq!(given, Err(code::INVALID_ENCODING));
}

#[test]
fn the_number_of_request_headers() {
    let server = TestServer::http().start();
    let maxima = [
        0,
        1,
        limits::DEFAULT_MAX_REQUEST_HEADERS,
        limits::MAX_REQUEST_HEADERS,
    ];
    for max in maxima {
        let mut guest = with(&server, |http| http.max_request_headers(max));
        let mut send = |count| guest.send("GET", &server.url("/get"), &"a:b\n".repeat(count), b"");
        assert!(send(max).is_ok(), "{max}");
        assert_eq!(
            server.last_request().unwrap().header_values("a").count(),
            max
        );
        assert_eq!(send(max + 1), Err(code::INVALID_ENCODING), "{max}");
    }
}

#[test]
fn the_largest_head_that_can_be_set_is_sent_whole() {
    let server = TestServer::http().start();
    let mut guest = with(&server, |http| {
        http.max_url_len(u64::MAX)
            .max_method_len(u64::MAX)
            .max_request_header_bytes(u64::MAX)
            .max_request_headers(usize::MAX)
    });
    let start = server.url("/get?");
    let url = start.clone() + &"a".repeat(len(limits::MAX_URL_LEN) - start.len());
    let line = len(limits::MAX_REQUEST_HEADER_BYTES) / limits::MAX_REQUEST_HEADERS;
    let value = "b".repeat(line - "a:\n".len());
    let headers = format!("a:{value}\n").repeat(limits::MAX_REQUEST_HEADERS);
    assert_eq!(headers.len(), len(limits::MAX_REQUEST_HEADER_BYTES));
    let method = "A".repeat(len(limits::MAX_METHOD_LEN));
    assert!(guest.send(&method, &url, &headers, b"hello").is_ok());
    let request = server.last_request().unwrap();
    assert_eq!(request.body, b"hello");
    assert_eq!(
        request.header_values("a").count(),
        limits::MAX_REQUEST_HEADERS
    );
    assert_eq!(server.bad_requests(), [""; 0]);
}

#[test]
fn the_size_of_a_request_body() {
    let server = TestServer::http().start();
    let mut guest = with(&server, |http| http.max_request_body_bytes(Some(0)));
    assert!(guest.send("POST", &server.url("/echo"), "", b"").is_ok());
    let given = guest.send("POST", &server.url("/echo"), "", b"a");
    assert_eq!(given, Err(code::BODY_TOO_LARGE));
    // None is none: what fits the memory.
    let mut guest = with(&server, |http| http.max_request_body_bytes(None));
    let body = vec![b'a'; 1024 * 1024];
    assert!(guest.send("POST", &server.url("/get"), "", &body).is_ok());
}

#[test]
fn the_size_of_a_response_body() {
    let server = TestServer::http().start();
    let mut guest = with(&server, |http| http.max_response_body_bytes(Some(0)));
    for path in ["/empty", "/status/204", "/chunked/0", "/close/0"] {
        assert_eq!(guest.fetch_all(&server.url(path)).1, b"", "{path}");
    }
    for path in ["/get", "/chunked/1", "/close/1"] {
        let handle = guest.open(&server.url(path));
        assert_eq!(guest.read(handle, 10), Err(code::BODY_TOO_LARGE), "{path}");
    }
}

#[test]
fn the_number_of_response_headers() {
    let server = TestServer::http().start();
    // The server adds Content-Type and Content-Length.
    let url = |count: usize| server.url(&format!("/response-headers/count/{}", count - 2));
    for max in [2, 50, limits::MAX_RESPONSE_HEADERS] {
        let mut guest = with(&server, |http| http.max_response_headers(max));
        assert_eq!(guest.fetch_all(&url(max)).0, 200, "{max}");
        assert_eq!(
            guest.fetch(&url(max + 1)),
            Err(code::REQUEST_ERROR),
            "{max}"
        );
    }
    let mut guest = with(&server, |http| http.max_response_headers(usize::MAX));
    let given = guest.fetch(&url(limits::MAX_RESPONSE_HEADERS + 1));
    assert_eq!(given, Err(code::REQUEST_ERROR));
    let mut guest = with(&server, |http| http.max_response_headers(0));
    assert_eq!(guest.fetch(&url(2)), Err(code::REQUEST_ERROR));
}

#[test]
fn the_size_of_response_headers() {
    const HEAD: &str = "HTTP/1.1 200 \r\na: \r\nContent-Length: 0\r\n\r\n";
    let server = TestServer::http().raw(|conn| {
        while let Ok(request) = conn.read_request() {
            let len: usize = request.target[1..].parse().unwrap();
            let value = "b".repeat(len - HEAD.len());
            conn.write_all(HEAD.replace("a: ", &format!("a: {value}")).as_bytes())?;
        }
        Ok(())
    });
    for max in [100, 1000, limits::MAX_RESPONSE_HEADER_BYTES] {
        let mut guest = with(&server, |http| http.max_response_header_bytes(max));
        assert_eq!(
            guest.fetch_all(&server.url(&format!("/{max}"))).0,
            200,
            "{max}"
        );
        let given = guest.fetch(&server.url(&format!("/{}", max + 1)));
        assert_eq!(given, Err(code::REQUEST_ERROR), "{max}");
    }
    // The default is the most.
    for max in [None, Some(u64::MAX)] {
        let mut guest = with(&server, |http| match max {
            None => http,
            Some(max) => http.max_response_header_bytes(max),
        });
        let url = |len| server.url(&format!("/{len}"));
        assert_eq!(
            guest.fetch_all(&url(limits::MAX_RESPONSE_HEADER_BYTES)).0,
            200
        );
        let given = guest.fetch(&url(limits::MAX_RESPONSE_HEADER_BYTES + 1));
        assert_eq!(given, Err(code::REQUEST_ERROR));
        assert_eq!(guest.fetch(&url(1_000_000)), Err(code::REQUEST_ERROR));
    }
}

#[test]
fn an_interim_response_before_a_large_body_is_consumed() {
    // What comes behind it at once is more than a head may have.
    const LEN: usize = 3 * limits::MAX_RESPONSE_HEADER_BYTES as usize;
    let server = TestServer::http().raw(|conn| {
        conn.read_request()?;
        let mut answer = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n".to_vec();
        answer.extend(format!("HTTP/1.1 200 OK\r\nContent-Length: {LEN}\r\n\r\n").bytes());
        answer.extend(vec![b'a'; LEN]);
        conn.write_all(&answer)
    });
    let (status, body) = with(&server, |http| http).fetch_all(&server.url("/"));
    assert_eq!((status, body.len()), (200, LEN));
}

#[test]
fn requests_in_flight_of_all_stores_of_a_client() {
    let server = TestServer::http().start();
    let client = HttpClient::builder().max_requests_in_flight(2).build();
    let guest = || with(&server, |http| http.client(client.clone()));
    let waiting = |sender: mpsc::Sender<_>| {
        let (mut guest, url) = (guest(), server.url("/slow-headers"));
        move || {
            sender
                .send(guest.fetch(&url).map(|opened| opened.status))
                .unwrap()
        }
    };
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        scope.spawn(waiting(sender.clone()));
        scope.spawn(waiting(sender));
        server.wait_for_requests(2);
        let mut third = guest();
        assert_eq!(
            third.fetch(&server.url("/get")),
            Err(code::TOO_MANY_SESSIONS)
        );
        // A place is free when the headers are there, whatever becomes of the body.
        server.release();
        assert_eq!(receiver.recv().unwrap(), Ok(200));
        let handle = third.open(&server.url("/gate"));
        assert_eq!(third.read(handle, 5).unwrap(), b"first");
        assert_eq!(third.fetch_all(&server.url("/get")).0, 200);
        server.release_all();
        assert_eq!(receiver.recv().unwrap(), Ok(200));
    });
    let none = HttpClient::builder().max_requests_in_flight(0).build();
    let given = with(&server, |http| http.client(none)).fetch(&server.url("/get"));
    assert_eq!(given, Err(code::TOO_MANY_SESSIONS));
}

#[test]
fn a_timeout_of_zero_leaves_no_time_and_an_endless_one_is_none() {
    let server = TestServer::http().start();
    let set: [fn(&mut HttpCtxBuilder, Option<Duration>) -> &mut HttpCtxBuilder; 4] = [
        HttpCtxBuilder::connect_timeout,
        HttpCtxBuilder::response_timeout,
        HttpCtxBuilder::read_timeout,
        HttpCtxBuilder::timeout,
    ];
    for set in set {
        let mut guest = with(&server, |http| set(http, Some(Duration::ZERO)));
        assert_eq!(guest.fetch(&server.url("/get")), Err(code::TIMEOUT));
        assert_eq!(server.connections(), 0);
    }
    for set in set {
        for timeout in [None, Some(Duration::MAX)] {
            let mut guest = with(&server, |http| set(http, timeout));
            assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
        }
    }
}

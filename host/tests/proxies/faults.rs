//! Proxies that refuse, lie, fall silent or are not there.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::{RawConn, TestServer};
use wasi_experimental_http_wasmtime::{HttpCtx, RequestEvent};

use crate::common::{Guest, code};
use crate::through;

/// What no request of a test may take: there is no timeout of that size.
const LONG: Duration = Duration::from_secs(15);

/// What a proxy answers to each message.
type Answers = &'static [&'static [u8]];

/// Sends a request through a proxy that fails: the code and the reason that the guest gets.
#[track_caller]
fn fails(proxy: &str, url: &str, said: &str) -> (u32, &'static str) {
    let events: Arc<Mutex<Vec<RequestEvent>>> = Arc::default();
    let told = events.clone();
    let mut http = HttpCtx::builder();
    http.client(through(proxy).build())
        .observer(move |event| told.lock().unwrap().push(event.clone()));
    let mut guest = Guest::new(http.try_allowed_host("insecure:allow-all").unwrap().build());
    let code = guest.fetch(url).expect_err(url);
    let (reason, message) = guest.last_error();
    // The embedder is told which proxy it was; the guest is not. Nobody reads the password.
    let port = proxy.rsplit(':').next().unwrap();
    let error = events.lock().unwrap()[0].error.clone().unwrap();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(port) && shown.contains(said), "{shown}");
    assert!(!message.contains(port), "{message}");
    for text in [shown, message] {
        assert!(!text.contains("SECRET"), "{text}");
    }
    (code, reason)
}

/// A proxy that answers each message with the next of these, and then closes.
fn playing(answers: Answers) -> TestServer {
    TestServer::http().raw(move |conn: &mut RawConn<'_>| {
        for answer in answers {
            let mut message = [0; 4096];
            if conn.read(&mut message)? == 0 {
                break;
            }
            conn.write_all(answer)?;
        }
        conn.close()
    })
}

const REFUSED: &str = "cannot reach the server: the server refused";

#[test]
fn what_a_proxy_does_wrong_has_a_code_and_a_reason() {
    const HTTPS: &str = "https://a.test/";
    const HTTP: &str = "http://a.test/";
    const CREDENTIALS: &str = "requires a user name";
    let long = Box::leak(vec![b'a'; 200 * 1024].into_boxed_slice());
    let endless: Answers = Box::leak(Box::new([&*long]));
    let cases: &[(&str, &str, Answers, &str, &str)] = &[
        // CONNECT.
        (
            "http",
            HTTPS,
            &[],
            "connection_closed",
            "closed the connection",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 200"],
            "connection_closed",
            "closed the connection",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 407 No\r\n\r\n"],
            "unreachable",
            CREDENTIALS,
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 403 No\r\n\r\n"],
            "unreachable",
            "with status 403",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 502 No\r\n\r\n"],
            "unreachable",
            "with status 502",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 302 No\r\nLocation: /\r\n\r\n"],
            "unreachable",
            "302",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 101 No\r\n\r\n"],
            "unreachable",
            "101",
        ),
        (
            "http",
            HTTPS,
            &[b"SSH-2.0-OpenSSH\r\n\r\n"],
            "invalid_response",
            "sent an invalid reply",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 200 OK\r\n\r\nmore"],
            "invalid_response",
            "bytes behind",
        ),
        (
            "http",
            HTTPS,
            endless,
            "invalid_response",
            "sent an invalid reply",
        ),
        (
            "http",
            HTTPS,
            &[b"HTTP/1.1 200 OK\r\n\r\n", b"no TLS"],
            "tls",
            "",
        ),
        // A forwarded request.
        (
            "http",
            HTTP,
            &[b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"],
            "unreachable",
            CREDENTIALS,
        ),
        // SOCKS5, with its answers to the choice of a method, the password and the request.
        (
            "socks5h",
            HTTP,
            &[],
            "connection_closed",
            "closed the connection",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05"],
            "connection_closed",
            "closed the connection",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x04\x00"],
            "invalid_response",
            "its choice",
        ),
        (
            "socks5h",
            HTTP,
            &[b"HTTP/1.1 400 No\r\n\r\n"],
            "invalid_response",
            "its choice",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x01"],
            "invalid_response",
            "its choice",
        ),
        ("socks5h", HTTP, &[b"\x05\xff"], "unreachable", CREDENTIALS),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x02", b"\x01\x01"],
            "unreachable",
            CREDENTIALS,
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00"],
            "connection_closed",
            "closed the connection",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x01\x00\x01"],
            "unreachable",
            "it failed",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x02\x00\x01"],
            "unreachable",
            "its rules",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x03\x00\x01"],
            "unreachable",
            "network",
        ),
        (
            "socks5",
            HTTP,
            &[b"\x05\x00", b"\x05\x04\x00\x01"],
            "unreachable",
            "host",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x05\x00\x01"],
            "connection_refused",
            REFUSED,
        ),
        (
            "socks5",
            HTTP,
            &[b"\x05\x00", b"\x05\x05\x00\x01"],
            "connection_refused",
            REFUSED,
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x09\x00\x01"],
            "unreachable",
            "no standard",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x04\x00\x00\x01"],
            "invalid_response",
            "its answer",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x00\x00\x02"],
            "invalid_response",
            "the address",
        ),
        (
            "socks5h",
            HTTP,
            &[b"\x05\x00", b"\x05\x00\x00\x03\xff"],
            "connection_closed",
            "closed",
        ),
    ];
    for (scheme, url, answers, reason, said) in cases {
        let server = playing(answers);
        let proxy = format!("{scheme}://SECRET:SECRET@127.0.0.1:{}", server.port());
        if said.is_empty() {
            // Of TLS with the server, the proxy is no part.
            let mut guest = crate::guest(&through(&proxy).build());
            assert_eq!(guest.fetch(url), Err(code::REQUEST_ERROR));
            assert_eq!(guest.last_error().0, *reason);
            continue;
        }
        let failed = fails(&proxy, url, said);
        assert_eq!(
            failed,
            (code::REQUEST_ERROR, *reason),
            "{scheme} {url} {answers:?}"
        );
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    for scheme in ["http", "socks5", "socks5h"] {
        for url in ["http://a.test/", "https://a.test/"] {
            let proxy = format!("{scheme}://127.0.0.1:{port}");
            let failed = fails(&proxy, url, "cannot be connected to");
            assert_eq!(
                failed,
                (code::REQUEST_ERROR, "connection_refused"),
                "{proxy}"
            );
        }
    }
}

#[test]
fn a_status_of_407_that_no_proxy_sent_is_the_guests() {
    let server = TestServer::http().start();
    let mut guest = crate::guest(&wasi_experimental_http_wasmtime::HttpClient::new());
    assert_eq!(guest.fetch_all(&server.url("/status/407")).0, 407);
}

/// Proxies that stop in the middle of what has to be said.
const SILENT: [(&str, &str, Answers); 6] = [
    ("http", "https://a.test/", &[b""]),
    ("http", "https://a.test/", &[b"HTTP/1.1 200 OK\r\n"]),
    (
        "http",
        "https://a.test/",
        &[b"HTTP/1.1 200 OK\r\n\r\n", b""],
    ),
    ("socks5h", "http://a.test/", &[b""]),
    ("socks5h", "http://a.test/", &[b"\x05\x02", b"\x01"]),
    (
        "socks5h",
        "http://a.test/",
        &[b"\x05\x00", b"\x05\x00\x00\x01"],
    ),
];

/// One of them, which says when it has come there.
fn silent(answers: Answers, there: mpsc::Sender<()>) -> TestServer {
    let there = Mutex::new(there);
    TestServer::http().raw(move |conn: &mut RawConn<'_>| {
        for answer in answers {
            let mut message = [0; 4096];
            if conn.read(&mut message)? == 0 {
                return Ok(());
            }
            conn.write_all(answer)?;
        }
        let _ = there.lock().unwrap().send(());
        conn.wait_for_end();
        Ok(())
    })
}

#[test]
fn a_silent_proxy_ends_with_the_connect_timeout_or_the_total() {
    for (scheme, url, answers) in SILENT {
        for total in [false, true] {
            let (there, _kept) = mpsc::channel();
            let server = silent(answers, there);
            let proxy = format!("{scheme}://me:pw@127.0.0.1:{}", server.port());
            let short = Some(Duration::from_millis(300));
            let (connect, whole) = if total { (None, short) } else { (short, None) };
            let mut http = HttpCtx::builder();
            http.client(through(&proxy).build())
                .connect_timeout(connect)
                .read_timeout(None)
                .response_timeout(None)
                .timeout(whole);
            let mut guest =
                Guest::new(http.try_allowed_host("insecure:allow-all").unwrap().build());
            let started = Instant::now();
            assert_eq!(guest.fetch(url), Err(code::TIMEOUT), "{proxy} {answers:?}");
            assert!(started.elapsed() < LONG);
            let reason = if total {
                "timeout_total"
            } else {
                "timeout_connect"
            };
            assert_eq!(guest.last_error().0, reason, "{proxy} {answers:?}");
            // Nothing is left open.
            server.wait_for_open_connections(0);
        }
    }
}

#[test]
fn cancelling_ends_what_is_said_to_a_proxy() {
    for (scheme, url, answers) in SILENT {
        let (there, is_there) = mpsc::channel();
        let server = silent(answers, there);
        let proxy = format!("{scheme}://me:pw@127.0.0.1:{}", server.port());
        let mut http = HttpCtx::builder();
        http.client(through(&proxy).build())
            .connect_timeout(None)
            .read_timeout(None)
            .response_timeout(None)
            .timeout(None);
        let http = http.try_allowed_host("insecure:allow-all").unwrap().build();
        let cancel = http.cancel_handle();
        let canceller = thread::spawn(move || {
            is_there.recv().unwrap();
            cancel.cancel();
        });
        let mut guest = Guest::new(http);
        assert_eq!(
            guest.fetch(url),
            Err(code::CANCELLED),
            "{proxy} {answers:?}"
        );
        canceller.join().unwrap();
        server.wait_for_open_connections(0);
    }
}

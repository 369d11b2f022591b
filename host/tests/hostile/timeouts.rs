//! Slow servers. Only how a request ends is looked at, and that it ends: a slow machine changes
//! neither.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};

use crate::common::network::{DRIP, dripping_proxy, full_listener};
use crate::common::{Guest, code, trusting};

/// What a test waits for.
const SHORT: Duration = Duration::from_millis(500);

/// What no request of a test may take: there is no timeout of that size.
const LONG: Duration = Duration::from_secs(15);

/// A store with no timeout but those that a test sets.
fn patient(allowed: &str) -> HttpCtxBuilder {
    HttpCtx::builder()
        .try_allowed_host(allowed)
        .unwrap()
        .connect_timeout(None)
        .response_timeout(None)
        .read_timeout(None)
        .timeout(None)
        .clone()
}

/// Opens a URL and reads the body to its end: the error that it ends with.
#[track_caller]
fn fails(http: &HttpCtxBuilder, url: &str) -> u32 {
    let started = Instant::now();
    let mut guest = Guest::new(http.build());
    let error = guest
        .fetch(url)
        .and_then(|opened| {
            while !guest.read(opened.handle, 1000)?.is_empty() {}
            Ok(())
        })
        .expect_err("an error");
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    error
}

#[test]
fn a_connection_that_does_not_stand_ends_with_the_connect_timeout_or_the_total() {
    let listener = full_listener();
    let origin = format!("http://{}", listener.address);
    let mut connect = patient(&origin);
    connect.connect_timeout(Some(SHORT));
    let mut total = patient(&origin);
    total.timeout(Some(SHORT));
    for http in [connect, total] {
        assert_eq!(fails(&http, &origin), code::TIMEOUT);
    }
}

#[test]
fn a_name_that_is_not_found_out_ends_with_the_connect_timeout_or_the_total() {
    for set in [HttpCtxBuilder::connect_timeout, HttpCtxBuilder::timeout] {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let mut client = HttpClient::builder();
        client.resolver(move |_| {
            // Until the test is over.
            let _ = held.lock().unwrap().recv();
            Ok(Vec::new())
        });
        let mut http = patient("http://slow.test");
        set(&mut http, Some(SHORT)).client(client.build());
        assert_eq!(fails(&http, "http://slow.test/"), code::TIMEOUT);
        drop(hold);
    }
}

#[test]
fn a_tls_handshake_without_an_end_is_a_part_of_connecting() {
    // A record that comes a byte at a time.
    let server = TestServer::http().raw(|conn| {
        conn.write_all(&[22, 3, 3, 0x40, 0])?;
        loop {
            thread::sleep(DRIP);
            conn.write_all(&[0])?;
        }
    });
    let origin = format!("https://localhost:{}", server.port());
    for set in [HttpCtxBuilder::connect_timeout, HttpCtxBuilder::timeout] {
        let mut http = patient(&origin);
        set(&mut http, Some(SHORT));
        assert_eq!(fails(&http, &origin), code::TIMEOUT);
    }
}

#[test]
fn a_head_that_drips_ends_with_the_response_timeout_or_the_total() {
    let server = TestServer::http().raw(|conn| {
        conn.read_request()?;
        conn.write_all(b"HTTP/1.1 200 OK\r\n")?;
        for byte in b"a: b\r\n".iter().cycle() {
            thread::sleep(DRIP);
            conn.write_all(&[*byte])?;
        }
        Ok(())
    });
    for set in [HttpCtxBuilder::response_timeout, HttpCtxBuilder::timeout] {
        // That the server is never silent for long does not help it.
        let mut http = patient(&server.origin());
        set(&mut http, Some(SHORT)).read_timeout(Some(LONG));
        assert_eq!(fails(&http, &server.url("/")), code::TIMEOUT);
    }
}

#[test]
fn interim_responses_do_not_stretch_the_response_timeout() {
    let server = TestServer::http().raw(|conn| {
        conn.read_request()?;
        loop {
            conn.write_all(b"HTTP/1.1 102 Processing\r\n\r\n")?;
            thread::sleep(DRIP);
        }
    });
    for set in [HttpCtxBuilder::response_timeout, HttpCtxBuilder::timeout] {
        let mut http = patient(&server.origin());
        set(&mut http, Some(SHORT));
        assert_eq!(fails(&http, &server.url("/")), code::TIMEOUT);
    }
}

#[test]
fn a_body_that_drips_ends_with_the_total() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ] {
        let server = TestServer::http().raw(|conn| {
            conn.read_request()?;
            conn.write_all(head.as_bytes())?;
            loop {
                thread::sleep(DRIP);
                conn.write_all(b"a")?;
            }
        });
        let mut http = patient(&server.origin());
        http.timeout(Some(SHORT));
        assert_eq!(fails(&http, &server.url("/")), code::TIMEOUT, "{head}");
    }
}

#[test]
fn a_tls_record_that_drips_ends_with_the_total() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    // In the middle of a large record: not one byte of it is there before its last.
    let port = dripping_proxy(server.port(), 10_000);
    let origin = format!("https://localhost:{port}");
    let mut http = patient(&origin);
    http.client(trusting(&ca)).timeout(Some(SHORT));
    assert_eq!(
        fails(&http, &format!("{origin}/bytes/1000000")),
        code::TIMEOUT
    );
}

#[test]
fn hops_do_not_stretch_the_total() {
    let server = TestServer::http().raw(|conn| {
        while conn.read_request().is_ok() {
            thread::sleep(DRIP);
            conn.write_all(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")?;
        }
        Ok(())
    });
    let mut http = patient(&server.origin());
    http.timeout(Some(SHORT)).max_redirects(usize::MAX);
    assert_eq!(fails(&http, &server.url("/")), code::TIMEOUT);
}

#[test]
fn a_server_that_takes_the_request_a_little_at_a_time_does_not_stretch_the_total() {
    let server = TestServer::http().raw(|conn| {
        use std::io::Read;
        conn.read_head()?;
        let mut buffer = [0; 1000];
        while conn.read(&mut buffer)? > 0 {
            thread::sleep(DRIP);
        }
        Ok(())
    });
    let silent = TestServer::http().raw(|conn| {
        conn.read_head()?;
        conn.wait_for_end();
        Ok(())
    });
    let cases = [
        (
            &server,
            patient(&server.origin()).timeout(Some(SHORT)).clone(),
        ),
        (
            &silent,
            patient(&silent.origin()).timeout(Some(SHORT)).clone(),
        ),
        (
            &silent,
            patient(&silent.origin()).read_timeout(Some(SHORT)).clone(),
        ),
    ];
    for (server, http) in cases {
        let started = Instant::now();
        let mut guest = Guest::new(http.build());
        assert_eq!(send_32_mib(&mut guest, &server.url("/")), code::TIMEOUT);
        assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    }
}

/// Sends more than the buffers of any connection hold.
pub fn send_32_mib(guest: &mut Guest, url: &str) -> u32 {
    const LEN: u32 = 32 * 1024 * 1024;
    let body = guest.grow(LEN);
    let mut args = guest.place(url.as_bytes(), b"POST", b"", b"");
    args[6] = body;
    args[7] = LEN;
    guest.call_req(args)
}

#[test]
fn a_guest_that_pauses_between_reads_is_not_the_servers_silence() {
    let server = TestServer::http().start();
    let ca = TestCa::new();
    let tls = TestServer::https(&ca).start();
    let client = trusting(&ca);
    let test = |server: &TestServer| {
        // Long enough for a server that answers at once on a machine that is busy.
        const SILENCE: Duration = Duration::from_secs(2);
        let mut http = patient(&server.origin());
        http.client(client.clone()).read_timeout(Some(SILENCE));
        let mut guest = Guest::new(http.build());
        let handle = guest.open(&server.url("/gate"));
        assert_eq!(guest.read(handle, 5).unwrap(), b"first");
        thread::sleep(SILENCE + SHORT);
        server.release();
        assert_eq!(guest.read(handle, 6).unwrap(), b"second");
        // It is the server's, while the guest waits.
        let handle = guest.open(&server.url("/gate"));
        assert_eq!(guest.read(handle, 5).unwrap(), b"first");
        assert_eq!(guest.read(handle, 6), Err(code::TIMEOUT));
    };
    thread::scope(|scope| {
        scope.spawn(|| test(&server));
        scope.spawn(|| test(&tls));
    });
}

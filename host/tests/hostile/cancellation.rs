//! Cancelling one store's request, wherever it is, from another thread.

use std::io::Write;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{CancelHandle, HttpClient, HttpCtx, HttpCtxBuilder};

use crate::common::network::full_listener;
use crate::common::{Guest, code, ctx_with, trusting};
use crate::timeouts::send_32_mib;

/// What a cancelled request may take, on the slowest machine.
const SOON: Duration = Duration::from_secs(10);

/// A store without any timeout: only cancelling ends its requests.
fn patient(client: &HttpClient, allowed: &str) -> HttpCtxBuilder {
    HttpCtx::builder()
        .client(client.clone())
        .try_allowed_host(allowed)
        .unwrap()
        .connect_timeout(None)
        .response_timeout(None)
        .read_timeout(None)
        .timeout(None)
        .clone()
}

/// Cancels once `ready` returns, while `work` waits: the code that it ends with.
#[track_caller]
fn cancelled<T: std::fmt::Debug>(
    http: HttpCtx,
    ready: impl FnOnce() + Send,
    work: impl FnOnce(&mut Guest) -> Result<T, u32>,
) -> Guest {
    let cancel: CancelHandle = http.cancel_handle();
    let mut guest = Guest::new(http);
    let canceller = {
        let cancel = cancel.clone();
        move || {
            ready();
            cancel.cancel();
            Instant::now()
        }
    };
    thread::scope(|scope| {
        let canceller = scope.spawn(canceller);
        let given = work(&mut guest);
        let at = canceller.join().unwrap();
        assert_eq!(given.expect_err("it ends"), code::CANCELLED);
        assert!(at.elapsed() < SOON, "{:?}", at.elapsed());
    });
    assert!(cancel.is_cancelled());
    guest
}

#[test]
fn while_a_name_is_looked_up() {
    let (started, start) = mpsc::channel();
    let (hold, held) = mpsc::channel::<()>();
    let (started, held) = (std::sync::Mutex::new(started), std::sync::Mutex::new(held));
    let client = HttpClient::builder()
        .resolver(move |_| {
            let _ = started.lock().unwrap().send(());
            // Until the test is over.
            let _ = held.lock().unwrap().recv();
            Ok(Vec::new())
        })
        .build();
    let http = patient(&client, "http://slow.test").build();
    cancelled(
        http,
        move || start.recv().unwrap(),
        |guest| guest.fetch("http://slow.test/"),
    );
    drop(hold);
}

#[test]
fn while_a_connection_is_made() {
    let listener = full_listener();
    let origin = format!("http://{}", listener.address);
    let http = patient(&HttpClient::new(), &origin).build();
    // Cancelled a moment sooner or later, it ends alike.
    let ready = || thread::sleep(Duration::from_millis(100));
    cancelled(http, ready, |guest| guest.fetch(&origin));
}

#[test]
fn while_tls_is_negotiated() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let http = patient(&HttpClient::new(), &origin).build();
    // Open, and silent, until the test is over.
    let (keep, kept) = mpsc::channel();
    let accept = || keep.send(listener.accept().unwrap()).unwrap();
    cancelled(http, accept, |guest| guest.fetch(&origin));
    drop(kept);
}

/// A plain and a TLS server of the routes, with a client for both.
fn servers() -> ([TestServer; 2], HttpClient) {
    let ca = TestCa::new();
    (
        [TestServer::http().start(), TestServer::https(&ca).start()],
        trusting(&ca),
    )
}

#[test]
fn while_headers_are_awaited() {
    let (servers, client) = servers();
    for server in &servers {
        let http = patient(&client, &server.origin()).build();
        cancelled(
            http,
            || server.wait_for_requests(1),
            |guest| guest.fetch(&server.url("/hang")),
        );
        server.wait_for_open_connections(0);
    }
}

#[test]
fn while_a_request_body_is_sent() {
    let (started, start) = mpsc::channel();
    let started = std::sync::Mutex::new(started);
    let server = TestServer::http().raw(move |conn| {
        conn.read_head()?;
        started.lock().unwrap().send(()).unwrap();
        conn.wait_for_end();
        Ok(())
    });
    let http = patient(&HttpClient::new(), &server.origin()).build();
    cancelled(
        http,
        move || start.recv().unwrap(),
        |guest| match send_32_mib(guest, &server.url("/")) {
            0 => Ok(()),
            code => Err(code),
        },
    );
}

#[test]
fn while_a_body_is_read() {
    let (servers, client) = servers();
    for server in &servers {
        let http = patient(&client, &server.origin()).build();
        let (reading, read) = mpsc::channel();
        let mut guest = cancelled(
            http,
            move || {
                read.recv().unwrap();
                // Into the second read, most likely; before it, it ends alike.
                thread::sleep(Duration::from_millis(50));
            },
            |guest| {
                let handle = guest.open(&server.url("/gate"));
                assert_eq!(guest.read(handle, 5).unwrap(), b"first");
                reading.send(()).unwrap();
                guest.read(handle, 5)
            },
        );
        // It is broken off for good; later ones are not.
        assert_eq!(guest.read(1, 5), Err(code::CANCELLED));
        assert_eq!(guest.fetch(&server.url("/get")), Err(code::CANCELLED));
        guest.store.data_mut().resume();
        assert_ne!(guest.read(1, 5), Ok(Vec::new()));
        assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
    }
}

#[test]
fn a_body_that_ends_with_its_connection_does_not_look_complete() {
    let ca = TestCa::new();
    let client = trusting(&ca);
    for builder in [TestServer::http(), TestServer::https(&ca)] {
        let server = builder.raw(|conn| {
            conn.read_request()?;
            conn.write_all(b"HTTP/1.1 200 OK\r\n\r\nfirst")?;
            conn.wait_for_end();
            Ok(())
        });
        let (reading, read) = mpsc::channel();
        let http = patient(&client, &server.origin()).build();
        cancelled(
            http,
            move || {
                read.recv().unwrap();
                // Into the second read, most likely; before it, it ends alike.
                thread::sleep(Duration::from_millis(50));
            },
            |guest| {
                let handle = guest.fetch(&server.url("/"))?.handle;
                assert_eq!(guest.read(handle, 100).unwrap(), b"first");
                reading.send(()).unwrap();
                let given = guest.read(handle, 100);
                assert_eq!(guest.read(handle, 100), Err(code::CANCELLED));
                given
            },
        );
    }
}

#[test]
fn between_two_calls() {
    let server = TestServer::http().start();
    let http = patient(&HttpClient::new(), &server.origin()).build();
    let cancel = http.cancel_handle();
    let mut guest = Guest::new(http);
    let handle = guest.open(&server.url("/bytes/100000"));
    assert_eq!(guest.read(handle, 10).unwrap().len(), 10);
    cancel.cancel();
    assert_eq!(guest.read(handle, 10), Err(code::CANCELLED));
    assert_eq!(guest.fetch(&server.url("/get")), Err(code::CANCELLED));
    // What needs no server works on.
    assert_eq!(guest.header(handle, "content-length").unwrap(), b"100000");
    assert_eq!(guest.call_close(handle), code::SUCCESS);
    assert_eq!(server.requests(), 1);
    guest.store.data_mut().resume();
    assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
}

#[test]
fn other_stores_with_the_same_client_go_on() {
    let (servers, client) = servers();
    for server in &servers {
        let mut other = Guest::new(patient(&client, &server.origin()).build());
        let reading = other.open(&server.url("/gate"));
        assert_eq!(other.read(reading, 5).unwrap(), b"first");
        other.fetch_all(&server.url("/get"));
        thread::scope(|scope| {
            // One that waits for headers all the while.
            let waiting = scope.spawn(|| {
                let mut guest = Guest::new(patient(&client, &server.origin()).build());
                guest.fetch_all(&server.url("/slow-headers")).0
            });
            server.wait_for_requests(3);
            cancelled(
                patient(&client, &server.origin()).build(),
                || server.wait_for_requests(4),
                |guest| guest.fetch(&server.url("/hang")),
            );
            server.release_all();
            assert_eq!(waiting.join().unwrap(), 200);
        });
        assert_eq!(other.read_all(reading).unwrap(), b"second");
        assert_eq!(other.fetch_all(&server.url("/get")).0, 200);
    }
}

#[test]
fn dropping_a_store_frees_its_sockets_in_every_state() {
    let (servers, client) = servers();
    for server in &servers {
        let mut guest = Guest::new(ctx_with(&[server], client.clone()));
        for path in [
            "/gate",
            "/bytes/100000000",
            "/chunked/100000000",
            "/close/100000000",
        ] {
            let handle = guest.open(&server.url(path));
            guest.read(handle, 3).unwrap();
        }
        guest.open(&server.url("/gate"));
        assert_eq!(server.open_connections(), 5);
        drop(guest);
        server.wait_for_open_connections(0);
    }
}

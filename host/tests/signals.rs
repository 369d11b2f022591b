//! Signals that interrupt whatever waits: no timeout begins anew, and nothing fails.
//!
//! A test binary of its own, since who handles a signal is the whole process's affair.

#![cfg(target_os = "linux")]
// Calls of the system that no library offers.
#![allow(unsafe_code)]

#[path = "common/mod.rs"]
mod common;

use std::io::{Read, Write};
use std::mem;
use std::net::TcpListener;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::network::full_listener;
use common::servers::{Played, plain_and_tls};
use common::{Guest, code, ctx_with};
use wasi_experimental_http_test_server::{RawConn, TestCa, TestServer, is_pattern};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx, HttpCtxBuilder};

/// How often a signal comes: several times within each timeout.
const EVERY: Duration = Duration::from_millis(40);

/// What a test waits for.
const SHORT: Duration = Duration::from_millis(500);

/// What no request of a test may take.
const LONG: Duration = Duration::from_secs(12);

/// When a server breaks off what should have ended long before.
const GIVE_UP: Duration = Duration::from_secs(20);

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn handle(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Sends the signal to every thread of the process but the first, for as long as that lives.
/// Threads that block it, as those of the servers do, do not notice.
static TIMER: LazyLock<()> = LazyLock::new(|| {
    // SAFETY: the handler only counts, and all fields of the action are set.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handle as *const () as usize;
        // No SA_RESTART: what waits is interrupted.
        action.sa_flags = 0;
        libc::sigemptyset(&mut action.sa_mask);
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()), 0);
    }
    thread::spawn(|| {
        block(true);
        let process = libc::pid_t::try_from(std::process::id()).unwrap();
        loop {
            thread::sleep(EVERY);
            for task in std::fs::read_dir("/proc/self/task").unwrap() {
                let name = task.unwrap().file_name();
                let thread: libc::pid_t = name.to_str().unwrap().parse().unwrap();
                if thread != process {
                    // SAFETY: it takes numbers; a thread that has ended is an error and no more.
                    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR1) };
                }
            }
        }
    });
});

/// Blocks the signal in this thread, and in those that it starts from now on, or lets it come.
fn block(block: bool) {
    let how = if block {
        libc::SIG_BLOCK
    } else {
        libc::SIG_UNBLOCK
    };
    // SAFETY: the set is made before it is read.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGUSR1);
        assert_eq!(libc::pthread_sigmask(how, &set, ptr::null_mut()), 0);
    }
}

/// Starts servers whose threads the signal does not interrupt.
fn quietly<T>(start: impl FnOnce() -> T) -> T {
    block(true);
    let started = start();
    block(false);
    started
}

/// Runs a guest while signals come.
fn interrupted<T>(work: impl FnOnce() -> T) -> T {
    LazyLock::force(&TIMER);
    let before = HANDLED.load(Ordering::Relaxed);
    let result = work();
    assert!(HANDLED.load(Ordering::Relaxed) > before, "no signal came");
    result
}

/// A store with no timeout but those that a test sets.
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

type Set = fn(&mut HttpCtxBuilder, Option<Duration>) -> &mut HttpCtxBuilder;

/// A request that a timeout must end, no sooner than it says and not much later.
#[track_caller]
fn times_out(http: &mut HttpCtxBuilder, set: Set, work: impl FnOnce(&mut Guest) -> u32) {
    let mut guest = Guest::new(set(http, Some(SHORT)).build());
    let started = Instant::now();
    let given = interrupted(|| work(&mut guest));
    let took = started.elapsed();
    assert_eq!(given, code::TIMEOUT, "{took:?}");
    assert!(took >= SHORT && took < LONG, "{took:?}");
}

fn fetch_whole(guest: &mut Guest, url: &str) -> u32 {
    let whole = guest
        .fetch(url)
        .and_then(|opened| guest.read_all(opened.handle));
    whole.err().unwrap_or(code::SUCCESS)
}

/// A server that reads a request, sends this, and is silent until the test is over.
fn silent_behind(sent: &'static [u8]) -> [Played; 2] {
    quietly(|| {
        plain_and_tls(move |conn: &mut RawConn<'_>| {
            conn.read_request()?;
            conn.write_all(sent)?;
            conn.wait_for_release(Some(GIVE_UP))
        })
    })
}

#[test]
fn the_wait_for_a_response() {
    for Played { server, client, .. } in &silent_behind(b"HTTP/1.1 200 OK\r\nA: ") {
        let sets: [Set; 2] = [HttpCtxBuilder::response_timeout, HttpCtxBuilder::timeout];
        for set in sets {
            times_out(&mut patient(client, &server.origin()), set, |guest| {
                fetch_whole(guest, &server.url("/"))
            });
        }
    }
}

#[test]
fn the_wait_for_a_body() {
    for head in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nfirst",
    ] {
        for Played { server, client, .. } in &silent_behind(head) {
            let sets: [Set; 2] = [HttpCtxBuilder::read_timeout, HttpCtxBuilder::timeout];
            for set in sets {
                times_out(&mut patient(client, &server.origin()), set, |guest| {
                    fetch_whole(guest, &server.url("/"))
                });
            }
        }
    }
}

#[test]
fn the_wait_for_room_to_write() {
    const LEN: u32 = 32 * 1024 * 1024;
    let played = quietly(|| {
        plain_and_tls(|conn| {
            conn.read_head()?;
            conn.wait_blindly(GIVE_UP)
        })
    });
    for Played { server, client, .. } in &played {
        let sets: [Set; 2] = [HttpCtxBuilder::read_timeout, HttpCtxBuilder::timeout];
        for set in sets {
            times_out(&mut patient(client, &server.origin()), set, |guest| {
                let body = guest.grow(LEN);
                let mut args = guest.place(server.url("/").as_bytes(), b"POST", b"", b"");
                (args[6], args[7]) = (body, LEN);
                guest.call_req(args)
            });
        }
    }
}

#[test]
fn the_wait_for_a_connection() {
    let listener = full_listener();
    let origin = format!("http://{}", listener.address);
    let sets: [Set; 2] = [HttpCtxBuilder::connect_timeout, HttpCtxBuilder::timeout];
    for set in sets {
        times_out(&mut patient(&HttpClient::new(), &origin), set, |guest| {
            fetch_whole(guest, &origin)
        });
    }
}

#[test]
fn the_wait_for_a_handshake() {
    // Open, and silent for as long as it may take.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    quietly(|| {
        thread::spawn(move || {
            while let Ok((connection, _)) = listener.accept() {
                thread::spawn(move || {
                    connection.set_read_timeout(Some(GIVE_UP)).unwrap();
                    // Until the client is gone, or for long enough.
                    let _ = (&connection).read_to_end(&mut Vec::new());
                });
            }
        });
    });
    let sets: [Set; 2] = [HttpCtxBuilder::connect_timeout, HttpCtxBuilder::timeout];
    for set in sets {
        times_out(&mut patient(&HttpClient::new(), &origin), set, |guest| {
            fetch_whole(guest, &origin)
        });
    }
}

#[test]
fn what_moves_is_not_disturbed() {
    const LEN: usize = 8 * 1024 * 1024;
    let ca = TestCa::new();
    let servers = quietly(|| [TestServer::http().start(), TestServer::https(&ca).start()]);
    let client = common::trusting(&ca);
    for server in &servers {
        let mut guest = Guest::new(ctx_with(&[server], client.clone()));
        let started = Instant::now();
        interrupted(|| {
            while started.elapsed() < 10 * EVERY {
                for path in ["bytes", "chunked", "close"] {
                    let url = server.url(&format!("/{path}/{LEN}"));
                    let (status, body) = guest.fetch_all(&url);
                    assert_eq!((status, body.len()), (200, LEN), "{path}");
                    assert!(is_pattern(0, &body), "{path}");
                }
                let body = vec![b'a'; 1024 * 1024];
                let opened = guest.send("POST", &server.url("/echo"), "", &body).unwrap();
                assert!(guest.read_all(opened.handle).unwrap() == body);
            }
        });
    }
}

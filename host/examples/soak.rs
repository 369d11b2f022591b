//! A soak: many requests of many stores in several threads against a server with every kind of
//! fault. Each answer is the server's answer to that request; at the end as many sockets are open
//! and as much memory is used as at the start.
//!
//!     cargo run --release -p wasi-experimental-http-wasmtime --example soak -- --requests 100000 --threads 8

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{ANY, Guest, code, event, trusting};
use wasi_experimental_http_test_server::{RawConn, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

/// How many requests a store sends before it is dropped, with what it has open.
const REQUESTS_OF_A_STORE: u64 = 25;

/// Long enough for a server that answers on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server does with a request, and what the guest may get: a whole body that is the mark in
/// the request's target, or these codes.
const FAULTS: [(&str, &[u32]); 21] = [
    ("/ok", &[code::SUCCESS]),
    ("/chunked", &[code::SUCCESS]),
    ("/until-close", &[code::SUCCESS]),
    ("/redirect", &[code::SUCCESS]),
    ("/large", &[code::SUCCESS]),
    // An answer that nobody asked for, in one segment with the one before it: in the record of
    // that, in a record of its own, in a part of one, behind chunks, and as a body where there is
    // none.
    ("/more", &[code::SUCCESS]),
    ("/more-records", &[code::SUCCESS]),
    ("/more-in-part", &[code::SUCCESS]),
    ("/more-chunks", &[code::SUCCESS]),
    ("/more-than-none", &[code::SUCCESS]),
    ("/interim", &[code::SUCCESS]),
    // An answer to an upload that is not read.
    ("/early", &[code::SUCCESS]),
    ("/close", &[code::REQUEST_ERROR]),
    ("/cut-head", &[code::REQUEST_ERROR]),
    ("/garbage", &[code::REQUEST_ERROR]),
    ("/two-lengths", &[code::REQUEST_ERROR]),
    ("/reset", &[code::REQUEST_ERROR]),
    ("/cut-body", &[code::INCOMPLETE_BODY]),
    ("/bad-chunk", &[code::INCOMPLETE_BODY]),
    ("/silent", &[code::TIMEOUT]),
    ("/cancelled", &[code::CANCELLED]),
];

/// Of so many requests one is to a server that stays silent, which takes its time.
const SILENT_IN: u64 = 50;

const LARGE: usize = 200_000;

/// Enough that some of it is not sent when the answer comes.
const UPLOAD: usize = 256 * 1024;

/// An answer that nobody asked for.
const STOLEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen";

/// The body of an answer to the request with this mark.
fn body(path: &str, mark: &str) -> Vec<u8> {
    match path {
        "/large" => mark.bytes().cycle().take(LARGE).collect(),
        "/more-than-none" => Vec::new(),
        _ => mark.into(),
    }
}

/// A head with a `Content-Length` and the body behind it.
fn answer(path: &str, mark: &str) -> Vec<u8> {
    let body = body(path, mark);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

fn script(conn: &mut RawConn<'_>) -> io::Result<()> {
    loop {
        let head = conn.read_head()?;
        let head = String::from_utf8_lossy(&head);
        let target = head.split(' ').nth(1).unwrap_or_default();
        let (path, mark) = target.split_once('?').unwrap_or((target, ""));
        let whole = answer(path, mark);
        let chunks = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{mark}\r\n0\r\n\r\n",
            mark.len()
        );
        match path {
            "/ok" | "/large" => conn.write_all(&whole)?,
            "/chunked" => conn.write_all(chunks.as_bytes())?,
            "/until-close" => {
                return conn.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{mark}").as_bytes());
            }
            "/redirect" => conn.write_all(
                format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nLocation: /ok?{mark}\r\nContent-Length: 0\r\n\r\n"
                )
                .as_bytes(),
            )?,
            "/more" => conn.write_together(&[&[&whole, STOLEN].concat()])?,
            "/more-records" => conn.write_together(&[&whole, STOLEN])?,
            "/more-in-part" => {
                let wire = conn.encode(&[&whole, STOLEN])?;
                let (now, later) = wire.split_at(wire.len() - 1);
                conn.write_wire(now)?;
                // Nothing comes, unless the client uses the connection again.
                conn.read_head()?;
                conn.write_wire(later)?;
                return Ok(());
            }
            "/more-chunks" => conn.write_together(&[chunks.as_bytes(), STOLEN])?,
            "/more-than-none" => {
                conn.write_together(&[b"HTTP/1.1 204 No Content\r\n\r\n", STOLEN])?;
            }
            "/interim" => conn.write_together(&[b"HTTP/1.1 100 Continue\r\nVia: a\r\n\r\n", &whole])?,
            // The rest of the upload is read away when the script is over.
            "/early" => {
                let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
                return conn.write_together(&[&[head, mark.as_bytes()].concat()]);
            }
            "/cut-head" => return conn.write_all(b"HTTP/1.1 200 OK\r\nConte"),
            "/garbage" => return conn.write_all(b"\0\xff hello\r\n\r\n"),
            "/two-lengths" => conn.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
            )?,
            "/reset" => return conn.reset(),
            "/cut-body" => {
                return conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
            }
            "/bad-chunk" => conn.write_all(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\nok",
            )?,
            "/silent" | "/cancelled" => {
                conn.wait_for_end();
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
}

/// A small generator of numbers that only have to look random (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// What the process holds.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub files: usize,
    pub threads: usize,
    pub memory: usize,
}

impl Held {
    fn now() -> Held {
        let count = |directory| std::fs::read_dir(directory).map_or(0, Iterator::count);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kib: usize = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap_or(0);
        Held {
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            memory: kib * 1024,
        }
    }
}

/// What came of a soak.
#[derive(Debug)]
pub struct Figures {
    pub requests: u64,
    pub took: Duration,
    /// After half as many requests as were measured, and after them.
    pub before: Held,
    pub after: Held,
    /// How often each fault was played.
    pub faults: Vec<(&'static str, u64)>,
}

struct Setup {
    servers: [TestServer; 2],
    client: HttpClient,
}

fn setup() -> Setup {
    let ca = TestCa::new();
    Setup {
        servers: [
            TestServer::http().raw(script),
            TestServer::https(&ca).raw(script),
        ],
        client: trusting(&ca),
    }
}

impl Setup {
    fn guest(&self, timeout: Duration) -> (Guest, wasi_experimental_http_wasmtime::CancelHandle) {
        let mut http = HttpCtx::builder();
        for server in &self.servers {
            http.try_allowed_host(&server.origin()).expect("an origin");
        }
        let http = http
            .client(self.client.clone())
            .response_timeout(Some(timeout))
            .build();
        let cancel = http.cancel_handle();
        (Guest::new(http), cancel)
    }

    /// Sends requests of one thread.
    fn run(&self, requests: u64, seed: u64, counts: &[AtomicU64]) {
        let mut random = Random(seed);
        let upload = vec![b'a'; UPLOAD];
        let (mut guest, mut cancel) = self.guest(PATIENCE);
        for number in 1..=requests {
            if number % REQUESTS_OF_A_STORE == 0 {
                (guest, cancel) = self.guest(PATIENCE);
            }
            let quick = FAULTS.len() as u64 - 2;
            let index = match random.below(SILENT_IN) {
                0 => quick + random.below(2),
                _ => random.below(quick),
            };
            let index = usize::try_from(index).expect("an index");
            let (path, expected) = FAULTS[index];
            // As no other request has it.
            let mark = format!("{seed}-{number}");
            let target = format!("{path}?{mark}");
            let url = self.servers[usize::from(random.below(2) == 0)].url(&target);
            let expected_body = body(path, &mark);
            // Of some another request of the store is on its way at the same time.
            let beside = (random.below(2) == 0).then(|| {
                let mark = format!("{mark}-beside");
                let server = &self.servers[usize::from(random.below(2) == 0)];
                (server.url(&format!("/ok?{mark}")), mark.into_bytes())
            });
            let get = |guest: &mut Guest| match &beside {
                None => guest.fetch_whole("GET", &url, b"", &expected_body),
                Some((other, mark)) => guest.fetch_beside(&url, &expected_body, other, mark),
            };
            let given = match path {
                // Alone, since a busy server may not answer another in so short a time either.
                "/silent" => self.guest(Duration::from_millis(20)).0.fetch_whole(
                    "GET",
                    &url,
                    b"",
                    &expected_body,
                ),
                "/early" if random.below(2) == 0 => {
                    guest.upload_whole(&url, &upload, &expected_body)
                }
                "/early" => guest.fetch_whole("POST", &url, &upload, &expected_body),
                "/cancelled" => thread::scope(|scope| {
                    let cancel = &cancel;
                    scope.spawn(move || {
                        thread::sleep(Duration::from_millis(5));
                        cancel.cancel();
                    });
                    get(&mut guest)
                }),
                // Some are left in the middle of their bodies, or open.
                "/large" if random.below(2) == 0 => guest.fetch(&url).map_or_else(
                    |code| code,
                    |opened| {
                        let read = guest.read(opened.handle, 1000);
                        if let Ok(read) = &read {
                            assert!(expected_body.starts_with(read), "{url}: another's answer");
                        }
                        if random.below(4) > 0 {
                            guest.call_close(opened.handle);
                        }
                        read.err().unwrap_or(code::SUCCESS)
                    },
                ),
                _ => get(&mut guest),
            };
            if path == "/cancelled" {
                guest.store.data_mut().resume();
            }
            assert!(expected.contains(&given), "{url}: code {given}");
            counts[index].fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Guest {
    /// Sends a request, reads the body, which is this one if it is whole, and closes: the code of
    /// what failed.
    fn fetch_whole(&mut self, method: &str, url: &str, body: &[u8], expected: &[u8]) -> u32 {
        match self.send(method, url, "", body) {
            Err(code) => code,
            Ok(opened) => self.read_whole(opened.handle, url, expected),
        }
    }

    /// Reads what a handle gives, and closes it.
    fn read_whole(&mut self, handle: u32, url: &str, expected: &[u8]) -> u32 {
        let read = self.read_all(handle);
        self.call_close(handle);
        if let Ok(read) = &read {
            assert!(read == expected, "{url}: another's answer");
        }
        read.err().unwrap_or(code::SUCCESS)
    }

    /// The same with another request on its way, which is answered well unless the store is
    /// cancelled. The one that is ready first is read first.
    fn fetch_beside(&mut self, url: &str, expected: &[u8], other: &str, mark: &[u8]) -> u32 {
        let (Ok(one), Ok(two)) = (self.start("GET", url, 0), self.start("GET", other, 0)) else {
            // Cancelled already.
            return code::CANCELLED;
        };
        let waits = [(one, event::RESPONSE), (two, event::RESPONSE)];
        let ready = self.poll(&waits, u64::MAX);
        let other_first = ready.is_ok_and(|ready| ready[0] == 0);
        if other_first {
            let given = self.read_whole(two, other, mark);
            assert!(
                [code::SUCCESS, code::CANCELLED].contains(&given),
                "{other}: {given}"
            );
        }
        let given = self.read_whole(one, url, expected);
        if !other_first {
            let given = self.read_whole(two, other, mark);
            assert!(
                [code::SUCCESS, code::CANCELLED].contains(&given),
                "{other}: {given}"
            );
        }
        given
    }

    /// Sends a body in pieces, until the server wants no more.
    fn upload_whole(&mut self, url: &str, body: &[u8], expected: &[u8]) -> u32 {
        match self.start("POST", url, ANY) {
            Err(code) => code,
            Ok(handle) => {
                for piece in body.chunks(10_000) {
                    if self.write_all(handle, piece).is_err() {
                        break;
                    }
                }
                let finished = self.finish(handle);
                assert_eq!(finished, Ok(()), "{url}");
                self.read_whole(handle, url, expected)
            }
        }
    }
}

/// Sends requests with a client and servers of their own. What is held afterwards, once no more
/// threads are there than before, or they do not end.
fn run_once(requests: u64, threads: u64, counts: &[AtomicU64]) -> Held {
    let threads_before = Held::now().threads;
    let setup = setup();
    thread::scope(|scope| {
        for thread in 0..threads {
            let share = requests / threads + u64::from(thread < requests % threads);
            let setup = &setup;
            scope.spawn(move || setup.run(share, thread, counts));
        }
    });
    // Every store is gone; what is idle in the pool goes with the client.
    let Setup { servers, client } = setup;
    drop(client);
    for server in &servers {
        server.wait_for_open_connections(0);
    }
    drop(servers);
    let ended = Instant::now();
    while Held::now().threads > threads_before && ended.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(10));
    }
    Held::now()
}

/// Sends so many requests, after half as many for what is used once.
pub fn soak(requests: u64, threads: u64) -> Figures {
    // The compiler has threads of its own, which stay.
    drop(Guest::new(HttpCtx::builder().build()));
    let counts: Vec<AtomicU64> = FAULTS.iter().map(|_| AtomicU64::new(0)).collect();
    let before = run_once((requests / 2).max(threads), threads, &counts);
    for count in &counts {
        count.store(0, Ordering::Relaxed);
    }
    let started = Instant::now();
    let after = run_once(requests, threads, &counts);
    Figures {
        requests,
        took: started.elapsed(),
        before,
        after,
        faults: FAULTS
            .iter()
            .zip(&counts)
            .map(|((path, _), count)| (*path, count.load(Ordering::Relaxed)))
            .collect(),
    }
}

#[allow(dead_code, reason = "the test of this soak has no main function")]
fn main() {
    let (mut requests, mut threads) = (100_000, 8);
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        match (option.as_str(), value) {
            ("--requests", Some(value)) => requests = value,
            ("--threads", Some(value @ 1..)) => threads = value,
            _ => {
                eprintln!("usage: soak [--requests N] [--threads N]");
                std::process::exit(2);
            }
        }
    }
    let Figures {
        requests,
        took,
        before,
        after,
        faults,
    } = soak(requests, threads);
    println!("{requests} requests in {threads} threads took {took:.1?}");
    for (name, before, after) in [
        ("open files", before.files, after.files),
        ("threads", before.threads, after.threads),
        ("resident KiB", before.memory / 1024, after.memory / 1024),
    ] {
        println!("{name}: {before} before, {after} after");
    }
    for (path, count) in faults {
        println!("{count:>8} {path}");
    }
}

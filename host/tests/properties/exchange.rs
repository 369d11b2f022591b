//! Requests of several stores over the same connections, TCP and TLS, to a server that sends any
//! bytes, cut anywhere: what a guest gets is the server's answer to its request, or an error.
//!
//! Whatever the server sends for a request carries the number that it saw in the request's target:
//! in the status, in a header, in the body. All that belongs to one request is sent before the next
//! one begins, since bytes that come later over plain TCP no client can tell from an answer.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, LazyLock, Mutex};
use std::time::Duration;

use wasi_experimental_http_test_server::{RawConn, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::{ANY, Guest, Opened, event, trusting};

/// Requests of one input, so that a number is a digit.
const MAX_REQUESTS: usize = 6;

/// What no answer takes that is there. Those that are not whole end with it.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the server does with one request.
#[derive(Debug, Clone, Default)]
struct Plan {
    /// In TLS each is a record.
    pieces: Vec<Vec<u8>>,
    /// Sent once the guest has done with the answer, before the next request.
    late: Vec<Vec<u8>>,
    /// After so many bytes on the wire the system call ends.
    cut: usize,
    /// In TLS so many bytes of the last record are sent with what follows the next request, or
    /// never. One byte of it at least is there before, for the client to find.
    held_back: usize,
    closes: bool,
}

#[derive(Default)]
struct Play {
    plans: Vec<Plan>,
    /// How many times each request has come, and how many times the server is done with it.
    begun: [usize; MAX_REQUESTS],
    done: [usize; MAX_REQUESTS],
    /// Requests that the guest is done with.
    finished: usize,
    /// The numbers of the connections that requests came over. Other plays have others.
    connections: HashSet<u64>,
}

#[derive(Default)]
struct Plays {
    plays: Mutex<HashMap<u64, Play>>,
    changed: Condvar,
}

static PLAYS: LazyLock<Plays> = LazyLock::new(Plays::default);
static NEXT: AtomicU64 = AtomicU64::new(0);
static CA: LazyLock<TestCa> = LazyLock::new(TestCa::new);
static SERVERS: LazyLock<[TestServer; 2]> = LazyLock::new(|| {
    [
        TestServer::http().raw(script),
        TestServer::https(&CA).raw(script),
    ]
});

fn script(conn: &mut RawConn<'_>) -> io::Result<()> {
    let mut held_back = Vec::new();
    loop {
        let request = conn.read_request()?;
        let mut parts = request.target[1..].split('/').map(str::parse::<u64>);
        let (Some(Ok(play)), Some(Ok(number))) = (parts.next(), parts.next()) else {
            return Ok(());
        };
        let number = usize::try_from(number).unwrap_or(0);
        let plan = {
            let mut plays = PLAYS.plays.lock().unwrap();
            let Some(play) = plays.get_mut(&play) else {
                return Ok(());
            };
            play.begun[number] += 1;
            play.connections.insert(conn.number());
            play.plans[number].clone()
        };
        let played = follow(conn, &plan, play, number, &mut held_back);
        if let Some(play) = PLAYS.plays.lock().unwrap().get_mut(&play) {
            play.done[number] += 1;
        }
        PLAYS.changed.notify_all();
        played?;
        if plan.closes {
            return conn.close();
        }
    }
}

/// Sends what is planned for a request.
fn follow(
    conn: &mut RawConn<'_>,
    plan: &Plan,
    play: u64,
    number: usize,
    held_back: &mut Vec<u8>,
) -> io::Result<()> {
    let encode = |conn: &mut RawConn<'_>, pieces: &[Vec<u8>]| {
        conn.encode(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let mut wire = std::mem::take(held_back);
    let (last, others) = plan.pieces.split_last().expect("a piece");
    wire.extend(encode(conn, others)?);
    let mut last = conn.encode(&[last])?;
    if plan.late.is_empty() {
        let held = plan.held_back.min(last.len().saturating_sub(1));
        *held_back = last.split_off(last.len() - held);
    }
    wire.extend(last);
    let (first, second) = wire.split_at(plan.cut.min(wire.len()));
    conn.write_wire(first)?;
    conn.write_wire(second)?;
    if !plan.late.is_empty() {
        let plays = PLAYS.plays.lock().unwrap();
        let over = |plays: &mut HashMap<u64, Play>| {
            plays.get(&play).is_some_and(|play| play.finished <= number)
        };
        drop(PLAYS.changed.wait_while(plays, over).unwrap());
        let wire = encode(conn, &plan.late)?;
        conn.write_wire(&wire)?;
    }
    Ok(())
}

/// Reads a plan out of the input of a fuzzer.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A piece of an answer to the request of this number. Only marks are digits behind `<`.
    fn piece(&mut self, number: usize, out: &mut Vec<u8>) -> Option<()> {
        let head = format!("HTTP/1.1 22{number} <{number}>\r\nX-Mark: <{number}>\r\n");
        let mark = format!("<{number}>");
        let text: String = match self.byte()? % 16 {
            0 | 1 => format!("{head}Content-Length: 3\r\n\r\n{mark}"),
            2 => format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\n{mark}\r\n0\r\n\r\n"),
            3 => format!("{head}Content-Length: 0\r\n\r\n"),
            4 => format!("{head}\r\n"),
            5 => format!("{head}Content-Length: 6\r\n\r\n{mark}"),
            6 => format!("HTTP/1.1 103 Hints\r\nX-Mark: {mark}\r\n\r\n"),
            7 => format!("{head}Content-Length: {}\r\n\r\n", self.byte()?),
            8 => format!("HTTP/1.1 204 No\r\nX-Mark: {mark}\r\n\r\n"),
            9 => mark.repeat(usize::from(self.byte()?)),
            10 => "0\r\n\r\n".to_owned(),
            11 => "\r\n".to_owned(),
            12 => format!("{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            13 => format!("{head}X-Open: "),
            14 => format!("{head}Content-Length: 30000\r\n\r\n{}", mark.repeat(10_000)),
            _ => {
                for _ in 0..self.byte()? % 16 {
                    // A mark comes from the server alone.
                    out.push(self.byte()?);
                    out.iter_mut()
                        .filter(|byte| **byte == b'<')
                        .for_each(|byte| *byte = b'-');
                }
                String::new()
            }
        };
        out.extend(text.bytes());
        Some(())
    }

    fn pieces(&mut self, number: usize, count: u8) -> Option<Vec<Vec<u8>>> {
        let mut pieces = Vec::new();
        for _ in 0..count {
            let mut piece = Vec::new();
            self.piece(number, &mut piece)?;
            pieces.push(piece);
        }
        Some(pieces)
    }

    fn plan(&mut self, number: usize, tls: bool) -> Option<Plan> {
        let kind = self.byte()?;
        Some(Plan {
            pieces: self.pieces(number, 1 + kind % 4)?,
            late: self.pieces(number, if kind & 0x10 == 0 { 0 } else { 1 })?,
            cut: usize::from(self.byte()?),
            held_back: if tls && kind & 0x20 != 0 {
                usize::from(self.byte()? % 64)
            } else {
                0
            },
            closes: kind & 0xc0 == 0xc0,
        })
    }
}

/// Panics if a part of an answer is that to another request.
fn assert_marks(number: usize, bytes: &[u8], context: &str) {
    for found in bytes.windows(3) {
        if let [b'<', digit @ b'0'..=b'9', b'>'] = found {
            assert_eq!(usize::from(digit - b'0'), number, "{context}");
        }
    }
}

/// Plays an input. Gives how many answers were whole, and over how many connections.
pub fn run(input: &[u8]) -> (usize, usize) {
    let mut input = Input(input);
    let tls = input.byte().unwrap_or(0) % 2 == 1;
    let mut plans = Vec::new();
    let mut asks = Vec::new();
    while plans.len() < MAX_REQUESTS
        && let Some(ask) = input.byte()
        && let Some(plan) = input.plan(plans.len(), tls)
    {
        plans.push(plan);
        asks.push(ask);
    }
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let context = format!("tls: {tls}, {plans:?}");
    let play = Play {
        plans,
        ..Play::default()
    };
    PLAYS.plays.lock().unwrap().insert(id, play);
    let server = &SERVERS[usize::from(tls)];
    let client = trusting(&CA);
    let mut guests: Vec<Guest> = (0..2).map(|_| guest(server, &client)).collect();
    let mut whole = 0;
    for (number, ask) in asks.iter().enumerate() {
        let guest = &mut guests[number % 2];
        let method = ["GET", "HEAD", "POST", "GET"][usize::from(ask % 4)];
        let url = server.url(&format!("/{id}/{number}"));
        // Some are waited for, and of some the body is written while the answer may come already.
        let opened = if ask & 8 == 0 {
            guest.send(method, &url, "", b"")
        } else {
            start(guest, method, &url, ask & 4 == 0)
        };
        if let Ok(opened) = opened {
            if let status @ 220..=229 = opened.status {
                assert_eq!(usize::from(status) - 220, number, "{context}");
            }
            let headers = guest.headers(opened.handle).unwrap();
            assert_marks(number, &headers, &context);
            // Some are read, some in part, some are left open.
            if ask & 0x30 == 0x30 {
                guest.call_close(opened.handle);
            } else {
                let mut body = Vec::new();
                let ended = loop {
                    match guest.read(opened.handle, 1000) {
                        Ok(piece) if piece.is_empty() => break true,
                        Ok(piece) => body.extend(piece),
                        Err(_) => break false,
                    }
                };
                assert_marks(number, &body, &context);
                whole += usize::from(ended);
            }
        }
        // The server sends all of it before the next request begins.
        let mut plays = PLAYS.plays.lock().unwrap();
        plays.get_mut(&id).unwrap().finished = number + 1;
        PLAYS.changed.notify_all();
        let busy = |plays: &mut HashMap<u64, Play>| plays[&id].done != plays[&id].begun;
        let wait = PLAYS.changed.wait_timeout_while(plays, 20 * PATIENCE, busy);
        assert!(
            !wait.unwrap().1.timed_out(),
            "the server is stuck: {context}"
        );
    }
    let play = PLAYS.plays.lock().unwrap().remove(&id).unwrap();
    PLAYS.changed.notify_all();
    (whole, play.connections.len())
}

/// Sends a request without waiting, with a body in two pieces if it has one, and waits for its
/// response.
fn start(guest: &mut Guest, method: &str, url: &str, has_body: bool) -> Result<Opened, u32> {
    let handle = guest.start(method, url, if has_body { ANY } else { 0 })?;
    if has_body {
        for _ in 0..2 {
            // An answer ends it.
            let _ = guest.write(handle, b"a piece");
        }
        guest.poll(&[(handle, event::RESPONSE)], 1_000_000)?;
        guest.finish(handle)?;
    }
    let status = guest.wait(handle)?;
    Ok(Opened { status, handle })
}

fn guest(server: &TestServer, client: &HttpClient) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .try_allowed_host(&server.origin())
        .expect("the origin of a server")
        .response_timeout(Some(PATIENCE))
        .read_timeout(Some(PATIENCE))
        .max_redirects(0);
    Guest::new(http.build())
}

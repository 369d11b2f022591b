//! Measures the race that every client of HTTP/1.1 has: a server that sends an answer unasked, at
//! about the time at which its idle connection is used again. What comes before the connection is
//! looked at closes it; what comes after is taken for the answer. Counted beside native `ureq`, whose
//! pool looks at connections as well.
//!
//!     cargo run --release -p wasi-experimental-http-wasmtime --example race -- 20000

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use common::{Guest, ctx};
use wasi_experimental_http_test_server::{RawConn, TestServer};

/// The unasked answer comes within so many microseconds of the first one, and so does the second
/// request.
const WINDOW: u64 = 400;

fn answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Answers each request with its target; behind that to `/then?N`, `N` microseconds later, it sends
/// an answer that nobody asked for.
fn script(conn: &mut RawConn<'_>) -> io::Result<()> {
    loop {
        let head = conn.read_head()?;
        let head = String::from_utf8_lossy(&head);
        let target = head.split(' ').nth(1).unwrap_or_default();
        conn.write_all(answer(target).as_bytes())?;
        if let Some(delay) = target.strip_prefix("/then?") {
            wait(delay.parse().unwrap_or(0));
            conn.write_all(answer("stolen").as_bytes())?;
        }
    }
}

/// Sleeping is not exact enough.
fn wait(micros: u64) {
    let end = Instant::now() + Duration::from_micros(micros);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// What came of second requests.
#[derive(Default)]
struct Counted {
    right: u64,
    stolen: u64,
    failed: u64,
}

fn count(tries: u64, server: &TestServer, mut get: impl FnMut(&str) -> Option<String>) -> Counted {
    let mut counted = Counted::default();
    let mut state = 1_u64;
    let mut random = || {
        // A linear congruential generator is random enough (Knuth's MMIX).
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % WINDOW
    };
    for number in 0..tries {
        let first = format!("/then?{}", random());
        if get(&server.url(&first)).as_deref() != Some(&*first) {
            // What came behind the one before.
            continue;
        }
        wait(random());
        let second = format!("/ok?{number}");
        match get(&server.url(&second)) {
            Some(body) if body == second => counted.right += 1,
            Some(_) => counted.stolen += 1,
            None => counted.failed += 1,
        }
        // The next pair begins with a new connection.
        server.close_connections();
        server.wait_for_open_connections(0);
    }
    counted
}

fn main() {
    let tries = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let tries = tries.unwrap_or(20_000);
    let server = TestServer::http().raw(script);

    let mut guest = Guest::new(ctx(&[&server]));
    let ours = count(tries, &server, |url| {
        let opened = guest.fetch(url).ok()?;
        let body = guest.read_all(opened.handle).ok();
        guest.call_close(opened.handle);
        String::from_utf8(body?).ok()
    });
    let agent = ureq::Agent::new_with_defaults();
    let native = count(tries, &server, |url| {
        agent
            .get(url)
            .call()
            .ok()?
            .into_body()
            .read_to_string()
            .ok()
    });
    for (
        name,
        Counted {
            right,
            stolen,
            failed,
        },
    ) in [("ours", ours), ("ureq", native)]
    {
        println!("{name}: {right} right, {stolen} taken for the answer, {failed} failed");
    }
}

//! A guest that calls the functions in any order, with any parameters.

use std::sync::LazyLock;
use std::time::Duration;

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::limits::MAX_FINISHED_RESPONSES;
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

use crate::common::{
    ANY, BODY, BUFFER, Guest, HANDLE, HEADERS, MEMORY, METHOD, NAME, OPTIONS, STATUS, URL, WRITTEN,
    option,
};

/// The highest code of the WITX.
const MAX_CODE: u32 = 20;

const MAX_OPEN: usize = 4;

/// How long a request may take that is not waited for, in nanoseconds: a body that is never finished
/// would be waited for as long.
const STARTED_TIMEOUT: u64 = 20_000_000;

static SERVER: LazyLock<TestServer> = LazyLock::new(|| TestServer::http().start());
static CLIENT: LazyLock<HttpClient> = LazyLock::new(HttpClient::new);

/// Routes that answer at once.
const PATHS: [&str; 8] = [
    "/get",
    "/echo",
    "/bytes/5000",
    "/chunked/5000?chunk=7",
    "/close/100",
    "/response-headers/repeated",
    "/redirect/2",
    "/lying-length",
];

/// Reads parameters out of the input of a fuzzer.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A pointer, a length or a handle: mostly at an edge or in an area that is used.
    fn number(&mut self) -> Option<u32> {
        let offset = u32::from(self.byte()?);
        let near = |edge: u32| edge.wrapping_add(offset % 16).wrapping_sub(8);
        Some(match self.byte()? % 16 {
            0 => offset,
            1 => near(0),
            2 => near(MEMORY),
            3 => near(u32::MAX),
            4 => near(1 << 31),
            5 => near(STATUS),
            6 => near(NAME),
            7 => near(METHOD),
            8 => near(URL),
            9 => near(HEADERS),
            10 => near(BODY),
            11 => near(BUFFER),
            12 => offset * 1000,
            13 => MEMORY - offset * 1000,
            _ => offset % 6,
        })
    }
}

/// Plays a sequence of calls. Panics if the host traps, panics, or gives what it must not.
pub fn run(input: &[u8]) {
    let http = HttpCtx::builder()
        .client(CLIENT.clone())
        .try_allowed_host(&SERVER.origin())
        .expect("the origin of a server")
        .max_concurrent_requests(MAX_OPEN)
        .max_request_body_bytes(Some(1 << 20))
        .timeout(Some(Duration::from_secs(30)))
        .build();
    let mut guest = Guest::new(http);
    play(&mut guest, &mut Input(input));
    drop(guest);
}

fn play(guest: &mut Guest, input: &mut Input<'_>) -> Option<()> {
    let mut last_handle = 0;
    loop {
        let function = input.byte()?;
        let code = match function % 17 {
            // A request that is well-formed but for a parameter or two.
            0..=2 => {
                let path = PATHS[usize::from(input.byte()?) % PATHS.len()];
                let url = SERVER.url(path);
                let mut args = guest.place(url.as_bytes(), b"POST", b"a:b\nc:d", b"hello");
                for _ in 0..function / 17 % 3 {
                    let index = usize::from(input.byte()?) % args.len();
                    args[index] = input.number()?;
                }
                let code = guest.call_req(args);
                if code == 0 && args[9] == HANDLE {
                    let handle = guest.get_u32(HANDLE);
                    assert_eq!(handle, last_handle + 1, "handles are given out in order");
                    last_handle = handle;
                } else if code == 0 {
                    last_handle += 1;
                }
                code
            }
            3 => {
                let mut args = [0; 10];
                for arg in &mut args {
                    *arg = input.number()?;
                }
                let code = guest.call_req(args);
                assert_ne!(code, 0, "no such URL is allowed: {args:?}");
                code
            }
            4 => {
                let code = guest.call_close(input.number()?);
                assert_eq!(code, 0, "closing never fails");
                code
            }
            5 => {
                let mut args = [0; 6];
                for arg in &mut args {
                    *arg = input.number()?;
                }
                guest.call_header_get(args)
            }
            6 => {
                let args = [
                    input.number()?,
                    input.number()?,
                    input.number()?,
                    input.number()?,
                ];
                guest.call_headers_get_all(args)
            }
            7 => {
                let mut args = [0; 5];
                for arg in &mut args {
                    *arg = input.number()?;
                }
                guest.call_response_get(args)
            }
            8 => {
                let args = [
                    input.number()?,
                    input.number()?,
                    input.number()?,
                    input.number()?,
                ];
                guest.call_error_get(args)
            }
            // A request that is not waited for, with a body of some length.
            9 | 10 => {
                let path = PATHS[usize::from(input.byte()?) % PATHS.len()];
                let len = [0, 5, 100, 1 << 19, 1 << 21, ANY][usize::from(input.byte()?) % 6];
                let key = u32::from(input.byte()?) % 8;
                let options = [
                    (option::TIMEOUT, STARTED_TIMEOUT),
                    (key, u64::from(input.number()?)),
                ];
                match guest.start_with("POST", &SERVER.url(path), "a:b", &options, len) {
                    Ok(handle) => {
                        assert_eq!(handle, last_handle + 1, "handles are given out in order");
                        last_handle = handle;
                        0
                    }
                    Err(code) => code,
                }
            }
            11 => {
                let mut args = [0; 9];
                for arg in &mut args {
                    *arg = input.number()?;
                }
                let [a, b, c, d, e, f, g, h, i] = args;
                let len = u64::from(a) << 32;
                let code = guest.call_request_start((a, b, c, d, e, f, g, h, len, i));
                assert_ne!(code, 0, "no such URL is allowed: {args:?}");
                code
            }
            12 => {
                let args = [input.number()?, input.number()?, input.number()?, WRITTEN];
                let code = guest.call_body_write(args);
                if code == 0 {
                    assert!(guest.get_u32(WRITTEN) <= args[2], "{args:?}");
                    assert!(guest.get_u32(WRITTEN) > 0 || args[2] == 0, "{args:?}");
                }
                code
            }
            13 => guest.call_body_finish(input.number()?),
            14 => guest.call_response_wait(input.number()?, input.number()?),
            15 => {
                let places = [OPTIONS, BUFFER, input.number()?];
                let records = places[usize::from(input.byte()?) % places.len()];
                let timeout = u64::from(input.byte()?) * 1000;
                for index in 0..4 {
                    let handle = input.number()?.to_le_bytes();
                    guest.put(OPTIONS + 8 * index, &handle);
                    guest.put(OPTIONS + 8 * index + 4, &[input.byte()? % 9]);
                }
                let count = input.number()?;
                let code = guest.call_poll(records, count, timeout, WRITTEN);
                if code == 0 {
                    assert!(guest.get_u32(WRITTEN) <= count, "{count}");
                }
                code
            }
            _ => {
                let args = [input.number()?, input.number()?, input.number()?, WRITTEN];
                let code = match function / 17 % 2 {
                    0 => guest.call_body_read(args),
                    _ => guest.call_body_read_some(args),
                };
                if code == 0 {
                    assert!(guest.get_u32(WRITTEN) <= args[2], "{args:?}");
                }
                code
            }
        };
        assert!(code <= MAX_CODE, "{code}");
        let most = MAX_OPEN + MAX_FINISHED_RESPONSES;
        assert!(guest.store.data().open_responses() <= most);
    }
}

//! A guest that a test drives call by call, and the error codes of the WITX.

#![allow(dead_code, reason = "each test binary uses a part of this")]

pub mod network;
pub mod node;
pub mod servers;
pub mod trace;

use std::pin::pin;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};
use wasmtime::{Config, Engine, Linker, Memory, Module, Store, TypedFunc, WasmParams, WasmResults};

/// The codes of `$http_error`, as old guests know them: numbers that never change.
pub mod code {
    pub const SUCCESS: u32 = 0;
    pub const INVALID_HANDLE: u32 = 1;
    pub const MEMORY_NOT_FOUND: u32 = 2;
    pub const MEMORY_ACCESS_ERROR: u32 = 3;
    pub const BUFFER_TOO_SMALL: u32 = 4;
    pub const HEADER_NOT_FOUND: u32 = 5;
    pub const UTF8_ERROR: u32 = 6;
    pub const DESTINATION_NOT_ALLOWED: u32 = 7;
    pub const INVALID_METHOD: u32 = 8;
    pub const INVALID_ENCODING: u32 = 9;
    pub const INVALID_URL: u32 = 10;
    pub const REQUEST_ERROR: u32 = 11;
    pub const RUNTIME_ERROR: u32 = 12;
    pub const TOO_MANY_SESSIONS: u32 = 13;
    pub const TIMEOUT: u32 = 14;
    pub const BODY_TOO_LARGE: u32 = 15;
    pub const INCOMPLETE_BODY: u32 = 16;
    pub const CANCELLED: u32 = 17;
    pub const INVALID_OPTION: u32 = 18;
    pub const BODY_CLOSED: u32 = 19;
    pub const NOT_STARTED: u32 = 20;
}

/// The keys of `$request_option`.
pub mod option {
    pub const TIMEOUT: u32 = 0;
    pub const CONNECT_TIMEOUT: u32 = 1;
    pub const RESPONSE_TIMEOUT: u32 = 2;
    pub const READ_TIMEOUT: u32 = 3;
    pub const MAX_REDIRECTS: u32 = 4;
    pub const MAX_RESPONSE_BODY: u32 = 5;
}

/// The flags of `$events`.
pub mod event {
    pub const RESPONSE: u8 = 1;
    pub const READABLE: u8 = 2;
    pub const WRITABLE: u8 = 4;
}

/// The length of a body that is sent in chunks, and the timeout that is none.
pub const ANY: u64 = u64::MAX;

/// The names of `$reason`, by their numbers, which never change.
pub const REASONS: [&str; 25] = [
    "none",
    "not_allowed",
    "denied_by_rule",
    "not_public",
    "name_not_found",
    "name_lookup_failed",
    "connection_refused",
    "unreachable",
    "connection_closed",
    "tls_certificate",
    "tls",
    "invalid_response",
    "response_too_large",
    "too_many_redirects",
    "redirect",
    "timeout_connect",
    "timeout_response",
    "timeout_read",
    "timeout_total",
    "too_many_open",
    "too_many_in_flight",
    "body_too_large",
    "incomplete_body",
    "cancelled",
    "misuse",
];

/// The cases of `$response_fact`.
pub mod fact {
    pub const URL: u32 = 0;
    pub const VERSION: u32 = 1;
    pub const PEER: u32 = 2;
    pub const REDIRECTS: u32 = 3;
}

/// The size of the guest's memory, in bytes.
pub const MEMORY: u32 = 4 * 1024 * 1024;

// Where things are in it. Out-pointers first, then text, then the two large areas.
pub const STATUS: u32 = 0x10;
pub const HANDLE: u32 = 0x20;
pub const WRITTEN: u32 = 0x30;
pub const REASON: u32 = 0x40;
pub const NAME: u32 = 0x100;
pub const OPTIONS: u32 = 0x800;
pub const SUBSCRIPTIONS: u32 = 0x60000;
pub const METHOD: u32 = 0x1000;
pub const URL: u32 = 0x2000;
pub const HEADERS: u32 = 0x20000;
pub const BODY: u32 = 0x100000;
pub const BUFFER: u32 = 0x200000;
/// To the end of the memory.
pub const BUFFER_LEN: u32 = MEMORY - BUFFER;

/// What a guest exports under the name `memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    Memory,
    SharedMemory,
    /// 512 MiB, of which the system has none before it is touched.
    LargeSharedMemory,
    Nothing,
    MemoryOfAnotherName,
    AGlobal,
}

impl Export {
    fn module(self, engine: &Engine) -> Module {
        let (memory, more) = match self {
            Export::Memory => ("(memory (export \"memory\") 64)", MORE),
            Export::SharedMemory => ("(memory (export \"memory\") 64 64 shared)", MORE),
            Export::LargeSharedMemory => ("(memory (export \"memory\") 8192 8192 shared)", MORE),
            Export::Nothing => ("", ""),
            Export::MemoryOfAnotherName => ("(memory (export \"memory0\") 64)", MORE),
            Export::AGlobal => (
                "(memory 64) (global (export \"memory\") i32 (i32.const 0))",
                MORE,
            ),
        };
        let text = GUEST.replace("{memory}", memory).replace("{more}", more);
        Module::new(engine, text).expect("a module")
    }
}

const GUEST: &str = include_str!("guest.wat");
const MORE: &str = include_str!("more.wat");

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.wasm_threads(true).shared_memory(true);
    Engine::new(&config).expect("an engine")
});

/// Says to a process with tests that guests run in asynchronous stores.
const ASYNC_VARIABLE: &str = "WASI_HTTP_TEST_ASYNC";

static ASYNC: LazyLock<bool> = LazyLock::new(|| std::env::var_os(ASYNC_VARIABLE).is_some());

/// Runs all other tests of this binary with guests in asynchronous stores, of which each call is
/// waited for without a runtime. `name` is that of the test that calls this.
pub fn run_asynchronously(name: &str) {
    if *ASYNC {
        return;
    }
    let binary = std::env::current_exe().unwrap();
    let mut command = Command::new(binary);
    let output = command
        .args(["--skip", name])
        .env(ASYNC_VARIABLE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains(" 0 passed"), "{text}");
}

/// Runs a future on this thread alone.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Calls a function of the guest, which must not trap.
fn call<P: WasmParams + Sync, R: WasmResults + Sync>(
    function: &TypedFunc<P, R>,
    store: &mut Store<HttpCtx>,
    parameters: P,
) -> R {
    let result = if *ASYNC {
        block_on(function.call_async(store, parameters))
    } else {
        function.call(store, parameters)
    };
    result.unwrap()
}

static PLAIN: LazyLock<Module> = LazyLock::new(|| Export::Memory.module(&ENGINE));

/// The ten parameters of `req`.
pub type ReqArgs = [u32; 10];
type ReqParams = (u32, u32, u32, u32, u32, u32, u32, u32, u32, u32);
type StartParams = (u32, u32, u32, u32, u32, u32, u32, u32, u64, u32);
type Peek = TypedFunc<u32, u32>;
type Poke = TypedFunc<(u32, u32), ()>;
type ManyParams = (u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32);

/// An instance of the guest in a store of its own. A trap or a panic in a call fails the test.
pub struct Guest {
    pub store: Store<HttpCtx>,
    memory: Option<Memory>,
    peek_poke: Option<(Peek, Poke)>,
    req: TypedFunc<ReqParams, u32>,
    close: TypedFunc<u32, u32>,
    header_get: TypedFunc<(u32, u32, u32, u32, u32, u32), u32>,
    headers_get_all: TypedFunc<(u32, u32, u32, u32), u32>,
    body_read: TypedFunc<(u32, u32, u32, u32), u32>,
    body_read_some: TypedFunc<(u32, u32, u32, u32), u32>,
    response_get: TypedFunc<(u32, u32, u32, u32, u32), u32>,
    error_get: TypedFunc<(u32, u32, u32, u32), u32>,
    request_start: TypedFunc<StartParams, u32>,
    body_write: TypedFunc<(u32, u32, u32, u32), u32>,
    body_finish: TypedFunc<u32, u32>,
    response_wait: TypedFunc<(u32, u32), u32>,
    poll: TypedFunc<(u32, u32, u64, u32), u32>,
    many: Option<TypedFunc<ManyParams, u32>>,
}

/// A response as `req` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    pub status: u16,
    pub handle: u32,
}

impl Guest {
    pub fn new(http: HttpCtx) -> Guest {
        Guest::of(&PLAIN, http)
    }

    pub fn exporting(export: Export, http: HttpCtx) -> Guest {
        Guest::of(&export.module(&ENGINE), http)
    }

    fn of(module: &Module, http: HttpCtx) -> Guest {
        trace::install();
        let mut linker = Linker::new(&ENGINE);
        let mut store = Store::new(&ENGINE, http);
        let instance = if *ASYNC {
            wasi_experimental_http_wasmtime::add_to_linker_async(&mut linker, |http| http)
                .expect("a linker without these functions");
            block_on(linker.instantiate_async(&mut store, module))
        } else {
            wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http| http)
                .expect("a linker without these functions");
            linker.instantiate(&mut store, module)
        };
        let instance = instance.expect("an instance");
        let memory = instance.get_memory(&mut store, "memory");
        let mut of = |name| instance.get_func(&mut store, name);
        let (peek, poke, many) = (of("peek"), of("poke"), of("many"));
        Guest {
            memory,
            peek_poke: peek
                .zip(poke)
                .map(|(peek, poke)| (peek.typed(&store).unwrap(), poke.typed(&store).unwrap())),
            req: instance.get_typed_func(&mut store, "req").unwrap(),
            close: instance.get_typed_func(&mut store, "close").unwrap(),
            header_get: instance.get_typed_func(&mut store, "header_get").unwrap(),
            headers_get_all: instance
                .get_typed_func(&mut store, "headers_get_all")
                .unwrap(),
            body_read: instance.get_typed_func(&mut store, "body_read").unwrap(),
            body_read_some: instance
                .get_typed_func(&mut store, "body_read_some")
                .unwrap(),
            response_get: instance.get_typed_func(&mut store, "response_get").unwrap(),
            error_get: instance.get_typed_func(&mut store, "error_get").unwrap(),
            request_start: instance
                .get_typed_func(&mut store, "request_start")
                .unwrap(),
            body_write: instance.get_typed_func(&mut store, "body_write").unwrap(),
            body_finish: instance.get_typed_func(&mut store, "body_finish").unwrap(),
            response_wait: instance
                .get_typed_func(&mut store, "response_wait")
                .unwrap(),
            poll: instance.get_typed_func(&mut store, "poll").unwrap(),
            many: many.map(|many| many.typed(&store).unwrap()),
            store,
        }
    }

    pub fn put(&mut self, pointer: u32, bytes: &[u8]) {
        if let Some(memory) = &self.memory {
            memory
                .write(&mut self.store, pointer as usize, bytes)
                .unwrap();
        } else if let Some((_, poke)) = &self.peek_poke {
            for (offset, byte) in bytes.iter().enumerate() {
                let parameters = (pointer + offset as u32, u32::from(*byte));
                call(poke, &mut self.store, parameters);
            }
        }
    }

    /// Makes the memory larger by this many bytes, and gives where they start.
    pub fn grow(&mut self, bytes: u32) -> u32 {
        const PAGE: u64 = 64 * 1024;
        let memory = self.memory.expect("a memory");
        let pages = memory
            .grow(&mut self.store, u64::from(bytes).div_ceil(PAGE))
            .unwrap();
        u32::try_from(pages * PAGE).unwrap()
    }

    pub fn get(&mut self, pointer: u32, len: u32) -> Vec<u8> {
        if let Some(memory) = &self.memory {
            let mut bytes = vec![0; len as usize];
            memory
                .read(&self.store, pointer as usize, &mut bytes)
                .unwrap();
            return bytes;
        }
        let (peek, _) = self.peek_poke.as_ref().expect("a memory");
        (pointer..pointer + len)
            .map(|pointer| call(peek, &mut self.store, pointer) as u8)
            .collect()
    }

    pub fn get_u32(&mut self, pointer: u32) -> u32 {
        u32::from_le_bytes(self.get(pointer, 4).try_into().unwrap())
    }

    pub fn get_u16(&mut self, pointer: u32) -> u16 {
        u16::from_le_bytes(self.get(pointer, 2).try_into().unwrap())
    }

    // The functions, with nothing in between. Each gives the error code.

    pub fn call_req(&mut self, a: ReqArgs) -> u32 {
        let [a, b, c, d, e, f, g, h, i, j] = a;
        call(&self.req, &mut self.store, (a, b, c, d, e, f, g, h, i, j))
    }

    pub fn call_close(&mut self, handle: u32) -> u32 {
        call(&self.close, &mut self.store, handle)
    }

    pub fn call_header_get(&mut self, [a, b, c, d, e, f]: [u32; 6]) -> u32 {
        call(&self.header_get, &mut self.store, (a, b, c, d, e, f))
    }

    pub fn call_headers_get_all(&mut self, [a, b, c, d]: [u32; 4]) -> u32 {
        call(&self.headers_get_all, &mut self.store, (a, b, c, d))
    }

    pub fn call_body_read(&mut self, [a, b, c, d]: [u32; 4]) -> u32 {
        call(&self.body_read, &mut self.store, (a, b, c, d))
    }

    pub fn call_body_read_some(&mut self, [a, b, c, d]: [u32; 4]) -> u32 {
        call(&self.body_read_some, &mut self.store, (a, b, c, d))
    }

    pub fn call_response_get(&mut self, [a, b, c, d, e]: [u32; 5]) -> u32 {
        call(&self.response_get, &mut self.store, (a, b, c, d, e))
    }

    pub fn call_error_get(&mut self, [a, b, c, d]: [u32; 4]) -> u32 {
        call(&self.error_get, &mut self.store, (a, b, c, d))
    }

    pub fn call_request_start(&mut self, parameters: StartParams) -> u32 {
        call(&self.request_start, &mut self.store, parameters)
    }

    pub fn call_body_write(&mut self, [a, b, c, d]: [u32; 4]) -> u32 {
        call(&self.body_write, &mut self.store, (a, b, c, d))
    }

    pub fn call_body_finish(&mut self, handle: u32) -> u32 {
        call(&self.body_finish, &mut self.store, handle)
    }

    pub fn call_response_wait(&mut self, handle: u32, status: u32) -> u32 {
        call(&self.response_wait, &mut self.store, (handle, status))
    }

    pub fn call_poll(&mut self, records: u32, count: u32, timeout: u64, ready: u32) -> u32 {
        call(
            &self.poll,
            &mut self.store,
            (records, count, timeout, ready),
        )
    }

    // The same as a guest's library would offer them.

    /// Starts a request with options and a body of this length.
    pub fn start_with(
        &mut self,
        method: &str,
        url: &str,
        headers: &str,
        options: &[(u32, u64)],
        body_len: u64,
    ) -> Result<u32, u32> {
        let [a, b, c, d, e, f, ..] =
            self.place(url.as_bytes(), method.as_bytes(), headers.as_bytes(), b"");
        let mut records = Vec::new();
        for (key, value) in options {
            records.extend(key.to_le_bytes());
            // Padding, which means nothing.
            records.extend([0xee; 4]);
            records.extend(value.to_le_bytes());
        }
        self.put(OPTIONS, &records);
        let count = options.len() as u32;
        let parameters = (a, b, c, d, e, f, OPTIONS, count, body_len, HANDLE);
        match self.call_request_start(parameters) {
            code::SUCCESS => Ok(self.get_u32(HANDLE)),
            code => Err(code),
        }
    }

    /// Starts a request whose body has this length.
    pub fn start(&mut self, method: &str, url: &str, body_len: u64) -> Result<u32, u32> {
        self.start_with(method, url, "", &[], body_len)
    }

    /// Starts a GET that must be possible to start.
    #[track_caller]
    pub fn start_get(&mut self, url: &str) -> u32 {
        self.start("GET", url, 0).expect("a request on its way")
    }

    /// Writes a part of a body with one call: how many bytes were taken.
    pub fn write(&mut self, handle: u32, bytes: &[u8]) -> Result<u32, u32> {
        self.put(BODY, bytes);
        let code = self.call_body_write([handle, BODY, bytes.len() as u32, WRITTEN]);
        match code {
            code::SUCCESS => Ok(self.get_u32(WRITTEN)),
            code => Err(code),
        }
    }

    /// Writes all of the bytes.
    pub fn write_all(&mut self, handle: u32, mut bytes: &[u8]) -> Result<(), u32> {
        while !bytes.is_empty() {
            let piece = bytes.len().min(1024 * 1024);
            let taken = self.write(handle, &bytes[..piece])?;
            assert!(taken > 0, "a write that took nothing");
            bytes = &bytes[taken as usize..];
        }
        Ok(())
    }

    pub fn finish(&mut self, handle: u32) -> Result<(), u32> {
        match self.call_body_finish(handle) {
            code::SUCCESS => Ok(()),
            code => Err(code),
        }
    }

    /// The status of a response that is waited for.
    pub fn wait(&mut self, handle: u32) -> Result<u16, u32> {
        match self.call_response_wait(handle, STATUS) {
            code::SUCCESS => Ok(self.get_u16(STATUS)),
            code => Err(code),
        }
    }

    /// What of the events is there, for each subscription; nothing at all if the time is over.
    pub fn poll(&mut self, interests: &[(u32, u8)], timeout: u64) -> Result<Vec<u8>, u32> {
        let mut records = Vec::new();
        for (handle, interest) in interests {
            records.extend(handle.to_le_bytes());
            // What was ready before, and padding, mean nothing.
            records.extend([*interest, 0xff, 0xee, 0xee]);
        }
        self.put(SUBSCRIPTIONS, &records);
        let count = interests.len() as u32;
        match self.call_poll(SUBSCRIPTIONS, count, timeout, WRITTEN) {
            code::SUCCESS => {}
            code => return Err(code),
        }
        let records = self.get(SUBSCRIPTIONS, 8 * count);
        let ready: Vec<u8> = records.chunks(8).map(|record| record[5]).collect();
        let count = ready.iter().filter(|ready| **ready != 0).count();
        assert_eq!(self.get_u32(WRITTEN) as usize, count, "{ready:?}");
        Ok(ready)
    }

    /// Puts the parts of a request into the memory, and gives the parameters for `req`.
    pub fn place(&mut self, url: &[u8], method: &[u8], headers: &[u8], body: &[u8]) -> ReqArgs {
        let mut args = [0; 10];
        let areas = [
            (url, URL),
            (method, METHOD),
            (headers, HEADERS),
            (body, BODY),
        ];
        for (index, (bytes, pointer)) in areas.into_iter().enumerate() {
            self.put(pointer, bytes);
            args[2 * index] = pointer;
            args[2 * index + 1] = bytes.len() as u32;
        }
        args[8] = STATUS;
        args[9] = HANDLE;
        args
    }

    pub fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<Opened, u32> {
        let args = self.place(url.as_bytes(), method.as_bytes(), headers.as_bytes(), body);
        match self.call_req(args) {
            code::SUCCESS => Ok(Opened {
                status: self.get_u16(STATUS),
                handle: self.get_u32(HANDLE),
            }),
            code => Err(code),
        }
    }

    /// Sends a GET without headers.
    pub fn fetch(&mut self, url: &str) -> Result<Opened, u32> {
        self.send("GET", url, "", b"")
    }

    /// Sends a GET that must succeed, and gives the handle.
    #[track_caller]
    pub fn open(&mut self, url: &str) -> u32 {
        self.fetch(url).expect("a response").handle
    }

    pub fn header(&mut self, handle: u32, name: &str) -> Result<Vec<u8>, u32> {
        self.put(NAME, name.as_bytes());
        let name_len = name.len() as u32;
        let code = self.call_header_get([handle, NAME, name_len, BUFFER, BUFFER_LEN, WRITTEN]);
        self.result(code)
    }

    pub fn headers(&mut self, handle: u32) -> Result<Vec<u8>, u32> {
        let code = self.call_headers_get_all([handle, BUFFER, BUFFER_LEN, WRITTEN]);
        self.result(code)
    }

    /// The values of all headers of a name, from `headers_get_all`.
    #[track_caller]
    pub fn header_values(&mut self, handle: u32, name: &str) -> Vec<Vec<u8>> {
        let all = self.headers(handle).expect("headers");
        let prefix = format!("{name}:").into_bytes();
        all.split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(&prefix[..]))
            .map(<[u8]>::to_vec)
            .collect()
    }

    /// The next bytes of the body, at most `len`: one `body_read_some`.
    pub fn read(&mut self, handle: u32, len: u32) -> Result<Vec<u8>, u32> {
        let code = self.call_body_read_some([handle, BUFFER, len, WRITTEN]);
        self.result(code)
    }

    /// The next `len` bytes of the body, or the rest of it: one `body_read`.
    pub fn fill(&mut self, handle: u32, len: u32) -> Result<Vec<u8>, u32> {
        let code = self.call_body_read([handle, BUFFER, len, WRITTEN]);
        self.result(code)
    }

    /// A fact of a response.
    pub fn fact(&mut self, handle: u32, fact: u32) -> Result<String, u32> {
        let code = self.call_response_get([handle, fact, BUFFER, BUFFER_LEN, WRITTEN]);
        self.result(code)
            .map(|text| String::from_utf8(text).unwrap())
    }

    /// The name of the last failure's reason, and its message.
    #[track_caller]
    pub fn last_error(&mut self) -> (&'static str, String) {
        let code = self.call_error_get([REASON, BUFFER, BUFFER_LEN, WRITTEN]);
        let message = self.result(code).expect("why the last call failed");
        let reason = self.get_u32(REASON) as usize;
        (REASONS[reason], String::from_utf8(message).unwrap())
    }

    /// The rest of the body.
    pub fn read_all(&mut self, handle: u32) -> Result<Vec<u8>, u32> {
        let mut body = Vec::new();
        loop {
            let piece = self.read(handle, BUFFER_LEN)?;
            if piece.is_empty() {
                return Ok(body);
            }
            body.extend(piece);
        }
    }

    /// Sends a GET, reads the body, closes, and gives both status and body.
    #[track_caller]
    pub fn fetch_all(&mut self, url: &str) -> (u16, Vec<u8>) {
        let Opened { status, handle } = self.fetch(url).expect("a response");
        let body = self.read_all(handle).expect("a body");
        assert_eq!(self.call_close(handle), code::SUCCESS);
        (status, body)
    }

    /// Sends this many GETs in one call of the guest, each answered with 200; the error code.
    pub fn many(&mut self, count: u32, url: &str) -> u32 {
        let (many, parameters) = self.place_many(count, url);
        call(&many, &mut self.store, parameters)
    }

    /// [`Guest::many`] in an asynchronous call.
    pub async fn many_async(&mut self, count: u32, url: &str) -> u32 {
        let (many, parameters) = self.place_many(count, url);
        many.call_async(&mut self.store, parameters).await.unwrap()
    }

    fn place_many(&mut self, count: u32, url: &str) -> (TypedFunc<ManyParams, u32>, ManyParams) {
        let [a, b, c, d, e, f, g, h, i, j] = self.place(url.as_bytes(), b"GET", b"", b"");
        let many = self.many.clone().expect("a guest with a memory");
        (many, (count, a, b, c, d, e, f, g, h, i, j, WRITTEN))
    }

    fn result(&mut self, code: u32) -> Result<Vec<u8>, u32> {
        if code != code::SUCCESS {
            return Err(code);
        }
        let written = self.get_u32(WRITTEN);
        assert!(written <= BUFFER_LEN, "{written} bytes written");
        Ok(self.get(BUFFER, written))
    }
}

/// A context that may reach these servers, with a client of its own.
pub fn ctx(servers: &[&TestServer]) -> HttpCtx {
    ctx_with(servers, HttpClient::new())
}

pub fn ctx_with(servers: &[&TestServer], client: HttpClient) -> HttpCtx {
    let mut builder = HttpCtx::builder();
    builder.client(client);
    for server in servers {
        builder.try_allowed_host(&server.origin()).unwrap();
    }
    builder.build()
}

/// A client that trusts a test's authority and no other.
pub fn trusting(ca: &TestCa) -> HttpClient {
    HttpClient::builder()
        .system_root_certificates(false)
        .try_add_root_certificates_pem(ca.pem())
        .unwrap()
        .build()
}

/// Runs a test against an HTTP server and against an HTTPS server.
pub fn over_http_and_https(test: impl Fn(&TestServer, &mut Guest)) {
    let server = TestServer::http().start();
    test(&server, &mut Guest::new(ctx(&[&server])));

    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    test(
        &server,
        &mut Guest::new(ctx_with(&[&server], trusting(&ca))),
    );
}

/// The peak of this process's memory, in bytes.
pub fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

/// Runs the rest of the test of this name in a process of its own, with these variables in its
/// environment. Gives true in that process, where the test goes on; in the parent, where the test
/// ends, false, once the other one has succeeded.
#[track_caller]
pub fn in_its_own_process(test: &str, variables: &[(&str, &std::path::Path)]) -> bool {
    const IS_CHILD: &str = "WASI_EXPERIMENTAL_HTTP_TEST_PROCESS";
    if std::env::var_os(IS_CHILD).is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(variables.iter().copied())
        .env(IS_CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "{text}");
    false
}

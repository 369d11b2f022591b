//! Ending a guest whose store is cancelled, whatever it does with the code that it gets.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::TestServer;
use wasi_experimental_http_wasmtime::{Cancelled, HttpCtx, HttpCtxBuilder};
use wasmtime::{Engine, Linker, Module, Store};

// As it is on the page.
#[allow(dead_code)]
#[path = "../../examples/cancel.rs"]
mod cancel;

/// What anything takes that is stopped, on the slowest machine.
const SOON: Duration = Duration::from_secs(20);

/// The functions that a guest can call, each with the number of its parameters, and which of them is
/// an `i64`.
const FUNCTIONS: [(&str, usize, Option<usize>); 13] = [
    ("req", 10, None),
    ("close", 1, None),
    ("header_get", 6, None),
    ("headers_get_all", 4, None),
    ("body_read", 4, None),
    ("body_read_some", 4, None),
    ("response_get", 5, None),
    ("request_start", 10, Some(8)),
    ("body_write", 4, None),
    ("body_finish", 1, None),
    ("response_wait", 2, None),
    ("poll", 4, Some(2)),
    ("error_get", 4, None),
];

/// A store with this context, and a module in text instantiated in it.
fn instance(http: &HttpCtxBuilder, module: &str) -> (Store<HttpCtx>, wasmtime::Instance) {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, |http: &mut HttpCtx| http).unwrap();
    let mut store = Store::new(&engine, http.build());
    let module = Module::new(&engine, module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

/// A guest that calls one function, with zeros.
fn caller(function: &str, parameters: usize, long: Option<usize>) -> String {
    let ty = |index| if Some(index) == long { "i64" } else { "i32" };
    let types: String = (0..parameters)
        .map(|index| format!(" {}", ty(index)))
        .collect();
    let zeros: String = (0..parameters)
        .map(|index| format!("({}.const 0)", ty(index)))
        .collect();
    format!(
        r#"(module
            (import "wasi_experimental_http" "{function}"
              (func $f (param{types}) (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32) (call $f {zeros})))"#
    )
}

/// A guest that gets a URL, takes no notice of what comes of it, and then does this.
fn stubborn(url: &str, then: &str) -> String {
    let len = url.len();
    format!(
        r#"(module
            (import "wasi_experimental_http" "req"
              (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
            (import "wasi_experimental_http" "close" (func $close (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "GET{url}")
            (func (export "run")
              (drop (call $req (i32.const 19) (i32.const {len}) (i32.const 16) (i32.const 3)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 4)))
              {then}))"#
    )
}

#[test]
fn every_function_traps_if_the_embedder_wants_that() {
    for (function, parameters, long) in FUNCTIONS {
        let guest = caller(function, parameters, long);
        // Unless it is said, a guest gets codes.
        let (mut store, instance) = instance(&HttpCtx::builder(), &guest);
        store.data().cancel_handle().cancel();
        let run = instance.get_typed_func::<(), i32>(&mut store, "run");
        run.unwrap().call(&mut store, ()).expect(function);

        let mut http = HttpCtx::builder();
        http.trap_when_cancelled(true);
        let (mut store, instance) = self::instance(&http, &guest);
        let run = instance.get_typed_func::<(), i32>(&mut store, "run");
        let run = run.unwrap();
        run.call(&mut store, ()).expect(function);
        store.data().cancel_handle().cancel();
        for _ in 0..2 {
            let error = run.call(&mut store, ()).expect_err(function);
            assert!(error.is::<Cancelled>(), "{function}: {error:?}");
            assert_eq!(error.root_cause().to_string(), "the store was cancelled");
        }
        store.data_mut().resume();
        run.call(&mut store, ()).expect(function);
    }
}

#[test]
fn a_request_that_is_cancelled_is_the_guests_last_call() {
    let server = TestServer::http().start();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin())
        .unwrap()
        .trap_when_cancelled(true);
    let closes_for_ever = "(loop $more (drop (call $close (i32.const 0))) (br $more))";
    let guest = stubborn(&server.url("/hang"), closes_for_ever);
    let (mut store, instance) = instance(&http, &guest);
    let cancel = store.data().cancel_handle();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run");
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            server.wait_for_requests(1);
            cancel.cancel();
        });
        run.unwrap().call(&mut store, ()).unwrap_err()
    });
    assert!(error.is::<Cancelled>(), "{error:?}");
}

#[test]
fn the_program_on_the_page_ends_guests_that_wait_compute_or_call() {
    let server = TestServer::http().start();
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("guest.wat");
    let (hang, get) = (server.url("/hang"), server.url("/get"));
    let compute = "(loop $more (br $more))";
    let call = "(loop $more (drop (call $close (i32.const 0))) (br $more))";
    let second = Duration::from_secs(1);
    let cases = [
        // It has nothing left to do when its request ends.
        (&hang, "", second, cancel::Ended::Returned),
        (&hang, compute, second, cancel::Ended::Stopped),
        (&hang, call, second, cancel::Ended::Stopped),
        (&get, compute, second, cancel::Ended::Stopped),
        (&get, call, second, cancel::Ended::Stopped),
        (&get, "", 3 * SOON, cancel::Ended::Returned),
    ];
    for (url, then, time, expected) in cases {
        std::fs::write(&path, stubborn(url, then)).unwrap();
        let started = Instant::now();
        let ended = cancel::run(path.to_str().unwrap(), &server.origin(), time);
        assert_eq!(ended.unwrap(), expected, "{url} {then}");
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    }
    // Its own faults are no end of its time.
    std::fs::write(&path, stubborn(&get, "unreachable")).unwrap();
    cancel::run(path.to_str().unwrap(), &server.origin(), 3 * SOON).unwrap_err();
}

#[test]
fn a_store_is_cancelled_in_time_unless_the_timer_is_dropped() {
    let server = TestServer::http().start();
    let http = || {
        HttpCtx::builder()
            .try_allowed_host(&server.origin())
            .unwrap()
            .clone()
    };
    let guest = stubborn(&server.url("/hang"), "");
    let (mut store, instance) = instance(&http(), &guest);
    let run = instance.get_typed_func::<(), ()>(&mut store, "run");
    let started = Instant::now();
    let cancel = store.data().cancel_handle();
    let timer = cancel.cancel_after(Duration::from_millis(200)).unwrap();
    run.unwrap().call(&mut store, ()).unwrap();
    assert!((200..SOON.as_millis()).contains(&started.elapsed().as_millis()));
    assert!(cancel.is_cancelled());
    drop(timer);

    // One that is dropped, one whose time does not end, and one that outlives its store.
    let http = HttpCtx::builder().build();
    let cancel = http.cancel_handle();
    drop(cancel.cancel_after(Duration::from_millis(50)).unwrap());
    let long = cancel.cancel_after(Duration::MAX).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(!cancel.is_cancelled());
    let timer = cancel.cancel_after(Duration::ZERO).unwrap();
    let started = Instant::now();
    while !cancel.is_cancelled() {
        assert!(started.elapsed() < SOON);
        thread::sleep(Duration::from_millis(5));
    }
    drop((long, timer));
}

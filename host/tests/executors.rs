//! Asynchronous stores: whatever a guest waits for, the thread of its executor goes on. Judged by a
//! timer that ticks on the same thread.

mod common;

use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpClientBuilder, HttpCtx};
use wasmtime::{Engine, Linker, Module, Store};

/// A guest that does one thing with the URL at 1024: GETs it and reads the body, or writes a body of
/// 64 MiB first.
const GUEST: &str = r#"
(module
  (import "wasi_experimental_http" "req"
    (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read"
    (func $body_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "request_start"
    (func $request_start (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_experimental_http" "body_write"
    (func $body_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "response_wait"
    (func $response_wait (param i32 i32) (result i32)))
  (memory (export "memory") 64)
  (data (i32.const 16) "GET")
  (data (i32.const 32) "POST")
  (func $read (result i32)
    (local $code i32)
    (loop $more
      (local.set $code
        (call $body_read (i32.load (i32.const 4)) (i32.const 65536) (i32.const 100000)
          (i32.const 8)))
      (if (local.get $code) (then (return (local.get $code))))
      (br_if $more (i32.load (i32.const 8))))
    (i32.const 0))
  (func (export "get") (param $len i32) (result i32)
    (local $code i32)
    (local.set $code
      (call $req (i32.const 1024) (local.get $len) (i32.const 16) (i32.const 3)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
    (if (local.get $code) (then (return (local.get $code))))
    (call $read))
  (func (export "upload") (param $len i32) (result i32)
    (local $code i32) (local $left i32)
    (local.set $left (i32.const 0x4000000))
    (local.set $code
      (call $request_start (i32.const 1024) (local.get $len) (i32.const 32) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0x4000000)
        (i32.const 4)))
    (if (local.get $code) (then (return (local.get $code))))
    (loop $more
      (local.set $code
        (call $body_write (i32.load (i32.const 4)) (i32.const 65536)
          (select (i32.const 1000000) (local.get $left)
            (i32.gt_u (local.get $left) (i32.const 1000000)))
          (i32.const 8)))
      (if (local.get $code) (then (return (local.get $code))))
      (local.set $left (i32.sub (local.get $left) (i32.load (i32.const 8))))
      (br_if $more (local.get $left)))
    (local.set $code (call $response_wait (i32.load (i32.const 4)) (i32.const 0)))
    (if (local.get $code) (then (return (local.get $code))))
    (call $read)))
"#;

/// Runs a function of the guest in a store of its own.
async fn run(client: HttpClient, function: &str, url: String) -> u32 {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker_async(&mut linker, |http| http).unwrap();
    let http = HttpCtx::builder()
        .client(client)
        .try_allowed_host("insecure:allow-all")
        .unwrap()
        .build();
    let mut store = Store::new(&engine, http);
    let module = Module::new(&engine, GUEST).unwrap();
    let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    memory.write(&mut store, 1024, url.as_bytes()).unwrap();
    let function = instance
        .get_typed_func::<u32, u32>(&mut store, function)
        .unwrap();
    function
        .call_async(&mut store, url.len() as u32)
        .await
        .unwrap()
}

/// A gate that a lookup or a server waits at.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let (is_open, changed) = &*self.0;
        let mut is_open = is_open.lock().unwrap();
        while !*is_open {
            is_open = changed.wait(is_open).unwrap();
        }
    }
}

/// How often the timer ticks while a guest waits, before it goes on.
const TICKS: usize = 20;

/// What a guest waits for, and how it goes on.
struct Waits {
    name: &'static str,
    client: HttpClient,
    function: &'static str,
    url: String,
    go_on: Box<dyn FnOnce() + Send>,
}

/// Everything that a guest may wait for, over TCP and over TLS.
fn all() -> Vec<Waits> {
    let mut all = Vec::new();
    let ca = TestCa::new();
    for tls in [false, true] {
        let server = |gate: &Gate, head: bool| {
            let gate = gate.clone();
            let builder = if tls {
                TestServer::https(&ca)
            } else {
                TestServer::http()
            };
            builder.raw(move |conn| {
                let request = conn.read_head()?;
                if head {
                    conn.write_together(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"])?;
                }
                gate.pass();
                let mut left: usize = if request.starts_with(b"POST") {
                    64 << 20
                } else {
                    0
                };
                let mut buffer = vec![0; 1 << 20];
                while left > 0 {
                    left -= std::io::Read::read(conn, &mut buffer)?;
                }
                if !head {
                    conn.write_together(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"])?;
                }
                conn.write_together(&[b"llo"])
            })
        };
        let client = || {
            HttpClient::builder()
                .try_add_root_certificates_pem(ca.pem())
                .unwrap()
                .clone()
        };
        let mut add =
            |name, client: HttpClientBuilder, function, url, server: TestServer, gate: Gate| {
                all.push(Waits {
                    name,
                    client: client.build(),
                    function,
                    url,
                    go_on: Box::new(move || {
                        gate.open();
                        // It is there until its guest has ended.
                        std::mem::forget(server);
                    }),
                });
            };
        let gate = Gate::default();
        gate.open();
        let looked_up = server(&gate, false);
        let gate = Gate::default();
        let held = gate.clone();
        let mut slow = client();
        slow.resolver(move |_| {
            held.pass();
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        });
        let url = looked_up.url("/");
        let url = url.replace("127.0.0.1", "localhost");
        add("lookup", slow.clone(), "get", url, looked_up, gate);
        for (name, function, head) in [
            ("head", "get", false),
            ("body", "get", true),
            ("upload", "upload", false),
        ] {
            let gate = Gate::default();
            let server = server(&gate, head);
            let url = server.url("/");
            add(name, client().clone(), function, url, server, gate);
        }
        // A handshake that nobody answers.
        if tls {
            let gate = Gate::default();
            let held = gate.clone();
            let silent = TestServer::http().raw(move |_| {
                held.pass();
                Ok(())
            });
            let url = silent.url("/").replace("http:", "https:");
            add("handshake", client().clone(), "get", url, silent, gate);
        }
    }
    all
}

/// A guest that waits does not keep a task of the same thread from ticking.
async fn ticks<S: Future<Output = ()>>(waits: Waits, sleep: impl Fn() -> S) {
    let Waits {
        name,
        client,
        function,
        url,
        go_on,
    } = waits;
    let mut guest = std::pin::pin!(run(client, function, url));
    let mut go_on = Some(go_on);
    let mut ticked = 0;
    let code = loop {
        let mut sleep = std::pin::pin!(sleep());
        let next = std::future::poll_fn(|context| {
            if let std::task::Poll::Ready(code) = guest.as_mut().poll(context) {
                return std::task::Poll::Ready(Some(code));
            }
            sleep.as_mut().poll(context).map(|()| None)
        });
        match next.await {
            Some(code) => break code,
            None => ticked += 1,
        }
        if ticked == TICKS {
            go_on.take().unwrap()();
        }
    };
    assert!(ticked >= TICKS, "{name}: it did not wait");
    let expected = if name == "handshake" {
        common::code::REQUEST_ERROR
    } else {
        0
    };
    assert_eq!(code, expected, "{name}");
}

const TICK: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "current_thread")]
async fn a_timer_ticks_in_a_current_thread_runtime() {
    for waits in all() {
        ticks(waits, || tokio::time::sleep(TICK)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_timer_ticks_in_a_multi_thread_runtime() {
    for waits in all() {
        tokio::spawn(ticks(waits, || tokio::time::sleep(TICK)))
            .await
            .unwrap();
    }
}

#[test]
fn a_timer_ticks_with_smol() {
    smol::block_on(async {
        for waits in all() {
            ticks(waits, || async {
                smol::Timer::after(TICK).await;
            })
            .await;
        }
    });
}

#[test]
fn no_runtime_is_needed() {
    for waits in all() {
        let Waits {
            name,
            client,
            function,
            url,
            go_on,
        } = waits;
        let code = std::thread::scope(|scope| {
            scope.spawn(go_on);
            common::block_on(run(client, function, url))
        });
        let expected = if name == "handshake" {
            common::code::REQUEST_ERROR
        } else {
            0
        };
        assert_eq!(code, expected, "{name}");
    }
}

/// Guests of many stores wait on one thread.
#[tokio::test(flavor = "current_thread")]
async fn many_guests_wait_at_once() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = TestServer::http().raw(move |conn| {
        conn.read_head()?;
        held.pass();
        conn.write_together(&[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    });
    let client = HttpClient::new();
    let local = tokio::task::LocalSet::new();
    let guests: Vec<_> = (0..50)
        .map(|_| local.spawn_local(run(client.clone(), "get", server.url("/"))))
        .collect();
    local
        .run_until(async {
            let started = Instant::now();
            while server.open_connections() < 50 {
                assert!(started.elapsed() < Duration::from_secs(20));
                tokio::time::sleep(TICK).await;
            }
            gate.open();
            for guest in guests {
                assert_eq!(guest.await.unwrap(), 0);
            }
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn dropping_the_future_of_a_call_cancels() {
    let ca = TestCa::new();
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        let client = common::trusting(&ca);
        for path in ["/hang", "/gate"] {
            let guest = run(client.clone(), "get", server.url(path));
            let gone = tokio::time::timeout(Duration::from_millis(100), guest).await;
            assert!(gone.is_err(), "{path}");
            server.wait_for_open_connections(0);
        }
    }
}

/// The store is good for another call.
#[test]
fn a_store_goes_on_after_a_call_that_was_dropped() {
    let server = TestServer::http().start();
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi_experimental_http_wasmtime::add_to_linker_async(&mut linker, |http| http).unwrap();
    let http = HttpCtx::builder()
        .try_allowed_host(&server.origin())
        .unwrap()
        .build();
    let mut store = Store::new(&engine, http);
    let module = Module::new(&engine, GUEST).unwrap();
    let instance = common::block_on(linker.instantiate_async(&mut store, &module)).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let get = instance
        .get_typed_func::<u32, u32>(&mut store, "get")
        .unwrap();
    let mut call = |path: &str, polls: usize| {
        let url = server.url(path);
        memory.write(&mut store, 1024, url.as_bytes()).unwrap();
        let mut call = std::pin::pin!(get.call_async(&mut store, url.len() as u32));
        if polls == 0 {
            return Some(common::block_on(call).unwrap());
        }
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for _ in 0..polls {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        None
    };
    for _ in 0..3 {
        assert_eq!(call("/get", 0), Some(0));
        assert_eq!(call("/hang", 2), None);
        assert_eq!(call("/get", 0), Some(0));
    }
    assert_eq!(store.data().open_responses(), 6);
}

//! Calls from a plain program and from inside an async runtime, with any number of requests in
//! one call of the guest.

mod common;

use std::sync::{Arc, Mutex};

use common::{Guest, code, ctx_with};
use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

/// More than twice the 128 after which hosts that block a runtime's budget have stood still.
const MANY: u32 = 300;

/// An HTTP and an HTTPS server, and a client that trusts the latter.
struct Setup {
    servers: [TestServer; 2],
    client: HttpClient,
}

fn setup() -> Setup {
    let ca = TestCa::new();
    Setup {
        servers: [TestServer::http().start(), TestServer::https(&ca).start()],
        client: common::trusting(&ca),
    }
}

impl Setup {
    fn guest(&self) -> Guest {
        let [one, two] = &self.servers;
        Guest::new(ctx_with(&[one, two], self.client.clone()))
    }

    /// Many requests in one call, and a few in calls of their own.
    fn call(&self) {
        for server in &self.servers {
            let mut guest = self.guest();
            let before = server.requests();
            assert_eq!(guest.many(MANY, &server.url("/get")), code::SUCCESS);
            assert_eq!(server.requests() - before, u64::from(MANY));
            let (status, body) = guest.fetch_all(&server.url("/get"));
            assert_eq!((status, &body[..]), (200, HELLO.as_bytes()));
        }
    }

    async fn call_async(&self) {
        for server in &self.servers {
            let mut guest = self.guest();
            let given = guest.many_async(MANY, &server.url("/get")).await;
            assert_eq!(given, code::SUCCESS);
            assert_eq!(server.requests(), u64::from(MANY));
        }
    }

    #[track_caller]
    fn assert_connections(&self, count: u64) {
        for server in &self.servers {
            assert_eq!(server.connections(), count, "{server:?}");
            assert_eq!(server.bad_requests(), [""; 0]);
        }
    }
}

#[test]
fn from_a_plain_thread() {
    let setup = setup();
    setup.call();
    setup.assert_connections(1);
}

#[test]
fn from_several_threads_with_one_client() {
    let setup = setup();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for server in &setup.servers {
                    let given = setup.guest().many(MANY, &server.url("/get"));
                    assert_eq!(given, code::SUCCESS);
                }
            });
        }
    });
    for server in &setup.servers {
        assert_eq!(server.requests(), 4 * u64::from(MANY));
        assert!(server.connections() <= 4, "{}", server.connections());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_multi_thread_runtime() {
    let setup = setup();
    setup.call();
    setup.assert_connections(1);
}

#[tokio::test(flavor = "current_thread")]
async fn from_a_current_thread_runtime() {
    let setup = setup();
    setup.call();
    setup.assert_connections(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asynchronously_from_a_multi_thread_runtime() {
    let setup = setup();
    setup.call_async().await;
    setup.assert_connections(1);
}

#[tokio::test(flavor = "current_thread")]
async fn asynchronously_from_a_current_thread_runtime() {
    let setup = setup();
    setup.call_async().await;
    setup.assert_connections(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_tasks_and_from_blocking_threads_of_a_runtime_at_once() {
    let setup = std::sync::Arc::new(setup());
    let mut tasks = Vec::new();
    for index in 0..6 {
        let setup = setup.clone();
        let url = setup.servers[index % 2].url("/get");
        tasks.push(if index < 3 {
            tokio::spawn(async move { setup.guest().many_async(MANY, &url).await })
        } else {
            tokio::task::spawn_blocking(move || setup.guest().many(MANY, &url))
        });
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), code::SUCCESS);
    }
    for server in &setup.servers {
        assert_eq!(server.requests(), 3 * u64::from(MANY));
        assert!(server.connections() <= 3, "{}", server.connections());
    }
}

#[test]
fn a_context_may_be_found_by_what_a_closure_captures() {
    const GUEST: &str = r#"(module
        (import "wasi_experimental_http" "body_read"
          (func $body_read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "run") (result i32) 
          (call $body_read (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))))"#;
    type Data = std::collections::BTreeMap<String, HttpCtx>;
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, GUEST).unwrap();
    let name = String::from("plugin");
    let store = || {
        let (failed, name) = (Arc::<Mutex<Vec<String>>>::default(), name.clone());
        let log = failed.clone();
        let mut http = HttpCtx::builder();
        http.on_failed_call(move |call| log.lock().unwrap().push(call.function.to_owned()));
        let data = Data::from([
            (name, http.build()),
            ("other".to_owned(), HttpCtx::default()),
        ]);
        (wasmtime::Store::new(&engine, data), failed)
    };

    let (mut blocking, failed) = store();
    let mut linker = wasmtime::Linker::new(&engine);
    let key = name.clone();
    wasi_experimental_http_wasmtime::add_to_linker(&mut linker, move |data: &mut Data| {
        data.get_mut(&key).expect("a plugin of this name")
    })
    .unwrap();
    let instance = linker.instantiate(&mut blocking, &module).unwrap();
    let run = instance
        .get_typed_func::<(), u32>(&mut blocking, "run")
        .unwrap();
    let code = run.call(&mut blocking, ()).unwrap();
    assert_eq!(code, code::INVALID_HANDLE);
    assert_eq!(*failed.lock().unwrap(), ["body_read"]);

    let (mut asynchronous, failed) = store();
    let mut linker = wasmtime::Linker::new(&engine);
    let key = name.clone();
    wasi_experimental_http_wasmtime::add_to_linker_async(&mut linker, move |data: &mut Data| {
        data.get_mut(&key).expect("a plugin of this name")
    })
    .unwrap();
    let code = common::block_on(async {
        let instance = linker.instantiate_async(&mut asynchronous, &module).await?;
        let run = instance.get_typed_func::<(), u32>(&mut asynchronous, "run")?;
        run.call_async(&mut asynchronous, ()).await
    });
    assert_eq!(code.unwrap(), code::INVALID_HANDLE);
    assert_eq!(*failed.lock().unwrap(), ["body_read"]);
}

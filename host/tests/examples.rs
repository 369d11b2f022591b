//! The programs in `host/examples` that the documentation leads to, run with plugins in text and
//! against real servers. `embed` is run in `e2e`, `cancel` in `hostile`, `replay` in `http`.

// As they are; their `main` runs for ever, or asks servers of the world.
#[allow(dead_code)]
#[path = "../examples/budgets.rs"]
mod budgets;
#[allow(dead_code)]
#[path = "../examples/client_certificate.rs"]
mod client_certificate;
#[allow(dead_code)]
#[path = "../examples/credentials.rs"]
mod credentials;
#[allow(dead_code)]
#[path = "../examples/in_tokio.rs"]
mod in_tokio;
#[allow(dead_code)]
#[path = "../examples/metrics.rs"]
mod metrics;
#[allow(dead_code)]
#[path = "../examples/plugins.rs"]
mod plugins;
#[allow(dead_code)]
#[path = "../examples/proxy.rs"]
mod proxy;
#[allow(dead_code)]
#[path = "../examples/server.rs"]
mod server;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use wasi_experimental_http_test_server::{TestCa, TestServer};
use wasi_experimental_http_wasmtime::{ErrorKind, HttpCtx, HttpCtxBuilder, RequestError};
use wasi_experimental_http_wasmtime::{HttpClient, RequestEvent};

/// A plugin whose `run` GETs a URL, reads the body, and gives the status, or less than zero for an
/// error.
fn plugin(url: &str) -> String {
    format!(
        r#"(module
  (import "wasi_experimental_http" "req"
    (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read"
    (func $body_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "GET")
  (data (i32.const 32) "{url}")
  (func (export "run") (result i32)
    (local $code i32)
    (local.set $code
      (call $req (i32.const 32) (i32.const {}) (i32.const 16) (i32.const 3) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
    (if (local.get $code) (then (return (i32.sub (i32.const 0) (local.get $code)))))
    (drop (call $body_read (i32.load (i32.const 4)) (i32.const 4096) (i32.const 4096) (i32.const 8)))
    (i32.load16_u (i32.const 0))))"#,
        url.len()
    )
}

/// Writes a plugin to a file of a folder.
fn write(folder: &Path, name: &str, url: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, plugin(url)).unwrap();
    file
}

/// Settings with a client of their own, for one server.
fn allowing(server: &TestServer) -> HttpCtxBuilder {
    let mut http = HttpCtx::builder();
    http.client(HttpClient::new())
        .try_allowed_host(&server.origin())
        .unwrap();
    http
}

#[test]
fn the_web_server_has_a_store_for_each_request_and_one_pool() {
    const REQUESTS: u64 = 200;
    let origin = TestServer::http().start();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "plugin.wat", &origin.url("/get"));
    let plugin = server::Plugin::load(file.to_str().unwrap(), &origin.origin()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // It ends with the process.
    thread::spawn(move || server::serve(&listener, &Arc::new(plugin)));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let agent = ureq::Agent::new_with_defaults();
                for _ in 0..REQUESTS / 4 {
                    let mut answer = agent.get(&url).call().unwrap();
                    assert_eq!(answer.body_mut().read_to_string().unwrap(), "200");
                }
            });
        }
    });
    assert_eq!(origin.requests(), REQUESTS);
    assert!(origin.connections() <= 4, "{}", origin.connections());
}

#[tokio::test(flavor = "current_thread")]
async fn plugins_run_within_tokio_in_both_ways() {
    let origin = TestServer::http().start();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "plugin.wat", &origin.url("/get"));
    let http = allowing(&origin);
    let blocking = in_tokio::Blocking::load(file.to_str().unwrap(), &http).unwrap();
    let asynchronous = in_tokio::Asynchronous::load(file.to_str().unwrap(), &http).unwrap();
    let both = tokio::join!(blocking.run(), asynchronous.run());
    assert_eq!((both.0.unwrap(), both.1.unwrap()), (200, 200));

    // A call that is given up takes its request with it.
    let file = write(folder.path(), "waits.wat", &origin.url("/hang"));
    let waits = in_tokio::Asynchronous::load(file.to_str().unwrap(), &http).unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(200), waits.run()).await;
    assert!(given_up.is_err());
    // What is left are the idle ones of the calls that ended.
    origin.wait_for_open_connections(2);
}

#[test]
fn metrics_are_those_of_each_plugin() {
    let origin = TestServer::http().start();
    let folder = tempfile::tempdir().unwrap();
    let metrics = Arc::new(metrics::Metrics::default());
    for (name, url) in [
        ("weather", origin.url("/get")),
        ("weather", origin.url("/status/404")),
        ("news", "http://other.test/".to_owned()),
    ] {
        let file = write(folder.path(), &format!("{name}.wat"), &url);
        let mut http = allowing(&origin);
        metrics.watch(&mut http, name);
        metrics::run(file.to_str().unwrap(), &http).unwrap();
    }
    let text = metrics.to_string();
    for line in [
        r#"http_requests_total{plugin="weather",outcome="200"} 1"#,
        r#"http_requests_total{plugin="weather",outcome="404"} 1"#,
        r#"http_requests_total{plugin="news",outcome="not an allowed host"} 1"#,
        r#"http_sent_bytes_total{plugin="news"} 0"#,
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(!text.contains(r#"http_received_bytes_total{plugin="weather"} 0"#));

    // An embedder tests its sink with events of its own.
    let metrics = metrics::Metrics::default();
    let mut event = RequestEvent::new("GET", "https://example.com/");
    event.label = Some("unit".into());
    event.bytes_sent = 7;
    event.error = Some(RequestError::new(ErrorKind::Tls, 11, "a test"));
    metrics.record(&event);
    let text = metrics.to_string();
    assert!(
        text.contains(r#"{plugin="unit",outcome="TLS failed"} 1"#),
        "{text}"
    );
    assert!(
        text.contains(r#"http_sent_bytes_total{plugin="unit"} 7"#),
        "{text}"
    );
}

#[test]
fn plugins_of_a_folder_have_their_policies_and_are_loaded_again() {
    let origin = TestServer::http().start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plugins = Arc::new(plugins::Plugins::new(folder).unwrap());
    assert_eq!(plugins.reload().unwrap(), [""; 0]);
    write(folder, "weather.wasm", &origin.url("/get"));
    fs::write(folder.join("weather.hosts"), origin.origin()).unwrap();
    write(folder, "news.wasm", &origin.url("/get"));
    let reload = || {
        let mut names = plugins.reload().unwrap();
        names.sort();
        names
    };
    assert_eq!(reload(), ["news", "weather"]);
    assert_eq!(reload(), [""; 0]);
    assert_eq!(plugins.run("weather").unwrap(), 200);
    assert_eq!(plugins.run("news").unwrap(), -7);
    plugins.run("none").unwrap_err();

    // One that runs goes on with what it has while it is loaded again.
    let newer = |file: &str, seconds| {
        let file = fs::File::options().write(true).open(folder.join(file));
        let time = SystemTime::now() + Duration::from_secs(seconds);
        file.unwrap().set_modified(time).unwrap();
    };
    write(folder, "weather.wasm", &origin.url("/gate"));
    newer("weather.wasm", 10);
    assert_eq!(reload(), ["weather"]);
    let before = origin.requests();
    let running = thread::spawn({
        let plugins = plugins.clone();
        move || plugins.run("weather").unwrap()
    });
    origin.wait_for_requests(before + 1);
    write(folder, "weather.wasm", &origin.url("/status/404"));
    newer("weather.wasm", 20);
    assert_eq!(reload(), ["weather"]);
    assert_eq!(plugins.run("weather").unwrap(), 404);
    origin.release_all();
    assert_eq!(running.join().unwrap(), 200);

    // A policy that is wrong leaves all as it was; one that is taken away allows nothing.
    fs::write(folder.join("weather.hosts"), "example.com").unwrap();
    newer("weather.hosts", 30);
    let error = format!("{:#}", plugins.reload().unwrap_err());
    assert!(
        error.contains("weather") && error.contains("https://example.com"),
        "{error}"
    );
    assert_eq!(plugins.run("weather").unwrap(), 404);
    fs::remove_file(folder.join("weather.hosts")).unwrap();
    assert_eq!(reload(), ["weather"]);
    assert_eq!(plugins.run("weather").unwrap(), -7);
    fs::remove_file(folder.join("weather.wasm")).unwrap();
    assert_eq!(reload(), [""; 0]);
    plugins.run("weather").unwrap_err();
}

#[test]
fn tokens_are_made_anew_when_they_expire_and_plugins_do_not_see_them() {
    let origin = TestServer::http().start();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "plugin.wat", &origin.url("/v1/"));
    let file = file.to_str().unwrap();
    for (life, expected) in [
        (Duration::ZERO, ["1", "2"]),
        (Duration::MAX / 4, ["1", "1"]),
    ] {
        let made = std::sync::atomic::AtomicUsize::new(0);
        let tokens = credentials::Tokens::new(move || {
            let number = 1 + made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok((number.to_string(), life.min(Duration::from_secs(3600))))
        });
        let mut http = credentials::settings(&origin.origin(), "key", tokens).unwrap();
        http.client(HttpClient::new());
        for token in expected {
            assert_eq!(credentials::run(file, &http).unwrap(), 404);
            let request = origin.last_request().unwrap();
            let field = |name| request.header_text(name).unwrap();
            assert_eq!(field("authorization"), format!("Bearer {token}"));
            assert_eq!(field("x-api-key"), "key");
        }
        // Elsewhere they may not go.
        let file = write(folder.path(), "other.wat", &origin.url("/v2/"));
        assert_eq!(credentials::run(file.to_str().unwrap(), &http).unwrap(), -7);
    }
}

#[test]
fn a_customer_ends_with_its_budget() {
    let origin = TestServer::http().start();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "plugin.wat", &origin.url("/get"));
    let customer =
        |budget| budgets::Customer::new(file.to_str().unwrap(), &origin.origin(), budget).unwrap();
    const TOO_MANY: i32 = -13;
    let budget = budgets::Budget {
        requests: 3,
        ..Default::default()
    };
    let mut of_requests = customer(budget);
    let results: Vec<i32> = (0..4).map(|_| of_requests.run().unwrap()).collect();
    assert_eq!(results, [200, 200, 200, TOO_MANY]);
    assert!(!of_requests.is_within_budget());

    let budget = budgets::Budget {
        requests_per_second: 0,
        ..Default::default()
    };
    let mut of_rate = customer(budget);
    assert_eq!(of_rate.run().unwrap(), TOO_MANY);
    assert!(of_rate.is_within_budget());

    let budget = budgets::Budget {
        bytes: 100,
        ..Default::default()
    };
    let mut of_bytes = customer(budget);
    of_bytes.run().unwrap();
    of_bytes.run().unwrap();
    assert!(!of_bytes.is_within_budget());
}

#[test]
fn a_certificate_is_shown_to_the_host_that_wants_it() {
    let ca = TestCa::new();
    let certificate = ca.server_certificate().asking(&ca, true);
    let origin = TestServer::http().certificate(certificate).start();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "plugin.wat", &origin.url("/get"));
    let (pem, key) = ca.client_certificate("plugin");
    let host = origin.origin();
    for (for_host, expected) in [(host.as_str(), 200), ("https://other.test", -11)] {
        let client = client_certificate::client(for_host, &ca.pem(), &pem, &key).unwrap();
        let result = client_certificate::run(file.to_str().unwrap(), &host, client);
        assert_eq!(result.unwrap(), expected);
    }
}

#[test]
fn a_plugin_reaches_its_host_through_a_proxy() {
    use std::io::Write;
    let forwarding = TestServer::http().raw(|conn| {
        let head = String::from_utf8(conn.read_head()?).unwrap();
        assert!(
            head.starts_with("GET http://a.test/ HTTP/1.1\r\n"),
            "{head}"
        );
        conn.write_all(b"HTTP/1.1 299 Through\r\nContent-Length: 0\r\n\r\n")
    });
    let folder = tempfile::tempdir().unwrap();
    let run = |url: &str, host: &str| {
        let file = write(folder.path(), "plugin.wat", url);
        let client = proxy::client(Some(&forwarding.origin())).unwrap();
        proxy::run(file.to_str().unwrap(), host, client).unwrap()
    };
    assert_eq!(run("http://a.test/", "http://a.test"), 299);
    assert_eq!(run("http://a.test/", "http://b.test"), -7);
    let direct = TestServer::http().start();
    let origin = direct.origin_at("localhost");
    assert_eq!(run(&(origin.clone() + "/get"), &origin), 200);
}

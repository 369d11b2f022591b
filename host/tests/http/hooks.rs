//! Hooks of the embedder: what they see, change, refuse and answer.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{HELLO, TestServer};
use wasi_experimental_http_wasmtime::http::{HeaderValue, Method, Response};
use wasi_experimental_http_wasmtime::{
    BodyPart, Credential, Denied, DeniedReason, Hook, HookAction, HookRequest, HookResponse,
    HttpClient, HttpCtx, HttpCtxBuilder, RequestEvent,
};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../../examples/replay.rs"]
mod replay;

use crate::common::{ANY, Guest, Opened, code, event, fact, option};

fn store(servers: &[&TestServer]) -> HttpCtxBuilder {
    let mut http = HttpCtx::builder();
    http.client(HttpClient::new());
    for server in servers {
        http.try_allowed_host(&server.origin()).unwrap();
    }
    http
}

/// A hook that is one function.
struct OnRequest<F>(F);

impl<F: Fn(&mut HookRequest<'_>) -> HookAction + Send + Sync> Hook for OnRequest<F> {
    fn on_request(&self, request: &mut HookRequest<'_>) -> HookAction {
        (self.0)(request)
    }
}

struct OnResponse<F>(F);

impl<F> Hook for OnResponse<F>
where
    F: Fn(&HookRequest<'_>, &mut HookResponse<'_>) -> Result<(), String> + Send + Sync,
{
    fn on_response(
        &self,
        request: &HookRequest<'_>,
        response: &mut HookResponse<'_>,
    ) -> Result<(), String> {
        (self.0)(request, response)
    }
}

/// Sends a request both ways, and gives the handles of the responses.
fn both(guest: &mut Guest, url: &str) -> [u32; 2] {
    let opened = guest.fetch(url).expect("a response");
    let started = guest.start_get(url);
    assert_eq!(guest.wait(started), Ok(opened.status));
    [opened.handle, started]
}

#[test]
fn likely_credentials_are_marked_for_hooks() {
    let server = TestServer::http().start();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let mut http = store(&[&server]);
    http.hook(OnRequest(move |request: &mut HookRequest<'_>| {
        log.lock().unwrap().push(format!("{request:?}"));
        HookAction::Send
    }));
    let log = seen.clone();
    http.hook(OnResponse(
        move |_: &HookRequest<'_>, response: &mut HookResponse<'_>| {
            log.lock().unwrap().push(format!("{response:?}"));
            Ok(())
        },
    ));
    let mut guest = Guest::new(http.build());
    let url = server.url("/response-headers/repeated");
    let fields = "authorization: SECRET\nx-plain: plain";
    guest.send("GET", &url, fields, b"").unwrap();
    let seen = seen.lock().unwrap();
    assert!(
        seen[0].contains("plain") && !seen[0].contains("SECRET"),
        "{seen:?}"
    );
    assert!(
        seen[1].contains("three") && !seen[1].contains("a=1"),
        "{seen:?}"
    );
    let request = server.last_request().unwrap();
    assert_eq!(request.header_text("authorization").unwrap(), "SECRET");
}

#[test]
fn a_hook_sees_each_request_and_changes_its_headers_for_this_server_only() {
    let one = TestServer::http().start();
    let two = TestServer::http().start();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let first = one.origin();
    let mut http = store(&[&one, &two]);
    http.hook(OnRequest(move |request: &mut HookRequest<'_>| {
        let body = request.body.map(<[u8]>::len);
        let line = format!(
            "{} {} {body:?} {}",
            request.method,
            request.url.as_str(),
            request.redirects
        );
        log.lock().unwrap().push(line);
        assert!(!request.headers.contains_key("x-credential"));
        if request.url.as_str().starts_with(&first) {
            let headers = &mut *request.headers;
            headers.remove("x-removed");
            headers.insert("x-added", HeaderValue::from_static("a"));
            // What is not its to say is dropped.
            headers.insert("content-length", HeaderValue::from_static("7"));
            headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
            headers.insert("connection", HeaderValue::from_static("close"));
        }
        HookAction::Send
    }))
    .hook(OnRequest(|request: &mut HookRequest<'_>| {
        // It sees what the one before has made.
        if request.headers.contains_key("x-added") {
            request
                .headers
                .insert("x-second", HeaderValue::from_static("b"));
        }
        HookAction::Send
    }))
    .credential(Credential::new(&one.origin(), "x-credential", "SECRET").unwrap());
    let mut guest = Guest::new(http.build());
    let url = one.url(&format!("/redirect-to?status=307&url={}", two.url("/echo")));
    let headers = "X-Removed:guest\nX-Kept:guest";
    let opened = guest.send("POST", &url, headers, b"hello").unwrap();
    assert_eq!(guest.read_all(opened.handle).unwrap(), b"hello");
    let (at_one, at_two) = (one.last_request().unwrap(), two.last_request().unwrap());
    let header = |request: &wasi_experimental_http_test_server::ReceivedRequest, name: &str| {
        request.header_text(name).unwrap_or_default()
    };
    for (name, first, second) in [
        ("x-removed", "", "guest"),
        ("x-kept", "guest", "guest"),
        ("x-added", "a", ""),
        ("x-second", "b", ""),
        ("x-credential", "SECRET", ""),
        ("content-length", "5", "5"),
        ("transfer-encoding", "", ""),
    ] {
        assert_eq!(header(&at_one, name), first, "{name}");
        assert_eq!(header(&at_two, name), second, "{name}");
    }
    let expected = [
        format!("POST {url} Some(5) 0"),
        format!("POST {} Some(5) 1", two.url("/echo")),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert!(one.bad_requests().is_empty() && two.bad_requests().is_empty());

    // A body that the guest is writing is not there yet.
    seen.lock().unwrap().clear();
    let handle = guest.start("POST", &one.url("/echo"), ANY).unwrap();
    guest.write_all(handle, b"piece").unwrap();
    guest.finish(handle).unwrap();
    assert_eq!(guest.read_all(handle).unwrap(), b"piece");
    let expected = [format!("POST {} None 0", one.url("/echo"))];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn a_hook_refuses_with_a_reason() {
    let server = TestServer::http().start();
    let denied = Arc::new(Mutex::new(Vec::<Denied>::new()));
    let log = denied.clone();
    let mut http = store(&[&server]);
    http.hook(OnRequest(|request: &mut HookRequest<'_>| {
        match request.url.path() {
            "/get" => HookAction::Refuse("not on Sundays".to_owned()),
            "/panic" => panic!("on purpose"),
            _ => HookAction::Send,
        }
    }))
    .on_denied(move |denied| log.lock().unwrap().push(denied.clone()));
    let mut guest = Guest::new(http.build());
    for (path, reason, requests) in [
        ("/get", "not on Sundays", 0),
        ("/panic", "panicked", 0),
        ("/redirect/1", "not on Sundays", 1),
    ] {
        server.clear();
        assert_eq!(
            guest.fetch(&server.url(path)),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
        let (kind, message) = guest.last_error();
        assert_eq!(kind, "denied_by_rule");
        assert!(message.contains(reason), "{message}");
        let told = denied.lock().unwrap().pop().unwrap();
        assert!(matches!(&told.reason, DeniedReason::Refused(it) if it.contains(reason)));
        assert!(told.to_string().contains(reason), "{told}");
        assert_eq!(server.received().len(), requests, "{path}");
        let handle = guest.start_get(&server.url(path));
        assert_eq!(guest.wait(handle), Err(code::DESTINATION_NOT_ALLOWED));
    }
    // Nothing is asked that the rules deny.
    assert_eq!(
        guest.fetch("http://127.0.0.2:1/get"),
        Err(code::DESTINATION_NOT_ALLOWED)
    );
    assert_eq!(guest.last_error().0, "not_allowed");
}

#[test]
fn a_hook_answers_in_place_of_a_server() {
    let server = TestServer::http().start();
    let events = Arc::new(Mutex::new(Vec::<RequestEvent>::new()));
    let log = events.clone();
    let mut http = store(&[&server]);
    http.try_allowed_host("http://virtual.test")
        .unwrap()
        .show_peer(true)
        .observer(move |event: &RequestEvent| log.lock().unwrap().push(event.clone()))
        .max_total_requests(Some(0))
        .hook(OnRequest(|request: &mut HookRequest<'_>| {
            let answer = Response::builder();
            let answer = match request.url.path() {
                "/page" => answer
                    .header("content-type", "text/plain")
                    .header("x-method", request.method.as_str())
                    .body(b"virtual".to_vec()),
                "/away" => answer
                    .status(302)
                    .header("location", "/page?b")
                    .body(b"gone".to_vec()),
                "/denied" => answer
                    .status(302)
                    .header("location", "http://127.0.0.2:1/")
                    .body(Vec::new()),
                "/interim" => answer.status(103).body(Vec::new()),
                _ => answer.status(404).body(Vec::new()),
            };
            HookAction::Answer(answer.unwrap())
        }));
    let mut guest = Guest::new(http.build());
    for handle in both(&mut guest, "http://virtual.test/away") {
        assert_eq!(guest.header(handle, "content-type").unwrap(), b"text/plain");
        assert_eq!(guest.header(handle, "x-method").unwrap(), b"GET");
        assert_eq!(
            guest.fact(handle, fact::URL).unwrap(),
            "http://virtual.test/page?b"
        );
        assert_eq!(guest.fact(handle, fact::REDIRECTS).unwrap(), "1");
        assert_eq!(guest.fact(handle, fact::VERSION).unwrap(), "HTTP/1.1");
        assert_eq!(guest.fact(handle, fact::PEER).unwrap(), "");
        assert_eq!(
            guest.poll(&[(handle, event::READABLE)], ANY),
            Ok(vec![event::READABLE])
        );
        assert_eq!(guest.read(handle, 3).unwrap(), b"vir");
        assert_eq!(guest.fill(handle, 100).unwrap(), b"tual");
        assert_eq!(guest.read(handle, 3).unwrap(), b"");
        guest.call_close(handle);
    }
    let event = events.lock().unwrap().pop().unwrap();
    assert_eq!(
        (event.status, event.peer, event.hops.len()),
        (Some(200), None, 0)
    );
    assert_eq!((event.bytes_sent, event.bytes_received), (0, 0));
    // HEAD has no body, and limits hold.
    let Opened { handle, .. } = guest.send("HEAD", &server.url("/page"), "", b"").unwrap();
    assert_eq!(guest.read_all(handle).unwrap(), b"");
    let few = [(option::MAX_RESPONSE_BODY, 3)];
    let handle = guest
        .start_with("GET", &server.url("/page"), "", &few, 0)
        .unwrap();
    assert_eq!(guest.read_all(handle), Err(code::BODY_TOO_LARGE));
    // A guest that writes a body finds that nobody wants it.
    let handle = guest.start("POST", &server.url("/page"), ANY).unwrap();
    assert_eq!(guest.wait(handle), Ok(200));
    assert_eq!(guest.write(handle, b"a"), Err(code::BODY_CLOSED));
    assert_eq!(
        guest.fetch(&server.url("/denied")),
        Err(code::DESTINATION_NOT_ALLOWED)
    );
    assert_eq!(
        guest.fetch(&server.url("/interim")),
        Err(code::REQUEST_ERROR)
    );
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_hook_changes_or_refuses_a_response() {
    let server = TestServer::http().start();
    let mut http = store(&[&server]);
    http.hook(OnResponse(
        |request: &HookRequest<'_>, response: &mut HookResponse<'_>| {
            match (request.url.path(), response.status.as_u16()) {
                ("/response-headers/repeated", 200) => {
                    response.headers.remove("set-cookie");
                    response
                        .headers
                        .insert("x-seen", HeaderValue::from_static("yes"));
                }
                ("/redirect/1", 302) => {
                    response
                        .headers
                        .insert("location", HeaderValue::from_static("/bytes/3"));
                }
                ("/status/404", 404) => return Err("a page that is missing".to_owned()),
                ("/empty", _) => panic!("on purpose"),
                _ => {}
            }
            assert_eq!(*request.method, Method::GET);
            assert!(response.peer.ip().is_loopback());
            Ok(())
        },
    ));
    let mut guest = Guest::new(http.build());
    for handle in both(&mut guest, &server.url("/response-headers/repeated")) {
        assert_eq!(
            guest.header(handle, "set-cookie"),
            Err(code::HEADER_NOT_FOUND)
        );
        assert_eq!(guest.header(handle, "x-seen").unwrap(), b"yes");
        assert_eq!(guest.read_all(handle).unwrap(), HELLO.as_bytes());
        guest.call_close(handle);
    }
    for handle in both(&mut guest, &server.url("/redirect/1")) {
        assert_eq!(guest.read_all(handle).unwrap().len(), 3);
        guest.call_close(handle);
    }
    for (path, reason) in [
        ("/status/404", "a page that is missing"),
        ("/empty", "panicked"),
    ] {
        assert_eq!(
            guest.fetch(&server.url(path)),
            Err(code::DESTINATION_NOT_ALLOWED)
        );
        let (kind, message) = guest.last_error();
        assert_eq!(kind, "denied_by_rule");
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn a_hook_sees_the_body_as_the_guest_gets_it() {
    let server = TestServer::http().start();
    for whole in [false, true] {
        let seen = Arc::new(Mutex::new((Vec::new(), 0)));
        let told = Arc::new(AtomicU32::new(0));
        let (log, count) = (seen.clone(), told.clone());
        let mut http = store(&[&server]);
        http.hook(OnResponse(
            move |_: &HookRequest<'_>, response: &mut HookResponse<'_>| {
                let log = log.clone();
                response.watch_body(move |part| match part {
                    BodyPart::Bytes(bytes) => log.lock().unwrap().0.extend_from_slice(bytes),
                    _ => log.lock().unwrap().1 += 1,
                });
                let count = count.clone();
                response.watch_body(move |_| {
                    count.fetch_add(1, Ordering::Relaxed);
                    panic!("on purpose");
                });
                Ok(())
            },
        ));
        if whole {
            http.whole_bodies(1_000_000);
        }
        let mut guest = Guest::new(http.build());
        let take = || std::mem::take(&mut *seen.lock().unwrap());
        for path in [
            "/bytes/100000",
            "/chunked/100000?chunk=700",
            "/close/100000",
        ] {
            for handle in both(&mut guest, &server.url(path)) {
                let body = guest.read_all(handle).unwrap();
                guest.call_close(handle);
                if !whole {
                    // One after the other.
                    assert_eq!(take(), (body, 1), "{path}");
                }
            }
        }
        if whole {
            // They had been read before the guest did.
            let (bytes, ends) = take();
            assert_eq!((bytes.len(), ends), (600_000, 6));
        }
        // One that is empty, and that of a redirect, end at once.
        guest.fetch_all(&server.url("/empty"));
        assert_eq!(take(), (Vec::new(), 1));
        guest.fetch_all(&server.url("/redirect/2"));
        assert_eq!(take(), (HELLO.as_bytes().to_vec(), 3));
        if !whole {
            // One that breaks off, or that the guest leaves, does not.
            let handle = guest.open(&server.url("/lying-length"));
            assert_eq!(guest.read_all(handle), Err(code::INCOMPLETE_BODY));
            assert_eq!(take(), (b"first".to_vec(), 0));
            let handle = guest.open(&server.url("/bytes/100000"));
            guest.fill(handle, 10).unwrap();
            guest.call_close(handle);
            assert_eq!(take().1, 0);
        }
        assert!(told.load(Ordering::Relaxed) > 6);
    }
}

/// A plugin that gets a page behind a redirect twice, and gives the sum of the bytes.
fn plugin(url: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        r#"(module
            (import "wasi_experimental_http" "req"
              (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
            (import "wasi_experimental_http" "body_read"
              (func $body_read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 2)
            (data (i32.const 16) "GET")
            (data (i32.const 1024) "{url}")
            (func $get (result i32) (local $error i32) (local $sum i32) (local $at i32)
              (local.set $error (call $req (i32.const 1024) (i32.const {len}) (i32.const 16)
                (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 4)))
              (if (local.get $error) (then (return (i32.sub (i32.const 0) (local.get $error)))))
              (drop (call $body_read (i32.load (i32.const 4)) (i32.const 4096) (i32.const 60000)
                (i32.const 8)))
              (loop $more
                (local.set $sum (i32.add (local.get $sum)
                  (i32.load8_u (i32.add (i32.const 4096) (local.get $at)))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $more (i32.lt_u (local.get $at) (i32.load (i32.const 8)))))
              (local.get $sum))
            (func (export "run") (result i32) (i32.add (call $get) (call $get))))"#,
        len = url.len(),
    );
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn what_is_recorded_is_played_without_the_server() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let plugin = plugin(&server.url("/redirect/2"));
    let plugin = plugin.path().to_str().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("recorded");
    let file = file.to_str().unwrap();
    let recorder = replay::Recorder::to(file).unwrap();
    let recorded = replay::run(plugin, &origin, recorder).unwrap();
    let sum: i32 = HELLO.bytes().map(i32::from).sum();
    assert_eq!(recorded, 2 * sum);
    let connections = server.connections();
    drop(server);
    assert_eq!(connections, 1);
    let player = replay::Player::of(file).unwrap();
    assert_eq!(replay::run(plugin, &origin, player).unwrap(), recorded);
    // What was not recorded is refused: the second of two requests, here.
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    std::fs::write(file, lines[..3].join("\n")).unwrap();
    let player = replay::Player::of(file).unwrap();
    let code = i32::try_from(code::DESTINATION_NOT_ALLOWED).unwrap();
    assert_eq!(replay::run(plugin, &origin, player).unwrap(), sum - code);
    std::fs::write(file, "{}").unwrap();
    assert!(replay::Player::of(file).is_err());
}

/// All of it in asynchronous stores, whose requests are on threads of the client.
#[test]
fn hooks_asynchronously() {
    if std::env::var_os("WASI_HTTP_TEST_ASYNC").is_none() {
        let binary = std::env::current_exe().unwrap();
        let output = std::process::Command::new(binary)
            .args(["hooks::", "--skip", "hooks_asynchronously"])
            .env("WASI_HTTP_TEST_ASYNC", "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(!text.contains(" 0 passed"), "{text}");
    }
}

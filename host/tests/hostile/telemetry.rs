//! What is told of each request, and what is not.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};
use wasi_experimental_http_wasmtime::http;
use wasi_experimental_http_wasmtime::{
    Denied, DeniedReason, ErrorKind, FailedCall, Hop, HttpCtx, RequestError, RequestEvent,
};

use crate::common::trace::captured;
use crate::common::{Guest, code, trusting};
use crate::resolving;

/// A guest of these servers, and what its observer was told so far.
fn observed(
    http: &mut wasi_experimental_http_wasmtime::HttpCtxBuilder,
) -> (Guest, Arc<Mutex<Vec<RequestEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    http.observer({
        let events = events.clone();
        move |event: &RequestEvent| events.lock().unwrap().push(event.clone())
    });
    (Guest::new(http.build()), events)
}

fn take(events: &Mutex<Vec<RequestEvent>>) -> Option<RequestEvent> {
    let mut events = events.lock().unwrap();
    assert!(events.len() <= 1, "{events:?}");
    events.pop()
}

#[test]
fn a_request_is_told_of_once_with_its_facts() {
    let ca = TestCa::new();
    for server in [TestServer::http().start(), TestServer::https(&ca).start()] {
        let name = format!(
            "{}.test",
            if server.origin().starts_with("https") {
                "a"
            } else {
                "b"
            }
        );
        // The certificate is for `localhost`; that name resolves like any other here.
        let client = resolving(&[("localhost", &["127.0.0.1"]), (&name, &["127.0.0.1"])])
            .system_root_certificates(false)
            .try_add_root_certificates_pem(ca.pem())
            .unwrap()
            .build();
        let mut http = HttpCtx::builder();
        http.client(client)
            .try_allowed_host(&server.origin_at("localhost"))
            .unwrap();
        let (mut guest, events) = observed(&mut http);
        let origin = server.origin_at("localhost");
        let handle = guest
            .send(
                "PUT",
                &format!("{origin}/redirect/2?status=307"),
                "",
                b"hello",
            )
            .unwrap()
            .handle;
        assert_eq!(take(&events), None);
        guest.read_all(handle).unwrap();
        let event = take(&events).expect("an event at the end of the body");
        assert_eq!(event.method, "PUT");
        assert_eq!(event.url, format!("{origin}/redirect/2"));
        let hops = event
            .hops
            .iter()
            .map(|hop| (&*hop.url, hop.peer, hop.status));
        let peer = Some(([127, 0, 0, 1], server.port()).into());
        let urls = ["/redirect/2", "/redirect/1", "/get"].map(|path| format!("{origin}{path}"));
        let statuses = [307, 307, 200].map(Some);
        let expected = urls
            .iter()
            .zip(statuses)
            .map(|(url, status)| (&**url, peer, status));
        assert!(hops.eq(expected), "{:?}", event.hops);
        assert_eq!(event.final_url(), urls[2]);
        assert_eq!(event.peer, Some(([127, 0, 0, 1], server.port()).into()));
        assert_eq!(event.status, Some(200));
        assert!(event.resolve_time > Duration::ZERO, "{event:?}");
        assert!(event.connect_time > Duration::ZERO, "{event:?}");
        let headers = event.headers_time.expect("headers");
        assert!(
            event.resolve_time + event.connect_time < headers,
            "{event:?}"
        );
        assert!(headers < event.total_time, "{event:?}");
        // Three heads and bodies each way.
        assert!(event.bytes_sent > 3 * 100, "{event:?}");
        assert!(event.bytes_received > 3 * 50, "{event:?}");
        assert_eq!(event.error, None);
        guest.call_close(handle);
        assert_eq!(take(&events), None);

        // Over an idle connection nothing is connected.
        let handle = guest.open(&format!("{origin}/bytes/1000000"));
        guest.read(handle, 1).unwrap();
        assert_eq!(take(&events), None);
        guest.call_close(handle);
        let event = take(&events).expect("an event at its close");
        assert_eq!(
            (event.connect_time, event.status),
            (Duration::ZERO, Some(200))
        );
        assert_eq!(event.error, None);

        // Without a body it is over at once.
        guest.open(&format!("{origin}/empty"));
        assert_eq!(take(&events).map(|event| event.status), Some(Some(200)));
        // What a dropped store leaves open is closed.
        let handle = guest.open(&format!("{origin}/bytes/1000"));
        let read = guest.read(handle, 1000).unwrap().len() as u64;
        assert!(take(&events).expect("an event").bytes_received > read);
        guest.open(&format!("{origin}/gate"));
        drop(guest);
        assert_eq!(take(&events).map(|event| event.status), Some(Some(200)));
    }
}

#[test]
fn a_failure_is_told_of_with_its_code_and_reason() {
    let server = TestServer::http().raw(|conn| {
        let request = conn.read_request()?;
        if request.target == "/body" {
            conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")?;
        }
        Ok(())
    });
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin()).unwrap();
    let (mut guest, events) = observed(&mut http);

    assert_eq!(guest.fetch(&server.url("/")), Err(code::REQUEST_ERROR));
    let event = take(&events).unwrap();
    let error = event.error.unwrap();
    assert_eq!(error.code, code::REQUEST_ERROR);
    assert!(error.message.contains("disconnected"), "{error:?}");
    assert_eq!(
        (event.hops.len(), event.status, event.headers_time),
        (1, None, None)
    );

    let handle = guest.open(&server.url("/body"));
    assert_eq!(guest.read_all(handle), Err(code::INCOMPLETE_BODY));
    let event = take(&events).unwrap();
    assert_eq!(event.status, Some(200));
    assert_eq!(event.error.unwrap().code, code::INCOMPLETE_BODY);
    guest.call_close(handle);
    assert_eq!(take(&events), None);

    assert_eq!(
        guest.fetch("http://denied.test/a?token=SECRET"),
        Err(code::DESTINATION_NOT_ALLOWED)
    );
    let event = take(&events).unwrap();
    assert_eq!(
        (event.hops.len(), event.peer, event.bytes_sent),
        (0, None, 0)
    );
    let error = event.error.unwrap();
    assert_eq!(error.code, code::DESTINATION_NOT_ALLOWED);
    assert!(
        error.message.contains("\"http://denied.test\" would"),
        "{error:?}"
    );
}

#[test]
fn the_trace_has_the_same_facts_and_nothing_has_a_secret() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let mut http = HttpCtx::builder();
    http.client(trusting(&ca))
        .try_allowed_host(&server.origin())
        .unwrap();
    let (mut guest, events) = observed(&mut http);
    let headers = "Authorization:Bearer SECRET\nCookie:a=SECRET\nConnection:SECRET\n\
                   Content-Type:text/SECRET\nProxy-Authorization:SECRET";
    let (_, trace) = captured(|| {
        let next = "/echo%3Ftoken=SECRET%23SECRET";
        let url = server.url(&format!(
            "/redirect-to?status=308&url={next}&token=SECRET#SECRET"
        ));
        let opened = guest.send("POST", &url, headers, b"SECRET").unwrap();
        assert_eq!(guest.read_all(opened.handle).unwrap(), b"SECRET");
        // Every way to fail, too.
        for url in [
            server.url("/hang?SECRET").replace("https:", "http:"),
            format!("https://SECRET:SECRET@localhost:{}/", server.port()),
            "https://other.test/?SECRET".to_owned(),
            server.url("/redirect-to?url=https://SECRET@other.test/"),
            server.url("/redirect-to?url=https://other.test/%3FSECRET"),
            server.url("/lying-length?claim=9&a=SECRET"),
            server.url("/switching-protocols?SECRET"),
        ] {
            if let Ok(opened) = guest.send("GET", &url, headers, b"") {
                let _ = guest.read_all(opened.handle);
            }
        }
        for bad in [
            "a SECRET:b",
            "SECRET",
            "a:SECRET\0",
            "Content-Length:SECRET",
            "Host:SECRET",
        ] {
            assert!(guest.send("GET", &server.url("/get"), bad, b"").is_err());
        }
    });
    let events = events.lock().unwrap();
    assert!(events.len() > 5, "{events:?}");
    for text in [&trace, &format!("{events:?}")] {
        assert!(!text.contains("SECRET"), "{text}");
    }
    for fact in [
        "method=POST",
        &format!("url={}/redirect-to", server.origin()),
        "hops=2",
        &format!("peer=127.0.0.1:{}", server.port()),
        "status=200",
        "resolve_time=",
        "connect_time=",
        "headers_time=",
        "total_time=",
        "bytes_sent=",
        "bytes_received=",
        "error=",
        // Hop-by-hop fields are dropped, and it is told.
        "header=connection",
    ] {
        assert!(trace.contains(fact), "{fact}: {trace}");
    }
}

#[test]
fn header_fields_are_told_of_on_request_and_credentials_are_marked() {
    let server = TestServer::http().raw(|conn| {
        let request = conn.read_request()?;
        let head = match request.target.as_str() {
            "/" => "302 Found\r\nLocation: /next?token=SECRET\r\nSet-Cookie: a=SECRET",
            _ => "200 OK\r\nX-Plain: one\r\nX-Plain: two\r\nX-Api-Key: SECRET",
        };
        conn.write_all(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").as_bytes())
    });
    let http = || {
        HttpCtx::builder()
            .try_allowed_host(&server.origin())
            .unwrap()
            .clone()
    };
    let sent = "Accept:text/plain\nAuthorization:Bearer SECRET\nCookie:SECRET\nX-Token:SECRET";

    // Not unless it is asked for.
    let (mut guest, events) = observed(&mut http());
    guest.send("GET", &server.url("/"), sent, b"").unwrap();
    let event = take(&events).unwrap();
    assert_eq!(event.hops.len(), 2);
    for hop in &event.hops {
        assert_eq!(
            (&hop.request_headers, &hop.response_headers),
            (&None, &None)
        );
    }

    let (mut guest, events) = observed(http().record_headers(true));
    guest.send("GET", &server.url("/"), sent, b"").unwrap();
    let event = take(&events).unwrap();
    let text = format!("{event:?}");
    assert!(!text.contains("SECRET"), "{text}");
    // Whoever asks for them has the values, and can see which are secret.
    let told = |headers: &Option<http::HeaderMap>| {
        let headers = headers.as_ref().expect("headers").iter();
        let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let secret = if value.is_sensitive() { "!" } else { "" };
            format!("{secret}{name}: {}", value.to_str().unwrap())
        };
        let mut lines: Vec<_> = headers.map(line).collect();
        lines.sort();
        lines.join("\n")
    };
    let [first, second] = &event.hops[..] else {
        panic!("{event:?}");
    };
    let request = "!authorization: Bearer SECRET\n!cookie: SECRET\n!x-token: SECRET\n\
                   accept: text/plain";
    assert_eq!(told(&first.request_headers), request);
    assert_eq!(told(&second.request_headers), request);
    assert_eq!(
        told(&first.response_headers),
        "!location: /next?token=SECRET\n!set-cookie: a=SECRET\ncontent-length: 0"
    );
    assert_eq!(
        told(&second.response_headers),
        "!x-api-key: SECRET\ncontent-length: 0\nx-plain: one\nx-plain: two"
    );

    // Of a request that is not answered there is one half.
    let closing = TestServer::http().raw(|conn| conn.read_request().map(drop));
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&closing.origin()).unwrap();
    let (mut guest, events) = observed(http.record_headers(true));
    let failed = guest.send("POST", &closing.url("/"), "A:b", b"");
    assert!(failed.is_err());
    let hops = take(&events).unwrap().hops;
    assert_eq!(told(&hops[0].request_headers), "a: b");
    assert_eq!(hops[0].response_headers, None);
}

#[test]
fn observers_add_up_are_told_whose_request_it_was_and_may_panic() {
    let server = TestServer::http().start();
    let told = Arc::new(Mutex::new(Vec::new()));
    let note = |who: &str| {
        let (told, who) = (told.clone(), who.to_owned());
        move |label: &Option<Arc<str>>, what: String| {
            let label = label.as_deref().unwrap_or("nobody");
            told.lock().unwrap().push(format!("{who}: {label} {what}"));
        }
    };
    let (first, second, denials, more_denials) = (note("1"), note("2"), note("3"), note("4"));
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin())
        .unwrap()
        .label("plugin 7")
        .observer(move |event| first(&event.label, format!("{:?}", event.status)))
        .observer(|_| panic!("of an observer"))
        .observer(move |event| second(&event.label, format!("{:?}", event.status)))
        .on_denied(move |denied| denials(&denied.label, denied.origin.clone()))
        .on_denied(|_| panic!("of another"))
        .on_denied(move |denied| more_denials(&denied.label, denied.origin.clone()));
    let mut guest = Guest::new(http.build());
    assert_eq!(guest.fetch_all(&server.url("/status/404")).0, 404);
    let denied = guest.fetch("http://denied.test/");
    assert_eq!(denied, Err(code::DESTINATION_NOT_ALLOWED));
    // In a destructor, too.
    guest.open(&server.url("/bytes/100000"));
    drop(guest);
    let expected = [
        "1: plugin 7 Some(404)",
        "2: plugin 7 Some(404)",
        "3: plugin 7 http://denied.test",
        "4: plugin 7 http://denied.test",
        "1: plugin 7 None",
        "2: plugin 7 None",
        "1: plugin 7 Some(200)",
        "2: plugin 7 Some(200)",
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn every_call_that_fails_is_told_of() {
    let server = TestServer::http().start();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin())
        .unwrap()
        .on_failed_call({
            let calls = calls.clone();
            move |call| {
                let source = std::error::Error::source(&call.error).is_some();
                let told = (call.function, call.error.kind, call.error.code, source);
                calls.lock().unwrap().push(told);
            }
        });
    let mut guest = Guest::new(http.try_allowed_host("http://127.0.0.1:1").unwrap().build());
    let _ = guest.fetch("no URL");
    let _ = guest.send("GE T", &server.url("/"), "", b"");
    let _ = guest.send("GET", &server.url("/"), "no colon", b"");
    let _ = guest.fetch("http://127.0.0.1:1/");
    let _ = guest.header(99, "a");
    let handle = guest.open(&server.url("/get"));
    let _ = guest.header(handle, "a");
    let _ = guest.read_all(handle);
    use ErrorKind as Kind;
    let expected = [
        ("req", Kind::Misuse, code::INVALID_URL, false),
        ("req", Kind::Misuse, code::INVALID_METHOD, false),
        ("req", Kind::Misuse, code::INVALID_ENCODING, false),
        ("req", Kind::ConnectionRefused, code::REQUEST_ERROR, true),
        ("header_get", Kind::Misuse, code::INVALID_HANDLE, false),
        ("header_get", Kind::Misuse, code::HEADER_NOT_FOUND, false),
    ];
    assert_eq!(*calls.lock().unwrap(), expected);
}

/// What observers get can be made by who tests them.
#[test]
fn events_can_be_made() {
    let mut event = RequestEvent::new("GET", "http://a.test/");
    assert_eq!(event.final_url(), "http://a.test/");
    event.hops.push(Hop::new("http://a.test/"));
    event.hops.push(Hop::new("http://b.test/"));
    event.hops[1].response_headers = Some(http::HeaderMap::new());
    assert_eq!(event.final_url(), "http://b.test/");
    let error = RequestError::new(ErrorKind::TimeoutRead, code::TIMEOUT, "too slow");
    assert_eq!(error.kind.to_string(), "read timeout");
    event.error = Some(error.clone());
    assert_eq!(FailedCall::new("req", error.clone()).error, error);
    let denied = Denied::new(
        &"http://c.test/?a".parse().unwrap(),
        DeniedReason::NotAllowed,
    );
    assert_eq!(denied.url, "http://c.test/");
}

#[test]
fn the_hosts_of_a_store_can_be_replaced() {
    let [one, other] = [TestServer::http().start(), TestServer::http().start()];
    let hosts = |server: &TestServer| server.origin().parse().unwrap();
    let http = HttpCtx::builder().allowed_hosts(hosts(&one)).build();
    let mut guest = Guest::new(http);
    let open = guest.open(&one.url("/get"));
    guest.store.data_mut().set_allowed_hosts(hosts(&other));
    assert_eq!(
        guest.fetch(&one.url("/get")),
        Err(code::DESTINATION_NOT_ALLOWED)
    );
    assert_eq!(guest.fetch_all(&other.url("/get")).0, 200);
    let redirect = format!("/redirect-to?url={}", one.url("/get"));
    let redirected = guest.fetch(&other.url(&redirect));
    assert_eq!(redirected, Err(code::DESTINATION_NOT_ALLOWED));
    assert_eq!(guest.read_all(open).unwrap(), HELLO.as_bytes());
}

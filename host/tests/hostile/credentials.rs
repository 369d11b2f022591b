//! Header fields that the host adds: where they go, and that the guest gets none of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{ReceivedRequest, TestServer};
use wasi_experimental_http_wasmtime::{
    Credential, ErrorKind, FailedCall, HttpClient, HttpCtx, HttpCtxBuilder, RequestEvent,
};

use crate::common::trace::captured;
use crate::common::{Guest, Opened, code};

/// A store that may reach these servers.
fn allowed(servers: &[&TestServer]) -> HttpCtxBuilder {
    let mut http = HttpCtx::builder();
    http.client(HttpClient::new());
    for server in servers {
        http.try_allowed_host(&server.origin()).unwrap();
    }
    http
}

fn header(request: &ReceivedRequest, name: &str) -> Option<String> {
    request.header_text(name)
}

/// The path of a redirect to this URL.
fn redirect_to(url: &str) -> String {
    let url = url
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('&', "%26");
    format!("/redirect-to?status=307&url={url}")
}

#[test]
fn credentials_go_to_their_hosts_at_every_hop_and_nowhere_else() {
    let one = TestServer::http().start();
    let two = TestServer::http().start();
    let mut http = allowed(&[&one, &two]);
    http.credential(Credential::new(&one.origin(), "Authorization", "Bearer HOST").unwrap())
        .credential(Credential::new(&one.origin(), "x-key", "KEY").unwrap());
    let mut guest = Guest::new(http.build());
    let url = one.url(&redirect_to(&two.url(&redirect_to(&one.url("/get")))));
    let headers = "AUTHORIZATION:Bearer guest\nX-Key:guest\nX-Key:again\nabc:def";
    for started in [false, true] {
        one.clear();
        two.clear();
        let handle = if started {
            guest.start_with("GET", &url, headers, &[], 0).unwrap()
        } else {
            guest.send("GET", &url, headers, b"").unwrap().handle
        };
        assert_eq!(guest.wait(handle), Ok(200), "{started}");
        let [first, last] = &one.received()[..] else {
            panic!("{:?}", one.received());
        };
        for request in [first, last] {
            let values = request.headers.iter().filter(|(name, _)| {
                name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("x-key")
            });
            assert_eq!(values.count(), 2, "{:?}", request.headers);
            assert_eq!(header(request, "authorization").unwrap(), "Bearer HOST");
            assert_eq!(header(request, "x-key").unwrap(), "KEY");
            assert_eq!(header(request, "abc").unwrap(), "def");
        }
        // There the guest's own fields are, less those that a redirect takes away.
        let other = &two.received()[0];
        assert_eq!(header(other, "authorization"), None);
        assert_eq!(header(other, "x-key").unwrap(), "guest");
        guest.call_close(handle);
    }
}

#[test]
fn credentials_are_in_nothing_that_a_guest_or_an_observer_gets() {
    let server = TestServer::http().start();
    let told = Arc::new(Mutex::new(String::new()));
    let tell = |told: &Arc<Mutex<String>>| {
        let told = told.clone();
        move |text: String| told.lock().unwrap().push_str(&text)
    };
    let (requests, calls) = (tell(&told), tell(&told));
    let mut http = allowed(&[&server]);
    http.credential(Credential::new(&server.origin(), "x-plain", "SECRET").unwrap())
        .credential(Credential::new(&server.origin(), "authorization", "SECRET").unwrap())
        .record_headers(true)
        .max_redirects(1)
        .observer(move |event: &RequestEvent| {
            for hop in &event.hops {
                let fields = hop.request_headers.iter().chain(&hop.response_headers);
                fields.flatten().for_each(|(name, value)| {
                    requests(format!("{name}:{}\n", value.to_str().unwrap()));
                });
            }
            requests(format!("{event:?}"));
        })
        .on_failed_call(move |call: &FailedCall| calls(format!("{call:?} {call:#?}")));
    told.lock().unwrap().push_str(&format!("{http:?}"));
    let mut guest = Guest::new(http.build());
    let (given, traced) = captured(|| {
        let handle = guest.open(&server.url("/get"));
        let mut given = guest.headers(handle).unwrap();
        given.extend(guest.read_all(handle).unwrap());
        guest.call_close(handle);
        assert_eq!(
            guest.fetch(&server.url("/redirect/2")),
            Err(code::REQUEST_ERROR)
        );
        given.extend(guest.last_error().1.into_bytes());
        given
    });
    assert!(
        server
            .received()
            .iter()
            .all(|it| header(it, "x-plain").unwrap() == "SECRET")
    );
    let told = told.lock().unwrap().clone() + &traced + &format!("{:?}", guest.store.data());
    assert!(told.contains("/redirect/2"), "{told}");
    assert!(!told.contains("SECRET"), "{told}");
    assert!(!String::from_utf8_lossy(&given).contains("SECRET"));
}

#[test]
fn a_function_makes_the_value_of_each_request_that_is_sent() {
    let server = TestServer::http().start();
    let calls = Arc::new(AtomicU32::new(0));
    let count = calls.clone();
    let credential = Credential::from_function(&server.origin(), "x-token", move |url| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Ok(format!("{number}{}", url.path()))
    });
    let mut guest = Guest::new(allowed(&[&server]).credential(credential.unwrap()).build());
    guest.fetch_all(&server.url("/redirect/1"));
    guest.fetch_all(&server.url("/get"));
    let tokens: Vec<_> = server
        .received()
        .iter()
        .map(|it| header(it, "x-token"))
        .collect();
    let expected = ["0/redirect/1", "1/get", "2/get"].map(|it| Some(it.to_owned()));
    assert_eq!(tokens, expected);
}

#[test]
fn without_a_value_nothing_is_sent_and_the_guest_is_not_told_why() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let of = |value: fn() -> Result<String, Box<dyn std::error::Error + Send + Sync>>| {
        Credential::from_function(&origin, "x-token", move |_| value()).unwrap()
    };
    let cases = [
        (
            of(|| Err("the vault is SEALED".into())),
            "the vault is SEALED",
        ),
        (of(|| Ok("two\nlines".to_owned())), "line end"),
        (of(|| Ok("a".repeat(20_000))), "longer than"),
        (of(|| panic!("on purpose")), "panicked"),
    ];
    for (credential, why) in cases {
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = told.clone();
        let mut http = allowed(&[&server]);
        http.credential(credential)
            .observer(move |event: &RequestEvent| events.lock().unwrap().push(event.clone()));
        let mut guest = Guest::new(http.build());
        assert_eq!(guest.fetch(&server.url("/get")), Err(code::RUNTIME_ERROR));
        let (reason, message) = guest.last_error();
        assert_eq!(reason, "denied_by_rule");
        assert!(
            message.contains("no credentials for it at the moment"),
            "{message}"
        );
        assert!(
            !message.contains(why) && !message.contains("x-token"),
            "{message}"
        );
        let event = told.lock().unwrap().pop().unwrap();
        let error = event.error.unwrap();
        assert_eq!(error.kind, ErrorKind::DeniedByRule);
        assert!(error.message.contains(why), "{error}");
        assert!(error.message.contains("x-token"), "{error}");
        // Others are not affected.
        assert!(guest.fetch("http://127.0.0.1:1/").is_err());
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn what_asks_for_them_back_and_what_is_for_another_site_gets_none() {
    let server = TestServer::http().start();
    let mut http = allowed(&[&server]);
    http.credential(Credential::new(&server.origin(), "authorization", "SECRET").unwrap())
        .try_allow_host_header(&server.origin())
        .unwrap();
    let mut guest = Guest::new(http.build());
    for (method, headers, expected) in [
        ("GET", "", Some("SECRET")),
        ("TRACE", "", None),
        ("GET", "Host:other.example", None),
    ] {
        let Opened { handle, .. } = guest
            .send(method, &server.url("/get"), headers, b"")
            .unwrap();
        let request = server.last_request().unwrap();
        let sent = header(&request, "authorization");
        assert_eq!(sent.as_deref(), expected, "{method} {headers}");
        guest.call_close(handle);
    }
}

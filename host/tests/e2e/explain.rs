//! What a guest can ask beyond the response: its facts, and why a call failed.

use crate::common::code;
use crate::guest::{Guest, Language};
use crate::servers::Servers;

/// What the guest prints about a URL, and the code that it gives.
fn explain(language: Language, servers: &Servers, url: &str) -> (i32, String) {
    let words = ["GET", url].map(str::to_owned);
    let mut http = servers.ctx_builder();
    http.try_allowed_host(&servers.one.origin()).unwrap();
    let http = http.show_peer(true).build();
    let mut guest = Guest::new(&language.guest("e2e"), http, &words, &[]);
    let result = guest.call("explain", ());
    assert_eq!(guest.open_responses(), 0, "{language:?}");
    (result, guest.stdout())
}

#[test]
fn a_response_tells_where_it_came_from() {
    for servers in Servers::each() {
        let get = servers.one.url("/get");
        for (path, redirects) in [("/get", 0), ("/redirect/2", 2)] {
            let url = servers.one.url(path);
            let expected =
                format!("url {get}\nversion HTTP/1.1\nredirects {redirects}\npeer true\n");
            for language in Language::ALL {
                let told = explain(language, &servers, &url);
                assert_eq!(told, (0, expected.clone()), "{language:?}");
            }
        }
    }
}

#[test]
fn a_failure_tells_its_reason_until_another_call_fails() {
    for servers in Servers::each() {
        let denied = code::DESTINATION_NOT_ALLOWED.cast_signed();
        for (language, reason) in [
            (Language::Rust, "reason not_allowed"),
            (Language::AssemblyScript, "reason 1"),
        ] {
            let (result, printed) = explain(language, &servers, "http://denied.example/a?b");
            let lines: Vec<&str> = printed.lines().collect();
            assert_eq!(
                (result, lines.len()),
                (denied, 3),
                "{language:?}: {printed}"
            );
            assert_eq!(lines[0], reason);
            let message = "message http://denied.example/a: no allowed host matches; ";
            assert!(lines[1].starts_with(message), "{printed}");
            assert_eq!(lines[2], "later true");
        }
    }
}

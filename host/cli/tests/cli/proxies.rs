//! `--proxy` and `--no-proxy`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use wasi_experimental_http_test_server::{RawConn, TestServer};

use crate::harness::Directory;

const REQUEST_ERROR: i32 = 11;

/// Options, and variables of the environment.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// A proxy that answers itself, and the first lines of what it was sent.
fn proxy() -> (TestServer, Arc<Mutex<Vec<String>>>) {
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = heads.clone();
    let server = TestServer::http().raw(move |conn: &mut RawConn<'_>| {
        let head = String::from_utf8_lossy(&conn.read_head()?).into_owned();
        log.lock().unwrap().push(head);
        conn.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
    });
    (server, heads)
}

fn take(heads: &Mutex<Vec<String>>) -> String {
    heads.lock().unwrap().drain(..).collect()
}

#[test]
fn requests_are_sent_through_the_proxy_that_is_named() {
    let (server, heads) = proxy();
    let directory = Directory::getter("http://a.test/get");
    let url = format!("http://me:SECRET@127.0.0.1:{}", server.port());
    directory.write("config.toml", format!("proxy = \"{url}\"\n"));
    let environment = [("http_proxy", url.as_str())];
    let cases: [Case<'_>; 3] = [
        (&["--proxy", &url], &[]),
        (&["--proxy", "env"], &environment),
        (&["--config", "config.toml"], &[]),
    ];
    for (options, environment) in cases {
        for verbose in [None, Some("-v"), Some("-vvvv")] {
            let words = [
                options,
                &["-a", "http://a.test"],
                verbose.as_slice(),
                &["guest.wat"],
            ];
            let outcome = directory.run_with(&words.concat(), environment, b"");
            assert_eq!(
                (outcome.code, &*outcome.stdout),
                (Some(0), "proxy"),
                "{outcome:?}"
            );
            assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
            let head = take(&heads);
            let start =
                "GET http://a.test/get HTTP/1.1\r\nProxy-Authorization: Basic bWU6U0VDUkVU\r\n";
            assert!(head.starts_with(start), "{head}");
        }
    }
    // The allowed hosts hold.
    directory
        .run(&["--proxy", &url, "-a", "http://b.test", "guest.wat"])
        .fails(7, &["--allowed-host http://a.test"]);
    assert_eq!(take(&heads), "");
}

#[test]
fn the_environment_and_hosts_without_a_proxy_are_reached_directly() {
    let (server, heads) = proxy();
    let direct = TestServer::http().start();
    let origin = direct.origin_at("localhost");
    let directory = Directory::getter(&format!("{origin}/get"));
    let url = format!("http://127.0.0.1:{}", server.port());
    let environment = [("http_proxy", &*url), ("no_proxy", "localhost")];
    let cases: [Case<'_>; 3] = [
        (&[], &environment[..1]),
        (&["--proxy", "env"], &environment),
        (&["--proxy", &url, "--no-proxy", "b.test,localhost"], &[]),
    ];
    for (options, environment) in cases {
        let words = [options, &["-a", &origin, "guest.wat"]].concat();
        let outcome = directory.run_with(&words, environment, b"");
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
    }
    assert_eq!(direct.requests(), 3);
    assert_eq!(take(&heads), "");
}

#[test]
fn a_bad_proxy_is_refused_and_one_that_fails_is_named() {
    let directory = Directory::getter("http://a.test/get");
    let cases: [(&[&str], &str); 4] = [
        (
            &["--proxy", "https://SECRET@a.test"],
            "is not a scheme of proxies",
        ),
        (&["--proxy", "http://SECRET:a b"], "not the URL of a proxy"),
        (
            &["--proxy", "http://a.test", "--no-proxy", "a/b"],
            "is not a host",
        ),
        (&["--no-proxy", "a.test"], "--proxy"),
    ];
    for (options, text) in cases {
        let outcome = directory
            .run(&[options, &["guest.wat"]].concat())
            .fails(2, &[text]);
        assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    }
    directory.write(
        "config.toml",
        "timeout = 1\nproxy = \"https://SECRET@a.test\"",
    );
    let outcome = directory
        .run(&["--config", "config.toml", "guest.wat"])
        .fails(2, &["config.toml:2:9: ", "is not a scheme of proxies"]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    let environment = [("http_proxy", "https://SECRET@a.test")];
    let outcome = directory
        .run_with(&["--proxy", "env", "guest.wat"], &environment, b"")
        .fails(2, &["\"http_proxy\"", "is not a scheme of proxies"]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    let refusing = TestServer::http().raw(|conn| {
        conn.read_head()?;
        conn.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    });
    let proxy = format!("http://me:SECRET@127.0.0.1:{}", refusing.port());
    let shown = format!(
        "the proxy http://127.0.0.1:{} requires a user name",
        refusing.port()
    );
    let outcome = directory
        .run(&["--proxy", &proxy, "-a", "http://a.test", "guest.wat"])
        .fails(REQUEST_ERROR, &[&shown]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
}

//! What the options say about requests: which are sent, how many at once, for how long, whom TLS
//! trusts, and what is said about them.

use std::io::Write;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};

use crate::harness::Directory;

/// A guest whose `get` and `_start` print what a URL gives: `get` gives the error as its result,
/// `_start` as its exit code.
fn getter(url: &str) -> Directory {
    let directory = Directory::new();
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (func $get_url (export "get") (result i32)
             (call $get (i32.const 1024) (i32.const {len})))
           (func (export "_start") (call $proc_exit (call $get_url)))"#,
        len = url.len(),
    ));
    directory
}

const DESTINATION_NOT_ALLOWED: i32 = 7;
const REQUEST_ERROR: i32 = 11;
const TOO_MANY_SESSIONS: i32 = 13;

#[test]
fn a_request_to_an_allowed_host_is_sent() {
    let server = TestServer::http().start();
    let directory = getter(&server.url("/get"));
    let origin = server.origin();
    let cases: [&[&str]; 3] = [
        &["--allowed-host", &origin, "guest.wat"],
        &["-a", "https://example.com", "-a", &origin, "guest.wat"],
        &["-a=insecure:allow-all", "guest.wat"],
    ];
    for (index, arguments) in cases.iter().enumerate() {
        directory.run(arguments).prints(HELLO);
        assert_eq!(server.requests(), index as u64 + 1, "{arguments:?}");
    }
}

#[test]
fn a_denied_request_names_the_host_and_the_option_and_is_not_sent() {
    let server = TestServer::http().start();
    let directory = getter(&server.url("/get?token=secret"));
    let origin = server.origin();
    let by_name = server.origin_at("localhost");
    let cases: [&[&str]; 4] = [
        &["guest.wat"],
        &["-a", "http://127.0.0.1", "guest.wat"],
        &["-a", &origin.replace("http:", "https:"), "guest.wat"],
        &["-a", &by_name, "guest.wat"],
    ];
    for arguments in cases {
        let option = format!("--allowed-host {origin}\n");
        let outcome = directory.run(arguments).fails(
            DESTINATION_NOT_ALLOWED,
            &["wasmtime-http: denied", &origin, &option],
        );
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_redirect_to_a_denied_host_names_that_host() {
    let target = TestServer::http().start();
    let server = TestServer::http().start();
    let directory = getter(&server.url(&format!("/redirect-to?url={}", target.url("/get"))));
    let option = format!("--allowed-host {}\n", target.origin());
    directory
        .run(&["-a", &server.origin(), "guest.wat"])
        .fails(DESTINATION_NOT_ALLOWED, &[&option]);
    assert_eq!((server.requests(), target.requests()), (1, 0));
}

#[test]
fn a_host_that_is_denied_again_and_again_is_named_once() {
    let directory = Directory::new();
    directory.guest(
        r#"(data (i32.const 1024) "http://127.0.0.1:1/ahttp://127.0.0.1:2/")
           (func (export "_start")
             (drop (call $open (i32.const 1024) (i32.const 20)))
             (drop (call $open (i32.const 1024) (i32.const 19)))
             (drop (call $open (i32.const 1044) (i32.const 19))))"#,
    );
    let outcome = directory.run(&["guest.wat"]).fails(
        0,
        &[
            "--allowed-host http://127.0.0.1:1\n",
            "--allowed-host http://127.0.0.1:2\n",
        ],
    );
    assert_eq!(outcome.stderr.lines().count(), 2, "{}", outcome.stderr);
}

#[test]
fn why_requests_fail_is_said_once_for_each_origin() {
    let directory = Directory::new();
    directory.guest(
        r#"(data (i32.const 1024) "http://127.0.0.1:1/a?token=secrethttp://127.0.0.1:2/")
           (func (export "_start")
             (drop (call $open (i32.const 1024) (i32.const 33)))
             (drop (call $open (i32.const 1024) (i32.const 19)))
             (drop (call $open (i32.const 1057) (i32.const 19))))"#,
    );
    let outcome = directory
        .run(&["-a", "http://127.0.0.1:*", "guest.wat"])
        .fails(
            0,
            &[
                "GET http://127.0.0.1:1/a failed: cannot connect",
                "GET http://127.0.0.1:2/ failed: cannot connect",
            ],
        );
    assert_eq!(outcome.stderr.lines().count(), 2, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
}

#[test]
fn what_a_server_says_does_not_reach_the_terminal_as_it_is() {
    let server = TestServer::http().raw(|conn| {
        conn.read_request()?;
        conn.write_all(b"HTTP/1.1 \x1b[2J OK\r\n\r\n")
    });
    let outcome = getter(&server.url("/"))
        .run(&["-a", &server.origin(), "guest.wat"])
        .fails(REQUEST_ERROR, &["failed"]);
    assert!(!outcome.stderr.contains('\x1b'), "{}", outcome.stderr);
}

#[test]
fn a_bad_entry_is_refused_before_the_guest_runs() {
    let directory = Directory::new();
    directory.guest(r#"(func (export "_start") unreachable)"#);
    let cases = [
        ("postman-echo.com", "https://postman-echo.com"),
        ("ftp://example.com", "ftp"),
        ("http://example.com/path?query", "query"),
        ("http://example.com/v1/*", "http://example.com/v1/"),
        ("get http://example.com", "GET http://example.com"),
        ("", "empty"),
        ("*", "insecure:allow-all"),
    ];
    for (entry, text) in cases {
        directory
            .run(&["-a", entry, "guest.wat"])
            .fails(2, &["--allowed-host", text]);
    }
}

#[test]
fn concurrency_limits_the_open_responses() {
    let server = TestServer::http().start();
    let url = server.url("/get");
    let directory = Directory::new();
    // Opens responses until it gets an error, which it gives with the number of those it has.
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (func (export "fill") (param $max i32) (result i32 i32)
             (local $error i32) (local $open i32)
             (loop $more
               (local.set $error (call $open (i32.const 1024) (i32.const {len})))
               (if (i32.eqz (local.get $error))
                 (then
                   (local.set $open (i32.add (local.get $open) (i32.const 1)))
                   (br_if $more (i32.lt_u (local.get $open) (local.get $max))))))
             (local.get $open) (local.get $error))"#,
        len = url.len(),
    ));
    let fill = |options: &[&str], stdout: &str| {
        let origin = server.origin();
        let arguments = [options, &["-a", &origin, "-i", "fill", "guest.wat", "5"]].concat();
        let outcome = directory.run(&arguments);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), stdout));
    };
    fill(&[], "5\n0\n");
    fill(
        &["--concurrency", "2"],
        &format!("2\n{TOO_MANY_SESSIONS}\n"),
    );
    fill(&["--max-open", "3"], &format!("3\n{TOO_MANY_SESSIONS}\n"));
    directory
        .run(&["-c", "many", "guest.wat"])
        .fails(2, &["--concurrency", "many"]);
}

#[test]
fn idle_connections_are_kept_as_the_options_say() {
    let server = TestServer::http().start();
    let url = server.url("/get");
    let directory = Directory::new();
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (func (export "_start")
             (drop (call $get (i32.const 1024) (i32.const {len})))
             (drop (call $get (i32.const 1024) (i32.const {len}))))"#,
        len = url.len(),
    ));
    for (option, connections) in [
        ("--max-idle=1", 1),
        ("--max-idle=0", 2),
        ("--max-idle-per-host=0", 2),
        ("--idle-timeout=1ns", 2),
    ] {
        let before = server.connections();
        directory
            .run(&["-a", &server.origin(), option, "guest.wat"])
            .prints(&HELLO.repeat(2));
        assert_eq!(server.connections() - before, connections, "{option}");
    }
}

#[test]
fn a_guest_that_waits_for_a_server_too_long_is_stopped() {
    let server = TestServer::http().start();
    let directory = getter(&server.url("/hang"));
    let start = Instant::now();
    directory
        .run(&["-a", &server.origin(), "--timeout", "500ms", "guest.wat"])
        .fails(134, &["--timeout of 500ms"]);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(server.requests(), 1);
}

#[test]
fn an_authority_of_a_file_is_trusted() {
    let ca = TestCa::new();
    let server = TestServer::https(&ca).start();
    let directory = getter(&server.url("/get"));
    let origin = server.origin();
    directory.write("ca.pem", ca.pem());
    directory.write("other.pem", TestCa::new().pem());
    directory.write("empty.pem", "");
    let run = |options: &[&str]| directory.run(&[options, &["-a", &origin, "guest.wat"]].concat());

    run(&["--ca-file", "ca.pem"]).prints(HELLO);
    run(&["--ca-file", "other.pem", "--ca-file=ca.pem"]).prints(HELLO);
    run(&[]).fails(REQUEST_ERROR, &[]);
    run(&["--ca-file", "other.pem"]).fails(REQUEST_ERROR, &[]);
    run(&["--ca-file", "none.pem"]).fails(1, &["--ca-file `none.pem`", "No such file"]);
    run(&["--ca-file", "empty.pem"]).fails(1, &["--ca-file `empty.pem`"]);
    run(&["--ca-file", "guest.wat"]).fails(1, &["--ca-file `guest.wat`"]);
}

#[test]
fn an_entry_may_have_methods_and_a_path() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = getter(&server.url("/get?secret"));
    for entry in [format!("GET,HEAD {origin}"), format!("{origin}/get")] {
        directory.run(&["-a", &entry, "guest.wat"]).prints(HELLO);
    }
    for entry in [format!("POST {origin}"), format!("{origin}/get/")] {
        let advice = format!("to allow it add: --allowed-host 'GET {origin}/get'\n");
        let outcome = directory.run(&["-a", &entry, "guest.wat"]).fails(
            DESTINATION_NOT_ALLOWED,
            &["other methods or paths", &advice],
        );
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    }
    assert_eq!(server.requests(), 2);
}

/// The help, the rustdoc and the project's page have one table.
#[test]
fn the_help_has_all_forms_of_a_host() {
    let forms = include_str!("../../../src/allowed_hosts/forms.md");
    let help = Directory::new().run(&["--help"]).stdout;
    let rows = forms.lines().skip(2);
    for entry in rows.map(|row| row.split('`').nth(1).unwrap()) {
        let shown = help
            .lines()
            .map(|line| line.trim().trim_start_matches('\''));
        assert!(shown.clone().any(|line| line.starts_with(entry)), "{entry}");
    }
}

#[test]
fn a_server_is_shown_the_certificate_of_its_host() {
    let ca = TestCa::new();
    let demanding = ca.server_certificate().asking(&ca, true);
    let server = TestServer::http().certificate(demanding).start();
    let directory = getter(&server.url("/get"));
    directory.write("ca.pem", ca.pem());
    let (certificate, key) = ca.client_certificate("plugin");
    directory.write("cert.pem", &certificate);
    directory.write("key.pem", &key);
    directory.write("both.pem", format!("{certificate}{key}"));
    let origin = server.origin();
    let run = |options: &[&str]| {
        let before = ["--ca-file", "ca.pem", "-a", &origin];
        directory.run(&[&before, options, &["guest.wat"]].concat())
    };
    let of_host = format!("{origin}=both.pem");
    for certificate in ["both.pem", "cert.pem::key.pem", &of_host] {
        run(&["--client-cert", certificate]).prints(HELLO);
    }
    run(&["--client-cert", "both.pem", "--min-tls=1.3"]).prints(HELLO);
    run(&[]).fails(REQUEST_ERROR, &["failed"]);
    run(&["--client-cert", "https://example.com=both.pem"]).fails(REQUEST_ERROR, &["failed"]);
    for (certificate, text) in [
        ("missing.pem", "cannot read the file `missing.pem`"),
        ("cert.pem", "no private key found"),
        ("key.pem", "no certificate found"),
    ] {
        run(&["--client-cert", certificate]).fails(2, &["--client-cert", text]);
    }
    let old = TestServer::http()
        .certificate(ca.server_certificate().tls12())
        .start();
    let directory = getter(&old.url("/get"));
    directory.write("ca.pem", ca.pem());
    let origin = old.origin();
    let arguments = ["--ca-file=ca.pem", "-a", &origin, "guest.wat"];
    directory.run(&arguments).prints(HELLO);
    directory
        .run(&[&["--min-tls=1.3"], &arguments[..]].concat())
        .fails(REQUEST_ERROR, &["TLS failed"]);
}

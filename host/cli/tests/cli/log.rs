//! What `-v`, `-vv` and `-vvv` write to stderr, and what never is in it.

use std::io::Write;
use std::time::{Duration, SystemTime};

use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::harness::{Directory, Outcome};

/// A command that sends a GET request with these header lines for each URL, and prints the bodies.
fn getter(urls: &[&str], headers: &str) -> Directory {
    let directory = Directory::new();
    let mut fields = String::new();
    let mut calls = String::new();
    let mut at = 70_000;
    let headers_at = 66_000;
    let text = |text: &str| {
        let escape = |byte: &u8| format!("\\{byte:02x}");
        text.as_bytes().iter().map(escape).collect::<String>()
    };
    for url in urls {
        fields += &format!("(data (i32.const {at}) \"{}\")\n", text(url));
        calls += &format!(
            "(call $get_with (i32.const {at}) (i32.const {}))\n",
            url.len()
        );
        at += url.len();
    }
    directory.guest(&format!(
        r#"(data (i32.const {headers_at}) "{}")
           {fields}
           (func $get_with (param $url i32) (param $len i32)
             (if (call $req (local.get $url) (local.get $len) (i32.const 0) (i32.const 3)
                   (i32.const {headers_at}) (i32.const {}) (i32.const 0) (i32.const 0)
                   (i32.const 28) (i32.const 32))
               (then (return)))
             (loop $more
               (if (call $body_read (i32.load (i32.const 32)) (i32.const 4096)
                     (i32.const 61440) (i32.const 24))
                 (then (return)))
               (if (i32.load (i32.const 24))
                 (then
                   (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 24)))
                   (br $more)))))
           (func (export "_start") {calls})"#,
        text(headers),
        headers.len(),
    ));
    directory
}

/// The lines on stderr.
fn lines(outcome: &Outcome) -> Vec<&str> {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stderr.lines().collect()
}

/// What a line has behind its time, with each number in it as a `#`.
fn masked(line: &str) -> String {
    let (time, rest) = line.split_once(' ').expect(line);
    assert_eq!(time.len(), "2000-01-01T00:00:00.000Z".len(), "{line}");
    let mut masked = String::new();
    for word in rest.split_inclusive(' ') {
        match word.split_once('=') {
            Some((name, _)) if ["received", "sent", "time"].contains(&name) => {
                let end = if word.ends_with(' ') { " " } else { "" };
                masked += &format!("{name}=#{end}");
            }
            _ => masked += word,
        }
    }
    masked
}

#[test]
fn v_is_a_line_for_each_request_as_in_an_access_log() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let urls = [
        server.url("/get?token=SECRET"),
        server.url("/redirect/2"),
        server.url("/status/404"),
        "http://127.0.0.1:1/a?token=SECRET".to_owned(),
        server.url("/lying-length?claim=9"),
        "http://SECRET:SECRET@denied.test/?SECRET".to_owned(),
        "no URL".to_owned(),
    ];
    let directory = getter(&urls.each_ref().map(String::as_str), "X-Token:SECRET");
    let run = |options: &[&str]| {
        let hosts = ["-a", &origin, "-a", "http://127.0.0.1:1", "guest.wat"];
        directory.run(&[options, &hosts].concat())
    };
    // Without it, what fails is told of.
    let quiet = run(&[]);
    assert!(
        lines(&quiet)
            .iter()
            .all(|it| it.starts_with("wasmtime-http: "))
    );

    let outcome = run(&["-v"]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    let lines = lines(&outcome);
    // How a denied request can be allowed, before its line.
    let (told, log): (Vec<&str>, Vec<&str>) = lines
        .into_iter()
        .partition(|line| line.starts_with("wasmtime-http: "));
    assert!(told.len() == 1 && told[0].contains("--allowed-host http://denied.test"));
    let expected = [
        format!("GET {origin}/get 200 received=# sent=# time=#"),
        format!(
            "GET {origin}/redirect/2 200 received=# sent=# time=# redirects=2 last={origin}/get"
        ),
        format!("GET {origin}/status/404 404 received=# sent=# time=#"),
        "GET http://127.0.0.1:1/a - received=# sent=# time=# \
         error=\"cannot connect to 127.0.0.1:1: Connection refused"
            .to_owned(),
        format!(
            "GET {origin}/lying-length 200 received=# sent=# time=# \
             error=\"the body broke off: the connection ended with"
        ),
        "GET http://denied.test/ - received=# sent=# time=# error=\"http://denied.test/ is denied"
            .to_owned(),
        "req error=\"the URL".to_owned(),
    ];
    assert_eq!(log.len(), expected.len(), "{log:#?}");
    for (line, expected) in log.iter().zip(&expected) {
        assert!(masked(line).starts_with(expected), "{line}\n{expected}");
    }
}

#[test]
fn vv_adds_header_fields_with_credentials_masked() {
    let server = TestServer::http().raw(|conn| {
        let request = conn.read_request()?;
        let head: &[u8] = match request.target.as_str() {
            "/" => b"302 Found\r\nLocation: /next?token=SECRET\r\nSet-Cookie: a=SECRET",
            _ => b"200 OK\r\nX-Odd: a\tb \xe9 \xc2\x9b2J \xe2\x80\xae\r\nX-Session-Id: SECRET",
        };
        conn.write_all(b"HTTP/1.1 ")?;
        conn.write_all(head)?;
        conn.write_all(b"\r\nContent-Length: 0\r\n\r\n")
    });
    let origin = server.origin();
    let headers = "Accept:text/plain\nAuthorization:Bearer SECRET\nCookie:a=SECRET\n\
                   Proxy-Authorization:Basic SECRET\nX-Api-Key:SECRET";
    let directory = getter(&[&server.url("/")], headers);
    let outcome = directory.run(&["-vv", "-a", &origin, "guest.wat"]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    let lines = lines(&outcome);
    assert_eq!(
        masked(lines[0]),
        format!("GET {origin}/ 200 received=# sent=# time=# redirects=1 last={origin}/next")
    );
    let request = [
        "  > accept: text/plain",
        "  > authorization: ***",
        "  > cookie: ***",
        "  > x-api-key: ***",
    ];
    let first = [&format!("  * {origin}/ 302")[..]];
    let second = [&format!("  * {origin}/next 200")[..]];
    let expected = [
        &first[..],
        &request,
        &[
            "  < location: /next?***",
            "  < set-cookie: ***",
            "  < content-length: 0",
        ],
        &second,
        &request,
        &[
            "  < x-odd: a\\tb \\xe9 \\u{9b}2J \\u{202e}",
            "  < x-session-id: ***",
            "  < content-length: 0",
        ],
    ];
    assert_eq!(lines[1..], expected.concat());
    // One is enough to see what a request is.
    let outcome = directory.run(&["-v", "-a", &origin, "guest.wat"]);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

#[test]
fn vvv_traces_and_what_the_environment_says_is_traced() {
    let server = TestServer::http().start();
    let directory = getter(&[&server.url("/get?token=SECRET")], "Authorization:SECRET");
    let origin = server.origin();
    let run = |options: &[&str], rust_log: &str| {
        let arguments = [options, &["-a", &origin, "guest.wat"]].concat();
        let outcome = directory.run_with(&arguments, &[("RUST_LOG", rust_log)], b"");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), HELLO));
        assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains('\x1b'), "{}", outcome.stderr);
        outcome.stderr
    };
    let url = server.url("/get");
    assert_eq!(run(&[], ""), "");
    for options in [&["-v"][..], &["-vv"], &["-v", "--verbose"]] {
        assert!(!run(options, "").contains("DEBUG"));
    }
    let traced = run(&["-vvv"], "");
    assert!(traced.contains("DEBUG") && traced.contains(&format!("url={url}")));
    assert!(run(&["-v", "-vvv"], "").lines().count() >= traced.lines().count());
    // The log is no trace.
    assert_eq!(run(&["-v"], "off").lines().count(), 1);
    assert!(!run(&["-vvv"], "off").contains("DEBUG"));
    assert!(run(&[], "wasi_experimental_http_wasmtime=debug").contains(&format!("url={url}")));
}

#[test]
fn as_json_a_request_is_what_another_reader_takes_it_for() {
    let server = TestServer::http().raw(|conn| {
        conn.read_request()?;
        conn.write_all(
            b"HTTP/1.1 200 OK\r\nX-Odd: \"a\\ \xe9 \xe2\x80\xae\r\nContent-Length: 0\r\n\r\n",
        )
    });
    let urls = [&server.url("/?SECRET")[..], "http://127.0.0.1:1/", "no URL"];
    let directory = getter(&urls, "X-Token:SECRET");
    let options = [
        "-vv",
        "--log-format=json",
        "-a",
        &server.origin(),
        "-a",
        "http://127.0.0.1:1",
    ];
    let outcome = directory.run(&[&options[..], &["guest.wat"]].concat());
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains('\u{202e}'), "{}", outcome.stderr);
    assert_eq!(lines(&outcome).len(), 3, "{}", outcome.stderr);
    directory.write("log", &outcome.stderr);
    let script = r#"
        const lines = require("fs").readFileSync("log", "utf8").trimEnd().split("\n");
        const [one, two, three] = lines.map((line) => JSON.parse(line));
        const show = (value) => console.log(value);
        show(Date.parse(one.time));
        show(`${one.method} ${one.url} ${one.status} ${one.received > 50} ${one.sent > 50}`);
        show(`${one.duration_ms > 0} ${one.error}`);
        const [hop] = one.hops;
        show(`${hop.url} ${hop.peer} ${hop.status}`);
        for (const field of hop.request_headers) show(`${field.name}: ${field.value}`);
        for (const field of hop.response_headers) show(`${field.name}: ${field.value}`);
        show(`${two.status} ${two.hops.length} ${two.error.kind} ${two.error.code}`);
        show(`${three.function} ${three.error.kind} ${three.error.code}`);
    "#;
    let judged = std::process::Command::new("node")
        .args(["-e", script])
        .current_dir(directory.path())
        .output()
        .expect("node");
    let error = String::from_utf8_lossy(&judged.stderr);
    let judged = String::from_utf8(judged.stdout).unwrap();
    let (time, rest) = judged.split_once('\n').expect(&error);
    let origin = server.origin();
    let peer = format!("127.0.0.1:{}", server.port());
    let expected = format!(
        "GET {origin}/ 200 true true\ntrue undefined\n{origin}/ {peer} 200\nx-token: ***\n\
         x-odd: \"a\\ \\xe9 \u{202e}\ncontent-length: 0\nnull 0 connection refused 11\nreq misuse by the guest 10\n"
    );
    assert_eq!(rest, expected, "{error}");
    let time = Duration::from_millis(time.parse().unwrap());
    let since = SystemTime::UNIX_EPOCH + time;
    assert!(since.elapsed().unwrap() < Duration::from_secs(600));

    // It says how, not that.
    directory
        .run(&["--log-format=json", "guest.wat"])
        .fails(2, &["--verbose"]);
    directory
        .run(&["-v", "--log-format=xml", "guest.wat"])
        .fails(2, &["text", "json"]);
}

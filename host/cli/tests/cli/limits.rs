//! The options that limit requests, each at its edge, and Ctrl-C.

use std::process::Stdio;
use std::time::{Duration, Instant};

use wasi_experimental_http_test_server::TestServer;

use crate::harness::Directory;

const WRONG_COMMAND_LINE: i32 = 2;
const DESTINATION_NOT_ALLOWED: i32 = 7;
const INVALID_METHOD: i32 = 8;
const INVALID_ENCODING: i32 = 9;
const INVALID_URL: i32 = 10;
const REQUEST_ERROR: i32 = 11;
const TOO_MANY_SESSIONS: i32 = 13;
const TIMEOUT: i32 = 14;
const BODY_TOO_LARGE: i32 = 15;
const CANCELLED: i32 = 17;

/// A guest that sends this request, reads the response to its end, and exits with the error.
fn sender(url: &str, method: &str, headers: &str, body: &str) -> Directory {
    let directory = Directory::new();
    let mut data = String::new();
    let mut arguments = String::new();
    for (index, text) in [url, method, headers, body].into_iter().enumerate() {
        let at = 70_000 + 10_000 * index;
        data += &format!(
            "(data (i32.const {at}) \"{}\")\n",
            text.replace('\n', "\\n")
        );
        arguments += &format!("(i32.const {at}) (i32.const {}) ", text.len());
    }
    directory.guest(&format!(
        r#"{data}
           (func $send (result i32)
             (local $error i32)
             (local.set $error (call $req {arguments} (i32.const 28) (i32.const 32)))
             (if (local.get $error) (then (return (local.get $error))))
             (loop $more
               (local.set $error
                 (call $body_read
                   (i32.load (i32.const 32)) (i32.const 4096) (i32.const 61440) (i32.const 24)))
               (if (local.get $error) (then (return (local.get $error))))
               (br_if $more (i32.load (i32.const 24))))
             (i32.const 0))
           (func (export "_start") (call $proc_exit (call $send)))"#
    ));
    directory
}

#[test]
fn each_limit_has_an_option() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let url = |path: &str| server.url(path);
    let get = |path: &str| sender(&url(path), "GET", "", "");
    let len = url("/get").len();
    // What fits, what does not, and the code of the latter.
    let cases = [
        (
            get("/get"),
            format!("--max-url-length={len}"),
            format!("--max-url-length={}", len - 1),
            INVALID_URL,
        ),
        (
            get("/get"),
            "--max-method-length=3".to_owned(),
            "--max-method-length=2".to_owned(),
            INVALID_METHOD,
        ),
        (
            sender(&url("/get"), "GET", "a:b\nc:d", ""),
            "--max-request-headers=2".to_owned(),
            "--max-request-headers=1".to_owned(),
            INVALID_ENCODING,
        ),
        (
            sender(&url("/get"), "GET", "a:b\nc:d", ""),
            "--max-request-header-bytes=7".to_owned(),
            "--max-request-header-bytes=6".to_owned(),
            INVALID_ENCODING,
        ),
        (
            sender(&url("/echo"), "POST", "", "hello"),
            "--max-request-body=5".to_owned(),
            "--max-request-body=4".to_owned(),
            BODY_TOO_LARGE,
        ),
        (
            sender(&url("/echo"), "POST", "", "hello"),
            "--max-request-body=none".to_owned(),
            "--max-request-body=0".to_owned(),
            BODY_TOO_LARGE,
        ),
        (
            get("/response-headers/count/3"),
            "--max-response-headers=5".to_owned(),
            "--max-response-headers=4".to_owned(),
            REQUEST_ERROR,
        ),
        (
            get("/response-headers/size/1000"),
            "--max-response-header-bytes=1200".to_owned(),
            "--max-response-header-bytes=1000".to_owned(),
            REQUEST_ERROR,
        ),
        (
            get("/bytes/1000"),
            "--max-response-body=1000".to_owned(),
            "--max-response-body=999".to_owned(),
            BODY_TOO_LARGE,
        ),
        (
            get("/bytes/1000"),
            "--whole-bodies".to_owned(),
            "--whole-bodies=999".to_owned(),
            BODY_TOO_LARGE,
        ),
        (
            get("/redirect/2"),
            "--max-redirects=2".to_owned(),
            "--max-redirects=1".to_owned(),
            REQUEST_ERROR,
        ),
        (
            get("/redirect/1"),
            "--max-requests=2".to_owned(),
            "--max-requests=1".to_owned(),
            TOO_MANY_SESSIONS,
        ),
        (
            get("/redirect/9"),
            "--max-requests-per-second=10".to_owned(),
            "--max-requests-per-second=1".to_owned(),
            TOO_MANY_SESSIONS,
        ),
        (
            get("/bytes/10000"),
            "--max-total-bytes=11kB".to_owned(),
            "--max-total-bytes=10kB".to_owned(),
            BODY_TOO_LARGE,
        ),
        (
            get("/get"),
            "--max-in-flight=1".to_owned(),
            "--max-in-flight=0".to_owned(),
            WRONG_COMMAND_LINE,
        ),
        // The most impatient of hosts, and a server that answers in some time.
        (
            get("/get"),
            "--connect-timeout=none".to_owned(),
            "--connect-timeout=1ns".to_owned(),
            TIMEOUT,
        ),
        (
            get("/slow-headers?ms=100"),
            "--response-timeout=none".to_owned(),
            "--response-timeout=1ms".to_owned(),
            TIMEOUT,
        ),
        (
            get("/gate?ms=100"),
            "--read-timeout=none".to_owned(),
            "--read-timeout=1ms".to_owned(),
            TIMEOUT,
        ),
        (
            get("/gate?ms=100"),
            "--request-timeout=none".to_owned(),
            "--request-timeout=50ms".to_owned(),
            TIMEOUT,
        ),
    ];
    for (directory, fits, not, code) in cases {
        let run = |option: &str| directory.run(&["-a", &origin, option, "guest.wat"]);
        let outcome = run(&fits);
        assert_eq!(outcome.code, Some(0), "{fits}: {outcome:?}");
        let outcome = run(&not);
        assert_eq!(outcome.code, Some(code), "{not}: {outcome:?}");
        // The default of each allows it all.
        let outcome = directory.run(&["-a", &origin, "guest.wat"]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let help = directory.run(&["--help"]);
        let option = fits.split('=').next().unwrap();
        assert!(help.stdout.contains(option), "{option}");
    }
}

#[test]
fn with_no_redirects_the_guest_gets_the_redirecting_response() {
    let server = TestServer::http().start();
    let directory = sender(&server.url("/redirect/1"), "GET", "", "");
    directory
        .run(&["-a", &server.origin(), "--max-redirects=0", "guest.wat"])
        .prints("");
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_limit_that_is_none_is_refused_before_the_guest_runs() {
    let directory = sender("http://127.0.0.1/", "GET", "", "");
    for option in [
        "--max-redirects=none",
        "--max-url-length=-1",
        "--max-response-body=many",
        "--connect-timeout=0",
        "--request-timeout=soon",
    ] {
        let (name, _) = option.split_once('=').unwrap();
        directory.run(&[option, "guest.wat"]).fails(2, &[name]);
    }
}

/// This machine's own name, if it leads to this machine.
#[cfg(target_os = "linux")]
fn host_name() -> Option<String> {
    use std::net::ToSocketAddrs;

    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_owned();
    let addresses: Vec<_> = (name.as_str(), 80).to_socket_addrs().ok()?.collect();
    let inside = |address: &std::net::SocketAddr| match address.ip() {
        std::net::IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        std::net::IpAddr::V6(_) => false,
    };
    (!addresses.is_empty() && addresses.iter().all(inside)).then_some(name)
}

/// Where the machine's name leads inside, as it mostly does.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_leads_inside_names_the_option() {
    let Some(name) = host_name() else {
        eprintln!("this machine's name does not lead to a private address");
        return;
    };
    let origin = format!("http://{name}:1");
    let directory = sender(&format!("{origin}/?token=secret"), "GET", "", "");
    let outcome = directory
        .run(&["-a", &origin, "guest.wat"])
        .fails(DESTINATION_NOT_ALLOWED, &["denied", "add: --allow-private"]);
    assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
    // Then nobody listens there.
    directory
        .run(&["-a", &origin, "--allow-private", "guest.wat"])
        .fails(REQUEST_ERROR, &[]);
}

#[test]
fn an_entry_that_denies_is_named() {
    let server = TestServer::http().start();
    let directory = sender(&server.url("/get"), "GET", "", "");
    let deny = format!("deny:http://127.0.0.0/8:{}", server.port());
    directory
        .run(&["-a=insecure:allow-all", "-a", &deny, "guest.wat"])
        .fails(
            DESTINATION_NOT_ALLOWED,
            &["--allowed-host deny:http://127.0.0.0"],
        );
    assert_eq!(server.connections(), 0);
}

/// Ctrl-C in a guest that waits for a server: it sees its request cancelled, and the process ends.
#[cfg(unix)]
#[test]
fn ctrl_c_cancels_the_request_and_ends_the_process() {
    let server = TestServer::http().start();
    let directory = Directory::new();
    let url = server.url("/hang");
    directory.guest(&format!(
        r#"(data (i32.const 1024) "{url}")
           (data (i32.const 2048) "cancelled")
           (func (export "_start")
             (if (i32.eq
                   (call $open (i32.const 1024) (i32.const {len}))
                   (i32.const {CANCELLED}))
               (then (call $write (i32.const 1) (i32.const 2048) (i32.const 9)))))"#,
        len = url.len(),
    ));
    let start = Instant::now();
    let child = directory
        .command()
        .args(["-a", &server.origin(), "guest.wat"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    server.wait_for_requests(1);
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(output.stdout, b"cancelled");
    assert!(start.elapsed() < Duration::from_secs(20));
    server.wait_for_open_connections(0);
}

#[test]
fn a_guest_that_is_stopped_by_its_timeout_has_its_request_cancelled() {
    let server = TestServer::http().start();
    let directory = sender(&server.url("/hang"), "GET", "", "");
    // Whatever the guest does with the error, it is the timeout that ended it.
    directory
        .run(&["-a", &server.origin(), "--timeout=300ms", "guest.wat"])
        .fails(134, &["--timeout of 300ms"]);
    server.wait_for_open_connections(0);
}

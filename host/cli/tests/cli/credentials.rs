//! `--header`: fields for one host, which nobody else gets to see.

use std::process::Stdio;

use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::harness::Directory;

#[test]
fn a_header_is_made_of_variables_and_files() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/get"));
    directory.write("token", "from-a-file\n");
    let cases = [
        (
            "authorization: Bearer plain",
            "authorization",
            "Bearer plain",
        ),
        (
            "authorization:Bearer ${TOKEN}",
            "authorization",
            "Bearer from-a-variable",
        ),
        ("x-key: ${file:token}", "x-key", "from-a-file"),
        (
            "x-key: ${TOKEN}+${file:token}$$",
            "x-key",
            "from-a-variable+from-a-file$",
        ),
    ];
    for (field, name, value) in cases {
        let header = format!("{origin}={field}");
        let arguments = ["-a", &origin, "--header", &header, "guest.wat"];
        directory
            .run_with(&arguments, &[("TOKEN", "from-a-variable")], b"")
            .prints(HELLO);
        let request = server.last_request().unwrap();
        assert_eq!(request.header_text(name).as_deref(), Some(value), "{field}");
    }
}

#[test]
fn a_header_allows_no_host_and_goes_to_no_other() {
    let server = TestServer::http().start();
    let other = TestServer::http().start();
    let directory = Directory::getter(&other.url("/get"));
    let header = format!("{}=x-key: SECRET", server.origin());
    directory
        .run(&["-a", &other.origin(), "--header", &header, "guest.wat"])
        .prints(HELLO);
    assert_eq!(other.last_request().unwrap().header_text("x-key"), None);
    let header = format!("{}=x-key: SECRET", other.origin());
    let outcome = directory
        .run(&["--header", &header, "guest.wat"])
        .fails(7, &["denied request"]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    assert_eq!(other.requests(), 1);
}

#[test]
fn a_bad_header_is_refused_and_not_shown() {
    let directory = Directory::getter("http://127.0.0.1:1/");
    directory.write("empty", "");
    let cases = [
        ("authorization: SECRET", "write it as"),
        ("http://127.0.0.1:1=SECRET", "write it as"),
        ("127.0.0.1:1=a: SECRET", "no scheme"),
        ("insecure:allow-all=a: SECRET", "does not name"),
        ("http://127.0.0.1:1=host: SECRET", "set by the host"),
        ("http://127.0.0.1:1=a: SECRET ${", "write `${NAME}`"),
        (
            "http://127.0.0.1:1=a: SECRET${WASI_HTTP_NO_SUCH}",
            "WASI_HTTP_NO_SUCH",
        ),
        ("http://127.0.0.1:1=a: SECRET${file:missing}", "missing"),
        ("http://127.0.0.1:1=a: ${file:empty}", "empty"),
    ];
    for (header, text) in cases {
        let outcome = directory
            .run(&["--header", header, "guest.wat"])
            .fails(2, &["--header", text]);
        assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    }
}

#[test]
fn what_is_logged_and_traced_has_no_header_of_the_hosts_own() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/redirect/1"));
    let header = format!("{origin}=x-plain: ${{TOKEN}}");
    for verbose in ["-v", "-vv", "-vvv", "-vvvv"] {
        let arguments = ["-a", &origin, "--header", &header, verbose, "guest.wat"];
        let outcome = directory.run_with(&arguments, &[("TOKEN", "SECRET")], b"");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), HELLO));
        assert!(outcome.stderr.contains("/redirect/1"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    }
    let request = server.last_request().unwrap();
    assert_eq!(request.header_text("x-plain").unwrap(), "SECRET");
}

/// What `ps` shows of the process, and what the guest has in its environment.
#[cfg(target_os = "linux")]
#[test]
fn a_variable_is_not_in_the_list_of_processes() {
    let server = TestServer::http().start();
    let origin = server.origin();
    let directory = Directory::getter(&server.url("/hang"));
    let header = format!("{origin}=authorization: Bearer ${{TOKEN}}");
    let mut child = directory
        .command()
        .args(["-a", &origin, "--header", &header, "guest.wat"])
        .env("TOKEN", "SECRET")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.wait_for_requests(1);
    let shown = std::fs::read_to_string(format!("/proc/{}/cmdline", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        shown.contains("${TOKEN}") && !shown.contains("SECRET"),
        "{shown}"
    );
}

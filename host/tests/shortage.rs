//! A shortage of file descriptors passes: nothing that failed for want of one stays so.
//!
//! A test binary of its own, since descriptors are the whole process's, and each test in a process
//! of its own, since what is kept for good is kept by the process.

#![cfg(target_os = "linux")]
// Calls of the system that no library offers.
#![allow(unsafe_code)]

#[path = "common/mod.rs"]
mod common;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use common::{Guest, code, ctx_with, in_its_own_process};
use wasi_experimental_http_test_server::{HELLO, TestCa, TestServer};
use wasi_experimental_http_wasmtime::{HttpClient, HttpCtx};

/// So few that they are quickly used up.
const DESCRIPTORS: libc::rlim_t = 128;

/// The most that any step of a request may need at once.
const FREE_AT_MOST: usize = 6;

/// Lowers how many descriptors this process may have.
fn lower_the_limit() {
    // SAFETY: the structure is the one that both functions take.
    unsafe {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = DESCRIPTORS;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

/// Takes all descriptors but so many.
fn take_all_but(free: usize) -> Vec<File> {
    let mut taken = Vec::new();
    let error = loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
    assert!(taken.len() > free, "{}", taken.len());
    taken.truncate(taken.len() - free);
    taken
}

/// A guest that is done before its server has descriptors for it.
fn hasty(server: &TestServer, client: &HttpClient) -> Guest {
    let mut http = HttpCtx::builder();
    http.client(client.clone())
        .try_allowed_host(&server.origin())
        .unwrap()
        .timeout(Some(Duration::from_millis(500)));
    Guest::new(http.build())
}

#[test]
fn the_first_https_request_may_have_no_descriptors() {
    const NAME: &str = "the_first_https_request_may_have_no_descriptors";
    const STORE: &str = "SSL_CERT_FILE";
    const FREE: &str = "WASI_EXPERIMENTAL_HTTP_TEST_FREE";
    // The server's authority is the whole of the system's trust store, a file that the child writes.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    let Ok(free) = std::env::var(FREE) else {
        // Wherever in a first request they run out.
        for free in 0..=FREE_AT_MOST {
            let free = free.to_string();
            let variables = [(STORE, file.as_path()), (FREE, Path::new(&free))];
            assert!(!in_its_own_process(NAME, &variables));
        }
        return;
    };
    let ca = TestCa::new();
    std::fs::write(std::env::var_os(STORE).unwrap(), ca.pem()).unwrap();
    let server = TestServer::https(&ca).start();
    lower_the_limit();
    let client = HttpClient::new();
    let taken = take_all_but(free.parse().unwrap());
    let during = hasty(&server, &client).fetch(&server.url("/get"));
    drop(taken);
    if free == "0" {
        during.expect_err("there is no descriptor for a connection");
    }
    // The same client, so that what it keeps is seen too.
    for client in [client, HttpClient::new()] {
        let mut guest = Guest::new(ctx_with(&[&server], client));
        let opened = guest
            .fetch(&server.url("/get"))
            .unwrap_or_else(|code| panic!("code {code} after {free} descriptors were free"));
        let body = guest.read_all(opened.handle).unwrap();
        assert_eq!((opened.status, &body[..]), (200, HELLO.as_bytes()));
    }
}

#[test]
fn a_request_without_descriptors_fails_and_the_next_does_not() {
    const NAME: &str = "a_request_without_descriptors_fails_and_the_next_does_not";
    if !in_its_own_process(NAME, &[]) {
        return;
    }
    let server = TestServer::http().start();
    lower_the_limit();
    let client = HttpClient::new();
    let url = format!("http://localhost:{}/get", server.port());
    let http = || {
        HttpCtx::builder()
            .client(client.clone())
            .try_allowed_host("insecure:allow-all")
            .unwrap()
            .clone()
    };
    for _ in 0..3 {
        let taken = take_all_but(0);
        let during = Guest::new(http().timeout(Some(Duration::from_secs(5))).build()).fetch(&url);
        drop(taken);
        let given = during.expect_err("there is no descriptor for a connection");
        assert!(
            [code::REQUEST_ERROR, code::TOO_MANY_SESSIONS].contains(&given),
            "code {given}"
        );
        assert_eq!(Guest::new(http().build()).fetch_all(&url).0, 200);
        server.close_connections();
        server.wait_for_open_connections(0);
    }
}

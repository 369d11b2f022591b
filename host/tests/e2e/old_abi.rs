//! A guest on the crate `wasi-experimental-http` 0.10 of crates.io runs as it always did.

use wasi_experimental_http_test_server::HELLO;
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::case::sum;
use crate::guest::Guest;
use crate::servers::Servers;

const TEXT: &str = "Testing with a request body. Does this actually work?";

/// Calls a function of it; the result, what is printed, and what the server gets.
fn call(
    servers: &Servers,
    http: HttpCtx,
    function: &str,
    path: &str,
) -> (i32, String, Vec<String>) {
    servers.clear();
    let variables = [
        ("HTTP_URL", servers.one.origin()),
        ("HTTP_PATH", path.to_owned()),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut guest = Guest::new("old-reactor", http, &[], &variables);
    let result = guest.call(function, ());
    assert_eq!(guest.open_responses(), 0, "{function}");
    (result, guest.stdout() + &guest.stderr(), servers.received())
}

/// What the server gets of a GET, `count` times.
fn gets(path: &str, count: usize) -> Vec<String> {
    let line = format!("GET {path}");
    let lines = [&line, "content-type: text/plain", "abc: def"].repeat(count);
    lines.into_iter().map(str::to_owned).collect()
}

#[test]
fn get_post_and_headers_work() {
    for servers in Servers::each() {
        let call = |function, path| call(&servers, servers.ctx(), function, path);
        let printed = format!("get: 200\n{HELLO}\n");
        assert_eq!(call("get", "/get"), (200, printed, gets("/get", 1)));

        let (status, printed, received) = call("post", "/post");
        let expected = format!("post: 200\ncontent-type: text/plain\n{TEXT}\n");
        assert_eq!((status, printed), (200, expected));
        let expected = [
            "POST /post",
            "content-length: 53",
            "content-type: text/plain",
            "abc: def",
            TEXT,
        ];
        assert_eq!(received, expected);

        // A status is no error.
        assert_eq!(call("get", "/status/404").0, 404);
        assert_eq!(call("get", "/redirect/2").0, 200);

        let (count, printed, _) = call("headers", "/response-headers/repeated");
        // It keeps the last of a repeated header.
        let expected = "content-length: 13\ncontent-type: text/plain\nset-cookie: b=2\n\
                        x-repeat: three\n";
        assert_eq!((count, printed.as_str()), (4, expected));
    }
}

#[test]
fn bodies_stream() {
    const LEN: usize = 1024 * 1024;
    for servers in Servers::each() {
        for framing in ["bytes", "chunked", "close"] {
            let path = format!("/{framing}/{LEN}");
            let printed = format!("bytes: {LEN}\nfnv-1a: {}\n", sum(LEN));
            let received = gets(&path, 1);
            let given = call(&servers, servers.ctx(), "stream", &path);
            assert_eq!(given, (LEN as i32, printed, received));
        }
    }
}

#[test]
fn several_responses_are_open_at_once_up_to_the_limit() {
    for servers in Servers::each() {
        let printed = format!("concurrent: 200\n{HELLO}\n").repeat(3);
        let received = gets("/get", 3);
        let given = call(&servers, servers.ctx(), "concurrent", "/get");
        assert_eq!(given, (3, printed, received));

        let http = servers.ctx_builder().allowed_host(&servers.one.origin());
        let http = http.unwrap().max_concurrent_requests(2).build();
        let (result, printed, received) = call(&servers, http, "concurrent", "/get");
        assert_eq!((result, received), (-1, gets("/get", 2)));
        assert!(printed.contains("Wasi error 13"), "{printed}");
    }
}

#[test]
fn a_host_that_is_not_allowed_is_an_error_of_its_own() {
    for servers in Servers::each() {
        let http = servers.ctx_builder().build();
        let (result, printed, received) = call(&servers, http, "get", "/get");
        assert_eq!((result, received), (-1, Vec::new()));
        assert!(printed.contains("Wasi error 7"), "{printed}");
    }
}

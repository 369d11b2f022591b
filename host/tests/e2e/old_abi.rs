//! A guest on the crate `wasi-experimental-http` of crates.io, in each of its releases from 0.3 to
//! 0.10, runs as it always did.

use wasi_experimental_http_test_server::HELLO;
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::case::sum;
use crate::guest::Guest;
use crate::servers::Servers;

const RELEASES: [&str; 8] = ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.10"];

const TEXT: &str = "Testing with a request body. Does this actually work?";

/// A guest on one release, and the servers that it talks to.
struct Old<'a> {
    release: &'static str,
    servers: &'a Servers,
}

impl Old<'_> {
    /// Runs a test with each release, over HTTP and HTTPS.
    fn each(test: impl Fn(&Old<'_>)) {
        for servers in &Servers::each() {
            for release in RELEASES {
                println!("{release} over {}", servers.scheme);
                test(&Old { release, servers });
            }
        }
    }

    /// Calls a function; its result, what is printed, and what the server gets.
    fn call(&self, http: HttpCtx, function: &str, path: &str) -> (i32, String, Vec<String>) {
        self.servers.clear();
        let variables = [
            ("HTTP_URL", self.servers.one.origin()),
            ("HTTP_PATH", path.to_owned()),
        ];
        let variables = variables
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let mut guest = Guest::new("old-reactor", http, &[], &variables);
        let result = guest.call(&format!("{}/{function}", self.release), ());
        assert_eq!(guest.open_responses(), 0, "{function}");
        (
            result,
            guest.stdout() + &guest.stderr(),
            self.servers.received(),
        )
    }

    fn call_allowed(&self, function: &str, path: &str) -> (i32, String, Vec<String>) {
        self.call(self.servers.ctx(), function, path)
    }
}

/// What the server gets of a GET, `count` times.
fn gets(path: &str, count: usize) -> Vec<String> {
    let line = format!("GET {path}");
    let lines = [&line, "content-type: text/plain", "abc: def"].repeat(count);
    lines.into_iter().map(str::to_owned).collect()
}

#[test]
fn get_post_and_headers_work() {
    Old::each(|old| {
        let printed = format!("get: 200\n{HELLO}\n");
        let given = old.call_allowed("get", "/get");
        assert_eq!(given, (200, printed, gets("/get", 1)));

        let (status, printed, received) = old.call_allowed("post", "/post");
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
        assert_eq!(old.call_allowed("get", "/status/404").0, 404);
        assert_eq!(old.call_allowed("get", "/redirect/2").0, 200);

        let (count, printed, _) = old.call_allowed("headers", "/response-headers/repeated");
        // It keeps the last of a repeated header.
        let expected = "content-length: 13\ncontent-type: text/plain\nset-cookie: b=2\n\
                        x-repeat: three\n";
        assert_eq!((count, printed.as_str()), (4, expected));
    });
}

#[test]
fn bodies_stream() {
    const LEN: usize = 1024 * 1024;
    Old::each(|old| {
        for framing in ["bytes", "chunked", "close"] {
            let path = format!("/{framing}/{LEN}");
            let printed = format!("bytes: {LEN}\nfnv-1a: {}\n", sum(LEN));
            let expected = (LEN as i32, printed, gets(&path, 1));
            assert_eq!(old.call_allowed("stream", &path), expected);
            // Nor does it matter if they are read before the guest asks for them.
            let mut http = old.servers.ctx_builder();
            http.whole_bodies(LEN as u64);
            let http = http.try_allowed_host(&old.servers.one.origin()).unwrap();
            assert_eq!(old.call(http.build(), "stream", &path), expected);
        }
    });
}

#[test]
fn several_responses_are_open_at_once_up_to_the_limit() {
    Old::each(|old| {
        let printed = format!("concurrent: 200\n{HELLO}\n").repeat(3);
        let received = gets("/get", 3);
        let given = old.call_allowed("concurrent", "/get");
        assert_eq!(given, (3, printed, received));

        let mut http = old.servers.ctx_builder();
        let http = http.try_allowed_host(&old.servers.one.origin()).unwrap();
        let http = http.max_concurrent_requests(2).build();
        let (result, printed, received) = old.call(http, "concurrent", "/get");
        assert_eq!((result, received), (-1, gets("/get", 2)));
        assert!(printed.contains("Wasi error 13"), "{printed}");
    });
}

#[test]
fn a_host_that_is_not_allowed_is_an_error_of_its_own() {
    Old::each(|old| {
        let http = old.servers.ctx_builder().build();
        let (result, printed, received) = old.call(http, "get", "/get");
        assert_eq!((result, received), (-1, Vec::new()));
        assert!(printed.contains("Wasi error 7"), "{printed}");
    });
}

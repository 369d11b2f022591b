//! The example guests, which do and print the same in both languages.

use wasi_experimental_http_test_server::HELLO;

use crate::case::sum;
use crate::common::code;
use crate::guest::{Guest, Language};
use crate::servers::Servers;

const TEXT: &str = "Testing with a request body. Does this actually work?";

#[test]
fn post_prints_what_comes_back() {
    for servers in Servers::each() {
        for language in Language::ALL {
            servers.clear();
            let url = servers.one.url("/post");
            let mut guest = Guest::new(&language.guest("post"), servers.ctx(), &[url], &[]);
            assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
            let expected = format!("content-type: text/plain\nbody: {TEXT}\nstatus: 200\n");
            assert_eq!(guest.stdout(), expected, "{language:?}");
            let expected = [
                "POST /post",
                "content-length: 53",
                "content-type: text/plain",
                "abc: def",
                TEXT,
            ];
            assert_eq!(servers.received(), expected, "{language:?}");
            assert_eq!(guest.open_responses(), 0);
        }
    }
}

#[test]
fn download_prints_a_checksum() {
    const LEN: usize = 1_000_000;
    for servers in Servers::each() {
        for language in Language::ALL {
            for framing in ["bytes", "chunked", "close"] {
                let url = servers.one.url(&format!("/{framing}/{LEN}"));
                let mut guest = Guest::new(&language.guest("download"), servers.ctx(), &[url], &[]);
                assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
                let expected = format!("status: 200\nbytes: {LEN}\nfnv-1a: {}\n", sum(LEN));
                assert_eq!(guest.stdout(), expected, "{language:?} {framing}");
                assert_eq!(guest.open_responses(), 0);
            }
            let mut guest = Guest::new(&language.guest("download"), servers.ctx(), &[], &[]);
            assert_eq!(guest.run_program(), 2, "{language:?}");
            assert_eq!(guest.stderr(), "usage: download URL\n");
        }
    }
}

#[test]
fn parallel_prints_what_comes_in_its_order() {
    for servers in Servers::each() {
        for language in Language::ALL {
            let slow = servers.one.url("/slow-headers?ms=500");
            let urls = [slow, servers.one.url("/bytes/100000")];
            let mut guest = Guest::new(&language.guest("parallel"), servers.ctx(), &urls, &[]);
            assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
            let expected = "2: 200, 100000 bytes\n1: 200, 13 bytes\n";
            assert_eq!(guest.stdout(), expected, "{language:?}");
            // More than are on their way at a time.
            let urls = vec![servers.one.url("/get"); 40];
            let mut guest = Guest::new(&language.guest("parallel"), servers.ctx(), &urls, &[]);
            assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
            assert_eq!(guest.stdout().lines().count(), urls.len(), "{language:?}");
            assert_eq!(guest.open_responses(), 0);
            let mut guest = Guest::new(&language.guest("parallel"), servers.ctx(), &[], &[]);
            assert_eq!(guest.run_program(), 2, "{language:?}");
            assert_eq!(guest.stderr(), "usage: parallel URL...\n");
        }
    }
}

#[test]
fn upload_sends_a_body_in_chunks() {
    const LEN: usize = 1_000_000;
    for servers in Servers::each() {
        for language in Language::ALL {
            servers.clear();
            let arguments = [servers.one.url("/echo"), LEN.to_string()];
            let name = language.guest("upload");
            let mut guest = Guest::new(&name, servers.ctx(), &arguments, &[]);
            assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
            let expected = format!("sent: {LEN}\nstatus: 200\nreceived: {LEN}\n");
            assert_eq!(guest.stdout(), expected, "{language:?}");
            let expected = [
                "POST /echo",
                "transfer-encoding: chunked",
                "content-type: application/octet-stream",
                "(1000000 bytes)",
            ];
            assert_eq!(servers.received(), expected, "{language:?}");
            assert_eq!(guest.open_responses(), 0);
            let mut guest = Guest::new(&name, servers.ctx(), &[], &[]);
            assert_eq!(guest.run_program(), 2, "{language:?}");
            assert_eq!(guest.stderr(), "usage: upload URL BYTES\n");
        }
    }
}

#[test]
fn json_goes_there_and_back_with_two_libraries() {
    for servers in Servers::each() {
        for name in ["as-json", "as-json-values"] {
            servers.clear();
            let mut guest = Guest::new(name, servers.ctx(), &[servers.one.url("/echo")], &[]);
            assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
            assert_eq!(guest.stdout(), "Ada is 36\n", "{name}");
            let received = servers.received();
            assert_eq!(
                received.last().map(String::as_str),
                Some(r#"{"name":"Ada","age":36}"#)
            );
        }
    }
}

/// Neither host nor guest package decodes; the examples ask for gzip and do.
#[test]
fn gzip_is_decoded_by_the_program() {
    for servers in Servers::each() {
        for language in Language::ALL {
            // One is in gzip, the other is not.
            for path in ["/gzip", "/get"] {
                servers.clear();
                let url = servers.one.url(path);
                let mut guest = Guest::new(&language.guest("gzip"), servers.ctx(), &[url], &[]);
                assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
                assert_eq!(guest.stdout(), format!("{HELLO}\n"), "{language:?} {path}");
                let received = [format!("GET {path}"), "accept-encoding: gzip".to_owned()];
                assert_eq!(servers.received(), received);
            }
        }
    }
}

#[test]
fn reactor_offers_get_post_and_concurrent() {
    for servers in Servers::each() {
        // With and without the slash that the path has already.
        for origin in [servers.one.origin(), servers.one.origin() + "/"] {
            for language in Language::ALL {
                servers.clear();
                let variables = [("HTTP_URL", origin.as_str())];
                let name = language.guest("reactor");
                let mut guest = Guest::new(&name, servers.ctx(), &[], &variables);
                assert_eq!(guest.call("get", ()), 200, "{}", guest.stderr());
                assert_eq!(guest.call("post", ()), 200, "{}", guest.stderr());
                assert_eq!(guest.call("concurrent", ()), 3, "{}", guest.stderr());
                let expected = format!(
                    "get: 200\n{HELLO}\npost: 200\n{TEXT}\nconcurrent 1: 200\n{HELLO}\n\
                     concurrent 2: 200\n{HELLO}\nconcurrent 3: 200\n{HELLO}\n"
                );
                assert_eq!(guest.stdout(), expected, "{language:?}");
                let (get, content_type) = ("GET /get", "content-type: text/plain");
                let mut expected = vec![get, content_type];
                expected.extend(["POST /post", "content-length: 53", content_type, TEXT]);
                expected.extend([get, content_type].repeat(3));
                assert_eq!(servers.received(), expected, "{language:?}");
                assert_eq!(guest.open_responses(), 0);
            }
        }
    }
}

#[test]
fn reactor_gives_an_error_as_a_negative_number() {
    for servers in Servers::each() {
        let origin = servers.one.origin();
        let too_many = code::TOO_MANY_SESSIONS.cast_signed();
        let denied = code::DESTINATION_NOT_ALLOWED.cast_signed();
        for (language, message) in [
            (Language::Rust, "(too_many_sessions, code 13)\n"),
            (Language::AssemblyScript, "too_many_sessions (13): GET http"),
        ] {
            servers.clear();
            let mut http = servers.ctx_builder();
            http.try_allowed_host(&origin).unwrap();
            let http = http.max_concurrent_requests(2).build();
            let variables = [("HTTP_URL", origin.as_str())];
            let mut guest = Guest::new(&language.guest("reactor"), http, &[], &variables);
            assert_eq!(guest.call("concurrent", ()), -too_many, "{language:?}");
            assert!(guest.stderr().contains(message), "{}", guest.stderr());
            assert_eq!((guest.stdout(), guest.open_responses()), (String::new(), 0));
            assert_eq!(servers.one.requests(), 2, "{language:?}");
            // The two are free again.
            assert_eq!(guest.call("get", ()), 200, "{language:?}");

            let http = servers.ctx_builder().build();
            let mut guest = Guest::new(&language.guest("reactor"), http, &[], &variables);
            assert_eq!(guest.call("get", ()), -denied, "{language:?}");
        }
    }
}

/// AssemblyScript has no exceptions: what gives no `Result` aborts.
#[test]
fn a_failure_that_is_not_asked_for_as_a_value_aborts_with_a_message() {
    const ABORT: u32 = 255;
    for servers in Servers::each() {
        servers.clear();
        let http = || servers.ctx_builder().build();
        let url = servers.one.url("/get");
        for kind in ["post", "download"] {
            let name = Language::AssemblyScript.guest(kind);
            let mut guest = Guest::new(&name, http(), std::slice::from_ref(&url), &[]);
            assert_eq!(guest.run_program(), ABORT, "{kind}");
            // The function that failed, the code, the request, and what the host says.
            let stderr = guest.stderr();
            assert!(
                stderr.starts_with("abort: RequestBuilder.send: "),
                "{stderr}"
            );
            for part in [
                "destination_not_allowed (7): ",
                url.as_str(),
                "no allowed host matches",
            ] {
                assert!(stderr.contains(part), "{kind}: {stderr}");
            }
            assert_eq!(guest.stdout(), "", "{kind}");

            // The same in Rust is an error that `main` returns.
            let name = Language::Rust.guest(kind);
            let mut guest = Guest::new(&name, http(), std::slice::from_ref(&url), &[]);
            assert_eq!(guest.run_program(), 1, "{kind}");
            // One sentence, once.
            let stderr = guest.stderr();
            assert!(stderr.starts_with("Error: "), "{kind}: {stderr}");
            let named = stderr.matches("destination_not_allowed").count();
            assert_eq!((stderr.lines().count(), named), (1, 1), "{kind}: {stderr}");
        }
        assert_eq!(servers.one.requests(), 0);

        // In the middle of a body.
        let url = servers.one.url("/lying-length");
        let name = Language::AssemblyScript.guest("download");
        let mut guest = Guest::new(&name, servers.ctx(), &[url], &[]);
        assert_eq!(guest.run_program(), ABORT);
        let (message, stderr) = ("incomplete_body (16): GET ", guest.stderr());
        assert!(stderr.contains(message), "{stderr}");
        assert_eq!(guest.stdout(), "status: 200\n");
    }
}

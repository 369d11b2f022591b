//! What the server gets: method, target, headers, body.

use wasi_experimental_http_test_server::{LARGE_HEADER_LEN, body_hash, fill_pattern};

use crate::common::{Opened, code, over_http_and_https};
use crate::{MIB, last, values};

#[test]
fn methods_arrive_as_they_are() {
    over_http_and_https(|server, guest| {
        let methods = [
            "GET",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "OPTIONS",
            "PURGE",
            "M-SEARCH",
            "PROPFIND",
            "get",
            "x!#$%&'*+-.^_`|~9",
        ];
        for method in methods {
            let Opened { status, handle } = guest
                .send(method, &server.url("/method"), "", b"")
                .expect(method);
            assert_eq!(status, 200, "{method}");
            assert_eq!(guest.read_all(handle).unwrap(), method.as_bytes());
            assert_eq!(last(server).method, method);
            guest.call_close(handle);
        }
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn a_head_has_headers_and_no_body() {
    over_http_and_https(|server, guest| {
        for target in ["/bytes/1048576", "/chunked/1048576", "/get"] {
            let Opened { status, handle } =
                guest.send("HEAD", &server.url(target), "", b"").unwrap();
            assert_eq!(status, 200);
            assert_eq!(guest.read(handle, 100), Ok(Vec::new()), "{target}");
            guest.call_close(handle);
        }
        let Opened { handle, .. } = guest
            .send("HEAD", &server.url("/bytes/1048576"), "", b"")
            .unwrap();
        assert_eq!(guest.header(handle, "content-length").unwrap(), b"1048576");
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn request_bodies_arrive_with_their_length() {
    over_http_and_https(|server, guest| {
        let mut large = vec![0; MIB];
        fill_pattern(0, &mut large);
        for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "GET", "OPTIONS"] {
            for body in [&b""[..], b"x", b"\0\xff\r\n\r\n", &large] {
                let Opened { status, handle } = guest
                    .send(method, &server.url("/echo"), "", body)
                    .expect(method);
                assert_eq!(status, 200);
                assert!(
                    guest.read_all(handle).unwrap() == body,
                    "{method} {}",
                    body.len()
                );
                guest.call_close(handle);
                let request = last(server);
                assert_eq!(request.method, method);
                assert_eq!(request.body_len, body.len() as u64, "{method}");
                assert_eq!(request.body_hash, body_hash(body), "{method}");
                assert_eq!(values(&request, "transfer-encoding"), [""; 0], "{method}");
                let expected = match (body, method) {
                    // RFC 9110, section 8.6.
                    (b"", "POST" | "PUT" | "PATCH") => vec!["0".to_owned()],
                    (b"", _) => Vec::new(),
                    _ => vec![body.len().to_string()],
                };
                assert_eq!(values(&request, "content-length"), expected, "{method}");
            }
        }
        assert_eq!(server.connections(), 1);
        assert_eq!(server.bad_requests(), [""; 0]);
    });
}

#[test]
fn request_headers_arrive_byte_for_byte() {
    over_http_and_https(|server, guest| {
        let large = "a".repeat(LARGE_HEADER_LEN);
        let text = format!(
            "abc:def\nX-Two: one \nX-Space:\t a  b\t\nx-two:two\nX-None:\nX-Text:gr\u{fc}\u{df}\n\
             X-Colons:a:b:c\nX-Large:{large}\nX-TWO:three\nauthorization:Basic YTpi\nCookie:c=d"
        );
        let url = server.url("/headers");
        let Opened { status, .. } = guest.send("GET", &url, &text, b"").unwrap();
        assert_eq!(status, 200);
        let request = last(server);
        assert_eq!(values(&request, "abc"), ["def"]);
        assert_eq!(values(&request, "x-two"), ["one", "two", "three"]);
        assert_eq!(values(&request, "x-space"), ["a  b"]);
        assert_eq!(values(&request, "x-none"), [""]);
        assert_eq!(request.header("x-text"), Some("gr\u{fc}\u{df}".as_bytes()));
        assert_eq!(values(&request, "x-colons"), ["a:b:c"]);
        assert_eq!(values(&request, "x-large"), [&large[..]]);
        assert_eq!(values(&request, "authorization"), ["Basic YTpi"]);
        assert_eq!(values(&request, "cookie"), ["c=d"]);
        assert_eq!(server.bad_requests(), [""; 0]);
    });
}

#[test]
fn the_host_adds_no_more_headers_than_it_says() {
    over_http_and_https(|server, guest| {
        guest.open(&server.url("/get"));
        let request = last(server);
        let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| &name[..]).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "user-agent"]);
        let host = server.origin().split("://").nth(1).unwrap().to_owned();
        assert_eq!(values(&request, "host"), [host]);
        assert_eq!(values(&request, "accept"), ["*/*"]);
        let agent = concat!(
            "wasi-experimental-http-wasmtime/",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(values(&request, "user-agent"), [agent]);

        let headers = "User-Agent:mine\nAccept:text/plain\n";
        guest
            .send("GET", &server.url("/get"), headers, b"")
            .unwrap();
        let request = last(server);
        assert_eq!(values(&request, "user-agent"), ["mine"]);
        assert_eq!(values(&request, "accept"), ["text/plain"]);
    });
}

#[test]
fn framing_headers_of_the_guest_are_dropped_when_they_agree() {
    over_http_and_https(|server, guest| {
        let host = server.origin().split("://").nth(1).unwrap().to_owned();
        let headers = format!(
            "Host:{host}\nContent-Length:5\nTransfer-Encoding:identity\nConnection:close\n\
             Keep-Alive:timeout=5\nTE:trailers\nTrailer:a\nUpgrade:h2c\nExpect:100-continue\n\
             HTTP2-Settings:a\nProxy-Connection:close\nProxy-Authorization:a\nabc:def\n"
        );
        for _ in 0..2 {
            let Opened { handle, .. } = guest
                .send("POST", &server.url("/echo"), &headers, b"hello")
                .unwrap();
            assert_eq!(guest.read_all(handle).unwrap(), b"hello");
            let request = last(server);
            let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| &name[..]).collect();
            names.sort_unstable();
            assert_eq!(
                names,
                ["abc", "accept", "content-length", "host", "user-agent"]
            );
            assert_eq!(values(&request, "host"), [&host[..]]);
            assert_eq!(values(&request, "content-length"), ["5"]);
        }
        // Nor did its `Connection: close` close anything.
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn framing_headers_of_the_guest_that_contradict_send_nothing() {
    over_http_and_https(|server, guest| {
        for headers in [
            "Content-Length:4",
            "Content-Length:6",
            "Content-Length:99999999",
            "Content-Length:5\nContent-Length:6",
            "content-length:-5",
            "Transfer-Encoding:chunked",
            "transfer-encoding:gzip, chunked",
            "Content-Length:5\nTransfer-Encoding:chunked",
            "Host:example.com",
            "host:",
            "Host:127.0.0.1:1",
        ] {
            let given = guest.send("POST", &server.url("/echo"), headers, b"hello");
            assert_eq!(given, Err(code::INVALID_ENCODING), "{headers}");
        }
        assert_eq!((server.connections(), server.requests()), (0, 0));
    });
}

#[test]
fn what_is_sent_is_the_url_without_its_fragment() {
    over_http_and_https(|server, guest| {
        let cases = [
            ("/get?a=b&c=%20#fragment", "/get?a=b&c=%20"),
            ("/a/../get?a b#", "/get?a%20b"),
            ("/gr\u{fc}n?\u{e9}", "/gr%C3%BCn?%C3%A9"),
            ("?x", "/?x"),
            ("", "/"),
            ("/a//b/;c=d", "/a//b/;c=d"),
            ("/%2e%2e/%41", "/%41"),
        ];
        for (given, sent) in cases {
            guest.fetch_all(&server.url(given));
            assert_eq!(last(server).target, sent, "{given}");
        }
    });
}

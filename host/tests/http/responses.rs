//! What the guest gets: status, headers, and a body as it comes.

use wasi_experimental_http_test_server::{GZIP, HELLO, LARGE_HEADER_LEN, is_pattern};

use crate::common::{Opened, code, over_http_and_https};
use crate::{MIB, last, values};

#[test]
fn statuses_are_values() {
    over_http_and_https(|server, guest| {
        for status in [
            200, 201, 204, 206, 300, 304, 400, 401, 404, 407, 418, 500, 503, 599,
        ] {
            let (given, body) = guest.fetch_all(&server.url(&format!("/status/{status}")));
            assert_eq!(given, status);
            assert_eq!(body.is_empty(), matches!(status, 204 | 304), "{status}");
        }
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn response_headers_survive() {
    over_http_and_https(|server, guest| {
        let handle = guest.open(&server.url("/response-headers/repeated"));
        assert_eq!(guest.header(handle, "Set-Cookie").unwrap(), b"a=1");
        assert_eq!(guest.header(handle, "x-repeat").unwrap(), b"one");
        assert_eq!(guest.header_values(handle, "set-cookie"), [b"a=1", b"b=2"]);
        assert_eq!(
            guest.header_values(handle, "x-repeat"),
            [&b"one"[..], b"", b"three"]
        );

        let handle = guest.open(&server.url("/response-headers/empty"));
        assert_eq!(guest.header(handle, "x-empty").unwrap(), b"");
        assert_eq!(guest.header_values(handle, "x-empty"), [b""]);

        let handle = guest.open(&server.url("/response-headers/large"));
        let large = vec![b'a'; LARGE_HEADER_LEN];
        assert!(guest.header(handle, "x-large").unwrap() == large);
        assert!(guest.header_values(handle, "x-large") == [large]);

        let handle = guest.open(&server.url("/response-headers/not-utf8"));
        assert_eq!(guest.header(handle, "x-latin").unwrap(), b"caf\xe9");
        assert_eq!(guest.header_values(handle, "x-latin"), [b"caf\xe9"]);
        assert_eq!(guest.header_values(handle, "x-before"), [b"1"]);
        assert_eq!(guest.header_values(handle, "x-after"), [b"2"]);

        let handle = guest.open(&server.url("/response-headers/count/100"));
        assert_eq!(guest.header(handle, "x-99").unwrap(), b"99");

        // A line for each, names in lower case, and nothing else.
        let handle = guest.open(&server.url("/get"));
        let all = String::from_utf8(guest.headers(handle).unwrap()).unwrap();
        assert_eq!(all, "content-type:text/plain\ncontent-length:13\n");
    });
}

#[test]
fn headers_stay_readable_until_close() {
    over_http_and_https(|server, guest| {
        let handle = guest.open(&server.url("/get"));
        guest.read_all(handle).unwrap();
        assert_eq!(guest.header(handle, "content-length").unwrap(), b"13");
        guest.call_close(handle);
        assert_eq!(
            guest.header(handle, "content-length"),
            Err(code::INVALID_HANDLE)
        );
    });
}

#[test]
fn bodies_arrive_in_every_framing() {
    over_http_and_https(|server, guest| {
        for len in [0, 1, MIB] {
            for target in [
                format!("/bytes/{len}"),
                format!("/chunked/{len}"),
                format!("/chunked/{len}?chunk=1000"),
                format!("/chunked/{len}?chunk=99999999"),
                format!("/close/{len}"),
            ] {
                let (status, body) = guest.fetch_all(&server.url(&target));
                assert_eq!((status, body.len()), (200, len), "{target}");
                assert!(is_pattern(0, &body), "{target}");
            }
        }
        let (_, body) = guest.fetch_all(&server.url("/chunked/5000?chunk=1"));
        assert!(body.len() == 5000 && is_pattern(0, &body));
        assert_eq!(guest.fetch_all(&server.url("/empty")), (200, Vec::new()));
    });
}

#[test]
fn interim_responses_are_consumed_and_101_is_an_error() {
    over_http_and_https(|server, guest| {
        for status in [100, 102, 103, 199] {
            let (given, body) = guest.fetch_all(&server.url(&format!("/interim/{status}")));
            assert_eq!((given, &body[..]), (200, HELLO.as_bytes()), "{status}");
        }
        let given = guest.fetch(&server.url("/switching-protocols"));
        assert_eq!(given, Err(code::REQUEST_ERROR));
        assert_eq!(guest.fetch_all(&server.url("/get")).0, 200);
    });
}

#[test]
fn a_compressed_body_is_the_guests_to_decompress() {
    over_http_and_https(|server, guest| {
        let handle = guest.open(&server.url("/gzip"));
        assert_eq!(guest.header(handle, "content-encoding").unwrap(), b"gzip");
        let length = GZIP.len().to_string();
        assert_eq!(
            guest.header(handle, "content-length").unwrap(),
            length.as_bytes()
        );
        assert_eq!(guest.read_all(handle).unwrap(), GZIP);
        assert_eq!(values(&last(server), "accept-encoding"), [""; 0]);
        let headers = "Accept-Encoding:gzip";
        let Opened { handle, .. } = guest
            .send("GET", &server.url("/gzip"), headers, b"")
            .unwrap();
        assert_eq!(guest.read_all(handle).unwrap(), GZIP);
        assert_eq!(values(&last(server), "accept-encoding"), ["gzip"]);
    });
}

#[test]
fn a_response_is_there_before_its_body_is() {
    over_http_and_https(|server, guest| {
        let handle = guest.open(&server.url("/gate"));
        assert_eq!(guest.header(handle, "content-length").unwrap(), b"11");
        let mut first = Vec::new();
        while first.len() < 5 {
            first.extend(guest.read(handle, 100).unwrap());
        }
        assert_eq!(first, b"first");
        server.release();
        assert_eq!(guest.read_all(handle).unwrap(), b"second");
    });
}

#[test]
fn open_responses_are_read_in_any_order() {
    over_http_and_https(|server, guest| {
        let handles: Vec<u32> = (0..5)
            .map(|i| guest.open(&server.url(&format!("/chunked/{}", 100_000 + i))))
            .collect();
        let mut bodies = vec![Vec::new(); handles.len()];
        for round in 0.. {
            let before: usize = bodies.iter().map(Vec::len).sum();
            for index in (0..handles.len()).rev() {
                let piece = guest.read(handles[index], 1 + 1000 * round).unwrap();
                bodies[index].extend(piece);
            }
            if before == bodies.iter().map(Vec::len).sum::<usize>() {
                break;
            }
        }
        for (i, body) in bodies.iter().enumerate() {
            assert!(body.len() == 100_000 + i && is_pattern(0, body), "{i}");
        }
        assert_eq!(server.connections(), 5);
    });
}

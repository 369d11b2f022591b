//! Headers in both directions: repeated, empty, large, and not UTF-8.

use crate::case::{case, check};
use crate::guest::{Guest, Language};
use crate::servers::Servers;

#[test]
fn request_headers_arrive_in_order_with_their_bytes() {
    let sent = |instruction, received| {
        let prints = &["status 200", "body-length 13"];
        case(instruction, prints).receives(received)
    };
    check(&[
        sent(
            "GET /get header=X-A:1 header=X-B:2",
            &["GET /get", "x-a: 1", "x-b: 2"],
        ),
        // Repeated.
        sent(
            "GET /get header=a:1 header=a: header=A:3",
            &["GET /get", "a: 1", "a: ", "a: 3"],
        ),
        // Empty.
        sent("GET /get header=x-empty:", &["GET /get", "x-empty: "]),
        sent(
            "GET /get header=x-large:{60KiB}",
            &["GET /get", "x-large: {60KiB}"],
        ),
        sent(
            "GET /get header=time:12:30:45",
            &["GET /get", "time: 12:30:45"],
        ),
        // Of two, three and four bytes in UTF-8.
        sent(
            "GET /get header=greeting:grüß-世界-𝄞",
            &["GET /get", "greeting: grüß-世界-𝄞"],
        ),
        sent(
            "POST /get header=Content-Type:text/html body=a",
            &[
                "POST /get",
                "content-length: 1",
                "content-type: text/html",
                "a",
            ],
        ),
    ]);
}

#[test]
fn request_headers_that_cannot_be_sent_are_errors() {
    let refused = |instruction, error| case(instruction, error).receives(&[]);
    check(&[
        refused("GET /get header-not-utf8=a", &["error 6 utf8_error"]),
        refused("GET /get header=:1", &["error 9 invalid_encoding"]),
        refused(
            "GET /get header=a{newline}b:1",
            &["error 9 invalid_encoding"],
        ),
        refused(
            "GET /get header=a:1{newline}b:2",
            &["error 9 invalid_encoding"],
        ),
        refused("GET /get header=x-y@z:1", &["error 9 invalid_encoding"]),
    ]);
}

#[test]
fn response_headers_keep_repeats_and_bytes() {
    check(&[
        case(
            "GET /response-headers/repeated read=none print=headers get=set-cookie get=X-Repeat",
            &[
                "status 200",
                "header content-type text/plain",
                "header set-cookie a=1",
                "header set-cookie b=2",
                "header x-repeat one",
                "header x-repeat ",
                "header x-repeat three",
                "header content-length 13",
                "header-get set-cookie a=1",
                "header-get X-Repeat one",
            ],
        ),
        case(
            "GET /response-headers/empty read=none get=x-empty get=x-none",
            &[
                "status 200",
                "header-get x-empty ",
                "header-get-error x-none 5 header_not_found",
            ],
        ),
        case(
            "GET /response-headers/large get=X-LARGE",
            &["status 200", "header-get X-LARGE {60KiB}", "body-length 13"],
        ),
        case(
            "GET /response-headers/not-utf8 read=none print=headers get=x-latin",
            &[
                "status 200",
                "header content-type text/plain",
                "header x-before 1",
                "header x-latin caf\\xe9",
                "header x-after 2",
                "header content-length 13",
                "header-get x-latin caf\\xe9",
            ],
        ),
    ]);
}

/// Around the sizes of the buffers that the libraries try, up to what the host takes.
#[test]
fn response_headers_of_any_size_are_read_whole() {
    for servers in Servers::each() {
        for len in [
            0, 1, 1023, 1024, 1025, 4000, 4096, 4097, 5120, 16_384, 16_385, 61_440,
        ] {
            let url = servers.one.url(&format!("/response-headers/size/{len}"));
            let words = ["GET", &url, "get=x-large", "print=headers"].map(str::to_owned);
            let value = "a".repeat(len);
            let expected = format!(
                "status 200\nheader content-type text/plain\nheader x-large {value}\n\
                 header content-length 13\nheader-get x-large {value}\nbody-length 13\n"
            );
            for language in Language::ALL {
                let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
                assert_eq!(guest.call("run", ()), 0);
                assert!(guest.stdout() == expected, "{language:?} {len}");
            }
        }
    }
}

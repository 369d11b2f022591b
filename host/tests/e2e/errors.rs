//! Every error that a working host gives to a guest's library is a value with its code, its name
//! and what it means, the same in both languages.
//!
//! The library cannot cause those that are about pointers, and [`handles`](crate::handles) has
//! those about handles and small buffers.

use std::time::Duration;

use wasi_experimental_http_wasmtime::{HttpCtx, HttpCtxBuilder};

use crate::case::{case, check};

/// For a server that never answers, and for one that answers at once and then waits.
const SHORT: Option<Duration> = Some(Duration::from_millis(50));
const LONGER: Option<Duration> = Some(Duration::from_millis(500));

#[test]
fn errors_are_values() {
    fn cancelled(builder: &mut HttpCtxBuilder) -> HttpCtx {
        let ctx = builder.build();
        ctx.cancel_handle().cancel();
        ctx
    }

    check(&[
        case(
            "GET /get header-not-utf8=a print=message",
            &[
                "error 6 utf8_error",
                "message Text sent by the guest is not UTF-8",
            ],
        )
        .receives(&[]),
        case(
            "GET {other}/get print=message",
            &[
                "error 7 destination_not_allowed",
                "message The guest may not reach this destination…",
            ],
        )
        .receives(&[]),
        case(
            "CONNECT /get print=message",
            &[
                "error 8 invalid_method",
                "message The method is not an HTTP token…",
            ],
        )
        .receives(&[]),
        case("B@D /get", &["error 8 invalid_method"]).receives(&[]),
        case(
            "POST /post header=content-length:3 body=text print=message",
            &[
                "error 9 invalid_encoding",
                "message The request's headers are malformed…",
            ],
        )
        .receives(&[]),
        case(
            "POST /post header=transfer-encoding:chunked body=text",
            &["error 9 invalid_encoding"],
        )
        .receives(&[]),
        case(
            "GET /get header=host:example.com",
            &["error 9 invalid_encoding"],
        )
        .receives(&[]),
        case(
            "GET ftp://127.0.0.1/ print=message",
            &[
                "error 10 invalid_url",
                "message The URL cannot be parsed, or its scheme is neither `http` nor `https`",
            ],
        )
        .receives(&[]),
        case("GET nonsense", &["error 10 invalid_url"]).receives(&[]),
        // Nobody listens there.
        case(
            "GET http://127.0.0.1:1/ print=message",
            &[
                "error 11 request_error",
                "message The request failed on its way…",
            ],
        )
        .allowed(&["http://127.0.0.1:1"])
        .receives(&[]),
        case("GET /redirect-loop", &["error 11 request_error"])
            .configured(|builder| builder.max_redirects(1).build())
            .receives(&["GET /redirect-loop"; 2]),
        case("GET /switching-protocols", &["error 11 request_error"]),
        case(
            "GET /get hold=1 print=message",
            &[
                "error 13 too_many_sessions",
                "message The store already holds as many open responses as…",
                "error 13 too_many_sessions",
                "message The store already holds as many open responses as…",
            ],
        )
        .configured(|builder| builder.max_concurrent_requests(0).build())
        .receives(&[]),
        case(
            "GET /hang print=message",
            &[
                "error 14 timeout",
                "message The request, or the body of its response, took longer than…",
            ],
        )
        .configured(|builder| builder.response_timeout(SHORT).build()),
        case("GET /slow-body", &["status 200", "error 14 timeout"])
            .configured(|builder| builder.read_timeout(LONGER).build()),
        case(
            "POST /post body=text print=message",
            &[
                "error 15 body_too_large",
                "message The body of the request or of the response is larger than…",
            ],
        )
        .configured(|builder| builder.max_request_body_bytes(Some(3)).build())
        .receives(&[]),
        case("GET /get", &["status 200", "error 15 body_too_large"])
            .configured(|builder| builder.max_response_body_bytes(Some(5)).build()),
        case(
            "GET /lying-length?claim=100 print=message",
            &[
                "status 200",
                "error 16 incomplete_body",
                "message The body of the response broke off before its end",
            ],
        ),
        case(
            "GET /get print=message",
            &[
                "error 17 cancelled",
                "message The embedder cancelled the request",
            ],
        )
        .configured(cancelled)
        .receives(&[]),
    ]);
}

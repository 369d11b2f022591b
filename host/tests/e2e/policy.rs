//! Where guests may go, and how much at once.

use crate::case::{case, check};

#[test]
fn hosts_that_are_not_allowed_get_no_request() {
    let denied = &["error 7 destination_not_allowed"];
    check(&[
        case("GET /get", denied).allowed(&[]).receives(&[]),
        case("GET /get", denied).allowed(&["{other}"]).receives(&[]),
        case("GET {other}/get", denied).receives(&[]),
        case("POST {other}/post body=secret", denied).receives(&[]),
        // The same server by another name.
        case("GET /get", denied)
            .allowed(&["http://localhost", "https://127.0.0.1"])
            .receives(&[]),
        case("GET {other}/get", &["status 200", "body-length 13"])
            .allowed(&["{other}"])
            .receives(&["other: GET /get"]),
        case("GET {other}/get", &["status 200", "body-length 13"])
            .allowed(&["insecure:allow-all"])
            .receives(&["other: GET /get"]),
    ]);
}

#[test]
fn redirects_are_followed_to_allowed_hosts_only() {
    check(&[
        case("GET /redirect/2", &["status 200", "body-length 13"]).receives(&[
            "GET /redirect/2",
            "GET /redirect/1",
            "GET /get",
        ]),
        case(
            "GET /redirect-to?url={other}/method print=body",
            &["status 200", "body-length 3", "body GET"],
        )
        .allowed(&["{origin}", "{other}"])
        .receives(&["GET /redirect-to?url={other}/method", "other: GET /method"]),
        case(
            "GET /redirect-to?url={other}/get",
            &["error 7 destination_not_allowed"],
        )
        .receives(&["GET /redirect-to?url={other}/get"]),
        case(
            "POST /redirect-to?url=/echo&status=302 body=text header=a:b",
            &["status 200", "body-length 0"],
        )
        .receives(&[
            "POST /redirect-to?url=/echo&status=302",
            "content-length: 4",
            "a: b",
            "text",
            "GET /echo",
            "a: b",
        ]),
        case(
            "POST /redirect-to?url=/echo&status=307 body=text print=body",
            &["status 200", "body-length 4", "body text"],
        )
        .receives(&[
            "POST /redirect-to?url=/echo&status=307",
            "content-length: 4",
            "text",
            "POST /echo",
            "content-length: 4",
            "text",
        ]),
        case("GET /redirect/1", &["status 302", "body-length 10"])
            .configured(|builder| builder.max_redirects(0).build()),
    ]);
}

#[test]
fn the_limit_of_open_responses_is_reached_and_freed_again() {
    let held_and_sent = |instruction, prints, requests| {
        case(instruction, prints)
            .configured(|builder| builder.max_concurrent_requests(2).build())
            .receives(requests)
    };
    check(&[
        held_and_sent(
            "GET /get hold=2",
            &["held 200", "held 200", "status 200", "body-length 13"],
            &["GET /get"; 3],
        ),
        held_and_sent(
            "GET /get hold=3",
            &[
                "held 200",
                "held 200",
                "error 13 too_many_sessions",
                "status 200",
                "body-length 13",
            ],
            &["GET /get"; 3],
        ),
        // Neither a body that is not read nor an error leaves a response open.
        held_and_sent(
            "GET /bytes/1000000 read=none repeat=3",
            &["status 200"; 3],
            &["GET /bytes/1000000"; 3],
        ),
        held_and_sent(
            "GET /lying-length repeat=3",
            &[
                "status 200",
                "error 16 incomplete_body",
                "status 200",
                "error 16 incomplete_body",
                "status 200",
                "error 16 incomplete_body",
            ],
            &["GET /lying-length"; 3],
        ),
        case("GET /get", &["error 13 too_many_sessions"])
            .configured(|builder| builder.max_concurrent_requests(0).build())
            .receives(&[]),
    ]);
}

//! Methods, as a guest's library sends them.

use crate::case::{case, check};

#[test]
fn methods_arrive_as_they_are() {
    check(&[
        case(
            "GET /method print=body",
            &["status 200", "body-length 3", "body GET"],
        ),
        case(
            "HEAD /method print=body get=content-length",
            &[
                "status 200",
                "header-get content-length 4",
                "body-length 0",
                "body ",
            ],
        ),
        case(
            "POST /method print=body body=text",
            &["status 200", "body-length 4", "body POST"],
        )
        .receives(&["POST /method", "content-length: 4", "text"]),
        case(
            "PUT /method print=body body=text",
            &["status 200", "body-length 3", "body PUT"],
        )
        .receives(&["PUT /method", "content-length: 4", "text"]),
        case(
            "PATCH /method print=body body=text",
            &["status 200", "body-length 5", "body PATCH"],
        )
        .receives(&["PATCH /method", "content-length: 4", "text"]),
        case(
            "DELETE /method print=body",
            &["status 200", "body-length 6", "body DELETE"],
        ),
        case(
            "OPTIONS /method print=body",
            &["status 200", "body-length 7", "body OPTIONS"],
        ),
        case(
            "TRACE /method print=body",
            &["status 200", "body-length 5", "body TRACE"],
        ),
        case(
            "PURGE /method print=body",
            &["status 200", "body-length 5", "body PURGE"],
        ),
        case(
            "purge /method print=body body=text",
            &["status 200", "body-length 5", "body purge"],
        )
        .receives(&["purge /method", "content-length: 4", "text"]),
    ]);
}

//! Statuses are values, errors of servers among them.

use crate::case::{case, check};

#[test]
fn statuses_are_values() {
    check(&[
        case("GET /status/200", &["status 200", "body-length 8"]),
        case("GET /status/201", &["status 201", "body-length 8"]),
        case("GET /status/204", &["status 204", "body-length 0"]),
        case("GET /status/304", &["status 304", "body-length 0"]),
        case("GET /status/404", &["status 404", "body-length 8"]),
        case("GET /nowhere", &["status 404", "body-length 13"]),
        case("GET /status/500", &["status 500", "body-length 8"]),
        case(
            "GET /status/599 print=body",
            &["status 599", "body-length 8", "body a status"],
        ),
        // An interim one comes before and is not seen.
        case("GET /interim/103", &["status 200", "body-length 13"]),
    ]);
}

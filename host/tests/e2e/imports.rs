//! What guests import: the functions that they use, and no more, so that they run on hosts that do
//! not have the others.

use crate::guest::imports;

#[test]
fn a_guest_imports_the_functions_that_it_uses() {
    for (name, expected) in [
        ("rust-post", "body_read close header_get req"),
        ("rust-download", "body_read_some close req"),
        ("rust-reactor", "body_read close header_get req"),
        (
            "rust-tour",
            "body_read body_read_some close header_get headers_get_all req",
        ),
        (
            "rust-e2e",
            "body_finish body_read body_read_some body_write close error_get header_get \
             headers_get_all poll req request_start response_get response_wait",
        ),
        (
            "rust-parallel",
            "body_read body_write close header_get poll request_start response_wait",
        ),
        (
            "rust-upload",
            "body_finish body_read_some body_write close request_start response_wait",
        ),
        ("as-post", "body_read close error_get header_get req"),
        (
            "as-parallel",
            "body_read body_write close error_get header_get poll request_start response_wait",
        ),
        (
            "as-upload",
            "body_finish body_read_some body_write close error_get request_start response_wait",
        ),
        (
            "old-reactor",
            "body_read close header_get headers_get_all req",
        ),
        ("c-read-once", "body_read close req"),
        ("zig-read-once", "body_read close req"),
    ] {
        assert_eq!(imports(name).join(" "), expected, "{name}");
    }
}

//! Buffers for what a response has: too small, empty, of any size.

use wasi_experimental_http_test_server::fill_pattern;

use crate::common::{BUFFER, BUFFER_LEN, Export, Guest, MEMORY, NAME, WRITTEN, code, ctx};
use crate::{UNTOUCHED, guest, server};

#[test]
fn a_name_out_of_bounds_or_in_bad_utf8_is_told_apart() {
    let server = server();
    let mut guest = guest(&server);
    let handle = guest.open(&server.url("/get"));
    for name in [
        &b"\xff"[..],
        b"content-type\xc3",
        b"\xed\xa0\x80",
        b"\xc0\x80",
    ] {
        guest.put(NAME, name);
        let args = [handle, NAME, name.len() as u32, BUFFER, BUFFER_LEN, WRITTEN];
        assert_eq!(guest.call_header_get(args), code::UTF8_ERROR, "{name:x?}");
    }
    // Text that is no header name is the name of no header.
    for name in [
        "",
        " ",
        "content-type:",
        "content type",
        "caf\u{e9}",
        "x-none",
        "\0",
    ] {
        assert_eq!(
            guest.header(handle, name),
            Err(code::HEADER_NOT_FOUND),
            "{name:?}"
        );
    }
    for name in ["content-type", "Content-Type", "CONTENT-TYPE"] {
        assert_eq!(guest.header(handle, name).unwrap(), b"text/plain");
    }
}

#[test]
fn a_buffer_too_small_stays_as_it_is_and_the_call_can_be_repeated() {
    let server = server();
    let mut guest = guest(&server);
    let handle = guest.open(&server.url("/response-headers/repeated"));
    let all = guest.headers(handle).unwrap();
    let len = all.len() as u32;
    guest.put(NAME, b"set-cookie");
    for small in [0, 1, 2] {
        guest.put(BUFFER, &UNTOUCHED);
        guest.put(WRITTEN, &UNTOUCHED);
        let args = [handle, NAME, 10, BUFFER, small, WRITTEN];
        assert_eq!(
            guest.call_header_get(args),
            code::BUFFER_TOO_SMALL,
            "{small}"
        );
        assert_eq!(
            (guest.get(BUFFER, 8), guest.get(WRITTEN, 8)),
            (UNTOUCHED.into(), UNTOUCHED.into())
        );
    }
    for small in [0, 1, 7, len - 1] {
        guest.put(BUFFER, &UNTOUCHED);
        guest.put(WRITTEN, &UNTOUCHED);
        let args = [handle, BUFFER, small, WRITTEN];
        assert_eq!(
            guest.call_headers_get_all(args),
            code::BUFFER_TOO_SMALL,
            "{small}"
        );
        assert_eq!(
            (guest.get(BUFFER, 8), guest.get(WRITTEN, 8)),
            (UNTOUCHED.into(), UNTOUCHED.into())
        );
    }
    let exactly = [handle, NAME, 10, BUFFER, 3, WRITTEN];
    assert_eq!(guest.call_header_get(exactly), code::SUCCESS);
    assert_eq!(guest.get(BUFFER, 3), b"a=1");
    assert_eq!(
        guest.call_headers_get_all([handle, BUFFER, len, WRITTEN]),
        code::SUCCESS
    );
    assert_eq!(guest.get(BUFFER, len), all);
}

#[test]
fn an_empty_value_fits_an_empty_buffer() {
    let server = server();
    let mut guest = guest(&server);
    let handle = guest.open(&server.url("/response-headers/empty"));
    guest.put(NAME, b"x-empty");
    guest.put(WRITTEN, &UNTOUCHED);
    assert_eq!(
        guest.call_header_get([handle, NAME, 7, MEMORY, 0, WRITTEN]),
        code::SUCCESS
    );
    assert_eq!(guest.get_u32(WRITTEN), 0);
}

#[test]
fn a_read_into_nothing_consumes_nothing() {
    let server = server();
    let mut guest = guest(&server);
    let handle = guest.open(&server.url("/bytes/10"));
    let nothing = |guest: &mut Guest| assert_eq!(guest.read(handle, 0), Ok(Vec::new()));
    nothing(&mut guest);
    let mut body = guest.read(handle, 3).unwrap();
    nothing(&mut guest);
    body.extend(guest.read_all(handle).unwrap());
    assert_eq!(body, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    nothing(&mut guest);
    // The end stays the end.
    assert_eq!(guest.read(handle, 10), Ok(Vec::new()));
    assert_eq!(guest.header(handle, "content-length").unwrap(), b"10");
}

#[test]
fn reads_of_any_size_add_up_and_stay_in_their_buffer() {
    let server = server();
    let mut expected = vec![0; 1000];
    fill_pattern(0, &mut expected);
    for export in [Export::Memory, Export::SharedMemory] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        for size in [1, 2, 3, 100, 999, 1000, 1001] {
            let handle = guest.open(&server.url("/chunked/1000?chunk=7"));
            let mut body = Vec::new();
            loop {
                guest.put(BUFFER + size, &UNTOUCHED);
                let piece = guest.read(handle, size).unwrap();
                assert!(piece.len() <= size as usize);
                assert_eq!(guest.get(BUFFER + size, 8), UNTOUCHED);
                if piece.is_empty() {
                    break;
                }
                body.extend(piece);
            }
            assert_eq!(body, expected, "{export:?} {size}");
        }
    }
}

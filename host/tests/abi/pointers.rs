//! Memory: every pointer and length of every function, in and out of bounds.

use wasi_experimental_http_test_server::{HELLO, TestServer, is_pattern};
use wasi_experimental_http_wasmtime::HttpCtx;

use crate::common::{
    BODY, BUFFER, BUFFER_LEN, Export, Guest, HANDLE, HEADERS, MEMORY, METHOD, NAME, Opened, REASON,
    ReqArgs, STATUS, URL, WRITTEN, code, ctx, fact, in_its_own_process, peak_memory,
};
use crate::{UNTOUCHED, assert_nothing_was_sent, guest, server};

/// Pointers and lengths that lead outside the memory.
const OUTSIDE: [(u32, u32); 11] = [
    (MEMORY - 1, 2),
    (MEMORY, 1),
    (MEMORY + 1, 0),
    (0, MEMORY + 1),
    (0, u32::MAX),
    (1, u32::MAX),
    (0x8000_0000, 0x8000_0000),
    (u32::MAX, 0),
    (u32::MAX, 1),
    (u32::MAX, 2),
    (u32::MAX, u32::MAX),
];

/// Out-pointers that lead outside the memory, for a value of this size.
fn outside(size: u32) -> [u32; 6] {
    [
        MEMORY - size + 1,
        MEMORY - 1,
        MEMORY,
        MEMORY + 1,
        0x8000_0000,
        u32::MAX,
    ]
}

/// Places a GET that would succeed.
fn get(guest: &mut Guest, server: &TestServer) -> ReqArgs {
    guest.place(server.url("/get").as_bytes(), b"GET", b"a:b\n", b"body")
}

/// A shared memory is copied before it is read. In a process of its own, whose memory is measured.
#[test]
fn lengths_are_checked_before_anything_is_copied_and_handles_before_names() {
    const NAME: &str =
        "pointers::lengths_are_checked_before_anything_is_copied_and_handles_before_names";
    const LONG: u32 = 400 * 1024 * 1024;
    const ALLOWED: usize = 50 * 1024 * 1024;

    if !in_its_own_process(NAME, &[]) {
        return;
    }
    let server = server();
    let mut http = HttpCtx::builder();
    http.try_allowed_host(&server.origin())
        .unwrap()
        .max_request_body_bytes(Some(1024));
    let mut guest = Guest::exporting(Export::LargeSharedMemory, http.build());
    let handle = guest.open(&server.url("/get"));
    let good = get(&mut guest, &server);
    let requests = server.requests();
    let before = peak_memory();
    for (index, expected) in [
        (1, code::INVALID_URL),
        (3, code::INVALID_METHOD),
        (5, code::INVALID_ENCODING),
        (7, code::BODY_TOO_LARGE),
    ] {
        let mut args = good;
        args[index] = LONG;
        assert_eq!(guest.call_req(args), expected, "parameter {index}");
    }
    for (handle, expected) in [
        (handle, code::HEADER_NOT_FOUND),
        (handle + 1, code::INVALID_HANDLE),
    ] {
        // The zeros are no name; but neither is looked at.
        let args = [handle, BODY, LONG, BUFFER, 10, WRITTEN];
        assert_eq!(guest.call_header_get(args), expected);
    }
    // With a name outside of the memory, too.
    let args = [handle + 1, 1, u32::MAX, BUFFER, 10, WRITTEN];
    assert_eq!(guest.call_header_get(args), code::INVALID_HANDLE);
    // A buffer that is larger than what is read takes what is read.
    assert_eq!(guest.call_body_read([handle, BODY, LONG, WRITTEN]), 0);
    let growth = peak_memory().saturating_sub(before);
    assert!(growth < ALLOWED, "{growth} bytes");
    assert_eq!(server.requests(), requests);
}

#[test]
fn req_checks_each_pointer_before_it_connects() {
    let server = server();
    for export in [Export::Memory, Export::SharedMemory] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        let good = get(&mut guest, &server);
        for (parameter, index) in [("url", 0), ("method", 2), ("headers", 4), ("body", 6)] {
            for (pointer, len) in OUTSIDE {
                let mut args = good;
                (args[index], args[index + 1]) = (pointer, len);
                assert_eq!(
                    guest.call_req(args),
                    code::MEMORY_ACCESS_ERROR,
                    "{export:?} {parameter} {pointer:#x} {len:#x}"
                );
            }
        }
        for (parameter, index, size) in [("status", 8, 2), ("handle", 9, 4)] {
            for pointer in outside(size) {
                let mut args = good;
                args[index] = pointer;
                assert_eq!(
                    guest.call_req(args),
                    code::MEMORY_ACCESS_ERROR,
                    "{export:?} {parameter} {pointer:#x}"
                );
            }
        }
    }
    assert_nothing_was_sent(&server);
}

#[test]
fn req_takes_empty_parts_and_out_pointers_up_to_the_end_of_the_memory() {
    let server = server();
    let mut guest = guest(&server);
    let good = get(&mut guest, &server);
    for index in [4, 6] {
        let mut args = good;
        (args[index], args[index + 1]) = (MEMORY, 0);
        assert_eq!(guest.call_req(args), code::SUCCESS, "parameter {index}");
    }
    let mut args = good;
    (args[8], args[9]) = (MEMORY - 2, MEMORY - 6);
    assert_eq!(guest.call_req(args), code::SUCCESS);
    assert_eq!(
        (guest.get_u16(MEMORY - 2), guest.get_u32(MEMORY - 6)),
        (200, 3)
    );
    assert_eq!(server.requests(), 3);
    // An empty text is in bounds there too; it is just no URL and no method.
    for (index, expected) in [(0, code::INVALID_URL), (2, code::INVALID_METHOD)] {
        let mut args = good;
        (args[index], args[index + 1]) = (MEMORY, 0);
        assert_eq!(guest.call_req(args), expected);
    }
    assert_eq!(server.requests(), 3);
}

#[test]
fn the_other_functions_check_each_pointer_and_consume_nothing() {
    let server = server();
    for export in [Export::Memory, Export::SharedMemory] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        let handle = guest.open(&server.url("/get"));
        guest.put(NAME, b"content-type");
        let header_get = [handle, NAME, 12, BUFFER, BUFFER_LEN, WRITTEN];
        let headers_get_all = [handle, BUFFER, BUFFER_LEN, WRITTEN];
        for (pointer, len) in OUTSIDE {
            let context = format!("{export:?} {pointer:#x} {len:#x}");
            for index in [1, 3] {
                let mut args = header_get;
                (args[index], args[index + 1]) = (pointer, len);
                let given = guest.call_header_get(args);
                assert_eq!(
                    given,
                    code::MEMORY_ACCESS_ERROR,
                    "header_get {index} {context}"
                );
            }
            let mut args = headers_get_all;
            (args[1], args[2]) = (pointer, len);
            let given = guest.call_headers_get_all(args);
            assert_eq!(
                given,
                code::MEMORY_ACCESS_ERROR,
                "headers_get_all {context}"
            );
            let given = guest.call_body_read(args);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "body_read {context}");
            let given = guest.call_body_read_some(args);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "body_read_some {context}");
            let given = guest.call_response_get([handle, fact::URL, pointer, len, WRITTEN]);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "response_get {context}");
            let given = guest.call_error_get([REASON, pointer, len, WRITTEN]);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "error_get {context}");
        }
        for pointer in outside(4) {
            let mut args = header_get;
            args[5] = pointer;
            let given = guest.call_header_get(args);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "header_get {pointer:#x}");
            let mut args = headers_get_all;
            args[3] = pointer;
            let given = guest.call_headers_get_all(args);
            assert_eq!(
                given,
                code::MEMORY_ACCESS_ERROR,
                "headers_get_all {pointer:#x}"
            );
            let given = guest.call_body_read(args);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "body_read {pointer:#x}");
            let given = guest.call_body_read_some(args);
            let context = format!("{export:?} {pointer:#x}");
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "body_read_some {context}");
            let args = [handle, fact::URL, BUFFER, BUFFER_LEN, pointer];
            let given = guest.call_response_get(args);
            assert_eq!(given, code::MEMORY_ACCESS_ERROR, "response_get {context}");
            guest.put(WRITTEN, &UNTOUCHED);
            for args in [
                [pointer, BUFFER, BUFFER_LEN, WRITTEN],
                [REASON, BUFFER, BUFFER_LEN, pointer],
            ] {
                let given = guest.call_error_get(args);
                assert_eq!(given, code::MEMORY_ACCESS_ERROR, "error_get {context}");
            }
            assert_eq!(guest.get(WRITTEN, 8), UNTOUCHED);
        }
        assert_eq!(guest.header(handle, "content-type").unwrap(), b"text/plain");
        assert_eq!(guest.read_all(handle).unwrap(), HELLO.as_bytes());
    }
}

#[test]
fn buffers_may_end_where_the_memory_ends() {
    let server = server();
    let mut guest = guest(&server);
    let handle = guest.open(&server.url("/get"));
    guest.put(NAME, b"content-type");
    let end = MEMORY - 10;
    let last = MEMORY - 4;
    let args = [handle, NAME, 12, end, 10, WRITTEN];
    assert_eq!(guest.call_header_get(args), code::SUCCESS);
    assert_eq!(guest.get(end, 10), b"text/plain");
    let args = [handle, NAME, 12, BUFFER, 10, last];
    assert_eq!(guest.call_header_get(args), code::SUCCESS);
    assert_eq!(guest.get_u32(last), 10);
    assert_eq!(
        guest.call_headers_get_all([handle, BUFFER, 100, last]),
        code::SUCCESS
    );
    assert!(guest.get_u32(last) > 20);
    assert_eq!(
        guest.call_body_read([handle, MEMORY, 0, last]),
        code::SUCCESS
    );
    assert_eq!(guest.get_u32(last), 0);
    assert_eq!(
        guest.call_body_read([handle, end, 10, WRITTEN]),
        code::SUCCESS
    );
    let len = guest.get_u32(WRITTEN);
    assert_eq!(guest.get(end, len), HELLO.as_bytes()[..len as usize]);
}

#[test]
fn out_pointers_need_no_alignment() {
    let server = server();
    for export in [Export::Memory, Export::SharedMemory] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        for offset in 0..8 {
            let mut args = get(&mut guest, &server);
            (args[8], args[9]) = (STATUS + offset, HANDLE + offset);
            assert_eq!(guest.call_req(args), code::SUCCESS, "{offset}");
            assert_eq!(guest.get_u16(STATUS + offset), 200);
            let handle = guest.get_u32(HANDLE + offset);
            assert_eq!(handle, offset + 1);

            let out = WRITTEN + offset;
            guest.put(NAME, b"content-type");
            let args = [handle, NAME, 12, BUFFER + offset, 10, out];
            assert_eq!(guest.call_header_get(args), code::SUCCESS);
            assert_eq!(guest.get_u32(out), 10);
            let args = [handle, BUFFER + offset, 1000, out];
            assert_eq!(guest.call_headers_get_all(args), code::SUCCESS);
            assert!(guest.get_u32(out) > 20);
            assert_eq!(guest.call_body_read_some(args), code::SUCCESS);
            let len = guest.get_u32(out);
            let body = guest.get(BUFFER + offset, len);
            assert!(!body.is_empty() && HELLO.as_bytes().starts_with(&body));

            let args = [handle, fact::VERSION, BUFFER + offset, 8, out];
            assert_eq!(guest.call_response_get(args), code::SUCCESS);
            assert_eq!(guest.get_u32(out), 8);
            guest.call_headers_get_all([0, BUFFER, 0, WRITTEN]);
            let args = [REASON + offset, BUFFER + offset, 1024, out];
            assert_eq!(guest.call_error_get(args), code::SUCCESS);
            assert_eq!(guest.get_u32(REASON + offset), 24);
            assert!(guest.get_u32(out) > 20);
        }
    }
}

#[test]
fn out_pointers_may_overlap_each_other_and_what_is_read() {
    let server = server();
    let mut guest = guest(&server);
    for (status, handle) in [(STATUS, STATUS), (STATUS + 1, STATUS), (STATUS, STATUS - 3)] {
        let mut args = get(&mut guest, &server);
        (args[8], args[9]) = (status, handle);
        assert_eq!(guest.call_req(args), code::SUCCESS);
    }
    for pointer in [URL, METHOD, HEADERS, BODY] {
        let mut args = get(&mut guest, &server);
        (args[8], args[9]) = (pointer + 1, pointer);
        assert_eq!(guest.call_req(args), code::SUCCESS);
    }
    assert_eq!(server.requests(), 7);
    let sent = server.last_request().unwrap();
    assert_eq!(
        (sent.method.as_str(), &sent.body[..]),
        ("GET", &b"body"[..])
    );

    // One memory for all: the count is written last.
    let Opened { handle, .. } = guest.fetch(&server.url("/bytes/100")).unwrap();
    guest.put(BUFFER, b"content-type");
    let args = [handle, BUFFER, 12, BUFFER, BUFFER_LEN, BUFFER];
    assert_eq!(guest.call_header_get(args), code::SUCCESS);
    let len = "application/octet-stream".len() as u32;
    assert_eq!(guest.get_u32(BUFFER), len);
    assert_eq!(guest.get(BUFFER + 4, len - 4), b"ication/octet-stream");
    let args = [handle, BUFFER, BUFFER_LEN, BUFFER];
    assert_eq!(guest.call_body_read(args), code::SUCCESS);
    assert_eq!(guest.get_u32(BUFFER), 100);
    assert!(is_pattern(4, &guest.get(BUFFER + 4, 96)));
}

#[test]
fn without_a_memory_every_function_says_so() {
    let server = server();
    for export in [
        Export::Nothing,
        Export::MemoryOfAnotherName,
        Export::AGlobal,
    ] {
        let mut guest = Guest::exporting(export, ctx(&[&server]));
        let given = [
            guest.call_req([URL, 1, METHOD, 1, 0, 0, 0, 0, STATUS, HANDLE]),
            guest.call_close(1),
            guest.call_header_get([1, NAME, 1, BUFFER, 1, WRITTEN]),
            guest.call_headers_get_all([1, BUFFER, 1, WRITTEN]),
            guest.call_body_read([1, BUFFER, 1, WRITTEN]),
            guest.call_body_read_some([1, BUFFER, 1, WRITTEN]),
            guest.call_response_get([1, fact::URL, BUFFER, 1, WRITTEN]),
            guest.call_error_get([REASON, BUFFER, 1, WRITTEN]),
        ];
        assert_eq!(given, [code::MEMORY_NOT_FOUND; 8], "{export:?}");
    }
    assert_nothing_was_sent(&server);
}

#[test]
fn a_shared_memory_works_like_any_other() {
    let server = server();
    let mut guest = Guest::exporting(Export::SharedMemory, ctx(&[&server]));
    let Opened { status, handle } = guest
        .send(
            "POST",
            &server.url("/echo"),
            "Content-Type:a/b\nabc:def",
            b"from shared memory",
        )
        .unwrap();
    assert_eq!((status, handle), (200, 1));
    let sent = server.last_request().unwrap();
    assert_eq!(sent.header("abc"), Some(&b"def"[..]));
    assert_eq!(sent.body, b"from shared memory");
    assert_eq!(guest.header(handle, "content-type").unwrap(), b"a/b");
    assert_eq!(guest.header_values(handle, "content-length"), [b"18"]);
    assert_eq!(guest.read_all(handle).unwrap(), b"from shared memory");
    assert_eq!(guest.call_close(handle), code::SUCCESS);

    let handle = guest.open(&server.url("/chunked/300000"));
    let body = guest.read_all(handle).unwrap();
    assert!(body.len() == 300_000 && is_pattern(0, &body));
}

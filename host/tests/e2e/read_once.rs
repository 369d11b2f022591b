//! Clients that read a body with one call, as they could with 0.10.

use wasi_experimental_http_test_server::is_pattern;

use crate::common::code;
use crate::guest::Guest;
use crate::servers::Servers;

#[test]
fn a_body_is_read_whole_with_one_call() {
    /// That of a page which 0.11 cut off after 512 bytes.
    const LEN: usize = 142_893;
    for servers in Servers::each() {
        for name in ["c-read-once", "zig-read-once"] {
            let mut guest = Guest::new(name, servers.ctx(), &[], &[]);
            for path in ["bytes", "chunked", "close"] {
                let url = servers.one.url(&format!("/{path}/{LEN}"));
                let read = get(&mut guest, &url);
                assert_eq!(read, LEN as i32, "{name} {path}");
                let at = guest.call("body", ());
                assert!(is_pattern(0, guest.memory(at, LEN)), "{name} {path}");
            }
            let denied = get(&mut guest, "http://denied.example/");
            assert_eq!(-denied, code::DESTINATION_NOT_ALLOWED.cast_signed());
            assert_eq!(guest.open_responses(), 0, "{name}");
        }
    }
}

fn get(guest: &mut Guest, url: &str) -> i32 {
    let at = guest.call("url", ());
    guest.memory(at, url.len()).copy_from_slice(url.as_bytes());
    guest.call("read_once", url.len() as i32)
}

//! Bodies of any size in memory of one size.

use wasi_experimental_http_test_server::is_pattern;

use crate::MIB;
use crate::common::{in_its_own_process, over_http_and_https, peak_memory};

/// In a process of its own, since the peak is the whole process's. The server in it streams too.
#[test]
fn a_body_of_256_mib_takes_no_memory() {
    const NAME: &str = "memory::a_body_of_256_mib_takes_no_memory";
    const LEN: u64 = 256 * MIB as u64;
    const ALLOWED: usize = 4 * MIB;

    if !in_its_own_process(NAME, &[]) {
        return;
    }
    over_http_and_https(|server, guest| {
        let mut download = |target: &str, len: u64| {
            let handle = guest.open(&server.url(target));
            let mut offset = 0;
            loop {
                let piece = guest.read(handle, 256 * 1024).unwrap();
                if piece.is_empty() {
                    break;
                }
                assert!(is_pattern(offset, &piece), "{target} at {offset}");
                offset += piece.len() as u64;
            }
            assert_eq!(offset, len, "{target}");
            guest.call_close(handle);
        };
        for path in ["/bytes", "/chunked", "/close"] {
            // What is used once, such as the stack and the buffers, is used before the measurement.
            download(&format!("{path}/{MIB}"), MIB as u64);
            let before = peak_memory();
            download(&format!("{path}/{LEN}"), LEN);
            let growth = peak_memory().saturating_sub(before);
            assert!(growth < ALLOWED, "{path}: {growth} bytes");
        }
    });
}

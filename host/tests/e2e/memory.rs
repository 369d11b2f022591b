//! Bodies of any size in memory of one size.

use crate::common::{in_its_own_process, peak_memory};
use crate::guest::{Guest, Language};
use crate::servers::Servers;

const MIB: usize = 1024 * 1024;

/// The checksum of the server's body of 256 MiB: [`sum`](crate::case::sum) of it, for which that
/// would have to hold it in memory.
const SUM: &str = "aaf8462878433d6d";

/// In a process of its own, since the peak is the whole process's. The server in it streams too.
#[test]
fn a_body_of_256_mib_takes_no_memory() {
    const NAME: &str = "memory::a_body_of_256_mib_takes_no_memory";
    const LEN: usize = 256 * MIB;
    const ALLOWED: usize = 4 * MIB;

    if !in_its_own_process(NAME, &[]) {
        return;
    }
    for servers in Servers::each() {
        for (language, framing) in [
            (Language::Rust, "bytes"),
            (Language::Rust, "chunked"),
            (Language::Rust, "close"),
            (Language::AssemblyScript, "bytes"),
            (Language::AssemblyScript, "chunked"),
            (Language::AssemblyScript, "close"),
        ] {
            let download = |len: usize| {
                let url = servers.one.url(&format!("/{framing}/{len}"));
                let words = ["GET", &url, "read=stream", "print=sum"].map(str::to_owned);
                let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
                assert_eq!(guest.call("run", ()), 0, "{}", guest.stdout());
                (guest.stdout(), guest.memory_size())
            };
            // What is used once, such as the stack and the buffers, is used before the measurement.
            let (_, guest_memory) = download(MIB);
            let before = peak_memory();
            let (printed, guest_memory_after) = download(LEN);
            let context = format!("{language:?} over {}: {framing}", servers.scheme);
            let expected = format!("status 200\nbody-length {LEN}\nbody-sum {SUM}\n");
            assert_eq!(printed, expected, "{context}");
            // The kernel counts pages in batches, so that a peak may be told a little lower later.
            let growth = peak_memory().saturating_sub(before);
            assert!(growth < ALLOWED, "{context}: {growth} bytes in the host");
            let growth = guest_memory_after - guest_memory;
            assert_eq!(growth, 0, "{context}: in the guest");
        }
    }
}

/// The same for a body that the guest makes while it is sent.
#[test]
fn an_upload_of_1_gib_takes_no_memory() {
    const NAME: &str = "memory::an_upload_of_1_gib_takes_no_memory";
    const ALLOWED: usize = 4 * MIB;

    if !in_its_own_process(NAME, &[]) {
        return;
    }
    for servers in Servers::each() {
        // TLS takes its time without optimizations.
        let len = if servers.scheme == "http" { 1024 } else { 128 } * MIB;
        for language in Language::ALL {
            for framing in ["chunked", "length"] {
                let upload = |len: usize| {
                    servers.clear();
                    let url = servers.one.url("/method");
                    let mut words = vec!["POST".to_owned(), url, format!("upload={len}")];
                    if framing == "length" {
                        words.push(format!("length={len}"));
                    }
                    let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
                    assert_eq!(guest.call("run", ()), 0, "{}", guest.stdout());
                    let received = servers.one.last_request().expect("a request");
                    assert_eq!(received.body_len, len as u64);
                    guest.memory_size()
                };
                let guest_memory = upload(MIB);
                let before = peak_memory();
                let guest_memory_after = upload(len);
                let context = format!("{language:?} over {}: {framing}", servers.scheme);
                // The kernel counts pages in batches, so that a peak may be told a little lower later.
                let growth = peak_memory().saturating_sub(before);
                assert!(growth < ALLOWED, "{context}: {growth} bytes in the host");
                let growth = guest_memory_after - guest_memory;
                assert_eq!(growth, 0, "{context}: in the guest");
            }
        }
    }
}

//! Handles: what a guest can do with its own, and that those of other stores are none.

use crate::common::code;
use crate::guest::{Guest, Language};
use crate::servers::Servers;

const PAIRS: [[Language; 2]; 3] = [
    [Language::Rust, Language::Rust],
    [Language::AssemblyScript, Language::AssemblyScript],
    [Language::Rust, Language::AssemblyScript],
];

/// A guest whose functions for single calls make this request.
fn guest(language: Language, servers: &Servers, words: &[&str]) -> Guest {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[])
}

fn error(code: u32) -> i32 {
    -code.cast_signed()
}

#[test]
fn two_stores_cannot_see_each_others_handles() {
    for servers in Servers::each() {
        for pair in PAIRS {
            let url = servers.one.url("/get");
            let [mut one, mut two] = pair.map(|language| guest(language, &servers, &["GET", &url]));
            let handle = one.call("response_open", ());
            assert_eq!(handle, 1, "{pair:?}");
            let invalid = error(code::INVALID_HANDLE);
            assert_eq!(two.call("response_read", handle), invalid, "{pair:?}");
            assert_eq!(two.call("response_header", handle), invalid, "{pair:?}");
            // Closing it is no error, and closes nothing.
            assert_eq!(two.call("response_close", handle), 0, "{pair:?}");
            assert_eq!(one.call("response_read", handle), 1, "{pair:?}");

            // The same number, and another response.
            assert_eq!(two.call("response_open", ()), handle, "{pair:?}");
            assert_eq!(two.call("response_close", handle), 0, "{pair:?}");
            assert_eq!(two.call("response_read", handle), invalid, "{pair:?}");
            assert_eq!(one.call("response_read", handle), 1, "{pair:?}");
            assert_eq!((one.open_responses(), two.open_responses()), (1, 0));
        }
    }
}

#[test]
fn a_closed_response_is_an_invalid_handle() {
    for servers in Servers::each() {
        for language in Language::ALL {
            let url = servers.one.url("/get");
            let mut guest = guest(language, &servers, &["GET", &url]);
            let first = guest.call("response_open", ());
            let content_type = "text/plain".len() as i32;
            assert_eq!(guest.call("response_header", first), content_type);
            for _ in 0..2 {
                assert_eq!(guest.call("response_close", first), 0);
                let invalid = error(code::INVALID_HANDLE);
                assert_eq!(guest.call("response_read", first), invalid);
                assert_eq!(guest.call("response_header", first), invalid);
            }
            // Its number is not used again.
            assert_eq!(guest.call("response_open", ()), first + 1);
        }
    }
}

#[test]
fn the_hosts_own_functions_tell_a_buffer_that_is_too_small() {
    for servers in Servers::each() {
        for language in Language::ALL {
            for (len, expected) in [(1024, 1024), (1025, error(code::BUFFER_TOO_SMALL))] {
                let header = format!("header=content-type:{}", "a".repeat(len));
                let url = servers.one.url("/echo");
                let mut guest = guest(language, &servers, &["POST", &url, &header]);
                let handle = guest.call("response_open", ());
                assert_eq!(guest.call("response_header", handle), expected);
            }
        }
    }
}

/// Twice as many as may be open at once.
#[test]
fn a_body_that_was_read_to_its_end_needs_not_be_closed() {
    for servers in Servers::each() {
        for language in Language::ALL {
            for framing in ["bytes", "chunked", "close"] {
                let url = servers.one.url(&format!("/{framing}/1000"));
                let mut guest = guest(language, &servers, &["GET", &url, "unclosed=64"]);
                assert_eq!(guest.call("run", ()), 0, "{}", guest.stdout());
                let expected = "unclosed 64\nstatus 200\nbody-length 1000\n";
                assert_eq!(guest.stdout(), expected, "{language:?} {framing}");
                assert_eq!(guest.open_responses(), 0);
            }
        }
    }
}

//! Bodies of every framing, read in every way.

use crate::case::{case, check, sum};
use crate::guest::{Guest, Language};
use crate::servers::Servers;

const MIB: usize = 1024 * 1024;

#[test]
fn request_bodies_arrive_whole() {
    check(&[
        case(
            "POST /echo print=body",
            &["status 200", "body-length 0", "body "],
        )
        .receives(&["POST /echo", "content-length: 0"]),
        case("POST /echo body=", &["status 200", "body-length 0"])
            .receives(&["POST /echo", "content-length: 0"]),
        case(
            "POST /echo body=a print=body",
            &["status 200", "body-length 1", "body a"],
        )
        .receives(&["POST /echo", "content-length: 1", "a"]),
        case(
            "PUT /echo body=grüß print=body",
            &["status 200", "body-length 6", "body gr\\xc3\\xbc\\xc3\\x9f"],
        )
        .receives(&["PUT /echo", "content-length: 6", "grüß"]),
        case(
            "POST /echo body-size=1048576 print=sum",
            &[
                "status 200",
                "body-length 1048576",
                "body-sum {sum:1048576}",
            ],
        )
        .receives(&["POST /echo", "content-length: 1048576", "(1048576 bytes)"]),
    ]);
}

#[test]
fn response_bodies_are_read_in_every_framing() {
    let empty = &["status 200", "body-length 0", "body-sum {sum:0}"];
    let one = &["status 200", "body-length 1", "body-sum {sum:1}"];
    let large = &[
        "status 200",
        "body-length 1048576",
        "body-sum {sum:1048576}",
    ];
    check(&[
        case("GET /empty print=sum", empty),
        case("GET /bytes/0 print=sum", empty),
        case("GET /bytes/1 print=sum", one),
        case("GET /bytes/1048576 print=sum", large),
        case("GET /bytes/1048576 print=sum read=stream", large),
        // The first bytes at once, and the others when the server sends them.
        case(
            "GET /bytes/1048576 print=sum read=stream buffer=4095",
            large,
        ),
        case("GET /chunked/0 print=sum", empty),
        case("GET /chunked/1 print=sum", one),
        case("GET /chunked/1048576 print=sum", large),
        case(
            "GET /chunked/1048576?chunk=1000 print=sum read=stream",
            large,
        ),
        case("GET /close/0 print=sum", empty),
        case("GET /close/1 print=sum", one),
        case("GET /close/1048576 print=sum", large),
        case("GET /close/1048576 print=sum read=stream", large),
        case(
            "GET /bytes/1000 read=once buffer=7 print=body",
            &[
                "status 200",
                "body-length 7",
                "body \\x00\\x01\\x02\\x03\\x04\\x05\\x06",
            ],
        ),
        case(
            "GET /bytes/1000 read=once buffer=0",
            &["status 200", "body-length 0"],
        ),
        case("GET /bytes/1000000 read=none", &["status 200"]),
        // Not decompressed.
        case(
            "GET /gzip get=content-encoding",
            &[
                "status 200",
                "header-get content-encoding gzip",
                "body-length 33",
            ],
        ),
    ]);
}

/// Around the sizes at which the libraries' buffers grow, and where they look for the end.
#[test]
fn a_body_of_any_size_is_read_at_once() {
    for servers in Servers::each() {
        for len in [0, 1, 31, 32, 33, 4095, 4096, 4097, 100_000, 5 * MIB] {
            let expected = format!("status 200\nbody-length {len}\nbody-sum {}\n", sum(len));
            for framing in ["bytes", "chunked", "close"] {
                let url = servers.one.url(&format!("/{framing}/{len}"));
                let words = ["GET", &url, "read=all", "print=sum"].map(str::to_owned);
                for language in Language::ALL {
                    let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
                    assert_eq!(guest.call("run", ()), 0);
                    assert_eq!(guest.stdout(), expected, "{language:?} {url}");
                }
            }
        }
    }
}

/// A guest's memory does not grow on a server's word alone.
#[test]
fn an_announced_length_reserves_little() {
    /// As long as no page is touched it costs the host nothing, but the guest may have no more.
    const ALLOWED: usize = 8 * MIB;

    let cases = [
        // No body follows.
        ("HEAD", "/bytes/1000000000", "status 200\nbody-length 0\n"),
        // Some follows, and it breaks off.
        (
            "GET",
            "/lying-length?claim=1000000000000",
            "status 200\nerror 16 incomplete_body\n",
        ),
    ];
    for servers in Servers::each() {
        for (method, target, expected) in cases {
            let words = [method, &servers.one.url(target)].map(str::to_owned);
            for language in Language::ALL {
                let mut guest = Guest::new(&language.guest("e2e"), servers.ctx(), &words, &[]);
                let before = guest.memory_size();
                guest.call("run", ());
                assert_eq!(guest.stdout(), expected, "{language:?} {method} {target}");
                let growth = guest.memory_size() - before;
                let allowed = if method == "HEAD" { MIB } else { ALLOWED };
                assert!(growth <= allowed, "{language:?} {method}: {growth}");
            }
        }
    }
}

/// With each of AssemblyScript's runtimes, whether the length is announced or not.
#[test]
fn a_whole_body_takes_little_more_memory_than_its_size() {
    const LEN: usize = 24 * MIB;
    let expected = format!("status 200\nbody-length {LEN}\nbody-sum {}\n", sum(LEN));
    for servers in Servers::each() {
        for name in ["as-e2e", "as-e2e-minimal", "as-e2e-stub"] {
            for framing in ["bytes", "chunked", "close"] {
                let url = servers.one.url(&format!("/{framing}/{LEN}"));
                let words = ["GET", &url, "print=sum"].map(str::to_owned);
                let mut guest = Guest::new(name, servers.ctx(), &words, &[]);
                let before = guest.memory_size();
                assert_eq!(guest.call("run", ()), 0);
                assert_eq!(guest.stdout(), expected, "{name} {framing}");
                let growth = guest.memory_size() - before;
                assert!(growth <= LEN * 13 / 10, "{name} {framing}: {growth}");
            }
        }
    }
}

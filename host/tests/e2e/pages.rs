//! The programs on the pages of the guest packages, which `cargo xtask guests` has built from the
//! pages alone, and the one on the host's page, which runs the plugins.

// As it is on the page.
#[allow(dead_code)]
#[path = "../../examples/embed.rs"]
mod embed;

use wasi_experimental_http_test_server::{HELLO, TestServer};

use crate::guest::{self, Guest, Language};
use crate::servers::Servers;

#[test]
fn the_programs_print_what_comes_back() {
    const BODY: &str = "Does this actually work?";
    for servers in Servers::each() {
        for language in Language::ALL {
            servers.clear();
            let name = language.guest("page-program");
            let url = servers.one.url("/post");
            let mut guest = Guest::new(&name, servers.ctx(), &[url], &[]);
            assert_eq!(guest.run_program(), 0, "{}", guest.stderr());
            let printed = guest.stdout();
            let lines: Vec<&str> = printed.lines().collect();
            assert!(lines[0].starts_with("200"), "{language:?}: {printed}");
            assert_eq!(lines[1..], ["text/plain", BODY], "{language:?}");
            let received = [
                "POST /post",
                "content-length: 24",
                "content-type: text/plain",
                BODY,
            ];
            assert_eq!(servers.received(), received, "{language:?}");
        }
    }
}

#[test]
fn the_plugins_print_a_body_and_give_a_status() {
    for servers in Servers::each() {
        for language in Language::ALL {
            let name = language.guest("page-plugin");
            for (path, status) in [("/get", 200), ("/status/404", 404)] {
                let url = servers.one.url(path);
                let mut guest = Guest::new(&name, servers.ctx(), &[], &[("URL", &url)]);
                assert_eq!(guest.call("run", ()), status, "{}", guest.stderr());
                if status == 200 {
                    assert_eq!(guest.stdout(), format!("{HELLO}\n"), "{language:?}");
                }
            }
            let url = servers.other.url("/get");
            let mut guest = Guest::new(&name, servers.ctx(), &[], &[("URL", &url)]);
            assert_eq!(guest.call("run", ()), -1, "{language:?}");
            let stderr = guest.stderr();
            assert!(stderr.contains("destination_not_allowed"), "{stderr}");
        }
    }
}

#[test]
fn the_embedder_of_the_hosts_page_runs_both_plugins() {
    let server = TestServer::http().start();
    for language in Language::ALL {
        let plugin = guest::path(&language.guest("page-plugin"));
        let plugin = plugin.to_str().expect("a path in UTF-8");
        let run = |allowed: &str| embed::run(plugin, allowed, &server.url("/get"));
        assert_eq!(run(&server.origin()).unwrap(), 200, "{language:?}");
        assert_eq!(run("https://example.com").unwrap(), -1, "{language:?}");
    }
    assert_eq!(server.requests(), 2);
}

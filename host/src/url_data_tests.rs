//! The URL parser's own test data, as it comes in the source of the crate `url`: for every input
//! that a guest could send, what the policy saw is what is contacted.

use std::net::IpAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use url::{Host, Url};

use crate::allowed_hosts::{AllowedHosts, Verdict};
use crate::connection::lookup::Names;
use crate::exchange::Exchange;
use crate::exchange::cancel::CancelHandle;
use crate::headers;
use crate::request_url;

const MAX: usize = 16 * 1024;

/// The file `urltestdata.json` of the version of `url` that this crate is built with.
fn test_data() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let manifest = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .find(|package| package["name"] == "url")
        .and_then(|package| package["manifest_path"].as_str())
        .expect("the crate url");
    let file = std::path::Path::new(manifest).with_file_name("tests/urltestdata.json");
    let text = std::fs::read(&file).expect("url's test data");
    serde_json::from_slice(&text).expect("JSON")
}

/// Every input, in the ways in which a URL comes here: as a guest's, and as a redirect's.
fn accepted() -> Vec<(String, Url)> {
    let mut accepted = Vec::new();
    for case in test_data() {
        let Some(input) = case["input"].as_str() else {
            continue;
        };
        accepted.extend(request_url::parse(input, MAX).map(|(url, _)| (input.to_owned(), url)));
        let base = case["base"]
            .as_str()
            .unwrap_or("http://example.org/foo/bar");
        if let Ok((base, _)) = request_url::parse(base, MAX) {
            let joined = request_url::join(&base, input, MAX);
            accepted.extend(joined.map(|url| (format!("{input} at {base}"), url)));
        }
    }
    accepted
}

/// The names and addresses that are looked up and connected to for a request.
fn contacted(uri: &http::Uri) -> (Option<String>, Vec<(IpAddr, u16)>) {
    let asked = Arc::new(Mutex::new(None));
    let names = Names::new(Some(Arc::new({
        let asked = asked.clone();
        move |name: &str| {
            *asked.lock().unwrap() = Some(name.to_owned());
            Ok(vec![IpAddr::from([192, 0, 2, 1])])
        }
    })));
    let exchange = Exchange::start(
        Default::default(),
        Default::default(),
        Default::default(),
        &CancelHandle::of_a_new_store(),
        Default::default(),
        Default::default(),
        None,
    );
    let found = names
        .find(&exchange.unwrap(), uri.host().unwrap())
        .expect("an address");
    let https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
    let asked = asked.lock().unwrap().take();
    (asked, found.into_iter().map(|ip| (ip, port)).collect())
}

#[test]
fn what_the_policy_saw_is_what_is_contacted_for_every_input() {
    let accepted = accepted();
    assert!(accepted.len() > 300, "{}", accepted.len());
    let (mut names, mut addresses) = (0, 0);
    for (input, url) in accepted {
        let Ok(uri) = request_url::to_uri(&url) else {
            // Refused, since it has a host that no DNS name and no address looks like.
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
            assert!(!url.host_str().expect(&input).chars().all(plain), "{input}");
            continue;
        };
        assert_eq!(uri.scheme_str(), Some(url.scheme()), "{input}");
        let port = url.port_or_known_default().unwrap();
        let (asked, found) = contacted(&uri);
        match url.host().expect(&input) {
            Host::Domain(name) => {
                names += 1;
                assert_eq!(asked.as_deref(), Some(name), "{input}");
                assert_eq!(found[0].1, port, "{input}");
            }
            Host::Ipv4(address) => {
                addresses += 1;
                assert_eq!(
                    (asked, found),
                    (None, vec![(address.into(), port)]),
                    "{input}"
                );
            }
            Host::Ipv6(address) => {
                addresses += 1;
                assert_eq!(
                    (asked, found),
                    (None, vec![(address.into(), port)]),
                    "{input}"
                );
            }
        }
        // The `Host` header is the URI's authority, and names the same.
        let mut host: http::HeaderMap = [(http::header::HOST, uri.authority().unwrap().as_str())]
            .into_iter()
            .map(|(name, value)| (name, value.parse().unwrap()))
            .collect();
        assert_eq!(
            headers::take_framing(&mut host, &url, Some(0), false),
            Ok(()),
            "{input}"
        );
        // What is contacted, parsed again, is what the policy saw.
        let sent: Url = uri.to_string().parse().expect(&input);
        assert_eq!(sent.origin(), url.origin(), "{input}");
        assert_eq!(sent.username(), "", "{input}");
    }
    assert!(names > 100 && addresses > 20, "{names} {addresses}");
}

#[test]
fn the_origin_of_every_input_allows_it_and_no_other_origin_does() {
    let accepted = accepted();
    let mut origins: Vec<String> = accepted
        .iter()
        .map(|(_, url)| request_url::origin(url))
        .collect();
    origins.sort();
    origins.dedup();
    for (input, url) in &accepted {
        let origin = request_url::origin(url);
        // A host such as `..` is a URL's, and no entry's.
        let Ok(hosts) = AllowedHosts::parse([&origin]) else {
            continue;
        };
        assert_ne!(hosts.verdict(None, url), Verdict::NotAllowed, "{input}");
        let denied =
            AllowedHosts::parse(["insecure:allow-all", &format!("deny:{origin}")]).unwrap();
        assert!(!denied.allows(url), "{input}");
        for other in &origins {
            // The same host with a trailing dot, or an address in another form, is the same.
            let (Ok(rule), Ok(mine)) =
                (AllowedHosts::parse([other]), AllowedHosts::parse([&origin]))
            else {
                continue;
            };
            assert_eq!(rule.allows(url), rule == mine, "{other} and {input}");
        }
    }
}

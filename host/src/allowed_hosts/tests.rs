use super::*;
use proptest::prelude::*;

fn allows(entries: &[&str], url: &str) -> bool {
    AllowedHosts::parse(entries)
        .expect("entries are valid")
        .allows(&url.parse().expect("URL is valid"))
}

#[test]
fn scheme_host_and_port_all_count() {
    let cases = [
        // (entry, URL, allowed)
        (
            "https://postman-echo.com",
            "https://postman-echo.com/",
            true,
        ),
        (
            "https://postman-echo.com",
            "https://postman-echo.com/get?a=b#c",
            true,
        ),
        (
            "https://postman-echo.com/",
            "https://postman-echo.com/get",
            true,
        ),
        (
            "https://postman-echo.com",
            "https://postman-echo.com:443/",
            true,
        ),
        (
            "https://postman-echo.com:443",
            "https://postman-echo.com/",
            true,
        ),
        (
            "https://postman-echo.com",
            "http://postman-echo.com/",
            false,
        ),
        (
            "http://postman-echo.com",
            "https://postman-echo.com/",
            false,
        ),
        (
            "https://postman-echo.com",
            "https://postman-echo.com:444/",
            false,
        ),
        (
            "https://postman-echo.com:80",
            "http://postman-echo.com/",
            false,
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/a", true),
        ("http://127.0.0.1:8080", "http://127.0.0.1/a", false),
        ("http://127.0.0.1:8080", "http://localhost:8080/a", false),
        ("http://192.168.0.1", "http://192.168.0.1/", true),
        ("http://192.168.0.1", "http://0xc0.168.1/", true),
        ("http://192.168.0.1", "http://192.168.0.10/", false),
        ("http://[::1]:80", "http://[0:0::1]/", true),
    ];
    for (entry, url, expected) in cases {
        assert_eq!(allows(&[entry], url), expected, "{entry} and {url}");
    }
}

#[test]
fn a_subdomain_or_a_suffix_is_another_host() {
    let entry = ["https://example.com"];
    for url in [
        "https://www.example.com/",
        "https://example.com.evil.org/",
        "https://evilexample.com/",
        "https://example.org/",
        "https://example.com@evil.org/",
    ] {
        assert!(!allows(&entry, url), "{url}");
    }
}

#[test]
fn hosts_are_compared_as_they_are_parsed() {
    for url in [
        "https://EXAMPLE.com/",
        "https://example.com./",
        "https://ex%61mple.com/",
        "HTTPS://example.com/",
    ] {
        assert!(allows(&["https://example.com"], url), "{url}");
    }
    // IDN and punycode, characters that stand for others, and numbers in every base.
    for (one, other) in [
        ("https://bücher.example", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example", "https://BÜCHER.example/"),
        ("https://faß.example", "https://xn--fa-hia.example/"),
        ("https://example.com", "https://ｅｘａｍｐｌｅ．com/"),
        ("https://example.com", "https://example\u{3002}com/"),
        ("https://example.com", "https://exa\u{ad}mple.com/"),
        ("https://127.0.0.1", "https://2130706433/"),
        ("https://127.0.0.1", "https://0177.0.0.1/"),
        ("https://127.0.0.1", "https://0x7f000001/"),
        ("https://127.0.0.1", "https://127.0.1/"),
        ("https://127.0.0.1", "https://127.0.0.1./"),
        ("https://127.0.0.1", "https://%31%32%37.0.0.1/"),
        ("https://0x7f.1", "https://127.0.0.1/"),
        ("https://[::1]", "https://[0:0:0:0:0:0:0:1]/"),
        ("https://[::1]", "https://[::0001]:443/"),
    ] {
        assert!(allows(&[one], other), "{one} {other}");
    }
    // What only looks alike is another host.
    for (one, other) in [
        ("https://example.com", "https://ex\u{430}mple.com/"),
        ("https://fass.example", "https://faß.example/"),
        ("https://example.com", "https://example.com../"),
        ("https://127.0.0.1", "https://[::1]/"),
        ("https://127.0.0.1", "https://127.0.0.1.example/"),
        ("https://[::1]", "https://[::ffff:0:1]/"),
    ] {
        assert!(!allows(&[one], other), "{one} {other}");
    }
}

#[test]
fn an_empty_list_denies_and_allow_all_allows() {
    assert!(!allows(&[], "https://example.com/"));
    assert!(allows(&[ALLOW_ALL], "https://example.com:1234/"));
    assert!(allows(
        &["https://a.example", ALLOW_ALL],
        "http://b.example/"
    ));
    assert!(!allows(&[ALLOW_ALL], "ftp://example.com/"));
    assert!(!allows(&[ALLOW_ALL], "file:///etc/passwd"));
}

#[test]
fn a_bad_entry_says_why_and_what_was_meant() {
    // The entry, a part of the reason, and what is suggested.
    let cases: &[(&str, &str, &[&str])] = &[
        ("", "it is empty", &[]),
        (" ", "it is empty", &[]),
        ("# hosts", "a comment", &[]),
        (
            "https://a.example # ours",
            "a space",
            &["https://a.example"],
        ),
        (" https://a.example", "a space", &["https://a.example"]),
        ("https://a.example\n", "a space", &["https://a.example"]),
        (
            "https://a.example,http://b.example",
            "a list",
            &["https://a.example", "http://b.example"],
        ),
        (
            "a.example; b.example:80",
            "a list",
            &["https://a.example", "http://b.example"],
        ),
        (
            "://example.com",
            "does not start with http",
            &["https://example.com"],
        ),
        ("//example.com:1", "no scheme", &["https://example.com:1"]),
        (
            "postman-echo.com",
            "no scheme",
            &["https://postman-echo.com"],
        ),
        ("example.com:80", "no scheme", &["http://example.com"]),
        ("*", "every public host", &["https://*", ALLOW_ALL]),
        ("*:*", "no scheme", &["https://*:*"]),
        ("*.example.com", "no scheme", &["https://*.example.com"]),
        ("localhost", "no scheme", &["https://localhost"]),
        ("localhost:8080", "no scheme", &["http://localhost:8080"]),
        ("127.0.0.1:8080", "no scheme", &["http://127.0.0.1:8080"]),
        ("[::1]:8080", "no scheme", &["http://[::1]:8080"]),
        ("::1", "no scheme", &["https://[::1]"]),
        ("10.0.0.0/8:8801", "no scheme", &["https://10.0.0.0/8:8801"]),
        ("http:/example.com", "no scheme", &["http://example.com"]),
        ("mailto:a", "no scheme", &[]),
        (
            "ftp://example.com",
            "does not start with http",
            &["https://example.com"],
        ),
        ("insecure:allow", "no scheme", &[]),
        ("INSECURE:ALLOW-ALL", "no scheme", &[ALLOW_ALL]),
        ("https://example.com?q", "a query", &["https://example.com"]),
        (
            "https://example.com/v1/?q",
            "a query",
            &["https://example.com/v1/"],
        ),
        (
            "https://example.com/v1/*",
            "a * in a path",
            &["https://example.com/v1/"],
        ),
        (
            "https://example.com/v1/../v2",
            "read in different ways",
            &["https://example.com"],
        ),
        (
            "https://example.com\\v1",
            "read in different ways",
            &["https://example.com"],
        ),
        (
            "https://example.com//v1",
            "an empty segment",
            &["https://example.com"],
        ),
        (
            "get,HEAD https://example.com",
            "in capitals",
            &["GET,HEAD https://example.com"],
        ),
        (
            "CONNECT https://example.com",
            "not a method that can be allowed",
            &["https://example.com"],
        ),
        ("GET example.com", "no scheme", &["GET https://example.com"]),
        ("GET", "no scheme", &["https://get"]),
        (
            "deny:https://example.com/admin",
            "do not count with `deny:`",
            &["deny:https://example.com"],
        ),
        (
            "deny:POST https://example.com",
            "do not count with `deny:`",
            &["deny:https://example.com"],
        ),
        (
            "https://example.com#f",
            "a fragment",
            &["https://example.com"],
        ),
        (
            "https://me@example.com",
            "a user name",
            &["https://example.com"],
        ),
        ("https://", "empty host", &[]),
        ("https://*.example.com:99999", "invalid port", &[]),
        ("https://example.com:", "invalid port", &[]),
        ("https://example.com:+1", "invalid port", &[]),
        ("https://ex*mple.com", "a * is the whole host", &[]),
        (
            "https://*example.com",
            "a * is the whole host",
            &["https://*.example.com"],
        ),
        ("https://*.*.example.com", "a * is the whole host", &[]),
        ("https://*.127.0.0.1", "a * is the whole host", &[]),
        (
            "https://10.0.0.0/33",
            "not the size of a block",
            &["https://10.0.0.0"],
        ),
        (
            "https://10.0.0.1/8",
            "not the first of its block",
            &["https://10.0.0.0/8"],
        ),
        (
            "https://[::1]/129",
            "not the size of a block",
            &["https://[::1]"],
        ),
        ("https://[::1", "the host is invalid", &[]),
        ("https://a..example", "the host is invalid", &[]),
        ("http://10.0.0.0:1/8:2", "two ports", &["http://10.0.0.0:1"]),
        (
            "deny:ftp://example.com",
            "does not start with http",
            &["deny:example.com"],
        ),
        ("deny: example.com", "a space", &["deny:example.com"]),
        ("DENY:example.com", "no scheme", &["deny:example.com"]),
        (
            "deny:10.1.2.3/8",
            "not the first of its block",
            &["deny:10.0.0.0/8"],
        ),
        ("deny:", "empty host", &[]),
    ];
    for (entry, reason, suggestions) in cases {
        let error = AllowedHosts::parse([entry]).expect_err(entry);
        let text = error.to_string();
        assert!(text.contains(reason), "{text}");
        assert!(text.contains(&format!("{entry:?}")), "{text}");
        assert_eq!(error.suggestions(), *suggestions, "{text}");
        for suggestion in error.suggestions() {
            assert!(text.contains(&format!("{suggestion:?}")), "{text}");
            assert!(AllowedHosts::parse([suggestion]).is_ok(), "{text}");
        }
    }
}

#[test]
fn wildcards_and_blocks() {
    let cases = [
        ("https://*.example.com", "https://www.example.com/", true),
        ("https://*.example.com", "https://a.b.example.com./", true),
        ("https://*.example.com", "https://example.com/", false),
        ("https://*.example.com", "https://evilexample.com/", false),
        ("https://*.example.com", "http://www.example.com/", false),
        ("https://*.EXAMPLE.com.", "https://www.example.com/", true),
        ("https://example.com:*", "https://example.com/", true),
        ("https://example.com:*", "https://example.com:1/", true),
        ("https://example.com:*", "http://example.com:443/", false),
        (
            "https://*.example.com:*",
            "https://a.example.com:8443/",
            true,
        ),
        ("http://10.0.0.0/8", "http://10.1.2.3/", true),
        ("http://10.0.0.0/8", "http://012.1/", true),
        ("http://10.0.0.0/8", "http://[::ffff:10.1.2.3]/", true),
        ("http://10.0.0.0/8", "http://11.0.0.1/", false),
        ("http://10.0.0.0/8", "http://10.0.0.1:81/", false),
        ("http://10.0.0.0:*/8", "http://10.0.0.1:81/", true),
        ("http://10.0.0.0/8", "http://10.example.com/", false),
        ("http://[fd00::]/8", "http://[fd12::1]/", true),
        ("http://[fd00::]/8", "http://[fe80::1]/", false),
        ("http://[::ffff:127.0.0.1]", "http://127.0.0.1/", true),
        ("http://127.0.0.1", "http://[::ffff:7f00:1]/", true),
        ("http://127.0.0.1", "http://2130706433/", true),
        ("http://10.0.0.0/8:8801", "http://10.1.2.3:8801/", true),
        ("http://10.0.0.0/8:8801", "http://10.1.2.3/", false),
        ("http://10.0.0.0/8:*", "http://10.1.2.3:8801/", true),
        ("http://[fd00::]/8:8801", "http://[fd12::1]:8801/", true),
        ("http://[::ffff:10.0.0.0]/104", "http://10.1.2.3/", true),
        ("http://[::ffff:0:0]/96", "http://10.1.2.3/", true),
        // The form of an address that an allowed one leads to is not allowed by it.
        ("http://10.0.0.0/8", "http://[64:ff9b::10.1.2.3]/", false),
        ("https://*", "https://example.com/", true),
        ("https://*", "https://example.com:8443/", false),
        ("https://*", "http://example.com/", false),
        ("https://*:*", "https://example.com:8443/", true),
        ("http://*", "http://8.8.8.8/", true),
        ("http://*", "http://[2a00:1450::1]/", true),
        ("http://*", "http://[64:ff9b::8.8.8.8]/", true),
        ("http://*", "http://10.0.0.1/", false),
        ("http://*", "http://169.254.169.254/", false),
        ("http://*", "http://[::1]/", false),
        ("http://*", "http://0.0.0.0/", false),
        ("http://*", "http://[::ffff:127.0.0.1]/", false),
        ("http://*", "http://[64:ff9b::10.0.0.1]/", false),
    ];
    for (entry, url, expected) in cases {
        assert_eq!(allows(&[entry], url), expected, "{entry} and {url}");
    }
}

#[test]
fn the_forms_that_are_documented_are_entries() {
    let forms = include_str!("forms.md");
    let entries = forms.split('`').skip(1).step_by(2);
    let entries: Vec<_> = entries.filter(|span| span.contains(':')).collect();
    assert!(entries.len() > 9, "{entries:?}");
    for entry in entries {
        assert!(entry.parse::<AllowedHost>().is_ok(), "{entry}");
    }
}

#[test]
fn methods_and_paths_count_where_an_entry_has_them() {
    let entries = [
        "GET,HEAD https://api.example.com/v1/",
        "POST https://api.example.com/v1/items",
        "https://*.files.example.com/public/",
        "PUT https://upload.example.com:*",
        "http://10.0.0.0/8:8801/metrics",
        "https://other.example.com",
        "GET https://other.example.com/never/asked/",
    ];
    let hosts = AllowedHosts::parse(entries).unwrap();
    let cases = [
        ("GET https://api.example.com/v1/a", true),
        ("HEAD https://api.example.com/v1/", true),
        ("GET https://api.example.com/v1", false),
        ("GET https://api.example.com/v2/", false),
        ("GET https://api.example.com/v1/../v2/", false),
        ("GET https://api.example.com/v1/%2e%2e%2fv2", false),
        ("POST https://api.example.com/v1/a", false),
        ("POST https://api.example.com/v1/items/7", true),
        ("post https://api.example.com/v1/items", false),
        ("DELETE https://api.example.com/v1/items", false),
        ("GET http://api.example.com/v1/a", false),
        ("GET https://api.example.com:8443/v1/a", false),
        ("GET https://a.files.example.com/public/a", true),
        ("GET https://a.files.example.com/private/a", false),
        ("GET https://files.example.com/public/a", false),
        ("PUT https://upload.example.com:1/a", true),
        ("POST https://upload.example.com:1/a", false),
        ("GET http://10.1.2.3:8801/metrics", true),
        ("GET http://10.1.2.3:8801/", false),
        ("PATCH https://other.example.com/any/thing", true),
    ];
    for (request, expected) in cases {
        let (method, url) = request.split_once(' ').unwrap();
        let (method, url) = (method.parse().unwrap(), url.parse().unwrap());
        assert_eq!(hosts.allows_request(&method, &url), expected, "{request}");
        let denied = AllowedHosts::parse(entries.into_iter().chain(["deny:*"])).unwrap();
        assert!(!denied.allows_request(&method, &url), "{request}");
    }
    // Nobody knows the method yet.
    assert!(hosts.allows(&"https://api.example.com/v1/items".parse().unwrap()));
    assert!(!hosts.allows(&"https://api.example.com/v2/".parse().unwrap()));
    // Where a name may lead does not depend on it.
    let verdict = |request: &str| {
        let (method, url) = request.split_once(' ').unwrap();
        let url = url.parse().unwrap();
        hosts.verdict(Some(&method.parse().unwrap()), &url)
    };
    assert_eq!(
        verdict("GET https://api.example.com/v1/a"),
        Verdict::PublicOnly
    );
    assert_eq!(
        verdict("GET http://10.1.2.3:8801/metrics"),
        Verdict::Anywhere
    );
    assert_eq!(
        verdict("PUT https://api.example.com/v1/a"),
        Verdict::OtherRequests
    );
    assert_eq!(verdict("PUT https://example.com/v1/a"), Verdict::NotAllowed);
}

#[test]
fn a_block_an_address_and_a_path_are_told_apart() {
    let cases = [
        ("http://10.0.0.0/8/v1/", "http://10.0.0.0/8/v1/"),
        ("http://10.0.0.0:8801/8/v1/", "http://10.0.0.0/8:8801/v1/"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        (
            "http://127.0.0.1:8080/2fast/",
            "http://127.0.0.1:8080/2fast/",
        ),
        ("http://127.0.0.1/32:8080/2/", "http://127.0.0.1/32:8080/2/"),
        ("http://127.0.0.1/32/", "http://127.0.0.1"),
        ("http://[::1]/128/8:1/", "http://[::1]/128/8:1/"),
        ("http://example.com/8", "http://example.com/8"),
        ("http://example.com:1/8:2", "http://example.com:1/8:2"),
    ];
    for (entry, shown) in cases {
        let hosts = AllowedHosts::parse([entry]).expect(entry);
        assert_eq!(hosts.to_string(), shown);
        assert_eq!(AllowedHosts::parse([shown]).as_ref(), Ok(&hosts));
    }
}

#[test]
fn an_entry_that_denies_wins() {
    let entries = [
        "https://*.example.com",
        "deny:https://admin.example.com",
        ALLOW_ALL,
        "deny:http://10.0.0.0:8080/8",
    ];
    assert!(allows(&entries, "https://www.example.com/"));
    assert!(!allows(&entries, "https://admin.example.com/"));
    assert!(!allows(&entries, "http://10.1.1.1:8080/"));
    assert!(!allows(&entries, "http://[::ffff:10.1.1.1]:8080/"));
    assert!(allows(&entries, "http://11.1.1.1:8080/"));
}

#[test]
fn what_an_entry_that_denies_does_not_say_is_any() {
    let cases = [
        // (entry, URL, denied)
        (
            "deny:https://example.com",
            "https://example.com:8443/",
            true,
        ),
        ("deny:https://example.com", "http://example.com/", false),
        ("deny:https://example.com:443", "https://example.com/", true),
        (
            "deny:https://example.com:443",
            "https://example.com:8443/",
            false,
        ),
        ("deny:example.com", "https://example.com./", true),
        ("deny:example.com", "http://example.com:8080/", true),
        ("deny:example.com", "http://www.example.com/", false),
        ("deny:example.com:80", "http://example.com/", true),
        ("deny:example.com:80", "https://example.com:80/", true),
        ("deny:example.com:80", "https://example.com/", false),
        ("deny:*.example.com", "https://a.b.example.com:1/", true),
        ("deny:10.0.0.0/8", "https://10.1.2.3:1/", true),
        ("deny:10.0.0.0/8:25", "http://10.1.2.3:25/", true),
        ("deny:10.0.0.0/8:25", "http://10.1.2.3/", false),
        ("deny:http://127.0.0.1", "http://127.0.0.1:8801/", true),
        ("deny:[fd00::]/8", "http://[fd12::1]:1/", true),
        ("deny:*:25", "http://example.com:25/", true),
        ("deny:*:25", "http://8.8.8.8:25/", true),
        ("deny:*:25", "http://example.com/", false),
        ("deny:http://*", "http://10.0.0.1:1/", true),
        ("deny:http://*", "https://example.com/", false),
        ("deny:*", "https://example.com/", true),
    ];
    for (entry, url, expected) in cases {
        assert_eq!(
            !allows(&[ALLOW_ALL, entry], url),
            expected,
            "{entry} and {url}"
        );
    }
}

#[test]
fn an_address_is_denied_in_every_form_that_leads_to_it() {
    let forms = [
        "10.1.2.3",
        "[::ffff:10.1.2.3]",
        "[::10.1.2.3]",
        "[::ffff:0:10.1.2.3]",
        "[64:ff9b::10.1.2.3]",
        "[64:ff9b:1::10.1.2.3]",
        "[64:ff9b:1:a01:2:300::]",
        "[2002:a01:203::1]",
        "[2001:0:808:808::f5fe:fdfc]",
        "[2a00:1450::5efe:10.1.2.3]",
        "[fe80::200:5efe:10.1.2.3]",
    ];
    let denials = [
        "deny:10.0.0.0/8",
        "deny:10.1.2.3",
        "deny:http://10.1.2.3:80",
        "deny:[::ffff:10.0.0.0]/104",
        "deny:[::ffff:10.1.2.3]",
    ];
    for entry in denials {
        let hosts = AllowedHosts::parse([ALLOW_ALL, entry]).unwrap();
        assert!(hosts.deny_addresses(), "{entry}");
        for form in forms {
            let url = Url::parse(&format!("http://{form}/")).unwrap();
            assert!(
                matches!(hosts.verdict(None, &url), Verdict::Denied(_)),
                "{entry} and {url}"
            );
            // The same if a name leads there.
            let address = form.trim_matches(['[', ']']).parse().unwrap();
            let address = SocketAddr::new(address, 80);
            assert!(
                hosts.denies_address(false, address).is_some(),
                "{entry} and {address}"
            );
        }
        assert!(
            hosts.allows(&"http://[64:ff9b::8.8.8.8]/".parse().unwrap()),
            "{entry}"
        );
    }
}

#[test]
fn the_unspecified_address_is_this_machine() {
    for entry in [
        "deny:127.0.0.0/8",
        "deny:127.0.0.1",
        "deny:[::1]",
        "deny:localhost",
        "deny:0.0.0.0",
        "deny:[::]",
    ] {
        for url in [
            "http://0.0.0.0:8801/",
            "https://[::]/",
            "http://[::ffff:0.0.0.0]/",
        ] {
            assert!(!allows(&[ALLOW_ALL, entry], url), "{entry} and {url}");
        }
    }
    for entry in ["deny:localhost", "deny:0.0.0.0", "deny:[::]"] {
        for url in ["http://localhost/", "http://127.1.2.3:1/", "http://[::1]/"] {
            assert!(!allows(&[ALLOW_ALL, entry], url), "{entry} and {url}");
        }
        assert!(allows(&[ALLOW_ALL, entry], "http://8.8.8.8/"), "{entry}");
    }
}

/// With as many entries as there are, one look-up for each of their shapes.
#[test]
fn a_url_is_looked_up_and_not_compared_with_every_entry() {
    let mut hosts = AllowedHosts::none();
    for number in 0..10_000 {
        hosts
            .try_insert(&format!("https://host-{number}.example"))
            .unwrap();
        hosts
            .try_insert(&format!("deny:evil-{number}.example"))
            .unwrap();
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        hosts
            .try_insert(&format!("deny:10.{high}.{low}.0/24"))
            .unwrap();
    }
    assert_eq!((hosts.iter().len(), hosts.shapes.len()), (30_000, 3));
    assert!(hosts.allows(&"https://host-9999.example/".parse().unwrap()));
    assert!(!hosts.allows(&"https://host-10000.example/".parse().unwrap()));
}

#[test]
fn only_names_of_machines_may_lead_anywhere() {
    let cases = [
        (
            &["https://example.com"][..],
            "https://example.com/",
            Verdict::PublicOnly,
        ),
        (
            &["https://*.localhost"],
            "https://a.localhost/",
            Verdict::PublicOnly,
        ),
        (
            &["https://localhost"],
            "https://LOCALHOST./",
            Verdict::Anywhere,
        ),
        (&["https://127.0.0.1"], "https://127.1/", Verdict::Anywhere),
        (
            &["https://10.0.0.0/8"],
            "https://10.1.1.1/",
            Verdict::Anywhere,
        ),
        (
            &["https://example.com", ALLOW_ALL],
            "https://example.com/",
            Verdict::Anywhere,
        ),
        (
            &["https://example.com"],
            "https://localhost/",
            Verdict::NotAllowed,
        ),
        (&["https://*"], "https://example.com/", Verdict::Public),
        (&["https://*"], "https://localhost/", Verdict::Public),
        (&["https://*"], "https://8.8.8.8/", Verdict::Public),
        (
            &["https://*", "https://example.com"],
            "https://example.com/",
            Verdict::PublicOnly,
        ),
        (
            &["https://*", "https://localhost"],
            "https://localhost/",
            Verdict::Anywhere,
        ),
    ];
    for (entries, url, expected) in cases {
        let hosts = AllowedHosts::parse(entries).unwrap();
        assert_eq!(
            hosts.verdict(None, &url.parse().unwrap()),
            expected,
            "{url}"
        );
    }
}

#[test]
fn a_rule_is_shown_as_it_can_be_written() {
    for entry in [
        "https://example.com",
        "http://*.example.com:8080",
        "https://example.com:*",
        "http://10.0.0.0/8",
        "http://10.0.0.0/8:8801",
        "http://[fd00::]/8:*",
        "https://*",
        "https://*:*",
        ALLOW_ALL,
        "GET,HEAD https://example.com/v1/",
        "PURGE http://*.example.com:8080/a%20b",
        "https://*:*/v1",
        "deny:example.com",
        "deny:https://example.com:443",
        "deny:*:25",
        "deny:*",
        "deny:http://10.0.0.0/8",
    ] {
        assert_eq!(AllowedHosts::parse([entry]).unwrap().to_string(), entry);
    }
}

proptest! {
    /// No entry panics, and one that is taken is shown so that it is taken again.
    #[test]
    fn any_entry_is_parsed_or_refused(entry in "(deny:|insecure:)?(GET |GET,PUT |get )?(https?://)?[-a-z0-9.*:/@\\[\\]?#%;, ü]{0,20}") {
        match entry.parse::<AllowedHost>() {
            Ok(rule) => {
                let shown = rule.to_string();
                prop_assert_eq!(shown.parse(), Ok(rule), "{}", shown);
            }
            Err(error) => for suggestion in error.suggestions() {
                prop_assert!(suggestion.parse::<AllowedHost>().is_ok(), "{}", error);
            },
        }
    }
}

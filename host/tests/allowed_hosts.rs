//! The allowed hosts as a value, as an embedder keeps them: read, written, put together, compared.

use std::collections::HashSet;

use proptest::prelude::*;
use wasi_experimental_http_wasmtime::{ALLOW_ALL, AllowedHost, AllowedHosts};

/// Entries of every form, as they are shown.
const ENTRIES: [&str; 17] = [
    "https://api.example.com/v1/",
    "GET,HEAD https://api.example.com/v2/",
    "PUT https://upload.example.com",
    "https://example.com",
    "http://example.com:8080",
    "https://example.com:*",
    "https://*.example.com",
    "https://*",
    "http://*:*",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    "http://10.0.0.0/8:8801",
    "http://localhost:3000",
    "deny:https://evil.example.com:443",
    "deny:10.1.0.0/16",
    "deny:*:25",
    ALLOW_ALL,
];

/// URLs of which each is another entry's.
const URLS: [&str; 16] = [
    "https://api.example.com/v1/a",
    "https://api.example.com/v2/a",
    "https://upload.example.com/",
    "https://example.com/",
    "http://example.com:8080/",
    "https://example.com:444/",
    "https://a.example.com/",
    "https://evil.example.com/",
    "https://example.org/",
    "http://example.org:25/",
    "http://127.0.0.1:8080/",
    "http://[::1]:8080/",
    "http://10.0.0.1:8801/",
    "http://10.1.0.1:8801/",
    "http://localhost:3000/",
    "ftp://example.com/",
];

/// What a list says of each of the URLs.
fn verdicts(hosts: &AllowedHosts) -> Vec<bool> {
    let urls = URLS.iter().map(|url| url.parse().unwrap());
    urls.map(|url| hosts.allows(&url)).collect()
}

#[test]
fn an_entry_is_shown_in_one_way_whatever_it_was_read_from() {
    let cases = [
        ("HTTPS://Example.com:443/", "https://example.com"),
        ("http://example.com.", "http://example.com"),
        ("http://0x7f.1", "http://127.0.0.1"),
        ("http://[::ffff:127.0.0.1]:80", "http://127.0.0.1"),
        (
            "https://b\u{fc}cher.example",
            "https://xn--bcher-kva.example",
        ),
        ("http://10.0.0.0:8801/8", "http://10.0.0.0/8:8801"),
        ("deny:0.0.0.0", "deny:localhost"),
        (
            "HEAD, GET,HEAD  https://Example.com:443/v%31/",
            "GET,HEAD https://example.com/v1/",
        ),
        ("http://0x7f.1/32/7", "http://127.0.0.1/32/7"),
    ];
    for (text, shown) in cases {
        let entry: AllowedHost = text.parse().unwrap();
        assert_eq!(entry.to_string(), shown);
        assert_eq!(Ok(&entry), shown.parse().as_ref());
        // Equal ones are one, in every set.
        assert_eq!(HashSet::from([entry, shown.parse().unwrap()]).len(), 1);
        let hosts = AllowedHosts::parse([text, shown]).unwrap();
        assert_eq!((hosts.len(), hosts.to_string().as_str()), (1, shown));
    }
}

#[test]
fn a_list_tells_its_entries_and_what_they_do() {
    let text = "https://example.com  deny:10.0.0.0/8\n\thttps://* https://example.com";
    let hosts: AllowedHosts = text.parse().unwrap();
    let told: Vec<_> = hosts
        .iter()
        .map(|entry| (entry.to_string(), entry.denies()))
        .collect();
    let expected = [
        ("https://example.com".to_owned(), false),
        ("deny:10.0.0.0/8".to_owned(), true),
        ("https://*".to_owned(), false),
    ];
    assert_eq!(told, expected);
    assert!(hosts.contains(&"https://EXAMPLE.com".parse().unwrap()));
    assert!(!hosts.contains(&"http://example.com".parse().unwrap()));
    let error = "https://a.example b.example".parse::<AllowedHosts>();
    assert_eq!(error.unwrap_err().entry(), "b.example");
    assert_eq!(AllowedHosts::default(), AllowedHosts::none());
    assert_eq!("".parse(), Ok(AllowedHosts::none()));
    assert_eq!(AllowedHosts::all(), ALLOW_ALL.parse().unwrap());
}

#[test]
fn the_readme_of_the_project_has_the_forms_of_the_documentation() {
    let readme = include_str!("../../README.md").replace('\r', "");
    assert!(readme.contains(&include_str!("../src/allowed_hosts/forms.md").replace('\r', "")));
}

/// What is in a file is a list of texts to whoever else reads it.
#[test]
fn in_json_it_is_a_list_of_texts() {
    let hosts = AllowedHosts::parse(ENTRIES).unwrap();
    assert_eq!(
        serde_json::to_value(&hosts).unwrap(),
        serde_json::json!(ENTRIES)
    );
    let read: AllowedHosts = serde_json::from_value(serde_json::json!(ENTRIES)).unwrap();
    assert_eq!(read, hosts);
    let entry: AllowedHost = serde_json::from_str("\"HTTP://example.com:80\"").unwrap();
    assert_eq!(
        serde_json::to_string(&entry).unwrap(),
        "\"http://example.com\""
    );
    // An entry that is wrong says where, and what was meant.
    let wrong = "[\"https://example.com\",\n \"example.org\"]";
    let error = serde_json::from_str::<AllowedHosts>(wrong).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.line(), 2, "{text}");
    assert!(text.contains("https://example.org"), "{text}");
    for wrong in ["\"https://example.com\"", "[1]", "{}"] {
        let error = serde_json::from_str::<AllowedHosts>(wrong).unwrap_err();
        assert!(error.to_string().contains("allowed host"), "{error}");
    }
}

proptest! {
    /// Whatever way a list took, it says the same of each URL, and is equal to what it was.
    #[test]
    fn a_list_is_the_same_by_every_way(
        order in Just(Vec::from(ENTRIES)).prop_shuffle(),
        len in 0..=ENTRIES.len(),
        split in 0..=ENTRIES.len(),
    ) {
        let entries = &order[..len];
        let hosts = AllowedHosts::parse(entries).unwrap();
        let (first, rest) = hosts.iter().cloned().partition::<Vec<_>, _>({
            let mut count = 0;
            move |_| {
                count += 1;
                count <= split
            }
        });
        let mut put_together = AllowedHosts::from_iter(rest);
        put_together.extend(first);
        let mut inserted = AllowedHosts::none();
        for entry in entries.iter().rev() {
            inserted.try_insert(entry).unwrap();
        }
        let ways = [
            hosts.to_string().parse().unwrap(),
            serde_json::from_value(serde_json::to_value(&hosts).unwrap()).unwrap(),
            hosts.clone().into_iter().collect(),
            put_together,
            inserted,
        ];
        for way in &ways {
            prop_assert_eq!(way, &hosts);
            prop_assert_eq!(verdicts(way), verdicts(&hosts));
        }
        // Without one of them it is another.
        if let Some((_, fewer)) = entries.split_first() {
            prop_assert_ne!(AllowedHosts::parse(fewer).unwrap(), hosts);
        }
    }
}

//! A case: what a guest is told, what it prints, and what the servers get.

use wasi_experimental_http_test_server::{LARGE_HEADER_LEN, body_hash, fill_pattern};
use wasi_experimental_http_wasmtime::{HttpCtx, HttpCtxBuilder};

use crate::guest::{Guest, Language};
use crate::servers::Servers;

/// One row of a table. In its texts `{origin}` and `{other}` stand for the two servers,
/// `{60KiB}` for as many bytes of text, `{sum:N}` for the checksum of `N` bytes of a server's
/// body, and `{newline}` for one; a line that ends in `…` may go on.
pub struct Case {
    instruction: &'static str,
    prints: &'static [&'static str],
    /// `None`: the request of the instruction and no more.
    receives: Option<&'static [&'static str]>,
    allowed: &'static [&'static str],
    configure: fn(&mut HttpCtxBuilder) -> HttpCtx,
}

/// A guest that is told `instruction`, where a target alone is one of the first server, and
/// prints these lines. The first server gets the one request, and it has no header but the host's.
pub fn case(instruction: &'static str, prints: &'static [&'static str]) -> Case {
    Case {
        instruction,
        prints,
        receives: None,
        allowed: &["{origin}"],
        configure: |builder| builder.build(),
    }
}

impl Case {
    /// What the servers get instead, as [`Servers::received`] shows it.
    pub fn receives(mut self, lines: &'static [&'static str]) -> Case {
        self.receives = Some(lines);
        self
    }

    /// What is allowed instead of the first server.
    pub fn allowed(mut self, hosts: &'static [&'static str]) -> Case {
        self.allowed = hosts;
        self
    }

    /// How the context is configured further.
    pub fn configured(mut self, configure: fn(&mut HttpCtxBuilder) -> HttpCtx) -> Case {
        self.configure = configure;
        self
    }

    /// The words of the instruction, with the whole URL.
    fn words(&self, servers: &Servers) -> Vec<String> {
        let mut words: Vec<String> = self
            .instruction
            .split(' ')
            .map(|word| expanded(word, servers))
            .collect();
        if words[1].starts_with('/') {
            words[1] = servers.one.url(&words[1]);
        }
        words
    }

    fn run(&self, language: Language, servers: &Servers) {
        let Case { instruction, .. } = self;
        let context = format!("{language:?} over {}: {instruction}", servers.scheme);
        servers.clear();
        let mut builder = servers.ctx_builder();
        for host in self.allowed {
            builder.try_allowed_host(&expanded(host, servers)).unwrap();
        }
        let words = self.words(servers);
        let http = (self.configure)(&mut builder);
        let mut guest = Guest::new(&language.guest("e2e"), http, &words, &[]);
        let result = guest.call("run", ());

        let printed = guest.stdout();
        let printed: Vec<&str> = printed.lines().collect();
        let expected: Vec<String> = self.prints.iter().map(|it| expanded(it, servers)).collect();
        assert_same(&printed, &expected, &context);
        assert_eq!(guest.stderr(), "", "{context}");
        assert_eq!(guest.open_responses(), 0, "{context}");
        // The error of the last request, if it was one.
        let mut facts = expected.iter().rev().map(|line| line.split(' '));
        let code = facts
            .find_map(|mut words| match (words.next()?, words.next()?) {
                ("error", code) => Some(code.parse().unwrap()),
                ("status", _) => Some(0),
                _ => None,
            })
            .unwrap();
        assert_eq!(result, code, "{context}");

        let received = servers.received();
        let expected: Vec<String> = match self.receives {
            Some(lines) => lines.iter().map(|line| expanded(line, servers)).collect(),
            None => {
                let target = words[1].strip_prefix(&servers.one.origin());
                vec![format!("{} {}", words[0], target.expect("a target"))]
            }
        };
        assert_same(&received, &expected, &context);
    }
}

/// Runs each case in both languages, over HTTP and over HTTPS.
pub fn check(cases: &[Case]) {
    for servers in Servers::each() {
        for case in cases {
            for language in Language::ALL {
                case.run(language, &servers);
            }
        }
    }
}

/// An expected line that ends in `…` may go on. The message has no line of 60 KiB.
fn assert_same(found: &[impl AsRef<str>], expected: &[String], context: &str) {
    let found: Vec<&str> = found.iter().map(AsRef::as_ref).collect();
    let same = |(found, expected): (&&str, &String)| match expected.strip_suffix('…') {
        Some(start) => found.starts_with(start),
        None => found == expected,
    };
    if found.len() != expected.len() || !found.iter().zip(expected).all(same) {
        let short = |line: &str| -> String { line.chars().take(200).collect() };
        let found: Vec<String> = found.iter().map(|line| short(line)).collect();
        let expected: Vec<String> = expected.iter().map(|line| short(line)).collect();
        panic!("{context}\nfound: {found:#?}\nexpected: {expected:#?}");
    }
}

fn expanded(text: &str, servers: &Servers) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a placeholder's end");
        expanded.push_str(before);
        match name {
            "origin" => expanded.push_str(&servers.one.origin()),
            "other" => expanded.push_str(&servers.other.origin()),
            "60KiB" => expanded.push_str(&"a".repeat(LARGE_HEADER_LEN)),
            "newline" => expanded.push('\n'),
            name => {
                let len = name.strip_prefix("sum:").and_then(|len| len.parse().ok());
                expanded.push_str(&sum(len.expect("a placeholder")));
            }
        }
        rest = after;
    }
    expanded + rest
}

/// The checksum of a server's body of this length, as guests print it.
pub fn sum(len: usize) -> String {
    let mut bytes = vec![0; len];
    fill_pattern(0, &mut bytes);
    format!("{:016x}", body_hash(&bytes))
}

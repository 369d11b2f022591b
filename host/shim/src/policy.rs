//! What a container may do, of three levels that each only narrow the one above: the node's file, the
//! pod's annotations, and the container's environment. Pure: who reads them is [`crate::levels`].
//!
//! The table `OPTIONS` has what every level can set; what only the node's file can is in
//! [`crate::levels`]. A level that says nothing of something does not narrow it. A request needs the consent of every level
//! that names hosts; where none does, no host is allowed.

use std::collections::BTreeMap;

use wasi_experimental_http_wasmtime::http::Method;
use wasi_experimental_http_wasmtime::url::Url;
use wasi_experimental_http_wasmtime::{AllowedHost, AllowedHosts};
use wasmtime_http::args::Arguments;
use wasmtime_http::units;

/// The option that names hosts, of which a level may have several.
pub const ALLOWED_HOST: &str = "allowed-host";

/// The option that lets names lead to private addresses.
pub const ALLOW_PRIVATE: &str = "allow-private";

/// The options of `wasmtime-http` that every level has, and which of several values counts.
const OPTIONS: [(&str, Counts); 28] = [
    ("concurrency", Counts::Least(Unit::Number)),
    ("connect-timeout", Counts::Least(Unit::Time)),
    ("idle-timeout", Counts::Least(Unit::Time)),
    ("log-format", Counts::Last),
    ("max-idle", Counts::Least(Unit::Number)),
    ("max-idle-per-host", Counts::Least(Unit::Number)),
    ("max-in-flight", Counts::Least(Unit::Number)),
    ("max-memory", Counts::Least(Unit::Size)),
    ("max-method-length", Counts::Least(Unit::Size)),
    ("max-open", Counts::Least(Unit::Number)),
    ("max-redirects", Counts::Least(Unit::Number)),
    ("max-request-body", Counts::Least(Unit::Size)),
    ("max-request-header-bytes", Counts::Least(Unit::Size)),
    ("max-request-headers", Counts::Least(Unit::Number)),
    ("max-requests", Counts::Least(Unit::Number)),
    ("max-requests-per-second", Counts::Least(Unit::Number)),
    ("max-response-body", Counts::Least(Unit::Size)),
    ("max-response-header-bytes", Counts::Least(Unit::Size)),
    ("max-response-headers", Counts::Least(Unit::Number)),
    ("max-total-bytes", Counts::Least(Unit::Size)),
    ("max-url-length", Counts::Least(Unit::Size)),
    ("min-tls", Counts::Greatest),
    ("read-timeout", Counts::Least(Unit::Time)),
    ("request-timeout", Counts::Least(Unit::Time)),
    ("response-timeout", Counts::Least(Unit::Time)),
    ("timeout", Counts::Least(Unit::Time)),
    ("verbose", Counts::Last),
    ("whole-bodies", Counts::Least(Unit::Size)),
];

/// Whether every level has this option.
#[cfg(test)]
pub fn is_option(name: &str) -> bool {
    [ALLOWED_HOST, ALLOW_PRIVATE].contains(&name) || OPTIONS.iter().any(|(it, _)| *it == name)
}

/// Which of the values that levels give counts.
#[derive(Debug, Clone, Copy)]
enum Counts {
    /// The smallest, `none` being larger than any.
    Least(Unit),
    /// The greatest text.
    Greatest,
    /// That of the last level: nothing is allowed by it.
    Last,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Number,
    Size,
    Time,
}

impl Unit {
    /// A value that can be compared; `None` for one that is not of this unit.
    fn measure(self, text: &str) -> Option<u128> {
        if text.trim() == "none" {
            return Some(u128::MAX);
        }
        match self {
            Unit::Number => text.trim().parse::<u64>().ok().map(u128::from),
            Unit::Size => units::bytes(text).ok().map(u128::from),
            Unit::Time => units::duration(text).ok().map(|time| time.as_nanos()),
        }
    }
}

/// What one level says.
#[derive(Debug, Clone, Default)]
pub struct Level {
    /// Who says it, for messages.
    pub name: String,
    /// `None` if it names no hosts.
    hosts: Option<AllowedHosts>,
    private: Option<bool>,
    values: BTreeMap<&'static str, String>,
}

impl Level {
    pub fn new(name: impl Into<String>) -> Self {
        Level {
            name: name.into(),
            ..Level::default()
        }
    }

    /// Adds hosts: entries as `--allowed-host` takes them, separated by white space.
    pub fn add_hosts(&mut self, text: &str) -> Result<(), String> {
        let hosts: AllowedHosts = text.parse().map_err(|error| format!("{error}"))?;
        self.hosts
            .get_or_insert_default()
            .extend(hosts.iter().cloned());
        Ok(())
    }

    /// Takes a value of an option of `wasmtime-http`, by its name without dashes.
    ///
    /// # Errors
    ///
    /// If there is no such option here, or it cannot have this value.
    pub fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            ALLOWED_HOST => return self.add_hosts(value),
            ALLOW_PRIVATE => {
                self.private = Some(match value.trim() {
                    "true" => true,
                    "false" => false,
                    other => return Err(format!("{other:?} is neither \"true\" nor \"false\"")),
                });
                return Ok(());
            }
            _ => {}
        }
        let Some((name, counts)) = OPTIONS.iter().find(|(name, _)| *name == option) else {
            let options: Vec<&str> = OPTIONS.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "there is no such option here; there are allowed-hosts, {ALLOW_PRIVATE}, {}",
                options.join(", ")
            ));
        };
        let words = words(name, value)?;
        let mut line = vec!["wasmtime-http".to_owned()];
        if *name == "log-format" {
            // It is one of how to write what is written with that.
            line.push("--verbose".to_owned());
        }
        line.extend(words);
        line.push("module".to_owned());
        if let Err(error) = Arguments::parse(line) {
            let text = error.to_string();
            let text = text.lines().next().unwrap_or_default();
            return Err(text.trim_start_matches("error: ").to_owned());
        }
        if let Counts::Least(unit) = counts
            && unit.measure(value).is_none()
        {
            return Err(format!("{value:?} cannot be compared with other limits"));
        }
        self.values.insert(name, value.to_owned());
        Ok(())
    }

    /// Whether names of its hosts may lead to private addresses; `None` if it says nothing of hosts.
    fn private(&self) -> Option<bool> {
        self.private.or_else(|| {
            let hosts = self.hosts.as_ref().filter(|hosts| !only_denies(hosts))?;
            Some(allows_all(hosts))
        })
    }
}

/// A value as options of a command line.
fn words(option: &str, value: &str) -> Result<Vec<String>, String> {
    if option != "verbose" {
        return Ok(vec![format!("--{option}={value}")]);
    }
    match value.trim().parse::<u8>() {
        Ok(count) if count <= MAX_VERBOSE => Ok(vec!["--verbose".to_owned(); count.into()]),
        _ => Err(format!("{value:?} is no number from 0 to {MAX_VERBOSE}")),
    }
}

/// More shows no more.
const MAX_VERBOSE: u8 = 4;

fn allows_all(hosts: &AllowedHosts) -> bool {
    hosts.contains(&ALL)
}

/// Whether hosts are denied, and which are allowed is left to others.
fn only_denies(hosts: &AllowedHosts) -> bool {
    !hosts.is_empty() && hosts.iter().all(AllowedHost::denies)
}

/// `insecure:allow-all`.
static ALL: std::sync::LazyLock<AllowedHost> = std::sync::LazyLock::new(|| {
    let all = AllowedHosts::all();
    let entry = all.iter().next().cloned();
    entry.expect("the set of all hosts has an entry")
});

/// What holds for a container.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The options that it is run with.
    pub options: Vec<String>,
    /// Who else has to allow a request.
    pub others: Vec<Consent>,
}

/// A level whose hosts have to allow a request, besides those of the options.
#[derive(Debug, Clone)]
pub struct Consent {
    pub level: String,
    pub hosts: AllowedHosts,
}

impl Consent {
    /// Whether it lets a request of this method, or of any, go to this URL.
    ///
    /// All public hosts are no machine of the local network: where that is all that a level allows, an
    /// address or `localhost` that a lower level names does not count as one of them.
    pub fn allows(&self, method: Option<&Method>, url: &Url) -> bool {
        let allows = |hosts: &AllowedHosts| match method {
            Some(method) => hosts.allows_request(method, url),
            None => hosts.allows(url),
        };
        let named = self.hosts.iter().filter(|it| !it.is_every_public_host());
        let named: AllowedHosts = named.cloned().collect();
        let is_machine = url
            .domain()
            .is_none_or(|name| name.trim_end_matches('.') == "localhost");
        allows(&self.hosts) && (allows(&named) || !is_machine)
    }
}

/// What holds, of levels that each narrow those before them.
pub fn narrow(levels: &[Level]) -> Policy {
    let mut options = Vec::new();
    for (name, counts) in OPTIONS {
        let mut said = levels.iter().filter_map(|level| level.values.get(name));
        let value = match counts {
            Counts::Least(unit) => said.min_by_key(|value| unit.measure(value)),
            Counts::Greatest => said.max(),
            Counts::Last => said.next_back(),
        };
        // It has been checked by the level.
        options.extend(
            value
                .and_then(|value| words(name, value).ok())
                .unwrap_or_default(),
        );
    }

    let named = || {
        levels
            .iter()
            .filter_map(|level| Some((level, level.hosts.as_ref()?)))
    };
    // One that allows all does not narrow, nor one that only denies; their entries that deny do.
    let narrows = |hosts: &AllowedHosts| !allows_all(hosts) && !only_denies(hosts);
    let narrowing: Vec<_> = named().filter(|(_, hosts)| narrows(hosts)).collect();
    let base = narrowing
        .last()
        .copied()
        .or_else(|| named().rfind(|(_, hosts)| allows_all(hosts)))
        .map(|(_, hosts)| hosts);
    let allowed = base.into_iter().flat_map(AllowedHosts::iter);
    let denied = named()
        .flat_map(|(_, hosts)| hosts.iter())
        .filter(|entry| entry.denies());
    let mut hosts = AllowedHosts::none();
    hosts.extend(allowed.chain(denied).cloned());
    options.extend(
        hosts
            .iter()
            .map(|entry| format!("--{ALLOWED_HOST}={entry}")),
    );

    let others: Vec<Consent> = narrowing
        .iter()
        .rev()
        .skip(1)
        .map(|(level, hosts)| Consent {
            level: level.name.clone(),
            hosts: (*hosts).clone(),
        })
        .collect();
    // All public hosts are public ones, whatever a lower level names: where a level has such an entry,
    // no name leads to a private address by the word of a lower one.
    let is_public = |consent: &Consent| {
        let mut entries = consent.hosts.iter();
        entries.any(AllowedHost::is_every_public_host)
    };
    let mut said = levels.iter().filter_map(Level::private).peekable();
    if said.peek().is_some() && said.all(|private| private) && !others.iter().any(is_public) {
        options.push(format!("--{ALLOW_PRIVATE}"));
    }
    Policy { options, others }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level of options and values.
    fn level(name: &str, options: &[(&str, &str)]) -> Level {
        let mut level = Level::new(name);
        for (option, value) in options {
            level.set(option, value).expect(option);
        }
        level
    }

    fn options(levels: &[&[(&str, &str)]]) -> Vec<String> {
        let levels: Vec<Level> = levels.iter().map(|it| level("", it)).collect();
        narrow(&levels).options
    }

    #[test]
    fn a_limit_is_the_smallest_of_all_levels() {
        type Values = [Option<&'static str>; 3];
        let cases: [(&str, Values, Option<&str>); 12] = [
            ("max-memory", [None, None, None], None),
            ("max-memory", [Some("1MiB"), None, None], Some("1MiB")),
            ("max-memory", [None, Some("1MiB"), None], Some("1MiB")),
            (
                "max-memory",
                [Some("1MiB"), Some("2MiB"), None],
                Some("1MiB"),
            ),
            (
                "max-memory",
                [Some("1MiB"), Some("1000"), None],
                Some("1000"),
            ),
            (
                "max-memory",
                [Some("1MiB"), None, Some("none")],
                Some("1MiB"),
            ),
            (
                "max-memory",
                [Some("none"), None, Some("8MiB")],
                Some("8MiB"),
            ),
            (
                "timeout",
                [Some("1m"), Some("30s"), Some("45s")],
                Some("30s"),
            ),
            (
                "request-timeout",
                [Some("5s"), Some("none"), None],
                Some("5s"),
            ),
            (
                "max-redirects",
                [Some("3"), Some("20"), Some("5")],
                Some("3"),
            ),
            ("min-tls", [Some("1.3"), Some("1.2"), None], Some("1.3")),
            ("min-tls", [Some("1.2"), Some("1.3"), None], Some("1.3")),
        ];
        for (option, values, expected) in cases {
            let levels = values.map(|value| match value {
                Some(value) => level("", &[(option, value)]),
                None => Level::new(""),
            });
            let expected: Vec<String> = expected
                .map(|value| format!("--{option}={value}"))
                .into_iter()
                .collect();
            assert_eq!(narrow(&levels).options, expected, "{option} {values:?}");
        }
    }

    #[test]
    fn how_much_is_written_is_the_last_level_s() {
        assert_eq!(
            options(&[&[("verbose", "2")], &[("verbose", "1")]]),
            ["--verbose"]
        );
        assert_eq!(
            options(&[&[("verbose", "1")], &[("verbose", "0")]]),
            [""; 0]
        );
    }

    /// Whether a request may be sent, and whether a name may lead to a private address.
    fn decides(levels: &[&[(&str, &str)]], url: &str) -> (bool, bool) {
        let levels: Vec<Level> = levels.iter().map(|it| level("", it)).collect();
        let policy = narrow(&levels);
        let hosts = policy
            .options
            .iter()
            .filter_map(|word| word.strip_prefix("--allowed-host="));
        let hosts = AllowedHosts::parse(hosts).unwrap();
        let url = url.parse().unwrap();
        let is_allowed = hosts.allows(&url) && policy.others.iter().all(|it| it.allows(None, &url));
        let private = policy.options.iter().any(|word| word == "--allow-private");
        (is_allowed, private || allows_all(&hosts))
    }

    #[test]
    fn a_request_needs_the_consent_of_every_level() {
        const HOST: &str = "allowed-host";
        let a = &[(HOST, "https://a.example")][..];
        let both = &[(HOST, "https://a.example https://b.example")][..];
        let all = &[(HOST, "insecure:allow-all")][..];
        let public = &[(HOST, "https://* http://*")][..];
        let private_a = &[(HOST, "http://a.example"), ("allow-private", "true")][..];
        let refuses_private = &[("allow-private", "false")][..];
        let lets_private = &[("allow-private", "true")][..];
        let denies_a = &[(HOST, "insecure:allow-all deny:a.example")][..];
        let only_denies_a = &[(HOST, "deny:a.example")][..];
        let none = &[(HOST, "")][..];
        type Said<'a> = &'a [(&'a str, &'a str)];
        let cases: [(&[Said<'_>], &str, (bool, bool)); 31] = [
            // Nobody says anything.
            (&[], "https://a.example", (false, false)),
            (&[&[], &[], &[]], "https://a.example", (false, false)),
            (
                &[lets_private, &[], &[]],
                "https://a.example",
                (false, true),
            ),
            // Each alone.
            (&[a, &[], &[]], "https://a.example", (true, false)),
            (&[&[], a, &[]], "https://a.example", (true, false)),
            (&[&[], &[], a], "https://a.example", (true, false)),
            // Each narrows.
            (&[both, a, &[]], "https://b.example", (false, false)),
            (&[both, &[], a], "https://b.example", (false, false)),
            (&[&[], both, a], "https://b.example", (false, false)),
            (&[both, a, &[]], "https://a.example", (true, false)),
            (&[public, a, &[]], "https://a.example", (true, false)),
            // None widens.
            (&[a, both, &[]], "https://b.example", (false, false)),
            (&[a, &[], both], "https://b.example", (false, false)),
            (&[a, all, &[]], "https://b.example", (false, false)),
            (&[a, all, all], "https://a.example", (true, false)),
            (&[a, all, private_a], "http://a.example", (false, false)),
            (&[denies_a, a, &[]], "https://a.example", (false, false)),
            (&[a, denies_a, &[]], "https://a.example", (false, false)),
            (
                &[only_denies_a, both, &[]],
                "https://a.example",
                (false, false),
            ),
            (
                &[only_denies_a, both, &[]],
                "https://b.example",
                (true, false),
            ),
            (
                &[only_denies_a, &[], &[]],
                "https://b.example",
                (false, false),
            ),
            (&[none, a, &[]], "https://a.example", (false, false)),
            (&[a, none, all], "https://a.example", (false, false)),
            // What is public stays so.
            (&[public, private_a, &[]], "http://a.example", (true, false)),
            (
                &[public, &[(HOST, "http://10.0.0.1")], &[]],
                "http://10.0.0.1",
                (false, false),
            ),
            (
                &[public, &[(HOST, "http://localhost")], &[]],
                "http://localhost",
                (false, false),
            ),
            (&[public, all, &[]], "http://a.example", (true, false)),
            // Private addresses are allowed by all or not at all.
            (&[all, private_a, &[]], "http://a.example", (true, true)),
            (
                &[refuses_private, private_a, &[]],
                "http://a.example",
                (true, false),
            ),
            (&[&[], private_a, &[]], "http://a.example", (true, true)),
            (&[all, &[], &[]], "http://10.0.0.1", (true, true)),
        ];
        for (levels, url, expected) in cases {
            assert_eq!(decides(levels, url), expected, "{levels:?} {url}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let cases = [
            ("allowed-host", "example.com", "https://example.com"),
            ("allow-private", "yes", "neither"),
            ("max-memory", "lots", "max-memory"),
            ("timeout", "1 fortnight", "timeout"),
            ("max-url-length", "1GiB", "max-url-length"),
            ("verbose", "many", "number"),
            ("min-tls", "1.1", "min-tls"),
            ("dir", "/", "no such option"),
            ("header", "https://a.example=a: b", "no such option"),
            ("allow-precompiled", "true", "no such option"),
            ("max-memory --allow-private", "1", "no such option"),
        ];
        for (option, value, expected) in cases {
            let error = Level::new("").set(option, value).expect_err(option);
            assert!(error.contains(expected), "{option}={value}: {error}");
        }
    }
}

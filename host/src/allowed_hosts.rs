//! Which hosts a guest may reach: a pure decision over a parsed URL.
//!
//! Parsing of the guest's URLs is [`crate::request_url`]'s, asking at every hop of a redirect
//! [`crate::exchange`]'s, and which addresses a name may resolve to [`crate::net`]'s.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::cidr::Cidr;

/// The entry that allows every host, and addresses of private networks.
pub const ALLOW_ALL: &str = "insecure:allow-all";

/// What stands before an entry that denies.
const DENY: &str = "deny:";

/// The hosts that a guest may reach.
///
/// An entry is a scheme, a host and an optional port, and all three must match:
///
/// | entry | what it allows |
/// | --- | --- |
/// | `https://example.com` | the host at the scheme's default port, 443; a subdomain is another host |
/// | `http://127.0.0.1:8080` | the host at this port |
/// | `https://example.com:*` | the host at any port |
/// | `https://*.example.com` | its subdomains, at any depth, but not `example.com` |
/// | `http://[::1]:8080` | an IPv6 address |
/// | `http://10.1.0.0/16`, `http://[fd00::]/8` | URLs with an address of this block in them; not names that resolve to one |
/// | `deny:https://admin.example.com` | nothing: an entry that denies wins over all that allow |
/// | `insecure:allow-all` | everything |
///
/// Hosts are compared as the [WHATWG URL standard](https://url.spec.whatwg.org/#host-parsing)
/// parses them, so that `http://EXAMPLE.com`, `http://example.com:80` and `http://example.com.` are
/// one, and so are `http://127.0.0.1`, `http://0x7f.1` and `http://[::ffff:127.0.0.1]`.
///
/// The default is the empty list, which denies everything.
///
/// A block or an address that is denied is denied to names that resolve to it as well.
///
/// An allowed *name* may lead to public addresses only, unless it is `localhost`: see
/// [`HttpCtxBuilder::allow_private_networks`](crate::HttpCtxBuilder::allow_private_networks).
///
/// ```
/// use wasi_experimental_http_wasmtime::AllowedHosts;
///
/// let hosts = AllowedHosts::parse(["https://postman-echo.com", "http://127.0.0.1:8080"])?;
/// assert!(hosts.allows(&"https://postman-echo.com/get?a=b".parse()?));
/// assert!(!hosts.allows(&"http://postman-echo.com/get".parse()?));
///
/// let error = AllowedHosts::parse(["postman-echo.com"]).unwrap_err();
/// assert!(error.to_string().contains("https://postman-echo.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    all: bool,
    allowed: Vec<Rule>,
    denied: Vec<Rule>,
}

/// What [`AllowedHosts`] say of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// No entry allows it.
    NotAllowed,
    /// An entry denies it.
    Denied(&'a Rule),
    /// It is allowed, and its name may lead to public addresses.
    PublicOnly,
    /// It is allowed wherever it leads.
    Anywhere,
}

/// An entry of [`AllowedHosts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    https: bool,
    host: HostPattern,
    /// `None` is any.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Name(String),
    /// The name behind `*.`.
    Subdomains(String),
    Addresses(Cidr),
}

/// Scheme, host and port of a URL, in the form in which they are compared.
struct Origin<'a> {
    https: bool,
    host: OriginHost<'a>,
    port: u16,
}

enum OriginHost<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl<'a> Origin<'a> {
    /// The origin of an `http` or `https` URL; `None` for any other.
    fn of(url: &'a Url) -> Option<Self> {
        let https = https(url.scheme())?;
        let host = match url.host()? {
            Host::Domain(name) => OriginHost::Name(relative(name)),
            Host::Ipv4(address) => OriginHost::Address(address.into()),
            Host::Ipv6(address) => OriginHost::Address(IpAddr::V6(address).to_canonical()),
        };
        let port = url.port_or_known_default()?;
        Some(Origin { https, host, port })
    }
}

fn https(scheme: &str) -> Option<bool> {
    match scheme {
        "http" => Some(false),
        "https" => Some(true),
        _ => None,
    }
}

/// A trailing dot makes a name absolute (RFC 1034, section 3.1): the same host.
fn relative(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

impl Rule {
    fn matches(&self, origin: &Origin<'_>) -> bool {
        self.https == origin.https
            && self.port.is_none_or(|port| port == origin.port)
            && match (&self.host, &origin.host) {
                (HostPattern::Name(rule), OriginHost::Name(name)) => rule == name,
                (HostPattern::Subdomains(rule), OriginHost::Name(name)) => name
                    .strip_suffix(rule.as_str())
                    .and_then(|prefix| prefix.strip_suffix('.'))
                    .is_some_and(|prefix| !prefix.is_empty()),
                (HostPattern::Addresses(block), OriginHost::Address(address)) => {
                    block.contains(*address)
                }
                _ => false,
            }
    }

    /// Whether who wrote the rule knew which machine it is about.
    fn names_a_machine(&self) -> bool {
        match &self.host {
            HostPattern::Name(name) => name == "localhost",
            HostPattern::Subdomains(_) => false,
            HostPattern::Addresses(_) => true,
        }
    }
}

impl AllowedHosts {
    /// No host at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every host: the same as the entry [`ALLOW_ALL`].
    pub fn all() -> Self {
        AllowedHosts {
            all: true,
            ..Self::default()
        }
    }

    /// The hosts of a list of entries.
    ///
    /// # Errors
    ///
    /// The first entry that is not of the form that [`AllowedHosts`] describes, and why.
    pub fn parse<I>(entries: I) -> Result<Self, AllowedHostError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut hosts = Self::none();
        for entry in entries {
            hosts.insert(entry.as_ref())?;
        }
        Ok(hosts)
    }

    /// Adds one entry.
    ///
    /// # Errors
    ///
    /// If the entry is not of the form that [`AllowedHosts`] describes.
    pub fn insert(&mut self, entry: &str) -> Result<(), AllowedHostError> {
        if entry == ALLOW_ALL {
            self.all = true;
            return Ok(());
        }
        let (rules, rule) = match entry.strip_prefix(DENY) {
            Some(rule) => (&mut self.denied, rule),
            None => (&mut self.allowed, entry),
        };
        let rule = parse_rule(rule).map_err(|reason| AllowedHostError {
            entry: entry.to_owned(),
            reason,
        })?;
        if !rules.contains(&rule) {
            rules.push(rule);
        }
        Ok(())
    }

    /// Whether a guest may send a request to this URL.
    ///
    /// Schemes other than `http` and `https` are never allowed.
    pub fn allows(&self, url: &Url) -> bool {
        matches!(self.verdict(url), Verdict::PublicOnly | Verdict::Anywhere)
    }

    /// Whether an entry denies addresses, so that what names resolve to has to be asked about.
    pub(crate) fn deny_addresses(&self) -> bool {
        self.denied
            .iter()
            .any(|rule| matches!(rule.host, HostPattern::Addresses(_)))
    }

    /// The entry that denies to connect to this address, whatever the name that led there.
    pub(crate) fn denies_address(&self, https: bool, address: SocketAddr) -> Option<&Rule> {
        let origin = Origin {
            https,
            host: OriginHost::Address(address.ip().to_canonical()),
            port: address.port(),
        };
        self.denied.iter().find(|rule| rule.matches(&origin))
    }

    pub(crate) fn verdict(&self, url: &Url) -> Verdict<'_> {
        let Some(origin) = Origin::of(url) else {
            return Verdict::NotAllowed;
        };
        if let Some(rule) = self.denied.iter().find(|rule| rule.matches(&origin)) {
            return Verdict::Denied(rule);
        }
        if self.all {
            return Verdict::Anywhere;
        }
        let mut verdict = Verdict::NotAllowed;
        for rule in self.allowed.iter().filter(|rule| rule.matches(&origin)) {
            if rule.names_a_machine() {
                return Verdict::Anywhere;
            }
            verdict = Verdict::PublicOnly;
        }
        verdict
    }
}

fn parse_rule(entry: &str) -> Result<Rule, Reason> {
    let Some((scheme, rest)) = entry.split_once("://") else {
        // `localhost:8080` looks like a scheme too.
        let has_scheme = entry
            .split_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_err());
        return Err(if has_scheme {
            Reason::Scheme
        } else {
            Reason::NoScheme {
                suggestion: format!("https://{entry}"),
            }
        });
    };
    let https = https(&scheme.to_ascii_lowercase()).ok_or(Reason::Scheme)?;
    let (authority, path) = match rest.find(['/', '\\', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err(Reason::Extra("a user name or password"));
    }
    let (host, port) = split_port(authority);
    let port = match port {
        None if https => Some(443),
        None => Some(80),
        Some("*") => None,
        Some(port) => Some(parse_port(port).ok_or_else(|| Reason::Port(port.to_owned()))?),
    };
    let parse_host = |host| Host::parse(host).map_err(Reason::Unparsable);
    let (host, path) = match host.strip_prefix("*.") {
        None if host.contains('*') => return Err(Reason::Wildcard),
        Some(parent) if parent.contains('*') => return Err(Reason::Wildcard),
        Some(parent) => match parse_host(parent)? {
            Host::Domain(name) => (HostPattern::Subdomains(labels(&name)?), path),
            _ => return Err(Reason::Wildcard),
        },
        None => match parse_host(host)? {
            Host::Domain(name) => (HostPattern::Name(labels(&name)?), path),
            Host::Ipv4(address) => addresses(address.into(), path)?,
            Host::Ipv6(address) => addresses(address.into(), path)?,
        },
    };
    match path.chars().next() {
        None => Ok(Rule { https, host, port }),
        Some('?') => Err(Reason::Extra("a query")),
        Some('#') => Err(Reason::Extra("a fragment")),
        Some(_) if path == "/" => Ok(Rule { https, host, port }),
        Some(_) => Err(Reason::Extra("a path")),
    }
}

/// A name in the form in which it is compared; none of its labels is empty.
fn labels(name: &str) -> Result<String, Reason> {
    let name = relative(name);
    if name.split('.').any(str::is_empty) {
        return Err(Reason::Unparsable(url::ParseError::EmptyHost));
    }
    Ok(name.to_owned())
}

/// The block of a literal and what stands behind it, and what is left of the latter.
fn addresses(address: IpAddr, path: &str) -> Result<(HostPattern, &str), Reason> {
    let (block, rest) = match path.strip_prefix('/') {
        Some(prefix) if prefix.starts_with(|first: char| first.is_ascii_digit()) => (
            Cidr::parse(address, prefix).ok_or_else(|| Reason::Block(prefix.to_owned()))?,
            "",
        ),
        _ => (Cidr::single(address.to_canonical()), path),
    };
    Ok((HostPattern::Addresses(block), rest))
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn parse_port(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| port.parse().ok()).flatten()
}

/// As the entry can be written.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.https { "https://" } else { "http://" })?;
        match &self.host {
            HostPattern::Name(name) => f.write_str(name)?,
            HostPattern::Subdomains(name) => write!(f, "*.{name}")?,
            HostPattern::Addresses(block) => match block.address() {
                IpAddr::V4(address) => write!(f, "{address}")?,
                IpAddr::V6(address) => write!(f, "[{address}]")?,
            },
        }
        match self.port {
            None => f.write_str(":*")?,
            Some(443) if self.https => {}
            Some(80) if !self.https => {}
            Some(port) => write!(f, ":{port}")?,
        }
        match &self.host {
            HostPattern::Addresses(block) if !block.is_single() => write!(f, "/{}", block.prefix()),
            _ => Ok(()),
        }
    }
}

/// An entry that [`AllowedHosts`] cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid allowed host {entry:?}: {reason}")]
pub struct AllowedHostError {
    entry: String,
    reason: Reason,
}

impl AllowedHostError {
    /// The entry as it was given.
    pub fn entry(&self) -> &str {
        &self.entry
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it has no scheme; write {suggestion:?}")]
    NoScheme { suggestion: String },
    #[error("it does not start with http:// or https://")]
    Scheme,
    #[error("it has {0}, but only scheme, host and port are compared; leave it out")]
    Extra(&'static str),
    #[error("invalid port {0:?}; write a number up to 65535, or * for any")]
    Port(String),
    #[error(
        "{0:?} is no size of a block of addresses, or the address is not the first of its block"
    )]
    Block(String),
    #[error("a * may stand for the first labels of a name, as in *.example.com, or for the port")]
    Wildcard,
    #[error("{0}")]
    Unparsable(url::ParseError),
}

#[cfg(test)]
mod tests {
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
    fn a_bad_entry_says_why() {
        let cases = [
            ("", "no scheme"),
            ("://example.com", "does not start with http"),
            ("postman-echo.com", "write \"https://postman-echo.com\""),
            ("*", "no scheme"),
            ("localhost:8080", "write \"https://localhost:8080\""),
            ("mailto:a", "does not start with http"),
            ("ftp://example.com", "does not start with http"),
            ("insecure:allow", "does not start with http"),
            ("https://example.com/api", "a path"),
            ("https://example.com?q", "a query"),
            ("https://example.com#f", "a fragment"),
            ("https://me@example.com", "a user name"),
            ("https://", "empty host"),
            ("https://exa mple.com", "invalid"),
            ("https://*.example.com:99999", "invalid port"),
            ("https://example.com:", "invalid port"),
            ("https://example.com:+1", "invalid port"),
            ("https://ex*mple.com", "a * may stand"),
            ("https://*", "a * may stand"),
            ("https://*.*.example.com", "a * may stand"),
            ("https://*.127.0.0.1", "a * may stand"),
            ("https://10.0.0.0/33", "no size of a block"),
            ("https://10.0.0.1/8", "not the first of its block"),
            ("https://[::1]/129", "no size of a block"),
            ("https://[::1", "invalid"),
            ("deny:example.com", "no scheme"),
            ("deny:insecure:allow-all", "does not start with http"),
        ];
        for (entry, expected) in cases {
            let error = AllowedHosts::parse([entry]).expect_err(entry).to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains(&format!("{entry:?}")), "{error}");
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
        ];
        for (entry, url, expected) in cases {
            assert_eq!(allows(&[entry], url), expected, "{entry} and {url}");
        }
    }

    #[test]
    fn an_entry_that_denies_wins() {
        let entries = [
            "https://*.example.com",
            "deny:https://admin.example.com",
            ALLOW_ALL,
            "deny:http://10.0.0.0:*/8",
        ];
        assert!(allows(&entries, "https://www.example.com/"));
        assert!(!allows(&entries, "https://admin.example.com/"));
        assert!(allows(&entries, "https://admin.example.com:8443/"));
        assert!(!allows(&entries, "http://10.1.1.1:8080/"));
        assert!(!allows(&entries, "http://[::ffff:10.1.1.1]/"));
        assert!(allows(&entries, "http://11.1.1.1/"));
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
        ];
        for (entries, url, expected) in cases {
            let hosts = AllowedHosts::parse(entries).unwrap();
            assert_eq!(hosts.verdict(&url.parse().unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn a_rule_is_shown_as_it_can_be_written() {
        for entry in [
            "https://example.com",
            "http://*.example.com:8080",
            "https://example.com:*",
            "http://10.0.0.0/8",
        ] {
            assert_eq!(parse_rule(entry).unwrap().to_string(), entry);
        }
    }

    proptest! {
        /// No entry panics, and one that is taken is shown so that it is taken again.
        #[test]
        fn any_entry_is_parsed_or_refused(entry in "(deny:|insecure:|https?://)?[-a-z0-9.*:/@\\[\\]?#% ü]{0,20}") {
            if let Ok(rule) = parse_rule(&entry) {
                let shown = rule.to_string();
                prop_assert_eq!(parse_rule(&shown), Ok(rule), "{}", shown);
            }
        }
    }
}

//! The text of an entry: reading it, and saying what is wrong with it and what was probably meant.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, ParseError, Url};

use super::rule::{HostPattern, Rule, default_port, https, relative};
use super::{ALLOW_ALL, DENY, LOCALHOST};
use crate::cidr::Cidr;
use crate::request_url;

/// An entry that [`AllowedHosts`](super::AllowedHosts) cannot take.
///
/// Its text says what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHostError {
    entry: String,
    reason: Reason,
    suggestions: Vec<String>,
}

/// What is wrong with an entry: the kind of an [`AllowedHostError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AllowedHostErrorKind {
    /// It is empty.
    Empty,
    /// It is a comment.
    Comment,
    /// It is a list of entries.
    List,
    /// There is a space or a control character in it.
    Space,
    /// It has no scheme.
    NoScheme,
    /// Its scheme is neither `http` nor `https`.
    OtherScheme,
    /// It has a part that is not compared, such as a path or a user name.
    ExtraPart,
    /// Its port is none.
    InvalidPort,
    /// It is no block of addresses, or not written with its first address.
    InvalidBlock,
    /// It has a `*` where none can be.
    InvalidWildcard,
    /// Its host is none.
    InvalidHost,
    /// No request can have this host.
    NeverMatches,
}

impl fmt::Display for AllowedHostErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use AllowedHostErrorKind as Kind;
        f.write_str(match self {
            Kind::Empty => "empty",
            Kind::Comment => "a comment",
            Kind::List => "a list",
            Kind::Space => "a space or a control character",
            Kind::NoScheme => "no scheme",
            Kind::OtherScheme => "a scheme that is not http or https",
            Kind::ExtraPart => "a part that is not compared",
            Kind::InvalidPort => "invalid port",
            Kind::InvalidBlock => "invalid block of addresses",
            Kind::InvalidWildcard => "invalid wildcard",
            Kind::InvalidHost => "invalid host",
            Kind::NeverMatches => "a host that no request can have",
        })
    }
}

impl AllowedHostError {
    /// What is wrong with the entry.
    #[must_use]
    pub fn kind(&self) -> AllowedHostErrorKind {
        use AllowedHostErrorKind as Kind;
        match &self.reason {
            Reason::Empty => Kind::Empty,
            Reason::Comment => Kind::Comment,
            Reason::List => Kind::List,
            Reason::Space => Kind::Space,
            Reason::NoScheme | Reason::AnyHost => Kind::NoScheme,
            Reason::Scheme => Kind::OtherScheme,
            Reason::Extra(_) => Kind::ExtraPart,
            Reason::Port(_) => Kind::InvalidPort,
            Reason::BlockSize(_) | Reason::BlockStart => Kind::InvalidBlock,
            Reason::Wildcard => Kind::InvalidWildcard,
            Reason::Unparsable(_) => Kind::InvalidHost,
            Reason::NeverMatches => Kind::NeverMatches,
        }
    }

    /// The entry as it was given.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// What was probably meant: valid entries, none if it cannot be guessed.
    #[must_use]
    pub fn suggestions(&self) -> &[String] {
        &self.suggestions
    }
}

impl fmt::Display for AllowedHostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AllowedHostError { entry, reason, .. } = self;
        write!(f, "invalid allowed host {entry:?}: {reason}")?;
        if *reason == Reason::AnyHost {
            return Ok(());
        }
        for (index, suggestion) in self.suggestions.iter().enumerate() {
            let before = if index == 0 { "; write" } else { " and" };
            write!(f, "{before} {suggestion:?}")?;
        }
        Ok(())
    }
}

impl Error for AllowedHostError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Unparsable(error) => Some(error),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it is empty")]
    Empty,
    #[error("it is a comment; leave it out")]
    Comment,
    #[error("it is a list, and each entry is given on its own")]
    List,
    #[error("there is a space or a control character in it")]
    Space,
    #[error("it has no scheme")]
    NoScheme,
    /// What is suggested for it differs in what it allows.
    #[error(
        "it has no scheme; write \"{EVERY_PUBLIC_HOST}\" for every public host, or \"{ALLOW_ALL}\" \
         for every host, those of the local network included"
    )]
    AnyHost,
    #[error("it does not start with http:// or https://")]
    Scheme,
    #[error("it has {0}, but only scheme, host and port are compared")]
    Extra(&'static str),
    #[error("invalid port {0:?}: a number up to 65535, or * for any")]
    Port(String),
    #[error("{0:?} is not the size of a block of addresses")]
    BlockSize(String),
    #[error("the address is not the first of its block")]
    BlockStart,
    #[error(
        "a * is the whole host, the first labels of a name as in *.example.com, or the whole port"
    )]
    Wildcard,
    #[error("the host is no host: {0}")]
    Unparsable(ParseError),
    #[error("no request can have this host, so it would never match")]
    NeverMatches,
}

/// The entry that people mean by `*`, mostly.
const EVERY_PUBLIC_HOST: &str = "https://*";

/// Reads an entry.
pub(super) fn entry(entry: &str) -> Result<Rule, AllowedHostError> {
    parse(entry).map_err(|reason| AllowedHostError {
        suggestions: match reason {
            Reason::List => items(entry).filter_map(suggestion).collect(),
            Reason::AnyHost => vec![EVERY_PUBLIC_HOST.to_owned(), ALLOW_ALL.to_owned()],
            _ => suggestion(entry).into_iter().collect(),
        },
        entry: entry.to_owned(),
        reason,
    })
}

fn parse(entry: &str) -> Result<Rule, Reason> {
    if entry == ALLOW_ALL {
        return Ok(Rule::ALLOW_ALL);
    }
    if entry.trim().is_empty() {
        return Err(Reason::Empty);
    }
    if entry == "*" {
        return Err(Reason::AnyHost);
    }
    if entry.trim_start().starts_with('#') {
        return Err(Reason::Comment);
    }
    if items(entry).count() > 1 {
        return Err(Reason::List);
    }
    if entry.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Reason::Space);
    }
    let (denies, entry) = match entry.strip_prefix(DENY) {
        Some(entry) => (true, entry),
        None => (false, entry),
    };
    let (https, rest) = match entry.split_once("://") {
        Some((scheme, rest)) => {
            let https = https(&scheme.to_ascii_lowercase()).ok_or(Reason::Scheme)?;
            (Some(https), rest)
        }
        None if denies => (None, entry),
        None => return Err(Reason::NoScheme),
    };
    let parts = Parts::split(rest)?;
    let port = match parts.port {
        Some("*") => None,
        Some(port) => Some(parse_port(port)?),
        None if denies => None,
        None => https.map(default_port),
    };
    let host = match (parts.host, parts.prefix) {
        ("*", None) if denies => HostPattern::Any,
        ("*", None) => HostPattern::Public,
        (host, None) if host.contains('*') => subdomains(host)?,
        (host, prefix) => match (Host::parse(host).map_err(Reason::Unparsable)?, prefix) {
            (Host::Domain(name), None) => HostPattern::Name(valid_name(&name)?),
            (Host::Domain(_), Some(_)) => return Err(Reason::Extra("a path")),
            (Host::Ipv4(address), prefix) => addresses(address.into(), prefix)?,
            (Host::Ipv6(address), prefix) => addresses(address.into(), prefix)?,
        },
    };
    let host = match host {
        // These connect to this machine, and so what denies them denies it.
        HostPattern::Addresses(block)
            if denies && block.is_single() && block.address().is_unspecified() =>
        {
            HostPattern::Name(LOCALHOST.to_owned())
        }
        host => host,
    };
    Ok(Rule {
        denies,
        https,
        host,
        port,
    })
}

/// What an entry has behind its scheme.
struct Parts<'a> {
    host: &'a str,
    /// The number of bits of a block of addresses.
    prefix: Option<&'a str>,
    port: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Splits `host`, `host:port`, `block/prefix`, `block/prefix:port` or `block:port/prefix`.
    fn split(text: &'a str) -> Result<Self, Reason> {
        let (authority, tail) = match text.find(['/', '\\', '?', '#']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        if authority.contains('@') {
            return Err(Reason::Extra("a user name or password"));
        }
        let (host, port) = split_port(authority);
        let parts = |prefix, port| Parts { host, prefix, port };
        let Some(path) = tail.strip_prefix('/') else {
            return match tail.chars().next() {
                None => Ok(parts(None, port)),
                Some('?') => Err(Reason::Extra("a query")),
                Some('#') => Err(Reason::Extra("a fragment")),
                Some(_) => Err(Reason::Extra("a path")),
            };
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() && tail == "/" {
            return Ok(parts(None, port));
        }
        if !path.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(Reason::Extra("a path"));
        }
        match path.split_once(':') {
            None => Ok(parts(Some(path), port)),
            Some((prefix, behind)) if port.is_none() => Ok(parts(Some(prefix), Some(behind))),
            Some(_) => Err(Reason::Extra("two ports")),
        }
    }
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn parse_port(port: &str) -> Result<u16, Reason> {
    // `parse` takes a sign.
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| port.parse().ok()).flatten();
    number.ok_or_else(|| Reason::Port(port.to_owned()))
}

fn subdomains(host: &str) -> Result<HostPattern, Reason> {
    let parent = host.strip_prefix("*.").ok_or(Reason::Wildcard)?;
    match Host::parse(parent) {
        Ok(Host::Domain(name)) if !name.contains('*') => {
            Ok(HostPattern::Subdomains(valid_name(&name)?))
        }
        Ok(_) => Err(Reason::Wildcard),
        Err(error) => Err(Reason::Unparsable(error)),
    }
}

/// A name in the form in which it is compared, if a request can have it.
fn valid_name(name: &str) -> Result<String, Reason> {
    let name = relative(name);
    if name.split('.').any(str::is_empty) {
        return Err(Reason::Unparsable(ParseError::EmptyHost));
    }
    let url = Url::parse(&format!("http://{name}/")).map_err(Reason::Unparsable)?;
    match request_url::to_uri(&url) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(Reason::NeverMatches),
    }
}

fn addresses(address: IpAddr, prefix: Option<&str>) -> Result<HostPattern, Reason> {
    let block = match prefix {
        None => Cidr::single(address.to_canonical()),
        Some(prefix) => {
            let block = Cidr::around(address, prefix)
                .ok_or_else(|| Reason::BlockSize(prefix.to_owned()))?;
            // More often a slip than a wish.
            if block.address() != address.to_canonical() {
                return Err(Reason::BlockStart);
            }
            block
        }
    };
    Ok(HostPattern::Addresses(block))
}

/// The entries of a list. No host has one of these characters in it.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let items = list.split([',', ';']).map(str::trim);
    items.filter(|item| !item.is_empty())
}

/// What was probably meant by an entry that is refused, if that would be taken.
fn suggestion(entry: &str) -> Option<String> {
    let entry = entry.trim().trim_matches(['"', '\'', ',', ';']);
    if entry.eq_ignore_ascii_case(ALLOW_ALL) {
        return Some(ALLOW_ALL.to_owned());
    }
    let (denies, rest) = match entry.split_at_checked(DENY.len()) {
        Some((deny, rest)) if deny.eq_ignore_ascii_case(DENY) => (true, rest.trim_start()),
        _ => (false, entry),
    };
    let (scheme, rest) = split_scheme(rest);
    // Behind a space there may be a comment.
    let rest = rest.split_whitespace().next()?;
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let mut candidates = vec![rest.to_owned()];
    candidates.extend(first_of_block(rest));
    candidates.push(host_and_port.to_owned());
    if let Some(name) = host_and_port.strip_prefix('*') {
        candidates.push(format!("*.{name}"));
    }
    if let Ok(address) = host_and_port.parse::<Ipv6Addr>() {
        let tail = &rest[authority.len()..];
        candidates.extend([format!("[{address}]{tail}"), format!("[{address}]")]);
    }
    candidates.into_iter().find_map(|candidate| {
        let scheme = match https(&scheme.to_ascii_lowercase()) {
            Some(true) => "https://",
            Some(false) => "http://",
            None if denies => "",
            None => guess_scheme(&candidate),
        };
        let deny = if denies { DENY } else { "" };
        // As it is shown, it has nothing in it that does not count.
        let rule = parse(&format!("{deny}{scheme}{candidate}")).ok()?;
        Some(format!("{deny}{rule}"))
    })
}

/// The scheme, empty if there is none, and what is behind it, whatever stands between the two.
fn split_scheme(text: &str) -> (&str, &str) {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => match text.split_once([':', '/']) {
            Some((scheme, rest)) if https(&scheme.to_ascii_lowercase()).is_some() => (scheme, rest),
            _ => ("", text),
        },
    };
    // An IPv6 address may start with `::`.
    match rest.starts_with("::") {
        true => (scheme, rest),
        false => (scheme, rest.trim_start_matches(['/', ':'])),
    }
}

/// The scheme of a host that is given without one: that of its port, or `http` for a server of
/// one's own machine.
fn guess_scheme(rest: &str) -> &'static str {
    let Ok(Parts { host, port, .. }) = Parts::split(rest) else {
        return "https://";
    };
    let is_loopback = match Host::parse(host) {
        Ok(Host::Domain(name)) => {
            let name = relative(&name);
            name == LOCALHOST || name.ends_with(".localhost")
        }
        Ok(Host::Ipv4(address)) => address.is_loopback() || address == Ipv4Addr::UNSPECIFIED,
        Ok(Host::Ipv6(address)) => address.is_loopback() || address == Ipv6Addr::UNSPECIFIED,
        Err(_) => false,
    };
    match port {
        Some("80") => "http://",
        Some(port) if is_loopback && port != "443" => "http://",
        _ => "https://",
    }
}

/// The block that was meant by one of its other addresses.
fn first_of_block(rest: &str) -> Option<String> {
    let Parts { host, prefix, port } = Parts::split(rest).ok()?;
    let address = match Host::parse(host).ok()? {
        Host::Domain(_) => return None,
        Host::Ipv4(address) => address.into(),
        Host::Ipv6(address) => address.into(),
    };
    let block = Cidr::around(address, prefix?)?;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(match block.address() {
        IpAddr::V4(address) => format!("{address}/{}{port}", block.prefix()),
        IpAddr::V6(address) => format!("[{address}]/{}{port}", block.prefix()),
    })
}

//! Parses entries, explains what is wrong with invalid ones, and suggests what was probably meant.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Method;
use url::{Host, ParseError, Url};

use super::path::{PathError, PathPrefix, is_number};
use super::rule::{HostPattern, Rule, Scope, default_port, https, relative};
use super::{ALLOW_ALL, DENY, LOCALHOST};
use crate::cidr::Cidr;
use crate::request_url;

/// An invalid entry of [`AllowedHosts`](super::AllowedHosts).
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
    /// It has a part that is not compared, such as a query or a user name, or with `deny:` a path.
    ExtraPart,
    /// One of its methods cannot be allowed, or is not in capitals.
    InvalidMethod,
    /// Its path could be read in several ways.
    InvalidPath,
    /// Its port is not a port number.
    InvalidPort,
    /// It is not a block of addresses, or not written with its first address.
    InvalidBlock,
    /// It has a `*` in a place where none is allowed.
    InvalidWildcard,
    /// Its host is not a valid host.
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
            Kind::InvalidMethod => "invalid method",
            Kind::InvalidPath => "ambiguous path",
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
            Reason::Extra(_) | Reason::Scope => Kind::ExtraPart,
            Reason::Method(_) | Reason::MethodCase => Kind::InvalidMethod,
            Reason::Path(_) => Kind::InvalidPath,
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
    /// Several suggestions, because they allow different things.
    #[error(
        "it has no scheme; write \"{EVERY_PUBLIC_HOST}\" for every public host, or \"{ALLOW_ALL}\" \
         for every host, those of the local network included"
    )]
    AnyHost,
    #[error("it does not start with http:// or https://")]
    Scheme,
    #[error("it has {0}, but only methods, scheme, host, port and path are compared")]
    Extra(&'static str),
    #[error("{0:?} is not a method that can be allowed")]
    Method(String),
    #[error("methods are written in capitals")]
    MethodCase,
    #[error("{0}")]
    Path(PathError),
    #[error("it has methods or a path, which do not count with `deny:`")]
    Scope,
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
    #[error("the host is invalid: {0}")]
    Unparsable(ParseError),
    #[error("no request can have this host, so it would never match")]
    NeverMatches,
}

/// What people usually mean by `*`.
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
    let (denies, entry) = match entry.strip_prefix(DENY) {
        Some(entry) => (true, entry),
        None => (false, entry),
    };
    let (methods, entry) = split_methods(entry);
    if small_methods(entry).is_some() {
        return Err(Reason::MethodCase);
    }
    if is_list(entry) {
        return Err(Reason::List);
    }
    if entry.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Reason::Space);
    }
    let methods = parse_methods(methods)?;
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
    let path = parts.path.map(PathPrefix::parse).transpose();
    let path = path.map_err(Reason::Path)?;
    let host = match (parts.host, parts.prefix) {
        ("*", None) if denies => HostPattern::Any,
        ("*", None) => HostPattern::Public,
        (host, None) if host.contains('*') => subdomains(host)?,
        (host, prefix) => match (Host::parse(host).map_err(Reason::Unparsable)?, prefix) {
            (Host::Domain(name), None) => HostPattern::Name(valid_name(&name)?),
            // A name cannot have a block size.
            (Host::Domain(name), Some(_)) => return Err(Reason::BlockSize(name)),
            (Host::Ipv4(address), prefix) => addresses(address.into(), prefix)?,
            (Host::Ipv6(address), prefix) => addresses(address.into(), prefix)?,
        },
    };
    let host = match host {
        // Connecting to an unspecified address reaches this machine, so denying one denies
        // loopback.
        HostPattern::Addresses(block)
            if denies && block.is_single() && block.address().is_unspecified() =>
        {
            HostPattern::Name(LOCALHOST.to_owned())
        }
        host => host,
    };
    let scope = match (&methods[..], &path) {
        ([], None) => None,
        _ if denies => return Err(Reason::Scope),
        _ => Some(Box::new(Scope { methods, path })),
    };
    Ok(Rule {
        denies,
        https,
        host,
        port,
        scope,
    })
}

/// Splits the methods from the rest of an entry: words of capitals, with commas between or in them.
fn split_methods(entry: &str) -> (&str, &str) {
    let mut rest = entry;
    while let Some((word, behind)) = rest.split_once(char::is_whitespace)
        && is_methods(word)
    {
        rest = behind.trim_start();
    }
    entry.split_at(entry.len() - rest.len())
}

/// Whether a word is one or more methods, rather than a host.
pub(super) fn is_methods(word: &str) -> bool {
    let is_of_method =
        |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | ',');
    word.contains(|c: char| c.is_ascii_uppercase()) && word.chars().all(is_of_method)
}

/// Methods in front of a URL, in whatever case, and the URL.
fn small_methods(entry: &str) -> Option<(String, &str)> {
    let (methods, _) = entry.split_once("://")?;
    let (methods, url) = entry.split_at(methods.rfind(' ')?);
    let methods = methods.to_ascii_uppercase();
    is_methods(&methods.replace(' ', ",")).then(|| (methods, url.trim_start()))
}

fn parse_methods(text: &str) -> Result<Vec<Method>, Reason> {
    let words = text.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    let methods = words.map(|word| match Method::from_bytes(word.as_bytes()) {
        Ok(method) if method != Method::CONNECT => Ok(method),
        _ => Err(Reason::Method(word.to_owned())),
    });
    let mut methods: Vec<Method> = methods.collect::<Result<_, _>>()?;
    methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    methods.dedup();
    Ok(methods)
}

/// Whether this is several entries. A path may have commas and semicolons in it, and a host not.
fn is_list(entry: &str) -> bool {
    let (_, rest) = entry.split_once("://").unwrap_or(("", entry));
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let mut others = items(entry).skip(1);
    authority.contains([',', ';']) || others.any(|item| item.contains("://"))
}

/// The parts of an entry after its scheme.
struct Parts<'a> {
    host: &'a str,
    /// The number of bits of a block of addresses.
    prefix: Option<&'a str>,
    port: Option<&'a str>,
    /// With its leading slash; `None` if it is only that slash.
    path: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Splits `host`, `host:port`, `block/prefix`, `block/prefix:port` or `block:port/prefix`, each
    /// with a path behind it or without.
    fn split(text: &'a str) -> Result<Self, Reason> {
        let (authority, tail) = match text.find(['/', '\\', '?', '#']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        if authority.contains('@') {
            return Err(Reason::Extra("a user name or password"));
        }
        if let Some(mark) = tail.find(['?', '#']) {
            return Err(Reason::Extra(match &tail[mark..=mark] {
                "?" => "a query",
                _ => "a fragment",
            }));
        }
        if tail.contains('\\') {
            return Err(Reason::Path(PathError::Ambiguous));
        }
        let (host, port) = split_port(authority);
        let parts = |prefix, port, path: &'a str| Parts {
            host,
            prefix,
            port,
            path: Some(path).filter(|path| !matches!(*path, "" | "/")),
        };
        let path = tail.strip_prefix('/').unwrap_or_default();
        let (first, behind) = path.split_at(path.find('/').unwrap_or(path.len()));
        let (size, port_behind) = match first.split_once(':') {
            Some((size, port)) => (size, Some(port)),
            None => (first, None),
        };
        if !is_number(size) || !is_address(host) {
            return Ok(parts(None, port, tail));
        }
        match port_behind {
            None => Ok(parts(Some(size), port, behind)),
            Some(_) if port.is_none() => Ok(parts(Some(size), port_behind, behind)),
            Some(_) => Err(Reason::Extra("two ports")),
        }
    }
}

fn is_address(host: &str) -> bool {
    matches!(Host::parse(host), Ok(Host::Ipv4(_) | Host::Ipv6(_)))
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn parse_port(port: &str) -> Result<u16, Reason> {
    // `parse` would accept a sign.
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
            // More likely a mistake than intended.
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

/// What was probably meant by an invalid entry, if that is valid.
fn suggestion(entry: &str) -> Option<String> {
    let entry = entry.trim().trim_matches(['"', '\'', ',', ';']);
    if entry.eq_ignore_ascii_case(ALLOW_ALL) {
        return Some(ALLOW_ALL.to_owned());
    }
    let (denies, rest) = match entry.split_at_checked(DENY.len()) {
        Some((deny, rest)) if deny.eq_ignore_ascii_case(DENY) => (true, rest.trim_start()),
        _ => (false, entry),
    };
    // Methods, in whatever case, if a URL is behind them.
    let (methods, rest) = match small_methods(rest) {
        Some((methods, rest)) => (methods + " ", rest),
        None => {
            let (methods, rest) = split_methods(rest);
            (methods.to_owned(), rest)
        }
    };
    let (scheme, rest) = split_scheme(rest);
    // What follows a space may be a comment.
    let rest = rest.split_whitespace().next()?;
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let path = rest[authority.len()..].split(['?', '#']).next()?;
    let mut candidates = vec![rest.to_owned()];
    candidates.extend(first_of_block(rest));
    candidates.push(format!("{host_and_port}{}", path.trim_end_matches('*')));
    candidates.push(host_and_port.to_owned());
    if let Some(name) = host_and_port.strip_prefix('*') {
        candidates.push(format!("*.{name}"));
    }
    if let Ok(address) = host_and_port.parse::<Ipv6Addr>() {
        candidates.extend([format!("[{address}]{path}"), format!("[{address}]")]);
    }
    let deny = if denies { DENY } else { "" };
    let candidates = candidates.into_iter().flat_map(|candidate| {
        let scheme = match https(&scheme.to_ascii_lowercase()) {
            Some(true) => "https://",
            Some(false) => "http://",
            None if denies => "",
            None => guess_scheme(&candidate),
        };
        // An entry that denies has no methods.
        [&methods, ""].map(|methods| format!("{deny}{methods}{scheme}{candidate}"))
    });
    candidates.into_iter().find_map(|candidate| {
        // Display the parsed rule, so that parts without meaning are dropped.
        let rule = parse(&candidate).ok()?;
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

/// Guesses the scheme of a host without one: by its port, or `http` for a server on this machine.
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

/// The block that an address with a prefix lies in: `10.0.0.0/8` for `10.1.2.3/8`.
fn first_of_block(rest: &str) -> Option<String> {
    let Parts {
        host, prefix, port, ..
    } = Parts::split(rest).ok()?;
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

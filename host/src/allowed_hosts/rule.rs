//! A parsed entry: scheme, host, port, methods and path; how it is displayed, and how the rules
//! that match a URL are found.
//!
//! Its text is read by [`super::parse`].

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use http::Method;
use indexmap::Equivalent;
use url::{Host, Url};

use super::path::PathPrefix;
use super::{ALLOW_ALL, AllowedHost};
use crate::address::is_public;
use crate::cidr::Cidr;

/// A parsed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub denies: bool,
    /// `None` for both schemes.
    pub https: Option<bool>,
    pub host: HostPattern,
    /// `None` for any.
    pub port: Option<u16>,
    /// `None` for every request; always so if the entry denies.
    pub(super) scope: Option<Box<Scope>>,
}

/// The methods and the path of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    /// Sorted, without duplicates; empty for any.
    pub methods: Vec<Method>,
    pub path: Option<PathPrefix>,
}

impl Scope {
    /// Whether a request matches. Without a method, whether one with some method may.
    pub(super) fn contains(&self, method: Option<&Method>, url: &Url) -> bool {
        let is_method = |method| self.methods.is_empty() || self.methods.contains(method);
        let is_path = |path: &PathPrefix| path.contains(url.path());
        method.is_none_or(is_method) && self.path.as_ref().is_none_or(is_path)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostPattern {
    /// Every host: [`ALLOW_ALL`], and `*` of an entry that denies.
    Any,
    /// Every public host: `*` of an entry that allows.
    Public,
    Name(String),
    /// The name behind `*.`.
    Subdomains(String),
    Addresses(Cidr),
}

/// The key by which rules are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key<'a> {
    denies: bool,
    https: Option<bool>,
    host: HostKey<'a>,
    port: Option<u16>,
    /// Whether the rule has methods or a path; these themselves are not part of the key.
    scoped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum HostKey<'a> {
    Any,
    Public,
    Name(&'a str),
    Subdomains(&'a str),
    Addresses(Cidr),
}

impl Rule {
    /// The rule of [`ALLOW_ALL`], which restricts nothing.
    pub(super) const ALLOW_ALL: Rule = Rule {
        denies: false,
        https: None,
        host: HostPattern::Any,
        port: None,
        scope: None,
    };

    fn key(&self) -> Key<'_> {
        Key {
            denies: self.denies,
            https: self.https,
            host: match &self.host {
                HostPattern::Any => HostKey::Any,
                HostPattern::Public => HostKey::Public,
                HostPattern::Name(name) => HostKey::Name(name),
                HostPattern::Subdomains(name) => HostKey::Subdomains(name),
                HostPattern::Addresses(block) => HostKey::Addresses(*block),
            },
            port: self.port,
            scoped: self.scope.is_some(),
        }
    }

    /// The same rule without methods and path.
    pub(super) fn unscoped(&self) -> Rule {
        Rule {
            scope: None,
            ..self.clone()
        }
    }

    pub(super) fn shape(&self) -> Shape {
        Shape {
            denies: self.denies,
            scheme: self.https.is_some(),
            host: match &self.host {
                HostPattern::Any => HostShape::Any,
                HostPattern::Public => HostShape::Public,
                HostPattern::Name(_) => HostShape::Name,
                HostPattern::Subdomains(name) => HostShape::Subdomains {
                    labels: name.split('.').count(),
                },
                HostPattern::Addresses(block) => HostShape::Block {
                    ipv6: block.address().is_ipv6(),
                    prefix: block.prefix(),
                },
            },
            port: self.port.is_some(),
        }
    }
}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Equivalent<AllowedHost> for Key<'_> {
    fn equivalent(&self, entry: &AllowedHost) -> bool {
        *self == entry.0.key()
    }
}

/// The kinds of a rule's parts, without their values. A list of 10,000 rules has few shapes, and
/// for each shape a URL can match one rule only, which is found by a hash lookup.
///
/// For example, `https://a.example.com:8443/` matches a rule of the shape of `https://*.foo.test`
/// only if that is `https://*.example.com`, with the port of the URL or any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub denies: bool,
    scheme: bool,
    pub host: HostShape,
    port: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostShape {
    Any,
    Public,
    Name,
    Subdomains { labels: usize },
    Block { ipv6: bool, prefix: u8 },
}

impl Shape {
    /// The rule of this shape that matches an origin; `None` if none can.
    pub(super) fn key<'a>(&self, origin: &Origin<'a>) -> Option<Key<'a>> {
        let host = match (self.host, origin.host) {
            (HostShape::Any, _) => HostKey::Any,
            (HostShape::Public, OriginHost::Name(_)) => HostKey::Public,
            (HostShape::Public, OriginHost::Address(address)) if is_public(address) => {
                HostKey::Public
            }
            (HostShape::Name, OriginHost::Name(name)) => HostKey::Name(name),
            (HostShape::Subdomains { labels }, OriginHost::Name(name)) => {
                HostKey::Subdomains(parent(name, labels)?)
            }
            (HostShape::Block { ipv6, prefix }, OriginHost::Address(address))
                if ipv6 == address.is_ipv6() =>
            {
                HostKey::Addresses(Cidr::truncated(address, prefix)?)
            }
            _ => return None,
        };
        Some(Key {
            denies: self.denies,
            https: self.scheme.then_some(origin.https),
            host,
            port: self.port.then_some(origin.port),
            scoped: false,
        })
    }
}

/// The last `labels` labels of a name, if it has more than that: `example.com` for `a.example.com`
/// and 2.
fn parent(name: &str, labels: usize) -> Option<&str> {
    let (dot, _) = name.rmatch_indices('.').nth(labels.checked_sub(1)?)?;
    (dot > 0).then(|| &name[dot + 1..])
}

/// Scheme, host and port of a URL, in the form in which they are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub https: bool,
    pub host: OriginHost<'a>,
    pub port: u16,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum OriginHost<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl<'a> Origin<'a> {
    /// The origin of an `http` or `https` URL; `None` for any other.
    pub(super) fn of(url: &'a Url) -> Option<Self> {
        let https = https(url.scheme())?;
        let host = match url.host()? {
            Host::Domain(name) => OriginHost::Name(relative(name)),
            Host::Ipv4(address) => OriginHost::Address(address.into()),
            Host::Ipv6(address) => OriginHost::Address(address.into()),
        };
        let port = url.port_or_known_default()?;
        Some(Origin { https, host, port })
    }

    /// The same with another host.
    pub(super) fn at(self, host: OriginHost<'a>) -> Self {
        Origin { host, ..self }
    }
}

/// Whether a scheme is `https`; `None` if it is not `http` either.
pub(super) fn https(scheme: &str) -> Option<bool> {
    match scheme {
        "http" => Some(false),
        "https" => Some(true),
        _ => None,
    }
}

/// A trailing dot makes a name absolute (RFC 1034, section 3.1): the same host.
pub(super) fn relative(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// The port of a scheme.
pub(super) fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

/// The entry in canonical form, without the prefix `deny:`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = self.scope.as_deref();
        let methods = scope.map(|scope| &scope.methods[..]).unwrap_or_default();
        for (index, method) in methods.iter().enumerate() {
            let end = if index + 1 == methods.len() { " " } else { "," };
            write!(f, "{method}{end}")?;
        }
        match self.https {
            Some(true) => f.write_str("https://")?,
            Some(false) => f.write_str("http://")?,
            None if !self.denies => return f.write_str(ALLOW_ALL),
            None => {}
        }
        match &self.host {
            HostPattern::Any | HostPattern::Public => f.write_str("*")?,
            HostPattern::Name(name) => f.write_str(name)?,
            HostPattern::Subdomains(name) => write!(f, "*.{name}")?,
            HostPattern::Addresses(block) => {
                match block.address() {
                    IpAddr::V4(address) => write!(f, "{address}")?,
                    IpAddr::V6(address) => write!(f, "[{address}]")?,
                }
                // Digits behind an address are the size of a block.
                let path = scope.and_then(|scope| scope.path.as_ref());
                if !block.is_single() || path.is_some_and(PathPrefix::begins_with_number) {
                    write!(f, "/{}", block.prefix())?;
                }
            }
        }
        // Without a port, an allowing entry has its scheme's port, and a denying one has any.
        match self.port {
            None if self.denies => {}
            None => f.write_str(":*")?,
            port if !self.denies && port == self.https.map(default_port) => {}
            Some(port) => write!(f, ":{port}")?,
        }
        match scope.and_then(|scope| scope.path.as_ref()) {
            Some(path) => write!(f, "{path}"),
            None => Ok(()),
        }
    }
}

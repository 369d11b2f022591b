//! The allow list: which hosts a guest may reach. A pure decision over a parsed URL.
//!
//! Elsewhere: parsing the guest's URLs ([`crate::request_url`]), checking at every hop of a
//! redirect ([`crate::send`]), and checking the addresses of a name ([`crate::connection`]).

mod iter;
mod parse;
mod path;
mod rule;
#[cfg(feature = "serde")]
mod serde;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::Method;
use indexmap::{IndexMap, IndexSet};
use url::Url;

use crate::address;
use rule::{HostPattern, HostShape, Origin, OriginHost, Rule, Scope, Shape};

pub use iter::{AllowedHostsIntoIter, AllowedHostsIter};
pub use parse::{AllowedHostError, AllowedHostErrorKind};

/// The entry that allows every host, and addresses of private networks.
pub const ALLOW_ALL: &str = "insecure:allow-all";

/// Prefix of an entry that denies.
const DENY: &str = "deny:";

/// The name of this machine; its addresses need not be public.
const LOCALHOST: &str = "localhost";

/// The hosts that a guest may reach: a set of entries.
///
/// An entry is a scheme, a host and an optional port, and all three must match; methods and a path
/// may be added:
///
#[doc = include_str!("allowed_hosts/forms.md")]
///
/// Hosts are compared as the [WHATWG URL standard](https://url.spec.whatwg.org/#host-parsing)
/// parses them, so that `http://EXAMPLE.com`, `http://example.com:80` and `http://example.com.` are
/// one, and so are `http://127.0.0.1`, `http://0x7f.1` and `http://[::ffff:127.0.0.1]`.
///
/// An allowed *name* may lead to public addresses only, unless it is `localhost`: see
/// [`HttpCtxBuilder::allow_private_networks`](crate::HttpCtxBuilder::allow_private_networks). That
/// switch is for hosts that are named: `https://*` is public hosts only, also with it.
///
/// # Methods and paths
///
/// Methods stand before the URL of an entry, in capitals and with commas between them. A path stands
/// behind it: `/v1/` is all that is below that, `/v1` itself as well, and neither has anything to do
/// with `/v10`. Several entries for a host add up. They are asked at every hop of a redirect, with the
/// method and the path that are sent there.
///
/// Paths are compared by whole segments, as the URL standard parses them: `.`, `..`, `%2e` and
/// backslashes are resolved. A character that needs no encoding is the same with it, all else differs,
/// case as well. A path that servers may read in different ways is below none: one with an encoded
/// slash, backslash or control character, with something of that kind encoded twice or more often,
/// with `..;`, or with what is not UTF-8. Queries are not compared.
///
/// What a server makes of a request is its own: one that takes the method from a header such as
/// `X-HTTP-Method-Override`, or lets a path name another one, is not held to such an entry by it.
///
/// # Entries that deny
///
/// An entry that denies wins over all that allow. It has no methods and no path, but denies its hosts
/// altogether. What it does not say is any: without a scheme it
/// denies both, without a port all ports. (An entry that allows has its scheme's port if it says
/// none, so `https://example.com` is undone by `deny:https://example.com`, and the other way round
/// `deny:https://example.com` denies more than `https://example.com` allows; `deny:https://example.com:443`
/// denies that port alone.)
///
/// A denied address or block is denied to names that lead there, and in every form in which an
/// address leads to another one: IPv4-mapped, -compatible and -translated addresses, NAT64, 6to4,
/// Teredo and ISATAP. `0.0.0.0` and `[::]` connect to this machine, so what denies `127.0.0.1` or
/// `[::1]` denies them, and `deny:0.0.0.0` is `deny:localhost`: the name and all loopback addresses.
///
/// # As a value
///
/// The default is the empty set, which denies everything. Sets are equal if they have the same
/// entries, in any order. As text, entries are separated by white space. With the feature `serde`
/// a set is a list of texts in JSON, TOML and the like.
///
/// ```
/// use wasi_experimental_http_wasmtime::AllowedHosts;
///
/// let hosts = AllowedHosts::parse(["https://postman-echo.com", "http://127.0.0.1:8080"])?;
/// assert!(hosts.allows(&"https://postman-echo.com/get?a=b".parse()?));
/// assert!(!hosts.allows(&"http://postman-echo.com/get".parse()?));
/// assert_eq!(hosts, "http://127.0.0.1:8080 https://postman-echo.com".parse()?);
///
/// let error = AllowedHosts::parse(["postman-echo.com"]).unwrap_err();
/// assert!(error.to_string().contains("https://postman-echo.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts {
    entries: IndexSet<AllowedHost>,
    /// The entries with methods or a path, grouped by the rest. `GET https://a.example` and
    /// `https://a.example/v1/` are both under `https://a.example`, as [GET, any path] and [any
    /// method, `/v1/`].
    scoped: IndexMap<AllowedHost, Vec<Scope>>,
    /// The shapes of all entries: a URL is looked up once for each, whatever the number of entries.
    shapes: Vec<Shape>,
}

/// An entry of [`AllowedHosts`].
///
/// Displayed in canonical form: `HTTPS://Example.com:443/` becomes `https://example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AllowedHost(Rule);

/// The decision about a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// No entry allows it.
    NotAllowed,
    /// Entries allow its host, but with other methods or paths.
    OtherRequests,
    /// An entry denies it.
    Denied(&'a Rule),
    /// Allowed by `https://*`: public addresses only, even if the store permits private networks.
    Public,
    /// Allowed by name: public addresses only, unless the store permits private networks.
    PublicOnly,
    /// Allowed whatever address it has: `localhost`, or an address in the entry itself.
    Anywhere,
}

impl AllowedHosts {
    /// The empty set, which denies everything.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every host: the same as the entry [`ALLOW_ALL`].
    #[must_use]
    pub fn all() -> Self {
        Self::from_iter([AllowedHost(Rule::ALLOW_ALL)])
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
        entries
            .into_iter()
            .map(|entry| entry.as_ref().parse())
            .collect()
    }

    /// Adds one entry; `false` if it is there already.
    pub fn insert(&mut self, entry: AllowedHost) -> bool {
        let shape = entry.0.shape();
        if !self.shapes.contains(&shape) {
            self.shapes.push(shape);
        }
        if let Some(scope) = entry.0.scope.as_deref() {
            let scopes = self.scoped.entry(AllowedHost(entry.0.unscoped()));
            let scopes = scopes.or_default();
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        self.entries.insert(entry)
    }

    /// Adds one entry by its text; `false` if it is there already.
    ///
    /// # Errors
    ///
    /// If the text is not of the form that [`AllowedHosts`] describes.
    pub fn try_insert(&mut self, entry: &str) -> Result<bool, AllowedHostError> {
        Ok(self.insert(entry.parse()?))
    }

    /// The entries, in the order in which they were added.
    #[must_use]
    pub fn iter(&self) -> AllowedHostsIter<'_> {
        AllowedHostsIter(self.entries.iter())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether this is one of the entries; not whether another one allows the same.
    #[must_use]
    pub fn contains(&self, entry: &AllowedHost) -> bool {
        self.entries.contains(entry)
    }

    /// Whether there is no entry, so that nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a guest may send a request of some method to this URL.
    ///
    /// Schemes other than `http` and `https` are never allowed. Where a name leads is not asked
    /// here: see [`AllowedHosts`].
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        self.verdict(None, url).allows()
    }

    /// Whether a guest may send a request of this method to this URL, as [`AllowedHosts::allows`]
    /// says.
    #[must_use]
    pub fn allows_request(&self, method: &Method, url: &Url) -> bool {
        self.verdict(Some(method), url).allows()
    }

    /// Whether an entry without methods and without a path allows this URL.
    pub(crate) fn allows_all_requests(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| {
            let canonical = match origin.host {
                OriginHost::Address(address) => OriginHost::Address(address.to_canonical()),
                name => name,
            };
            let is_denied = self.denying(&origin).is_some();
            let origin = origin.at(canonical);
            !is_denied && self.matching(false, &origin).next().is_some()
        })
    }

    /// Decides about a request; without a method, about any.
    pub(crate) fn verdict(&self, method: Option<&Method>, url: &Url) -> Verdict<'_> {
        let Some(origin) = Origin::of(url) else {
            return Verdict::NotAllowed;
        };
        if let Some(rule) = self.denying(&origin) {
            return Verdict::Denied(rule);
        }
        let canonical = match origin.host {
            OriginHost::Address(address) => OriginHost::Address(address.to_canonical()),
            name => name,
        };
        let origin = origin.at(canonical);
        let mut verdict = Verdict::NotAllowed;
        let of_request = self.scoped_of(&origin).filter_map(|(rule, scopes)| {
            let mut scopes = scopes.iter();
            scopes
                .any(|scope| scope.contains(method, url))
                .then_some(rule)
        });
        for rule in self.matching(false, &origin).chain(of_request) {
            match rule.host {
                HostPattern::Any | HostPattern::Addresses(_) => return Verdict::Anywhere,
                // The entry names this machine, so a private address is intended.
                HostPattern::Name(ref name) if name == LOCALHOST => return Verdict::Anywhere,
                HostPattern::Name(_) | HostPattern::Subdomains(_) => verdict = Verdict::PublicOnly,
                HostPattern::Public if verdict == Verdict::NotAllowed => verdict = Verdict::Public,
                HostPattern::Public => {}
            }
        }
        if verdict == Verdict::NotAllowed && self.scoped_of(&origin).next().is_some() {
            return Verdict::OtherRequests;
        }
        verdict
    }

    /// Whether any entry denies addresses, so that resolved addresses have to be checked.
    pub(crate) fn deny_addresses(&self) -> bool {
        self.shapes.iter().any(|shape| {
            // `deny:localhost` denies loopback addresses as well.
            shape.denies && matches!(shape.host, HostShape::Block { .. } | HostShape::Name)
        })
    }

    /// The entry that denies connecting to this address, if any, whatever name resolved to it.
    pub(crate) fn denies_address(&self, https: bool, address: SocketAddr) -> Option<&Rule> {
        self.denying(&Origin {
            https,
            host: OriginHost::Address(address.ip()),
            port: address.port(),
        })
    }

    /// The entry, if any, that denies an origin, or an address that its address leads to.
    fn denying(&self, origin: &Origin<'_>) -> Option<&Rule> {
        let rule_for = |host| self.matching(true, &origin.at(host)).next();
        let OriginHost::Address(address) = origin.host else {
            return rule_for(origin.host);
        };
        address::destinations(address).find_map(|address| {
            let by_address = rule_for(OriginHost::Address(address));
            let by_name = || rule_for(OriginHost::Name(LOCALHOST));
            by_address.or_else(|| address.is_loopback().then(by_name)?)
        })
    }

    /// The denying, or else the allowing, rules that match an origin.
    fn matching(&self, denies: bool, origin: &Origin<'_>) -> impl Iterator<Item = &Rule> {
        self.shapes
            .iter()
            .filter(move |shape| shape.denies == denies)
            .filter_map(move |shape| self.entries.get(&shape.key(origin)?))
            .map(|entry| &entry.0)
    }

    /// The rules with methods or a path that match an origin.
    fn scoped_of(&self, origin: &Origin<'_>) -> impl Iterator<Item = (&Rule, &[Scope])> {
        // Skip the lookup for lists without such entries, which most are.
        let shapes = if self.scoped.is_empty() {
            &[][..]
        } else {
            &self.shapes
        };
        let found = shapes
            .iter()
            .filter_map(move |shape| self.scoped.get_key_value(&shape.key(origin)?));
        found.map(|(entry, scopes)| (&entry.0, &scopes[..]))
    }
}

impl Verdict<'_> {
    fn allows(self) -> bool {
        matches!(
            self,
            Verdict::Public | Verdict::PublicOnly | Verdict::Anywhere
        )
    }
}

impl AllowedHost {
    /// Whether it has methods or a path, and so is not about every request to its hosts.
    #[must_use]
    pub fn is_scoped(&self) -> bool {
        self.0.scope.is_some()
    }

    /// Whether it denies what it names, rather than to allow it.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.0.denies
    }

    /// Whether it names no host: `https://*`, `insecure:allow-all`, `deny:*`.
    pub(crate) fn is_every_host(&self) -> bool {
        matches!(self.0.host, HostPattern::Any | HostPattern::Public)
    }

    /// Whether it allows every public host, `https://*`, and so none of the local network.
    #[must_use]
    pub fn is_every_public_host(&self) -> bool {
        self.0.host == HostPattern::Public
    }
}

impl PartialEq for AllowedHosts {
    fn eq(&self, other: &Self) -> bool {
        // Regardless of order.
        self.entries == other.entries
    }
}

impl Eq for AllowedHosts {}

impl Extend<AllowedHost> for AllowedHosts {
    fn extend<I: IntoIterator<Item = AllowedHost>>(&mut self, entries: I) {
        for entry in entries {
            self.insert(entry);
        }
    }
}

impl FromIterator<AllowedHost> for AllowedHosts {
    fn from_iter<I: IntoIterator<Item = AllowedHost>>(entries: I) -> Self {
        let mut hosts = Self::none();
        hosts.extend(entries);
        hosts
    }
}

/// Parses entries separated by white space. Methods belong to the entry that follows them.
impl FromStr for AllowedHosts {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<Self, AllowedHostError> {
        let mut entries = Vec::new();
        let mut methods = String::new();
        for word in text.split_whitespace() {
            if parse::is_methods(word) {
                methods.push_str(word);
                methods.push(' ');
            } else {
                entries.push(std::mem::take(&mut methods) + word);
            }
        }
        if !methods.is_empty() {
            entries.push(methods);
        }
        Self::parse(entries)
    }
}

/// The entries, separated by spaces.
impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{entry}")?;
        }
        Ok(())
    }
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(entry: &str) -> Result<Self, AllowedHostError> {
        parse::entry(entry).map(AllowedHost)
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.denies { DENY } else { "" })?;
        self.0.fmt(f)
    }
}

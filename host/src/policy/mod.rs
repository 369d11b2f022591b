//! What a store allows its requests. Pure decisions over values.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Method;
use url::Url;

use crate::address;
use crate::allowed_hosts::{AllowedHosts, Verdict};
use crate::credentials::Credential;
use crate::hook::Hooks;
use crate::request_url;

/// Where the requests of a store may go, the credentials added to them, and the hooks that see
/// them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    pub allowed_hosts: Arc<AllowedHosts>,
    pub allow_private_networks: bool,
    /// `None`, and not an empty list, so that requests without credentials skip all of this.
    pub credentials: Option<Arc<Vec<Credential>>>,
    /// `None` without hooks, for the same reason.
    pub hooks: Option<Arc<Hooks>>,
}

impl Policy {
    /// Whether a request with this method and URL is limited to public addresses; an error if it is
    /// denied.
    pub(crate) fn public_only(&self, method: &Method, url: &Url) -> Result<bool, Denied> {
        let reason = match self.allowed_hosts.verdict(Some(method), url) {
            Verdict::Public => return Ok(true),
            Verdict::PublicOnly => return Ok(!self.allow_private_networks),
            Verdict::Anywhere => return Ok(false),
            Verdict::NotAllowed => DeniedReason::NotAllowed,
            Verdict::OtherRequests => DeniedReason::MethodOrPath(entry_for(method, url)),
            Verdict::Denied(rule) => DeniedReason::DeniedBy(rule.to_string()),
        };
        Err(Denied::new(url, reason))
    }

    /// Why a request to this URL must not be sent to an address of its name; `None` if it may.
    pub(crate) fn refusal(
        &self,
        url: &Url,
        public_only: bool,
        address: SocketAddr,
    ) -> Option<Denied> {
        if public_only && !address::is_public(address.ip()) {
            return Some(Denied::new(url, DeniedReason::NotPublic(address.ip())));
        }
        if !self.allowed_hosts.deny_addresses() {
            return None;
        }
        let https = url.scheme() == "https";
        let rule = self.allowed_hosts.denies_address(https, address)?;
        Some(Denied::new(url, DeniedReason::DeniedBy(rule.to_string())))
    }
}

/// The narrowest entry that allows a request.
fn entry_for(method: &Method, url: &Url) -> String {
    let entry = format!("{method} {}", request_url::redacted(url));
    let allows = |hosts: AllowedHosts| hosts.allows_request(method, url);
    match AllowedHosts::parse([&entry]).is_ok_and(allows) {
        true => entry,
        // No entry can have such a path.
        false => format!("{method} {}", request_url::origin(url)),
    }
}

/// A denied request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Denied {
    /// Whose request it was: the store's [`label`](crate::HttpCtxBuilder::label).
    pub label: Option<Arc<str>>,
    /// The URL without its query and fragment, which may carry secrets.
    pub url: String,
    /// The URL's scheme, host and port: the entry of [`AllowedHosts`] that would allow it.
    pub origin: String,
    /// Why it was denied.
    pub reason: DeniedReason,
}

/// Why a request was denied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeniedReason {
    /// No entry of the [`AllowedHosts`] allows the URL.
    NotAllowed,
    /// The entries of the [`AllowedHosts`] for this host have other methods or paths; this entry
    /// would allow it.
    MethodOrPath(String),
    /// A [`Hook`](crate::Hook) refused it, for this reason.
    Refused(String),
    /// This entry of the [`AllowedHosts`] denies it.
    DeniedBy(String),
    /// The name resolves to this address, which is not a public one.
    NotPublic(IpAddr),
}

impl Denied {
    /// A denied request to this URL, of a store without a label.
    #[must_use]
    pub fn new(url: &Url, reason: DeniedReason) -> Self {
        Denied {
            label: None,
            url: request_url::redacted(url),
            origin: request_url::origin(url),
            reason,
        }
    }
}

impl fmt::Display for DeniedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeniedReason::NotAllowed => f.write_str("no allowed host matches"),
            DeniedReason::MethodOrPath(_) => {
                f.write_str("the allowed hosts have other methods or paths of it")
            }
            DeniedReason::Refused(reason) => write!(f, "refused: {reason}"),
            DeniedReason::DeniedBy(rule) => write!(f, "denied by \"deny:{rule}\""),
            DeniedReason::NotPublic(address) => {
                write!(f, "resolves to {address}, which is not a public address")
            }
        }
    }
}

/// What was denied and why, and what would allow it.
impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Denied {
            url,
            origin,
            reason,
            ..
        } = self;
        match reason {
            DeniedReason::NotAllowed => write!(f, "{url} is denied: {reason}; {origin:?} would"),
            DeniedReason::MethodOrPath(entry) => {
                write!(f, "{url} is denied: {reason}; {entry:?} would allow it")
            }
            DeniedReason::Refused(_) | DeniedReason::DeniedBy(_) => write!(f, "{url} is {reason}"),
            DeniedReason::NotPublic(_) => write!(
                f,
                "{url} is denied: it {reason}; `allow_private_networks` (`--allow-private`) would \
                 allow it"
            ),
        }
    }
}

//! Name lookup, and the address filter: what is connected to is what was checked, since ureq hands
//! the addresses from here on to the connector.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Instant;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

use super::scope::Scope;
use super::workers::{self, WaitError};
use super::{NetError, address};

/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 16;

/// A name lookup of the embedder's own.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Looks names up, and leaves out the addresses that may not be connected to.
#[derive(Clone)]
pub(crate) struct FilteringResolver {
    /// Whether only public addresses are given.
    pub public_only: bool,
    /// `None` for the system's.
    pub lookup: Option<Lookup>,
}

impl fmt::Debug for FilteringResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilteringResolver")
            .field("public_only", &self.public_only)
            .finish_non_exhaustive()
    }
}

impl Resolver for FilteringResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let scope = Scope::current();
        let https = uri.scheme_str() == Some("https");
        if let Some(scope) = &scope {
            scope.token().check()?;
            scope.connecting(https);
        }
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let found = match literal(host) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => self.look_up(host.to_owned(), port, timeout, scope.as_deref())?,
        };
        let mut addresses = self.empty();
        let mut refused = None;
        for address in found {
            match self.refusal(host, address, scope.as_deref()) {
                Some(error) => refused = refused.or(Some(error)),
                None if addresses.len() < MAX_ADDRESSES => addresses.push(address),
                None => break,
            }
        }
        if addresses.is_empty() {
            return Err(refused.map_or(Error::HostNotFound, Error::from));
        }
        Ok(addresses)
    }
}

impl FilteringResolver {
    /// Why an address may not be connected to, if it may not.
    fn refusal(&self, host: &str, address: SocketAddr, scope: Option<&Scope>) -> Option<NetError> {
        if self.public_only && !address::is_public(address.ip()) {
            return Some(NetError::NotPublic {
                host: host.to_owned(),
                address: address.ip(),
            });
        }
        let rule = scope?.denied_by(address)?;
        Some(NetError::DeniedAddress {
            host: host.to_owned(),
            address: address.ip(),
            rule,
        })
    }

    fn look_up(
        &self,
        host: String,
        port: u16,
        timeout: NextTimeout,
        scope: Option<&Scope>,
    ) -> Result<Vec<SocketAddr>, Error> {
        let lookup = self.lookup.clone();
        let look_up = move || match lookup {
            None => (host.as_str(), port)
                .to_socket_addrs()
                .map(|addresses| addresses.collect()),
            Some(lookup) => lookup(&host).map(|found| {
                found
                    .into_iter()
                    .map(|address| SocketAddr::new(address, port))
                    .collect()
            }),
        };
        let Some(scope) = scope else {
            return Ok(look_up()?);
        };
        let started = Instant::now();
        let after = (!timeout.after.is_not_happening()).then_some(*timeout.after);
        let found = workers::run(scope.token(), after, look_up);
        scope.resolved(started.elapsed());
        match found {
            Ok(addresses) => addresses.map_err(|error| failed(&error).into()),
            Err(WaitError::TimedOut) => Err(Error::Timeout(Timeout::Resolve)),
            Err(WaitError::Cancelled(error)) => Err(error.into()),
            Err(WaitError::Failed(error)) => Err(error.into()),
        }
    }
}

/// What an error of the system's lookup, or of the embedder's, means.
fn failed(error: &io::Error) -> NetError {
    // The texts of `getaddrinfo` for `EAI_NONAME` and `EAI_NODATA`, which the standard library
    // passes on without their numbers: of glibc, musl, BSD and macOS, and Windows.
    const NOT_FOUND: [&str; 6] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname provided",
        "hostname nor servname",
        "No such host is known",
    ];
    let text = error.to_string();
    NetError::LookupFailed {
        not_found: error.kind() == io::ErrorKind::NotFound
            || NOT_FOUND.iter().any(|not_found| text.contains(not_found)),
        text,
    }
}

/// The address that a URL's host is, if it is no name.
fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(uri: &str, public_only: bool) -> Result<Vec<String>, Error> {
        FilteringResolver {
            public_only,
            lookup: None,
        }
        .resolve(
            &uri.parse().unwrap(),
            &Config::default(),
            NextTimeout::default(),
        )
        .map(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn literals_need_no_lookup() {
        let cases = [
            ("http://127.0.0.1/", "127.0.0.1:80"),
            ("https://127.0.0.1/", "127.0.0.1:443"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("http://[::1]:8080/", "[::1]:8080"),
        ];
        for (uri, expected) in cases {
            assert_eq!(resolve(uri, false).unwrap(), [expected], "{uri}");
        }
    }

    #[test]
    fn what_is_not_public_is_filtered() {
        for uri in ["http://localhost/", "http://127.0.0.1/", "http://[::1]/"] {
            let error = resolve(uri, true).unwrap_err();
            assert!(
                matches!(NetError::find(&error), Some(NetError::NotPublic { .. })),
                "{uri}"
            );
        }
        assert_eq!(resolve("http://1.1.1.1/", true).unwrap(), ["1.1.1.1:80"]);
        assert!(!resolve("http://localhost/", false).unwrap().is_empty());
    }
}

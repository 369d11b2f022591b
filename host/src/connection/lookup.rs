//! Name lookup, on threads of the client: `getaddrinfo` blocks and cannot be interrupted.
//!
//! The requesting thread waits for the result until its deadline or its cancellation; the lookup
//! then ends on its own. Nothing else runs on these threads, so a name whose servers do not answer
//! can delay only other lookups.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::error::Error;
use crate::exchange::Exchange;
use crate::limits::Phase;
use crate::workers::Workers;

/// How many lookups of a client run at once; others wait.
const MAX_LOOKUPS: usize = 64;

/// The embedder's own name lookup.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Looks up names for one client.
pub(crate) struct Names {
    /// `None` for the system's lookup.
    lookup: Option<Lookup>,
    workers: Arc<Workers>,
}

impl Names {
    pub(crate) fn new(lookup: Option<Lookup>) -> Self {
        Names {
            lookup,
            workers: Workers::new("wasi-http-lookup", MAX_LOOKUPS),
        }
    }

    /// Ends idle threads.
    pub(crate) fn shut_down(&self) {
        self.workers.shut_down();
    }

    /// The addresses of a host, which is a name or an address itself.
    pub(crate) fn find(&self, exchange: &Exchange, host: &str) -> Result<Vec<IpAddr>, Error> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let lookup = self.lookup.clone();
        let name = host.to_owned();
        let look_up = move || match lookup {
            Some(lookup) => lookup(&name),
            // `getaddrinfo` wants a port; it does not matter.
            None => (name.as_str(), 0)
                .to_socket_addrs()
                .map(|found| found.map(|address| address.ip()).collect()),
        };
        let deadline = exchange.deadlines.begin(Phase::Lookup);
        self.workers
            .run(&exchange.cancel, deadline, look_up)?
            .map_err(|error| Error::Lookup {
                host: host.to_owned(),
                source: Arc::new(error),
            })
    }
}

/// The address, if a URL's host is one.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .parse()
        .ok()
}

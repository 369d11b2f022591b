//! Name lookup, on threads of the client: the system's blocks and cannot be interrupted.
//!
//! The thread of a guest waits for the lookup, and stops waiting at its deadline or when it is
//! cancelled; the lookup then ends by itself. Nothing else runs on these threads, so a name whose
//! servers do not answer delays names only.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::error::Error;
use crate::exchange::Exchange;
use crate::limits::Phase;
use crate::workers::Workers;

/// How many lookups of a client run at once; more wait for their turn.
const MAX_LOOKUPS: usize = 64;

/// A name lookup of the embedder's own.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Looks names up for one client.
pub(crate) struct Names {
    /// `None` for the system's.
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

    /// Ends the threads that have nothing to do.
    pub(crate) fn shut_down(&self) {
        self.workers.shut_down();
    }

    /// The addresses of a host, which may be one itself.
    pub(crate) fn find(&self, exchange: &Exchange, host: &str) -> Result<Vec<IpAddr>, Error> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let lookup = self.lookup.clone();
        let name = host.to_owned();
        let look_up = move || match lookup {
            Some(lookup) => lookup(&name),
            // The port is not looked up.
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

/// The address that a URL's host is, if it is no name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .parse()
        .ok()
}

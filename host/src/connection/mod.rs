//! Connections: name lookup, TCP and TLS, the pool of those that are idle, and how a request is sent
//! over one.
//!
//! Whoever uses a connection says for which [`Exchange`]: its deadlines, its cancellation and its
//! counters hold for all that happens on it.

mod buffers;
pub(crate) mod dial;
mod lease;
pub(crate) mod lookup;
pub(crate) mod pool;
mod socket;
pub(crate) mod tls;
pub(crate) mod transport;
mod tunnel;
mod unanswered;

pub(crate) use lease::Lease;
pub(crate) use socket::Patience;
pub(crate) use unanswered::Unanswered;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::error::Error;
use crate::exchange::Exchange;
use crate::proxy::Proxy;
use socket::Socket;
use tls::Tls;

/// An open connection, in TLS or not.
pub(crate) struct Connection {
    socket: Socket,
    /// In a box, since most of a connection that is idle would be room for this.
    tls: Option<Box<Tls>>,
    /// The server's address, which was checked; `None` if a proxy has looked its name up.
    server: Option<SocketAddr>,
    /// The proxy that is given the requests, if there is one that is.
    forwarder: Option<Arc<Proxy>>,
}

impl Connection {
    /// What is connected to: the server, or the proxy before it.
    fn peer(&self) -> SocketAddr {
        self.socket.peer()
    }

    /// Reads at least one byte, or 0 at the end of what the server sends.
    fn read(
        &mut self,
        exchange: &Exchange,
        buffer: &mut [u8],
        patience: Patience,
    ) -> Result<usize, Error> {
        match &mut self.tls {
            None => self.socket.read(exchange, buffer, patience),
            Some(tls) => tls.read(&mut self.socket, exchange, buffer, patience),
        }
    }

    /// Takes some of the bytes, and sends them unless that would wait for longer than it may:
    /// [`Connection::flush`] sends the rest.
    fn write(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<usize, Error> {
        match &mut self.tls {
            None => self.socket.write(exchange, bytes, patience),
            Some(tls) => tls.write(&mut self.socket, exchange, bytes, patience),
        }
    }

    fn flush(&mut self, exchange: &Exchange, patience: Patience) -> Result<(), Error> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.flush(&mut self.socket, exchange, patience),
        }
    }

    fn is_flushed(&self) -> bool {
        self.tls.as_ref().is_none_or(|tls| tls.is_flushed())
    }

    /// Whether nothing that the server sent is left in TLS. What is left in the socket shows when
    /// the connection is taken again.
    fn is_clean(&mut self) -> bool {
        self.tls.as_mut().is_none_or(|tls| tls.is_clean())
    }

    /// Whether an idle connection is open, and has nothing to read that could pass for the answer
    /// to a request that is not sent yet.
    fn is_idle(&mut self, exchange: &Exchange) -> bool {
        loop {
            if self.socket.is_silent() {
                return self.is_clean();
            }
            let Some(tls) = &mut self.tls else {
                return false;
            };
            // Session tickets may come at any time, and are no answer.
            if tls.receive_unasked(&mut self.socket, exchange).is_err() || !tls.is_clean() {
                return false;
            }
        }
    }
}

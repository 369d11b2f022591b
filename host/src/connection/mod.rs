//! Connections: name lookup, TCP and TLS, the pool of idle ones, and sending a request over one.
//!
//! Every operation on a connection names the [`Exchange`] that it is for, whose deadlines,
//! cancellation and byte counters apply.

mod buffers;
pub(crate) mod dial;
mod lease;
pub(crate) mod lookup;
pub(crate) mod pool;
pub(crate) mod sender;
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

/// An open connection, with or without TLS.
pub(crate) struct Connection {
    socket: Socket,
    /// Boxed, because it is large and plain connections do not have it.
    tls: Option<Box<Tls>>,
    /// The server's address, which passed the filter; `None` if a proxy looked up its name.
    server: Option<SocketAddr>,
    /// The proxy that forwards the requests, if they are not sent to the server itself.
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

    /// Accepts some of the bytes, and sends as many as `patience` allows: [`Connection::flush`]
    /// sends the rest.
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

    /// Whether TLS holds no received data. Data in the socket is noticed when the connection is
    /// taken from the pool.
    fn is_clean(&mut self) -> bool {
        self.tls.as_mut().is_none_or(|tls| tls.is_clean())
    }

    /// Whether an idle connection is still open, and nothing has arrived that would be taken for
    /// the answer to the next request.
    fn is_idle(&mut self, exchange: &Exchange) -> bool {
        loop {
            if self.socket.is_silent() {
                return self.is_clean();
            }
            let Some(tls) = &mut self.tls else {
                return false;
            };
            // Session tickets may arrive at any time, and are not application data.
            if tls.receive_unasked(&mut self.socket, exchange).is_err() || !tls.is_clean() {
                return false;
            }
        }
    }
}

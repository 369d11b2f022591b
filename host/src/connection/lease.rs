//! The exclusive use of a connection by one exchange.

use std::borrow::Cow;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use url::Url;

use super::buffers::{Chunk, Input, Output};
use super::pool::{Key, Place};
use super::tls::TlsConfig;
use super::{Connection, Patience};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::cancel::Wait;
use crate::limits::INPUT_BUFFER_SIZE;
use crate::proxy::Proxy;

/// A connection in use by one exchange, from the moment it is chosen to the end of the response's
/// body. Dropping it closes the connection; [`Lease::give_back`] returns it to the pool.
pub(crate) struct Lease {
    connection: Connection,
    pub input: Input,
    exchange: Holder,
    place: Place,
    key: Key,
    reused: bool,
    /// Whether any byte of a response arrived.
    answered: bool,
    /// Whether the connection is still fit for reuse.
    reusable: bool,
}

/// The exchange that uses the connection, and may be cancelled by shutting down its socket.
struct Holder(Arc<Exchange>);

impl Drop for Holder {
    fn drop(&mut self) {
        // Cancellation holds a reference to the socket, which would keep it open.
        let _ = self.0.cancel.done_waiting();
    }
}

impl Lease {
    /// Takes a connection into use. `reused`: it comes from the pool.
    pub(super) fn new(
        connection: Connection,
        exchange: Arc<Exchange>,
        place: Place,
        key: Key,
        reused: bool,
    ) -> Result<Self, Error> {
        let socket = connection.socket.stream().clone();
        exchange.cancel.wait_for(Wait::Socket(socket))?;
        exchange.traffic.useful();
        Ok(Lease {
            input: Input::new(place.buffers().clone()),
            connection,
            exchange: Holder(exchange),
            place,
            key,
            reused,
            answered: false,
            reusable: true,
        })
    }

    pub(crate) fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange.0
    }

    /// What is connected to: the server, or the proxy before it.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.connection.peer()
    }

    /// The server's address; `None` if a proxy looked up its name.
    pub(crate) fn server(&self) -> Option<SocketAddr> {
        self.connection.server
    }

    /// The proxy that forwards the requests, if they are not sent to the server itself.
    pub(crate) fn forwarder(&self) -> Option<&Proxy> {
        self.connection.forwarder.as_deref()
    }

    /// The start of a request in the form that the other end expects: for a proxy that forwards it,
    /// the target is the whole URL (RFC 9112, section 3.2.2), and the proxy's credentials follow.
    pub(super) fn addressed<'a>(&self, request: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(proxy) = self.forwarder() else {
            return request.into();
        };
        let target = request.iter().position(|byte| *byte == b' ');
        let line_end = request.windows(2).position(|bytes| bytes == b"\r\n");
        let (Some(target), Some(line_end)) = (target, line_end) else {
            return request.into();
        };
        let (target, fields) = (target + 1, line_end + 2);
        let mut addressed = Vec::with_capacity(request.len() + self.key.origin.len());
        addressed.extend(&request[..target]);
        addressed.extend(self.key.origin.bytes());
        addressed.extend(&request[target..fields]);
        if let Some(value) = proxy.authorization() {
            addressed.extend(format!("Proxy-Authorization: {value}\r\n").bytes());
        }
        addressed.extend(&request[fields..]);
        addressed.into()
    }

    /// Whether the server probably closed the connection before it saw the request: it came from
    /// the pool, and no byte came back.
    pub(crate) fn died_idle(&self) -> bool {
        self.reused && !self.answered
    }

    /// Marks the connection as unfit for reuse.
    pub(crate) fn spoil(&mut self) {
        self.reusable = false;
    }

    /// Reserves the connection for this store, because a request authenticated it.
    pub(crate) fn own(&mut self) {
        self.key.owner = Some(self.exchange.0.store.own());
    }

    /// Performs the TLS handshake with the host of a URL.
    pub(super) fn start_tls(
        &mut self,
        config: &TlsConfig,
        url: &Url,
        patience: Patience,
    ) -> Result<(), Error> {
        let socket = &mut self.connection.socket;
        let tls = config.connect(socket, url, &self.exchange.0, patience)?;
        self.connection.tls = Some(Box::new(tls));
        self.exchange.0.traffic.useful();
        Ok(())
    }

    /// The socket, to wait until it is readable.
    pub(crate) fn socket(&self) -> &Arc<TcpStream> {
        self.connection.socket.stream()
    }

    /// Whether received bytes are buffered here. More may be in the socket.
    pub(crate) fn has_received(&mut self) -> bool {
        let tls = self.connection.tls.as_mut();
        !self.input.waiting().is_empty() || tls.is_some_and(|tls| tls.has_received())
    }

    pub(super) fn output(&self) -> Output {
        Output::new(self.place.buffers().clone())
    }

    /// A buffer for the next chunk of a request body.
    pub(super) fn chunk(&self) -> Chunk {
        Chunk::new(self.place.buffers().clone())
    }

    /// Reads past `input`, which must be empty, directly into `buffer`.
    pub(crate) fn read(&mut self, buffer: &mut [u8], patience: Patience) -> Result<usize, Error> {
        let count = self.connection.read(&self.exchange.0, buffer, patience)?;
        self.answered |= count > 0;
        Ok(count)
    }

    /// Reads into `input`, until it holds at most `max` bytes. Returns how many arrived; 0 at the
    /// end.
    pub(crate) fn fill(&mut self, max: usize, patience: Patience) -> Result<usize, Error> {
        let room = self.input.room(max);
        if room.is_empty() {
            return Err(Error::BufferFull { max });
        }
        // In pieces, so that each is counted, and checked against limits, before the next is read.
        let piece = room.len().min(INPUT_BUFFER_SIZE);
        let room = &mut room[..piece];
        let count = self.connection.read(&self.exchange.0, room, patience)?;
        self.answered |= count > 0;
        self.input.filled(count);
        Ok(count)
    }

    pub(super) fn write(&mut self, bytes: &[u8], patience: Patience) -> Result<usize, Error> {
        self.connection.write(&self.exchange.0, bytes, patience)
    }

    pub(super) fn flush(&mut self, patience: Patience) -> Result<(), Error> {
        self.connection.flush(&self.exchange.0, patience)
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.connection.is_flushed()
    }

    /// Waits until the socket is writable, or with `or_reads` readable.
    pub(super) fn wait_to_write(&self, or_reads: bool) -> Result<(), Error> {
        self.connection
            .socket
            .wait_to_write(&self.exchange.0, or_reads)
    }

    /// Returns the connection to the pool after a complete response, unless it is unfit for reuse
    /// or bytes are left in it.
    ///
    /// There is no other way into the pool.
    pub(crate) fn give_back(mut self) {
        let is_clean = self.reusable && self.input.waiting().is_empty();
        if self.exchange.0.cancel.done_waiting().is_ok() && is_clean && self.connection.is_clean() {
            let Lease {
                connection,
                place,
                key,
                ..
            } = self;
            place.keep(key, connection);
        }
    }
}

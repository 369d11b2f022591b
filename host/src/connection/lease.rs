//! A connection that one exchange uses.

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

/// A connection that one exchange uses, from the moment it is chosen to the end of the response's
/// body. Dropping it closes the connection; [`Lease::give_back`] keeps it for others.
pub(crate) struct Lease {
    connection: Connection,
    pub input: Input,
    exchange: Holder,
    place: Place,
    key: Key,
    reused: bool,
    /// Whether a byte of an answer came.
    answered: bool,
    /// Whether what happened on the connection permits to use it again.
    reusable: bool,
}

/// The exchange that has a connection, whose canceller may shut that down.
struct Holder(Arc<Exchange>);

impl Drop for Holder {
    fn drop(&mut self) {
        // The canceller has the socket too, which would stay open.
        let _ = self.0.cancel.done_waiting();
    }
}

impl Lease {
    /// Makes a connection the exchange's own; one that was idle if `reused`.
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

    /// The server's address, unless a proxy has looked its name up.
    pub(crate) fn server(&self) -> Option<SocketAddr> {
        self.connection.server
    }

    /// The proxy that is given the request, rather than the server.
    pub(crate) fn forwarder(&self) -> Option<&Proxy> {
        self.connection.forwarder.as_deref()
    }

    /// The start of a request as it is sent: for a proxy that forwards it, the target is the whole URL
    /// (RFC 9112, section 3.2.2), and the credentials for the proxy follow.
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

    /// Whether the server may have closed the connection before it saw the request: it had been
    /// idle, and no byte came back.
    pub(crate) fn died_idle(&self) -> bool {
        self.reused && !self.answered
    }

    /// Notes that the connection must not be used again.
    pub(crate) fn spoil(&mut self) {
        self.reusable = false;
    }

    /// Notes that the connection was authenticated, and is the store's own from now on.
    pub(crate) fn own(&mut self) {
        self.key.owner = Some(self.exchange.0.store.own());
    }

    /// Negotiates TLS with the server of a URL.
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

    /// The socket, for those who wait until there is something to read.
    pub(crate) fn socket(&self) -> &Arc<TcpStream> {
        self.connection.socket.stream()
    }

    /// Whether bytes of the server have come that nobody has read; others may be in the socket.
    pub(crate) fn has_received(&mut self) -> bool {
        let tls = self.connection.tls.as_mut();
        !self.input.waiting().is_empty() || tls.is_some_and(|tls| tls.has_received())
    }

    pub(super) fn output(&self) -> Output {
        Output::new(self.place.buffers().clone())
    }

    /// A place for what is put into chunks next.
    pub(super) fn chunk(&self) -> Chunk {
        Chunk::new(self.place.buffers().clone())
    }

    /// Reads what comes next, past what is waiting in `input`.
    pub(crate) fn read(&mut self, buffer: &mut [u8], patience: Patience) -> Result<usize, Error> {
        let count = self.connection.read(&self.exchange.0, buffer, patience)?;
        self.answered |= count > 0;
        Ok(count)
    }

    /// Reads into `input`, up to `max` bytes in all: how many came, 0 at the end.
    pub(crate) fn fill(&mut self, max: usize, patience: Patience) -> Result<usize, Error> {
        let room = self.input.room(max);
        if room.is_empty() {
            return Err(Error::BufferFull { max });
        }
        // In pieces, each of which is counted before the next is taken.
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

    /// Waits until a write, or with `or_reads` a read, need not wait.
    pub(super) fn wait_to_write(&self, or_reads: bool) -> Result<(), Error> {
        self.connection
            .socket
            .wait_to_write(&self.exchange.0, or_reads)
    }

    /// Ends the use of the connection after a whole response: it is kept for others, unless
    /// something is left in it or speaks against it.
    ///
    /// This is the one place from which connections go to the pool.
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

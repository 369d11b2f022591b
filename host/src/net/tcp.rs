//! TCP connections that can be cancelled.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

use super::NetError;
use super::cancel::{Operation, Running, Token};
use super::scope::Scope;
use super::workers::{self, WaitError};

/// Connects to the addresses that the resolver gave, one after the other.
#[derive(Debug)]
pub(crate) struct CancellableTcp;

impl Connector<()> for CancellableTcp {
    type Out = TcpTransport;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let scope = Scope::current();
        if let Some(scope) = &scope {
            scope.connect_started();
        }
        let deadline =
            duration(details.timeout.after).and_then(|after| Instant::now().checked_add(after));
        let mut last_error = Error::HostNotFound;
        let addresses = &details.addrs;
        for (index, address) in addresses.iter().enumerate() {
            // Half of what is left for each but the last, so that one address that does not
            // answer leaves time for the others.
            let timeout = match deadline {
                None => None,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Error::Timeout(details.timeout.reason));
                    }
                    let last = index + 1 == addresses.len();
                    Some(if last { left } else { left / 2 })
                }
            };
            match connect(*address, timeout, scope.as_deref()) {
                Ok(stream) => {
                    stream.set_nodelay(details.config.no_delay())?;
                    let buffers = LazyBuffers::new(
                        details.config.input_buffer_size(),
                        details.config.output_buffer_size(),
                    );
                    return Ok(Some(TcpTransport::new(stream, *address, buffers)));
                }
                Err(error @ Error::Other(_)) => return Err(error),
                Err(error) => {
                    tracing::debug!(%address, %error, "cannot connect");
                    last_error = error;
                }
            }
        }
        Err(last_error)
    }
}

fn connect(
    address: SocketAddr,
    timeout: Option<Duration>,
    scope: Option<&Scope>,
) -> Result<TcpStream, Error> {
    let connect = move || match timeout {
        None => TcpStream::connect(address),
        Some(timeout) => TcpStream::connect_timeout(&address, timeout),
    };
    let connected = match scope {
        None => connect(),
        Some(scope) => match workers::run(scope.token(), timeout, connect) {
            Ok(connected) => connected,
            Err(WaitError::TimedOut) => return Err(Error::Timeout(Timeout::Connect)),
            Err(WaitError::Cancelled(error)) => return Err(error.into()),
            Err(WaitError::Failed(error)) => Err(error),
        },
    };
    connected.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::Timeout(Timeout::Connect),
        _ => Error::Io(error),
    })
}

fn duration(after: ureq::unversioned::transport::time::Duration) -> Option<Duration> {
    (!after.is_not_happening()).then_some(*after)
}

/// A TCP connection.
pub(crate) struct TcpTransport {
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    /// The store whose request this is, from its first byte on the wire to the end of the
    /// response's body; `None` while the connection is idle.
    owner: Option<Arc<Token>>,
    buffers: LazyBuffers,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl TcpTransport {
    fn new(stream: TcpStream, peer: SocketAddr, buffers: LazyBuffers) -> Self {
        TcpTransport {
            stream: Arc::new(stream),
            peer,
            owner: None,
            buffers,
            read_timeout: None,
            write_timeout: None,
        }
    }
}

/// Lets the owner of a connection interrupt what follows.
fn begin<'t>(
    owner: &'t Option<Arc<Token>>,
    stream: &Arc<TcpStream>,
) -> Result<Option<Running<'t>>, NetError> {
    let Some(token) = owner else {
        return Ok(None);
    };
    Ok(Some(token.begin(Operation::Socket(stream.clone()))?))
}

/// By how much a long timeout may be exceeded: setting one anew for each read, because a few
/// microseconds less are left, would cost a system call each time.
const TIMEOUT_SLACK: Duration = Duration::from_millis(100);

/// What is a long timeout.
const LONG_TIMEOUT: Duration = Duration::from_secs(10);

/// Sets a socket's timeout, unless it is as good as set already.
fn set_timeout(
    wanted: NextTimeout,
    current: &mut Option<Duration>,
    set: impl FnOnce(Option<Duration>) -> io::Result<()>,
) -> Result<(), Error> {
    let wanted = match duration(wanted.after) {
        Some(Duration::ZERO) => return Err(Error::Timeout(wanted.reason)),
        wanted => wanted,
    };
    let close_enough = match (*current, wanted) {
        (Some(current), Some(wanted)) if wanted >= LONG_TIMEOUT => {
            current >= wanted && current - wanted <= TIMEOUT_SLACK
        }
        (current, wanted) => current == wanted,
    };
    if !close_enough {
        set(wanted)?;
        *current = wanted;
    }
    Ok(())
}

/// That there is no more room for what the client cannot use before there is more of it.
pub(super) fn full(buffers: &LazyBuffers) -> Error {
    NetError::BufferFull {
        max: buffers.input().len(),
    }
    .into()
}

/// What a failed read or write means: cancellation comes before what it looks like.
fn failure(error: io::Error, timeout: NextTimeout, owner: Option<&Arc<Token>>) -> Error {
    if owner.is_some_and(|token| token.is_cancelled()) {
        return NetError::Cancelled.into();
    }
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::Timeout(timeout.reason),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => NetError::Reset.into(),
        _ => Error::Io(error),
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.owner.is_none()
            && let Some(scope) = Scope::current()
        {
            scope.sending(self.peer);
            self.owner = Some(scope.token().clone());
        }
        let stream = &self.stream;
        let _running = begin(&self.owner, stream)?;
        let deadline = duration(timeout.after).and_then(|after| Instant::now().checked_add(after));
        let mut timeout = timeout;
        let mut rest = &self.buffers.output()[..amount];
        while !rest.is_empty() {
            let limit = timeout.for_write();
            set_timeout(limit, &mut self.write_timeout, |timeout| {
                stream.set_write_timeout(timeout)
            })?;
            match (&**stream).write(rest) {
                Ok(0) => return Err(Error::Io(io::ErrorKind::WriteZero.into())),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(error, limit, self.owner.as_ref())),
            }
            // A server that takes a few bytes at a time does not get a new deadline for each.
            if let Some(deadline) = deadline
                && !rest.is_empty()
            {
                let left = deadline.saturating_duration_since(Instant::now());
                timeout.after = left.into();
            }
        }
        if let Some(token) = &self.owner {
            token.traffic().sent(amount);
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self
            .owner
            .as_ref()
            .is_some_and(|token| token.is_impatient())
        {
            return Err(Error::Io(io::ErrorKind::WouldBlock.into()));
        }
        let timeout = timeout.for_read();
        let stream = &self.stream;
        set_timeout(timeout, &mut self.read_timeout, |timeout| {
            stream.set_read_timeout(timeout)
        })?;
        let _running = begin(&self.owner, stream)?;
        let buffer = self.buffers.input_append_buf();
        if buffer.is_empty() {
            return Err(full(&self.buffers));
        }
        let count = loop {
            match (&**stream).read(buffer) {
                // The timeout starts anew after a signal, which a signal a minute could stretch;
                // the total timeout ends that.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(error, timeout, self.owner.as_ref())),
                Ok(count) => break count,
            }
        };
        if let Some(token) = &self.owner {
            // A socket that was shut down reads as one that the server closed.
            token.check()?;
            token.traffic().received(count)?;
        }
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    /// Asked when a connection comes back from a request, and before it is used again. The first
    /// time nobody needs to know: who closes it, or sends what nobody asked for, can do so later
    /// as well, and the second time shows it.
    fn is_open(&mut self) -> bool {
        if self.owner.take().is_some() {
            return true;
        }
        Scope::current().is_none_or(|scope| scope.may_reuse(self.peer)) && is_idle(&self.stream)
    }
}

/// Whether a connection is open and has nothing to read: bytes that nobody asked for would be
/// taken for the next response.
#[cfg(unix)]
fn is_idle(stream: &TcpStream) -> bool {
    use rustix::net::RecvFlags;

    // One system call, for each request.
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    rustix::net::recv(stream, &mut [0], flags) == Err(rustix::io::Errno::WOULDBLOCK)
}

/// The same for other systems.
#[cfg(not(unix))]
fn is_idle(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let nothing_there = matches!(
        stream.peek(&mut [0]),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock
    );
    nothing_there && stream.set_nonblocking(false).is_ok()
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A connection that was asked whether it is open after its request, as the pool does, and a
    /// second handle of its socket, and the server's end.
    fn idle() -> (TcpTransport, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let stream = TcpStream::connect(peer).unwrap();
        let socket = stream.try_clone().unwrap();
        let (server, _) = listener.accept().unwrap();
        let mut transport = TcpTransport::new(stream, peer, LazyBuffers::new(1024, 1024));
        transport.owner = Some(Arc::default());
        assert!(transport.is_open());
        (transport, socket, server)
    }

    #[test]
    fn an_idle_connection_is_used_again() {
        let (mut transport, _socket, _server) = idle();
        assert!(transport.is_open());
    }

    #[test]
    fn a_connection_with_bytes_that_nobody_asked_for_is_not_used_again() {
        let (mut transport, socket, mut server) = idle();
        server.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        assert_eq!(socket.peek(&mut [0]).unwrap(), 1);
        assert!(!transport.is_open());
    }

    #[test]
    fn a_connection_that_was_closed_while_idle_is_not_used_again() {
        let (mut transport, socket, server) = idle();
        drop(server);
        assert_eq!(socket.peek(&mut [0]).unwrap(), 0);
        assert!(!transport.is_open());
    }
}

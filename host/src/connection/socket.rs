//! A TCP socket whose reads and writes honour deadlines, even if signals interrupt them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::deadline::Deadline;
use crate::limits::Phase;

/// By how much a long timeout may be exceeded. Without slack each read would need a system call to
/// shorten the socket's timeout by the microseconds that have passed.
const TIMEOUT_SLACK: Duration = Duration::from_millis(100);

/// Timeouts of this length or more have [`TIMEOUT_SLACK`].
const LONG_TIMEOUT: Duration = Duration::from_secs(10);

/// A read of this many bytes means that the server is fast: more will arrive within [`FAST_WAIT`].
const FAST_READ: usize = 32 * 1024;

/// How long a thread spins for the next bytes of a fast server before it blocks: blocking and being
/// woken takes about as long.
const FAST_WAIT: Duration = Duration::from_micros(20);

/// Whether an operation may wait for the peer, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    /// Do not wait: [`Error::WouldBlock`] instead.
    None,
    /// Until this deadline, and at most the timeout of this phase without any byte.
    Until(Deadline, Phase),
}

impl Patience {
    /// How long the next system call may block; `None` if it must not.
    fn allowance(self, exchange: &Exchange) -> Result<Option<Allowance>, Error> {
        match self {
            Patience::None => Ok(None),
            Patience::Until(deadline, silence) => {
                let now = Instant::now();
                let deadline = deadline.or(exchange.deadlines.begin_at(silence, now));
                let left = deadline.left_at(now)?;
                Ok(Some(Allowance { deadline, left }))
            }
        }
    }
}

/// The deadline of a system call, and the time left until then, `None` for no limit.
#[derive(Clone, Copy)]
struct Allowance {
    deadline: Deadline,
    left: Option<Duration>,
}

/// A TCP socket.
pub(crate) struct Socket {
    /// Shared with the exchange's cancellation, which shuts it down.
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    #[cfg(not(unix))]
    blocking: bool,
    /// Whether the last read returned [`FAST_READ`] bytes or more.
    is_fast: bool,
    // The timeouts that are set on the socket, to avoid setting the same again. With 60 s set and
    // 59.95 s left nothing is set: the difference is within [`TIMEOUT_SLACK`].
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Socket {
    /// A connected socket, in blocking mode.
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr) -> Self {
        Socket {
            stream: Arc::new(stream),
            peer,
            #[cfg(not(unix))]
            blocking: true,
            is_fast: false,
            read_timeout: None,
            write_timeout: None,
        }
    }

    pub(crate) fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Reads at least one byte; 0 at the end.
    pub(crate) fn read(
        &mut self,
        exchange: &Exchange,
        buffer: &mut [u8],
        patience: Patience,
    ) -> Result<usize, Error> {
        let mut allowance = patience.allowance(exchange)?;
        let mut is_fast = self.is_fast;
        loop {
            let result = match allowance {
                None => self.without_waiting(|stream| now::read(stream, buffer)),
                Some(_) if std::mem::take(&mut is_fast) => self.read_in_a_moment(buffer),
                Some(Allowance { left, .. }) => {
                    if !is_close_enough(self.read_timeout, left) {
                        self.stream.set_read_timeout(left).map_err(unusable)?;
                        self.read_timeout = left;
                    }
                    self.waiting(|mut stream| stream.read(buffer))
                }
            };
            match result {
                Ok(count) => {
                    // Cancelling shuts down the socket, which reads like a close by the server.
                    exchange.cancel.check()?;
                    exchange.traffic.received(count)?;
                    self.is_fast = count >= FAST_READ;
                    return Ok(count);
                }
                Err(error) => check(exchange, error, &mut allowance, Error::Receive)?,
            }
        }
    }

    /// Writes at least one byte.
    pub(crate) fn write(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
        patience: Patience,
    ) -> Result<usize, Error> {
        let mut allowance = patience.allowance(exchange)?;
        loop {
            let result = match allowance {
                None => self.without_waiting(|stream| now::write(stream, bytes)),
                Some(Allowance { left, .. }) => {
                    if !is_close_enough(self.write_timeout, left) {
                        self.stream.set_write_timeout(left).map_err(unusable)?;
                        self.write_timeout = left;
                    }
                    self.waiting(|mut stream| stream.write(bytes))
                }
            };
            match result {
                Ok(count) => {
                    exchange.traffic.sent(count)?;
                    return Ok(count);
                }
                Err(error) => check(exchange, error, &mut allowance, Error::Send)?,
            }
        }
    }

    /// Waits until the socket is writable, or with `or_reads` readable.
    pub(crate) fn wait_to_write(&self, exchange: &Exchange, or_reads: bool) -> Result<(), Error> {
        let deadline = exchange.deadlines.begin(Phase::Write);
        let flags = if or_reads {
            PollFlags::IN | PollFlags::OUT
        } else {
            PollFlags::OUT
        };
        let mut poll = [PollFd::new(&self.stream, flags)];
        loop {
            let ready = rustix::event::poll(&mut poll, timespec(deadline.left()?).as_ref());
            exchange.cancel.check()?;
            match ready {
                // Timed out or interrupted: the loop checks the deadline.
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(Error::Send(Arc::new(error.into()))),
            }
        }
    }

    /// Whether the socket is open and nothing has arrived.
    pub(crate) fn is_silent(&mut self) -> bool {
        let peeked = self.without_waiting(now::peek);
        matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads the next bytes of a fast server, for which it spins for a moment.
    fn read_in_a_moment(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let started = Instant::now();
        loop {
            match self.without_waiting(|stream| now::read(stream, buffer)) {
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && started.elapsed() < FAST_WAIT =>
                {
                    std::thread::yield_now();
                }
                result => return result,
            }
        }
    }

    /// Runs a system call that may block for as long as the socket's timeouts say.
    #[cfg(unix)]
    fn waiting<T>(&mut self, call: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        call(&self.stream)
    }

    /// Runs a non-blocking call of [`now`].
    #[cfg(unix)]
    fn without_waiting<T>(
        &mut self,
        call: impl FnOnce(&TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        call(&self.stream)
    }

    #[cfg(not(unix))]
    fn waiting<T>(&mut self, call: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        self.set_blocking(true)?;
        call(&self.stream)
    }

    #[cfg(not(unix))]
    fn without_waiting<T>(
        &mut self,
        call: impl FnOnce(&TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        self.set_blocking(false)?;
        call(&self.stream)
    }

    #[cfg(not(unix))]
    fn set_blocking(&mut self, blocking: bool) -> io::Result<()> {
        if self.blocking != blocking {
            self.stream.set_nonblocking(!blocking)?;
            self.blocking = blocking;
        }
        Ok(())
    }
}

/// Non-blocking calls: with `MSG_DONTWAIT`, one system call each.
#[cfg(unix)]
mod now {
    use std::io;
    use std::net::TcpStream;

    use rustix::net::{RecvFlags, SendFlags, recv, send};

    /// A closed connection is an error, and no signal. On Apple's systems it is an option of the
    /// socket that says so, which the standard library sets.
    #[cfg(target_vendor = "apple")]
    const NO_SIGNAL: SendFlags = SendFlags::empty();
    #[cfg(not(target_vendor = "apple"))]
    const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;

    pub(super) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(stream, buffer, RecvFlags::DONTWAIT)?.0)
    }

    pub(super) fn peek(stream: &TcpStream) -> io::Result<usize> {
        Ok(recv(stream, &mut [0; 1], RecvFlags::DONTWAIT | RecvFlags::PEEK)?.0)
    }

    pub(super) fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(stream, bytes, SendFlags::DONTWAIT | NO_SIGNAL)?)
    }
}

/// Elsewhere: by switching the socket to non-blocking mode.
#[cfg(not(unix))]
mod now {
    use std::io::{self, Read, Write};
    use std::net::TcpStream;

    pub(super) fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer)
    }

    pub(super) fn peek(stream: &TcpStream) -> io::Result<usize> {
        stream.peek(&mut [0])
    }

    pub(super) fn write(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        stream.write(bytes)
    }
}

fn unusable(error: io::Error) -> Error {
    Error::Socket(Arc::new(error))
}

fn is_close_enough(current: Option<Duration>, wanted: Option<Duration>) -> bool {
    match (current, wanted) {
        (Some(current), Some(wanted)) if wanted >= LONG_TIMEOUT => {
            current >= wanted && current - wanted <= TIMEOUT_SLACK
        }
        (current, wanted) => current == wanted,
    }
}

/// Interprets a failed system call: `Ok` to repeat it with the time that is left. Cancellation
/// takes precedence over the error that it causes.
fn check(
    exchange: &Exchange,
    error: io::Error,
    allowance: &mut Option<Allowance>,
    failed: fn(Arc<io::Error>) -> Error,
) -> Result<(), Error> {
    use io::ErrorKind as Kind;
    exchange.cancel.check()?;
    let kind = error.kind();
    if allowance.is_none() && matches!(kind, Kind::WouldBlock | Kind::TimedOut) {
        return Err(Error::WouldBlock);
    }
    if !matches!(kind, Kind::Interrupted | Kind::WouldBlock | Kind::TimedOut) {
        return Err(failed(Arc::new(error)));
    }
    if let Some(Allowance { deadline, left }) = allowance {
        *left = deadline.left()?;
    }
    match kind {
        // Some systems report the socket's own timeout so; if there is time left, it is the
        // connection's.
        Kind::TimedOut => Err(failed(Arc::new(error))),
        _ => Ok(()),
    }
}

/// A timeout for `poll(2)`; `None` for no limit.
pub(super) fn timespec(timeout: Option<Duration>) -> Option<Timespec> {
    timeout.and_then(|timeout| Timespec::try_from(timeout).ok())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// An idle connection, another handle of its socket, and the server's end.
    fn idle() -> (Socket, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let stream = TcpStream::connect(peer).unwrap();
        let other = stream.try_clone().unwrap();
        let (server, _) = listener.accept().unwrap();
        (Socket::new(stream, peer), other, server)
    }

    #[test]
    fn an_idle_connection_is_used_again() {
        let (mut socket, _other, _server) = idle();
        assert!(socket.is_silent());
        assert!(socket.is_silent());
    }

    #[test]
    fn a_connection_with_bytes_that_nobody_asked_for_is_not_used_again() {
        let (mut socket, other, mut server) = idle();
        server.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        assert_eq!(other.peek(&mut [0]).unwrap(), 1);
        assert!(!socket.is_silent());
    }

    #[test]
    fn a_connection_that_was_closed_while_idle_is_not_used_again() {
        let (mut socket, other, server) = idle();
        drop(server);
        assert_eq!(other.peek(&mut [0]).unwrap(), 0);
        assert!(!socket.is_silent());
    }
}

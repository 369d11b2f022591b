//! A TCP socket whose reads and writes end at a deadline, whatever interrupts the thread.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::deadline::Deadline;
use crate::limits::Phase;

/// By how much a long timeout may be exceeded: setting one anew for each read, because a few
/// microseconds less are left, would cost a system call each time.
const TIMEOUT_SLACK: Duration = Duration::from_millis(100);

/// What is a long timeout.
const LONG_TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes in one read show that a server sends so fast that the next come within
/// [`FAST_WAIT`].
const FAST_READ: usize = 32 * 1024;

/// How long a thread looks for the next bytes of a fast server before it sleeps: to be put to sleep
/// and woken takes about as long, and costs the server's side as much again where that is on the same
/// machine.
const FAST_WAIT: Duration = Duration::from_micros(20);

/// Whether to wait for the other side, and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    /// Not at all: what is not there is [`Error::WouldBlock`].
    None,
    /// Until this deadline, and for no silence that is longer than the timeout of this phase.
    Until(Deadline, Phase),
}

impl Patience {
    /// For how long the system call that begins now may wait; `None` if it must not.
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

/// When a call must be over, and how much time that leaves: `None` for any.
#[derive(Clone, Copy)]
struct Allowance {
    deadline: Deadline,
    left: Option<Duration>,
}

/// A TCP socket.
pub(crate) struct Socket {
    /// Shared with those who may shut it down.
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    #[cfg(not(unix))]
    blocking: bool,
    /// Whether the last read gave [`FAST_READ`] or more.
    is_fast: bool,
    // What the operating system was told last.
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

    /// Reads at least one byte, or 0 at the end.
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
                    // A socket that was shut down reads as one that the server closed.
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

    /// Waits until the socket takes bytes, or, if `or_reads`, has some.
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
                // The deadline says whether it has come.
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(Error::Send(Arc::new(error.into()))),
            }
        }
    }

    /// Whether an idle connection is open and has nothing to read.
    pub(crate) fn is_silent(&mut self) -> bool {
        let peeked = self.without_waiting(now::peek);
        matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads what a fast server sends, without sleeping for it.
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

    /// Makes a call that may wait for as long as the socket's timeouts say.
    #[cfg(unix)]
    fn waiting<T>(&mut self, call: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        call(&self.stream)
    }

    /// Makes a call of [`now`].
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

/// Calls that do not wait: one system call each where a flag says so.
#[cfg(unix)]
mod now {
    use std::io;
    use std::net::TcpStream;

    use rustix::net::{RecvFlags, SendFlags, recv, send};

    pub(super) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(stream, buffer, RecvFlags::DONTWAIT)?.0)
    }

    pub(super) fn peek(stream: &TcpStream) -> io::Result<usize> {
        Ok(recv(stream, &mut [0; 1], RecvFlags::DONTWAIT | RecvFlags::PEEK)?.0)
    }

    pub(super) fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(
            stream,
            bytes,
            SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
        )?)
    }
}

/// The same where the socket has a mode for it.
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

/// What a failed call means: `Ok` if it has to be made again, in what is left of the time then.
/// Cancellation comes before what it looks like.
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
        // Of the socket's timeout on some systems; of the connection if there is time left.
        Kind::TimedOut => Err(failed(Arc::new(error))),
        _ => Ok(()),
    }
}

/// A timeout as `poll` takes it; `None` is for ever.
pub(super) fn timespec(timeout: Option<Duration>) -> Option<Timespec> {
    timeout.and_then(|timeout| Timespec::try_from(timeout).ok())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// An idle connection, a second handle of its socket, and the server's end.
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

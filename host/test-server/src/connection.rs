//! One accepted connection, plain or TLS, and the ways in which it can end.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{Shared, Wake};

const READ_BUFFER: usize = 64 * 1024;
/// How often a waiting connection looks whether its client is still there. The answer to what it
/// waits for comes by a condition variable, at once.
const LOOK_FOR_CLIENT: Duration = Duration::from_millis(20);

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &tls.sock,
        }
    }

    /// Whether the client has closed its side, found out without waiting.
    fn client_is_gone(&mut self) -> io::Result<bool> {
        self.socket().set_nonblocking(true)?;
        let gone = match self {
            Stream::Plain(socket) => match socket.peek(&mut [0]) {
                Ok(len) => len == 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            },
            Stream::Tls(tls) => loop {
                // What comes in is kept by rustls until it is read.
                match tls.conn.read_tls(&mut tls.sock) {
                    Ok(0) => break true,
                    Ok(_) => match tls.conn.process_new_packets() {
                        Ok(state) if state.peer_has_closed() => break true,
                        Ok(_) => {}
                        Err(_) => break true,
                    },
                    Err(error) => break error.kind() != io::ErrorKind::WouldBlock,
                }
            },
        };
        self.socket().set_nonblocking(false)?;
        Ok(gone)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

/// A connection with buffered reading and unbuffered writing.
pub(crate) struct Connection {
    /// `None` once it was reset.
    stream: Option<BufReader<Stream>>,
    pub(crate) shared: Arc<Shared>,
    /// 0 for the first connection that the server accepted.
    pub(crate) number: u64,
    write_closed: bool,
}

impl Connection {
    pub(crate) fn new(
        socket: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        shared: Arc<Shared>,
        number: u64,
    ) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let stream = match tls {
            None => Stream::Plain(socket),
            Some(config) => {
                let connection = ServerConnection::new(config).map_err(io::Error::other)?;
                Stream::Tls(Box::new(StreamOwned::new(connection, socket)))
            }
        };
        Ok(Connection {
            stream: Some(BufReader::with_capacity(READ_BUFFER, stream)),
            shared,
            number,
            write_closed: false,
        })
    }

    /// The certificate that the client showed, in DER, once the handshake is over.
    pub(crate) fn client(&self) -> Option<Vec<u8>> {
        match self.stream.as_ref()?.get_ref() {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => Some(tls.conn.peer_certificates()?.first()?.to_vec()),
        }
    }

    /// What reads from the connection.
    pub(crate) fn reader(&mut self) -> io::Result<&mut BufReader<Stream>> {
        self.stream.as_mut().ok_or_else(was_reset)
    }

    /// Writes all of these bytes and sends them on their way.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.stream.as_mut().ok_or_else(was_reset)?.get_mut() {
            Stream::Plain(socket) => socket.write_all(bytes),
            Stream::Tls(tls) => {
                tls.write_all(bytes)?;
                tls.flush()
            }
        }
    }

    /// What these pieces are on the wire, in their order: in TLS each in records of its own.
    pub(crate) fn encode(&mut self, pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
        let stream = self.stream.as_mut().ok_or_else(was_reset)?.get_mut();
        let Stream::Tls(tls) = stream else {
            return Ok(pieces.concat());
        };
        // The handshake, if it is not over, and what waits to be sent.
        tls.flush()?;
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        tls.flush()?;
        let mut wire = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let count = tls.conn.writer().write(rest)?;
                rest = &rest[count..];
                while tls.conn.wants_write() {
                    tls.conn.write_tls(&mut wire)?;
                }
            }
        }
        Ok(wire)
    }

    /// Writes these bytes to the socket as they are.
    pub(crate) fn send_wire(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.as_ref().ok_or_else(was_reset)?;
        let mut socket = stream.get_ref().socket();
        socket.write_all(bytes)
    }

    /// Waits for one release, for some time at most, whatever the client does meanwhile.
    pub(crate) fn wait_blindly(&mut self, at_most: Duration) -> io::Result<()> {
        match self.shared.wait(true, at_most) {
            Wake::Released | Wake::Time => Ok(()),
            Wake::Stopping => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Waits for one [`release`](crate::TestServer::release), or for some time at most.
    ///
    /// # Errors
    ///
    /// If the client closes the connection first, or the server stops.
    pub(crate) fn wait_for_release(&mut self, at_most: Option<Duration>) -> io::Result<()> {
        let deadline = at_most.and_then(|time| Instant::now().checked_add(time));
        loop {
            let mut nap = LOOK_FOR_CLIENT;
            if let Some(deadline) = deadline {
                nap = nap.min(deadline.saturating_duration_since(Instant::now()));
            }
            match self.shared.wait(true, nap) {
                Wake::Released => return Ok(()),
                Wake::Stopping => return Err(io::ErrorKind::ConnectionAborted.into()),
                Wake::Time => {}
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(());
            }
            self.check_client()?;
        }
    }

    /// Waits until the client closes the connection or the server stops.
    pub(crate) fn wait_for_end(&mut self) -> io::Result<()> {
        while self.shared.wait(false, LOOK_FOR_CLIENT) != Wake::Stopping {
            self.check_client()?;
        }
        Ok(())
    }

    fn check_client(&mut self) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or_else(was_reset)?;
        if stream.get_mut().client_is_gone()? {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// Ends the server's direction as a proper server does: in TLS with a `close_notify`.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        if let Some(Stream::Tls(tls)) = self.stream.as_mut().map(BufReader::get_mut)
            && !self.write_closed
        {
            tls.conn.send_close_notify();
            tls.flush()?;
        }
        self.truncate()
    }

    /// Ends the server's direction at the TCP level: in TLS without a `close_notify`.
    pub(crate) fn truncate(&mut self) -> io::Result<()> {
        match &self.stream {
            Some(stream) if !self.write_closed => {
                self.write_closed = true;
                stream.get_ref().socket().shutdown(Shutdown::Write)
            }
            _ => Ok(()),
        }
    }

    /// Closes the socket at once. The system resets the connection if the client has sent what
    /// was not read.
    pub(crate) fn hang_up(&mut self) {
        // The last handle of a socket closes it, so the other one goes first.
        self.shared.forget(self.number);
        self.stream = None;
    }

    /// Ends the connection with a TCP reset.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        let Some(stream) = self.stream.take() else {
            return Ok(());
        };
        // A linger time of 0 makes the last close a reset, so the other handle goes first.
        self.shared.forget(self.number);
        socket2::SockRef::from(stream.get_ref().socket()).set_linger(Some(Duration::ZERO))
    }

    /// Reads and drops what the client still sends, until it closes.
    ///
    /// Closing a socket that has unread bytes resets the connection, which could take the end of
    /// the response away from the client.
    pub(crate) fn drain(&mut self) {
        if let Some(stream) = &mut self.stream {
            let mut buffer = [0; 4096];
            while matches!(stream.get_mut().read(&mut buffer), Ok(1..)) {}
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The socket first, so that one that is not counted as open any more is closed.
        self.stream = None;
        self.shared.forget(self.number);
    }
}

fn was_reset() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        "the script reset the connection",
    )
}

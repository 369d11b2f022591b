//! The raw mode: a script has a connection to itself and decides about every byte.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use crate::connection::Connection;
use crate::request::{ReceivedRequest, RequestError, read_request};

/// A connection in the hands of a script; see [`TestServerBuilder::raw`](crate::TestServerBuilder::raw).
///
/// [`Read`] and [`Write`] are those of the connection, in TLS after the handshake, which happens
/// with the first of them. Each write is sent at once. When the script returns, what is still
/// open is closed properly.
pub struct RawConn<'a> {
    pub(crate) connection: &'a mut Connection,
}

impl RawConn<'_> {
    /// 0 for the first connection that the server accepted, 1 for the next, …
    pub fn number(&self) -> u64 {
        self.connection.number
    }

    /// Reads the head of a request: all bytes up to and with the empty line.
    ///
    /// # Errors
    ///
    /// If the client closes the connection before.
    pub fn read_head(&mut self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if self.connection.reader()?.read_until(b'\n', &mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(head)
    }

    /// Reads a request with its body, and counts it among those that the server received.
    ///
    /// # Errors
    ///
    /// If the client closes the connection before, or what it sends is no proper request.
    pub fn read_request(&mut self) -> io::Result<ReceivedRequest> {
        match read_request(self.connection, |_| false) {
            Ok(request) => {
                self.connection.shared.record(&request);
                Ok(request)
            }
            Err(RequestError::Connection) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(RequestError::Malformed(reason)) => {
                self.connection.shared.record_bad(reason.clone());
                Err(io::Error::new(io::ErrorKind::InvalidData, reason))
            }
        }
    }

    /// Waits for one [`release`](crate::TestServer::release), or for some time at most.
    ///
    /// # Errors
    ///
    /// If the client closes the connection first, or the server stops.
    pub fn wait_for_release(&mut self, at_most: Option<Duration>) -> io::Result<()> {
        self.connection.wait_for_release(at_most)
    }

    /// Waits for one [`release`](crate::TestServer::release), or for some time at most, without a
    /// look at the connection: what the client sends stays unread.
    ///
    /// # Errors
    ///
    /// If the server stops.
    pub fn wait_blindly(&mut self, at_most: Duration) -> io::Result<()> {
        self.connection.wait_blindly(at_most)
    }

    /// What these pieces are on the wire: in TLS each in records of its own, in plain TCP the
    /// pieces themselves. They must be sent by [`write_wire`](Self::write_wire), in order and
    /// before anything else.
    ///
    /// # Errors
    ///
    /// If the TLS handshake is not over and fails.
    pub fn encode(&mut self, pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
        self.connection.encode(pieces)
    }

    /// Writes bytes to the socket as they are, below TLS, with one system call if they are few.
    ///
    /// # Errors
    ///
    /// If the connection is closed.
    pub fn write_wire(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.send_wire(bytes)
    }

    /// Sends these pieces at once: in TLS each in records of its own, in one segment if it has
    /// room for them.
    ///
    /// # Errors
    ///
    /// If the connection is closed.
    pub fn write_together(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        let wire = self.encode(pieces)?;
        self.write_wire(&wire)
    }

    /// Waits until the client closes the connection or the server stops.
    pub fn wait_for_end(&mut self) {
        // The client being gone is what was waited for.
        let _ = self.connection.wait_for_end();
    }

    /// Ends what the server sends, properly: with a `close_notify` in TLS. Reading goes on.
    pub fn close(&mut self) -> io::Result<()> {
        self.connection.close()
    }

    /// Ends what the server sends at the TCP level: in TLS there is no `close_notify`.
    pub fn truncate(&mut self) -> io::Result<()> {
        self.connection.truncate()
    }

    /// Closes the socket at once, as a process does that ends: without a goodbye in TLS, and with a
    /// reset if the client has sent what was not read.
    pub fn hang_up(&mut self) {
        self.connection.hang_up();
    }

    /// Ends the connection with a TCP reset.
    pub fn reset(&mut self) -> io::Result<()> {
        self.connection.reset()
    }
}

impl Read for RawConn<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection.reader()?.read(buffer)
    }
}

impl Write for RawConn<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.connection.send(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

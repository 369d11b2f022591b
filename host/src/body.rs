//! Streams the body of a response from its connection.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use crate::chunks::{Chunks, MAX_CHUNK_LINE};
use crate::connection::{Lease, Patience};
use crate::error::Error;
use crate::head::Framing;
use crate::limits::{INPUT_BUFFER_SIZE, MAX_READ_AWAY_BYTES, Phase};

/// How many bytes one read takes at most: larger pieces do not fit a processor's cache, and are
/// slower.
pub(crate) const MAX_PIECE: usize = 64 * 1024;

/// Reads of fewer bytes are buffered.
const SMALL_READ: usize = 8 * 1024;

/// The body of a response.
pub(crate) struct Body {
    state: State,
    /// With a limit: how many more bytes may be delivered, and the limit itself, for the error.
    allowed: Option<(u64, u64)>,
}

enum State {
    Open {
        /// Boxed, because the other variants are small.
        lease: Box<Lease>,
        framing: Left,
        /// Whether the connection can be reused after the body.
        keeps_alive: bool,
    },
    /// Read to its end before the guest asked for it. The connection has been returned to the pool
    /// or closed.
    Held {
        bytes: Vec<u8>,
        /// How many of the bytes the guest has read.
        delivered: usize,
    },
    /// Read to its end. The connection has been returned to the pool or closed.
    Ended,
    Failed(Arc<Error>),
}

/// How much of a body is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Length(u64),
    Chunks(Chunks),
    ToTheClose,
}

impl Body {
    /// A body that follows on a connection; at most `max` bytes are delivered.
    pub(crate) fn new(lease: Lease, framing: Framing, keeps_alive: bool, max: Option<u64>) -> Body {
        let framing = match framing {
            Framing::None => Left::Length(0),
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunks(Chunks::Size),
            Framing::Close => Left::ToTheClose,
        };
        let mut body = Body {
            state: State::Open {
                lease: Box::new(lease),
                framing,
                keeps_alive,
            },
            allowed: max.map(|max| (max, max)),
        };
        if framing == Left::Length(0) {
            body.end();
        }
        body
    }

    /// A body from memory; at most `max` bytes are delivered.
    pub(crate) fn whole(bytes: Vec<u8>, max: Option<u64>) -> Body {
        let state = match bytes.is_empty() {
            true => State::Ended,
            false => State::Held {
                bytes,
                delivered: 0,
            },
        };
        Body {
            state,
            allowed: max.map(|max| (max, max)),
        }
    }

    /// Whether there may be more to read.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Held { .. })
    }

    /// Whether a read would not block. Reads ahead, without blocking, to find out.
    pub(crate) fn is_ready(&mut self) -> bool {
        let State::Open { lease, framing, .. } = &mut self.state else {
            return true;
        };
        match has_more(lease, framing) {
            Ok(is_ready) => is_ready,
            Err(Error::WouldBlock) => false,
            // The next read reports it again.
            Err(error) => {
                self.fail(error.in_body());
                true
            }
        }
    }

    /// Whether a read may succeed although the socket stays silent: bytes are buffered, or the body
    /// has ended.
    pub(crate) fn has_received(&mut self) -> bool {
        match &mut self.state {
            State::Open { lease, .. } => lease.has_received(),
            _ => true,
        }
    }

    /// For an open body, the socket to wait for, and the deadline of that wait.
    pub(crate) fn waits_for(&self) -> Option<(&Arc<TcpStream>, Option<Instant>)> {
        let State::Open { lease, .. } = &self.state else {
            return None;
        };
        let total = lease.exchange().deadlines.begin(Phase::Total);
        Some((lease.socket(), total.at()))
    }

    /// Replaces the body by these bytes, which were read from it to its end, for the guest to read.
    pub(crate) fn hold(&mut self, bytes: Vec<u8>) {
        debug_assert!(matches!(self.state, State::Ended));
        if bytes.is_empty() {
            return;
        }
        // The bytes were counted against the limit when they were read.
        self.allowed = None;
        self.state = State::Held {
            bytes,
            delivered: 0,
        };
    }

    /// Reads at least one byte unless the body has ended or `buffer` is empty. Returns how many.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return match &self.state {
                State::Failed(error) => Err(Error::BodyFailed(error.clone())),
                _ => Ok(0),
            };
        }
        let Some((allowed, max)) = self.allowed else {
            return self.read_some(buffer, true);
        };
        if allowed == 0 {
            // A body that ends exactly at its limit is complete.
            return match self.read_some(&mut [0], true)? {
                0 => Ok(0),
                _ => Err(self.fail(Error::ResponseBodyTooLarge { max })),
            };
        }
        let room = usize::try_from(allowed).map_or(buffer.len(), |it| it.min(buffer.len()));
        let count = self.read_some(&mut buffer[..room], true)?;
        self.allowed = Some((allowed - count as u64, max));
        Ok(count)
    }

    fn read_some(&mut self, buffer: &mut [u8], may_wait: bool) -> Result<usize, Error> {
        let (lease, framing) = match &mut self.state {
            State::Open { lease, framing, .. } => (lease, framing),
            State::Held { bytes, delivered } => {
                let left = &bytes[*delivered..];
                let count = left.len().min(buffer.len());
                buffer[..count].copy_from_slice(&left[..count]);
                *delivered += count;
                if *delivered == bytes.len() {
                    self.state = State::Ended;
                }
                return Ok(count);
            }
            State::Ended => return Ok(0),
            State::Failed(error) => return Err(Error::BodyFailed(error.clone())),
        };
        let patience = if may_wait {
            let total = lease.exchange().deadlines.begin(Phase::Total);
            Patience::Until(total, Phase::Read)
        } else {
            Patience::None
        };
        match next(lease, framing, buffer, patience) {
            Ok(0) => {
                self.end();
                Ok(0)
            }
            Ok(count) => {
                // Release the connection after the last byte: not every guest reads on until it
                // gets 0.
                if self.has_only_an_end_left() {
                    self.end();
                }
                Ok(count)
            }
            Err(Error::WouldBlock) => Err(Error::WouldBlock),
            Err(error) => Err(self.fail(error.in_body())),
        }
    }

    fn has_only_an_end_left(&mut self) -> bool {
        let State::Open { lease, framing, .. } = &mut self.state else {
            return false;
        };
        match framing {
            Left::Length(left) => *left == 0,
            Left::Chunks(chunks) => {
                // If the last chunk has come already.
                if let Ok(used) = chunks.advance(lease.input.waiting()) {
                    lease.input.consume(used);
                }
                *chunks == Chunks::End
            }
            Left::ToTheClose => false,
        }
    }

    /// Ends the body, and returns the connection to the pool.
    fn end(&mut self) {
        if let State::Open {
            lease,
            framing,
            keeps_alive,
        } = std::mem::replace(&mut self.state, State::Ended)
            && keeps_alive
            && framing != Left::ToTheClose
        {
            lease.give_back();
        }
    }

    /// Fails the body: closes its connection, and makes every later read return this error.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        let error = Arc::new(error);
        self.state = State::Failed(error.clone());
        Error::BodyFailed(error)
    }

    /// Reads the rest of a short body of at most `max` bytes, so that its connection can be reused.
    pub(crate) fn drain(mut self, max: u64) {
        if let State::Open {
            framing: Left::Length(left),
            ..
        } = &self.state
            && *left <= max
        {
            self.read_away(true);
        }
    }

    /// Closes a body before its end. The connection is reused if the rest has already arrived; this
    /// never blocks.
    pub(crate) fn close(mut self) {
        self.read_away(false);
    }

    fn read_away(&mut self, may_wait: bool) {
        let mut buffer = [0; 4 * 1024];
        let mut left = MAX_READ_AWAY_BYTES;
        while left > 0 && matches!(self.state, State::Open { .. }) {
            match self.read_some(&mut buffer, may_wait) {
                Ok(count) => left = left.saturating_sub(count),
                Err(_) => return,
            }
        }
    }
}

/// Reads the next bytes of a body: at least one, unless it has ended.
fn next(
    lease: &mut Lease,
    framing: &mut Left,
    buffer: &mut [u8],
    patience: Patience,
) -> Result<usize, Error> {
    match framing {
        Left::Length(0) => Ok(0),
        Left::Length(left) => match take(lease, buffer, *left, patience)? {
            0 => Err(Error::Missing { bytes: *left }),
            count => {
                *left -= count as u64;
                Ok(count)
            }
        },
        Left::ToTheClose => take(lease, buffer, u64::MAX, patience),
        Left::Chunks(chunks) => loop {
            let used = chunks
                .advance(lease.input.waiting())
                .map_err(Error::Chunks)?;
            lease.input.consume(used);
            match *chunks {
                Chunks::End => return Ok(0),
                Chunks::Data(left) => {
                    let count = take(lease, buffer, left, patience)?;
                    if count == 0 {
                        return Err(Error::Chunks("the connection ended in a chunk"));
                    }
                    chunks.take(count as u64);
                    return Ok(count);
                }
                Chunks::Size | Chunks::DataEnd | Chunks::Trailers => {
                    let max = INPUT_BUFFER_SIZE.max(2 * MAX_CHUNK_LINE);
                    if lease.fill(max, patience)? == 0 {
                        // After the last chunk the body is complete, even if the trailers are not.
                        return match chunks {
                            Chunks::Trailers if lease.input.waiting().is_empty() => {
                                lease.spoil();
                                Ok(0)
                            }
                            _ => Err(Error::Chunks("the connection ended before the last chunk")),
                        };
                    }
                }
            }
        },
    }
}

/// Whether the next byte of a body, or its end, has arrived. Reads what has arrived, without
/// blocking.
fn has_more(lease: &mut Lease, framing: &mut Left) -> Result<bool, Error> {
    lease.exchange().deadlines.begin(Phase::Total).left()?;
    loop {
        let is_there = match framing {
            Left::Length(0) => true,
            Left::Length(_) | Left::ToTheClose => !lease.input.waiting().is_empty(),
            Left::Chunks(chunks) => {
                let used = chunks
                    .advance(lease.input.waiting())
                    .map_err(Error::Chunks)?;
                lease.input.consume(used);
                match chunks {
                    Chunks::End => true,
                    Chunks::Data(_) => !lease.input.waiting().is_empty(),
                    Chunks::Size | Chunks::DataEnd | Chunks::Trailers => false,
                }
            }
        };
        let max = INPUT_BUFFER_SIZE.max(2 * MAX_CHUNK_LINE);
        // The next read sees the end of the connection again.
        if is_there || lease.fill(max, Patience::None)? == 0 {
            return Ok(true);
        }
    }
}

/// Reads up to `max` bytes: those that are buffered, else directly from the connection, unless the
/// read is small.
fn take(
    lease: &mut Lease,
    buffer: &mut [u8],
    max: u64,
    patience: Patience,
) -> Result<usize, Error> {
    let room = usize::try_from(max).map_or(buffer.len(), |max| max.min(buffer.len()));
    if lease.input.waiting().is_empty() {
        if room >= SMALL_READ || max <= room as u64 {
            lease.input.release();
            let room = room.min(MAX_PIECE);
            return lease.read(&mut buffer[..room], patience);
        }
        // For small reads, one larger system call and copies are cheaper.
        if lease.fill(INPUT_BUFFER_SIZE, patience)? == 0 {
            return Ok(0);
        }
    }
    let waiting = lease.input.waiting();
    let count = room.min(waiting.len());
    buffer[..count].copy_from_slice(&waiting[..count]);
    lease.input.consume(count);
    Ok(count)
}

//! The body of a response as it streams in, from its connection to where it is wanted.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use crate::chunks::{Chunks, MAX_CHUNK_LINE};
use crate::connection::{Lease, Patience};
use crate::error::Error;
use crate::head::Framing;
use crate::limits::{INPUT_BUFFER_SIZE, MAX_READ_AWAY_BYTES, Phase};

/// The most that one read takes, in bytes: more does not stay in a processor's cache, and is slower.
pub(crate) const MAX_PIECE: usize = 64 * 1024;

/// Reads of fewer bytes go by a buffer.
const SMALL_READ: usize = 8 * 1024;

/// The body of a response.
pub(crate) struct Body {
    state: State,
    /// How many bytes may still be delivered, if there is a limit, and the limit.
    allowed: Option<(u64, u64)>,
}

enum State {
    Open {
        /// In a box: the other states are small.
        lease: Box<Lease>,
        framing: Left,
        /// Whether the connection may be used again after the body.
        keeps_alive: bool,
    },
    /// Read to its end before the guest asked for it. The connection is back in the pool, or closed.
    Held {
        bytes: Vec<u8>,
        /// How many of them the guest has.
        delivered: usize,
    },
    /// Read to its end; the connection is back in the pool, or closed.
    Ended,
    Failed(Arc<Error>),
}

/// What is left of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Length(u64),
    Chunks(Chunks),
    ToTheClose,
}

impl Body {
    /// The body that comes next over a connection; at most `max` bytes are delivered.
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

    /// A body that is there; at most `max` bytes are delivered.
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

    /// Whether there is more to read: from the server, or of what is held.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Held { .. })
    }

    /// Whether a read would not wait. What is there is taken in to find that out.
    pub(crate) fn is_ready(&mut self) -> bool {
        let State::Open { lease, framing, .. } = &mut self.state else {
            return true;
        };
        match has_more(lease, framing) {
            Ok(is_ready) => is_ready,
            Err(Error::WouldBlock) => false,
            // The next read finds it again.
            Err(error) => {
                self.fail(error.in_body());
                true
            }
        }
    }

    /// Whether a read may not wait, whatever the socket says: bytes that have come before are there, or
    /// nothing comes any more.
    pub(crate) fn has_received(&mut self) -> bool {
        match &mut self.state {
            State::Open { lease, .. } => lease.has_received(),
            _ => true,
        }
    }

    /// What becomes readable when there may be more of an open body, and until when that may take.
    pub(crate) fn waits_for(&self) -> Option<(&Arc<TcpStream>, Option<Instant>)> {
        let State::Open { lease, .. } = &self.state else {
            return None;
        };
        let total = lease.exchange().deadlines.begin(Phase::Total);
        Some((lease.socket(), total.at()))
    }

    /// Keeps what was read of a body, to its end, for the guest to read again.
    pub(crate) fn hold(&mut self, bytes: Vec<u8>) {
        debug_assert!(matches!(self.state, State::Ended));
        if bytes.is_empty() {
            return;
        }
        // They have been counted.
        self.allowed = None;
        self.state = State::Held {
            bytes,
            delivered: 0,
        };
    }

    /// Reads at least one byte unless the body has ended or `buffer` is empty, and gives the
    /// number.
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
                // The connection is free at the last byte: not every guest reads on to the end.
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

    /// Gives the connection back, at the end of the body.
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

    /// Gives up on the body: its connection is closed, and every further read fails alike.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        let error = Arc::new(error);
        self.state = State::Failed(error.clone());
        Error::BodyFailed(error)
    }

    /// Reads what is left of a body that is known to be short, so that its connection can be used
    /// again.
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

    /// Ends the use of a body that is not wanted any more. Its connection is used again if the rest
    /// is there already; nothing waits for more.
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

/// Reads the next bytes of a body, at least one before its end.
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
                        // Behind the last chunk nothing of the body is missing.
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

/// Whether the next byte of a body or its end is there. Takes in what has come until it is.
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
        // The end of the connection stays there for the next read.
        if is_there || lease.fill(max, Patience::None)? == 0 {
            return Ok(true);
        }
    }
}

/// Takes up to `max` bytes: those that are waiting, else straight from the connection unless there is
/// room for few only.
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
        // A system call for each few bytes would cost more than to copy them.
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

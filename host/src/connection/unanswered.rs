//! A request that was sent and whose response has not arrived.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use super::{Lease, Patience};
use crate::error::Error;
use crate::exchange::deadline::Deadline;
use crate::head::Head;
use crate::limits::{MAX_RAW_HEAD_BYTES, Phase};

/// A request that was sent, and the connection on which its response will arrive.
pub(crate) struct Unanswered {
    pub lease: Lease,
    /// The deadline for the whole head.
    deadline: Deadline,
    /// The deadline for the next byte.
    silence: Deadline,
    /// Why sending ended early, if it did: reported if there is no response either.
    reason: Option<Error>,
    /// The head, if it arrived while the request was sent.
    head: Option<Head>,
}

impl Unanswered {
    /// Starts the response timeout.
    pub(super) fn new(lease: Lease, reason: Option<Error>, head: Option<Head>) -> Self {
        let deadlines = &lease.exchange().deadlines;
        let now = Instant::now();
        Unanswered {
            deadline: deadlines.begin_at(Phase::Response, now),
            silence: deadlines.begin_at(Phase::Read, now),
            lease,
            reason,
            head,
        }
    }

    /// Returns the head if it has arrived, without blocking.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if it has not.
    pub(crate) fn head(&mut self) -> Result<Head, Error> {
        let before = self.lease.input.waiting().len();
        match self.read_head(Patience::None) {
            Err(Error::WouldBlock) => {
                if self.lease.input.waiting().len() > before {
                    self.silence = self.lease.exchange().deadlines.begin(Phase::Read);
                }
                self.silence.or(self.deadline).left()?;
                Err(Error::WouldBlock)
            }
            result => result,
        }
    }

    /// Blocks until the head has arrived.
    pub(crate) fn await_head(&mut self) -> Result<Head, Error> {
        self.read_head(Patience::Until(self.deadline, Phase::Read))
    }

    /// Reads until the head is complete. If the connection ends first, an error from sending is the
    /// better explanation.
    fn read_head(&mut self, patience: Patience) -> Result<Head, Error> {
        if let Some(head) = self.head.take() {
            return Ok(head);
        }
        loop {
            if let Some(head) = next_head(&mut self.lease)? {
                return Ok(head);
            }
            match self.lease.fill(MAX_RAW_HEAD_BYTES, patience) {
                Ok(0) => return Err(self.reason.take().unwrap_or(Error::Closed)),
                Ok(_) => {}
                Err(error) if error.is_disconnect() => {
                    return Err(self.reason.take().unwrap_or(error));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The socket to wait for, and the deadline of that wait.
    pub(crate) fn waits_for(&self) -> (&Arc<TcpStream>, Option<Instant>) {
        (self.lease.socket(), self.silence.or(self.deadline).at())
    }
}

/// Skips interim responses in the input, and takes the head of the final one if it is complete.
pub(super) fn next_head(lease: &mut Lease) -> Result<Option<Head>, Error> {
    while let Some((len, head)) = Head::parse(lease.input.waiting())? {
        lease.input.consume(len);
        if !head.is_interim() {
            lease.exchange().traffic.useful();
            return Ok(Some(head));
        }
    }
    Ok(None)
}

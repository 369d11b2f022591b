//! A request that was sent, until the head of its answer is there.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use super::{Lease, Patience};
use crate::error::Error;
use crate::exchange::deadline::Deadline;
use crate::head::Head;
use crate::limits::{MAX_RAW_HEAD_BYTES, Phase};

/// A request that was sent, and the connection over which its answer comes.
pub(crate) struct Unanswered {
    pub lease: Lease,
    /// Before this the answer has to begin.
    deadline: Deadline,
    /// Before this something has to come.
    silence: Deadline,
    /// Why the connection took no more, if it did not. Without an answer, this is the error.
    reason: Option<Error>,
    /// The head, if it came while the request was sent.
    head: Option<Head>,
}

impl Unanswered {
    /// One whose time for an answer begins now.
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

    /// The head of the answer, if it has come.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] as long as it has not.
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

    /// The same, which is waited for.
    pub(crate) fn await_head(&mut self) -> Result<Head, Error> {
        self.read_head(Patience::Until(self.deadline, Phase::Read))
    }

    /// Reads until the head is there. If the connection ends before, that it took no more is why.
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

    /// What becomes readable when there may be more of the head, and until when that may take.
    pub(crate) fn waits_for(&self) -> (&Arc<TcpStream>, Option<Instant>) {
        (self.lease.socket(), self.silence.or(self.deadline).at())
    }
}

/// Takes the heads of interim responses off the input, and that of the answer, if it is there.
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

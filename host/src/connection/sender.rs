//! Sends a request over a connection, part by part. While a body is sent, an early response is
//! noticed, and may end the sending.

use std::sync::Arc;

use super::unanswered::{Unanswered, next_head};
use super::{Lease, Patience};
use crate::error::Error;
use crate::exchange::upload::Upload;
use crate::head::Head;
use crate::limits::{MAX_EARLY_RESPONSE_BYTES, OUTPUT_BUFFER_SIZE, Phase};

/// Sends a request without a body, which is its head.
pub(crate) fn ask(lease: Lease, head: &[u8]) -> Result<Unanswered, Error> {
    let mut sender = Sender::new(lease, None);
    sender.send_head(head)?;
    Ok(sender.into_unanswered())
}

/// The same without blocking. `None` if the connection does not accept all of it at once; the
/// server has not seen the whole request then.
pub(crate) fn ask_without_waiting(lease: Lease, head: &[u8]) -> Result<Option<Unanswered>, Error> {
    let mut sender = Sender::new(lease, None);
    match sender.write_head(head, Patience::None) {
        Err(Error::WouldBlock) => Ok(None),
        Ok(()) if !sender.is_deaf && !sender.lease.is_flushed() => Ok(None),
        result => result.map(|()| Some(sender.into_unanswered())),
    }
}

/// Sends a request with a whole body. The response may arrive before all is sent.
pub(crate) fn ask_with_body(
    lease: Lease,
    mut head: Vec<u8>,
    body: &[u8],
) -> Result<Unanswered, Error> {
    /// Up to this size, in bytes, a body is sent together with the head.
    const SMALL: usize = 16 * 1024;
    let mut sender = Sender::new(lease, None);
    if body.len() <= SMALL {
        head.extend_from_slice(body);
        let request = sender.lease.addressed(&head);
        sender.send_body(&request)?;
        return Ok(sender.into_unanswered());
    }
    sender.send_head(&head)?;
    // In pieces, so that each is counted, and checked against limits, before the next is sent.
    for piece in body.chunks(OUTPUT_BUFFER_SIZE) {
        sender.send_body(piece)?;
    }
    Ok(sender.into_unanswered())
}

/// Sends the parts of a request.
pub(super) struct Sender {
    lease: Lease,
    /// The body, if it is streamed.
    upload: Option<Arc<Upload>>,
    /// The head of the response, if it came early.
    head: Option<Head>,
    /// Whether any byte of the body has been sent.
    has_begun: bool,
    /// Whether the server accepts no more of the request.
    is_deaf: bool,
    /// Why it does not. Reported if there is no response either.
    reason: Option<Error>,
}

impl Sender {
    pub(super) fn new(lease: Lease, upload: Option<Arc<Upload>>) -> Self {
        Sender {
            lease,
            upload,
            head: None,
            has_begun: false,
            is_deaf: false,
            reason: None,
        }
    }

    /// Whether the server accepts no more of the request, so that sending more does nothing.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Ends the sending.
    pub(super) fn into_unanswered(self) -> Unanswered {
        Unanswered::new(self.lease, self.reason, self.head)
    }

    /// Sends the head of the request, and waits for the start of a streamed body.
    pub(super) fn send_head(&mut self, head: &[u8]) -> Result<(), Error> {
        let total = self.lease.exchange().deadlines.begin(Phase::Total);
        self.write_head(head, Patience::Until(total, Phase::Write))?;
        self.wait_for_more()
    }

    fn write_head(&mut self, head: &[u8], patience: Patience) -> Result<(), Error> {
        let addressed = self.lease.addressed(head);
        let mut rest = &*addressed;
        while !rest.is_empty() {
            match self.lease.write(rest, patience) {
                Ok(count) => rest = &rest[count..],
                Err(error) => return self.stop_sending(error),
            }
        }
        Ok(())
    }

    /// Waits until the guest has written more of a streamed body, or sending more is useless
    /// because the server has answered or closed the connection.
    fn wait_for_more(&mut self) -> Result<(), Error> {
        let Some(upload) = self.upload.clone() else {
            return Ok(());
        };
        if self.is_deaf {
            return Ok(());
        }
        self.has_begun = true;
        let total = self.lease.exchange().deadlines.begin(Phase::Total);
        while !upload.has_more().inspect_err(|_| self.lease.spoil())? {
            let has_ended = match self.take_in() {
                Ok(has_ended) => has_ended,
                Err(error) => return self.stop_sending(error),
            };
            if self.is_answered(has_ended) {
                self.hear_no_more();
                return Ok(());
            }
            total.left()?;
            let has_room = self.lease.input.waiting().len() < MAX_EARLY_RESPONSE_BYTES;
            let socket = has_room.then(|| self.lease.socket());
            upload
                .wait(socket, total.at())
                .map_err(|error| Error::Socket(Arc::new(error)))?;
            self.lease.exchange().cancel.check()?;
            // Let the guest fill the queue, so that fewer, larger pieces are sent.
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Ends the sending, because the server has answered or closed the connection.
    fn hear_no_more(&mut self) {
        let reason = self.head.is_none().then_some(Error::Closed);
        self.be_deaf(reason);
    }

    fn be_deaf(&mut self, reason: Option<Error>) {
        self.lease.spoil();
        self.is_deaf = true;
        self.reason = reason;
    }

    /// Sends a piece of the body. Reads what the server sends meanwhile, so that the two never wait
    /// for each other for ever; a final response ends the sending.
    pub(super) fn send_body(&mut self, piece: &[u8]) -> Result<(), Error> {
        let mut rest = piece;
        let mut has_ended = false;
        while !(self.is_deaf || rest.is_empty() && self.lease.is_flushed()) {
            // Before the first byte of the body there is no early response, and once all is sent
            // none is early.
            if self.has_begun {
                match self.take_in() {
                    Ok(ended) => has_ended = ended,
                    Err(error) => return self.stop_sending(error),
                }
                if self.is_answered(has_ended) {
                    self.hear_no_more();
                    return Ok(());
                }
            }
            let written = if rest.is_empty() {
                self.lease.flush(Patience::None).map(|()| 0)
            } else {
                self.lease.write(rest, Patience::None)
            };
            match written {
                Ok(count) => {
                    rest = &rest[count..];
                    self.has_begun = true;
                }
                Err(Error::WouldBlock) => {
                    let has_room = self.lease.input.waiting().len() < MAX_EARLY_RESPONSE_BYTES;
                    match self.lease.wait_to_write(has_room && !has_ended) {
                        // It answered, and then accepted nothing for the whole timeout.
                        Err(Error::Timeout(_)) if self.head.is_some() => {
                            self.be_deaf(None);
                            return Ok(());
                        }
                        result => result?,
                    }
                }
                Err(error) => return self.stop_sending(error),
            }
        }
        self.wait_for_more()
    }

    /// Whether to stop sending: the status is not a success, so the rest of the body is not wanted;
    /// or the response is complete; or the connection has ended.
    fn is_answered(&self, has_ended: bool) -> bool {
        has_ended
            || self.head.as_ref().is_some_and(|head| {
                !head.status.is_success() || head.is_whole_with(self.lease.input.waiting())
            })
    }

    /// A server that resets the connection during a request may have answered first: look for the
    /// response before reporting the error.
    fn stop_sending(&mut self, error: Error) -> Result<(), Error> {
        if !error.is_disconnect() {
            return Err(error);
        }
        self.be_deaf(Some(error));
        Ok(())
    }

    /// Reads what has arrived, without blocking. Returns whether the connection has ended.
    fn take_in(&mut self) -> Result<bool, Error> {
        loop {
            match self.lease.fill(MAX_EARLY_RESPONSE_BYTES, Patience::None) {
                Ok(0) => return Ok(true),
                Ok(_) if self.head.is_some() => self.lease.exchange().traffic.useful(),
                Ok(_) => self.head = next_head(&mut self.lease)?,
                Err(Error::WouldBlock | Error::BufferFull { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}

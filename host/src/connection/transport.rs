//! Sends a request over a connection: one without a body as it is, one with a body by lending the
//! connection to ureq, which writes its head, framing and body.
//!
//! The loan ends when ureq asks for the response, whose head is read here: by RFC 9112, section
//! 6.3, some responses have no body whatever their headers say, but ureq would go by the headers.
//! While the body is sent, an early response is noticed, and may end the sending.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::Lease;
use super::buffers::{Chunk, Output};
use super::socket::Patience;
use super::unanswered::{Unanswered, next_head};
use crate::error::Error;
use crate::exchange::upload::{Sending, Upload};
use crate::head::Head;
use crate::limits::{MAX_EARLY_RESPONSE_BYTES, Phase};

/// The error that our transport returns to ureq to end the loan.
const END_OF_THE_LOAN: ureq::Error = ureq::Error::ConnectionFailed;

/// How many idle agents of ureq are kept.
const MAX_KEPT: usize = 16;

/// Idle agents of ureq, each with the slot from which its connector takes the connection. Creating
/// one for each request would be the largest cost here.
pub(crate) struct Agents {
    /// The settings of all agents.
    config: Config,
    kept: Mutex<Vec<Agent>>,
}

struct Agent {
    agent: ureq::Agent,
    slot: Slot,
}

impl Agents {
    pub(crate) fn new(config: Config) -> Self {
        Agents {
            config,
            kept: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Agent>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Agent {
        let kept = self.lock().pop();
        kept.unwrap_or_else(|| {
            let slot = Slot::default();
            let lender = Lender(slot.clone());
            Agent {
                agent: ureq::Agent::with_parts(self.config.clone(), lender, NoNames),
                slot,
            }
        })
    }

    fn give_back(&self, agent: Agent) {
        let mut kept = self.lock();
        if kept.len() < MAX_KEPT {
            kept.push(agent);
        }
    }
}

/// Sends a request without a body, which is its head.
pub(crate) fn ask(lease: Lease, head: &[u8]) -> Result<Unanswered, Error> {
    let total = lease.exchange().deadlines.begin(Phase::Total);
    send_head(lease, head, Patience::Until(total, Phase::Write))
}

/// The same without blocking. `None` if the connection does not accept all of it at once; the
/// server has not seen the whole request then.
pub(crate) fn ask_without_waiting(lease: Lease, head: &[u8]) -> Result<Option<Unanswered>, Error> {
    match send_head(lease, head, Patience::None) {
        Err(Error::WouldBlock) => Ok(None),
        result => result.map(Some),
    }
}

fn send_head(mut lease: Lease, head: &[u8], patience: Patience) -> Result<Unanswered, Error> {
    let addressed = lease.addressed(head);
    let mut rest = &*addressed;
    while !rest.is_empty() {
        match lease.write(rest, patience) {
            Ok(count) => rest = &rest[count..],
            // The server may have responded before it closed the connection.
            Err(error) if error.is_disconnect() => {
                lease.spoil();
                return Ok(Unanswered::new(lease, Some(error), None));
            }
            Err(error) => return Err(error),
        }
    }
    if !lease.is_flushed() {
        return Err(Error::WouldBlock);
    }
    Ok(Unanswered::new(lease, None, None))
}

/// Sends a request with a body over a connection. The response may arrive before all is sent.
pub(crate) fn ask_with_body(
    agents: &Agents,
    lease: Lease,
    request: http::Request<impl ureq::AsSendBody>,
) -> Result<Unanswered, Error> {
    Loan::new(lease, None).lend(agents, request)
}

/// The same for a request with a streamed body.
pub(crate) fn ask_with_upload(
    agents: &Agents,
    lease: Lease,
    request: http::Request<()>,
    upload: &Arc<Upload>,
) -> Result<Unanswered, Error> {
    let mut body = Sending(upload);
    let request = request.map(|()| ureq::SendBody::from_reader(&mut body));
    let sent = Loan::new(lease, Some(upload.clone())).lend(agents, request);
    upload.close();
    sent
}

type Slot = Arc<Mutex<Option<Loan>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Loan>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that is lent to ureq.
struct Loan {
    lease: Lease,
    output: Output,
    /// The buffer for the next chunk, if the body is sent in chunks.
    chunk: Option<Chunk>,
    /// The body, if it is streamed.
    upload: Option<Arc<Upload>>,
    state: State,
    head: Option<Head>,
    /// Whether any byte of the body has been sent.
    has_begun: bool,
    /// The error behind the `ureq::Error` that was returned to ureq.
    failure: Option<Error>,
}

enum State {
    /// Sending the head of the request.
    Head,
    /// Sending its body.
    Body,
    /// The server accepts no more of the request. If there is no response either, this error is
    /// reported.
    Deaf(Option<Error>),
    /// Everything is sent.
    Sent,
}

impl Loan {
    fn new(lease: Lease, upload: Option<Arc<Upload>>) -> Self {
        let chunk = match &upload {
            Some(upload) if upload.len().is_none() => Some(lease.chunk()),
            _ => None,
        };
        Loan {
            output: lease.output(),
            chunk,
            upload,
            lease,
            state: State::Head,
            head: None,
            has_begun: false,
            failure: None,
        }
    }

    /// Runs ureq with the connection.
    fn lend(
        self,
        agents: &Agents,
        request: http::Request<impl ureq::AsSendBody>,
    ) -> Result<Unanswered, Error> {
        let agent = agents.take();
        *lock(&agent.slot) = Some(self);
        // Dropping ureq's response ends the loan.
        let result = agent.agent.run(request).map(drop);
        let loan = lock(&agent.slot).take();
        agents.give_back(agent);
        let client_error = || {
            let error = result.err().unwrap_or(ureq::Error::ConnectionFailed);
            Error::Client(Arc::new(error))
        };
        let Some(loan) = loan else {
            return Err(client_error());
        };
        let reason = match (loan.failure, loan.state) {
            (Some(failure), _) => return Err(failure),
            (None, State::Deaf(reason)) => reason,
            (None, State::Sent) => None,
            (None, State::Head | State::Body) => return Err(client_error()),
        };
        Ok(Unanswered::new(loan.lease, reason, loan.head))
    }

    fn transmit(&mut self, amount: usize) -> Result<(), Error> {
        match self.state {
            State::Deaf(_) | State::Sent => Ok(()),
            State::Body => self.send_body(amount),
            State::Head => {
                self.state = State::Body;
                let total = self.lease.exchange().deadlines.begin(Phase::Total);
                let patience = Patience::Until(total, Phase::Write);
                let addressed = self.lease.addressed(&self.output.bytes[..amount]);
                let mut rest = &*addressed;
                while !rest.is_empty() {
                    match self.lease.write(rest, patience) {
                        Ok(count) => rest = &rest[count..],
                        Err(error) => return self.stop_sending(error),
                    }
                }
                self.wait_for_more()
            }
        }
    }

    /// Waits until the guest has written more of a streamed body, or sending more is useless
    /// because the server has answered or closed the connection.
    fn wait_for_more(&mut self) -> Result<(), Error> {
        let Some(upload) = self.upload.clone() else {
            return Ok(());
        };
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
        self.lease.spoil();
        self.state = State::Deaf(reason);
    }

    /// Sends a piece of the body. Reads what the server sends meanwhile, so that the two never wait
    /// for each other for ever; a final response ends the sending.
    fn send_body(&mut self, amount: usize) -> Result<(), Error> {
        let mut sent = 0;
        let mut has_ended = false;
        while sent < amount || !self.lease.is_flushed() {
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
            let rest = &self.output.bytes[sent..amount];
            let written = if rest.is_empty() {
                self.lease.flush(Patience::None).map(|()| 0)
            } else {
                self.lease.write(rest, Patience::None)
            };
            match written {
                Ok(count) => {
                    sent += count;
                    self.has_begun = true;
                }
                Err(Error::WouldBlock) => {
                    let has_room = self.lease.input.waiting().len() < MAX_EARLY_RESPONSE_BYTES;
                    match self.lease.wait_to_write(has_room && !has_ended) {
                        // It answered, and then accepted nothing for the whole timeout.
                        Err(Error::Timeout(_)) if self.head.is_some() => {
                            self.lease.spoil();
                            self.state = State::Deaf(None);
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
        self.lease.spoil();
        self.state = State::Deaf(Some(error));
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

/// ureq's handle of the loan, which dropping ends.
struct OnLoan {
    loan: Option<Loan>,
    slot: Slot,
}

impl OnLoan {
    fn loan(&mut self) -> &mut Loan {
        self.loan.as_mut().expect("it is there until the drop")
    }
}

impl Drop for OnLoan {
    fn drop(&mut self) {
        *lock(&self.slot) = self.loan.take();
    }
}

impl Transport for OnLoan {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.loan()
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let loan = self.loan();
        if let Err(error) = loan.transmit(amount) {
            loan.failure = Some(error);
        }
        if loan.failure.is_some() || matches!(loan.state, State::Deaf(_)) {
            return Err(END_OF_THE_LOAN);
        }
        Ok(())
    }

    /// Called by ureq when the request is sent and it wants the response.
    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let loan = self.loan();
        if matches!(loan.state, State::Body) {
            loan.state = State::Sent;
        }
        Err(END_OF_THE_LOAN)
    }

    /// `false` keeps our connections out of ureq's own pool.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        // TLS, if any, is ours; ureq must not add its own.
        true
    }
}

impl Buffers for Loan {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output.bytes
    }

    /// Never called: ureq does not get to read.
    fn input(&self) -> &[u8] {
        &[]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, _: usize) {}

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        // ureq's input buffer is used only to frame chunks.
        let chunk = self.chunk.as_mut().map(|chunk| &mut *chunk.bytes);
        (chunk.unwrap_or_default(), &mut self.output.bytes)
    }

    fn can_use_input(&self) -> bool {
        false
    }
}

impl fmt::Debug for OnLoan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnLoan")
    }
}

/// The connector that gives ureq the lent connection.
struct Lender(Slot);

impl fmt::Debug for Lender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lender")
    }
}

impl Connector<()> for Lender {
    type Out = OnLoan;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<OnLoan>, ureq::Error> {
        Ok(lock(&self.0).take().map(|loan| OnLoan {
            loan: Some(loan),
            slot: self.0.clone(),
        }))
    }
}

/// A resolver that looks nothing up: the connection exists already.
#[derive(Debug)]
struct NoNames;

impl Resolver for NoNames {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

//! How a request goes out: one without a body as it is, one with a body by ureq, to which the
//! connection is lent, and which writes its head, its framing and the body.
//!
//! The loan ends when ureq asks for the answer. The head of that is read here, since RFC 9112, section
//! 6.3, says of some responses that they have no body, whatever their headers say, which ureq looks at
//! all the same. While the body is sent, an answer that has come is looked at, and may end it.

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

/// With this ureq gives a connection back.
const END_OF_THE_LOAN: ureq::Error = ureq::Error::ConnectionFailed;

/// How many agents of ureq are kept for the next request.
const MAX_KEPT: usize = 16;

/// Agents of ureq that nobody uses at the moment, each with the place of the connection that it is
/// lent. To make one for each request costs more than all else here.
pub(crate) struct Agents {
    /// How ureq writes requests.
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

/// The same, as far as nothing has to be waited for. `None` if the connection does not take all of it
/// at once: the server has not seen the whole request.
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
            // It may have answered before.
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

/// Sends a request with a body over a connection. The answer may come while it is sent.
pub(crate) fn ask_with_body(
    agents: &Agents,
    lease: Lease,
    request: http::Request<impl ureq::AsSendBody>,
) -> Result<Unanswered, Error> {
    Loan::new(lease, None).lend(agents, request)
}

/// The same of a request whose body is being written.
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

/// A connection in the hands of ureq.
struct Loan {
    lease: Lease,
    output: Output,
    /// What is put into chunks next, if the body is sent so.
    chunk: Option<Chunk>,
    /// The body, if it is being written.
    upload: Option<Arc<Upload>>,
    state: State,
    head: Option<Head>,
    /// Whether a part of the request's body was taken by the connection.
    has_begun: bool,
    /// Why it failed, in our own words.
    failure: Option<Error>,
}

enum State {
    /// The head of the request is sent next.
    Head,
    /// Its body is sent next.
    Body,
    /// The server takes no more of the request. If no answer is there, this is why.
    Deaf(Option<Error>),
    /// All is sent.
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

    /// Has ureq send a request.
    fn lend(
        self,
        agents: &Agents,
        request: http::Request<impl ureq::AsSendBody>,
    ) -> Result<Unanswered, Error> {
        let agent = agents.take();
        *lock(&agent.slot) = Some(self);
        // Dropping what ureq gives ends the loan.
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

    /// Waits until there is more of a body that is being written, or no use in it: the server has
    /// answered, or is gone.
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
            // A guest that goes on writing fills the queue first, so that more is sent at once.
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Ends the sending, since the server has answered or is gone.
    fn hear_no_more(&mut self) {
        let reason = self.head.is_none().then_some(Error::Closed);
        self.lease.spoil();
        self.state = State::Deaf(reason);
    }

    /// Sends a piece of the body. Whatever the server sends meanwhile is taken in, so that neither
    /// side waits for the other for ever; a final answer ends the sending.
    fn send_body(&mut self, amount: usize) -> Result<(), Error> {
        let mut sent = 0;
        let mut has_ended = false;
        while sent < amount || !self.lease.is_flushed() {
            // Before the first byte there is nothing to answer, and an answer that comes once all
            // is sent is not early.
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
                        // It answered, and then took nothing for the whole of the timeout.
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

    /// Whether what has come ends the sending: another answer than success, which means that the
    /// rest of the body is not wanted, a whole answer, or the end.
    fn is_answered(&self, has_ended: bool) -> bool {
        has_ended
            || self.head.as_ref().is_some_and(|head| {
                !head.status.is_success() || head.is_whole_with(self.lease.input.waiting())
            })
    }

    /// A server that closes or resets a connection while a request is sent may have answered
    /// before: that is looked for next.
    fn stop_sending(&mut self, error: Error) -> Result<(), Error> {
        if !error.is_disconnect() {
            return Err(error);
        }
        self.lease.spoil();
        self.state = State::Deaf(Some(error));
        Ok(())
    }

    /// Takes in what has come, without waiting: whether that was the end.
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

/// A loan that ends when ureq drops it.
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

    /// The request is sent: ureq asks for the answer.
    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let loan = self.loan();
        if matches!(loan.state, State::Body) {
            loan.state = State::Sent;
        }
        Err(END_OF_THE_LOAN)
    }

    /// ureq has a pool, in which no connection of ours belongs.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        // Whether it is was settled when the connection was made.
        true
    }
}

impl Buffers for Loan {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output.bytes
    }

    /// What comes is not for ureq.
    fn input(&self) -> &[u8] {
        &[]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, _: usize) {}

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        // The first is for bodies in chunks alone.
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

/// Gives ureq the connection.
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

/// Names are looked up before ureq is asked.
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

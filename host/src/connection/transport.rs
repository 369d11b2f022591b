//! Sends a request with a streamed body, by lending the connection to ureq, which writes its head,
//! framing and body.
//!
//! The loan ends when ureq asks for the response, whose head is read here: by RFC 9112, section
//! 6.3, some responses have no body whatever their headers say, but ureq would go by the headers.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::Lease;
use super::buffers::{Chunk, Output};
use super::sender::Sender;
use super::unanswered::Unanswered;
use crate::error::Error;
use crate::exchange::upload::{Sending, Upload};

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

/// Sends a request with a streamed body. The response may arrive before all is sent.
pub(crate) fn ask_with_upload(
    agents: &Agents,
    lease: Lease,
    request: http::Request<()>,
    upload: &Arc<Upload>,
) -> Result<Unanswered, Error> {
    let mut body = Sending(upload);
    let request = request.map(|()| ureq::SendBody::from_reader(&mut body));
    let sent = Loan::new(lease, upload.clone()).lend(agents, request);
    upload.close();
    sent
}

type Slot = Arc<Mutex<Option<Loan>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Loan>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that is lent to ureq.
struct Loan {
    sender: Sender,
    output: Output,
    /// The buffer for the next chunk, if the body is sent in chunks.
    chunk: Option<Chunk>,
    state: State,
    /// The error behind the `ureq::Error` that was returned to ureq.
    failure: Option<Error>,
}

enum State {
    /// Sending the head of the request.
    Head,
    /// Sending its body.
    Body,
    /// Everything is sent.
    Sent,
}

impl Loan {
    fn new(lease: Lease, upload: Arc<Upload>) -> Self {
        Loan {
            output: lease.output(),
            chunk: upload.len().is_none().then(|| lease.chunk()),
            sender: Sender::new(lease, Some(upload)),
            state: State::Head,
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
        match loan {
            Some(Loan {
                failure: Some(failure),
                ..
            }) => Err(failure),
            Some(loan) if loan.has_ended() => Ok(loan.sender.into_unanswered()),
            _ => {
                let error = result.err().unwrap_or(ureq::Error::ConnectionFailed);
                Err(Error::Client(Arc::new(error)))
            }
        }
    }

    /// Whether all is sent, or the server accepts no more.
    fn has_ended(&self) -> bool {
        self.sender.is_deaf() || matches!(self.state, State::Sent)
    }

    fn transmit(&mut self, amount: usize) -> Result<(), Error> {
        if self.has_ended() {
            return Ok(());
        }
        let bytes = &self.output.bytes[..amount];
        if matches!(self.state, State::Body) {
            return self.sender.send_body(bytes);
        }
        self.state = State::Body;
        self.sender.send_head(bytes)
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
        if loan.failure.is_some() || loan.sender.is_deaf() {
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

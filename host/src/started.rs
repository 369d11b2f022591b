//! A request that a guest does not wait for.
//!
//! Where an idle connection takes it at once, and it has no body, it has no thread: the guest's own
//! looks for the answer when it asks. Otherwise (a name to look up, a connection to make, a body that
//! is being written, a redirect) a thread of the client's works for it until the head of its response
//! is there. An open response has no thread.

use std::io;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::client::{HttpClient, InFlight};
use crate::connection::Unanswered;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::cancel::CancelHandle;
use crate::exchange::upload::Upload;
use crate::head::Head;
use crate::request::Request;
use crate::request_url::Target;
use crate::response::Response;
use crate::send::{self, First};
use crate::telemetry::Record;

/// A request on its way.
pub(crate) struct Started {
    state: State,
    /// The guest's own target.
    pub target: Arc<Target>,
    /// The body, if the guest is writing one.
    pub upload: Option<Arc<Upload>>,
    /// Given to it once it has started.
    pub record: Option<Box<Record>>,
    exchange: Arc<Exchange>,
}

enum State {
    /// A thread works for it, which leaves the outcome here.
    OnThread(Slot),
    /// It was sent, and nothing works for it.
    Sent(Box<(Work, Unanswered)>),
    Known(Outcome),
    /// The outcome was taken.
    Over,
}

/// What became of a request.
pub(crate) struct Outcome {
    pub result: Result<Box<Response>, Error>,
    /// Where it went last.
    pub target: Arc<Target>,
    /// When that was known.
    pub at: Instant,
}

/// Where a thread leaves the outcome.
type Slot = Arc<Mutex<Option<Outcome>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Outcome>> {
    // Nothing of others runs under the lock.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is needed to work for a request.
struct Work {
    request: Request<'static>,
    client: HttpClient,
    exchange: Arc<Exchange>,
    /// What happens to it is traced in this.
    span: tracing::Span,
    /// Woken when there is an outcome.
    guest: CancelHandle,
    in_flight: InFlight,
}

/// What is to be done next.
enum Step {
    /// Send it.
    Send,
    /// Send it over a new connection.
    SendAgain,
    /// Look where this response leads.
    Follow(Box<Response>),
}

impl Started {
    /// Starts a request, which is traced in a span; `guest` is woken when there is an outcome.
    ///
    /// # Errors
    ///
    /// If too many requests are on their way, or there is no thread for this one.
    pub(crate) fn start(
        request: Request<'static>,
        client: &HttpClient,
        exchange: Arc<Exchange>,
        span: tracing::Span,
        guest: CancelHandle,
    ) -> Result<Box<Self>, Error> {
        let work = Work {
            in_flight: client.start()?,
            request,
            client: client.clone(),
            exchange: exchange.clone(),
            span,
            guest,
        };
        let target = work.request.target().clone();
        let upload = work.request.upload().cloned();
        let state = match work.send_without_waiting() {
            Ok(Some(unanswered)) => State::Sent(Box::new((work, unanswered))),
            Ok(None) => State::OnThread(work.go_on(Step::Send)?),
            Err(error) => State::Known(work.outcome(Err(error))),
        };
        Ok(Box::new(Started {
            state,
            target,
            upload,
            record: None,
            exchange,
        }))
    }

    /// What became of it, once.
    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        match &mut self.state {
            State::OnThread(slot) => {
                let outcome = lock(slot).take()?;
                self.state = State::Over;
                Some(outcome)
            }
            State::Sent(sent) => match sent.1.head() {
                Err(Error::WouldBlock) => None,
                head => self.answered(head),
            },
            State::Known(_) | State::Over => {
                match std::mem::replace(&mut self.state, State::Over) {
                    State::Known(outcome) => Some(outcome),
                    _ => None,
                }
            }
        }
    }

    /// Waits for the answer to a request for which nothing works; there may be more to wait for then.
    pub(crate) fn await_answer(&mut self) -> Option<Outcome> {
        match &mut self.state {
            State::Sent(sent) => {
                let head = sent.1.await_head();
                self.answered(head)
            }
            _ => self.outcome(),
        }
    }

    /// What becomes readable when there may be an outcome, and until when that may take; `None` if
    /// the guest is woken instead.
    pub(crate) fn waits_for(&self) -> Option<(&Arc<TcpStream>, Option<Instant>)> {
        match &self.state {
            State::Sent(sent) => Some(sent.1.waits_for()),
            State::OnThread(_) | State::Known(_) | State::Over => None,
        }
    }

    /// Whether what came before may be enough for an outcome, whatever the socket says.
    pub(crate) fn has_received(&mut self) -> bool {
        match &mut self.state {
            State::Sent(sent) => sent.1.lease.has_received(),
            State::OnThread(_) | State::Known(_) | State::Over => true,
        }
    }

    /// Takes note of the head of an answer, or that none comes. What has to be waited for next is
    /// done by a thread.
    fn answered(&mut self, head: Result<Head, Error>) -> Option<Outcome> {
        let State::Sent(sent) = std::mem::replace(&mut self.state, State::Over) else {
            return None;
        };
        let (work, unanswered) = *sent;
        let entered = work.span.enter();
        let first = send::first_response(&work.request, &work.exchange, unanswered, head);
        drop(entered);
        let step = match first {
            Ok(First::Again) => Step::SendAgain,
            Ok(First::Response(response)) if work.has_more_to_do(&response) => {
                Step::Follow(response)
            }
            Ok(First::Response(response)) => return Some(work.outcome(Ok(response))),
            Err(error) => return Some(work.outcome(Err(error))),
        };
        let target = work.request.target().clone();
        match work.go_on(step) {
            Ok(slot) => {
                self.state = State::OnThread(slot);
                None
            }
            Err(error) => Some(Outcome {
                result: Err(error),
                target,
                at: Instant::now(),
            }),
        }
    }

    /// Ends it, without waiting for anything.
    pub(crate) fn close(self) {
        self.exchange.cancel.cancel();
        if let Some(upload) = &self.upload {
            upload.close();
            upload.wake_sender();
        }
        if let State::OnThread(slot) = &self.state
            && let Some(Outcome {
                result: Ok(response),
                ..
            }) = lock(slot).take()
        {
            response.close();
        }
    }
}

impl Work {
    fn send_without_waiting(&self) -> Result<Option<Unanswered>, Error> {
        let _entered = self.span.enter();
        send::without_waiting(&self.request, &self.client, &self.exchange)
    }

    /// Whether something has to be waited for before the guest gets its response.
    fn has_more_to_do(&self, response: &Response) -> bool {
        let limits = &self.exchange.limits;
        let may_lead_elsewhere = limits.max_redirects > 0 && response.status.is_redirection();
        may_lead_elsewhere || limits.whole_bodies.is_some()
    }

    fn outcome(self, result: Result<Box<Response>, Error>) -> Outcome {
        Outcome {
            result,
            target: self.request.target().clone(),
            at: Instant::now(),
        }
    }

    /// Has a thread do the rest: where it leaves the outcome.
    fn go_on(mut self, step: Step) -> Result<Slot, Error> {
        let slot = Slot::default();
        let workers = self.client.workers().clone();
        let threads_slot = slot.clone();
        let job = move || {
            let (span, upload) = (self.span.clone(), self.request.upload().cloned());
            let result = span.in_scope(|| self.take(step));
            if let Some(upload) = upload {
                upload.close();
            }
            let Work {
                request,
                guest,
                in_flight,
                ..
            } = self;
            // Before the guest knows: it may start the next one at once.
            drop(in_flight);
            *lock(&threads_slot) = Some(Outcome {
                result,
                target: request.target().clone(),
                at: Instant::now(),
            });
            drop(threads_slot);
            guest.wake();
        };
        let submitted = workers.submit(Box::new(job));
        submitted.map_err(|error| Error::NoThread(Arc::new(error)))?;
        Ok(slot)
    }

    fn take(&mut self, step: Step) -> Result<Box<Response>, Error> {
        let work = || {
            let (request, client, exchange) = (&mut self.request, &self.client, &self.exchange);
            let mut response = match step {
                Step::Send => send::following_redirects(request, client, exchange),
                Step::SendAgain => send::again(request, client, exchange),
                Step::Follow(first) => send::redirects_of(first, request, client, exchange),
            }?;
            if exchange.limits.whole_bodies.is_some() {
                response.hold()?;
            }
            Ok(response)
        };
        // A panic would leave the guest waiting.
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let error = io::Error::other("a thread for a request panicked");
            Err(Error::NoThread(Arc::new(error)))
        })
    }
}

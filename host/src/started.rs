//! A request started with `request_start`, which the guest does not wait for.
//!
//! A request without a body that an idle connection takes at once needs no thread: the guest's
//! thread looks for the answer whenever a call asks for it. Anything that may block (name lookup,
//! connecting, a streamed body, a redirect) runs on a worker thread of the client, which is free
//! again once the head of the response has been read.

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

/// A request that has been started.
pub(crate) struct Started {
    state: State,
    /// The URL that the guest asked for, before redirects.
    pub target: Arc<Target>,
    /// The body, if the guest streams one.
    pub upload: Option<Arc<Upload>>,
    /// What the observer is told at the end; set once the request has started.
    pub record: Option<Box<Record>>,
    exchange: Arc<Exchange>,
}

enum State {
    /// A worker thread sends it, and leaves the outcome here.
    OnThread(Slot),
    /// It was sent from the guest's thread, and no thread waits for the answer.
    Sent(Box<(Work, Unanswered)>),
    Known(Outcome),
    /// The outcome was taken.
    Over,
}

/// What became of a request.
pub(crate) struct Outcome {
    pub result: Result<Box<Response>, Error>,
    /// The URL after redirects.
    pub target: Arc<Target>,
    /// When the outcome was known.
    pub at: Instant,
}

/// Where a worker thread leaves the outcome.
type Slot = Arc<Mutex<Option<Outcome>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Outcome>> {
    // No foreign code runs under the lock, so a poisoned value is still whole.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a worker thread needs to carry out a request.
struct Work {
    request: Request<'static>,
    client: HttpClient,
    exchange: Arc<Exchange>,
    /// The `tracing` span of the request.
    span: tracing::Span,
    /// Woken when there is an outcome.
    guest: CancelHandle,
    in_flight: InFlight,
}

/// What a worker thread does next.
enum Step {
    /// Send it.
    Send,
    /// Send it over a new connection, because the idle one was closed.
    SendAgain,
    /// Follow the redirect that this response is.
    Follow(Box<Response>),
}

impl Started {
    /// Starts a request. `guest` is woken when there is an outcome.
    ///
    /// # Errors
    ///
    /// If the client's limit of requests in flight is reached, or no thread can be started.
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

    /// Takes the outcome, if there is one.
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

    /// For a request without a thread: blocks until the head of the answer arrives. `None` if a
    /// redirect or a retry follows, which a worker thread takes over.
    pub(crate) fn await_answer(&mut self) -> Option<Outcome> {
        match &mut self.state {
            State::Sent(sent) => {
                let head = sent.1.await_head();
                self.answered(head)
            }
            _ => self.outcome(),
        }
    }

    /// The socket to wait for, and the deadline of that wait; `None` if a worker thread will wake
    /// the guest.
    pub(crate) fn waits_for(&self) -> Option<(&Arc<TcpStream>, Option<Instant>)> {
        match &self.state {
            State::Sent(sent) => Some(sent.1.waits_for()),
            State::OnThread(_) | State::Known(_) | State::Over => None,
        }
    }

    /// Whether the outcome may be there although the socket stays silent: from a worker thread, or
    /// in bytes that are already buffered.
    pub(crate) fn has_received(&mut self) -> bool {
        match &mut self.state {
            State::Sent(sent) => sent.1.lease.has_received(),
            State::OnThread(_) | State::Known(_) | State::Over => true,
        }
    }

    /// Handles the head of an answer, or its absence. If more has to be waited for, a worker thread
    /// takes over.
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

    /// Cancels the request without blocking.
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

    /// Whether the response is a redirect to be followed, or its body is to be read first.
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

    /// Hands the rest to a worker thread. Returns where it will leave the outcome.
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
            // Release the slot before the guest is told: it may start its next request immediately.
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
        // Without this, a panic would leave the guest waiting for ever.
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let error = io::Error::other("a thread for a request panicked");
            Err(Error::NoThread(Arc::new(error)))
        })
    }
}

//! A request that a guest does not wait for. A thread of the client's works for it until the head of
//! its response is there; an open response has no thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::client::HttpClient;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::cancel::CancelHandle;
use crate::exchange::upload::Upload;
use crate::request::Request;
use crate::request_url::Target;
use crate::response::Response;
use crate::send;
use crate::telemetry::Record;

/// A request on its way.
pub(crate) struct Started {
    outcome: Slot,
    /// The guest's own target.
    pub target: Arc<Target>,
    /// The body, if the guest is writing one.
    pub upload: Option<Arc<Upload>>,
    /// Given to it once it has started.
    pub record: Option<Box<Record>>,
    exchange: Arc<Exchange>,
}

/// What became of a request.
pub(crate) struct Outcome {
    pub result: Result<Box<Response>, Error>,
    /// Where it went last.
    pub target: Arc<Target>,
    /// When that was known.
    pub at: Instant,
}

/// Where the thread leaves the outcome.
type Slot = Arc<Mutex<Option<Outcome>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Outcome>> {
    // Nothing of others runs under the lock.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Started {
    /// Starts a request, which is traced in a span; `guest` is woken when there is an outcome.
    ///
    /// # Errors
    ///
    /// If too many requests are on their way, or there is no thread for this one.
    pub(crate) fn start(
        mut request: Request<'static>,
        client: &HttpClient,
        exchange: Arc<Exchange>,
        span: tracing::Span,
        guest: CancelHandle,
    ) -> Result<Box<Self>, Error> {
        let in_flight = client.start()?;
        let started = Box::new(Started {
            outcome: Slot::default(),
            target: request.target().clone(),
            upload: request.upload().cloned(),
            record: None,
            exchange: exchange.clone(),
        });
        let (slot, upload) = (started.outcome.clone(), started.upload.clone());
        let job_client = client.clone();
        let job = move || {
            let result = span.in_scope(|| fetch(&mut request, &job_client, &exchange));
            if let Some(upload) = upload {
                upload.close();
            }
            // Before the guest knows: it may start the next one at once.
            drop(in_flight);
            *lock(&slot) = Some(Outcome {
                result,
                target: request.target().clone(),
                at: Instant::now(),
            });
            drop(slot);
            guest.wake();
        };
        let submitted = client.workers().submit(Box::new(job));
        submitted.map_err(|error| Error::NoThread(Arc::new(error)))?;
        Ok(started)
    }

    /// What became of it, once.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        lock(&self.outcome).take()
    }

    /// Ends it, without waiting for anything.
    pub(crate) fn close(self) {
        self.exchange.cancel.cancel();
        if let Some(upload) = &self.upload {
            upload.close();
            upload.wake_sender();
        }
        if let Some(Outcome {
            result: Ok(response),
            ..
        }) = self.outcome()
        {
            response.close();
        }
    }
}

fn fetch(
    request: &mut Request<'_>,
    client: &HttpClient,
    exchange: &Arc<Exchange>,
) -> Result<Box<Response>, Error> {
    let work = || {
        let mut response = send::following_redirects(request, client, exchange)?;
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

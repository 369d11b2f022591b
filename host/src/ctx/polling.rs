//! `poll`: waiting for any of several requests and bodies.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::HttpCtx;
use super::WaitsFor;
use super::to_wait_for;
use crate::error::Error;
use crate::exchange::signal::readable;
use crate::generated::types::{Events, Subscription};
use crate::handles::Open;
use crate::waiting::Resume;

/// The subscriptions of a `poll` that become ready only when their sockets are readable.
#[derive(Default)]
struct Quiet {
    places: Vec<usize>,
    sockets: Vec<Arc<TcpStream>>,
}

impl HttpCtx {
    /// Waits until at least one subscription is ready, or the timeout. Returns how many are ready.
    pub(crate) fn poll(
        &mut self,
        subscriptions: &mut [Subscription],
        timeout: Option<Duration>,
    ) -> Result<usize, Error> {
        let until = match self.take_resume() {
            Some(Resume::Poll { until }) => until,
            _ => timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        };
        loop {
            let now = Instant::now();
            let is_over = until.is_some_and(|until| now >= until);
            let mut quiet = Quiet::default();
            let mut soonest = until;
            let mut ready = 0;
            for (place, it) in subscriptions.iter_mut().enumerate() {
                let handle = it.handle.into();
                it.ready = if self.is_quiet(handle, it.interest, now) {
                    Events::empty()
                } else {
                    self.ready(handle, it.interest)
                };
                if !it.ready.is_empty() {
                    ready += 1;
                } else if let Some((socket, until)) = self.socket_for(handle, it.interest) {
                    quiet.places.push(place);
                    quiet.sockets.push(socket);
                    soonest = soonest.into_iter().chain(until).min();
                }
            }
            // One system call asks about all sockets; then only readable ones are examined.
            let may_wait = ready == 0 && !is_over && !self.cancel.is_cancelled();
            let found = if may_wait && !self.is_async() {
                self.wait(&quiet.sockets, soonest)?
            } else {
                readable(&quiet.sockets).map_err(|error| Error::Socket(Arc::new(error)))?
            };
            for place in found {
                let it = &mut subscriptions[quiet.places[place]];
                it.ready = self.ready(it.handle.into(), it.interest);
                ready += usize::from(!it.ready.is_empty());
            }
            if ready > 0 || is_over {
                return Ok(ready);
            }
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            if self.is_async() {
                let waits = self.wait(&quiet.sockets, soonest);
                self.set_resume(Resume::Poll { until });
                waits?;
            }
        }
    }

    /// Whether a subscription cannot become ready before its socket is readable.
    fn is_quiet(&mut self, handle: u32, interest: Events, now: Instant) -> bool {
        let Some(open) = self.open.get_mut(handle) else {
            return false;
        };
        open.needs_bytes_for().contains(interest)
            && !open.has_received()
            && open
                .waits_for()
                .is_some_and(|(_, until)| until.is_none_or(|until| now < until))
    }

    /// The socket that a subscription waits for, and the deadline of that wait.
    fn socket_for(&self, handle: u32, interest: Events) -> Option<WaitsFor> {
        let open = self.open.get(handle)?;
        let waits = interest.intersects(open.needs_bytes_for());
        waits.then(|| open.waits_for().map(to_wait_for))?
    }

    /// Which of the events are ready.
    fn ready(&mut self, handle: u32, interest: Events) -> Events {
        self.settle(handle);
        let ready = match self.open.get_mut(handle) {
            Some(Open::Started(started)) => match &started.upload {
                Some(upload) if !upload.is_writable() => Events::empty(),
                _ => Events::WRITABLE,
            },
            Some(Open::Response(response)) => {
                if interest.contains(Events::READABLE) && !response.body.is_ready() {
                    Events::RESPONSE | Events::WRITABLE
                } else {
                    Events::all()
                }
            }
            // A failed or unknown handle is ready for everything: the next call on it reports the
            // error.
            Some(Open::Failed(_)) | None => Events::all(),
        };
        interest & ready
    }
}

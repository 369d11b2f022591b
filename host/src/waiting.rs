//! How calls of an asynchronous store wait without blocking a thread.
//!
//! A call that would block notes what it waits for, and returns [`Error::WouldBlock`]. The linker
//! awaits that, and then makes the call again, which continues where it stopped. No executor is
//! assumed: other threads wake the future.

#![cfg_attr(not(feature = "async"), allow(dead_code))]

use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::error::Error;
use crate::exchange::cancel::CancelHandle;
use crate::exchange::deadline::Deadline;
use crate::exchange::reactor::{Reactor, Watch};
use crate::started::Started;

/// How a store's calls wait.
#[derive(Default)]
pub(crate) enum Waits {
    /// They block their thread.
    #[default]
    Blocking,
    Async(AsyncCall),
}

/// A call of an asynchronous store.
#[derive(Default)]
pub(crate) struct AsyncCall {
    /// What the suspended call waits for.
    pub wait: Option<Waiting>,
    /// Where the call continues when it is made again.
    pub resume: Option<Resume>,
}

/// Where a call goes on when it is made again.
pub(crate) enum Resume {
    /// A `req` whose request is in progress.
    Request(Box<Started>),
    /// A read that has filled this much of its buffer, and must see another byte before `silence`.
    Read { filled: u32, silence: Deadline },
    /// A `poll` with the time of its timeout, if it has one.
    Poll { until: Option<Instant> },
}

/// The future of a suspended call. Dropping it before it is ready cancels the store's requests,
/// because the guest that made them is gone.
pub struct Waiting {
    store: CancelHandle,
    _watch: Option<Watch>,
    is_over: bool,
}

impl Waiting {
    pub(crate) fn new(
        store: CancelHandle,
        reactor: &Arc<Reactor>,
        sockets: &[Arc<TcpStream>],
        until: Option<Instant>,
    ) -> Result<Self, Error> {
        let is_watched = !sockets.is_empty() || until.is_some();
        let watch = is_watched
            .then(|| reactor.watch(sockets.to_vec(), until, store.clone()))
            .transpose()
            .map_err(|error| Error::Socket(Arc::new(error)))?;
        Ok(Waiting {
            store,
            _watch: watch,
            is_over: false,
        })
    }
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.store.is_rung(context.waker()) {
            self.is_over = true;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_over {
            self.store.abandon();
        }
    }
}

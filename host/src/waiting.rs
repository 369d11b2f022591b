//! Calls that wait without blocking their thread: those of an asynchronous store.
//!
//! A call that cannot go on says what it waits for, and ends with [`Error::WouldBlock`]; the linker
//! waits for that as a future, and makes the call again, which goes on where it was. No executor is
//! assumed: the future is woken by other threads.

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
    /// On their thread.
    #[default]
    Blocking,
    Async(AsyncCall),
}

/// A call of an asynchronous store.
#[derive(Default)]
pub(crate) struct AsyncCall {
    /// What it waits for, once it has said so.
    pub wait: Option<Waiting>,
    /// Where it goes on.
    pub resume: Option<Resume>,
}

/// Where a call goes on when it is made again.
pub(crate) enum Resume {
    /// The request of `req`.
    Request(Box<Started>),
    /// A read of a body that has filled a part of its buffer; the server may be silent until then.
    Read { filled: u32, silence: Deadline },
    /// A `poll` that ends at this time, if at any.
    Poll { until: Option<Instant> },
}

/// Waits for what a call of a store waits for. Dropping it before cancels the store's requests: the
/// guest is gone that made them.
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

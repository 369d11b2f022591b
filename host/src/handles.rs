//! The table of a guest's handles: requests in progress, and responses.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;
use crate::exchange::upload::Upload;
use crate::generated::types::Events;
use crate::limits::MAX_FINISHED_RESPONSES;
use crate::request_url::Target;
use crate::response::Response;
use crate::started::{Outcome, Started};

/// What a handle stands for.
pub(crate) enum Open {
    /// A request in progress, from `request_start`.
    Started(Box<Started>),
    Response(Box<Response>),
    /// A started request that failed.
    Failed(Failed),
}

/// Why a started request failed, and at which URL.
pub(crate) struct Failed {
    error: Arc<Error>,
    target: Arc<Target>,
    /// The streamed request body, if there was one; it is closed.
    pub upload: Option<Arc<Upload>>,
}

impl Open {
    /// Whether the entry holds no connection any more: only headers, or an error.
    fn is_finished(&self) -> bool {
        match self {
            Open::Started(_) => false,
            Open::Response(response) => response.is_finished(),
            Open::Failed(_) => true,
        }
    }

    /// The URL after redirects, as far as it is known.
    pub(crate) fn target(&self) -> &Arc<Target> {
        match self {
            Open::Started(started) => &started.target,
            Open::Response(response) => &response.facts.target,
            Open::Failed(failed) => &failed.target,
        }
    }

    /// If the outcome of a started request is known, replaces the request by its response or
    /// failure. Returns the error of a new failure.
    pub(crate) fn settle(&mut self) -> Option<Arc<Error>> {
        let Open::Started(started) = self else {
            return None;
        };
        let outcome = started.outcome()?;
        self.settle_with(outcome)
    }

    /// Like [`Open::settle`], but first blocks for the answer, if no thread waits for it.
    pub(crate) fn await_answer(&mut self) -> Option<Arc<Error>> {
        let Open::Started(started) = self else {
            return None;
        };
        let outcome = started.await_answer()?;
        self.settle_with(outcome)
    }

    fn settle_with(&mut self, outcome: Outcome) -> Option<Arc<Error>> {
        let Open::Started(started) = self else {
            return None;
        };
        let Outcome { result, target, at } = outcome;
        let mut record = started.record.take();
        let upload = started.upload.take();
        match result {
            Ok(mut response) => {
                if let Some(record) = &mut record {
                    record.responded(response.status.as_u16(), at);
                }
                response.record = record;
                // Keep the upload, which a redirect may have dropped from the request.
                response.upload = upload;
                response.end_record();
                *self = Open::Response(response);
                None
            }
            Err(error) => {
                if let Some(record) = &mut record {
                    record.failed(&error);
                }
                let error = Arc::new(error);
                *self = Open::Failed(Failed {
                    error: error.clone(),
                    target,
                    upload,
                });
                Some(error)
            }
        }
    }

    /// The `poll` events that depend on what the server sends.
    pub(crate) fn needs_bytes_for(&self) -> Events {
        match self {
            Open::Started(_) => Events::RESPONSE | Events::READABLE,
            Open::Response(_) => Events::READABLE,
            Open::Failed(_) => Events::empty(),
        }
    }

    /// The socket to wait for, and the deadline of that wait; `None` if there is nothing to wait
    /// for, or a thread will wake the guest.
    pub(crate) fn waits_for(&self) -> Option<(&Arc<TcpStream>, Option<Instant>)> {
        match self {
            Open::Started(started) => started.waits_for(),
            Open::Response(response) => response.body.waits_for(),
            Open::Failed(_) => None,
        }
    }

    /// Whether there may be an event although the socket stays silent.
    pub(crate) fn has_received(&mut self) -> bool {
        match self {
            Open::Started(started) => started.has_received(),
            Open::Response(response) => response.body.has_received(),
            Open::Failed(_) => true,
        }
    }

    /// Closes it without blocking.
    pub(crate) fn close(self) {
        match self {
            Open::Started(started) => started.close(),
            Open::Response(response) => response.close(),
            Open::Failed(_) => {}
        }
    }
}

/// The table of handles of one store.
///
/// Sorted, because handles only grow; a list, because few are open at once.
pub(crate) struct Handles<T = Open>(Vec<(u32, T)>);

impl Handles {
    /// The response of a handle, if its request has one.
    pub(crate) fn response_mut(&mut self, handle: u32) -> Result<&mut Response, Error> {
        match self.get_mut(handle) {
            Some(Open::Response(response)) => Ok(response),
            Some(Open::Failed(failed)) => Err(Error::Failed(failed.error.clone())),
            Some(Open::Started(_)) | None => Err(Error::InvalidHandle),
        }
    }

    /// [`Open::settle`] for a handle.
    pub(crate) fn settle(&mut self, handle: u32) -> Option<Arc<Error>> {
        self.get_mut(handle)?.settle()
    }

    /// [`Open::await_answer`] for a handle.
    pub(crate) fn await_answer(&mut self, handle: u32) -> Option<Arc<Error>> {
        self.get_mut(handle)?.await_answer()
    }

    /// How many entries are not finished.
    pub(crate) fn unfinished(&self) -> usize {
        self.0.iter().filter(|(_, it)| !it.is_finished()).count()
    }

    /// Closes the oldest finished response, if there are too many.
    pub(crate) fn forget_finished(&mut self) {
        if self.0.len() >= MAX_FINISHED_RESPONSES
            && self.0.len() - self.unfinished() >= MAX_FINISHED_RESPONSES
            && let Some(oldest) = self.0.iter().position(|(_, it)| it.is_finished())
        {
            self.0.remove(oldest);
        }
    }
}

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Handles(Vec::new())
    }
}

impl<T> Handles<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds an entry; `handle` is larger than all before.
    pub(crate) fn push(&mut self, handle: u32, open: T) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| *last < handle));
        self.0.push((handle, open));
    }

    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        Some(&self.0[self.find(handle)?].1)
    }

    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        let index = self.find(handle)?;
        Some(&mut self.0[index].1)
    }

    /// Removes any entry.
    pub(crate) fn pop(&mut self) -> Option<T> {
        Some(self.0.pop()?.1)
    }

    pub(crate) fn remove(&mut self, handle: u32) -> Option<T> {
        let index = self.find(handle)?;
        Some(self.0.remove(index).1)
    }

    fn find(&self, handle: u32) -> Option<usize> {
        self.0.binary_search_by_key(&handle, |(key, _)| *key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_found_by_its_handle() {
        let mut open = Handles::default();
        for handle in [1, 3, 7, 8] {
            open.push(handle, 200 + handle);
        }
        assert!(open.remove(3).is_some());
        assert!(open.remove(3).is_none());
        assert_eq!(open.len(), 3);
        for (handle, status) in [
            (0, None),
            (1, Some(201)),
            (3, None),
            (7, Some(207)),
            (9, None),
        ] {
            assert_eq!(open.get(handle).copied(), status);
            assert_eq!(open.get_mut(handle).is_some(), status.is_some());
        }
    }
}

//! What a guest's handles stand for: requests on their way, and their responses.

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
    /// A request that the guest does not wait for.
    Started(Box<Started>),
    Response(Box<Response>),
    /// A request that has failed, while the guest did not wait for it.
    Failed(Failed),
}

/// Why a request failed, and where.
pub(crate) struct Failed {
    error: Arc<Error>,
    target: Arc<Target>,
    /// The body, if the guest wrote it, which takes no more now.
    pub upload: Option<Arc<Upload>>,
}

impl Open {
    /// Whether nothing comes any more: what is left are headers, or an error.
    fn is_finished(&self) -> bool {
        match self {
            Open::Started(_) => false,
            Open::Response(response) => response.is_finished(),
            Open::Failed(_) => true,
        }
    }

    /// Where the request went last, as far as that is known.
    pub(crate) fn target(&self) -> &Arc<Target> {
        match self {
            Open::Started(started) => &started.target,
            Open::Response(response) => &response.facts.target,
            Open::Failed(failed) => &failed.target,
        }
    }

    /// Takes note of what became of a request on its way: the error, if it has failed just now.
    pub(crate) fn settle(&mut self) -> Option<Arc<Error>> {
        let Open::Started(started) = self else {
            return None;
        };
        let outcome = started.outcome()?;
        self.settle_with(outcome)
    }

    /// The same, after waiting for an answer for which no thread waits.
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
                // A redirect may have done without it.
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

    /// The events that come of what a server sends.
    pub(crate) fn needs_bytes_for(&self) -> Events {
        match self {
            Open::Started(_) => Events::RESPONSE | Events::READABLE,
            Open::Response(_) => Events::READABLE,
            Open::Failed(_) => Events::empty(),
        }
    }

    /// What becomes readable when something may have happened, and until when that may take; `None`
    /// if that cannot be seen on a socket, or need not.
    pub(crate) fn waits_for(&self) -> Option<(&Arc<TcpStream>, Option<Instant>)> {
        match self {
            Open::Started(started) => started.waits_for(),
            Open::Response(response) => response.body.waits_for(),
            Open::Failed(_) => None,
        }
    }

    /// Whether something may have happened, whatever the socket says.
    pub(crate) fn has_received(&mut self) -> bool {
        match self {
            Open::Started(started) => started.has_received(),
            Open::Response(response) => response.body.has_received(),
            Open::Failed(_) => true,
        }
    }

    /// Ends it, without waiting for anything.
    pub(crate) fn close(self) {
        match self {
            Open::Started(started) => started.close(),
            Open::Response(response) => response.close(),
            Open::Failed(_) => {}
        }
    }
}

/// What a store's guest has handles for.
///
/// Handles only grow, so the list is in their order; few are open at once.
pub(crate) struct Handles<T = Open>(Vec<(u32, T)>);

impl Handles {
    /// A response that is there.
    pub(crate) fn response_mut(&mut self, handle: u32) -> Result<&mut Response, Error> {
        match self.get_mut(handle) {
            Some(Open::Response(response)) => Ok(response),
            Some(Open::Failed(failed)) => Err(Error::Failed(failed.error.clone())),
            Some(Open::Started(_)) | None => Err(Error::InvalidHandle),
        }
    }

    /// Replaces a request whose response is there, or that has failed, by that: the error, if it
    /// has failed just now.
    pub(crate) fn settle(&mut self, handle: u32) -> Option<Arc<Error>> {
        self.get_mut(handle)?.settle()
    }

    /// Waits for an answer for which no thread waits: the error, if there is none.
    pub(crate) fn await_answer(&mut self, handle: u32) -> Option<Arc<Error>> {
        self.get_mut(handle)?.await_answer()
    }

    /// How many have more of their body to read.
    pub(crate) fn unfinished(&self) -> usize {
        self.0.iter().filter(|(_, it)| !it.is_finished()).count()
    }

    /// Closes the oldest of those that are finished, if there are too many.
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

    /// Adds something under a handle that is larger than all before.
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

    /// Takes one out, as long as there is any.
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

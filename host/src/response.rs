//! A response that a guest holds open: its headers, and its body as it streams in.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderName, StatusCode, Version};

use crate::body::{Body, MAX_PIECE};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::limits::MAX_FINISHED_RESPONSES;
use crate::request_url::Target;
use crate::telemetry::Record;

/// An open response.
pub(crate) struct Response {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: Body,
    pub facts: Facts,
    pub exchange: Arc<Exchange>,
    /// Until nothing more happens for the request.
    pub record: Option<Box<Record>>,
}

/// What is known of a response beside what the server said.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Where it came from: behind the redirects, if there were any.
    pub target: Arc<Target>,
    pub version: Version,
    pub peer: SocketAddr,
    pub redirects: u32,
}

impl Response {
    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Result<&[u8], Error> {
        HeaderName::from_bytes(name.as_bytes())
            .ok()
            .and_then(|name| self.headers.get(name))
            .map(|value| value.as_bytes())
            .ok_or(Error::HeaderNotFound)
    }

    /// Reads from the body: at least one byte unless it has ended or `buffer` is empty.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.exchange.cancel.check()?;
        self.exchange.traffic.useful();
        let Some(record) = &mut self.record else {
            return self.body.read(buffer);
        };
        let entered = Record::enter(Some(record));
        let result = self.body.read(buffer);
        if let Err(error) = &result {
            record.failed(error);
        }
        drop(entered);
        self.end_record();
        result
    }

    /// Reads from the body until the buffer is full or the body ends. An error behind other bytes
    /// is left for the next call, which finds it again.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = self.read(buffer)?;
        while filled > 0 && filled < buffer.len() {
            match self.read(&mut buffer[filled..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => filled += count,
            }
        }
        Ok(filled)
    }

    /// Reads the whole body, for the guest to read later.
    pub(crate) fn hold(&mut self) -> Result<(), Error> {
        let result = self.read_whole().map_err(|error| match error {
            Error::BodyFailed(error) => Error::WholeBody(error),
            error => error,
        });
        match result {
            Ok(bytes) => self.body.hold(bytes),
            Err(error) => {
                if let Some(record) = &mut self.record {
                    record.failed(&error);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn read_whole(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while self.body.is_open() {
            let filled = bytes.len();
            // No server's word is taken for the length: the buffer grows with what came.
            let more = filled.clamp(4 * 1024, MAX_PIECE);
            bytes.try_reserve(more).map_err(|_| Error::OutOfMemory)?;
            bytes.resize(filled + more, 0);
            let count = self.read(&mut bytes[filled..])?;
            bytes.truncate(filled + count);
        }
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Closes the response, without waiting for anything.
    pub(crate) fn close(self: Box<Self>) {
        self.body.close();
    }

    /// Ends the record of a request whose body has ended.
    pub(crate) fn end_record(&mut self) {
        if self.is_finished() {
            self.record = None;
        }
    }

    /// Whether the body has ended or failed: what is left are headers.
    fn is_finished(&self) -> bool {
        !self.body.is_open()
    }
}

/// The responses that a store holds open, by their handles.
///
/// Handles only grow, so the list is in their order; few are open at once.
pub(crate) struct OpenResponses<T = Box<Response>>(Vec<(u32, T)>);

impl OpenResponses {
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

impl<T> Default for OpenResponses<T> {
    fn default() -> Self {
        OpenResponses(Vec::new())
    }
}

impl<T> OpenResponses<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a response under a handle that is larger than all before.
    pub(crate) fn push(&mut self, handle: u32, response: T) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| *last < handle));
        self.0.push((handle, response));
    }

    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        Some(&self.0[self.find(handle)?].1)
    }

    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        let index = self.find(handle)?;
        Some(&mut self.0[index].1)
    }

    /// Takes one of the responses out, as long as there is any.
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
    fn responses_are_found_by_their_handles() {
        let mut open = OpenResponses::default();
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

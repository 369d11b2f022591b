//! A response that a guest holds open: its headers, and its body as it streams in.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, StatusCode, Version};
use ureq::BodyReader;

use crate::error::Error;
use crate::limits::MAX_FINISHED_RESPONSES;
use crate::net::cancel::Token;
use crate::request_url::Target;
use crate::telemetry::Record;

/// An open response.
pub(crate) struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
    pub facts: Facts,
    /// Until nothing more happens for the request.
    pub record: Option<Box<Record>>,
}

/// What is known of a response beside what the server said.
pub(crate) struct Facts {
    /// Where it came from: behind the redirects, if there were any.
    pub target: Arc<Target>,
    pub version: Version,
    pub peer: Option<SocketAddr>,
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

    /// Reads from the body.
    pub(crate) fn read(&mut self, token: &Token, buffer: &mut [u8]) -> Result<usize, Error> {
        token.check().map_err(|_| Error::Cancelled)?;
        token.traffic().useful();
        let Some(record) = &mut self.record else {
            return self.body.read(buffer);
        };
        let entered = Record::enter(Some(record));
        let before = token.traffic().totals();
        let result = self.body.read(buffer);
        record.add_traffic(before, token.traffic().totals());
        if let Err(error) = &result {
            record.failed(error);
        }
        drop(entered);
        self.end_record();
        result
    }

    /// Reads from the body until the buffer is full or the body ends. An error behind other bytes
    /// is left for the next call, which finds it again.
    pub(crate) fn fill(&mut self, token: &Token, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = self.read(token, buffer)?;
        while filled > 0 && filled < buffer.len() {
            match self.read(token, &mut buffer[filled..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => filled += count,
            }
        }
        Ok(filled)
    }

    /// Closes the response. Its connection is used again if the rest of the body is there already,
    /// as it is of small responses that are read in part or not at all; nothing waits for more.
    pub(crate) fn close(mut self: Box<Self>, token: &Token) {
        token.without_waiting(|| self.body.read_away());
    }

    /// Ends the record of a request whose body has ended.
    pub(crate) fn end_record(&mut self) {
        if self.is_finished() {
            self.record = None;
        }
    }

    /// Whether the body has ended or failed: what is left are headers.
    fn is_finished(&self) -> bool {
        !matches!(self.body.state, State::Open(_))
    }
}

/// The responses that a store holds open, by their handles.
///
/// Handles only grow, so the list is in their order; few are open at once.
#[derive(Default)]
pub(crate) struct OpenResponses(Vec<(u32, Box<Response>)>);

impl OpenResponses {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many have more of their body to read.
    pub(crate) fn unfinished(&self) -> usize {
        self.0.iter().filter(|(_, it)| !it.is_finished()).count()
    }

    /// Adds a response under a handle that is larger than all before.
    ///
    /// Closes the oldest of those that are finished if there are too many.
    pub(crate) fn push(&mut self, handle: u32, response: Box<Response>) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| *last < handle));
        if self.0.len() >= MAX_FINISHED_RESPONSES
            && self.0.len() - self.unfinished() >= MAX_FINISHED_RESPONSES
            && let Some(oldest) = self.0.iter().position(|(_, it)| it.is_finished())
        {
            self.0.remove(oldest);
        }
        self.0.push((handle, response));
    }

    pub(crate) fn get(&self, handle: u32) -> Option<&Response> {
        Some(&self.0[self.find(handle)?].1)
    }

    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut Response> {
        let index = self.find(handle)?;
        Some(&mut self.0[index].1)
    }

    /// Takes one of the responses out, as long as there is any.
    pub(crate) fn pop(&mut self) -> Option<Box<Response>> {
        Some(self.0.pop()?.1)
    }

    pub(crate) fn remove(&mut self, handle: u32) -> Option<Box<Response>> {
        let index = self.find(handle)?;
        Some(self.0.remove(index).1)
    }

    fn find(&self, handle: u32) -> Option<usize> {
        self.0.binary_search_by_key(&handle, |(key, _)| *key).ok()
    }
}

/// The body of a response, read straight from its connection.
pub(crate) struct Body {
    state: State,
    /// What is left by the framing of the response, in bytes, if the server said.
    left: Option<u64>,
    /// How many bytes the guest may still have, if there is a limit, and the limit.
    allowed: Option<(u64, u64)>,
}

enum State {
    Open(BodyReader<'static>),
    /// Read to its end; the connection is back in the pool.
    Ended,
    Failed(Arc<Error>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl Body {
    /// A body of which the guest gets at most `max` bytes.
    pub(crate) fn new(body: ureq::Body, max: Option<u64>) -> Body {
        let mut body = Body {
            left: body.content_length(),
            state: State::Open(body.into_reader()),
            allowed: max.map(|max| (max, max)),
        };
        // Gives the connection of an empty body back at once.
        if body.left == Some(0) {
            // An error here is one of the connection, and the body is complete without it.
            let _ = body.read_some(&mut [0]);
        }
        body
    }

    /// The body of a response that has none.
    pub(crate) fn none() -> Body {
        Body {
            left: Some(0),
            state: State::Ended,
            allowed: None,
        }
    }

    /// Reads at least one byte unless the body has ended or `buffer` is empty, and gives the
    /// number.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return match &self.state {
                State::Failed(error) => Err(Error::BodyFailed(error.clone())),
                _ => Ok(0),
            };
        }
        let Some((allowed, max)) = self.allowed else {
            return self.read_some(buffer);
        };
        if allowed == 0 {
            // A body that ends exactly at its limit is complete.
            return match self.read_some(&mut [0])? {
                0 => Ok(0),
                _ => Err(self.fail(Error::ResponseBodyTooLarge { max })),
            };
        }
        let room = buffer
            .len()
            .min(usize::try_from(allowed).unwrap_or(usize::MAX));
        let count = self.read_some(&mut buffer[..room])?;
        self.allowed = Some((allowed - count as u64, max));
        Ok(count)
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let reader = match &mut self.state {
            State::Open(reader) => reader,
            State::Ended => return Ok(0),
            State::Failed(error) => return Err(Error::BodyFailed(error.clone())),
        };
        match reader.read(buffer) {
            Ok(0) => {
                self.state = State::Ended;
                Ok(0)
            }
            Ok(count) => {
                self.left = self.left.map(|left| left.saturating_sub(count as u64));
                if self.left == Some(0) {
                    // The reader hands its connection back when it is asked behind the end, and
                    // not every guest asks. It has nothing to wait for.
                    let _ = reader.read(&mut [0]);
                    self.state = State::Ended;
                }
                Ok(count)
            }
            Err(error) => Err(self.fail(Error::of_body(error))),
        }
    }

    /// Gives up on the body: its connection is closed, and every further read fails alike.
    fn fail(&mut self, error: Error) -> Error {
        let error = Arc::new(error);
        self.state = State::Failed(error.clone());
        Error::BodyFailed(error)
    }

    /// Reads a body that is known to be short to its end, so that its connection can be used again.
    pub(crate) fn drain(mut self, max: u64) {
        if self.left.is_some_and(|left| left <= max) {
            self.read_away();
        }
    }

    /// Reads to the end, or until that fails.
    fn read_away(&mut self) {
        if let State::Open(_) = self.state {
            let mut buffer = [0; 4 * 1024];
            while matches!(self.read_some(&mut buffer), Ok(1..)) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_found_by_their_handles() {
        let url = "http://example.com/".parse().unwrap();
        let target = Arc::new(Target::new(url).unwrap());
        let response = |status: u16| {
            Box::new(Response {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: Body::none(),
                facts: Facts {
                    target: target.clone(),
                    version: Version::HTTP_11,
                    peer: None,
                    redirects: 0,
                },
                record: None,
            })
        };
        let mut open = OpenResponses::default();
        for handle in [1, 3, 7, 8] {
            open.push(handle, response(200 + handle as u16));
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
            assert_eq!(open.get(handle).map(|found| found.status.as_u16()), status);
            assert_eq!(open.get_mut(handle).is_some(), status.is_some());
        }
    }
}

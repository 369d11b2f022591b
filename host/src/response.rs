//! An open response: its headers, and its body as it streams in.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderName, StatusCode, Version};

use crate::body::{Body, MAX_PIECE};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::upload::Upload;
use crate::hook::Watchers;
use crate::request_url::Target;
use crate::telemetry::Record;

/// An open response.
pub(crate) struct Response {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: Body,
    pub facts: Facts,
    pub exchange: Arc<Exchange>,
    /// Hooks that see the body.
    pub watchers: Watchers,
    /// The streamed request body, if there was one; it is closed.
    pub upload: Option<Arc<Upload>>,
    /// What the observer is told at the end; `None` once it was told.
    pub record: Option<Box<Record>>,
}

/// Facts about a response that are not from the server.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The URL, after redirects.
    pub target: Arc<Target>,
    pub version: Version,
    /// `None` if no server answered, but a hook, or if a proxy has looked the server's name up.
    pub peer: Option<SocketAddr>,
    pub redirects: usize,
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
        let result = match &mut self.record {
            None => self.body.read(buffer),
            Some(record) => {
                let entered = Record::enter(Some(record));
                let result = self.body.read(buffer);
                if let Err(error) = &result {
                    record.failed(error);
                }
                drop(entered);
                self.end_record();
                result
            }
        };
        if let Ok(count) = result {
            let is_end = !buffer.is_empty() && self.is_finished();
            self.watchers.read(&buffer[..count], is_end);
        }
        result
    }

    /// Reads from the body until the buffer is full or the body ends. An error after some bytes is
    /// reported by the next call.
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
            // Do not trust the announced length: the buffer grows with what has arrived.
            let more = filled.clamp(4 * 1024, MAX_PIECE);
            bytes.try_reserve(more).map_err(|_| Error::OutOfMemory)?;
            bytes.resize(filled + more, 0);
            let count = self.read(&mut bytes[filled..])?;
            bytes.truncate(filled + count);
        }
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Fails the body, so that every later read returns this error.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        let error = self.body.fail(error.in_body());
        if let Some(record) = &mut self.record {
            record.failed(&error);
        }
        self.end_record();
        error
    }

    /// Closes the response without blocking.
    pub(crate) fn close(self: Box<Self>) {
        self.body.close();
    }

    /// Tells the observer that the request is over.
    pub(crate) fn end_record(&mut self) {
        if self.is_finished() {
            self.record = None;
        }
    }

    /// Whether the body has ended or failed: what is left are headers.
    pub(crate) fn is_finished(&self) -> bool {
        !self.body.is_open()
    }
}

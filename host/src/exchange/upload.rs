//! A request body that the guest streams: a bounded queue from the guest's thread to the sending
//! one.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::cancel::CancelHandle;
use super::signal::Signal;
use crate::error::Error;
use crate::limits::MAX_UPLOAD_BUFFER_BYTES;

/// A streamed request body.
pub(crate) struct Upload {
    /// The announced length; `None` if it is sent in chunks.
    len: Option<u64>,
    /// The maximum length, in bytes.
    max: Option<u64>,
    state: Mutex<State>,
    /// Wakes the sending thread.
    sender: Signal,
    /// Wakes the guest's thread.
    guest: CancelHandle,
}

#[derive(Default)]
struct State {
    /// Written by the guest and not sent yet.
    queue: VecDeque<u8>,
    /// How many bytes the guest has written so far, sent or not.
    written: u64,
    /// Whether sending has begun, so that the request cannot be retried.
    is_begun: bool,
    end: Option<End>,
}

/// Why no more will be written.
#[derive(Clone, Copy)]
enum End {
    /// The guest finished the body, or wrote all of the announced length.
    Whole,
    /// The guest ended the body too early, or wrote too much.
    Broken(Broken),
    /// The sending thread stopped: the server has answered, or the request failed.
    Closed,
}

/// Why a body is incomplete.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Broken {
    /// Shorter than announced.
    Short {
        missing: u64,
    },
    TooLong {
        max: u64,
    },
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Short { missing } => Error::ShortUpload { missing },
            Broken::TooLong { max } => Error::RequestBodyTooLarge { max },
        }
    }
}

impl Upload {
    pub(crate) fn new(len: Option<u64>, max: Option<u64>, guest: CancelHandle) -> Arc<Self> {
        Arc::new(Upload {
            len,
            max,
            state: Mutex::default(),
            sender: Signal::default(),
            guest,
        })
    }

    /// The announced length; `None` if the body is sent in chunks.
    pub(crate) fn len(&self) -> Option<u64> {
        self.len
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so a poisoned value is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends bytes from the front of `bytes`, at least one unless it is empty. Returns how many.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if the queue is full, [`Error::BodyClosed`] if nothing is sent any
    /// more.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Err(Error::BodyClosed);
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        let mut room = MAX_UPLOAD_BUFFER_BYTES - state.queue.len();
        if room == 0 {
            return Err(Error::WouldBlock);
        }
        if let Some(max) = self.max
            && state.written + bytes.len().min(room) as u64 > max
        {
            state.end = Some(End::Broken(Broken::TooLong { max }));
            self.sender.ring();
            return Err(Error::RequestBodyTooLarge { max });
        }
        if let Some(len) = self.len {
            let left = len - state.written;
            room = usize::try_from(left).map_or(room, |left| left.min(room));
        }
        let count = bytes.len().min(room);
        state.queue.extend(&bytes[..count]);
        state.written += count as u64;
        if Some(state.written) == self.len {
            state.end = Some(End::Whole);
        }
        self.sender.ring();
        Ok(count)
    }

    /// Ends the body, as the guest asks.
    ///
    /// # Errors
    ///
    /// If that is less than announced.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        let mut state = self.lock();
        match (state.end, self.len) {
            (None, Some(len)) => {
                let missing = len - state.written;
                state.end = Some(End::Broken(Broken::Short { missing }));
            }
            (None, None) => state.end = Some(End::Whole),
            (Some(End::Whole | End::Closed), _) => return Ok(()),
            (Some(End::Broken(_)), _) => {}
        }
        self.sender.ring();
        match state.end {
            Some(End::Broken(broken)) => Err(broken.into()),
            _ => Ok(()),
        }
    }

    /// Stops the queue, because nothing more will be sent, and wakes the guest.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.queue = VecDeque::new();
        state.end.get_or_insert(End::Closed);
        drop(state);
        self.guest.wake();
    }

    /// Whether a write would not block: there is room, or the body has ended.
    pub(crate) fn is_writable(&self) -> bool {
        let state = self.lock();
        state.end.is_some() || state.queue.len() < MAX_UPLOAD_BUFFER_BYTES
    }

    /// Whether sending has not begun, so that the request can be retried.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.lock().is_begun
    }

    /// Whether there are bytes to send, or the body has ended.
    ///
    /// # Errors
    ///
    /// If the guest broke the body off.
    pub(crate) fn has_more(&self) -> Result<bool, Error> {
        let state = self.lock();
        match state.end {
            Some(End::Broken(broken)) => Err(broken.into()),
            end => Ok(end.is_some() || !state.queue.is_empty()),
        }
    }

    /// Waits until there may be more to send, or the server sends something.
    pub(crate) fn wait(
        &self,
        socket: Option<&Arc<TcpStream>>,
        until: Option<Instant>,
    ) -> io::Result<()> {
        self.sender
            .wait(socket.map_or(&[], std::slice::from_ref), until)
            .map(drop)
    }

    /// Wakes the sending thread.
    pub(crate) fn wake_sender(&self) {
        self.sender.ring();
    }
}

/// The queue as ureq reads it. Only read when it is known not to be empty, or at the end.
pub(crate) struct Sending<'a>(pub &'a Upload);

impl Read for Sending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        match state.end {
            // An error, not 0: ureq would retry a premature end of a body of known length for ever.
            Some(End::Broken(_) | End::Closed) => return Err(io::ErrorKind::BrokenPipe.into()),
            None if state.queue.is_empty() => return Err(io::ErrorKind::WouldBlock.into()),
            _ => {}
        }
        state.is_begun = true;
        let was_full = state.queue.len() == MAX_UPLOAD_BUFFER_BYTES;
        let (front, back) = state.queue.as_slices();
        let first = front.len().min(buffer.len());
        buffer[..first].copy_from_slice(&front[..first]);
        let second = back.len().min(buffer.len() - first);
        buffer[first..first + second].copy_from_slice(&back[..second]);
        state.queue.drain(..first + second);
        drop(state);
        if was_full {
            self.0.guest.wake();
        }
        Ok(first + second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(len: Option<u64>, max: Option<u64>) -> Arc<Upload> {
        Upload::new(len, max, CancelHandle::of_a_new_store())
    }

    #[test]
    fn bytes_come_out_as_they_went_in_and_never_too_many_are_held() {
        let upload = upload(None, None);
        let bytes: Vec<u8> = (0..3 * MAX_UPLOAD_BUFFER_BYTES)
            .map(|i| (i % 251) as u8)
            .collect();
        let (mut rest, mut sent, mut buffer) = (&bytes[..], Vec::new(), vec![0; 100_000]);
        while sent.len() < bytes.len() {
            while let Ok(count) = upload.write(rest) {
                if count == 0 {
                    break;
                }
                rest = &rest[count..];
                assert!(upload.lock().queue.len() <= MAX_UPLOAD_BUFFER_BYTES);
            }
            let count = Sending(&upload).read(&mut buffer).unwrap();
            sent.extend_from_slice(&buffer[..count]);
        }
        assert!(sent == bytes);
        upload.finish().unwrap();
        assert_eq!(Sending(&upload).read(&mut buffer).unwrap(), 0);
        assert!(matches!(upload.write(b"a"), Err(Error::BodyClosed)));
        upload.finish().unwrap();
    }

    #[test]
    fn no_more_and_no_less_than_the_announced_length_is_a_body() {
        let whole = upload(Some(3), None);
        assert_eq!(whole.write(b"abcd").unwrap(), 3);
        assert!(matches!(whole.write(b"d"), Err(Error::BodyClosed)));
        whole.finish().unwrap();
        let short = upload(Some(3), None);
        short.write(b"ab").unwrap();
        for _ in 0..2 {
            assert!(matches!(
                short.finish(),
                Err(Error::ShortUpload { missing: 1 })
            ));
        }
        assert!(short.has_more().is_err());
        assert!(Sending(&short).read(&mut [0; 8]).is_err());
        let long = upload(None, Some(2));
        long.write(b"ab").unwrap();
        assert!(matches!(
            long.write(b"c"),
            Err(Error::RequestBodyTooLarge { max: 2 })
        ));
        assert!(long.has_more().is_err());
    }

    #[test]
    fn a_body_that_nobody_wants_takes_no_more() {
        let upload = upload(None, None);
        upload.write(b"ab").unwrap();
        upload.close();
        assert!(upload.is_writable());
        assert!(matches!(upload.write(b"c"), Err(Error::BodyClosed)));
        upload.finish().unwrap();
        assert!(Sending(&upload).read(&mut [0; 8]).is_err());
    }
}

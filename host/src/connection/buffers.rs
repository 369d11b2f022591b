//! A pool of buffers: allocating fresh ones costs page faults for each request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{INPUT_BUFFER_SIZE, OUTPUT_BUFFER_SIZE};

/// How many free buffers of each size are kept: as many as one server may have connections.
const MAX_KEPT: usize = 64;

/// The free buffers of a client.
#[derive(Default)]
pub(super) struct Buffers {
    input: Mutex<Vec<Vec<u8>>>,
    output: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    fn list(&self, size: usize) -> MutexGuard<'_, Vec<Vec<u8>>> {
        let list = match size {
            INPUT_BUFFER_SIZE => &self.input,
            _ => &self.output,
        };
        list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, size: usize) -> Vec<u8> {
        let kept = self.list(size).pop();
        kept.unwrap_or_else(|| vec![0; size])
    }

    fn give_back(&self, size: usize, buffer: Vec<u8>) {
        let mut list = self.list(size);
        if buffer.len() == size && list.len() < MAX_KEPT {
            list.push(buffer);
        }
    }

    /// Releases the memory of all free buffers.
    pub(super) fn clear(&self) {
        for size in [INPUT_BUFFER_SIZE, OUTPUT_BUFFER_SIZE] {
            *self.list(size) = Vec::new();
        }
    }
}

/// A buffer for bytes to be sent.
pub(super) struct Output {
    pub bytes: Vec<u8>,
    from: Arc<Buffers>,
}

impl Output {
    pub(super) fn new(from: Arc<Buffers>) -> Self {
        Output {
            bytes: from.take(OUTPUT_BUFFER_SIZE),
            from,
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.from.give_back(OUTPUT_BUFFER_SIZE, bytes);
    }
}

/// A buffer for a piece of a body, before it is framed as a chunk.
pub(super) struct Chunk {
    pub bytes: Vec<u8>,
    from: Arc<Buffers>,
}

impl Chunk {
    pub(super) fn new(from: Arc<Buffers>) -> Self {
        Chunk {
            bytes: from.take(INPUT_BUFFER_SIZE),
            from,
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.from.give_back(INPUT_BUFFER_SIZE, bytes);
    }
}

/// Bytes that were read from a connection and not consumed yet.
///
/// It holds memory only while it has bytes, or is being read into.
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// The unconsumed range of `bytes`: if `bytes` is `..abc..` and `abc` is unconsumed, 2 and 5.
    start: usize,
    end: usize,
    from: Arc<Buffers>,
}

impl Input {
    pub(super) fn new(from: Arc<Buffers>) -> Self {
        Input {
            bytes: Vec::new(),
            start: 0,
            end: 0,
            from,
        }
    }

    /// The unconsumed bytes.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Consumes bytes from the front.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Room to read into; empty if `max` or more bytes are unconsumed.
    pub(super) fn room(&mut self, max: usize) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = self.from.take(INPUT_BUFFER_SIZE);
        }
        if self.end == self.bytes.len() {
            if self.start > 0 {
                self.bytes.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else if self.end < max {
                self.bytes.resize((2 * self.end).min(max), 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// Adds the first `count` bytes of the room.
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
    }

    /// Returns the memory to the pool, if everything is consumed.
    pub(crate) fn release(&mut self) {
        if self.start == self.end && !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.from.give_back(INPUT_BUFFER_SIZE, bytes);
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.consume(usize::MAX - self.start);
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_comes_out_in_order_within_the_limit() {
        const MAX: usize = 3 * INPUT_BUFFER_SIZE;
        let buffers = Arc::<Buffers>::default();
        let mut input = Input::new(buffers.clone());
        let (mut put, mut got) = (0u32, 0u32);
        loop {
            let room = input.room(MAX);
            if room.is_empty() {
                break;
            }
            let count = room.len().min(1000);
            room[..count].fill_with(|| {
                put += 1;
                put as u8
            });
            input.filled(count);
            if put % 3 == 0 {
                input.consume(1);
                got += 1;
            }
        }
        assert_eq!(input.waiting().len(), MAX);
        for byte in input.waiting() {
            got += 1;
            assert_eq!(*byte, got as u8);
        }
        assert_eq!(got, put);
        input.consume(MAX);
        input.release();
        assert!(input.bytes.is_empty());
        // A buffer that grew is not kept.
        assert!(buffers.list(INPUT_BUFFER_SIZE).is_empty());
        input.room(MAX);
        drop(input);
        assert_eq!(buffers.list(INPUT_BUFFER_SIZE).len(), 1);
    }
}

//! Counts the bytes of an exchange on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::budget::Budget;
use crate::error::Error;
use crate::limits::MAX_BYTES_OF_NO_USE;

/// Byte counters of one exchange, including headers and TLS, over all its connections.
///
/// Only one thread at a time counts; others may read.
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
    /// How many more bytes may arrive before there is progress: the head of the response, or the
    /// next bytes of its body. Everything that arrives is subtracted, and progress resets it to
    /// [`MAX_BYTES_OF_NO_USE`]. A server that repeats `HTTP/1.1 102 Processing` for ever, or sends
    /// chunks of one byte with long extensions, uses it up, and the request fails.
    useless_left: AtomicU64,
    /// The store's budget, if it has one.
    budget: Option<Arc<Budget>>,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            useless_left: AtomicU64::new(MAX_BYTES_OF_NO_USE),
            budget: None,
        }
    }
}

impl Traffic {
    /// Counters that also count against a store's budget.
    pub(crate) fn within(budget: Option<Arc<Budget>>) -> Self {
        Traffic {
            budget,
            ..Traffic::default()
        }
    }

    /// Whether the store has a budget.
    pub(crate) fn has_budget(&self) -> bool {
        self.budget.is_some()
    }

    /// Counts a request before it is sent; an error if the store's budget is used up.
    pub(crate) fn begin_request(&self) -> Result<(), Error> {
        let budget = self.budget.as_ref();
        budget.map_or(Ok(()), |budget| budget.begin_request())
    }

    fn carry(&self, count: usize) -> Result<(), Error> {
        let budget = self.budget.as_ref();
        budget.map_or(Ok(()), |budget| budget.carry(count as u64))
    }

    /// Bytes sent to servers.
    pub(crate) fn bytes_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes received from servers.
    pub(crate) fn bytes_received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Notes progress, or that something new is asked for.
    pub(crate) fn useful(&self) {
        self.useless_left
            .store(MAX_BYTES_OF_NO_USE, Ordering::Relaxed);
    }

    /// Counts bytes that were sent; an error if the store's budget is exceeded.
    pub(crate) fn sent(&self, count: usize) -> Result<(), Error> {
        add(&self.sent, count as u64);
        self.carry(count)
    }

    /// Counts bytes that were received; an error if there were too many without progress, or if the
    /// store's budget is exceeded.
    pub(crate) fn received(&self, count: usize) -> Result<(), Error> {
        add(&self.received, count as u64);
        self.carry(count)?;
        let count = count as u64;
        match self.useless_left.load(Ordering::Relaxed).checked_sub(count) {
            Some(left) => {
                self.useless_left.store(left, Ordering::Relaxed);
                Ok(())
            }
            None => Err(Error::Flood {
                max: MAX_BYTES_OF_NO_USE,
            }),
        }
    }
}

/// Only one thread counts, so a load and a store will do; an atomic addition costs more.
fn add(counter: &AtomicU64, count: u64) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(count);
    counter.store(sum, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_that_is_of_no_use_is_an_error() {
        let traffic = Traffic::default();
        let max = usize::try_from(MAX_BYTES_OF_NO_USE).unwrap();
        traffic.received(max).unwrap();
        assert!(matches!(traffic.received(1), Err(Error::Flood { .. })));
        traffic.useful();
        traffic.received(max).unwrap();
        traffic.sent(3).unwrap();
        assert_eq!(traffic.bytes_sent(), 3);
        assert_eq!(traffic.bytes_received(), 2 * MAX_BYTES_OF_NO_USE + 1);
    }
}

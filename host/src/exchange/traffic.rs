//! How much an exchange carries, on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::budget::Budget;
use crate::error::Error;
use crate::limits::MAX_BYTES_OF_NO_USE;

/// Counts the bytes of one exchange, with headers and TLS, over all its connections.
///
/// One thread at a time counts; others may look.
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
    /// How many bytes may still come before the headers, or the next byte of a body, is there.
    useless_left: AtomicU64,
    /// That of the store, if it has one.
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
    /// That of a store with a budget.
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

    /// Counts a request that is sent to a server next; an error if the store's budget has no room
    /// for it.
    pub(crate) fn begin_request(&self) -> Result<(), Error> {
        let budget = self.budget.as_ref();
        budget.map_or(Ok(()), |budget| budget.begin_request())
    }

    fn carry(&self, count: usize) -> Result<(), Error> {
        let budget = self.budget.as_ref();
        budget.map_or(Ok(()), |budget| budget.carry(count as u64))
    }

    /// Bytes to servers.
    pub(crate) fn bytes_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes from servers.
    pub(crate) fn bytes_received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Notes that something of use has come, or is asked for anew.
    pub(crate) fn useful(&self) {
        self.useless_left
            .store(MAX_BYTES_OF_NO_USE, Ordering::Relaxed);
    }

    /// Notes how many bytes were sent; an error if they are too many for the store's budget.
    pub(crate) fn sent(&self, count: usize) -> Result<(), Error> {
        add(&self.sent, count as u64);
        self.carry(count)
    }

    /// Notes how many bytes came; an error if they are too many for what is awaited, or for the
    /// store's budget.
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

/// One thread counts, so this need not be one step, which would cost more.
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

//! How much the connections of a store carry.

use std::sync::atomic::{AtomicU64, Ordering};

use super::NetError;
use crate::limits::MAX_BYTES_OF_NO_USE;

/// Counts the bytes of one store's requests.
///
/// Only the thread that the store runs on counts; what is counted is shared, since connections are.
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
    /// How many bytes may still come before the headers, or the next byte of a body, is there.
    useless_left: AtomicU64,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            useless_left: AtomicU64::new(MAX_BYTES_OF_NO_USE),
        }
    }
}

/// Bytes on the wire, with headers and TLS, in the life of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    /// To servers.
    pub sent: u64,
    /// From servers.
    pub received: u64,
}

impl Traffic {
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
        }
    }

    /// Notes that something of use has come, or is asked for anew.
    pub(crate) fn useful(&self) {
        self.useless_left
            .store(MAX_BYTES_OF_NO_USE, Ordering::Relaxed);
    }

    /// Notes how many bytes were sent.
    pub(super) fn sent(&self, count: usize) {
        add(&self.sent, count as u64);
    }

    /// Notes how many bytes came; an error if they are too many for what is awaited.
    pub(super) fn received(&self, count: usize) -> Result<(), NetError> {
        let count = count as u64;
        add(&self.received, count);
        match self.useless_left.load(Ordering::Relaxed).checked_sub(count) {
            Some(left) => {
                self.useless_left.store(left, Ordering::Relaxed);
                Ok(())
            }
            None => Err(NetError::Flood {
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
        assert!(matches!(traffic.received(1), Err(NetError::Flood { .. })));
        traffic.useful();
        traffic.received(max).unwrap();
        traffic.sent(3);
        let received = 2 * MAX_BYTES_OF_NO_USE + 1;
        assert_eq!(traffic.totals(), Totals { sent: 3, received });
    }
}

//! Limits on all requests of a store together: their number, their bytes, and their rate. Limits on
//! each request are in [`crate::limits`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

/// The limits; `None` for no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Budgets {
    pub requests: Option<u64>,
    /// Bytes on the wire, in both directions.
    pub bytes: Option<u64>,
    pub requests_per_second: Option<usize>,
}

/// What one store has used so far. Shared by its requests, which may run on several threads.
#[derive(Debug)]
pub(crate) struct Budget {
    max: Budgets,
    sent: Mutex<Sent>,
    bytes: AtomicU64,
}

/// The requests that a store has sent.
#[derive(Debug, Default)]
struct Sent {
    requests: u64,
    rate: Rate,
}

impl Budget {
    /// For a new store; `None` without any limit.
    pub(crate) fn new(max: Budgets) -> Option<Self> {
        (max != Budgets::default()).then(|| Budget {
            max,
            sent: Mutex::default(),
            bytes: AtomicU64::new(0),
        })
    }

    /// Counts a request, before it is sent.
    ///
    /// # Errors
    ///
    /// If a limit is reached. The request is not counted then, and must not be sent.
    pub(crate) fn begin_request(&self) -> Result<(), Error> {
        if let Some(max) = self.max.bytes
            && self.bytes.load(Ordering::Relaxed) >= max
        {
            return Err(Error::BytesSpent { max });
        }
        // No foreign code runs under the lock, so a poisoned value is still whole.
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(max) = self.max.requests
            && sent.requests >= max
        {
            return Err(Error::RequestsSpent { max });
        }
        if let Some(max) = self.max.requests_per_second
            && !sent.rate.take(max, Instant::now())
        {
            return Err(Error::TooManyPerSecond { max });
        }
        sent.requests += 1;
        Ok(())
    }

    /// Counts bytes that were sent or received.
    ///
    /// # Errors
    ///
    /// If the limit is exceeded.
    pub(crate) fn carry(&self, count: u64) -> Result<(), Error> {
        let Some(max) = self.max.bytes else {
            return Ok(());
        };
        let before = self.bytes.fetch_add(count, Ordering::Relaxed);
        if before.saturating_add(count) > max {
            return Err(Error::BytesSpent { max });
        }
        Ok(())
    }
}

/// The times of the requests that were sent within the last second, oldest first. With a limit of
/// 2, and requests at 0.0 s and 0.4 s, one at 0.9 s is refused, and one at 1.0 s is sent.
#[derive(Debug, Default)]
struct Rate(VecDeque<Instant>);

impl Rate {
    /// Counts a request at `now` and returns true, unless there were `max` in the second before.
    fn take(&mut self, max: usize, now: Instant) -> bool {
        const SECOND: Duration = Duration::from_secs(1);
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= SECOND;
        while self.0.front().is_some_and(is_over) {
            self.0.pop_front();
        }
        let is_room = self.0.len() < max;
        if is_room {
            self.0.push_back(now);
        }
        is_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_requests_than_allowed() {
        // When requests are tried, in milliseconds, and which may be sent.
        let cases = [
            (
                2,
                &[(0, true), (1, true), (2, false), (999, false), (1000, true)][..],
            ),
            (
                2,
                &[
                    (0, true),
                    (999, true),
                    (1000, true),
                    (1001, false),
                    (1999, true),
                ],
            ),
            (
                1,
                &[
                    (0, true),
                    (500, false),
                    (999, false),
                    (1000, true),
                    (1999, false),
                ],
            ),
            (0, &[(0, false), (5000, false)]),
            (
                3,
                &[(0, true), (0, true), (0, true), (0, false), (1000, true)],
            ),
        ];
        let start = Instant::now();
        for (max, tries) in cases {
            let mut rate = Rate::default();
            for (at, expected) in tries {
                let now = start + Duration::from_millis(*at);
                assert_eq!(rate.take(max, now), *expected, "{max} a second, at {at} ms");
            }
        }
    }

    #[test]
    fn budgets_hold_at_their_edges() {
        let budget = |max| Budget::new(max).unwrap();
        let store = budget(Budgets {
            requests: Some(2),
            ..Budgets::default()
        });
        assert!(store.begin_request().is_ok() && store.begin_request().is_ok());
        let third = store.begin_request();
        assert!(matches!(third, Err(Error::RequestsSpent { max: 2 })));
        assert!(store.carry(u64::MAX).is_ok());

        let store = budget(Budgets {
            bytes: Some(10),
            ..Budgets::default()
        });
        assert!(store.begin_request().is_ok());
        assert!(store.carry(9).is_ok() && store.begin_request().is_ok());
        assert!(store.carry(1).is_ok());
        // The budget is used up: no new request starts, and one in progress fails.
        let next = store.begin_request();
        assert!(matches!(next, Err(Error::BytesSpent { max: 10 })));
        assert!(matches!(store.carry(1), Err(Error::BytesSpent { max: 10 })));

        // A request refused for the rate does not count towards the number.
        let store = budget(Budgets {
            requests: Some(2),
            requests_per_second: Some(1),
            ..Budgets::default()
        });
        assert!(store.begin_request().is_ok());
        for _ in 0..3 {
            let more = store.begin_request();
            assert!(matches!(more, Err(Error::TooManyPerSecond { max: 1 })));
        }
        assert_eq!(store.sent.lock().unwrap().requests, 1);
        assert!(Budget::new(Budgets::default()).is_none());
    }

    #[test]
    fn threads_share_a_budget() {
        let store = Budget::new(Budgets {
            requests: Some(100),
            ..Budgets::default()
        });
        let store = store.unwrap();
        let sent: usize = std::thread::scope(|scope| {
            let work = || (0..50).filter(|_| store.begin_request().is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).sum()
        });
        assert_eq!(sent, 100);
    }
}

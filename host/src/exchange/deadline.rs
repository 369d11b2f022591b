//! Deadlines of the phases of an exchange.
//!
//! A deadline is a point in time that is computed once, so that nothing that interrupts a thread
//! (a signal, a wake-up, a byte of no use) gives a server more time.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::limits::{Phase, Timeouts};

/// A point in time, and which timeout it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// `None` for no timeout.
    at: Option<Instant>,
    phase: Phase,
}

impl Deadline {
    fn after(timeout: Option<Duration>, phase: Phase, now: Instant) -> Self {
        Deadline {
            at: timeout.and_then(|timeout| now.checked_add(timeout)),
            phase,
        }
    }

    /// The earlier of two.
    pub(crate) fn or(self, other: Deadline) -> Deadline {
        match (self.at, other.at) {
            (_, None) => self,
            (Some(this), Some(that)) if this <= that => self,
            _ => other,
        }
    }

    /// The time that is left, `None` without a timeout; an error if it has passed.
    pub(crate) fn left(&self) -> Result<Option<Duration>, Error> {
        self.left_at(Instant::now())
    }

    /// Like [`Deadline::left`], with the current time given: reading the clock is most of the cost.
    pub(crate) fn left_at(&self, now: Instant) -> Result<Option<Duration>, Error> {
        let Some(at) = self.at else {
            return Ok(None);
        };
        match at.checked_duration_since(now) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            _ => Err(self.passed()),
        }
    }

    /// The point in time, if there is one.
    pub(crate) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// The error to report when the deadline has passed.
    pub(crate) fn passed(&self) -> Error {
        Error::Timeout(self.phase)
    }
}

/// The deadlines of one exchange.
#[derive(Debug)]
pub(crate) struct Deadlines {
    timeouts: Timeouts,
    total: Deadline,
}

impl Deadlines {
    /// Starts the clock.
    pub(crate) fn start(timeouts: Timeouts) -> Result<Self, Error> {
        if timeouts.leave_no_time() {
            return Err(Error::NoTime);
        }
        Ok(Deadlines {
            total: Deadline::after(timeouts.total, Phase::Total, Instant::now()),
            timeouts,
        })
    }

    /// The deadline of a phase that begins now.
    pub(crate) fn begin(&self, phase: Phase) -> Deadline {
        match phase {
            Phase::Total => self.total,
            phase => self.begin_at(phase, Instant::now()),
        }
    }

    /// Like [`Deadlines::begin`], with the current time given.
    pub(crate) fn begin_at(&self, phase: Phase, now: Instant) -> Deadline {
        let timeout = match phase {
            Phase::Lookup | Phase::Connect => self.timeouts.connect,
            Phase::Response => self.timeouts.response,
            Phase::Read | Phase::Write => self.timeouts.read,
            Phase::Total => return self.total,
        };
        Deadline::after(timeout, phase, now).or(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Option<Duration> = Some(Duration::from_secs(10));
    const LATE: Option<Duration> = Some(Duration::from_secs(20));

    fn after(timeout: Option<Duration>, phase: Phase) -> Deadline {
        Deadline::after(timeout, phase, Instant::now())
    }

    #[test]
    fn the_earlier_of_two_deadlines_counts_and_none_is_never() {
        let cases = [
            (SOON, LATE, Phase::Read),
            (LATE, SOON, Phase::Total),
            (None, SOON, Phase::Total),
            (SOON, None, Phase::Read),
        ];
        for (read, total, expected) in cases {
            let deadline = after(read, Phase::Read);
            let deadline = deadline.or(after(total, Phase::Total));
            assert_eq!(deadline.phase, expected, "{read:?} {total:?}");
            assert!(deadline.left().unwrap().unwrap() <= SOON.unwrap());
        }
        let never = after(None, Phase::Read).or(after(None, Phase::Total));
        assert_eq!(never.left().unwrap(), None);
        let past = after(Some(Duration::ZERO), Phase::Read);
        assert!(matches!(past.left(), Err(Error::Timeout(Phase::Read))));
    }

    #[test]
    fn a_zero_leaves_no_time() {
        let timeouts = Timeouts {
            read: Some(Duration::ZERO),
            ..Timeouts::default()
        };
        assert!(matches!(Deadlines::start(timeouts), Err(Error::NoTime)));
    }
}

//! A pool of threads for jobs that block, up to a maximum.
//!
//! Threads end after a while without jobs.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use crate::error::Error;
use crate::exchange::cancel::{Cancel, Wait};
use crate::exchange::deadline::Deadline;

/// How long an idle thread is kept.
const IDLE: Duration = Duration::from_secs(10);

/// Marks a job, when dropped, as one that nobody waits for.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A job. It must not panic.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Threads for jobs of one kind.
pub(crate) struct Workers {
    name: &'static str,
    max: usize,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// Whether threads end as soon as they are idle.
    is_closed: bool,
}

impl Workers {
    /// At most `max` threads, of this name.
    pub(crate) fn new(name: &'static str, max: usize) -> Arc<Self> {
        Arc::new(Workers {
            name,
            max,
            state: Mutex::default(),
            work: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No job runs under the lock, so a poisoned value is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job on another thread, and waits for its result.
    pub(crate) fn run<T: Send + 'static>(
        self: &Arc<Self>,
        cancel: &Cancel,
        deadline: Deadline,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = mpsc::channel();
        let wake = sender.clone();
        let abandoned = Abandoned::default();
        let is_abandoned = abandoned.0.clone();
        cancel.wait_for(Wait::Job(Box::new(move || {
            // Fails if nobody waits any more.
            let _ = wake.send(None);
        })))?;
        self.submit(Box::new(move || {
            // Skip jobs whose caller has given up, so that they do not delay others.
            if is_abandoned.load(Ordering::Relaxed) {
                return;
            }
            // Without this, a panic would leave the caller waiting: `wake` keeps the channel open.
            let result = panic::catch_unwind(AssertUnwindSafe(job));
            let _ = sender.send(Some(result));
        }))
        .map_err(|error| Error::Thread(Arc::new(error)))?;
        let received = match deadline.left()? {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(left) => receiver.recv_timeout(left),
        };
        cancel.done_waiting()?;
        match received {
            Ok(Some(Ok(result))) => Ok(result),
            Err(RecvTimeoutError::Timeout) => Err(deadline.passed()),
            Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                let error = io::Error::other("a thread for name lookup panicked");
                Err(Error::Thread(Arc::new(error)))
            }
        }
    }

    /// Queues a job for the next free thread.
    ///
    /// # Errors
    ///
    /// If there is no thread, and none can be started.
    pub(crate) fn submit(self: &Arc<Self>, job: Job) -> io::Result<()> {
        let mut state = self.lock();
        if state.idle <= state.jobs.len() && state.threads < self.max {
            let workers = self.clone();
            let started = thread::Builder::new()
                .name(self.name.to_owned())
                .spawn(move || workers.work());
            match started {
                Ok(_) => state.threads += 1,
                // If there are other threads, the job waits for one of them.
                Err(error) if state.threads == 0 => return Err(error),
                Err(_) => {}
            }
        }
        state.jobs.push_back(job);
        // Busy threads take the next job on their own.
        let someone_waits = state.idle > 0;
        drop(state);
        if someone_waits {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Ends the threads once the queue is empty.
    pub(crate) fn shut_down(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
    }

    fn work(&self) {
        loop {
            let mut state = self.lock();
            if state.jobs.is_empty() && !state.is_closed {
                state.idle += 1;
                let (awake, _) = self
                    .work
                    .wait_timeout_while(state, IDLE, |state| {
                        state.jobs.is_empty() && !state.is_closed
                    })
                    .unwrap_or_else(PoisonError::into_inner);
                state = awake;
                state.idle -= 1;
            }
            match state.jobs.pop_front() {
                Some(job) => {
                    drop(state);
                    job();
                }
                None => {
                    // Count down under the lock: a job submitted after this starts a new thread.
                    state.threads -= 1;
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::cancel::CancelHandle;
    use crate::exchange::deadline::Deadlines;
    use crate::limits::{Phase, Timeouts};

    const MAX_WORKERS: usize = 8;

    fn deadline(millis: Option<u64>) -> Deadline {
        let timeouts = Timeouts {
            connect: millis.map(Duration::from_millis),
            response: None,
            read: None,
            total: None,
        };
        Deadlines::start(timeouts).unwrap().begin(Phase::Lookup)
    }

    fn run<T: Send + 'static>(
        millis: Option<u64>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        Workers::new("test", MAX_WORKERS).run(&Cancel::default(), deadline(millis), job)
    }

    #[test]
    fn a_job_gives_its_result() {
        let workers = Workers::new("test", MAX_WORKERS);
        let cancel = Cancel::default();
        let sum: usize = (0..200usize)
            .map(|n| workers.run(&cancel, deadline(None), move || n).unwrap())
            .sum();
        assert_eq!(sum, 199 * 100);
    }

    #[test]
    fn waiting_ends_with_the_timeout() {
        let (hold, held) = mpsc::channel::<()>();
        let result = run(Some(1), move || held.recv().ok());
        assert!(matches!(result, Err(Error::Timeout(Phase::Lookup))));
        drop(hold);
    }

    #[test]
    fn waiting_ends_with_cancellation() {
        let (hold, held) = mpsc::channel::<()>();
        let (started, start) = mpsc::channel();
        let handle = CancelHandle::of_a_new_store();
        let cancel = handle.begin().unwrap();
        let canceller = thread::spawn(move || {
            start.recv().ok();
            handle.cancel();
        });
        let workers = Workers::new("test", MAX_WORKERS);
        let result = workers.run(&cancel, deadline(None), move || {
            started.send(()).ok();
            held.recv().ok()
        });
        assert!(matches!(result, Err(Error::Cancelled)));
        let later = workers.run(&cancel, deadline(None), || ());
        assert!(matches!(later, Err(Error::Cancelled)));
        drop(hold);
        canceller.join().unwrap();
    }

    #[test]
    fn a_job_that_nobody_waits_for_any_more_is_not_started() {
        let workers = Workers::new("test", MAX_WORKERS);
        let busy = Arc::new(std::sync::Barrier::new(MAX_WORKERS + 1));
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let started = Arc::new(AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..MAX_WORKERS {
                let (workers, busy, held) = (&workers, busy.clone(), held.clone());
                let job = move || {
                    busy.wait();
                    drop(held.lock().map(|held| held.recv()));
                };
                scope.spawn(move || workers.run(&Cancel::default(), deadline(None), job).is_ok());
            }
            busy.wait();
            let start = {
                let started = started.clone();
                move || started.store(true, Ordering::Relaxed)
            };
            let waited = workers.run(&Cancel::default(), deadline(Some(1)), start);
            assert!(matches!(waited, Err(Error::Timeout(_))));
            drop(hold);
        });
        // This one has its turn after that.
        let last = workers.run(&Cancel::default(), deadline(None), || ());
        assert!(last.is_ok());
        assert!(!started.load(Ordering::Relaxed));
    }

    #[test]
    fn threads_end_with_what_they_are_for() {
        let workers = Workers::new("test", MAX_WORKERS);
        workers
            .run(&Cancel::default(), deadline(None), || ())
            .unwrap();
        workers.shut_down();
        let started = std::time::Instant::now();
        while workers.lock().threads > 0 {
            assert!(started.elapsed() < IDLE / 2);
            thread::yield_now();
        }
        // A lookup that comes too late is done all the same.
        workers
            .run(&Cancel::default(), deadline(None), || ())
            .unwrap();
    }

    #[test]
    fn a_job_that_panics_is_an_error() {
        let result = run(None, || std::panic::resume_unwind(Box::new("expected")));
        assert!(matches!(result, Err::<(), _>(Error::Thread(_))));
    }
}

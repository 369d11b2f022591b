//! Name lookup, on threads of the client: the system's blocks and cannot be interrupted.
//!
//! The thread of a guest waits for the lookup, and stops waiting at its deadline or when it is
//! cancelled; the lookup then ends by itself. Nothing else runs on these threads, so a name whose
//! servers do not answer delays names only.

use std::collections::VecDeque;
use std::net::{IpAddr, ToSocketAddrs};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::exchange::cancel::{Cancel, Wait};
use crate::exchange::deadline::Deadline;
use crate::limits::Phase;

/// How many lookups of a client run at once; more wait for their turn.
const MAX_WORKERS: usize = 64;

/// How long a thread without work is kept.
const IDLE: Duration = Duration::from_secs(10);

/// A name lookup of the embedder's own.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Looks names up for one client.
pub(crate) struct Names {
    /// `None` for the system's.
    lookup: Option<Lookup>,
    workers: Arc<Workers>,
}

impl Names {
    pub(crate) fn new(lookup: Option<Lookup>) -> Self {
        Names {
            lookup,
            workers: Arc::default(),
        }
    }

    /// The addresses of a host, which may be one itself.
    pub(crate) fn find(&self, exchange: &Exchange, host: &str) -> Result<Vec<IpAddr>, Error> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let lookup = self.lookup.clone();
        let name = host.to_owned();
        let look_up = move || match lookup {
            Some(lookup) => lookup(&name),
            // The port is not looked up.
            None => (name.as_str(), 0)
                .to_socket_addrs()
                .map(|found| found.map(|address| address.ip()).collect()),
        };
        let deadline = exchange.deadlines.begin(Phase::Lookup);
        self.workers
            .run(&exchange.cancel, deadline, look_up)?
            .map_err(|error| Error::Lookup {
                host: host.to_owned(),
                source: Arc::new(error),
            })
    }
}

/// The address that a URL's host is, if it is no name.
fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
        .parse()
        .ok()
}

/// Notes, when dropped, that nobody waits for a job any more.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Workers {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl Workers {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No job runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job on another thread, and waits for its result.
    fn run<T: Send + 'static>(
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
            // Nobody waits any more if this fails.
            let _ = wake.send(None);
        })))?;
        self.submit(Box::new(move || {
            // Jobs that waited for their turn for too long must not take that of others.
            if is_abandoned.load(Ordering::Relaxed) {
                return;
            }
            // A panic would leave the caller waiting: `wake` keeps the channel open.
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

    fn submit(self: &Arc<Self>, job: Job) -> io::Result<()> {
        let mut state = self.lock();
        if state.idle <= state.jobs.len() && state.threads < MAX_WORKERS {
            let workers = self.clone();
            let started = thread::Builder::new()
                .name("wasi-http-lookup".to_owned())
                .spawn(move || workers.work());
            match started {
                Ok(_) => state.threads += 1,
                // With other threads there, the job has to wait for one of them.
                Err(error) if state.threads == 0 => return Err(error),
                Err(_) => {}
            }
        }
        state.jobs.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn work(&self) {
        loop {
            let mut state = self.lock();
            if state.jobs.is_empty() {
                state.idle += 1;
                let (awake, _) = self
                    .work
                    .wait_timeout_while(state, IDLE, |state| state.jobs.is_empty())
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
                    // Still under the lock: a job submitted now finds one thread less.
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
    use crate::limits::Timeouts;

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
        Arc::<Workers>::default().run(&Cancel::default(), deadline(millis), job)
    }

    #[test]
    fn a_job_gives_its_result() {
        let workers = Arc::<Workers>::default();
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
        let workers = Arc::<Workers>::default();
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
        let workers = Arc::<Workers>::default();
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
    fn a_job_that_panics_is_an_error() {
        let result = run(None, || std::panic::resume_unwind(Box::new("expected")));
        assert!(matches!(result, Err::<(), _>(Error::Thread(_))));
    }
}

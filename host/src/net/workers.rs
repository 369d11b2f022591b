//! Threads for what blocks and cannot be interrupted: name lookup and connecting.
//!
//! The thread of a guest waits for them, and stops waiting on a timeout or when it is cancelled;
//! the job then ends by itself.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use super::NetError;
use super::cancel::{Operation, Token};

/// How many lookups and connection attempts of the process run at once; more wait for their turn.
const MAX_WORKERS: usize = 64;

/// How long a thread without work is kept.
const IDLE: Duration = Duration::from_secs(10);

/// Why [`run`] has no result.
#[derive(Debug)]
pub(super) enum WaitError {
    TimedOut,
    Cancelled(NetError),
    /// No thread could be started, or the job panicked.
    Failed(io::Error),
}

/// Notes, when dropped, that nobody waits for a job any more.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a job on another thread, and waits for its result.
pub(super) fn run<T: Send + 'static>(
    token: &Token,
    timeout: Option<Duration>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WaitError> {
    run_on(&WORKERS, token, timeout, job)
}

fn run_on<T: Send + 'static>(
    workers: &Arc<Workers>,
    token: &Token,
    timeout: Option<Duration>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WaitError> {
    enum Message<T> {
        Done(thread::Result<T>),
        Cancelled,
    }
    let (sender, receiver) = mpsc::channel();
    let wake = sender.clone();
    let abandoned = Abandoned::default();
    let is_abandoned = abandoned.0.clone();
    let _running = token
        .begin(Operation::Job(Box::new(move || {
            // Nobody waits any more if this fails.
            let _ = wake.send(Message::Cancelled);
        })))
        .map_err(WaitError::Cancelled)?;
    workers
        .submit(Box::new(move || {
            // Jobs that waited for their turn for too long must not take that of others.
            if is_abandoned.load(Ordering::Relaxed) {
                return;
            }
            // A panic would leave the caller waiting: `wake` keeps the channel open.
            let result = panic::catch_unwind(AssertUnwindSafe(job));
            let _ = sender.send(Message::Done(result));
        }))
        .map_err(WaitError::Failed)?;
    let received = match timeout {
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(timeout) => receiver.recv_timeout(timeout),
    };
    match received {
        Ok(Message::Done(Ok(result))) => Ok(result),
        Ok(Message::Cancelled) => Err(WaitError::Cancelled(NetError::Cancelled)),
        Err(RecvTimeoutError::Timeout) => Err(WaitError::TimedOut),
        Ok(Message::Done(Err(_))) | Err(RecvTimeoutError::Disconnected) => Err(WaitError::Failed(
            io::Error::other("a network thread panicked"),
        )),
    }
}

type Job = Box<dyn FnOnce() + Send>;

static WORKERS: LazyLock<Arc<Workers>> = LazyLock::new(Arc::default);

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

    fn submit(self: &Arc<Self>, job: Job) -> io::Result<()> {
        let mut state = self.lock();
        if state.idle <= state.jobs.len() && state.threads < MAX_WORKERS {
            let workers = self.clone();
            let started = thread::Builder::new()
                .name("wasi-http-connect".to_owned())
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

    #[test]
    fn a_job_gives_its_result() {
        let token = Token::default();
        let sum: usize = (0..200usize)
            .map(|n| run(&token, None, move || n).expect("it runs"))
            .sum();
        assert_eq!(sum, 199 * 100);
    }

    #[test]
    fn waiting_ends_with_the_timeout() {
        let (hold, held) = mpsc::channel::<()>();
        let result = run(
            &Token::default(),
            Some(Duration::from_millis(1)),
            move || held.recv().ok(),
        );
        assert!(matches!(result, Err(WaitError::TimedOut)));
        drop(hold);
    }

    #[test]
    fn waiting_ends_with_cancellation() {
        let (hold, held) = mpsc::channel::<()>();
        let (started, start) = mpsc::channel();
        let cancel = super::super::cancel::CancelHandle::default();
        let token = cancel.token().clone();
        let canceller = thread::spawn(move || {
            start.recv().ok();
            cancel.cancel();
        });
        let result = run(&token, None, move || {
            started.send(()).ok();
            held.recv().ok()
        });
        assert!(matches!(result, Err(WaitError::Cancelled(_))));
        assert!(matches!(
            run(&token, None, || ()),
            Err(WaitError::Cancelled(_))
        ));
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
                scope.spawn(move || run_on(workers, &Token::default(), None, job).is_ok());
            }
            busy.wait();
            let start = {
                let started = started.clone();
                move || started.store(true, Ordering::Relaxed)
            };
            let soon = Some(Duration::from_millis(1));
            let waited = run_on(&workers, &Token::default(), soon, start);
            assert!(matches!(waited, Err(WaitError::TimedOut)));
            drop(hold);
        });
        // This one has its turn after that.
        assert!(run_on(&workers, &Token::default(), None, || ()).is_ok());
        assert!(!started.load(Ordering::Relaxed));
    }

    #[test]
    fn a_job_that_panics_is_an_error() {
        let result = run(&Token::default(), None, || {
            std::panic::resume_unwind(Box::new("expected"))
        });
        assert!(matches!(result, Err::<(), _>(WaitError::Failed(_))));
    }
}

//! A wake-up for a thread that waits for sockets and for other threads at once.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

/// Fallback when no file descriptor for a [`Bell`] can be had: poll at this interval.
const WITHOUT_BELL: Duration = Duration::from_millis(10);

/// Wakes one thread. A ring before the wait is not lost: the next wait returns at once.
#[derive(Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
    rung: Condvar,
    /// Interrupts a wait for sockets. Created by the first such wait.
    bell: OnceLock<Bell>,
}

#[derive(Default)]
struct State {
    is_rung: bool,
    /// Whether the thread waits, so that ringing costs a system call only then.
    is_waiting: bool,
    /// Whether it waits for sockets too, so that only the bell interrupts it.
    by_bell: bool,
    /// In an asynchronous store, the task that waits instead of a thread.
    task: Option<Waker>,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so a poisoned value is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the waiting thread, or makes its next wait return at once.
    pub(crate) fn ring(&self) {
        let mut state = self.lock();
        state.is_rung = true;
        match self.bell.get() {
            Some(bell) if state.by_bell => bell.ring(),
            _ if state.is_waiting => self.rung.notify_all(),
            _ => {}
        }
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Whether it has rung; if not, registers this task to be woken.
    pub(crate) fn is_rung(&self, task: &Waker) -> bool {
        let mut state = self.lock();
        let is_rung = std::mem::take(&mut state.is_rung);
        state.task = (!is_rung).then(|| task.clone());
        is_rung
    }

    /// Blocks until it rings, one of the sockets is readable, or `until`. Returns the indices of
    /// readable sockets. May return early, so callers check again and repeat.
    ///
    /// # Errors
    ///
    /// If `poll(2)` fails.
    pub(crate) fn wait(
        &self,
        sockets: &[Arc<TcpStream>],
        until: Option<Instant>,
    ) -> io::Result<Vec<usize>> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if sockets.is_empty() {
            self.wait_for_ring(left);
            return Ok(Vec::new());
        }
        let Some(bell) = self.bell() else {
            self.wait_for_ring(Some(left.unwrap_or(WITHOUT_BELL).min(WITHOUT_BELL)));
            return readable(sockets);
        };
        {
            let mut state = self.lock();
            if std::mem::take(&mut state.is_rung) {
                return Ok(Vec::new());
            }
            state.by_bell = true;
        }
        let mut poll = to_read(sockets);
        poll.push(bell.poll_fd());
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let found = ready(&mut poll, timeout.as_ref());
        let mut state = self.lock();
        state.by_bell = false;
        if std::mem::take(&mut state.is_rung) {
            bell.silence();
        }
        drop(state);
        let mut found = found?;
        found.retain(|place| *place < sockets.len());
        Ok(found)
    }

    fn wait_for_ring(&self, left: Option<Duration>) {
        let mut state = self.lock();
        if !state.is_rung {
            state.is_waiting = true;
            state = match left {
                None => {
                    let rung = self.rung.wait(state);
                    rung.unwrap_or_else(PoisonError::into_inner)
                }
                Some(left) => {
                    let rung = self.rung.wait_timeout(state, left);
                    rung.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.is_waiting = false;
        }
        state.is_rung = false;
    }

    fn bell(&self) -> Option<&Bell> {
        if self.bell.get().is_none() {
            // If another thread was quicker, its bell is as good.
            let _ = self.bell.set(Bell::new().ok()?);
        }
        self.bell.get()
    }
}

/// The indices of the sockets that are readable now.
pub(crate) fn readable(sockets: &[Arc<TcpStream>]) -> io::Result<Vec<usize>> {
    if sockets.is_empty() {
        return Ok(Vec::new());
    }
    ready(&mut to_read(sockets), Some(&Timespec::default()))
}

fn to_read(sockets: &[Arc<TcpStream>]) -> Vec<PollFd<'_>> {
    let polls = sockets
        .iter()
        .map(|socket| PollFd::new(socket, PollFlags::IN));
    let mut poll = Vec::with_capacity(sockets.len() + 1);
    poll.extend(polls);
    poll
}

/// The indices of ready sockets; none if a signal interrupted the call.
fn ready(poll: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> io::Result<Vec<usize>> {
    match rustix::event::poll(poll, timeout) {
        Ok(0) | Err(rustix::io::Errno::INTR) => Ok(Vec::new()),
        Ok(_) => {
            let ready = poll.iter().enumerate();
            let ready = ready.filter(|(_, it)| !it.revents().is_empty());
            Ok(ready.map(|(place, _)| place).collect())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) use bell::Bell;

/// A file descriptor that another thread can make readable: an eventfd.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod bell {
    use std::io;
    use std::os::fd::OwnedFd;

    use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};

    pub(in crate::exchange) struct Bell(OwnedFd);

    impl Bell {
        pub(in crate::exchange) fn new() -> io::Result<Self> {
            Ok(Bell(eventfd(
                0,
                EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK,
            )?))
        }

        pub(in crate::exchange) fn poll_fd(&self) -> PollFd<'_> {
            PollFd::new(&self.0, PollFlags::IN)
        }

        pub(in crate::exchange) fn ring(&self) {
            // Fails only if the counter is full, and then it is readable already.
            let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
        }

        pub(in crate::exchange) fn silence(&self) {
            let _ = rustix::io::read(&self.0, &mut [0; 8]);
        }
    }
}

/// Elsewhere: a UDP socket connected to itself.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod bell {
    use std::io;
    use std::net::{Ipv4Addr, UdpSocket};

    use rustix::event::{PollFd, PollFlags};

    pub(in crate::exchange) struct Bell(UdpSocket);

    impl Bell {
        pub(in crate::exchange) fn new() -> io::Result<Self> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            // Connected, it accepts datagrams from itself only.
            socket.connect(socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            Ok(Bell(socket))
        }

        pub(in crate::exchange) fn poll_fd(&self) -> PollFd<'_> {
            PollFd::new(&self.0, PollFlags::IN)
        }

        pub(in crate::exchange) fn ring(&self) {
            let _ = self.0.send(&[0]);
        }

        pub(in crate::exchange) fn silence(&self) {
            while self.0.recv(&mut [0; 8]).is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A connected pair: one to wait for, one to write to.
    fn pair() -> (Arc<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Arc::new(socket), listener.accept().unwrap().0)
    }

    #[test]
    fn a_ring_ends_the_wait_that_is_on_or_the_next_one() {
        let (socket, _other) = pair();
        for sockets in [&[][..], &[socket]] {
            let signal = Signal::default();
            signal.ring();
            signal.wait(sockets, None).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| signal.ring());
                signal.wait(sockets, None).unwrap();
            });
            // Each wait consumed its own ring.
            let before = Instant::now();
            let until = before + Duration::from_millis(20);
            let found = signal.wait(sockets, Some(until)).unwrap();
            assert!(found.is_empty());
            assert!(Instant::now() >= until);
        }
    }

    #[test]
    fn a_socket_ends_the_wait() {
        let (socket, mut other) = pair();
        other.write_all(b"a").unwrap();
        let (silent, _silent_end) = pair();
        let sockets = [silent, socket];
        let found = Signal::default().wait(&sockets, None).unwrap();
        assert_eq!(found, [1]);
        assert_eq!(readable(&sockets).unwrap(), [1]);
    }
}

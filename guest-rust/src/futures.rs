//! [`Pending`] as a future, and [`block_on`], which runs such futures without an executor.

use std::cell::RefCell;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::raw::{Events, Subscription};
use crate::ready::poll_host;
use crate::{Error, Pending, Response, Wait, poll};

thread_local! {
    /// This thread's futures that wait for the host.
    static WAITING: RefCell<Vec<Waiting>> = const { RefCell::new(Vec::new()) };
}

/// A waiting future: what it waits for, and its waker.
struct Waiting {
    subscription: Subscription,
    waker: Waker,
}

/// Resolves to the result of [`Pending::wait`]. Only [`block_on`] wakes it: another executor does
/// not know what to wait for.
impl Future for Pending {
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match poll(&mut [Wait::from(&mut *this)], Some(Duration::ZERO)) {
            Ok(0) => {
                wait_for(this.subscription(), context.waker());
                Poll::Pending
            }
            Ok(_) => Poll::Ready(this.response()),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

/// Registers a waker, to be woken when the subscription is ready.
fn wait_for(subscription: Subscription, waker: &Waker) {
    WAITING.with_borrow_mut(|waiting| {
        let same = |it: &&mut Waiting| it.subscription.handle == subscription.handle;
        match waiting.iter_mut().find(same) {
            Some(waiting) => {
                waiting.subscription = subscription;
                waiting.waker.clone_from(waker);
            }
            None => waiting.push(Waiting {
                subscription,
                waker: waker.clone(),
            }),
        }
    });
}

/// Runs a future made of [`Pending`]s to completion: with `.await`, the `join!` and `select!` of
/// other crates, and other combinators.
///
/// ```
/// # use wasi_experimental_http::{http::Response, testing};
/// use wasi_experimental_http::{Error, block_on, http::Request, start};
///
/// async fn length(url: &str) -> Result<usize, Error> {
///     let req = Request::get(url).body(()).expect("a URL");
///     Ok(start(req)?.await?.body_read_all()?.len())
/// }
///
/// # let _served = testing::serve(|req| Ok(Response::new(req.uri().path().to_owned())));
/// let (one, other) = block_on(async {
///     tokio::join!(length("https://example.com/1"), length("https://example.com/22"))
/// });
/// assert_eq!((one, other), (Ok(2), Ok(3)));
/// ```
///
/// # Panics
///
/// If the future waits for something outside of this crate, which would never wake it.
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !woken.0.swap(false, Ordering::Relaxed) {
            wake_the_ready();
        }
    }
}

/// Waits until a subscription is ready, and wakes the futures of those that are.
fn wake_the_ready() {
    let waiting = WAITING.take();
    assert!(
        !waiting.is_empty(),
        "the future waits for something that is not of wasi-experimental-http"
    );
    let mut subscriptions: Vec<_> = waiting.iter().map(|it| it.subscription).collect();
    // If this fails, wake all: each future then gets the error from its own call, and can report
    // it.
    let failed = poll_host(&mut subscriptions, u64::MAX).is_err();
    for (waiting, subscription) in waiting.into_iter().zip(subscriptions) {
        if failed || subscription.ready != Events::empty() {
            waiting.waker.wake();
        } else {
            WAITING.with_borrow_mut(|all| all.push(waiting));
        }
    }
}

/// Whether the future that [`block_on`] runs was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response as Answer};

    use super::*;
    use crate::exchange::Exchange;
    use crate::testing::{self, Served};
    use crate::{BodyWriter, open, start};

    fn echo() -> Served {
        testing::serve(|req| Ok(Answer::new(req.uri().path().to_owned())))
    }

    fn get(path: &str) -> Request<()> {
        Request::get(format!("http://a{path}")).body(()).unwrap()
    }

    async fn body(path: &str) -> Vec<u8> {
        let mut response = start(get(path)).unwrap().await.unwrap();
        response.body_read_all().unwrap()
    }

    /// A request that is not answered before its body is finished, and what finishes it.
    fn late(path: &str) -> (Pending, BodyWriter) {
        let writer = open(get(path)).unwrap();
        let exchange = Exchange::new(writer.handle(), &http::Method::GET);
        (Pending::new(exchange), writer)
    }

    #[test]
    fn futures_are_joined() {
        let _served = echo();
        let (one, other) = block_on(async { tokio::join!(body("/1"), body("/2")) });
        assert_eq!((&one[..], &other[..]), (&b"/1"[..], &b"/2"[..]));
    }

    /// With a future that waits for the host, and another that lets it go on.
    #[test]
    fn a_future_is_woken_when_the_host_has_something() {
        let _served = echo();
        let (pending, writer) = late("/late");
        let finish = async {
            // The other one has been polled and waits.
            assert_eq!(WAITING.with_borrow(Vec::len), 1);
            let finished = writer.into_pending().unwrap();
            // Both own the same handle, which must be closed once.
            std::mem::forget(finished);
        };
        let (response, ()) = block_on(async { tokio::join!(pending, finish) });
        assert_eq!(response.unwrap().body_read_all().unwrap(), b"/late");
        assert!(WAITING.with_borrow(Vec::is_empty));
    }

    #[test]
    fn the_first_of_several_ends_the_others() {
        let _served = echo();
        let (pending, writer) = late("/late");
        let handle = writer.handle();
        std::mem::forget(writer);
        let first = block_on(async {
            tokio::select! {
                _ = pending => panic!("the late one is first"),
                body = body("/first") => body,
            }
        });
        assert_eq!(first, b"/first");
        let closed = crate::raw::response_wait(handle);
        assert_eq!(closed, Err(crate::HttpError::INVALID_HANDLE));
    }

    #[test]
    #[should_panic = "something that is not of wasi-experimental-http"]
    fn a_future_that_nothing_wakes_is_no_silence() {
        block_on(std::future::pending::<()>());
    }
}

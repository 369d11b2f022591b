//! Waiting for any of several requests: [`poll`], [`select`] and [`send_all`].

use std::fmt;
use std::iter::Fuse;
use std::time::{Duration, Instant};

use http::Request;

use crate::error::counted;
use crate::options::nanoseconds;
use crate::raw::{self, Events, Subscription};
use crate::{BodyWriter, Error, HttpError, Pending, RequestBody, Response, start};

/// The host's value for no time limit.
const FOREVER: u64 = u64::MAX;

/// Something for [`poll`] to wait for, made with [`From`]:
///
/// | of | it is ready when |
/// |---|---|
/// | `&mut Pending` | [`wait`](Pending::wait) gives the response, or an error, at once |
/// | `&Response` | [`body_read`](Response::body_read) gives a byte, the end, or an error, at once |
/// | `&BodyWriter` | [`body_write`](BodyWriter::body_write) takes a byte, or gives an error, at once |
pub struct Wait<'a> {
    target: Target<'a>,
    is_ready: bool,
}

enum Target<'a> {
    Pending(&'a mut Pending),
    Response(&'a Response),
    BodyWriter(&'a BodyWriter),
}

impl Wait<'_> {
    /// Whether it was ready when [`poll`] returned.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    fn subscription(&self) -> Subscription {
        let of = |handle, interest| Subscription {
            handle,
            interest,
            ready: Events::empty(),
        };
        match &self.target {
            Target::Pending(pending) => pending.subscription(),
            Target::Response(response) => of(response.handle(), Events::READABLE),
            Target::BodyWriter(writer) => of(writer.handle(), Events::WRITABLE),
        }
    }

    /// Handles the events that the host reported. Afterwards this is ready, or waits for something
    /// else, or is unchanged.
    fn advance(&mut self, found: Events) {
        self.is_ready = match &mut self.target {
            Target::Pending(pending) if !found.contains(Events::RESPONSE) => {
                // An error of writing is reported by the wait that follows, which tries again.
                pending.has_unsent()
                    && found.contains(Events::WRITABLE)
                    && pending.send_some().is_err()
            }
            _ => found != Events::empty(),
        };
    }
}

impl<'a> From<&'a mut Pending> for Wait<'a> {
    fn from(pending: &'a mut Pending) -> Wait<'a> {
        Target::Pending(pending).into()
    }
}

impl<'a> From<&'a Response> for Wait<'a> {
    fn from(response: &'a Response) -> Wait<'a> {
        Target::Response(response).into()
    }
}

impl<'a> From<&'a BodyWriter> for Wait<'a> {
    fn from(writer: &'a BodyWriter) -> Wait<'a> {
        Target::BodyWriter(writer).into()
    }
}

impl<'a> From<Target<'a>> for Wait<'a> {
    fn from(target: Target<'a>) -> Wait<'a> {
        Wait {
            target,
            is_ready: false,
        }
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("handle", &self.subscription().handle)
            .field("is_ready", &self.is_ready)
            .finish_non_exhaustive()
    }
}

/// Waits until at least one of several is ready, or until the time limit. Returns how many are
/// ready, and [`Wait::is_ready`] says which: 0 after the time limit, or if `waits` is empty.
///
/// ```no_run
/// use std::time::Duration;
///
/// use wasi_experimental_http::{http::Request, poll, send, start};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let events = send(Request::get("https://example.com/events").body(())?)?;
/// let mut other = start(Request::get("https://example.com/other").body(())?)?;
/// let mut waits = [(&events).into(), (&mut other).into()];
/// if poll(&mut waits, Some(Duration::from_secs(10)))? == 0 {
///     println!("nothing for ten seconds");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of the host, which has none for this unless it is at odds with the guest. That a request
/// failed makes it ready.
pub fn poll(waits: &mut [Wait<'_>], limit: Option<Duration>) -> Result<usize, Error> {
    if waits.is_empty() {
        return Ok(0);
    }
    let mut subscriptions: Vec<_> = waits.iter().map(Wait::subscription).collect();
    // Wait again only after writing a part of a body, which made nothing ready.
    let until = match limit {
        Some(limit) if subscriptions.iter().any(is_for_two) => Instant::now().checked_add(limit),
        _ => None,
    };
    let mut nanos = limit.map_or(FOREVER, nanoseconds);
    loop {
        if poll_host(&mut subscriptions, nanos)? == 0 && limit.is_some() {
            return Ok(0);
        }
        let mut ready = 0;
        let mut went_on = false;
        for (wait, subscription) in waits.iter_mut().zip(&mut subscriptions) {
            wait.advance(subscription.ready);
            ready += usize::from(wait.is_ready);
            went_on |= subscription.ready != Events::empty();
            *subscription = wait.subscription();
        }
        if ready > 0 {
            return Ok(ready);
        }
        if !went_on {
            return Err(Error::InvalidAnswer("something is ready, and nothing is"));
        }
        if let Some(until) = until {
            nanos = nanoseconds(until.saturating_duration_since(Instant::now()));
        }
    }
}

/// Whether this waits for a response and, to write more of the body, for room.
fn is_for_two(subscription: &Subscription) -> bool {
    subscription
        .interest
        .contains(Events::RESPONSE | Events::WRITABLE)
}

/// Asks the host which subscriptions are ready. Returns how many.
#[allow(
    unsafe_code,
    reason = "the interface has no safe type for what a call changes"
)]
pub(crate) fn poll_host(
    subscriptions: &mut [Subscription],
    nanos: u64,
) -> Result<usize, HttpError> {
    // SAFETY: the pointer and the number are those of one slice, which this function alone refers to
    // until the call has returned; every value of a subscription's fields is one of their types.
    counted(unsafe { raw::poll(subscriptions.as_mut_ptr(), subscriptions.len(), nanos) })
}

/// Waits for the first of several requests, up to `limit`. Returns the index of one whose
/// [`wait`](Pending::wait) returns at once: the lowest, if there are several. `None` after the time
/// limit, or if there are no requests.
///
/// ```no_run
/// use wasi_experimental_http::{http::Request, select, start};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut mirrors = Vec::new();
/// for mirror in ["https://a.example/", "https://b.example/"] {
///     mirrors.push(start(Request::get(mirror).body(())?)?);
/// }
/// if let Some(first) = select(&mut mirrors, None)? {
///     let res = mirrors.swap_remove(first).wait()?;
///     // The others are not needed any more.
///     drop(mirrors);
///     println!("{}", res.status_code);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`poll`].
pub fn select(requests: &mut [Pending], limit: Option<Duration>) -> Result<Option<usize>, Error> {
    let mut waits: Vec<Wait<'_>> = requests.iter_mut().map(Wait::from).collect();
    poll(&mut waits, limit)?;
    Ok(waits.iter().position(Wait::is_ready))
}

/// Sends requests, at most `most` of them at a time, and yields the responses as they arrive, each
/// with the index of its request.
///
/// Requests are taken from `requests` when there is room for them. A response that it gave counts
/// towards what the host allows to be open at once until it is dropped or read to its end; so with
/// `most` being what the host allows, do either before the next.
///
/// ```no_run
/// use wasi_experimental_http::{http::Request, send_all};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let urls = ["https://example.com/1", "https://example.com/2", "https://example.com/3"];
/// let requests: Result<Vec<_>, _> = urls.iter().map(|url| Request::get(*url).body(())).collect();
/// for (index, result) in send_all(requests?, 8) {
///     let body = result?.body_read_all()?;
///     println!("{}: {} bytes", urls[index], body.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// Dropping it cancels the requests in progress.
pub fn send_all<I, B>(requests: I, most: usize) -> SendAll<I::IntoIter>
where
    I: IntoIterator<Item = Request<B>>,
    B: RequestBody,
{
    SendAll {
        requests: requests.into_iter().fuse(),
        most: most.max(1),
        started: 0,
        pending: Vec::new(),
        others: Vec::new(),
    }
}

/// The responses to several requests: see [`send_all`].
#[must_use = "requests are sent as their responses are asked for"]
pub struct SendAll<I> {
    requests: Fuse<I>,
    most: usize,
    started: usize,
    /// The requests in progress, oldest first.
    pending: Vec<Pending>,
    /// More about each of `pending`, in the same order.
    others: Vec<OnItsWay>,
}

#[derive(Debug, Clone, Copy)]
struct OnItsWay {
    index: usize,
    /// Whether an earlier wait found that its response had arrived.
    is_ready: bool,
}

impl<I> SendAll<I> {
    /// Waits for a response. Returns the position of its request, or that of the oldest with the
    /// host's error.
    fn first_ready(&mut self) -> (usize, Result<(), Error>) {
        let find = |others: &[OnItsWay]| others.iter().position(|it| it.is_ready);
        if let Some(place) = find(&self.others) {
            return (place, Ok(()));
        }
        let mut waits: Vec<Wait<'_>> = self.pending.iter_mut().map(Wait::from).collect();
        let polled = poll(&mut waits, None);
        for (it, wait) in self.others.iter_mut().zip(&waits) {
            it.is_ready = wait.is_ready();
        }
        (find(&self.others).unwrap_or(0), polled.map(drop))
    }
}

impl<I, B> Iterator for SendAll<I>
where
    I: Iterator<Item = Request<B>>,
    B: RequestBody,
{
    type Item = (usize, Result<Response, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.pending.len() < self.most {
            let Some(request) = self.requests.next() else {
                break;
            };
            let index = self.started;
            self.started += 1;
            match start(request) {
                Ok(pending) => {
                    self.pending.push(pending);
                    self.others.push(OnItsWay {
                        index,
                        is_ready: false,
                    });
                }
                Err(error) => return Some((index, Err(error))),
            }
        }
        if self.pending.is_empty() {
            return None;
        }
        let (place, polled) = self.first_ready();
        let pending = self.pending.remove(place);
        let response = polled.and_then(|()| pending.wait());
        Some((self.others.remove(place).index, response))
    }
}

impl<I> fmt::Debug for SendAll<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("most", &self.most)
            .field("started", &self.started)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::Response as Answer;

    use super::*;
    use crate::testing::{self, Served};
    use crate::{open, send};

    fn echo() -> Served {
        testing::serve(|req| match req.uri().path() {
            "/fail" => Err(HttpError::REQUEST_ERROR),
            path if req.body().is_empty() => Ok(Answer::new(path.to_owned().into())),
            _ => Ok(Answer::new(req.into_body())),
        })
    }

    fn get(path: &str) -> Request<()> {
        Request::get(format!("http://a{path}")).body(()).unwrap()
    }

    #[test]
    fn what_is_ready_is_told_from_what_is_not() {
        let _served = echo();
        let response = send(get("/1")).unwrap();
        let writer = open(get("/2")).unwrap();
        let mut late = open(get("/3")).unwrap();
        io_write(&mut late, b"a part");
        let handle = late.handle();
        let mut pending = start(get("/4")).unwrap();
        let waits: &mut [Wait<'_>] =
            &mut [(&response).into(), (&writer).into(), (&mut pending).into()];
        assert_eq!(poll(waits, None), Ok(3));
        assert!(waits.iter().all(Wait::is_ready));
        // Its body is not whole, so there will be no response.
        assert_eq!(crate::raw::response_wait(handle), Err(HttpError::TIMEOUT));
    }

    fn io_write(writer: &mut BodyWriter, bytes: &[u8]) {
        assert_eq!(writer.body_write(bytes), Ok(bytes.len()));
    }

    #[test]
    fn the_first_that_is_ready_is_selected_and_one_that_failed_is() {
        let _served = echo();
        let mut requests = vec![start(get("/1")).unwrap(), start(get("/fail")).unwrap()];
        assert_eq!(select(&mut requests, None), Ok(Some(0)));
        let mut response = requests.remove(0).wait().unwrap();
        assert_eq!(response.body_read_all().unwrap(), b"/1");
        assert_eq!(select(&mut requests, None), Ok(Some(0)));
        assert!(requests.remove(0).wait().is_err());
        assert_eq!(select(&mut requests, None), Ok(None));
        assert_eq!(poll(&mut [], Some(Duration::ZERO)), Ok(0));
    }

    #[test]
    fn a_time_that_is_over_is_no_error() {
        let _served = echo();
        let writer = open(get("/1")).unwrap();
        // A request whose body is not whole, as `into_pending` does not give.
        let mut pending = Pending::new(crate::exchange::Exchange::new(
            writer.handle(),
            &http::Method::GET,
        ));
        let limit = Some(Duration::from_secs(1));
        assert_eq!(poll(&mut [(&mut pending).into()], limit), Ok(0));
        assert_eq!(select(std::slice::from_mut(&mut pending), limit), Ok(None));
        // The test's host fails instead of waiting.
        assert!(poll(&mut [(&mut pending).into()], None).is_err());
    }

    #[test]
    fn what_is_left_of_bodies_is_written_while_others_are_waited_for() {
        let _served = echo();
        let body = vec![b'a'; 10_000];
        for limit in [None, Some(Duration::from_secs(5))] {
            let large = || Request::post("http://a/").body(&body[..]).unwrap();
            let mut requests = vec![start(large()).unwrap(), start(large()).unwrap()];
            assert_eq!(select(&mut requests, limit), Ok(Some(0)));
            assert!(!requests[1].has_unsent());
            for pending in requests {
                assert!(pending.wait().unwrap().body_read_all().unwrap() == body);
            }
        }
    }

    #[test]
    fn all_requests_are_answered_each_once() {
        let _served = echo();
        for most in [0, 1, 3, 100] {
            let paths: Vec<String> = (0..10).map(|number| format!("/{number}")).collect();
            let mut requests: Vec<_> = paths.iter().map(|path| get(path)).collect();
            requests[4] = get("/fail");
            let mut found: Vec<_> = send_all(requests, most)
                .map(|(index, result)| (index, result.and_then(|mut it| it.body_read_all())))
                .collect();
            found.sort_by_key(|(index, _)| *index);
            assert_eq!(found.len(), 10);
            for (number, (index, result)) in found.into_iter().enumerate() {
                assert_eq!(index, number);
                match result {
                    Ok(body) => assert_eq!(body, paths[number].as_bytes()),
                    Err(_) => assert_eq!(number, 4),
                }
            }
        }
    }

    #[test]
    fn no_more_requests_are_on_their_way_than_were_asked_for() {
        let _served = echo();
        let mut sent = 0;
        let requests = (0..10)
            .map(|number| get(&format!("/{number}")))
            .inspect(|_| sent += 1);
        let mut all = send_all(requests, 3);
        assert_eq!(all.next().unwrap().0, 0);
        assert_eq!(all.pending.len(), 2);
        drop(all);
        assert_eq!(sent, 3);
    }
}

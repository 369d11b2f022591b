//! Several requests at once.

use std::future::{Future, poll_fn};
use std::iter;
use std::pin::Pin;
use std::task::Poll;

use wasi_experimental_http::{Error, Pending, Response, block_on, select, send_all, start};

use crate::code;
use crate::instruction::Instruction;

impl Instruction {
    pub fn is_side_by_side(&self) -> bool {
        !self.also.is_empty() || self.wait.is_some()
    }

    /// Gets the URL and the others, and prints what comes.
    pub fn side_by_side(&self) -> Result<(), Error> {
        let urls = iter::once(&self.url).chain(&self.also);
        let requests = urls.map(|url| self.request(url));
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        if self.wait.is_none() && !self.future {
            for (index, result) in send_all(requests, self.most) {
                answer(index, result);
            }
            return Ok(());
        }
        let started = requests.into_iter().map(start);
        let mut pending = started.collect::<Result<Vec<Pending>, _>>()?;
        if self.future {
            for (index, result) in block_on(all(pending)).into_iter().enumerate() {
                answer(index, result);
            }
            return Ok(());
        }
        let ready = select(&mut pending[..1], self.wait)?.is_some();
        println!("polled {}", u32::from(ready));
        let mut first = 0;
        if !ready {
            pending.remove(0).close()?;
            println!("closed");
            first = 1;
        }
        for (index, pending) in (first..).zip(pending) {
            answer(index, pending.wait());
        }
        Ok(())
    }
}

/// Prints the response to one of them.
fn answer(index: usize, result: Result<Response, Error>) {
    let read = result.and_then(|mut response| {
        let status = response.status_code.as_u16();
        Ok((status, response.body_read_all()?.len()))
    });
    match read {
        Ok((status, length)) => println!("answer {index} {status} {length}"),
        Err(error) => {
            let error = code(error);
            println!("answer {index} error {} {}", error.raw(), error.name());
        }
    }
}

/// What all of these give, when all are there.
async fn all(mut pending: Vec<Pending>) -> Vec<Result<Response, Error>> {
    let mut results: Vec<_> = pending.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (pending, result) in pending.iter_mut().zip(&mut results) {
            if result.is_none()
                && let Poll::Ready(ready) = Pin::new(pending).poll(context)
            {
                *result = Some(ready);
            }
        }
        match results.iter().all(Option::is_some) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

//! What wasmtime-wasi-http has no option for: connections that are kept for the next request. It is
//! what an embedder can do with `send_request`, in a page.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Uri;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{SendRequest, handshake};
use tokio::net::TcpStream;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The idle connections of all stores, by authority.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<HashMap<String, Vec<SendRequest<WasiBody>>>>>);

impl Pool {
    async fn take(&self, authority: &str) -> Result<SendRequest<WasiBody>, Error> {
        while let Some(mut sender) = self.idle(authority) {
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
        let stream = TcpStream::connect(authority)
            .await
            .map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // An error of the connection is one of the request as well, which tells it.
        tokio::spawn(async { drop(connection.await) });
        Ok(sender)
    }

    fn idle(&self, authority: &str) -> Option<SendRequest<WasiBody>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.get_mut(authority)?.pop()
    }

    fn give(&self, authority: String, sender: SendRequest<WasiBody>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.entry(authority).or_default().push(sender);
    }

    async fn send(self, mut request: http::Request<WasiBody>) -> Result<Response, Error> {
        let authority = request.uri().authority();
        let authority = authority.ok_or(Error::HttpRequestUriInvalid)?.to_string();
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        let mut sender = self.take(&authority).await?;
        let response = sender.send_request(request).await?;
        let response = response.map(|incoming| {
            let connection = Some((self, authority, sender));
            Kept {
                incoming,
                connection,
            }
            .boxed_unsync()
        });
        Ok((response, Box::new(async { Ok(()) })))
    }
}

type Response = (http::Response<WasiBody>, Finished);
type Finished = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Pool {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _finished: Finished,
    ) -> Box<dyn Future<Output = Result<Response, Error>> + Send> {
        Box::new(self.clone().send(request))
    }
}

/// A body that gives its connection back at its end.
struct Kept {
    incoming: Incoming,
    connection: Option<(Pool, String, SendRequest<WasiBody>)>,
}

impl Body for Kept {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        let is_over = self.incoming.is_end_stream() || matches!(polled, Poll::Ready(None));
        if is_over && let Some((pool, authority, sender)) = self.connection.take() {
            pool.give(authority, sender);
        }
        polled.map_err(Error::from)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

//! Implements the functions of the WITX: each reads its arguments from guest memory, calls
//! [`HttpCtx`], and writes the results to guest memory.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use wiggle::{GuestMemory, GuestPtr, GuestType};

use crate::ctx::HttpCtx;
use crate::error::Error;
use crate::exchange::upload::Upload;
#[cfg(feature = "async")]
use crate::generated::Suspend;
use crate::generated::types::{
    Events, HttpError, OptionKey, Reason, RequestOption, ResponseFact, ResponseHandle, Size,
    StatusCode, Subscription,
};
use crate::generated::wasi_experimental_http::WasiExperimentalHttp;
use crate::headers::{self, HeaderError};
use crate::limits::{
    MAX_REQUEST_OPTIONS, MAX_SUBSCRIPTIONS, MAX_UPLOAD_BUFFER_BYTES, Narrower,
    SHARED_MEMORY_BUFFER_SIZE,
};
use crate::request::{Body, Request};
use crate::request_url::UrlError;
#[cfg(feature = "async")]
use crate::waiting::Waiting;

impl WasiExperimentalHttp for HttpCtx {
    fn req(
        &mut self,
        memory: &mut GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
        body: GuestPtr<[u8]>,
    ) -> Result<(StatusCode, ResponseHandle), HttpError> {
        self.call("req", None, |http| {
            let (status, handle) = match http.resume_request() {
                Some(answer) => answer?,
                None => http.req_inner(memory, url, method, headers, body)?,
            };
            Ok((status, handle.into()))
        })
    }

    fn close(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
    ) -> Result<(), HttpError> {
        self.call("close", None, |http| {
            // Never an error: guests built for 0.10 abort on one.
            http.close(response.into());
            Ok(())
        })
    }

    fn header_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        name: GuestPtr<str>,
        value: GuestPtr<u8>,
        value_len: Size,
    ) -> Result<Size, HttpError> {
        self.call("header_get", Some(response), |http| {
            let response = http.response(response.into())?;
            memory.as_slice(name.as_bytes())?;
            let name = text(memory, name, MAX_HEADER_NAME_LEN, |_| Error::HeaderNotFound)?;
            let found = response.header(&name)?;
            drop(name);
            write(memory, value.as_array(value_len), found)
        })
    }

    fn headers_get_all(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        headers: GuestPtr<u8>,
        headers_len: Size,
    ) -> Result<Size, HttpError> {
        self.call("headers_get_all", Some(response), |http| {
            let response = http.response(response.into())?;
            write(
                memory,
                headers.as_array(headers_len),
                &headers::write(&response.headers),
            )
        })
    }

    fn body_read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        buffer: GuestPtr<u8>,
        buffer_len: Size,
    ) -> Result<Size, HttpError> {
        let buffer = buffer.as_array(buffer_len);
        self.call("body_read", Some(response), |http| {
            http.read_body(memory, response, buffer, Amount::All)
        })
    }

    fn body_read_some(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        buffer: GuestPtr<u8>,
        buffer_len: Size,
    ) -> Result<Size, HttpError> {
        let buffer = buffer.as_array(buffer_len);
        self.call("body_read_some", Some(response), |http| {
            http.read_body(memory, response, buffer, Amount::Some)
        })
    }

    fn response_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        fact: ResponseFact,
        value: GuestPtr<u8>,
        value_len: Size,
    ) -> Result<Size, HttpError> {
        self.call("response_get", Some(response), |http| {
            let text = http.fact(response.into(), fact)?;
            write(memory, value.as_array(value_len), text.as_bytes())
        })
    }

    fn request_start(
        &mut self,
        memory: &mut GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
        options: GuestPtr<[RequestOption]>,
        body_len: u64,
    ) -> Result<ResponseHandle, HttpError> {
        self.call("request_start", None, |http| {
            let handle = http.start_inner(memory, url, method, headers, options, body_len)?;
            Ok(handle.into())
        })
    }

    fn body_write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: ResponseHandle,
        bytes: GuestPtr<[u8]>,
    ) -> Result<Size, HttpError> {
        self.call("body_write", Some(request), |http| {
            // A shared memory has to be copied; copy no more than one call can take.
            memory.as_slice(bytes)?;
            let len = bytes.len().min(size(MAX_UPLOAD_BUFFER_BYTES));
            let bytes = memory.as_cow(bytes.as_ptr().as_array(len))?;
            Ok(size(http.write_body(request.into(), &bytes)?))
        })
    }

    fn body_finish(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: ResponseHandle,
    ) -> Result<(), HttpError> {
        self.call("body_finish", Some(request), |http| {
            http.finish_body(request.into())
        })
    }

    fn response_wait(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: ResponseHandle,
    ) -> Result<StatusCode, HttpError> {
        self.call("response_wait", Some(request), |http| {
            Ok(http.response(request.into())?.status.as_u16())
        })
    }

    fn poll(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: GuestPtr<Subscription>,
        subscriptions_len: Size,
        timeout: u64,
    ) -> Result<Size, HttpError> {
        self.call("poll", None, |http| {
            let subscriptions = subscriptions.as_array(subscriptions_len);
            http.poll_inner(memory, subscriptions, timeout)
        })
    }

    fn error_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        reason: GuestPtr<Reason>,
        message: GuestPtr<u8>,
        message_len: Size,
    ) -> Result<Size, HttpError> {
        self.reached_function();
        let last = self.last_error();
        let mut get = || {
            let code = u32::from(last.reason()).to_le_bytes();
            let reason = GuestPtr::new((reason.offset(), size(code.len())));
            memory.as_slice(reason)?;
            let message = message.as_array(message_len);
            let written = write(memory, message, last.message().as_bytes())?;
            memory.copy_from_slice(&code, reason)?;
            Ok(written)
        };
        // Does not replace the last error, which the guest is asking for.
        get().map_err(|error| traced("error_get", &error))
    }
}

#[cfg(feature = "async")]
impl Suspend for HttpCtx {
    type Wait = Waiting;

    fn suspended(&mut self) -> Option<Waiting> {
        // The linker asks this about a call whose arguments were checked when it was first made.
        self.reached_function();
        self.take_wait()
    }
}

/// The longest name of a header that `http` stores, in bytes: no response has one that is longer,
/// so that none is copied out of a shared memory.
const MAX_HEADER_NAME_LEN: usize = u16::MAX as usize;

/// How much of a body one call reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// Fill the buffer, unless the body ends first.
    All,
    /// As much as has arrived.
    Some,
}

impl HttpCtx {
    /// Runs the implementation of a function. An error becomes its code, and is kept for
    /// `last_error`.
    fn call<T>(
        &mut self,
        function: &'static str,
        response: Option<ResponseHandle>,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, HttpError> {
        self.reached_function();
        work(self).map_err(|error| {
            if self.is_waiting() {
                // The call was suspended, and will be made again.
                return error.code();
            }
            let code = traced(function, &error);
            self.observers().call_failed(function, &error);
            self.failed(error, response.map(u32::from));
            code
        })
    }

    fn read_body(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        buffer: GuestPtr<[u8]>,
        amount: Amount,
    ) -> Result<Size, Error> {
        // Check the handle before the buffer, like the other functions.
        let handle = response.into();
        let is_async = self.is_async();
        let response = self.response(handle)?;
        if !is_async && let Some(slice) = memory.as_slice_mut(buffer)? {
            return Ok(size(match amount {
                Amount::All => response.fill(slice)?,
                Amount::Some => response.read(slice)?,
            }));
        }
        // Another thread may write to a shared memory at any time, so no slice of it can be
        // borrowed: read into a buffer, and copy.
        memory.as_slice(buffer)?;
        let mut copy = vec![0; (buffer.len() as usize).min(SHARED_MEMORY_BUFFER_SIZE)];
        let mut written = 0;
        loop {
            // Nothing fits an empty buffer.
            if buffer.len() > 0 {
                written = self.wait_for_body(handle, written)?;
            }
            let room = ((buffer.len() - written) as usize).min(copy.len());
            let count = match self.response(handle)?.read(&mut copy[..room]) {
                Ok(count) => count,
                // The next call reports the error again.
                Err(_) if written > 0 => 0,
                Err(error) => return Err(error),
            };
            let target = GuestPtr::new((buffer.as_ptr().offset() + written, size(count)));
            memory.copy_from_slice(&copy[..count], target)?;
            written += size(count);
            if amount == Amount::Some || count == 0 || written == buffer.len() {
                return Ok(written);
            }
        }
    }

    fn req_inner(
        &mut self,
        memory: &GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
        body: GuestPtr<[u8]>,
    ) -> Result<(u16, u32), Error> {
        for text in [url, method, headers] {
            memory.as_slice(text.as_bytes())?;
        }
        memory.as_slice(body)?;
        let parts = self.parts(memory, url, method, headers)?;
        self.check_body_len(body.len().into())?;
        let body = memory.as_cow(body)?;
        let request = parts.request(self, Body::Whole(body))?;
        self.request(request)
    }

    fn start_inner(
        &mut self,
        memory: &GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
        options: GuestPtr<[RequestOption]>,
        body_len: u64,
    ) -> Result<u32, Error> {
        for text in [url, method, headers] {
            memory.as_slice(text.as_bytes())?;
        }
        let options = records(memory, options, MAX_REQUEST_OPTIONS)?;
        let parts = self.parts(memory, url, method, headers)?;
        let (mut limits, mut timeouts) = (Cow::Borrowed(self.limits()), self.timeouts().clone());
        for option in options.chunks_exact(RequestOption::guest_size() as usize) {
            let key = number(option, RequestOption::offset_of_key());
            let value = u64::from_le_bytes(field(option, RequestOption::offset_of_value()));
            let option = narrower(key, value).ok_or(Error::UnknownOption(key))?;
            option.narrow(limits.to_mut(), &mut timeouts);
        }
        let limits = match limits {
            Cow::Borrowed(_) => self.shared_limits(),
            Cow::Owned(limits) => Arc::new(limits),
        };
        let len = match body_len {
            0 => None,
            u64::MAX => Some(None),
            len => {
                self.check_body_len(len)?;
                Some(Some(len))
            }
        };
        let body = match len {
            None => Body::Whole(Cow::Borrowed(&[])),
            Some(len) => {
                let max = limits.max_request_body_bytes;
                Body::Upload(Upload::new(len, max, self.cancel_handle()))
            }
        };
        let request = parts.request(self, body)?;
        self.start(request, limits, timeouts)
    }

    /// Checks the length of a request body against the limit.
    fn check_body_len(&self, len: u64) -> Result<(), Error> {
        match self.limits().max_request_body_bytes {
            Some(max) if len > max => Err(Error::RequestBodyTooLarge { max }),
            _ => Ok(()),
        }
    }

    fn poll_inner(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: GuestPtr<[Subscription]>,
        timeout: u64,
    ) -> Result<Size, Error> {
        let start = subscriptions.as_ptr().offset();
        let bytes = records(memory, subscriptions, MAX_SUBSCRIPTIONS)?;
        let record_size = Subscription::guest_size();
        let parse = |record: &[u8]| {
            let [bits] = field(record, Subscription::offset_of_interest());
            Ok(Subscription {
                handle: number(record, Subscription::offset_of_handle()).into(),
                interest: Events::from_bits(bits).ok_or(Error::UnknownEvents(bits))?,
                ready: Events::empty(),
            })
        };
        let parsed: Result<Vec<_>, Error> = bytes
            .chunks_exact(record_size as usize)
            .map(parse)
            .collect();
        let mut parsed = parsed?;
        drop(bytes);
        let timeout = (timeout != u64::MAX).then(|| Duration::from_nanos(timeout));
        let ready = self.poll(&mut parsed, timeout)?;
        for (index, subscription) in (0..).zip(&parsed) {
            let place = start + index * record_size + Subscription::offset_of_ready();
            let place = GuestPtr::new((place, 1));
            memory.copy_from_slice(&[subscription.ready.bits()], place)?;
        }
        Ok(size(ready))
    }

    /// Reads the textual parts of a request, after checking their sizes against the limits.
    fn parts<'m>(
        &mut self,
        memory: &'m GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
    ) -> Result<Parts<'m>, Error> {
        let limits = self.limits();
        let url = text(memory, url, limits.max_url_len, |max| {
            UrlError::TooLong { max }.into()
        })?;
        let method = text(memory, method, limits.max_method_len, |max| {
            Error::InvalidMethod { max }
        })?;
        let headers = text(memory, headers, limits.max_request_header_bytes, |max| {
            HeaderError::TooLong { max }.into()
        })?;
        Ok(Parts {
            url,
            method,
            headers,
        })
    }
}

/// The textual parts of a request.
struct Parts<'m> {
    url: Cow<'m, str>,
    method: Cow<'m, str>,
    headers: Cow<'m, str>,
}

impl Parts<'_> {
    fn request<'b>(&self, http: &mut HttpCtx, body: Body<'b>) -> Result<Request<'b>, Error> {
        let target = http.target(&self.url)?;
        let may_choose_host = http.may_choose_host(&target);
        let (method, headers) = (&*self.method, &*self.headers);
        Request::parse(
            target,
            method,
            headers,
            body,
            http.limits(),
            may_choose_host,
        )
    }
}

/// Decodes a request option.
fn narrower(key: u32, value: u64) -> Option<Narrower> {
    let time = Duration::from_nanos(value);
    Some(match OptionKey::try_from(key).ok()? {
        OptionKey::Timeout => Narrower::Total(time),
        OptionKey::ConnectTimeout => Narrower::Connect(time),
        OptionKey::ResponseTimeout => Narrower::Response(time),
        OptionKey::ReadTimeout => Narrower::Read(time),
        OptionKey::MaxRedirects => Narrower::Redirects(value),
        OptionKey::MaxResponseBody => Narrower::ResponseBody(value),
    })
}

/// The bytes of an array of records in guest memory: at most `max` of them, at any alignment.
fn records<'m, T: GuestType>(
    memory: &'m GuestMemory<'_>,
    records: GuestPtr<[T]>,
    max: usize,
) -> Result<Cow<'m, [u8]>, Error> {
    let len = records.len().checked_mul(T::guest_size());
    let len = len.ok_or(wiggle::GuestError::PtrOverflow)?;
    let bytes = GuestPtr::new((records.as_ptr().offset(), len));
    memory.as_slice(bytes)?;
    if records.len() as usize > max {
        return Err(Error::ListTooLong { max });
    }
    Ok(memory.as_cow(bytes)?)
}

/// The `N` bytes of a record's field.
fn field<const N: usize>(record: &[u8], offset: u32) -> [u8; N] {
    std::array::from_fn(|index| record[offset as usize + index])
}

fn number(record: &[u8], offset: u32) -> u32 {
    u32::from_le_bytes(field(record, offset))
}

/// Reads a string of at most `max` bytes. The length is checked before anything is copied.
fn text<'m>(
    memory: &'m GuestMemory<'_>,
    pointer: GuestPtr<str>,
    max: usize,
    too_long: impl FnOnce(usize) -> Error,
) -> Result<Cow<'m, str>, Error> {
    if pointer.len() as usize > max {
        return Err(too_long(max));
    }
    Ok(memory.as_cow_str(pointer)?)
}

/// Writes all of `bytes` to the start of a guest's buffer.
fn write(
    memory: &mut GuestMemory<'_>,
    buffer: GuestPtr<[u8]>,
    bytes: &[u8],
) -> Result<Size, Error> {
    // The whole buffer must lie in guest memory, not only the part that is written.
    memory.as_slice(buffer)?;
    let len = buffer.len() as usize;
    if bytes.len() > len {
        return Err(Error::BufferTooSmall {
            needed: bytes.len(),
            len,
        });
    }
    let written = size(bytes.len());
    memory.copy_from_slice(bytes, buffer.as_ptr().as_array(written))?;
    Ok(written)
}

/// A length as the guest's `usize`: what fits guest memory fits it.
fn size(len: usize) -> Size {
    Size::try_from(len).unwrap_or(Size::MAX)
}

/// Traces an error, and returns its code.
fn traced(function: &'static str, error: &Error) -> HttpError {
    let code = error.code();
    tracing::debug!(function, ?code, %error, "call failed");
    code
}

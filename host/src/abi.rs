//! The functions of the WITX, as guests call them: read the guest's memory, call plain code, write
//! the guest's memory.

use std::borrow::Cow;

use wiggle::{GuestMemory, GuestPtr};

use crate::ctx::HttpCtx;
use crate::error::Error;
use crate::exchange::Request;
use crate::generated::types::{HttpError, ResponseHandle, Size, StatusCode};
use crate::generated::wasi_experimental_http::WasiExperimentalHttp;
use crate::headers::{self, HeaderError};
use crate::limits::SHARED_MEMORY_BUFFER_SIZE;
use crate::request_url::UrlError;

impl WasiExperimentalHttp for HttpCtx {
    fn req(
        &mut self,
        memory: &mut GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
        body: GuestPtr<[u8]>,
    ) -> Result<(StatusCode, ResponseHandle), HttpError> {
        let (status, handle) = self
            .req_inner(memory, url, method, headers, body)
            .map_err(code("req"))?;
        Ok((status, handle.into()))
    }

    fn close(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
    ) -> Result<(), HttpError> {
        // Guests of 0.10 abort if this fails, so it does not.
        self.close(response.into());
        Ok(())
    }

    fn header_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        name: GuestPtr<str>,
        value: GuestPtr<u8>,
        value_len: Size,
    ) -> Result<Size, HttpError> {
        let mut get = || {
            let name = memory.as_cow_str(name)?;
            let found = self.response(response.into())?.header(&name)?;
            drop(name);
            write(memory, value.as_array(value_len), found)
        };
        get().map_err(code("header_get"))
    }

    fn headers_get_all(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        headers: GuestPtr<u8>,
        headers_len: Size,
    ) -> Result<Size, HttpError> {
        let mut get = || {
            let response = self.response(response.into())?;
            write(
                memory,
                headers.as_array(headers_len),
                &headers::write(&response.headers),
            )
        };
        get().map_err(code("headers_get_all"))
    }

    fn body_read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        response: ResponseHandle,
        buffer: GuestPtr<u8>,
        buffer_len: Size,
    ) -> Result<Size, HttpError> {
        let mut read = || {
            // A handle comes before a buffer, as in the other functions.
            let (response, token) = self.body(response.into())?;
            let buffer = buffer.as_array(buffer_len);
            let count = match memory.as_slice_mut(buffer)? {
                Some(slice) => response.read(token, slice)?,
                // Another thread may write to a shared memory at any time, so it cannot be lent.
                None => {
                    let len = (buffer.len() as usize).min(SHARED_MEMORY_BUFFER_SIZE);
                    let mut copy = vec![0; len];
                    let count = response.read(token, &mut copy)?;
                    let target = buffer.as_ptr().as_array(size(count));
                    memory.copy_from_slice(&copy[..count], target)?;
                    count
                }
            };
            Ok(size(count))
        };
        read().map_err(code("body_read"))
    }
}

impl HttpCtx {
    fn req_inner(
        &mut self,
        memory: &GuestMemory<'_>,
        url: GuestPtr<str>,
        method: GuestPtr<str>,
        headers: GuestPtr<str>,
        body: GuestPtr<[u8]>,
    ) -> Result<(u16, u32), Error> {
        let limits = self.limits();
        for text in [url, method, headers] {
            memory.as_slice(text.as_bytes())?;
        }
        memory.as_slice(body)?;
        let url = text(memory, url, limits.max_url_len, |max| {
            UrlError::TooLong { max }.into()
        })?;
        let method = text(memory, method, limits.max_method_len, |max| {
            Error::InvalidMethod { max }
        })?;
        let headers = text(memory, headers, limits.max_request_header_bytes, |max| {
            HeaderError::TooLong { max }.into()
        })?;
        if let Some(max) = limits.max_request_body_bytes
            && u64::from(body.len()) > max
        {
            return Err(Error::RequestBodyTooLarge { max });
        }
        let body = memory.as_cow(body)?;
        let target = self.target(&url)?;
        let request = Request::parse(target, &method, &headers, &body, self.limits())?;
        self.send(request)
    }
}

/// Text of the guest of at most `max` bytes, checked before a shared memory is copied.
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
    // The whole buffer must be the guest's, not only the part that is written.
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

/// The length of something that fits a buffer of the guest.
fn size(len: usize) -> Size {
    Size::try_from(len).unwrap_or(Size::MAX)
}

/// Traces why a function fails, and gives the guest its code.
fn code(function: &'static str) -> impl FnOnce(Error) -> HttpError {
    move |error| {
        let code = error.code();
        tracing::debug!(function, ?code, %error, "call failed");
        code
    }
}

// Generated from witx/wasi_experimental_http.witx by 'cargo xtask codegen'. Do not edit.

#![cfg_attr(rustfmt, rustfmt::skip)]

/// The outcome of a call. Codes are never renumbered and new ones may be appended, so a
/// binding must keep a code that it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct HttpError(u32);

impl HttpError {
    /// The call succeeded and its results are valid.
    pub const SUCCESS: Self = Self(0);

    /// The response handle was never given out by this instance's store, or is closed.
    pub const INVALID_HANDLE: Self = Self(1);

    /// The guest does not export a memory named `memory`.
    pub const MEMORY_NOT_FOUND: Self = Self(2);

    /// A pointer and its length lead outside the guest's memory.
    pub const MEMORY_ACCESS_ERROR: Self = Self(3);

    /// The buffer is too small for the value. Nothing was written: call again with a larger one.
    pub const BUFFER_TOO_SMALL: Self = Self(4);

    /// The response has no header of this name.
    pub const HEADER_NOT_FOUND: Self = Self(5);

    /// Text sent by the guest is not UTF-8.
    pub const UTF8_ERROR: Self = Self(6);

    /// The guest may not reach this destination: the embedder's list of allowed hosts does
    /// not name the URL's scheme, host and port, or those of a redirect's target, or the name
    /// leads into a private network.
    pub const DESTINATION_NOT_ALLOWED: Self = Self(7);

    /// The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`.
    pub const INVALID_METHOD: Self = Self(8);

    /// The request's headers are malformed, or one of them contradicts what the host sends.
    pub const INVALID_ENCODING: Self = Self(9);

    /// The URL cannot be parsed, or its scheme is neither `http` nor `https`.
    pub const INVALID_URL: Self = Self(10);

    /// The request failed on its way: no connection, a TLS failure, or a response that is not
    /// HTTP.
    pub const REQUEST_ERROR: Self = Self(11);

    /// The host failed in a way that is not the guest's fault.
    pub const RUNTIME_ERROR: Self = Self(12);

    /// The store already holds as many open responses as the embedder allows: close one first.
    pub const TOO_MANY_SESSIONS: Self = Self(13);

    /// The request, or the body of its response, took longer than the embedder allows.
    pub const TIMEOUT: Self = Self(14);

    /// The body of the request or of the response is larger than the embedder allows.
    pub const BODY_TOO_LARGE: Self = Self(15);

    /// The body of the response broke off before its end.
    pub const INCOMPLETE_BODY: Self = Self(16);

    /// The embedder cancelled the request.
    pub const CANCELLED: Self = Self(17);

    /// The value with this code, known or not.
    pub const fn from_raw(code: u32) -> Self {
        Self(code)
    }

    /// The code.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The name in WITX; `"unknown"` for an unknown code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SUCCESS => "success",
            Self::INVALID_HANDLE => "invalid_handle",
            Self::MEMORY_NOT_FOUND => "memory_not_found",
            Self::MEMORY_ACCESS_ERROR => "memory_access_error",
            Self::BUFFER_TOO_SMALL => "buffer_too_small",
            Self::HEADER_NOT_FOUND => "header_not_found",
            Self::UTF8_ERROR => "utf8_error",
            Self::DESTINATION_NOT_ALLOWED => "destination_not_allowed",
            Self::INVALID_METHOD => "invalid_method",
            Self::INVALID_ENCODING => "invalid_encoding",
            Self::INVALID_URL => "invalid_url",
            Self::REQUEST_ERROR => "request_error",
            Self::RUNTIME_ERROR => "runtime_error",
            Self::TOO_MANY_SESSIONS => "too_many_sessions",
            Self::TIMEOUT => "timeout",
            Self::BODY_TOO_LARGE => "body_too_large",
            Self::INCOMPLETE_BODY => "incomplete_body",
            Self::CANCELLED => "cancelled",
            _ => "unknown",
        }
    }

    /// What the code means, in a sentence; `"unknown error"` for an unknown code.
    pub const fn message(self) -> &'static str {
        match self {
            Self::SUCCESS => "The call succeeded and its results are valid",
            Self::INVALID_HANDLE => {
                "The response handle was never given out by this instance's store, or is closed"
            }
            Self::MEMORY_NOT_FOUND => "The guest does not export a memory named `memory`",
            Self::MEMORY_ACCESS_ERROR => {
                "A pointer and its length lead outside the guest's memory"
            }
            Self::BUFFER_TOO_SMALL => "The buffer is too small for the value",
            Self::HEADER_NOT_FOUND => "The response has no header of this name",
            Self::UTF8_ERROR => "Text sent by the guest is not UTF-8",
            Self::DESTINATION_NOT_ALLOWED => {
                "The guest may not reach this destination: the embedder's list of allowed hosts does not name the URL's scheme, host and port, or those of a redirect's target, or the name leads into a private network"
            }
            Self::INVALID_METHOD => {
                "The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`"
            }
            Self::INVALID_ENCODING => {
                "The request's headers are malformed, or one of them contradicts what the host sends"
            }
            Self::INVALID_URL => {
                "The URL cannot be parsed, or its scheme is neither `http` nor `https`"
            }
            Self::REQUEST_ERROR => {
                "The request failed on its way: no connection, a TLS failure, or a response that is not HTTP"
            }
            Self::RUNTIME_ERROR => {
                "The host failed in a way that is not the guest's fault"
            }
            Self::TOO_MANY_SESSIONS => {
                "The store already holds as many open responses as the embedder allows: close one first"
            }
            Self::TIMEOUT => {
                "The request, or the body of its response, took longer than the embedder allows"
            }
            Self::BODY_TOO_LARGE => {
                "The body of the request or of the response is larger than the embedder allows"
            }
            Self::INCOMPLETE_BODY => "The body of the response broke off before its end",
            Self::CANCELLED => "The embedder cancelled the request",
            _ => "unknown error",
        }
    }
}

impl core::fmt::Debug for HttpError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "HttpError({}, {})", self.0, self.name())
    }
}

impl core::fmt::Display for HttpError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({}, code {})", self.message(), self.name(), self.0)
    }
}

impl core::error::Error for HttpError {}

/// An HTTP status code (RFC 9110, section 15), 200 to 599.
pub type StatusCode = u16;

/// A number of bytes in the guest's memory.
pub type Size = usize;

/// An open response. Handles belong to one store, start at 1 and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ResponseHandle(u32);

impl ResponseHandle {
    /// The handle with this number. Any number is possible; the host refuses one
    /// that it did not give out.
    pub const fn from_raw(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn raw(self) -> u32 {
        self.0
    }
}

/// HTTP requests for core WebAssembly modules.
///
/// A guest calls `req`, which sends a request and returns as soon as the response's
/// status and headers have arrived. The response stays open in the host under a handle:
/// the guest looks at its headers, reads its body piece by piece, and closes it.
///
/// Every value that crosses the boundary is an `i32`. A guest must export its memory
/// under the name `memory`; pointers and lengths are offsets and sizes in bytes in that
/// memory, read as unsigned. Pointers need no alignment. A function that fails writes
/// nothing through its out-pointers, except where it says otherwise.
pub mod wasi_experimental_http {
    use super::*;

    /// Send a request, and wait for the status and the headers of its response.
    ///
    /// The body of the response is not read yet: it streams from the server as the guest calls
    /// `body_read`. Redirects are followed by the host, which checks each target against the
    /// allowed hosts; the response is that of the last hop. Statuses of 400 and above are
    /// responses like any other, not errors.
    ///
    /// Out-pointers are checked first: no request is sent whose answer could not be stored.
    ///
    /// # Arguments
    ///
    /// * `url` - The absolute URL, `http` or `https`, in UTF-8. A fragment is not sent.
    /// * `method` - The method, such as `GET`, as it goes on the wire: methods are
    ///   case-sensitive.
    /// * `headers` - The request's headers, in UTF-8: one `name:value` line for each, ended by
    ///   `\n`, where the `\n` of the last may be left out. Space around a value is removed. A
    ///   name may be repeated. Framing and connection headers are the host's: `Content-Length`,
    ///   `Host` and `Transfer-Encoding` are dropped when they agree with what the host sends and
    ///   give `invalid_encoding` when they do not; `Connection` and its like are dropped.
    /// * `body` - The body, sent with its length. An empty one is no body.
    ///
    /// # Returns
    ///
    /// The status of the response, and the handle under which it stays open until `close`.
    pub fn req(
        url: &str,
        method: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<(StatusCode, ResponseHandle), HttpError> {
        let mut status_code: StatusCode = 0;
        let mut response_handle = ResponseHandle(0);
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::req(
                url.as_ptr(),
                url.len(),
                method.as_ptr(),
                method.len(),
                headers.as_ptr(),
                headers.len(),
                body.as_ptr(),
                body.len(),
                &mut status_code,
                &mut response_handle,
            )
        };
        if code == 0 { Ok((status_code, response_handle)) } else { Err(HttpError(code)) }
    }

    /// Close a response, and free what the host holds for it.
    ///
    /// A handle that is already closed, or was never given out, is no error.
    ///
    /// # Arguments
    ///
    /// * `response` - The response to close.
    ///
    /// # Returns
    ///
    /// Always `success`, given a memory.
    pub fn close(response: ResponseHandle) -> Result<(), HttpError> {
        // SAFETY: no pointers are passed.
        let code = unsafe { imports::close(response.0) };
        if code == 0 { Ok(()) } else { Err(HttpError(code)) }
    }

    /// Copy the value of a response header, the first if there are several, into a buffer.
    ///
    /// # Arguments
    ///
    /// * `response` - The response to look at.
    /// * `name` - The name of the header, in any case.
    /// * `value` - Where the value goes, byte for byte as the server sent it, without surrounding
    ///   space. Its length: the size of the buffer. If the value is longer the call gives
    ///   `buffer_too_small`.
    ///
    /// # Returns
    ///
    /// How many bytes were written.
    pub fn header_get(
        response: ResponseHandle,
        name: &str,
        value: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::header_get(
                response.0,
                name.as_ptr(),
                name.len(),
                value.as_mut_ptr(),
                value.len(),
                &mut size,
            )
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Copy all headers of a response into a buffer.
    ///
    /// # Arguments
    ///
    /// * `response` - The response to look at.
    /// * `headers` - Where the headers go: a line `name:value\n` for each, names in lower case,
    ///   values byte for byte as the server sent them. A repeated header has several lines. Its
    ///   length: the size of the buffer. If the headers are longer the call gives
    ///   `buffer_too_small`.
    ///
    /// # Returns
    ///
    /// How many bytes were written.
    pub fn headers_get_all(
        response: ResponseHandle,
        headers: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::headers_get_all(
                response.0,
                headers.as_mut_ptr(),
                headers.len(),
                &mut size,
            )
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Read the next bytes of a response's body.
    ///
    /// Waits until at least one byte is there or the body ends, and may write fewer bytes than
    /// fit. A body that breaks off gives `incomplete_body`, and one that is larger or takes longer
    /// than the embedder allows `body_too_large` or `timeout`, now and at every further call.
    ///
    /// # Arguments
    ///
    /// * `response` - The response to read from.
    /// * `buffer` - Where the bytes go. What lies behind the written part may be overwritten too.
    ///   Its length: the size of the buffer. With 0 nothing is read and 0 is written.
    ///
    /// # Returns
    ///
    /// How many bytes were written. 0, given a buffer, is the end of the body.
    pub fn body_read(
        response: ResponseHandle,
        buffer: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::body_read(response.0, buffer.as_mut_ptr(), buffer.len(), &mut size)
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// The functions as WebAssembly has them.
    #[cfg(target_arch = "wasm32")]
    mod imports {
        use super::*;

        #[link(wasm_import_module = "wasi_experimental_http")]
        unsafe extern "C" {
            pub fn req(
                url: *const u8,
                url_len: usize,
                method: *const u8,
                method_len: usize,
                headers: *const u8,
                headers_len: usize,
                body: *const u8,
                body_len: usize,
                status_code: *mut StatusCode,
                response_handle: *mut ResponseHandle,
            ) -> u32;
            pub fn close(response: u32) -> u32;
            pub fn header_get(
                response: u32,
                name: *const u8,
                name_len: usize,
                value: *mut u8,
                value_len: usize,
                size: *mut Size,
            ) -> u32;
            pub fn headers_get_all(
                response: u32,
                headers: *mut u8,
                headers_len: usize,
                size: *mut Size,
            ) -> u32;
            pub fn body_read(
                response: u32,
                buffer: *mut u8,
                buffer_len: usize,
                size: *mut Size,
            ) -> u32;
        }
    }

    /// Stand-ins for the imports, so that code which uses them can be built and
    /// checked for other targets, where there is no host to call.
    #[cfg(not(target_arch = "wasm32"))]
    mod imports {
        use super::*;

        fn only_on_wasm(function: &str) -> ! {
            panic!(
                "`{function}` of `wasi_experimental_http` is only available on wasm32"
            )
        }

        #[allow(clippy::too_many_arguments, reason = "the import has as many")]
        pub unsafe fn req(
            _: *const u8,
            _: usize,
            _: *const u8,
            _: usize,
            _: *const u8,
            _: usize,
            _: *const u8,
            _: usize,
            _: *mut StatusCode,
            _: *mut ResponseHandle,
        ) -> u32 {
            only_on_wasm("req")
        }

        pub unsafe fn close(_: u32) -> u32 {
            only_on_wasm("close")
        }

        pub unsafe fn header_get(
            _: u32,
            _: *const u8,
            _: usize,
            _: *mut u8,
            _: usize,
            _: *mut Size,
        ) -> u32 {
            only_on_wasm("header_get")
        }

        pub unsafe fn headers_get_all(
            _: u32,
            _: *mut u8,
            _: usize,
            _: *mut Size,
        ) -> u32 {
            only_on_wasm("headers_get_all")
        }

        pub unsafe fn body_read(_: u32, _: *mut u8, _: usize, _: *mut Size) -> u32 {
            only_on_wasm("body_read")
        }
    }
}

const _: () = {
    assert!(size_of::<HttpError>() == 4);
    assert!(align_of::<HttpError>() == 4);
};

const _: () = {
    assert!(size_of::<StatusCode>() == 2);
    assert!(align_of::<StatusCode>() == 2);
};

#[cfg(target_arch = "wasm32")]
const _: () = {
    assert!(size_of::<Size>() == 4);
    assert!(align_of::<Size>() == 4);
};

const _: () = {
    assert!(size_of::<ResponseHandle>() == 4);
    assert!(align_of::<ResponseHandle>() == 4);
};

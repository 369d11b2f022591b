// Generated from wasi_experimental_http.witx by 'cargo xtask codegen'. Do not edit.
// Generator: witx-bindings 0.11.0

#[allow(unused_imports, reason = "not all bindings are used")]
pub use wasi_experimental_http_bindings::*;

/// HTTP requests for core WebAssembly modules.
///
/// A guest calls `req`, which sends a request and returns as soon as the response's
/// status and headers have arrived. The response stays open in the host under a handle:
/// the guest looks at its headers, reads its body piece by piece, and closes it.
///
/// `request_start` sends a request without waiting: its body is written piece by piece, several
/// requests can be on their way at once, and `poll` waits for any of them.
///
/// Values that cross the boundary are `i32`s, but for the length of a body and the time limit of
/// `poll`, which are `i64`s. A guest must export its memory
/// under the name `memory`; pointers and lengths are offsets and sizes in bytes in that
/// memory, read as unsigned. Pointers need no alignment. A function that fails writes
/// nothing through its out-pointers, except where it says otherwise.
#[rustfmt::skip]
#[allow(dead_code, reason = "not all bindings are used")]
#[allow(clippy::all, clippy::pedantic, reason = "the style is WITX's")]
mod wasi_experimental_http_bindings {
    /// The outcome of a call. Codes are never renumbered and new ones may be appended, so a
    /// binding must keep a code that it does not know.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[repr(transparent)]
    pub struct HttpError(u32);

    impl HttpError {
        /// The call succeeded and its results are valid.
        pub const SUCCESS: Self = Self(0);

        /// The handle was never issued by this instance's store, or has been closed.
        pub const INVALID_HANDLE: Self = Self(1);

        /// The guest does not export a memory named `memory`.
        pub const MEMORY_NOT_FOUND: Self = Self(2);

        /// A pointer and its length reach outside the guest's memory.
        pub const MEMORY_ACCESS_ERROR: Self = Self(3);

        /// The buffer is too small for the value. Nothing was written: call again with a larger one.
        pub const BUFFER_TOO_SMALL: Self = Self(4);

        /// The response has no header of this name.
        pub const HEADER_NOT_FOUND: Self = Self(5);

        /// Text sent by the guest is not UTF-8.
        pub const UTF8_ERROR: Self = Self(6);

        /// The guest may not reach this destination. The embedder's list of allowed hosts does
        /// not name the URL's scheme, host and port, or those of a redirect's target, or the name
        /// leads into a private network.
        pub const DESTINATION_NOT_ALLOWED: Self = Self(7);

        /// The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`.
        pub const INVALID_METHOD: Self = Self(8);

        /// The request's headers are malformed, or one of them contradicts what the host sends.
        pub const INVALID_ENCODING: Self = Self(9);

        /// The URL cannot be parsed, or its scheme is neither `http` nor `https`.
        pub const INVALID_URL: Self = Self(10);

        /// The request failed on its way. There was no connection, TLS failed, or the response is not
        /// HTTP.
        pub const REQUEST_ERROR: Self = Self(11);

        /// The host failed in a way that is not the guest's fault.
        pub const RUNTIME_ERROR: Self = Self(12);

        /// The store already holds as many open responses as the embedder allows. Close one first, or
        /// read its body to the end.
        pub const TOO_MANY_SESSIONS: Self = Self(13);

        /// The request, or the body of its response, took longer than the embedder allows.
        pub const TIMEOUT: Self = Self(14);

        /// The body of the request or of the response is larger than the embedder allows.
        pub const BODY_TOO_LARGE: Self = Self(15);

        /// The body of the response broke off before its end.
        pub const INCOMPLETE_BODY: Self = Self(16);

        /// The embedder cancelled the request.
        pub const CANCELLED: Self = Self(17);

        /// An argument has a value that this host does not know. It may be from a newer version.
        pub const INVALID_OPTION: Self = Self(18);

        /// The body of the request takes no more bytes. It is finished, has its announced length, or is
        /// no longer wanted: `response_wait` tells which.
        pub const BODY_CLOSED: Self = Self(19);

        /// The handle has no request body that is written piece by piece.
        pub const NOT_STARTED: Self = Self(20);

        /// The value with this code, known or not.
        #[inline]
        pub const fn from_raw(code: u32) -> Self {
            Self(code)
        }

        /// The code.
        #[inline]
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
                Self::INVALID_OPTION => "invalid_option",
                Self::BODY_CLOSED => "body_closed",
                Self::NOT_STARTED => "not_started",
                _ => "unknown",
            }
        }

        /// What the code means, in a sentence; `"unknown error"` for an unknown code.
        pub const fn message(self) -> &'static str {
            match self {
                Self::SUCCESS => "The call succeeded and its results are valid",
                Self::INVALID_HANDLE => {
                    "The handle was never issued by this instance's store, or has been closed"
                }
                Self::MEMORY_NOT_FOUND => "The guest does not export a memory named `memory`",
                Self::MEMORY_ACCESS_ERROR => {
                    "A pointer and its length reach outside the guest's memory"
                }
                Self::BUFFER_TOO_SMALL => "The buffer is too small for the value",
                Self::HEADER_NOT_FOUND => "The response has no header of this name",
                Self::UTF8_ERROR => "Text sent by the guest is not UTF-8",
                Self::DESTINATION_NOT_ALLOWED => "The guest may not reach this destination",
                Self::INVALID_METHOD => {
                    "The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`"
                }
                Self::INVALID_ENCODING => {
                    "The request's headers are malformed, or one of them contradicts what the host sends"
                }
                Self::INVALID_URL => {
                    "The URL cannot be parsed, or its scheme is neither `http` nor `https`"
                }
                Self::REQUEST_ERROR => "The request failed on its way",
                Self::RUNTIME_ERROR => {
                    "The host failed in a way that is not the guest's fault"
                }
                Self::TOO_MANY_SESSIONS => {
                    "The store already holds as many open responses as the embedder allows"
                }
                Self::TIMEOUT => {
                    "The request, or the body of its response, took longer than the embedder allows"
                }
                Self::BODY_TOO_LARGE => {
                    "The body of the request or of the response is larger than the embedder allows"
                }
                Self::INCOMPLETE_BODY => "The body of the response broke off before its end",
                Self::CANCELLED => "The embedder cancelled the request",
                Self::INVALID_OPTION => {
                    "An argument has a value that this host does not know"
                }
                Self::BODY_CLOSED => "The body of the request takes no more bytes",
                Self::NOT_STARTED => {
                    "The handle has no request body that is written piece by piece"
                }
                _ => "unknown error",
            }
        }
    }

    impl core::fmt::Debug for HttpError {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "HttpError({}, {})", self.0, self.name())
        }
    }

    impl From<HttpError> for u32 {
        #[inline]
        fn from(value: HttpError) -> Self {
            value.0
        }
    }

    /// Gives the number back if it has no name here.
    impl core::convert::TryFrom<u32> for HttpError {
        type Error = u32;

        #[inline]
        fn try_from(number: u32) -> Result<Self, Self::Error> {
            if number < 21 { Ok(Self(number)) } else { Err(number) }
        }
    }

    impl core::fmt::Display for HttpError {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "{} ({}, code {})", self.message(), self.name(), self.0)
        }
    }

    impl core::error::Error for HttpError {}

    /// Why a call failed, more precisely than its code says. Reasons are never renumbered and new ones
    /// may be appended, so a binding must keep a reason that it does not know.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[repr(transparent)]
    pub struct Reason(u32);

    impl Reason {
        /// No call has failed.
        pub const NONE: Self = Self(0);

        /// No entry of the embedder's list of allowed hosts matches the URL.
        pub const NOT_ALLOWED: Self = Self(1);

        /// A rule of the embedder denies the URL, or the address that its name resolves to.
        pub const DENIED_BY_RULE: Self = Self(2);

        /// The name resolves to an address that is not public.
        pub const NOT_PUBLIC: Self = Self(3);

        /// There is no host of this name.
        pub const NAME_NOT_FOUND: Self = Self(4);

        /// The name could not be looked up.
        pub const NAME_LOOKUP_FAILED: Self = Self(5);

        /// The server's machine refused the connection.
        pub const CONNECTION_REFUSED: Self = Self(6);

        /// The server's network or machine cannot be reached.
        pub const UNREACHABLE: Self = Self(7);

        /// The server closed or reset the connection before its response arrived.
        pub const CONNECTION_CLOSED: Self = Self(8);

        /// The server's certificate is not trusted, not valid now, or not for this name.
        pub const TLS_CERTIFICATE: Self = Self(9);

        /// TLS failed in another way.
        pub const TLS: Self = Self(10);

        /// What the server sent is not an HTTP response that can be understood safely.
        pub const INVALID_RESPONSE: Self = Self(11);

        /// The head of the response is larger than the host allows.
        pub const RESPONSE_TOO_LARGE: Self = Self(12);

        /// There were more redirects than the embedder allows.
        pub const TOO_MANY_REDIRECTS: Self = Self(13);

        /// The target of a redirect is not a URL, or its scheme is neither `http` nor `https`.
        pub const REDIRECT: Self = Self(14);

        /// No connection was made in time: looking up the name, TCP or TLS.
        pub const TIMEOUT_CONNECT: Self = Self(15);

        /// The head of the response did not arrive in time.
        pub const TIMEOUT_RESPONSE: Self = Self(16);

        /// The server was silent, or took no more of the request, for too long.
        pub const TIMEOUT_READ: Self = Self(17);

        /// The whole request took longer than allowed.
        pub const TIMEOUT_TOTAL: Self = Self(18);

        /// The store holds as many responses open as the embedder allows.
        pub const TOO_MANY_OPEN: Self = Self(19);

        /// The embedder's stores together have as many requests in flight as it allows.
        pub const TOO_MANY_IN_FLIGHT: Self = Self(20);

        /// The body of the request or of the response is larger than the embedder allows.
        pub const BODY_TOO_LARGE: Self = Self(21);

        /// The body broke off before its end.
        pub const INCOMPLETE_BODY: Self = Self(22);

        /// The embedder cancelled the request.
        pub const CANCELLED: Self = Self(23);

        /// The guest passed an argument that the function does not accept, or asked for something that
        /// does not exist. The code says which.
        pub const MISUSE: Self = Self(24);

        /// The value with this code, known or not.
        #[inline]
        pub const fn from_raw(code: u32) -> Self {
            Self(code)
        }

        /// The code.
        #[inline]
        pub const fn raw(self) -> u32 {
            self.0
        }

        /// The name in WITX; `"unknown"` for an unknown code.
        pub const fn name(self) -> &'static str {
            match self {
                Self::NONE => "none",
                Self::NOT_ALLOWED => "not_allowed",
                Self::DENIED_BY_RULE => "denied_by_rule",
                Self::NOT_PUBLIC => "not_public",
                Self::NAME_NOT_FOUND => "name_not_found",
                Self::NAME_LOOKUP_FAILED => "name_lookup_failed",
                Self::CONNECTION_REFUSED => "connection_refused",
                Self::UNREACHABLE => "unreachable",
                Self::CONNECTION_CLOSED => "connection_closed",
                Self::TLS_CERTIFICATE => "tls_certificate",
                Self::TLS => "tls",
                Self::INVALID_RESPONSE => "invalid_response",
                Self::RESPONSE_TOO_LARGE => "response_too_large",
                Self::TOO_MANY_REDIRECTS => "too_many_redirects",
                Self::REDIRECT => "redirect",
                Self::TIMEOUT_CONNECT => "timeout_connect",
                Self::TIMEOUT_RESPONSE => "timeout_response",
                Self::TIMEOUT_READ => "timeout_read",
                Self::TIMEOUT_TOTAL => "timeout_total",
                Self::TOO_MANY_OPEN => "too_many_open",
                Self::TOO_MANY_IN_FLIGHT => "too_many_in_flight",
                Self::BODY_TOO_LARGE => "body_too_large",
                Self::INCOMPLETE_BODY => "incomplete_body",
                Self::CANCELLED => "cancelled",
                Self::MISUSE => "misuse",
                _ => "unknown",
            }
        }
    }

    impl core::fmt::Debug for Reason {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "Reason({}, {})", self.0, self.name())
        }
    }

    impl From<Reason> for u32 {
        #[inline]
        fn from(value: Reason) -> Self {
            value.0
        }
    }

    /// Gives the number back if it has no name here.
    impl core::convert::TryFrom<u32> for Reason {
        type Error = u32;

        #[inline]
        fn try_from(number: u32) -> Result<Self, Self::Error> {
            if number < 25 { Ok(Self(number)) } else { Err(number) }
        }
    }

    /// Something that the host knows about a response besides its status, headers and body. New ones may
    /// be appended; a host gives `invalid_option` for one that it does not know.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[repr(transparent)]
    pub struct ResponseFact(u32);

    impl ResponseFact {
        /// The URL that the response came from, without a fragment: that of the last redirect, or the
        /// request's own.
        pub const URL: Self = Self(0);

        /// The version of HTTP that the server speaks: `HTTP/1.1` or `HTTP/1.0`.
        pub const VERSION: Self = Self(1);

        /// The server's address and port, such as `192.0.2.1:443`. Empty, unless the embedder lets
        /// guests see it.
        pub const PEER: Self = Self(2);

        /// How many redirects were followed, as a decimal number.
        pub const REDIRECTS: Self = Self(3);

        /// The value with this code, known or not.
        #[inline]
        pub const fn from_raw(code: u32) -> Self {
            Self(code)
        }

        /// The code.
        #[inline]
        pub const fn raw(self) -> u32 {
            self.0
        }

        /// The name in WITX; `"unknown"` for an unknown code.
        pub const fn name(self) -> &'static str {
            match self {
                Self::URL => "url",
                Self::VERSION => "version",
                Self::PEER => "peer",
                Self::REDIRECTS => "redirects",
                _ => "unknown",
            }
        }
    }

    impl core::fmt::Debug for ResponseFact {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "ResponseFact({}, {})", self.0, self.name())
        }
    }

    impl From<ResponseFact> for u32 {
        #[inline]
        fn from(value: ResponseFact) -> Self {
            value.0
        }
    }

    /// Gives the number back if it has no name here.
    impl core::convert::TryFrom<u32> for ResponseFact {
        type Error = u32;

        #[inline]
        fn try_from(number: u32) -> Result<Self, Self::Error> {
            if number < 4 { Ok(Self(number)) } else { Err(number) }
        }
    }

    /// A limit that a request can set lower than the embedder's. New ones may be appended;
    /// a host gives `invalid_option` for one that it does not know.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[repr(transparent)]
    pub struct OptionKey(u32);

    impl OptionKey {
        /// How long the request may take, from `request_start` to the end of the response's body, in
        /// nanoseconds.
        pub const TIMEOUT: Self = Self(0);

        /// How long looking up the name may take, and then TCP and TLS together, in nanoseconds.
        pub const CONNECT_TIMEOUT: Self = Self(1);

        /// How long the server may take from the end of the request to the end of the response's
        /// headers, in nanoseconds.
        pub const RESPONSE_TIMEOUT: Self = Self(2);

        /// How long the server may be silent, or take nothing of the request, in nanoseconds.
        pub const READ_TIMEOUT: Self = Self(3);

        /// How many redirects are followed. With 0 the response is the redirecting response itself.
        pub const MAX_REDIRECTS: Self = Self(4);

        /// How many bytes long the body of the response may be.
        pub const MAX_RESPONSE_BODY: Self = Self(5);

        /// The value with this code, known or not.
        #[inline]
        pub const fn from_raw(code: u32) -> Self {
            Self(code)
        }

        /// The code.
        #[inline]
        pub const fn raw(self) -> u32 {
            self.0
        }

        /// The name in WITX; `"unknown"` for an unknown code.
        pub const fn name(self) -> &'static str {
            match self {
                Self::TIMEOUT => "timeout",
                Self::CONNECT_TIMEOUT => "connect_timeout",
                Self::RESPONSE_TIMEOUT => "response_timeout",
                Self::READ_TIMEOUT => "read_timeout",
                Self::MAX_REDIRECTS => "max_redirects",
                Self::MAX_RESPONSE_BODY => "max_response_body",
                _ => "unknown",
            }
        }
    }

    impl core::fmt::Debug for OptionKey {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "OptionKey({}, {})", self.0, self.name())
        }
    }

    impl From<OptionKey> for u32 {
        #[inline]
        fn from(value: OptionKey) -> Self {
            value.0
        }
    }

    /// Gives the number back if it has no name here.
    impl core::convert::TryFrom<u32> for OptionKey {
        type Error = u32;

        #[inline]
        fn try_from(number: u32) -> Result<Self, Self::Error> {
            if number < 6 { Ok(Self(number)) } else { Err(number) }
        }
    }

    /// An option of a request: which limit, and its value. The embedder's limit applies if it is lower.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(C)]
    pub struct RequestOption {
        /// What is limited.
        pub key: OptionKey,
        /// Its value: nanoseconds, bytes, or a number.
        pub value: u64,
    }

    /// A request in progress, and then its response. Handles belong to one store, start at 1 and are never
    /// reused. A response whose body has ended stays open for its headers, until there are hundreds of
    /// later ones.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct ResponseHandle(u32);

    impl ResponseHandle {
        /// The handle with this number. Any number is possible; the host refuses one
        /// that it did not give out.
        #[inline]
        pub const fn from_raw(number: u32) -> Self {
            Self(number)
        }

        /// The number.
        #[inline]
        pub const fn raw(self) -> u32 {
            self.0
        }
    }

    /// What can be waited for.
    #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct Events(u8);

    impl Events {
        /// The head of the response has arrived, or there will be none.
        pub const RESPONSE: Self = Self(1 << 0);

        /// A byte of the response's body has arrived, or its end, or its failure.
        pub const READABLE: Self = Self(1 << 1);

        /// There is room for a byte of the request's body, or writing one is of no use.
        pub const WRITABLE: Self = Self(1 << 2);

        /// The set with these bits, known or not.
        #[inline]
        pub const fn from_bits(bits: u8) -> Self {
            Self(bits)
        }

        /// The bits.
        #[inline]
        pub const fn bits(self) -> u8 {
            self.0
        }

        /// The empty set.
        #[inline]
        pub const fn empty() -> Self {
            Self(0)
        }

        /// The set of all known flags.
        #[inline]
        pub const fn all() -> Self {
            Self(7)
        }

        /// Whether all flags of `other` are set.
        #[inline]
        pub const fn contains(self, other: Self) -> bool {
            self.0 & other.0 == other.0
        }

        /// The known flags that are set, each by itself.
        pub fn iter(self) -> impl Iterator<Item = Self> {
            let all = Self::named().into_iter().map(|(flag, _)| flag);
            all.filter(move |flag| self.contains(*flag))
        }

        /// All known flags, with their names in WITX.
        const fn named() -> [(Self, &'static str); 3] {
            [
                (Self::RESPONSE, "response"),
                (Self::READABLE, "readable"),
                (Self::WRITABLE, "writable"),
            ]
        }
    }

    impl core::fmt::Debug for Events {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("Events(")?;
            let mut rest = self.0;
            for (flag, name) in Self::named() {
                if self.contains(flag) {
                    f.write_str(if rest == self.0 { "" } else { " | " })?;
                    f.write_str(name)?;
                    rest &= !flag.0;
                }
            }
            if rest != 0 {
                let bar = if rest == self.0 { "" } else { " | " };
                write!(f, "{bar}{rest:#x}")?;
            }
            f.write_str(")")
        }
    }

    impl core::ops::BitOr for Events {
        type Output = Self;

        #[inline]
        fn bitor(self, other: Self) -> Self {
            Self(self.0 | other.0)
        }
    }

    impl core::ops::BitOrAssign for Events {
        #[inline]
        fn bitor_assign(&mut self, other: Self) {
            self.0 |= other.0;
        }
    }

    impl core::ops::BitAnd for Events {
        type Output = Self;

        #[inline]
        fn bitand(self, other: Self) -> Self {
            Self(self.0 & other.0)
        }
    }

    impl From<Events> for u8 {
        #[inline]
        fn from(value: Events) -> Self {
            value.0
        }
    }

    /// Gives the number back if it has no name here.
    impl core::convert::TryFrom<u8> for Events {
        type Error = u8;

        #[inline]
        fn try_from(number: u8) -> Result<Self, Self::Error> {
            if number & !Self::all().0 == 0 { Ok(Self(number)) } else { Err(number) }
        }
    }

    /// What `poll` waits for, of one request.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(C)]
    pub struct Subscription {
        /// The request. One that is closed is ready for all: the call that follows says why.
        pub handle: ResponseHandle,
        /// What is waited for.
        pub interest: Events,
        /// What has happened: written by `poll`.
        pub ready: Events,
    }

    /// An HTTP status code (RFC 9110, section 15), 200 to 999.
    pub type StatusCode = u16;

    /// A number of bytes in the guest's memory.
    pub type Size = usize;

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
                &raw mut status_code,
                &raw mut response_handle,
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
                &raw mut size,
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
                &raw mut size,
            )
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Read a response's body until a buffer is full or the body ends.
    ///
    /// Waits for all of these bytes: `body_read_some` does not. A body that breaks off gives
    /// `incomplete_body`, and one that is larger or takes longer than the embedder allows
    /// `body_too_large` or `timeout`, once the bytes before were given, and then at every further
    /// call.
    ///
    /// # Arguments
    ///
    /// * `response` - The response to read from.
    /// * `buffer` - Where the bytes go. What lies behind the written part may be overwritten too.
    ///   Its length: the size of the buffer. With 0 nothing is read and 0 is written.
    ///
    /// # Returns
    ///
    /// How many bytes were written. Fewer than fit: the body has ended, or the next call says why
    /// there are no more. 0, given a buffer, is the end of the body.
    pub fn body_read(
        response: ResponseHandle,
        buffer: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::body_read(response.0, buffer.as_mut_ptr(), buffer.len(), &raw mut size)
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Read the next bytes of a response's body, as soon as there are any.
    ///
    /// Waits until at least one byte is there or the body ends, and may write fewer bytes than
    /// fit. Fails as `body_read` does.
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
    pub fn body_read_some(
        response: ResponseHandle,
        buffer: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::body_read_some(
                response.0,
                buffer.as_mut_ptr(),
                buffer.len(),
                &raw mut size,
            )
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Copy something that the host knows about a response besides its status, headers and body, as text.
    ///
    /// # Arguments
    ///
    /// * `response` - The response to look at.
    /// * `fact` - What is asked for. One that the host does not know gives `invalid_option`.
    /// * `value` - Where the text goes, in UTF-8. Its length: the size of the buffer. If the text
    ///   is longer the call gives `buffer_too_small`.
    ///
    /// # Returns
    ///
    /// How many bytes were written.
    pub fn response_get(
        response: ResponseHandle,
        fact: ResponseFact,
        value: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::response_get(
                response.0,
                fact.0,
                value.as_mut_ptr(),
                value.len(),
                &raw mut size,
            )
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Copy the reason why the most recent failed call of this store failed.
    ///
    /// Calls that succeed do not change it, and neither does this function, even if it fails.
    ///
    /// # Arguments
    ///
    /// * `reason` - Where the reason goes, a `u32`; `none` if no call has failed.
    /// * `message` - Where the message goes, in UTF-8: for people, what was tried, what went
    ///   wrong, and what would help. It has at most 1024 bytes, and none if no call has failed.
    ///   Its length: the size of the buffer. If the message is longer the call gives
    ///   `buffer_too_small`.
    ///
    /// # Returns
    ///
    /// How many bytes of the message were written.
    ///
    /// # Safety
    ///
    /// Raw pointers that are passed, also inside of other values, must be valid for what the
    /// function does with them.
    pub unsafe fn error_get(
        reason: *mut Reason,
        message: &mut [u8],
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the caller vouches for the raw pointers; all others come from references.
        let code = unsafe {
            imports::error_get(reason, message.as_mut_ptr(), message.len(), &raw mut size)
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Start a request, and return at once.
    ///
    /// What `req` says about its parameters and about redirects applies here as well. The handle stands
    /// for the request in progress and then for its response: the functions that look at a response wait
    /// for it, and `close` ends the request in any state. Errors that are found before anything is sent
    /// are returned here, and all others where the response is waited for.
    ///
    /// # Arguments
    ///
    /// * `url` - The absolute URL, as for `req`.
    /// * `method` - The method, as for `req`.
    /// * `headers` - The request's headers, as for `req`.
    /// * `options` - Limits of this request. Of two with the same key the lower one applies. A
    ///   host accepts at least 64, and gives `invalid_option` for more than it accepts.
    /// * `body_len` - How many bytes of a body follow with `body_write`. 0 is no body. The
    ///   largest number, all bits set, is a body of any length, sent in chunks (RFC 9112, section
    ///   7.1) until `body_finish`.
    ///
    /// # Returns
    ///
    /// The handle of the request.
    pub fn request_start(
        url: &str,
        method: &str,
        headers: &str,
        options: &[RequestOption],
        body_len: u64,
    ) -> Result<ResponseHandle, HttpError> {
        let mut response_handle = ResponseHandle(0);
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::request_start(
                url.as_ptr(),
                url.len(),
                method.as_ptr(),
                method.len(),
                headers.as_ptr(),
                headers.len(),
                options.as_ptr(),
                options.len(),
                body_len,
                &raw mut response_handle,
            )
        };
        if code == 0 { Ok(response_handle) } else { Err(HttpError(code)) }
    }

    /// Write the next bytes of a request's body.
    ///
    /// Waits while the host's buffer is full, and may take fewer bytes than there are. Gives
    /// `body_closed` if the body takes no more, for example because the server has already responded.
    /// A redirect that would require sending the body again is not followed: it is the response.
    ///
    /// # Arguments
    ///
    /// * `request` - The request to write for.
    /// * `bytes` - The bytes.
    ///
    /// # Returns
    ///
    /// How many bytes were taken: at least one, if there are any.
    pub fn body_write(request: ResponseHandle, bytes: &[u8]) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe {
            imports::body_write(request.0, bytes.as_ptr(), bytes.len(), &raw mut size)
        };
        if code == 0 { Ok(size) } else { Err(HttpError(code)) }
    }

    /// Say that the body of a request is complete.
    ///
    /// If it is shorter than announced, the request fails with `incomplete_body`, here and where its
    /// response is waited for, and the server sees that it broke off. For a body that is already complete
    /// this is no error.
    ///
    /// # Arguments
    ///
    /// * `request` - The request whose body is complete.
    pub fn body_finish(request: ResponseHandle) -> Result<(), HttpError> {
        // SAFETY: no pointers are passed.
        let code = unsafe { imports::body_finish(request.0) };
        if code == 0 { Ok(()) } else { Err(HttpError(code)) }
    }

    /// Wait for the status and the headers of a response. Calling it again gives the same.
    ///
    /// # Arguments
    ///
    /// * `request` - The request whose response is waited for.
    ///
    /// # Returns
    ///
    /// The status of the response.
    pub fn response_wait(request: ResponseHandle) -> Result<StatusCode, HttpError> {
        let mut status_code: StatusCode = 0;
        // SAFETY: the pointers and lengths come from references that outlive the call.
        let code = unsafe { imports::response_wait(request.0, &raw mut status_code) };
        if code == 0 { Ok(status_code) } else { Err(HttpError(code)) }
    }

    /// Wait until at least one of several requests is ready, or a time limit expires.
    ///
    /// # Arguments
    ///
    /// * `subscriptions` - The requests, and what is waited for of each; a request may be there
    ///   several times.
    /// * `subscriptions_len` - How many there are. A host accepts at least 16,384, and gives
    ///   `invalid_option` for more than it accepts.
    /// * `timeout` - How long to wait, in nanoseconds; with 0 not at all, and with the largest
    ///   number, all bits set, without limit.
    ///
    /// # Returns
    ///
    /// How many are ready: 0 if the time limit expired first.
    ///
    /// # Safety
    ///
    /// Raw pointers that are passed, also inside of other values, must be valid for what the
    /// function does with them.
    pub unsafe fn poll(
        subscriptions: *mut Subscription,
        subscriptions_len: Size,
        timeout: u64,
    ) -> Result<Size, HttpError> {
        let mut size: Size = 0;
        // SAFETY: the caller vouches for the raw pointers; all others come from references.
        let code = unsafe {
            imports::poll(subscriptions, subscriptions_len, timeout, &raw mut size)
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
            pub fn body_read_some(
                response: u32,
                buffer: *mut u8,
                buffer_len: usize,
                size: *mut Size,
            ) -> u32;
            pub fn response_get(
                response: u32,
                fact: u32,
                value: *mut u8,
                value_len: usize,
                size: *mut Size,
            ) -> u32;
            pub fn error_get(
                reason: *mut Reason,
                message: *mut u8,
                message_len: usize,
                size: *mut Size,
            ) -> u32;
            pub fn request_start(
                url: *const u8,
                url_len: usize,
                method: *const u8,
                method_len: usize,
                headers: *const u8,
                headers_len: usize,
                options: *const RequestOption,
                options_len: usize,
                body_len: u64,
                response_handle: *mut ResponseHandle,
            ) -> u32;
            pub fn body_write(
                request: u32,
                bytes: *const u8,
                bytes_len: usize,
                size: *mut Size,
            ) -> u32;
            pub fn body_finish(request: u32) -> u32;
            pub fn response_wait(request: u32, status_code: *mut StatusCode) -> u32;
            pub fn poll(
                subscriptions: *mut Subscription,
                subscriptions_len: usize,
                timeout: u64,
                size: *mut Size,
            ) -> u32;
        }
    }

    /// Stand-ins for the imports, so that code which uses them can be built and checked
    /// for other targets, where there is no host to call.
    #[cfg(not(target_arch = "wasm32"))]
    mod imports {
        use super::*;

        fn only_on_wasm(function: &str) -> ! {
            panic!("`{function}` of `wasi_experimental_http` is only available on wasm32")
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

        pub unsafe fn headers_get_all(_: u32, _: *mut u8, _: usize, _: *mut Size) -> u32 {
            only_on_wasm("headers_get_all")
        }

        pub unsafe fn body_read(_: u32, _: *mut u8, _: usize, _: *mut Size) -> u32 {
            only_on_wasm("body_read")
        }

        pub unsafe fn body_read_some(_: u32, _: *mut u8, _: usize, _: *mut Size) -> u32 {
            only_on_wasm("body_read_some")
        }

        pub unsafe fn response_get(
            _: u32,
            _: u32,
            _: *mut u8,
            _: usize,
            _: *mut Size,
        ) -> u32 {
            only_on_wasm("response_get")
        }

        pub unsafe fn error_get(_: *mut Reason, _: *mut u8, _: usize, _: *mut Size) -> u32 {
            only_on_wasm("error_get")
        }

        #[allow(clippy::too_many_arguments, reason = "the import has as many")]
        pub unsafe fn request_start(
            _: *const u8,
            _: usize,
            _: *const u8,
            _: usize,
            _: *const u8,
            _: usize,
            _: *const RequestOption,
            _: usize,
            _: u64,
            _: *mut ResponseHandle,
        ) -> u32 {
            only_on_wasm("request_start")
        }

        pub unsafe fn body_write(_: u32, _: *const u8, _: usize, _: *mut Size) -> u32 {
            only_on_wasm("body_write")
        }

        pub unsafe fn body_finish(_: u32) -> u32 {
            only_on_wasm("body_finish")
        }

        pub unsafe fn response_wait(_: u32, _: *mut StatusCode) -> u32 {
            only_on_wasm("response_wait")
        }

        pub unsafe fn poll(_: *mut Subscription, _: usize, _: u64, _: *mut Size) -> u32 {
            only_on_wasm("poll")
        }
    }

    const _: () = {
        assert!(size_of::<HttpError>() == 4);
        assert!(align_of::<HttpError>() == 4);
    };

    const _: () = {
        assert!(size_of::<Reason>() == 4);
        assert!(align_of::<Reason>() == 4);
    };

    const _: () = {
        assert!(size_of::<ResponseFact>() == 4);
        assert!(align_of::<ResponseFact>() == 4);
    };

    const _: () = {
        assert!(size_of::<OptionKey>() == 4);
        assert!(align_of::<OptionKey>() == 4);
    };

    #[cfg(target_arch = "wasm32")]
    const _: () = {
        assert!(size_of::<RequestOption>() == 16);
        assert!(align_of::<RequestOption>() == 8);
        assert!(core::mem::offset_of!(RequestOption, key) == 0);
        assert!(core::mem::offset_of!(RequestOption, value) == 8);
    };

    const _: () = {
        assert!(size_of::<ResponseHandle>() == 4);
        assert!(align_of::<ResponseHandle>() == 4);
    };

    const _: () = {
        assert!(size_of::<Events>() == 1);
        assert!(align_of::<Events>() == 1);
    };

    const _: () = {
        assert!(size_of::<Subscription>() == 8);
        assert!(align_of::<Subscription>() == 4);
        assert!(core::mem::offset_of!(Subscription, handle) == 0);
        assert!(core::mem::offset_of!(Subscription, interest) == 4);
        assert!(core::mem::offset_of!(Subscription, ready) == 5);
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
}

// Generated from wasi_experimental_http.witx by 'cargo xtask codegen'. Do not edit.
// Generator: witx-bindings 0.11.0

/// The types of the document, as wiggle makes them.
#[allow(clippy::all, reason = "this is how wiggle writes")]
#[rustfmt::skip]
pub mod types {
    /// The outcome of a call. Codes are never renumbered and new ones may be appended, so a
    /// binding must keep a code that it does not know.
    #[derive(Clone, Debug, PartialEq, Copy)]
    pub enum HttpError {
        /// The call succeeded and its results are valid.
        Success,
        /// The handle was never issued by this instance's store, or has been closed.
        InvalidHandle,
        /// The guest does not export a memory named `memory`.
        MemoryNotFound,
        /// A pointer and its length reach outside the guest's memory.
        MemoryAccessError,
        /// The buffer is too small for the value. Nothing was written: call again with a larger one.
        BufferTooSmall,
        /// The response has no header of this name.
        HeaderNotFound,
        /// Text sent by the guest is not UTF-8.
        Utf8Error,
        /// The guest may not reach this destination. The embedder's list of allowed hosts does
        /// not name the URL's scheme, host and port, or those of a redirect's target, or the name
        /// leads into a private network.
        DestinationNotAllowed,
        /// The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`.
        InvalidMethod,
        /// The request's headers are malformed, or one of them contradicts what the host sends.
        InvalidEncoding,
        /// The URL cannot be parsed, or its scheme is neither `http` nor `https`.
        InvalidUrl,
        /// The request failed on its way. There was no connection, TLS failed, or the response is not
        /// HTTP.
        RequestError,
        /// The host failed in a way that is not the guest's fault.
        RuntimeError,
        /// The store already holds as many open responses as the embedder allows. Close one first, or
        /// read its body to the end.
        TooManySessions,
        /// The request, or the body of its response, took longer than the embedder allows.
        Timeout,
        /// The body of the request or of the response is larger than the embedder allows.
        BodyTooLarge,
        /// The body of the response broke off before its end.
        IncompleteBody,
        /// The embedder cancelled the request.
        Cancelled,
        /// An argument has a value that this host does not know. It may be from a newer version.
        InvalidOption,
        /// The body of the request takes no more bytes. It is finished, has its announced length, or is
        /// no longer wanted: `response_wait` tells which.
        BodyClosed,
        /// The handle has no request body that is written piece by piece.
        NotStarted,
    }

    impl TryFrom<u32> for HttpError {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: u32) -> Result<HttpError, wiggle::GuestError> {
            match value {
                0 => Ok(HttpError::Success),
                1 => Ok(HttpError::InvalidHandle),
                2 => Ok(HttpError::MemoryNotFound),
                3 => Ok(HttpError::MemoryAccessError),
                4 => Ok(HttpError::BufferTooSmall),
                5 => Ok(HttpError::HeaderNotFound),
                6 => Ok(HttpError::Utf8Error),
                7 => Ok(HttpError::DestinationNotAllowed),
                8 => Ok(HttpError::InvalidMethod),
                9 => Ok(HttpError::InvalidEncoding),
                10 => Ok(HttpError::InvalidUrl),
                11 => Ok(HttpError::RequestError),
                12 => Ok(HttpError::RuntimeError),
                13 => Ok(HttpError::TooManySessions),
                14 => Ok(HttpError::Timeout),
                15 => Ok(HttpError::BodyTooLarge),
                16 => Ok(HttpError::IncompleteBody),
                17 => Ok(HttpError::Cancelled),
                18 => Ok(HttpError::InvalidOption),
                19 => Ok(HttpError::BodyClosed),
                20 => Ok(HttpError::NotStarted),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(HttpError))),
            }
        }
    }

    impl TryFrom<i32> for HttpError {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: i32) -> Result<HttpError, wiggle::GuestError> {
            HttpError::try_from(u32::try_from(value)?)
        }
    }

    impl From<HttpError> for u32 {
        #[inline]
        fn from(v: HttpError) -> u32 {
            match v {
                HttpError::Success => 0,
                HttpError::InvalidHandle => 1,
                HttpError::MemoryNotFound => 2,
                HttpError::MemoryAccessError => 3,
                HttpError::BufferTooSmall => 4,
                HttpError::HeaderNotFound => 5,
                HttpError::Utf8Error => 6,
                HttpError::DestinationNotAllowed => 7,
                HttpError::InvalidMethod => 8,
                HttpError::InvalidEncoding => 9,
                HttpError::InvalidUrl => 10,
                HttpError::RequestError => 11,
                HttpError::RuntimeError => 12,
                HttpError::TooManySessions => 13,
                HttpError::Timeout => 14,
                HttpError::BodyTooLarge => 15,
                HttpError::IncompleteBody => 16,
                HttpError::Cancelled => 17,
                HttpError::InvalidOption => 18,
                HttpError::BodyClosed => 19,
                HttpError::NotStarted => 20,
            }
        }
    }

    impl wiggle::GuestType for HttpError {
        #[inline]
        fn guest_size() -> u32 {
            4u32
        }

        #[inline]
        fn guest_align() -> usize {
            4usize
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
        ) -> Result<Self, wiggle::GuestError> {
            let tag = mem.read(location.cast::<u32>())?;
            match tag {
                0 => Ok(HttpError::Success),
                1 => Ok(HttpError::InvalidHandle),
                2 => Ok(HttpError::MemoryNotFound),
                3 => Ok(HttpError::MemoryAccessError),
                4 => Ok(HttpError::BufferTooSmall),
                5 => Ok(HttpError::HeaderNotFound),
                6 => Ok(HttpError::Utf8Error),
                7 => Ok(HttpError::DestinationNotAllowed),
                8 => Ok(HttpError::InvalidMethod),
                9 => Ok(HttpError::InvalidEncoding),
                10 => Ok(HttpError::InvalidUrl),
                11 => Ok(HttpError::RequestError),
                12 => Ok(HttpError::RuntimeError),
                13 => Ok(HttpError::TooManySessions),
                14 => Ok(HttpError::Timeout),
                15 => Ok(HttpError::BodyTooLarge),
                16 => Ok(HttpError::IncompleteBody),
                17 => Ok(HttpError::Cancelled),
                18 => Ok(HttpError::InvalidOption),
                19 => Ok(HttpError::BodyClosed),
                20 => Ok(HttpError::NotStarted),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(HttpError))),
            }
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            match val {
                HttpError::Success => {
                    mem.write(location.cast(), 0usize as u32)?;
                }
                HttpError::InvalidHandle => {
                    mem.write(location.cast(), 1usize as u32)?;
                }
                HttpError::MemoryNotFound => {
                    mem.write(location.cast(), 2usize as u32)?;
                }
                HttpError::MemoryAccessError => {
                    mem.write(location.cast(), 3usize as u32)?;
                }
                HttpError::BufferTooSmall => {
                    mem.write(location.cast(), 4usize as u32)?;
                }
                HttpError::HeaderNotFound => {
                    mem.write(location.cast(), 5usize as u32)?;
                }
                HttpError::Utf8Error => {
                    mem.write(location.cast(), 6usize as u32)?;
                }
                HttpError::DestinationNotAllowed => {
                    mem.write(location.cast(), 7usize as u32)?;
                }
                HttpError::InvalidMethod => {
                    mem.write(location.cast(), 8usize as u32)?;
                }
                HttpError::InvalidEncoding => {
                    mem.write(location.cast(), 9usize as u32)?;
                }
                HttpError::InvalidUrl => {
                    mem.write(location.cast(), 10usize as u32)?;
                }
                HttpError::RequestError => {
                    mem.write(location.cast(), 11usize as u32)?;
                }
                HttpError::RuntimeError => {
                    mem.write(location.cast(), 12usize as u32)?;
                }
                HttpError::TooManySessions => {
                    mem.write(location.cast(), 13usize as u32)?;
                }
                HttpError::Timeout => {
                    mem.write(location.cast(), 14usize as u32)?;
                }
                HttpError::BodyTooLarge => {
                    mem.write(location.cast(), 15usize as u32)?;
                }
                HttpError::IncompleteBody => {
                    mem.write(location.cast(), 16usize as u32)?;
                }
                HttpError::Cancelled => {
                    mem.write(location.cast(), 17usize as u32)?;
                }
                HttpError::InvalidOption => {
                    mem.write(location.cast(), 18usize as u32)?;
                }
                HttpError::BodyClosed => {
                    mem.write(location.cast(), 19usize as u32)?;
                }
                HttpError::NotStarted => {
                    mem.write(location.cast(), 20usize as u32)?;
                }
            }
            Ok(())
        }
    }

    /// Why a call failed, more precisely than its code says. Reasons are never renumbered and new ones
    /// may be appended, so a binding must keep a reason that it does not know.
    #[derive(Clone, Debug, PartialEq, Copy)]
    pub enum Reason {
        /// No call has failed.
        None,
        /// No entry of the embedder's list of allowed hosts matches the URL.
        NotAllowed,
        /// A rule of the embedder denies the URL, or the address that its name resolves to.
        DeniedByRule,
        /// The name resolves to an address that is not public.
        NotPublic,
        /// There is no host of this name.
        NameNotFound,
        /// The name could not be looked up.
        NameLookupFailed,
        /// The server's machine refused the connection.
        ConnectionRefused,
        /// The server's network or machine cannot be reached.
        Unreachable,
        /// The server closed or reset the connection before its response arrived.
        ConnectionClosed,
        /// The server's certificate is not trusted, not valid now, or not for this name.
        TlsCertificate,
        /// TLS failed in another way.
        Tls,
        /// What the server sent is not an HTTP response that can be understood safely.
        InvalidResponse,
        /// The head of the response is larger than the host allows.
        ResponseTooLarge,
        /// There were more redirects than the embedder allows.
        TooManyRedirects,
        /// The target of a redirect is not a URL, or its scheme is neither `http` nor `https`.
        Redirect,
        /// No connection was made in time: looking up the name, TCP or TLS.
        TimeoutConnect,
        /// The head of the response did not arrive in time.
        TimeoutResponse,
        /// The server was silent, or took no more of the request, for too long.
        TimeoutRead,
        /// The whole request took longer than allowed.
        TimeoutTotal,
        /// The store holds as many responses open as the embedder allows.
        TooManyOpen,
        /// The embedder's stores together have as many requests in flight as it allows.
        TooManyInFlight,
        /// The body of the request or of the response is larger than the embedder allows.
        BodyTooLarge,
        /// The body broke off before its end.
        IncompleteBody,
        /// The embedder cancelled the request.
        Cancelled,
        /// The guest passed an argument that the function does not accept, or asked for something that
        /// does not exist. The code says which.
        Misuse,
    }

    impl TryFrom<u32> for Reason {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: u32) -> Result<Reason, wiggle::GuestError> {
            match value {
                0 => Ok(Reason::None),
                1 => Ok(Reason::NotAllowed),
                2 => Ok(Reason::DeniedByRule),
                3 => Ok(Reason::NotPublic),
                4 => Ok(Reason::NameNotFound),
                5 => Ok(Reason::NameLookupFailed),
                6 => Ok(Reason::ConnectionRefused),
                7 => Ok(Reason::Unreachable),
                8 => Ok(Reason::ConnectionClosed),
                9 => Ok(Reason::TlsCertificate),
                10 => Ok(Reason::Tls),
                11 => Ok(Reason::InvalidResponse),
                12 => Ok(Reason::ResponseTooLarge),
                13 => Ok(Reason::TooManyRedirects),
                14 => Ok(Reason::Redirect),
                15 => Ok(Reason::TimeoutConnect),
                16 => Ok(Reason::TimeoutResponse),
                17 => Ok(Reason::TimeoutRead),
                18 => Ok(Reason::TimeoutTotal),
                19 => Ok(Reason::TooManyOpen),
                20 => Ok(Reason::TooManyInFlight),
                21 => Ok(Reason::BodyTooLarge),
                22 => Ok(Reason::IncompleteBody),
                23 => Ok(Reason::Cancelled),
                24 => Ok(Reason::Misuse),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(Reason))),
            }
        }
    }

    impl TryFrom<i32> for Reason {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: i32) -> Result<Reason, wiggle::GuestError> {
            Reason::try_from(u32::try_from(value)?)
        }
    }

    impl From<Reason> for u32 {
        #[inline]
        fn from(v: Reason) -> u32 {
            match v {
                Reason::None => 0,
                Reason::NotAllowed => 1,
                Reason::DeniedByRule => 2,
                Reason::NotPublic => 3,
                Reason::NameNotFound => 4,
                Reason::NameLookupFailed => 5,
                Reason::ConnectionRefused => 6,
                Reason::Unreachable => 7,
                Reason::ConnectionClosed => 8,
                Reason::TlsCertificate => 9,
                Reason::Tls => 10,
                Reason::InvalidResponse => 11,
                Reason::ResponseTooLarge => 12,
                Reason::TooManyRedirects => 13,
                Reason::Redirect => 14,
                Reason::TimeoutConnect => 15,
                Reason::TimeoutResponse => 16,
                Reason::TimeoutRead => 17,
                Reason::TimeoutTotal => 18,
                Reason::TooManyOpen => 19,
                Reason::TooManyInFlight => 20,
                Reason::BodyTooLarge => 21,
                Reason::IncompleteBody => 22,
                Reason::Cancelled => 23,
                Reason::Misuse => 24,
            }
        }
    }

    impl wiggle::GuestType for Reason {
        #[inline]
        fn guest_size() -> u32 {
            4u32
        }

        #[inline]
        fn guest_align() -> usize {
            4usize
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
        ) -> Result<Self, wiggle::GuestError> {
            let tag = mem.read(location.cast::<u32>())?;
            match tag {
                0 => Ok(Reason::None),
                1 => Ok(Reason::NotAllowed),
                2 => Ok(Reason::DeniedByRule),
                3 => Ok(Reason::NotPublic),
                4 => Ok(Reason::NameNotFound),
                5 => Ok(Reason::NameLookupFailed),
                6 => Ok(Reason::ConnectionRefused),
                7 => Ok(Reason::Unreachable),
                8 => Ok(Reason::ConnectionClosed),
                9 => Ok(Reason::TlsCertificate),
                10 => Ok(Reason::Tls),
                11 => Ok(Reason::InvalidResponse),
                12 => Ok(Reason::ResponseTooLarge),
                13 => Ok(Reason::TooManyRedirects),
                14 => Ok(Reason::Redirect),
                15 => Ok(Reason::TimeoutConnect),
                16 => Ok(Reason::TimeoutResponse),
                17 => Ok(Reason::TimeoutRead),
                18 => Ok(Reason::TimeoutTotal),
                19 => Ok(Reason::TooManyOpen),
                20 => Ok(Reason::TooManyInFlight),
                21 => Ok(Reason::BodyTooLarge),
                22 => Ok(Reason::IncompleteBody),
                23 => Ok(Reason::Cancelled),
                24 => Ok(Reason::Misuse),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(Reason))),
            }
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            match val {
                Reason::None => {
                    mem.write(location.cast(), 0usize as u32)?;
                }
                Reason::NotAllowed => {
                    mem.write(location.cast(), 1usize as u32)?;
                }
                Reason::DeniedByRule => {
                    mem.write(location.cast(), 2usize as u32)?;
                }
                Reason::NotPublic => {
                    mem.write(location.cast(), 3usize as u32)?;
                }
                Reason::NameNotFound => {
                    mem.write(location.cast(), 4usize as u32)?;
                }
                Reason::NameLookupFailed => {
                    mem.write(location.cast(), 5usize as u32)?;
                }
                Reason::ConnectionRefused => {
                    mem.write(location.cast(), 6usize as u32)?;
                }
                Reason::Unreachable => {
                    mem.write(location.cast(), 7usize as u32)?;
                }
                Reason::ConnectionClosed => {
                    mem.write(location.cast(), 8usize as u32)?;
                }
                Reason::TlsCertificate => {
                    mem.write(location.cast(), 9usize as u32)?;
                }
                Reason::Tls => {
                    mem.write(location.cast(), 10usize as u32)?;
                }
                Reason::InvalidResponse => {
                    mem.write(location.cast(), 11usize as u32)?;
                }
                Reason::ResponseTooLarge => {
                    mem.write(location.cast(), 12usize as u32)?;
                }
                Reason::TooManyRedirects => {
                    mem.write(location.cast(), 13usize as u32)?;
                }
                Reason::Redirect => {
                    mem.write(location.cast(), 14usize as u32)?;
                }
                Reason::TimeoutConnect => {
                    mem.write(location.cast(), 15usize as u32)?;
                }
                Reason::TimeoutResponse => {
                    mem.write(location.cast(), 16usize as u32)?;
                }
                Reason::TimeoutRead => {
                    mem.write(location.cast(), 17usize as u32)?;
                }
                Reason::TimeoutTotal => {
                    mem.write(location.cast(), 18usize as u32)?;
                }
                Reason::TooManyOpen => {
                    mem.write(location.cast(), 19usize as u32)?;
                }
                Reason::TooManyInFlight => {
                    mem.write(location.cast(), 20usize as u32)?;
                }
                Reason::BodyTooLarge => {
                    mem.write(location.cast(), 21usize as u32)?;
                }
                Reason::IncompleteBody => {
                    mem.write(location.cast(), 22usize as u32)?;
                }
                Reason::Cancelled => {
                    mem.write(location.cast(), 23usize as u32)?;
                }
                Reason::Misuse => {
                    mem.write(location.cast(), 24usize as u32)?;
                }
            }
            Ok(())
        }
    }

    /// Something that the host knows about a response besides its status, headers and body. New ones may
    /// be appended; a host gives `invalid_option` for one that it does not know.
    #[derive(Clone, Debug, PartialEq, Copy)]
    pub enum ResponseFact {
        /// The URL that the response came from, without a fragment: that of the last redirect, or the
        /// request's own.
        Url,
        /// The version of HTTP that the server speaks: `HTTP/1.1` or `HTTP/1.0`.
        Version,
        /// The server's address and port, such as `192.0.2.1:443`. Empty, unless the embedder lets
        /// guests see it.
        Peer,
        /// How many redirects were followed, as a decimal number.
        Redirects,
    }

    impl TryFrom<u32> for ResponseFact {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: u32) -> Result<ResponseFact, wiggle::GuestError> {
            match value {
                0 => Ok(ResponseFact::Url),
                1 => Ok(ResponseFact::Version),
                2 => Ok(ResponseFact::Peer),
                3 => Ok(ResponseFact::Redirects),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(ResponseFact))),
            }
        }
    }

    impl TryFrom<i32> for ResponseFact {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: i32) -> Result<ResponseFact, wiggle::GuestError> {
            ResponseFact::try_from(u32::try_from(value)?)
        }
    }

    impl From<ResponseFact> for u32 {
        #[inline]
        fn from(v: ResponseFact) -> u32 {
            match v {
                ResponseFact::Url => 0,
                ResponseFact::Version => 1,
                ResponseFact::Peer => 2,
                ResponseFact::Redirects => 3,
            }
        }
    }

    impl wiggle::GuestType for ResponseFact {
        #[inline]
        fn guest_size() -> u32 {
            4u32
        }

        #[inline]
        fn guest_align() -> usize {
            4usize
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
        ) -> Result<Self, wiggle::GuestError> {
            let tag = mem.read(location.cast::<u32>())?;
            match tag {
                0 => Ok(ResponseFact::Url),
                1 => Ok(ResponseFact::Version),
                2 => Ok(ResponseFact::Peer),
                3 => Ok(ResponseFact::Redirects),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(ResponseFact))),
            }
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            match val {
                ResponseFact::Url => {
                    mem.write(location.cast(), 0usize as u32)?;
                }
                ResponseFact::Version => {
                    mem.write(location.cast(), 1usize as u32)?;
                }
                ResponseFact::Peer => {
                    mem.write(location.cast(), 2usize as u32)?;
                }
                ResponseFact::Redirects => {
                    mem.write(location.cast(), 3usize as u32)?;
                }
            }
            Ok(())
        }
    }

    /// A limit that a request can set lower than the embedder's. New ones may be appended;
    /// a host gives `invalid_option` for one that it does not know.
    #[derive(Clone, Debug, PartialEq, Copy)]
    pub enum OptionKey {
        /// How long the request may take, from `request_start` to the end of the response's body, in
        /// nanoseconds.
        Timeout,
        /// How long looking up the name may take, and then TCP and TLS together, in nanoseconds.
        ConnectTimeout,
        /// How long the server may take from the end of the request to the end of the response's
        /// headers, in nanoseconds.
        ResponseTimeout,
        /// How long the server may be silent, or take nothing of the request, in nanoseconds.
        ReadTimeout,
        /// How many redirects are followed. With 0 the response is the redirecting response itself.
        MaxRedirects,
        /// How many bytes long the body of the response may be.
        MaxResponseBody,
    }

    impl TryFrom<u32> for OptionKey {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: u32) -> Result<OptionKey, wiggle::GuestError> {
            match value {
                0 => Ok(OptionKey::Timeout),
                1 => Ok(OptionKey::ConnectTimeout),
                2 => Ok(OptionKey::ResponseTimeout),
                3 => Ok(OptionKey::ReadTimeout),
                4 => Ok(OptionKey::MaxRedirects),
                5 => Ok(OptionKey::MaxResponseBody),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(OptionKey))),
            }
        }
    }

    impl TryFrom<i32> for OptionKey {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: i32) -> Result<OptionKey, wiggle::GuestError> {
            OptionKey::try_from(u32::try_from(value)?)
        }
    }

    impl From<OptionKey> for u32 {
        #[inline]
        fn from(v: OptionKey) -> u32 {
            match v {
                OptionKey::Timeout => 0,
                OptionKey::ConnectTimeout => 1,
                OptionKey::ResponseTimeout => 2,
                OptionKey::ReadTimeout => 3,
                OptionKey::MaxRedirects => 4,
                OptionKey::MaxResponseBody => 5,
            }
        }
    }

    impl wiggle::GuestType for OptionKey {
        #[inline]
        fn guest_size() -> u32 {
            4u32
        }

        #[inline]
        fn guest_align() -> usize {
            4usize
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
        ) -> Result<Self, wiggle::GuestError> {
            let tag = mem.read(location.cast::<u32>())?;
            match tag {
                0 => Ok(OptionKey::Timeout),
                1 => Ok(OptionKey::ConnectTimeout),
                2 => Ok(OptionKey::ResponseTimeout),
                3 => Ok(OptionKey::ReadTimeout),
                4 => Ok(OptionKey::MaxRedirects),
                5 => Ok(OptionKey::MaxResponseBody),
                _ => Err(wiggle::GuestError::InvalidEnumValue(stringify!(OptionKey))),
            }
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            match val {
                OptionKey::Timeout => {
                    mem.write(location.cast(), 0usize as u32)?;
                }
                OptionKey::ConnectTimeout => {
                    mem.write(location.cast(), 1usize as u32)?;
                }
                OptionKey::ResponseTimeout => {
                    mem.write(location.cast(), 2usize as u32)?;
                }
                OptionKey::ReadTimeout => {
                    mem.write(location.cast(), 3usize as u32)?;
                }
                OptionKey::MaxRedirects => {
                    mem.write(location.cast(), 4usize as u32)?;
                }
                OptionKey::MaxResponseBody => {
                    mem.write(location.cast(), 5usize as u32)?;
                }
            }
            Ok(())
        }
    }

    /// An option of a request: which limit, and its value. The embedder's limit applies if it is lower.
    #[derive(Clone, Debug, PartialEq)]
    pub struct RequestOption {
        /// What is limited.
        pub key: OptionKey,
        /// Its value: nanoseconds, bytes, or a number.
        pub value: u64,
    }

    impl RequestOption {
        /// Where the field `key` lies in memory, in bytes.
        pub const fn offset_of_key() -> u32 {
            0u32
        }

        /// Where the field `value` lies in memory, in bytes.
        pub const fn offset_of_value() -> u32 {
            8u32
        }
    }

    impl wiggle::GuestType for RequestOption {
        #[inline]
        fn guest_size() -> u32 {
            16u32
        }

        #[inline]
        fn guest_align() -> usize {
            8usize
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
        ) -> Result<Self, wiggle::GuestError> {
            let key = <OptionKey as wiggle::GuestType>::read(
                mem,
                location.cast::<u8>().add(0u32)?.cast(),
            )?;
            let value = <u64 as wiggle::GuestType>::read(
                mem,
                location.cast::<u8>().add(8u32)?.cast(),
            )?;
            Ok(RequestOption { key, value })
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            wiggle::GuestType::write(
                mem,
                location.cast::<u8>().add(0u32)?.cast(),
                val.key,
            )?;
            wiggle::GuestType::write(
                mem,
                location.cast::<u8>().add(8u32)?.cast(),
                val.value,
            )?;
            Ok(())
        }
    }

    /// A request in progress, and then its response. Handles belong to one store, start at 1 and are never
    /// reused. A response whose body has ended stays open for its headers, until there are hundreds of
    /// later ones.
    #[repr(transparent)]
    #[derive(Copy, Clone, Debug, ::std::hash::Hash, Eq, PartialEq)]
    pub struct ResponseHandle(u32);

    impl From<ResponseHandle> for u32 {
        #[inline]
        fn from(e: ResponseHandle) -> u32 {
            e.0
        }
    }

    impl From<ResponseHandle> for i32 {
        #[inline]
        fn from(e: ResponseHandle) -> i32 {
            e.0 as i32
        }
    }

    impl From<u32> for ResponseHandle {
        #[inline]
        fn from(e: u32) -> ResponseHandle {
            ResponseHandle(e)
        }
    }

    impl From<i32> for ResponseHandle {
        #[inline]
        fn from(e: i32) -> ResponseHandle {
            ResponseHandle(e as u32)
        }
    }

    impl ::std::fmt::Display for ResponseHandle {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            write!(f, "{}({})", stringify!(ResponseHandle), self.0)
        }
    }

    impl wiggle::GuestType for ResponseHandle {
        #[inline]
        fn guest_size() -> u32 {
            4u32
        }

        #[inline]
        fn guest_align() -> usize {
            4usize
        }

        #[inline]
        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<ResponseHandle>,
        ) -> Result<ResponseHandle, wiggle::GuestError> {
            Ok(ResponseHandle(u32::read(mem, location.cast())?))
        }

        #[inline]
        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            u32::write(mem, location.cast(), val.0)
        }
    }

    wiggle::bitflags::bitflags! {
        /// What can be waited for.
        #[derive(Copy, Clone, Debug, PartialEq, Eq)]
        pub struct Events: u8 {
            /// The head of the response has arrived, or there will be none.
            const RESPONSE = 1;

            /// A byte of the response's body has arrived, or its end, or its failure.
            const READABLE = 2;

            /// There is room for a byte of the request's body, or writing one is of no use.
            const WRITABLE = 4;
        }
    }

    impl ::std::fmt::Display for Events {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str(stringify!(Events))?;
            f.write_str("(")?;
            ::std::fmt::Debug::fmt(self, f)?;
            f.write_str(" (0x")?;
            ::std::fmt::LowerHex::fmt(&self.bits(), f)?;
            f.write_str("))")?;
            Ok(())
        }
    }

    impl TryFrom<u8> for Events {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: u8) -> Result<Self, wiggle::GuestError> {
            Events::from_bits(value)
                .ok_or(wiggle::GuestError::InvalidFlagValue(stringify!(Events)))
        }
    }

    impl TryFrom<i32> for Events {
        type Error = wiggle::GuestError;

        #[inline]
        fn try_from(value: i32) -> Result<Self, wiggle::GuestError> {
            Events::try_from(u8::try_from(value)?)
        }
    }

    impl From<Events> for u8 {
        #[inline]
        fn from(e: Events) -> u8 {
            e.bits()
        }
    }

    impl wiggle::GuestType for Events {
        #[inline]
        fn guest_size() -> u32 {
            u8::guest_size()
        }

        #[inline]
        fn guest_align() -> usize {
            u8::guest_align()
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Events>,
        ) -> Result<Events, wiggle::GuestError> {
            use std::convert::TryFrom;
            let reprval = u8::read(mem, location.cast())?;
            let value = Events::try_from(reprval)?;
            Ok(value)
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Events>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            let val: u8 = u8::from(val);
            u8::write(mem, location.cast(), val)
        }
    }

    /// What `poll` waits for, of one request.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Subscription {
        /// The request. One that is closed is ready for all: the call that follows says why.
        pub handle: ResponseHandle,
        /// What is waited for.
        pub interest: Events,
        /// What has happened: written by `poll`.
        pub ready: Events,
    }

    impl Subscription {
        /// Where the field `handle` lies in memory, in bytes.
        pub const fn offset_of_handle() -> u32 {
            0u32
        }

        /// Where the field `interest` lies in memory, in bytes.
        pub const fn offset_of_interest() -> u32 {
            4u32
        }

        /// Where the field `ready` lies in memory, in bytes.
        pub const fn offset_of_ready() -> u32 {
            5u32
        }
    }

    impl wiggle::GuestType for Subscription {
        #[inline]
        fn guest_size() -> u32 {
            8u32
        }

        #[inline]
        fn guest_align() -> usize {
            4usize
        }

        fn read(
            mem: &wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
        ) -> Result<Self, wiggle::GuestError> {
            let handle = <ResponseHandle as wiggle::GuestType>::read(
                mem,
                location.cast::<u8>().add(0u32)?.cast(),
            )?;
            let interest = <Events as wiggle::GuestType>::read(
                mem,
                location.cast::<u8>().add(4u32)?.cast(),
            )?;
            let ready = <Events as wiggle::GuestType>::read(
                mem,
                location.cast::<u8>().add(5u32)?.cast(),
            )?;
            Ok(Subscription {
                handle,
                interest,
                ready,
            })
        }

        fn write(
            mem: &mut wiggle::GuestMemory,
            location: wiggle::GuestPtr<Self>,
            val: Self,
        ) -> Result<(), wiggle::GuestError> {
            wiggle::GuestType::write(
                mem,
                location.cast::<u8>().add(0u32)?.cast(),
                val.handle,
            )?;
            wiggle::GuestType::write(
                mem,
                location.cast::<u8>().add(4u32)?.cast(),
                val.interest,
            )?;
            wiggle::GuestType::write(
                mem,
                location.cast::<u8>().add(5u32)?.cast(),
                val.ready,
            )?;
            Ok(())
        }
    }

    /// An HTTP status code (RFC 9110, section 15), 200 to 999.
    pub type StatusCode = u16;

    /// A number of bytes in the guest's memory.
    pub type Size = u32;
}

/// Module `wasi_experimental_http`.
#[rustfmt::skip]
pub mod wasi_experimental_http {
    use super::types::*;

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
    pub trait WasiExperimentalHttp {
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
        ///   `Host` and `Transfer-Encoding` are dropped when they agree with what the host sends
        ///   and give `invalid_encoding` when they do not; `Connection` and its like are dropped.
        /// * `body` - The body, sent with its length. An empty one is no body.
        ///
        /// # Returns
        ///
        /// The status of the response, and the handle under which it stays open until `close`.
        fn req(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            url: wiggle::GuestPtr<str>,
            method: wiggle::GuestPtr<str>,
            headers: wiggle::GuestPtr<str>,
            body: wiggle::GuestPtr<[u8]>,
        ) -> Result<(StatusCode, ResponseHandle), HttpError>;

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
        fn close(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            response: ResponseHandle,
        ) -> Result<(), HttpError>;

        /// Copy the value of a response header, the first if there are several, into a buffer.
        ///
        /// # Arguments
        ///
        /// * `response` - The response to look at.
        /// * `name` - The name of the header, in any case.
        /// * `value` - Where the value goes, byte for byte as the server sent it, without
        ///   surrounding space.
        /// * `value_len` - The size of the buffer. If the value is longer the call gives
        ///   `buffer_too_small`.
        ///
        /// # Returns
        ///
        /// How many bytes were written.
        fn header_get(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            response: ResponseHandle,
            name: wiggle::GuestPtr<str>,
            value: wiggle::GuestPtr<u8>,
            value_len: Size,
        ) -> Result<Size, HttpError>;

        /// Copy all headers of a response into a buffer.
        ///
        /// # Arguments
        ///
        /// * `response` - The response to look at.
        /// * `headers` - Where the headers go: a line `name:value\n` for each, names in lower case,
        ///   values byte for byte as the server sent them. A repeated header has several lines.
        /// * `headers_len` - The size of the buffer. If the headers are longer the call gives
        ///   `buffer_too_small`.
        ///
        /// # Returns
        ///
        /// How many bytes were written.
        fn headers_get_all(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            response: ResponseHandle,
            headers: wiggle::GuestPtr<u8>,
            headers_len: Size,
        ) -> Result<Size, HttpError>;

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
        /// * `buffer` - Where the bytes go. What lies behind the written part may be overwritten
        ///   too.
        /// * `buffer_len` - The size of the buffer. With 0 nothing is read and 0 is written.
        ///
        /// # Returns
        ///
        /// How many bytes were written. Fewer than fit: the body has ended, or the next call says
        /// why there are no more. 0, given a buffer, is the end of the body.
        fn body_read(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            response: ResponseHandle,
            buffer: wiggle::GuestPtr<u8>,
            buffer_len: Size,
        ) -> Result<Size, HttpError>;

        /// Read the next bytes of a response's body, as soon as there are any.
        ///
        /// Waits until at least one byte is there or the body ends, and may write fewer bytes than
        /// fit. Fails as `body_read` does.
        ///
        /// # Arguments
        ///
        /// * `response` - The response to read from.
        /// * `buffer` - Where the bytes go. What lies behind the written part may be overwritten
        ///   too.
        /// * `buffer_len` - The size of the buffer. With 0 nothing is read and 0 is written.
        ///
        /// # Returns
        ///
        /// How many bytes were written. 0, given a buffer, is the end of the body.
        fn body_read_some(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            response: ResponseHandle,
            buffer: wiggle::GuestPtr<u8>,
            buffer_len: Size,
        ) -> Result<Size, HttpError>;

        /// Copy something that the host knows about a response besides its status, headers and body, as text.
        ///
        /// # Arguments
        ///
        /// * `response` - The response to look at.
        /// * `fact` - What is asked for. One that the host does not know gives `invalid_option`.
        /// * `value` - Where the text goes, in UTF-8.
        /// * `value_len` - The size of the buffer. If the text is longer the call gives
        ///   `buffer_too_small`.
        ///
        /// # Returns
        ///
        /// How many bytes were written.
        fn response_get(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            response: ResponseHandle,
            fact: ResponseFact,
            value: wiggle::GuestPtr<u8>,
            value_len: Size,
        ) -> Result<Size, HttpError>;

        /// Copy the reason why the most recent failed call of this store failed.
        ///
        /// Calls that succeed do not change it, and neither does this function, even if it fails.
        ///
        /// # Arguments
        ///
        /// * `reason` - Where the reason goes, a `u32`; `none` if no call has failed.
        /// * `message` - Where the message goes, in UTF-8: for people, what was tried, what went
        ///   wrong, and what would help. It has at most 1024 bytes, and none if no call has failed.
        /// * `message_len` - The size of the buffer. If the message is longer the call gives
        ///   `buffer_too_small`.
        ///
        /// # Returns
        ///
        /// How many bytes of the message were written.
        fn error_get(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            reason: wiggle::GuestPtr<Reason>,
            message: wiggle::GuestPtr<u8>,
            message_len: Size,
        ) -> Result<Size, HttpError>;

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
        ///   largest number, all bits set, is a body of any length, sent in chunks (RFC 9112,
        ///   section 7.1) until `body_finish`.
        ///
        /// # Returns
        ///
        /// The handle of the request.
        fn request_start(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            url: wiggle::GuestPtr<str>,
            method: wiggle::GuestPtr<str>,
            headers: wiggle::GuestPtr<str>,
            options: wiggle::GuestPtr<[RequestOption]>,
            body_len: u64,
        ) -> Result<ResponseHandle, HttpError>;

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
        fn body_write(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            request: ResponseHandle,
            bytes: wiggle::GuestPtr<[u8]>,
        ) -> Result<Size, HttpError>;

        /// Say that the body of a request is complete.
        ///
        /// If it is shorter than announced, the request fails with `incomplete_body`, here and where its
        /// response is waited for, and the server sees that it broke off. For a body that is already complete
        /// this is no error.
        ///
        /// # Arguments
        ///
        /// * `request` - The request whose body is complete.
        fn body_finish(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            request: ResponseHandle,
        ) -> Result<(), HttpError>;

        /// Wait for the status and the headers of a response. Calling it again gives the same.
        ///
        /// # Arguments
        ///
        /// * `request` - The request whose response is waited for.
        ///
        /// # Returns
        ///
        /// The status of the response.
        fn response_wait(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            request: ResponseHandle,
        ) -> Result<StatusCode, HttpError>;

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
        fn poll(
            &mut self,
            mem: &mut wiggle::GuestMemory<'_>,
            subscriptions: wiggle::GuestPtr<Subscription>,
            subscriptions_len: Size,
            timeout: u64,
        ) -> Result<Size, HttpError>;
    }

    /// Adds the functions of module `wasi_experimental_http` to a linker.
    ///
    /// `get_cx` finds the implementation in the data of a store.
    ///
    /// What a guest can get wrong is checked before the implementation is called: that it
    /// exports a memory named `memory`, that each place where a result goes is inside of it (at
    /// any alignment), and that each number is one of its type. A guest is answered with the
    /// error code for that, or traps if there is none.
    ///
    /// # Errors
    ///
    /// If the linker has a function of that name already, and does not allow it to be
    /// replaced.
    #[allow(dead_code, reason = "a host needs one of the two")]
    pub fn add_to_linker<T, U>(
        linker: &mut wasmtime::Linker<T>,
        get_cx: impl Fn(&mut T) -> &mut U + Send + Sync + Clone + 'static,
    ) -> wasmtime::Result<()>
    where
        T: 'static,
        U: WasiExperimentalHttp,
    {
        add_to_linker_fallible(linker, move |data| Ok(get_cx(data)))
    }

    /// The same with a `get_cx` that may fail: its error traps the guest that calls.
    ///
    /// # Errors
    ///
    /// If the linker has a function of that name already, and does not allow it to be
    /// replaced.
    #[allow(dead_code, reason = "a host needs one of the two")]
    pub fn add_to_linker_fallible<T, U>(
        linker: &mut wasmtime::Linker<T>,
        get_cx: impl Fn(
            &mut T,
        ) -> wasmtime::Result<&mut U> + Send + Sync + Clone + 'static,
    ) -> wasmtime::Result<()>
    where
        T: 'static,
        U: WasiExperimentalHttp,
    {
        linker
            .func_wrap(
                "wasi_experimental_http",
                "req",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        url: u32,
                        url_len: u32,
                        method: u32,
                        method_len: u32,
                        headers: u32,
                        headers_len: u32,
                        body: u32,
                        body_len: u32,
                        status_code_ptr: u32,
                        response_handle_ptr: u32|
                    {
                        req_function(
                            &mut caller,
                            &get_cx,
                            url,
                            url_len,
                            method,
                            method_len,
                            headers,
                            headers_len,
                            body,
                            body_len,
                            status_code_ptr,
                            response_handle_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "close",
                {
                    let get_cx = get_cx.clone();
                    move |mut caller: wasmtime::Caller<'_, T>, response: u32| {
                        close_function(&mut caller, &get_cx, response)
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "header_get",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        response: u32,
                        name: u32,
                        name_len: u32,
                        value: u32,
                        value_len: u32,
                        size_ptr: u32|
                    {
                        header_get_function(
                            &mut caller,
                            &get_cx,
                            response,
                            name,
                            name_len,
                            value,
                            value_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "headers_get_all",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        response: u32,
                        headers: u32,
                        headers_len: u32,
                        size_ptr: u32|
                    {
                        headers_get_all_function(
                            &mut caller,
                            &get_cx,
                            response,
                            headers,
                            headers_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "body_read",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        response: u32,
                        buffer: u32,
                        buffer_len: u32,
                        size_ptr: u32|
                    {
                        body_read_function(
                            &mut caller,
                            &get_cx,
                            response,
                            buffer,
                            buffer_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "body_read_some",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        response: u32,
                        buffer: u32,
                        buffer_len: u32,
                        size_ptr: u32|
                    {
                        body_read_some_function(
                            &mut caller,
                            &get_cx,
                            response,
                            buffer,
                            buffer_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "response_get",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        response: u32,
                        fact: u32,
                        value: u32,
                        value_len: u32,
                        size_ptr: u32|
                    {
                        response_get_function(
                            &mut caller,
                            &get_cx,
                            response,
                            fact,
                            value,
                            value_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "error_get",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        reason: u32,
                        message: u32,
                        message_len: u32,
                        size_ptr: u32|
                    {
                        error_get_function(
                            &mut caller,
                            &get_cx,
                            reason,
                            message,
                            message_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "request_start",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        url: u32,
                        url_len: u32,
                        method: u32,
                        method_len: u32,
                        headers: u32,
                        headers_len: u32,
                        options: u32,
                        options_len: u32,
                        body_len: u64,
                        response_handle_ptr: u32|
                    {
                        request_start_function(
                            &mut caller,
                            &get_cx,
                            url,
                            url_len,
                            method,
                            method_len,
                            headers,
                            headers_len,
                            options,
                            options_len,
                            body_len,
                            response_handle_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "body_write",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        request: u32,
                        bytes: u32,
                        bytes_len: u32,
                        size_ptr: u32|
                    {
                        body_write_function(
                            &mut caller,
                            &get_cx,
                            request,
                            bytes,
                            bytes_len,
                            size_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "body_finish",
                {
                    let get_cx = get_cx.clone();
                    move |mut caller: wasmtime::Caller<'_, T>, request: u32| {
                        body_finish_function(&mut caller, &get_cx, request)
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "response_wait",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        request: u32,
                        status_code_ptr: u32|
                    {
                        response_wait_function(
                            &mut caller,
                            &get_cx,
                            request,
                            status_code_ptr,
                        )
                    }
                },
            )?;
        linker
            .func_wrap(
                "wasi_experimental_http",
                "poll",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        subscriptions: u32,
                        subscriptions_len: u32,
                        timeout: u64,
                        size_ptr: u32|
                    {
                        poll_function(
                            &mut caller,
                            &get_cx,
                            subscriptions,
                            subscriptions_len,
                            timeout,
                            size_ptr,
                        )
                    }
                },
            )?;
        Ok(())
    }

    /// The same for asynchronous stores: a function that has to wait does so without
    /// blocking its thread.
    ///
    /// # Errors
    ///
    /// If the linker has a function of that name already, and does not allow it to be
    /// replaced.
    #[cfg(feature = "async")]
    pub fn add_to_linker_async<T, U>(
        linker: &mut wasmtime::Linker<T>,
        get_cx: impl Fn(
            &mut T,
        ) -> wasmtime::Result<&mut U> + Send + Sync + Clone + 'static,
    ) -> wasmtime::Result<()>
    where
        T: Send + 'static,
        U: WasiExperimentalHttp + super::Suspend,
    {
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "req",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (
                            url,
                            url_len,
                            method,
                            method_len,
                            headers,
                            headers_len,
                            body,
                            body_len,
                            status_code_ptr,
                            response_handle_ptr,
                        ): (u32, u32, u32, u32, u32, u32, u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = req_function(
                                    &mut caller,
                                    &get_cx,
                                    url,
                                    url_len,
                                    method,
                                    method_len,
                                    headers,
                                    headers_len,
                                    body,
                                    body_len,
                                    status_code_ptr,
                                    response_handle_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "close",
                {
                    let get_cx = get_cx.clone();
                    move |mut caller: wasmtime::Caller<'_, T>, (response,): (u32,)| {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = close_function(&mut caller, &get_cx, response);
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "header_get",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (
                            response,
                            name,
                            name_len,
                            value,
                            value_len,
                            size_ptr,
                        ): (u32, u32, u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = header_get_function(
                                    &mut caller,
                                    &get_cx,
                                    response,
                                    name,
                                    name_len,
                                    value,
                                    value_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "headers_get_all",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (response, headers, headers_len, size_ptr): (u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = headers_get_all_function(
                                    &mut caller,
                                    &get_cx,
                                    response,
                                    headers,
                                    headers_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "body_read",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (response, buffer, buffer_len, size_ptr): (u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = body_read_function(
                                    &mut caller,
                                    &get_cx,
                                    response,
                                    buffer,
                                    buffer_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "body_read_some",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (response, buffer, buffer_len, size_ptr): (u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = body_read_some_function(
                                    &mut caller,
                                    &get_cx,
                                    response,
                                    buffer,
                                    buffer_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "response_get",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (
                            response,
                            fact,
                            value,
                            value_len,
                            size_ptr,
                        ): (u32, u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = response_get_function(
                                    &mut caller,
                                    &get_cx,
                                    response,
                                    fact,
                                    value,
                                    value_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "error_get",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (reason, message, message_len, size_ptr): (u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = error_get_function(
                                    &mut caller,
                                    &get_cx,
                                    reason,
                                    message,
                                    message_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "request_start",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (
                            url,
                            url_len,
                            method,
                            method_len,
                            headers,
                            headers_len,
                            options,
                            options_len,
                            body_len,
                            response_handle_ptr,
                        ): (u32, u32, u32, u32, u32, u32, u32, u32, u64, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = request_start_function(
                                    &mut caller,
                                    &get_cx,
                                    url,
                                    url_len,
                                    method,
                                    method_len,
                                    headers,
                                    headers_len,
                                    options,
                                    options_len,
                                    body_len,
                                    response_handle_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "body_write",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (request, bytes, bytes_len, size_ptr): (u32, u32, u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = body_write_function(
                                    &mut caller,
                                    &get_cx,
                                    request,
                                    bytes,
                                    bytes_len,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "body_finish",
                {
                    let get_cx = get_cx.clone();
                    move |mut caller: wasmtime::Caller<'_, T>, (request,): (u32,)| {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = body_finish_function(
                                    &mut caller,
                                    &get_cx,
                                    request,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "response_wait",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (request, status_code_ptr): (u32, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = response_wait_function(
                                    &mut caller,
                                    &get_cx,
                                    request,
                                    status_code_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        linker
            .func_wrap_async(
                "wasi_experimental_http",
                "poll",
                {
                    let get_cx = get_cx.clone();
                    move |
                        mut caller: wasmtime::Caller<'_, T>,
                        (
                            subscriptions,
                            subscriptions_len,
                            timeout,
                            size_ptr,
                        ): (u32, u32, u64, u32)|
                    {
                        let get_cx = get_cx.clone();
                        Box::new(async move {
                            loop {
                                let result = poll_function(
                                    &mut caller,
                                    &get_cx,
                                    subscriptions,
                                    subscriptions_len,
                                    timeout,
                                    size_ptr,
                                );
                                let wait = super::Suspend::suspended(
                                    get_cx(caller.data_mut())?,
                                );
                                match wait {
                                    Some(wait) => wait.await,
                                    None => break result,
                                }
                            }
                        })
                    }
                },
            )?;
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the import has as many")]
    fn req_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        url: u32,
        url_len: u32,
        method: u32,
        method_len: u32,
        headers: u32,
        headers_len: u32,
        body: u32,
        body_len: u32,
        status_code_ptr: u32,
        response_handle_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, status_code_ptr, 2)
            || !super::fits(&memory, response_handle_ptr, 4)
        {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::req(
            cx,
            &mut memory,
            wiggle::GuestPtr::new((url, url_len)),
            wiggle::GuestPtr::new((method, method_len)),
            wiggle::GuestPtr::new((headers, headers_len)),
            wiggle::GuestPtr::new((body, body_len)),
        ) {
            Ok((status_code, response_handle)) => {
                if super::store(&mut memory, status_code_ptr, &status_code.to_le_bytes())
                    && super::store(
                        &mut memory,
                        response_handle_ptr,
                        &u32::from(response_handle).to_le_bytes(),
                    )
                {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn close_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        response: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        match WasiExperimentalHttp::close(
            cx,
            &mut memory,
            ResponseHandle::from(response),
        ) {
            Ok(()) => Ok(0),
            Err(error) => Ok(u32::from(error)),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the import has as many")]
    fn header_get_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        response: u32,
        name: u32,
        name_len: u32,
        value: u32,
        value_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::header_get(
            cx,
            &mut memory,
            ResponseHandle::from(response),
            wiggle::GuestPtr::new((name, name_len)),
            wiggle::GuestPtr::new(value),
            value_len,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn headers_get_all_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        response: u32,
        headers: u32,
        headers_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::headers_get_all(
            cx,
            &mut memory,
            ResponseHandle::from(response),
            wiggle::GuestPtr::new(headers),
            headers_len,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn body_read_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        response: u32,
        buffer: u32,
        buffer_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::body_read(
            cx,
            &mut memory,
            ResponseHandle::from(response),
            wiggle::GuestPtr::new(buffer),
            buffer_len,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn body_read_some_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        response: u32,
        buffer: u32,
        buffer_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::body_read_some(
            cx,
            &mut memory,
            ResponseHandle::from(response),
            wiggle::GuestPtr::new(buffer),
            buffer_len,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn response_get_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        response: u32,
        fact: u32,
        value: u32,
        value_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        let Ok(fact) = ResponseFact::try_from(fact) else {
            return Ok(u32::from(HttpError::InvalidOption));
        };
        match WasiExperimentalHttp::response_get(
            cx,
            &mut memory,
            ResponseHandle::from(response),
            fact,
            wiggle::GuestPtr::new(value),
            value_len,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn error_get_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        reason: u32,
        message: u32,
        message_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::error_get(
            cx,
            &mut memory,
            wiggle::GuestPtr::new(reason),
            wiggle::GuestPtr::new(message),
            message_len,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the import has as many")]
    fn request_start_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        url: u32,
        url_len: u32,
        method: u32,
        method_len: u32,
        headers: u32,
        headers_len: u32,
        options: u32,
        options_len: u32,
        body_len: u64,
        response_handle_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, response_handle_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::request_start(
            cx,
            &mut memory,
            wiggle::GuestPtr::new((url, url_len)),
            wiggle::GuestPtr::new((method, method_len)),
            wiggle::GuestPtr::new((headers, headers_len)),
            wiggle::GuestPtr::new((options, options_len)),
            body_len,
        ) {
            Ok(response_handle) => {
                if super::store(
                    &mut memory,
                    response_handle_ptr,
                    &u32::from(response_handle).to_le_bytes(),
                ) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn body_write_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        request: u32,
        bytes: u32,
        bytes_len: u32,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::body_write(
            cx,
            &mut memory,
            ResponseHandle::from(request),
            wiggle::GuestPtr::new((bytes, bytes_len)),
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn body_finish_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        request: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        match WasiExperimentalHttp::body_finish(
            cx,
            &mut memory,
            ResponseHandle::from(request),
        ) {
            Ok(()) => Ok(0),
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn response_wait_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        request: u32,
        status_code_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, status_code_ptr, 2) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::response_wait(
            cx,
            &mut memory,
            ResponseHandle::from(request),
        ) {
            Ok(status_code) => {
                if super::store(
                    &mut memory,
                    status_code_ptr,
                    &status_code.to_le_bytes(),
                ) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }

    fn poll_function<T: 'static, U: WasiExperimentalHttp>(
        caller: &mut wasmtime::Caller<'_, T>,
        get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
        subscriptions: u32,
        subscriptions_len: u32,
        timeout: u64,
        size_ptr: u32,
    ) -> wasmtime::Result<u32> {
        let export = caller.get_export("memory");
        let Some((mut memory, cx)) = super::guest(&export, caller, &get_cx)? else {
            return Ok(u32::from(HttpError::MemoryNotFound));
        };
        if !super::fits(&memory, size_ptr, 4) {
            return Ok(u32::from(HttpError::MemoryAccessError));
        }
        match WasiExperimentalHttp::poll(
            cx,
            &mut memory,
            wiggle::GuestPtr::new(subscriptions),
            subscriptions_len,
            timeout,
        ) {
            Ok(size) => {
                if super::store(&mut memory, size_ptr, &size.to_le_bytes()) {
                    Ok(0)
                } else {
                    Ok(u32::from(HttpError::MemoryAccessError))
                }
            }
            Err(error) => Ok(u32::from(error)),
        }
    }
}

/// An implementation whose functions may have to wait, for an asynchronous store.
#[cfg(feature = "async")]
#[rustfmt::skip]
pub trait Suspend {
    /// Ends when there may be what a function waits for.
    type Wait: core::future::Future<Output = ()> + Send + 'static;

    /// What the function that was called last waits for, if it could not do its
    /// work without. What it gave means nothing then: it is called again, with the
    /// same arguments, when that is there.
    fn suspended(&mut self) -> Option<Self::Wait>;
}

/// The memory of the guest that calls, if it exports one, and the implementation; or
/// why the guest traps.
#[rustfmt::skip]
fn guest<'a, T: 'static, U>(
    export: &'a Option<wasmtime::Extern>,
    caller: &'a mut wasmtime::Caller<'_, T>,
    get_cx: impl Fn(&mut T) -> wasmtime::Result<&mut U>,
) -> wasmtime::Result<Option<(wiggle::GuestMemory<'a>, &'a mut U)>> {
    Ok(
        match export {
            Some(wasmtime::Extern::Memory(memory)) => {
                let (bytes, data) = memory.data_and_store_mut(caller);
                Some((wiggle::GuestMemory::Unshared(bytes), get_cx(data)?))
            }
            Some(wasmtime::Extern::SharedMemory(memory)) => {
                let cx = get_cx(caller.data_mut())?;
                Some((wiggle::GuestMemory::Shared(memory.data()), cx))
            }
            _ => None,
        },
    )
}

/// Whether `size` bytes at `address` are inside of the memory.
#[rustfmt::skip]
fn fits(memory: &wiggle::GuestMemory<'_>, address: u32, size: u32) -> bool {
    let len = match memory {
        wiggle::GuestMemory::Unshared(bytes) => bytes.len(),
        wiggle::GuestMemory::Shared(bytes) => bytes.len(),
    };
    u64::from(address) + u64::from(size) <= len as u64
}

/// Writes bytes to the memory, at any alignment; `false` if they do not fit.
#[rustfmt::skip]
fn store(memory: &mut wiggle::GuestMemory<'_>, address: u32, bytes: &[u8]) -> bool {
    let place = wiggle::GuestPtr::new((address, bytes.len() as u32));
    memory.copy_from_slice(bytes, place).is_ok()
}

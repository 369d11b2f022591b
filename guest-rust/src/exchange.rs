//! The handle of a request or its response, which is closed when dropped.

use std::mem;

use http::Method;
use http::request::Parts;

use crate::error::counted;
use crate::raw::{self, RequestOption, ResponseHandle};
use crate::{Error, header_text, uri_text};

/// An owned handle of the host.
pub(crate) struct Exchange {
    pub handle: ResponseHandle,
    /// Whether the request is a HEAD request, whose response has no body whatever its headers say.
    pub is_head: bool,
}

impl Exchange {
    pub fn new(handle: ResponseHandle, method: &Method) -> Exchange {
        Exchange {
            handle,
            is_head: *method == Method::HEAD,
        }
    }

    /// Starts a request, which has a body of this length.
    pub fn start(
        head: &Parts,
        options: &[RequestOption],
        body_len: u64,
    ) -> Result<Exchange, Error> {
        #[cfg(not(target_arch = "wasm32"))]
        if !crate::testing::is_served() {
            return Err(Error::NoHost);
        }
        let handle = counted(raw::request_start(
            &uri_text(&head.uri),
            head.method.as_str(),
            &header_text::encode(&head.headers)?,
            options,
            body_len,
        ))?;
        Ok(Exchange::new(handle, &head.method))
    }

    pub fn close(self) -> Result<(), Error> {
        let handle = self.handle;
        mem::forget(self);
        Ok(counted(raw::close(handle))?)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // An error cannot be reported from `drop`.
        let _ = raw::close(self.handle);
    }
}

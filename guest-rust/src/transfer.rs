//! Fetches data of unknown length from the host: a header into a buffer that grows until it fits, a
//! body until its end.
//!
//! The host's functions are parameters, so that this can be tested without a host.

use crate::{Error, HttpError, MAX_HEADER_BYTES};

/// How much memory is reserved at most for an announced length, in bytes, because servers may lie.
/// Longer bodies cost a few copies.
const MAX_RESERVED: usize = 4 * 1024 * 1024;

/// How much memory is reserved for a body of unknown length, in bytes.
const FIRST_RESERVED: usize = 4 * 1024;

/// How much of a buffer is zeroed at a time, in bytes: small enough to stay in the processor's
/// cache until it is read into.
const ZEROED: usize = 128 * 1024;

/// Fetches one header or all of them, with a function that fills a buffer or says that it is too
/// small. The first buffer has `size` bytes.
///
/// # Errors
///
/// Those of the function, and [`Error::HeadersTooLarge`] if [`MAX_HEADER_BYTES`] are not enough.
pub(crate) fn fetch(
    mut size: usize,
    mut fill: impl FnMut(&mut [u8]) -> Result<usize, HttpError>,
) -> Result<Vec<u8>, Error> {
    loop {
        let mut buffer = vec![0; size];
        match fill(&mut buffer) {
            Ok(written) => {
                buffer.truncate(checked(written, size)?);
                return Ok(buffer);
            }
            Err(HttpError::BUFFER_TOO_SMALL) if size < MAX_HEADER_BYTES => {
                size = size.saturating_mul(4).min(MAX_HEADER_BYTES);
            }
            Err(HttpError::BUFFER_TOO_SMALL) => return Err(Error::HeadersTooLarge),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads to the end with a function that fills a part of a buffer, and gives 0 at the end.
/// `announced` is how many bytes there will be, if that is known. There are never more, since the
/// host ends a body where its framing says, but a server that breaks off may have sent fewer.
///
/// # Errors
///
/// Those of the function, and [`Error::OutOfMemory`].
pub(crate) fn read_to_end(
    announced: Option<usize>,
    mut read: impl FnMut(&mut [u8]) -> Result<usize, Error>,
) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    if announced == Some(0) {
        return Ok(body);
    }
    let reserved = announced.map_or(FIRST_RESERVED, |len| len.min(MAX_RESERVED));
    // A failure does not matter yet: the body may turn out to be shorter.
    let _ = body.try_reserve_exact(reserved);
    let mut filled = 0;
    loop {
        if filled == body.capacity() {
            // Usually this is the end, so check before growing the buffer.
            let mut probe = [0; 32];
            let read = read(&mut probe)?;
            if read == 0 {
                return Ok(body);
            }
            // At least doubles the capacity.
            body.try_reserve(probe.len())
                .map_err(|_| Error::OutOfMemory)?;
            body.extend_from_slice(&probe[..read]);
            filled += read;
            continue;
        }
        if filled == body.len() {
            let spare = body.capacity() - filled;
            body.resize(filled + spare.min(ZEROED), 0);
        }
        let read = read(&mut body[filled..])?;
        if read == 0 {
            body.truncate(filled);
            return Ok(body);
        }
        filled += read;
        if Some(filled) == announced {
            // The announced length is reached: no need to ask the host for the end.
            body.truncate(filled);
            return Ok(body);
        }
    }
}

/// Checks that the host has not claimed more bytes than fit the buffer.
pub(crate) fn checked(written: usize, buffer_len: usize) -> Result<usize, Error> {
    if written > buffer_len {
        return Err(Error::InvalidAnswer("more bytes than the buffer holds"));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host with a header of some length, which counts the calls.
    fn fetch_header(len: usize, first: usize) -> (Result<Vec<u8>, Error>, usize) {
        let mut calls = 0;
        let result = fetch(first, |buffer| {
            calls += 1;
            if buffer.len() < len {
                return Err(HttpError::BUFFER_TOO_SMALL);
            }
            buffer[..len].fill(b'h');
            Ok(len)
        });
        (result, calls)
    }

    #[test]
    fn headers_of_any_size_up_to_the_limit_are_fetched() {
        for len in [
            0,
            1,
            1023,
            1024,
            1025,
            4096,
            4097,
            60 * 1024,
            65_537,
            MAX_HEADER_BYTES,
        ] {
            let (result, calls) = fetch_header(len, 1024);
            assert!(result.unwrap() == vec![b'h'; len], "{len}");
            assert!(calls <= 6, "{calls} calls for {len} bytes");
        }
    }

    #[test]
    fn a_header_over_the_limit_is_an_error_and_ends() {
        let (result, calls) = fetch_header(MAX_HEADER_BYTES + 1, 1000);
        assert_eq!(result, Err(Error::HeadersTooLarge));
        assert!(calls <= 7, "{calls}");
    }

    #[test]
    fn other_errors_end_at_once() {
        let mut calls = 0;
        let result = fetch(16, |_| {
            calls += 1;
            Err(HttpError::HEADER_NOT_FOUND)
        });
        assert_eq!(result, Err(HttpError::HEADER_NOT_FOUND.into()));
        assert_eq!(calls, 1);
    }

    #[test]
    fn a_host_that_writes_too_much_is_found_out() {
        assert!(matches!(
            fetch(16, |buffer| Ok(buffer.len() + 1)),
            Err(Error::InvalidAnswer(_))
        ));
    }

    /// A body of the bytes 0, 1, 2, ... that comes in pieces.
    fn body_of(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    fn read_body(len: usize, piece: usize, announced: Option<usize>) -> (Vec<u8>, usize) {
        let source = body_of(len);
        let mut rest = &source[..];
        let mut calls = 0;
        let body = read_to_end(announced, |buffer| {
            calls += 1;
            assert!(!buffer.is_empty());
            let n = piece.min(buffer.len()).min(rest.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
            Ok(n)
        })
        .unwrap();
        assert!(body == source, "{len} {piece} {announced:?}");
        (body, calls)
    }

    #[test]
    fn bodies_are_read_whole_whatever_is_announced() {
        for len in [
            0,
            1,
            31,
            32,
            33,
            4095,
            4096,
            4097,
            200_000,
            MAX_RESERVED + 1,
        ] {
            for piece in [1000, 65_536, usize::MAX] {
                for announced in [None, Some(len), Some(len + 1), Some(usize::MAX)] {
                    read_body(len, piece, announced);
                }
            }
            read_body(len.min(5000), 1, None);
        }
    }

    #[test]
    fn an_announced_body_is_neither_copied_nor_over_reserved() {
        let (body, calls) = read_body(100_000, usize::MAX, Some(100_000));
        assert_eq!(body.capacity(), 100_000);
        assert_eq!(calls, 1);
    }

    #[test]
    fn a_lie_costs_no_more_than_the_limit() {
        let (body, _) = read_body(10, usize::MAX, Some(usize::MAX));
        assert_eq!(body.capacity(), MAX_RESERVED);
        let (body, _) = read_body(0, usize::MAX, Some(0));
        assert_eq!(body.capacity(), 0);
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        let mut pieces = [Ok(3), Err(HttpError::INCOMPLETE_BODY.into())].into_iter();
        let result = read_to_end(None, |_| pieces.next().unwrap());
        assert_eq!(result, Err(HttpError::INCOMPLETE_BODY.into()));
    }
}

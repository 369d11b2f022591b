//! Decodes the chunked transfer coding (RFC 9112, section 7.1). A pure state machine over bytes.

/// The longest line with a chunk's size, in bytes, including extensions, which are ignored.
pub(crate) const MAX_CHUNK_LINE: usize = 16 * 1024;

/// The position of the next byte in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line with a chunk's size.
    Size,
    /// In a chunk's data, of which this many bytes are left; more than 0.
    Data(u64),
    /// In the line break after a chunk's data.
    DataEnd,
    /// In the trailers after the last chunk, which are dropped.
    Trailers,
    /// After the end.
    End,
}

impl Chunks {
    /// Skips framing at the start of `input`, and returns how many bytes that is. Stops in
    /// [`Chunks::Data`], at [`Chunks::End`], or where more input is needed.
    pub(crate) fn advance(&mut self, input: &[u8]) -> Result<usize, &'static str> {
        let mut used = 0;
        loop {
            if matches!(self, Chunks::Data(_) | Chunks::End) {
                return Ok(used);
            }
            let rest = &input[used..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                return if rest.len() > MAX_CHUNK_LINE {
                    Err("a line of a chunk has no end")
                } else if *self == Chunks::DataEnd && !matches!(rest, [] | [b'\r']) {
                    Err("a chunk is longer than its size")
                } else {
                    Ok(used)
                };
            };
            let line = &rest[..end];
            // Some servers end lines with LF alone.
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            *self = match self {
                Chunks::Size => match size(line)? {
                    0 => Chunks::Trailers,
                    size => Chunks::Data(size),
                },
                Chunks::DataEnd if line.is_empty() => Chunks::Size,
                Chunks::DataEnd => return Err("a chunk is longer than its size"),
                Chunks::Trailers if line.is_empty() => Chunks::End,
                Chunks::Trailers | Chunks::Data(_) | Chunks::End => *self,
            };
            used += end + 1;
        }
    }

    /// Counts data bytes that the caller has consumed.
    pub(crate) fn take(&mut self, count: u64) {
        if let Chunks::Data(left) = self {
            *self = match left.saturating_sub(count) {
                0 => Chunks::DataEnd,
                left => Chunks::Data(left),
            };
        }
    }
}

/// Parses a chunk's size. Extensions after a `;` are ignored.
fn size(line: &[u8]) -> Result<u64, &'static str> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let size = size.trim_ascii();
    if size.is_empty() || !size.iter().all(u8::is_ascii_hexdigit) {
        return Err("the size of a chunk is not a number");
    }
    str::from_utf8(size)
        .ok()
        .and_then(|size| u64::from_str_radix(size, 16).ok())
        .ok_or("the size of a chunk is too large")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes what comes in pieces; whether the end was reached.
    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), &'static str> {
        let (mut chunks, mut input, mut body) = (Chunks::Size, Vec::new(), Vec::new());
        for piece in pieces {
            input.extend_from_slice(piece);
            loop {
                let used = chunks.advance(&input)?;
                input.drain(..used);
                let Chunks::Data(left) = chunks else { break };
                let count = input.len().min(left as usize);
                if count == 0 {
                    break;
                }
                body.extend(input.drain(..count));
                chunks.take(count as u64);
            }
        }
        Ok((body, chunks == Chunks::End))
    }

    #[test]
    fn chunks_are_read_as_servers_write_them() {
        let extension = format!(
            "5;{}\r\nhello\r\n0\r\n\r\n",
            "e".repeat(MAX_CHUNK_LINE - 10)
        );
        let cases = [
            ("0\r\n\r\n", "", true),
            ("5\r\nhello\r\n0\r\n\r\n", "hello", true),
            (
                "5 \r\nhello\r\n000;a=b\r\nTrailer: x\r\n\r\n",
                "hello",
                true,
            ),
            (
                "a\r\nhello hell\r\n1\r\no\r\n0\r\n\r\n",
                "hello hello",
                true,
            ),
            ("5\nhello\n0\n\n", "hello", true),
            (extension.as_str(), "hello", true),
            ("5\r\nhello\r\n0\r\n", "hello", false),
            ("5\r\nhel", "hel", false),
        ];
        for (text, body, is_whole) in cases {
            let expected = Ok((body.as_bytes().to_vec(), is_whole));
            assert_eq!(decode(&[text.as_bytes()]), expected, "{text:?}");
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(decode(&bytes), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_an_error() {
        let endless = "5;".to_owned() + &"e".repeat(MAX_CHUNK_LINE);
        for text in [
            "\r\n",
            "x\r\n",
            "+5\r\n",
            "-5\r\n",
            "0x5\r\n",
            "5 5\r\n",
            ";\r\n",
            "11111111111111111\r\n",
            "5\r\nhello0\r\n\r\n",
            "5\r\nhello!",
            endless.as_str(),
        ] {
            assert!(decode(&[text.as_bytes()]).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_in_chunks_is_read_however_it_is_cut(
            body in proptest::collection::vec(any::<u8>(), 0..2000),
            chunk in 1..100usize,
            piece in 1..50usize,
        ) {
            let mut wire = Vec::new();
            for bytes in body.chunks(chunk) {
                wire.extend(format!("{:x}\r\n", bytes.len()).bytes());
                wire.extend(bytes);
                wire.extend(b"\r\n");
            }
            wire.extend(b"0\r\n\r\n");
            let pieces: Vec<&[u8]> = wire.chunks(piece).collect();
            prop_assert_eq!(decode(&pieces), Ok((body, true)));
        }
    }
}

//! The bytes of generated bodies: any part of one can be made or verified without the rest.

use std::sync::LazyLock;

/// A prime, so that a piece that is lost or repeated shows for every power-of-two buffer size.
const PERIOD: usize = 251;
/// How many bytes are written at once: enough for a system call to cost nothing.
pub(crate) const SLICE: usize = 128 * 1024;

/// Filling and comparing are copies out of this table, quick in an unoptimised build as well.
static TABLE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..(PERIOD + SLICE) as u64).map(pattern_byte).collect());

/// The byte at an offset of a generated body: `offset % 251`.
pub fn pattern_byte(offset: u64) -> u8 {
    (offset % PERIOD as u64) as u8
}

/// The pattern from an offset on, `len` or [`SLICE`] bytes of it, whichever is less.
pub(crate) fn pattern_slice(offset: u64, len: u64) -> &'static [u8] {
    let start = usize::from(pattern_byte(offset));
    let len = usize::try_from(len).map_or(SLICE, |len| len.min(SLICE));
    &TABLE[start..start + len]
}

/// Fills a buffer with the bytes of a generated body from an offset on.
pub fn fill_pattern(offset: u64, buffer: &mut [u8]) {
    let mut offset = offset;
    for piece in buffer.chunks_mut(SLICE) {
        piece.copy_from_slice(pattern_slice(offset, piece.len() as u64));
        offset += piece.len() as u64;
    }
}

/// Whether these are the bytes of a generated body from an offset on.
pub fn is_pattern(offset: u64, bytes: &[u8]) -> bool {
    let mut offset = offset;
    bytes.chunks(SLICE).all(|piece| {
        let expected = pattern_slice(offset, piece.len() as u64);
        offset += piece.len() as u64;
        piece == expected
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_agrees_with_the_byte_at_its_offset() {
        for offset in [0, 1, 250, 251, 1 << 40] {
            for len in [0, 1, 251, SLICE, SLICE + 1, 3 * SLICE + 7] {
                let mut bytes = vec![0xff; len];
                fill_pattern(offset, &mut bytes);
                let expected: Vec<u8> = (0..len as u64).map(|i| pattern_byte(offset + i)).collect();
                assert!(bytes == expected, "{offset} {len}");
                assert!(is_pattern(offset, &bytes));
                if len > 0 {
                    bytes[len - 1] ^= 1;
                    assert!(!is_pattern(offset, &bytes), "{offset} {len}");
                }
            }
        }
    }
}

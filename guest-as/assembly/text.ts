/** Text of header fields, which need not be UTF-8. */

/**
 * The text of some bytes: UTF-8, or if they are not, ISO 8859-1, which header fields were in once
 * (RFC 9110, section 5.5). So no bytes are lost: in the latter case each is one character.
 */
export function decodeText(bytes: Uint8Array): string {
  const start = bytes.dataStart;
  const len = bytes.byteLength;
  if (isUtf8(bytes)) return String.UTF8.decodeUnsafe(start, len);
  const text = new Uint16Array(len);
  for (let i = 0; i < len; i++) {
    text[i] = load<u8>(start + i);
  }
  return String.UTF16.decode(text.buffer);
}

/** Whether bytes are UTF-8 (RFC 3629, section 4). */
export function isUtf8(bytes: Uint8Array): bool {
  let at = bytes.dataStart;
  const end = at + bytes.byteLength;
  while (at < end) {
    const first = load<u8>(at++);
    if (first < 0x80) continue;
    // How many bytes follow, and within which limits the next one must be.
    let following = 1;
    let low: u8 = 0x80;
    let high: u8 = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
      following = 1;
    } else if (first >= 0xe0 && first <= 0xef) {
      following = 2;
      if (first == 0xe0) low = 0xa0;
      if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
      following = 3;
      if (first == 0xf0) low = 0x90;
      if (first == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - at < <usize>following) return false;
    while (following-- > 0) {
      const next = load<u8>(at++);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

/** Whether two names are the same but for the case of ASCII letters. */
export function sameName(a: string, b: string): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (lowerCase(a.charCodeAt(i)) != lowerCase(b.charCodeAt(i))) return false;
  }
  return true;
}

function lowerCase(unit: i32): i32 {
  return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
}

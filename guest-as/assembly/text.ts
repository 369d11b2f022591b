/** Text in memory: that of header fields, which need not be UTF-8, and that of requests. */

/**
 * The text of some bytes: UTF-8, or if they are not, ISO 8859-1, which header fields were in once
 * (RFC 9110, section 5.5). So no bytes are lost: in the latter case each is one character.
 */
export function decodeText(start: usize, len: i32): string {
  if (isUtf8(start, len)) return String.UTF8.decodeUnsafe(start, len);
  // Each byte is one UTF-16 code unit, of two bytes.
  // @ts-ignore: a function of the runtime
  const text = changetype<string>(__new(<usize>len << 1, idof<string>()));
  for (let i = 0; i < len; i++) {
    store<u16>(changetype<usize>(text) + (i << 1), load<u8>(start + i));
  }
  return text;
}

/** A text in UTF-8. Half of a character, which a string may have and UTF-8 has not, is U+FFFD. */
export function encodeText(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

/** How many bytes a UTF-16 code unit can have at most in UTF-8. */
export const MAX_UTF8: i32 = 3;

/**
 * Writes the text of a request to memory in UTF-8, and gives where it ends. Half of a character
 * stays what it is, so that the host refuses the request: a header or a URL is not to be another.
 */
export function writeText(text: string, at: usize): usize {
  return at + String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
}

/** A copy of some bytes. */
export function copyOf(start: usize, len: i32): Uint8Array {
  const copy = new ArrayBuffer(len);
  memory.copy(changetype<usize>(copy), start, len);
  return bytesOf(copy);
}

/** All of a buffer. In one place, since `wrap` is inlined. */
export function bytesOf(buffer: ArrayBuffer): Uint8Array {
  return Uint8Array.wrap(buffer, 0, buffer.byteLength);
}

/** A body of a request as one buffer. Only a view of a part of a buffer is copied, and text. */
export function bufferOf<B>(body: B): ArrayBuffer {
  if (isString<B>()) return encodeText(changetype<string>(body));
  if (idof<B>() == idof<ArrayBuffer>()) return changetype<ArrayBuffer>(body);
  if (idof<B>() == idof<Uint8Array>()) {
    const view = changetype<Uint8Array>(body);
    const isWhole = view.byteLength == view.buffer.byteLength;
    return isWhole ? view.buffer : copyOf(view.dataStart, view.byteLength).buffer;
  }
  if (idof<B>() == idof<StaticArray<u8>>()) {
    const array = changetype<StaticArray<u8>>(body);
    return copyOf(changetype<usize>(array), array.length).buffer;
  }
  ERROR("a body is a string, an ArrayBuffer, a Uint8Array or a StaticArray<u8>");
}

/** Whether bytes are UTF-8 (RFC 3629, section 4). */
export function isUtf8(at: usize, len: i32): bool {
  const end = at + len;
  while (at < end) {
    const first = <i32>load<u8>(at++);
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    let following: usize = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (end - at < following) return false;
    // Within these limits the next byte must be; they are narrower after some first bytes.
    let low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    let high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    do {
      const next = <i32>load<u8>(at++);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    } while (--following > 0);
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

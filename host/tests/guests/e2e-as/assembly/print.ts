// Bytes as text, and as a checksum.

import { Failure } from "../../../../../guest-as/assembly";

/** Lines on stdout. A line is built as bytes, since a long one would be slow to build as text. */
export class Output {
  private bytes: Uint8Array = new Uint8Array(256);
  private len: i32 = 0;

  /** Adds text to the line. */
  text(text: string): Output {
    const bytes = Uint8Array.wrap(String.UTF8.encode(text));
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.len);
    this.len += bytes.length;
    return this;
  }

  /** Adds printable ASCII as it is, every other byte as `\xNN`, and a backslash as two. */
  escaped(bytes: Uint8Array): Output {
    this.reserve(4 * bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte == 0x5c) {
        this.put(0x5c);
        this.put(0x5c);
      } else if (byte >= 0x20 && byte <= 0x7e) {
        this.put(byte);
      } else {
        this.put(0x5c);
        this.put(0x78);
        this.put(digit(byte >> 4));
        this.put(digit(byte & 15));
      }
    }
    return this;
  }

  /** Adds the code and the name of a failure. */
  code(failure: Failure): Output {
    return this.text((failure.code as i32).toString()).text(" ").text(failure.name);
  }

  /** Ends the line, and writes it. */
  line(): void {
    this.reserve(1);
    this.put(0x0a);
    process.stdout.write(this.bytes.slice(0, this.len).buffer);
    this.len = 0;
  }

  private put(byte: u8): void {
    this.bytes[this.len++] = byte;
  }

  private reserve(more: i32): void {
    if (this.len + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.len + more));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

function digit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x61 + value - 10;
}

/** The 64-bit FNV-1a hash of nothing. */
export const EMPTY_HASH: u64 = 0xcbf2_9ce4_8422_2325;

/** Continues a 64-bit FNV-1a hash with the first bytes of a buffer. */
export function fnv1a(hash: u64, bytes: Uint8Array, len: i32): u64 {
  // Without the checks of an index: bodies of the tests are large.
  const end = bytes.dataStart + len;
  for (let at = bytes.dataStart; at < end; at++) {
    hash = (hash ^ load<u8>(at)) * 0x0000_0100_0000_01b3;
  }
  return hash;
}

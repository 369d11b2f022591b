/** The header fields of a request or a response, and the text form in which they cross to the host. */

import { copyOf, decodeText, encodeText, sameName } from "./text";

/** One header. */
class Field {
  constructor(
    readonly name: string,
    readonly value: string,
    /** The value as it was sent, where the text does not tell. */
    readonly bytes: Uint8Array | null,
  ) {}
}

/**
 * The headers of a request or a response, in their order. A name may occur more than once, and is
 * found in any case.
 */
export class Headers {
  private fields: Field[] = [];

  /** How many there are; a repeated header counts as often as it occurs. */
  get length(): i32 {
    return this.fields.length;
  }

  /** The name of a header by its index, from 0 to `length - 1`. */
  nameAt(index: i32): string {
    return this.fields[index].name;
  }

  /** The value of a header by its index, from 0 to `length - 1`. */
  valueAt(index: i32): string {
    return this.fields[index].value;
  }

  /** The value of a header by its index, byte for byte as it was sent. */
  bytesAt(index: i32): Uint8Array {
    const field = this.fields[index];
    const bytes = field.bytes;
    return bytes !== null ? bytes : Uint8Array.wrap(encodeText(field.value));
  }

  /** Whether there is a header of this name. */
  has(name: string): bool {
    return this.find(name, 0) >= 0;
  }

  /**
   * The value of a header, the first if it is repeated, or `null` if there is none. A value that
   * is not UTF-8 is read as ISO 8859-1; `bytesAt` gives its bytes.
   */
  get(name: string): string | null {
    const index = this.find(name, 0);
    return index < 0 ? null : this.fields[index].value;
  }

  /** All values of a header, in their order; none if there is no such header. */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (let i = this.find(name, 0); i >= 0; i = this.find(name, i + 1)) {
      values.push(this.fields[i].value);
    }
    return values;
  }

  /** Adds a header, beside those of the same name that are there already. */
  append(name: string, value: string): Headers {
    return this.push(name, value, null);
  }

  /** Sets a header, in place of all of the same name. */
  set(name: string, value: string): Headers {
    return this.delete(name).push(name, value, null);
  }

  /** Removes all headers of a name. */
  delete(name: string): Headers {
    for (let i = this.find(name, 0); i >= 0; i = this.find(name, i)) {
      this.fields.splice(i, 1);
    }
    return this;
  }

  /** All headers as text, a line `name:value\n` for each. */
  toString(): string {
    let text = "";
    for (let i = 0; i < this.fields.length; i++) {
      const field = this.fields[i];
      text += field.name + ":" + field.value + "\n";
    }
    return text;
  }

  /**
   * Reads headers from text, a line `name:value\n` for each.
   *
   * @returns The headers, or `null` if a line is none.
   */
  static parse(text: Uint8Array): Headers | null {
    const headers = new Headers();
    let start = text.dataStart;
    const last = start + text.byteLength;
    while (start < last) {
      let colon: usize = 0;
      let end = start;
      for (; end < last; end++) {
        const byte = load<u8>(end);
        if (byte == 0x0a) break;
        if (byte == 0x3a && colon == 0) colon = end;
      }
      if (end > start) {
        if (colon <= start) return null;
        const name = decodeText(start, <i32>(colon - start));
        const len = <i32>(end - ++colon);
        const value = decodeText(colon, len);
        // Text of the same length as its bytes is ASCII, or not UTF-8.
        headers.push(name, value, value.length == len ? copyOf(colon, len) : null);
      }
      start = end + 1;
    }
    return headers;
  }

  /**
   * The first header that cannot be sent, because its name or its value would read as something
   * else in the text that crosses to the host; -1 if all can.
   */
  findUnsendable(): i32 {
    for (let i = 0; i < this.fields.length; i++) {
      const field = unchecked(this.fields[i]);
      if (field.name.length == 0 || isCut(field.name, 0x3a) || isCut(field.value, 0x0a)) return i;
    }
    return -1;
  }

  private push(name: string, value: string, bytes: Uint8Array | null): Headers {
    this.fields.push(new Field(name, value, bytes));
    return this;
  }

  private find(name: string, from: i32): i32 {
    for (let i = from; i < this.fields.length; i++) {
      if (sameName(unchecked(this.fields[i]).name, name)) return i;
    }
    return -1;
  }
}

/** Whether a line break, or another character, ends a text before its end. */
function isCut(text: string, other: i32): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x0a || unit == 0x0d || unit == other) return true;
  }
  return false;
}

import { Failure, Result } from "./failure";
import { HttpError, ResponseHandle, bodyRead, close, headerGet, headersGetAll } from "./generated";
import { Headers } from "./headers";
import { StatusCode } from "./status";
import { decodeText } from "./text";

/** The size of the first buffer for one header, in bytes: nearly all of them fit. */
const FIRST_HEADER_SIZE: i32 = 1024;

/** The size of the first buffer for all headers, in bytes. */
const FIRST_HEADERS_SIZE: i32 = 4 * 1024;

/**
 * The longest header value, and the longest text of all headers, in bytes. Most servers and
 * clients stop at 8 to 64 KiB; this is where an attack is more likely than a use.
 */
const MAX_HEADER_SIZE: i32 = 1024 * 1024;

/**
 * What is reserved at most on the word of a server that announces a body's length, in bytes. It
 * may lie; longer bodies cost a few copies.
 */
const MAX_RESERVED: i32 = 4 * 1024 * 1024;

/** What is reserved for a body of unknown length, in bytes. */
const FIRST_RESERVED: i32 = 4 * 1024;

/** How much is read beyond a full buffer to see whether that was the end, in bytes. */
const PROBE_SIZE: i32 = 32;

/** The longest body that one buffer can hold, in bytes: the runtime's largest block. */
const MAX_BODY_SIZE: i32 = 0x3fff_ff00;

/**
 * The response to a request.
 *
 * It stays open in the host, and counts towards what the host allows to be open at once, until
 * `close` is called. The body streams from the server as it is read; the headers can be read
 * before, between and after.
 *
 * Of each function there are two: `tryX` gives a failure as a value, `x` aborts the module.
 */
export class Response {
  /**
   * For responses that {@link RequestBuilder} gives, and others that are made of a handle.
   *
   * @param status - The status of the response.
   * @param handle - The handle under which the host holds it open.
   * @param hasBody - Whether a `Content-Length` speaks of a body that follows, which is not so
   *   in answer to `HEAD`.
   */
  constructor(
    readonly status: StatusCode,
    readonly handle: ResponseHandle,
    private readonly hasBody: bool = true,
  ) {}

  /**
   * Reads the next bytes of the body into a buffer, as many as have arrived.
   *
   * @returns How many bytes were read: 0 at the end of the body, or if the buffer is empty.
   */
  bodyRead(buffer: ArrayBuffer): i32 {
    return this.tryBodyRead(buffer).value;
  }

  /** Reads like `bodyRead`, and gives a failure as a value. */
  tryBodyRead(buffer: ArrayBuffer): Result<i32> {
    return this.read(Uint8Array.wrap(buffer));
  }

  /** Reads the rest of the body. The `buffer` of the result has the body and nothing else. */
  bodyReadAll(): Uint8Array {
    return this.tryBodyReadAll().value;
  }

  /**
   * Reads like `bodyReadAll`, and gives a failure as a value. A body of more than 1 GiB, which no
   * buffer can hold, is `BODY_TOO_LARGE`.
   */
  tryBodyReadAll(): Result<Uint8Array> {
    const announced = this.announced();
    let body = new ArrayBuffer(announced < 0 ? FIRST_RESERVED : min(announced, MAX_RESERVED));
    let filled = 0;
    let probe: Uint8Array | null = null;
    // The host ends a body where its length says: it need not be asked whether that was all.
    while (filled != announced) {
      if (filled < body.byteLength) {
        const result = this.read(Uint8Array.wrap(body, filled));
        if (!result.ok) return Result.failed<Uint8Array>(result.error);
        if (result.value == 0) break;
        filled += result.value;
        continue;
      }
      // Most often this is the end, which is worth a look before the buffer grows.
      if (probe === null) probe = new Uint8Array(PROBE_SIZE);
      const result = this.read(probe);
      if (!result.ok) return Result.failed<Uint8Array>(result.error);
      const read = result.value;
      if (read == 0) break;
      if (filled > MAX_BODY_SIZE - read) {
        const message = "the body is larger than any buffer: read it in pieces";
        return Result.failed<Uint8Array>(new Failure(HttpError.BODY_TOO_LARGE, message));
      }
      body = grown(body);
      memory.copy(changetype<usize>(body) + filled, probe.dataStart, read);
      filled += read;
    }
    return Result.of(Uint8Array.wrap(filled == body.byteLength ? body : body.slice(0, filled)));
  }

  /**
   * The value of a header by its name, in any case; the first if it is repeated, and `""` if there
   * is none. A value that is not UTF-8 is read as ISO 8859-1.
   */
  headerGet(name: string): string {
    const result = this.tryHeaderGet(name);
    if (!result.ok && result.error.code == HttpError.HEADER_NOT_FOUND) return "";
    return result.value;
  }

  /** The value like `headerGet`, but `HEADER_NOT_FOUND` as a value if there is none. */
  tryHeaderGet(name: string): Result<string> {
    const result = this.tryHeaderBytes(name);
    if (!result.ok) return Result.failed<string>(result.error);
    return Result.of(decodeText(result.value));
  }

  /**
   * The value of a header, byte for byte as it was sent; the first if it is repeated, and
   * `HEADER_NOT_FOUND` as a value if there is none.
   */
  tryHeaderBytes(name: string): Result<Uint8Array> {
    for (let size = FIRST_HEADER_SIZE; ; size = larger(size)) {
      const buffer = new Uint8Array(size);
      const result = headerGet(this.handle, name, buffer);
      if (result.error == HttpError.BUFFER_TOO_SMALL && size < MAX_HEADER_SIZE) continue;
      return fetched(result.error, buffer, <i32>result.size);
    }
  }

  /** All headers. A repeated one has all of its values. */
  headersGetAll(): Headers {
    return this.tryHeadersGetAll().value;
  }

  /** All headers like `headersGetAll`, and a failure as a value. */
  tryHeadersGetAll(): Result<Headers> {
    for (let size = FIRST_HEADERS_SIZE; ; size = larger(size)) {
      const buffer = new Uint8Array(size);
      const result = headersGetAll(this.handle, buffer);
      if (result.error == HttpError.BUFFER_TOO_SMALL && size < MAX_HEADER_SIZE) continue;
      const text = fetched(result.error, buffer, <i32>result.size);
      if (!text.ok) return Result.failed<Headers>(text.error);
      const headers = Headers.parse(text.value);
      if (headers === null) {
        const message = "the host gave a line that is not a header";
        return Result.failed<Headers>(new Failure(HttpError.RUNTIME_ERROR, message));
      }
      return Result.of<Headers>(headers);
    }
  }

  /**
   * Closes the response; reading from it afterwards is `INVALID_HANDLE`. Closing it again does
   * nothing.
   */
  close(): void {
    // The host has no error for this but that the module has no memory, and here it has one.
    close(this.handle);
  }

  private read(buffer: Uint8Array): Result<i32> {
    const result = bodyRead(this.handle, buffer);
    if (result.error != HttpError.SUCCESS) {
      return Result.failed<i32>(Failure.ofHost(result.error));
    }
    return Result.of(<i32>result.size);
  }

  /** The length of the body, or -1 if it is not known or more than a buffer can hold. */
  private announced(): i32 {
    if (!this.hasBody || this.status == StatusCode.NO_CONTENT) return 0;
    if (this.status == StatusCode.NOT_MODIFIED) return 0;
    // A longer number is too large anyway.
    const digits = new Uint8Array(10);
    const result = headerGet(this.handle, "content-length", digits);
    if (result.error != HttpError.SUCCESS || result.size == 0) return -1;
    let length: i64 = 0;
    for (let i = 0; i < <i32>result.size; i++) {
      const digit = <i32>digits[i] - 0x30;
      if (digit < 0 || digit > 9) return -1;
      length = length * 10 + digit;
    }
    return length > MAX_BODY_SIZE ? -1 : <i32>length;
  }
}

/** The size of the next buffer to try for headers. */
function larger(size: i32): i32 {
  return min(size * 4, MAX_HEADER_SIZE);
}

/** What was fetched into a buffer. */
function fetched(error: HttpError, buffer: Uint8Array, size: i32): Result<Uint8Array> {
  if (error == HttpError.BUFFER_TOO_SMALL) {
    const message = "the headers are longer than " + MAX_HEADER_SIZE.toString() + " bytes";
    return Result.failed<Uint8Array>(new Failure(error, message));
  }
  if (error != HttpError.SUCCESS) return Result.failed<Uint8Array>(Failure.ofHost(error));
  return Result.of(buffer.slice(0, size));
}

/** A copy of a full buffer, of twice its size as far as that is possible. */
function grown(buffer: ArrayBuffer): ArrayBuffer {
  const size = buffer.byteLength;
  const larger = new ArrayBuffer(min(size + max(size, FIRST_RESERVED), MAX_BODY_SIZE));
  memory.copy(changetype<usize>(larger), changetype<usize>(buffer), size);
  return larger;
}

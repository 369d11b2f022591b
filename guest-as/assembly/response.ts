import { Failure, Result, abortWith } from "./failure";
import {
  HttpError,
  ResponseHandle,
  _bodyRead,
  _close,
  _headerGet,
  _headersGetAll,
} from "./generated";
import { Headers } from "./headers";
import { StatusCode } from "./status";
import { bytesOf, copyOf, decodeText } from "./text";

/** Where the host writes how many bytes it wrote, which is read before another call is made. */
const SIZE: usize = memory.data(sizeof<usize>(), sizeof<usize>());

/** The size of the first buffer for headers, in bytes: those of nearly all responses fit. */
const FIRST_HEADERS_SIZE: i32 = 4 * 1024;

/** The first buffer for headers. What it has is copied before another call is made. */
const FIRST_HEADERS: usize = memory.data(FIRST_HEADERS_SIZE, 1);

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

/** Where that goes until there is a larger buffer. */
const PROBE: usize = FIRST_HEADERS;

/** `content-length` in UTF-8, which is asked for with every body. */
// @ts-ignore: decorator
@lazy
const CONTENT_LENGTH: usize = memory.data<u8>([
  0x63, 0x6f, 0x6e, 0x74, 0x65, 0x6e, 0x74, 0x2d, 0x6c, 0x65, 0x6e, 0x67, 0x74, 0x68,
]);
const CONTENT_LENGTH_SIZE: i32 = 14;

/** The most digits of a length that is looked at: a body with more is more than a buffer or nearly. */
const MAX_DIGITS: i32 = 9;

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
    const error = this.read(changetype<usize>(buffer), buffer.byteLength);
    if (error != HttpError.SUCCESS) abortWith(Failure.ofHost(error));
    return load<i32>(SIZE);
  }

  /** Reads like `bodyRead`, and gives a failure as a value. */
  tryBodyRead(buffer: ArrayBuffer): Result<i32> {
    const error = this.read(changetype<usize>(buffer), buffer.byteLength);
    if (error != HttpError.SUCCESS) return Result.failed<i32>(Failure.ofHost(error));
    return Result.of(load<i32>(SIZE));
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
    // The host ends a body where its length says: it need not be asked whether that was all.
    while (filled != announced) {
      const free = body.byteLength - filled;
      // A full buffer is most often at the end, which is worth a look before it grows.
      const to = free > 0 ? changetype<usize>(body) + filled : PROBE;
      const error = this.read(to, free > 0 ? free : PROBE_SIZE);
      if (error != HttpError.SUCCESS) return Result.failed<Uint8Array>(Failure.ofHost(error));
      const read = load<i32>(SIZE);
      if (read == 0) break;
      if (free == 0) {
        if (filled > MAX_BODY_SIZE - read) {
          const message = "the body is larger than any buffer: read it in pieces";
          return Result.failed<Uint8Array>(new Failure(HttpError.BODY_TOO_LARGE, message));
        }
        body = grown(body);
        memory.copy(changetype<usize>(body) + filled, PROBE, read);
      }
      filled += read;
    }
    const isFull = filled == body.byteLength;
    return Result.of(isFull ? bytesOf(body) : copyOf(changetype<usize>(body), filled));
  }

  /**
   * The value of a header by its name, in any case; the first if it is repeated, and `""` if there
   * is none. A value that is not UTF-8 is read as ISO 8859-1.
   */
  headerGet(name: string): string {
    const result = this.tryHeaderBytes(name);
    if (!result.ok && result.error.code == HttpError.HEADER_NOT_FOUND) return "";
    const bytes = result.value;
    return decodeText(bytes.dataStart, bytes.byteLength);
  }

  /** The value like `headerGet`, but `HEADER_NOT_FOUND` as a value if there is none. */
  tryHeaderGet(name: string): Result<string> {
    const result = this.tryHeaderBytes(name);
    if (!result.ok) return Result.failed<string>(result.error);
    const bytes = result.value;
    return Result.of(decodeText(bytes.dataStart, bytes.byteLength));
  }

  /**
   * The value of a header, byte for byte as it was sent; the first if it is repeated, and
   * `HEADER_NOT_FOUND` as a value if there is none.
   */
  tryHeaderBytes(name: string): Result<Uint8Array> {
    return this.fetch(String.UTF8.encode(name));
  }

  /** All headers. A repeated one has all of its values. */
  headersGetAll(): Headers {
    return this.tryHeadersGetAll().value;
  }

  /** All headers like `headersGetAll`, and a failure as a value. */
  tryHeadersGetAll(): Result<Headers> {
    const text = this.fetch(null);
    if (!text.ok) return Result.failed<Headers>(text.error);
    const headers = Headers.parse(text.value);
    if (headers === null) {
      const message = "the host gave a line that is not a header";
      return Result.failed<Headers>(new Failure(HttpError.RUNTIME_ERROR, message));
    }
    return Result.of<Headers>(headers);
  }

  /**
   * Closes the response; reading from it afterwards is `INVALID_HANDLE`. Closing it again does
   * nothing.
   */
  close(): void {
    // The host has no error for this but that the module has no memory, and here it has one.
    _close(this.handle);
  }

  /** Reads the next bytes of the body; `SIZE` has how many. */
  private read(to: usize, size: i32): HttpError {
    return <HttpError>_bodyRead(this.handle, to, size, SIZE);
  }

  /** Fetches the value of a header, or the text of all if `name` is `null`. */
  private fetch(name: ArrayBuffer | null): Result<Uint8Array> {
    let larger: ArrayBuffer | null = null;
    let at = FIRST_HEADERS;
    let size = FIRST_HEADERS_SIZE;
    while (true) {
      const error = <HttpError>(name === null
        ? _headersGetAll(this.handle, at, size, SIZE)
        : _headerGet(this.handle, changetype<usize>(name), name.byteLength, at, size, SIZE));
      if (error == HttpError.SUCCESS) return Result.of(copyOf(at, load<i32>(SIZE)));
      if (error != HttpError.BUFFER_TOO_SMALL) {
        return Result.failed<Uint8Array>(Failure.ofHost(error));
      }
      if (size == MAX_HEADER_SIZE) {
        const message = "the headers are longer than " + MAX_HEADER_SIZE.toString() + " bytes";
        return Result.failed<Uint8Array>(new Failure(error, message));
      }
      size = min(size * 4, MAX_HEADER_SIZE);
      larger = new ArrayBuffer(size);
      at = changetype<usize>(larger);
    }
  }

  /** The length of the body, or -1 if it is not known or near to what no buffer can hold. */
  private announced(): i32 {
    if (!this.hasBody || this.status == StatusCode.NO_CONTENT) return 0;
    if (this.status == StatusCode.NOT_MODIFIED) return 0;
    const error = <HttpError>_headerGet(
      this.handle,
      CONTENT_LENGTH,
      CONTENT_LENGTH_SIZE,
      FIRST_HEADERS,
      MAX_DIGITS,
      SIZE,
    );
    const digits = load<i32>(SIZE);
    if (error != HttpError.SUCCESS || digits == 0) return -1;
    let length = 0;
    for (let i = 0; i < digits; i++) {
      const digit = <u32>load<u8>(FIRST_HEADERS + i) - 0x30;
      if (digit > 9) return -1;
      length = length * 10 + digit;
    }
    return length;
  }
}

/** A copy of a full buffer, of twice its size as far as that is possible. */
function grown(buffer: ArrayBuffer): ArrayBuffer {
  const size = buffer.byteLength;
  const larger = new ArrayBuffer(min(size + max(size, FIRST_RESERVED), MAX_BODY_SIZE));
  memory.copy(changetype<usize>(larger), changetype<usize>(buffer), size);
  return larger;
}

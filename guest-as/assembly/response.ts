/** An open response: its status, headers and body. */

import { Failure, Result, abortWith, noteFailedCall } from "./failure";
// The imports themselves: a wrapper takes a `Uint8Array`, which is one more object for each read into
// a buffer that grows, and gives another with the result.
import {
  EVENTS_READABLE,
  HttpError,
  ResponseFact,
  ResponseHandle,
  _bodyRead,
  _bodyReadSome,
  _headerGet,
  _headersGetAll,
  _responseGet,
} from "./generated";
import { abandon, finish, grownSize, growTo, reserve } from "./growing";
import { Headers } from "./headers";
import { StatusCode } from "./status";
import { bytesOf, copyOf, decodeText, encodeText } from "./text";
import { Waitable } from "./waitable";

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
export class Response extends Waitable {
  /**
   * For responses that {@link RequestBuilder} gives, and others that are made of a handle.
   *
   * @param status - The status of the response.
   * @param handle - The handle under which the host holds it open.
   * @param hasBody - Whether a `Content-Length` speaks of a body that follows, which is not so
   *   in answer to `HEAD`.
   * @param method - The method of the request, for failures to name.
   * @param requestUrl - The URL of the request, likewise.
   */
  constructor(
    readonly status: StatusCode,
    handle: ResponseHandle,
    private readonly hasBody: bool = true,
    private readonly method: string = "",
    private readonly requestUrl: string = "",
  ) {
    super(handle, EVENTS_READABLE);
  }

  /**
   * Reads the next bytes of the body into a buffer, as many as have arrived.
   *
   * @returns How many bytes were read: 0 at the end of the body, or if the buffer is empty.
   */
  bodyRead(buffer: ArrayBuffer): i32 {
    const error = this.readSome(buffer);
    if (error != HttpError.SUCCESS) abortWith(this.failed(error), "Response.bodyRead");
    return load<i32>(SIZE);
  }

  /** Reads like `bodyRead`, and gives a failure as a value. */
  tryBodyRead(buffer: ArrayBuffer): Result<i32> {
    const error = this.readSome(buffer);
    if (error != HttpError.SUCCESS) return Result.failed<i32>(this.failed(error));
    return Result.of(load<i32>(SIZE));
  }

  /**
   * Reads the rest of the body. The `buffer` of the result has the body and nothing else.
   *
   * @param most - The longest body to take, in bytes. A longer one is `BODY_TOO_LARGE`: at once if
   *   the server announces its length, whose memory is reserved, else when it is reached.
   */
  bodyReadAll(most: i32 = MAX_BODY_SIZE): Uint8Array {
    const result = this.tryBodyReadAll(most);
    if (!result.ok) abortWith(result.error, "Response.bodyReadAll");
    return result.value;
  }

  /** Reads like `bodyReadAll`, and gives a failure as a value. */
  tryBodyReadAll(most: i32 = MAX_BODY_SIZE): Result<Uint8Array> {
    const limit = min(max(most, 0), MAX_BODY_SIZE);
    const announced = this.announced();
    if (announced > limit) return this.tooLarge(limit);
    return announced < 0 ? this.readGrowing(limit) : this.readAnnounced(announced);
  }

  /** The rest of the body, like `bodyReadAll`. */
  bytes(): Uint8Array {
    const result = this.tryBodyReadAll();
    if (!result.ok) abortWith(result.error, "Response.bytes");
    return result.value;
  }

  /**
   * The rest of the body as text. A body that is not UTF-8 is read as ISO 8859-1, whatever its
   * `Content-Type` says.
   */
  text(): string {
    const result = this.tryBodyReadAll();
    if (!result.ok) abortWith(result.error, "Response.text");
    const bytes = result.value;
    return decodeText(bytes.dataStart, bytes.byteLength);
  }

  /** The text like `text`, and a failure as a value. */
  tryText(): Result<string> {
    const result = this.tryBodyReadAll();
    if (!result.ok) return Result.failed<string>(result.error);
    const bytes = result.value;
    return Result.of(decodeText(bytes.dataStart, bytes.byteLength));
  }

  /** The URL that the response came from: that of the last redirect, or the request's own. */
  url(): string {
    return this.fact(ResponseFact.URL, "Response.url");
  }

  /** The version of HTTP that the server speaks, such as `HTTP/1.1`. */
  version(): string {
    return this.fact(ResponseFact.VERSION, "Response.version");
  }

  /** The server's address and port, or `""` unless the embedder lets guests see it. */
  peer(): string {
    return this.fact(ResponseFact.PEER, "Response.peer");
  }

  /** How many redirects were followed. */
  redirects(): i32 {
    return <i32>parseInt(this.fact(ResponseFact.REDIRECTS, "Response.redirects"));
  }

  /**
   * The value of a header by its name, in any case; the first if it is repeated, and `""` if there
   * is none. A value that is not UTF-8 is read as ISO 8859-1.
   */
  headerGet(name: string): string {
    const result = this.tryHeaderBytes(name);
    if (!result.ok) {
      if (result.error.code == HttpError.HEADER_NOT_FOUND) return "";
      abortWith(result.error, "Response.headerGet");
    }
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
    const text = encodeText(name);
    const start = changetype<usize>(text);
    const room = new Room();
    let error: HttpError;
    do {
      const length = text.byteLength;
      error = <HttpError>_headerGet(this.handle, start, length, room.at, room.size, SIZE);
    } while (room.grows(error));
    return this.fetched(error, room);
  }

  /** All headers. A repeated one has all of its values. */
  headersGetAll(): Headers {
    const result = this.tryHeadersGetAll();
    if (!result.ok) abortWith(result.error, "Response.headersGetAll");
    return result.value;
  }

  /** All headers like `headersGetAll`, and a failure as a value. */
  tryHeadersGetAll(): Result<Headers> {
    const room = new Room();
    let error: HttpError;
    do {
      error = <HttpError>_headersGetAll(this.handle, room.at, room.size, SIZE);
    } while (room.grows(error));
    const text = this.fetched(error, room);
    if (!text.ok) return Result.failed<Headers>(text.error);
    const headers = Headers.parse(text.value);
    if (headers === null) {
      const message = "the host gave a line that is not a header";
      return this.noticed<Headers>(HttpError.RUNTIME_ERROR, message);
    }
    return Result.of<Headers>(headers);
  }

  /**
   * All headers by their names in lower case. Of a repeated one it has the last value.
   *
   * @deprecated Use `headersGetAll`, which has all values.
   */
  headerGetAll(): Map<string, string> {
    const result = this.tryHeadersGetAll();
    if (!result.ok) abortWith(result.error, "Response.headerGetAll");
    const headers = result.value;
    const map = new Map<string, string>();
    for (let i = 0; i < headers.length; i++) map.set(headers.nameAt(i), headers.valueAt(i));
    return map;
  }

  /** A failure of the last call of the host. */
  private failed(code: HttpError): Failure {
    return Failure.ofHost(code).inRequest(this.method, this.requestUrl);
  }

  /** A failure that this package notices. */
  private noticed<T>(code: HttpError, message: string): Result<T> {
    return Result.failed<T>(new Failure(code, message).inRequest(this.method, this.requestUrl));
  }

  private tooLarge(limit: i32): Result<Uint8Array> {
    const message =
      "the body is longer than " + limit.toString() + " bytes: read it in pieces with bodyRead";
    return this.noticed<Uint8Array>(HttpError.BODY_TOO_LARGE, message);
  }

  private tooLargeForMemory(): Result<Uint8Array> {
    const message = "the module has no memory for the body: read it in pieces with bodyRead";
    return this.noticed<Uint8Array>(HttpError.BODY_TOO_LARGE, message);
  }

  /** Reads what has arrived; `SIZE` has how much. */
  private readSome(buffer: ArrayBuffer): HttpError {
    const start = changetype<usize>(buffer);
    return <HttpError>_bodyReadSome(this.handle, start, buffer.byteLength, SIZE);
  }

  /** Reads until the memory is full or the body ends; `SIZE` has how much. */
  private readFull(to: usize, size: i32): HttpError {
    return <HttpError>_bodyRead(this.handle, to, size, SIZE);
  }

  /** Reads a body of which the host has said how long it is at most, without a copy of it. */
  private readAnnounced(length: i32): Result<Uint8Array> {
    if (!reserve(length)) return this.tooLargeForMemory();
    const body = new ArrayBuffer(length);
    const start = changetype<usize>(body);
    let filled = 0;
    // The host ends a body where its length says: it need not be asked whether that was all.
    while (filled != length) {
      const error = this.readFull(start + filled, length - filled);
      if (error != HttpError.SUCCESS) return Result.failed<Uint8Array>(this.failed(error));
      const read = load<i32>(SIZE);
      // A part of it was read before.
      if (read == 0) return Result.of(copyOf(start, filled));
      filled += read;
    }
    return Result.of(bytesOf(body));
  }

  /**
   * Reads a body of unknown length: a small one into the buffer for headers, others where memory
   * can grow.
   */
  private readGrowing(limit: i32): Result<Uint8Array> {
    let at = FIRST_HEADERS;
    let room = FIRST_HEADERS_SIZE;
    let length = 0;
    let failure: Failure | null = null;
    while (true) {
      if (length == room) {
        const larger = growTo(<usize>length + 1, at == FIRST_HEADERS ? 0 : length);
        if (larger == 0) {
          failure = this.tooLargeForMemory().error;
          break;
        }
        if (at == FIRST_HEADERS) memory.copy(larger, at, length);
        at = larger;
        room = <i32>grownSize();
      }
      const error = this.readFull(at + length, room - length);
      if (error != HttpError.SUCCESS) {
        failure = this.failed(error);
        break;
      }
      const read = load<i32>(SIZE);
      if (read == 0) break;
      if (read > limit - length) {
        failure = this.tooLarge(limit).error;
        break;
      }
      length += read;
    }
    if (failure !== null) {
      abandon();
      return Result.failed<Uint8Array>(failure);
    }
    return Result.of(at == FIRST_HEADERS ? copyOf(at, length) : bytesOf(finish(length)));
  }

  /** A copy of what the host has written, of which `SIZE` has the size. */
  private fetched(error: HttpError, room: Room): Result<Uint8Array> {
    if (error == HttpError.SUCCESS) return Result.of(copyOf(room.at, load<i32>(SIZE)));
    if (error != HttpError.BUFFER_TOO_SMALL) return Result.failed<Uint8Array>(this.failed(error));
    const message = "the headers are longer than " + MAX_HEADER_SIZE.toString() + " bytes";
    return this.noticed<Uint8Array>(error, message);
  }

  /** A fact as text; aborts for `caller` if there is none. */
  private fact(fact: ResponseFact, caller: string): string {
    const room = new Room();
    let error: HttpError;
    do {
      error = <HttpError>_responseGet(this.handle, fact, room.at, room.size, SIZE);
    } while (room.grows(error));
    const result = this.fetched(error, room);
    if (!result.ok) abortWith(result.error, caller);
    const bytes = result.value;
    return decodeText(bytes.dataStart, bytes.byteLength);
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
    if (error != HttpError.SUCCESS) {
      noteFailedCall();
      return -1;
    }
    const digits = load<i32>(SIZE);
    if (digits == 0) return -1;
    let length = 0;
    for (let i = 0; i < digits; i++) {
      const digit = <u32>load<u8>(FIRST_HEADERS + i) - 0x30;
      if (digit > 9) return -1;
      length = length * 10 + digit;
    }
    return length;
  }
}

/** Where the host writes a text of unknown length, in a buffer that grows until it fits. */
class Room {
  at: usize = FIRST_HEADERS;
  size: i32 = FIRST_HEADERS_SIZE;
  private larger: ArrayBuffer | null = null;

  /** Whether a call is to be made again, since there is more room now. */
  grows(error: HttpError): bool {
    if (error != HttpError.BUFFER_TOO_SMALL || this.size == MAX_HEADER_SIZE) return false;
    noteFailedCall();
    this.size = min(this.size * 4, MAX_HEADER_SIZE);
    const larger = new ArrayBuffer(this.size);
    this.larger = larger;
    this.at = changetype<usize>(larger);
    return true;
  }
}

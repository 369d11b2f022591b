/** Streaming request bodies. */

import { Failure, Result, abortWith, noteFailedCall } from "./failure";
import {
  EVENTS_WRITABLE,
  HttpError,
  ResponseHandle,
  _bodyWrite,
  bodyFinish,
} from "./generated";
import { Pending } from "./pending";
import { Response } from "./response";
import { bufferOf } from "./text";
import { Waitable } from "./waitable";

/** Where the host writes a size, which is read before another call is made. */
const SIZE: usize = memory.data(sizeof<usize>(), sizeof<usize>());

/**
 * The body of a request on its way, which {@link RequestBuilder.open} gives.
 *
 * `finish` gives the response, and `close` gives the request up, after which the server sees that it
 * broke off: one of them must be called. Of most functions there are two: `tryX` gives a failure as a
 * value, `x` aborts the module.
 */
export class BodyWriter extends Waitable {
  /** Whether the host takes no more, or there is no body. */
  private isClosed: bool;

  /**
   * For requests that {@link RequestBuilder} gives, and others that are made of a handle.
   *
   * @param handle - The handle of the request.
   * @param isEmpty - Whether there is no body.
   * @param hasBody - Whether a `Content-Length` of the response speaks of a body that follows.
   * @param method - The method of the request, for failures to name.
   * @param url - The URL of the request, likewise.
   */
  constructor(
    handle: ResponseHandle,
    isEmpty: bool = false,
    private readonly hasBody: bool = true,
    private readonly method: string = "",
    private readonly url: string = "",
  ) {
    super(handle, EVENTS_WRITABLE);
    this.isClosed = isEmpty;
  }

  /**
   * Writes the next bytes of the body, of the same types as `RequestBuilder.body`. Waits while the
   * server takes nothing and the host holds as much as it may.
   *
   * @returns Whether the bytes were taken. `false` if the body takes no more: the server has answered
   *   before its end, or it has the length already that was announced. `finish` gives the response.
   */
  write<B>(bytes: B): bool {
    const failure = this.writeAll<B>(bytes);
    if (failure !== null) abortWith(failure, "BodyWriter.write");
    return !this.isClosed;
  }

  /** Writes like `write`, and gives a failure as a value. */
  tryWrite<B>(bytes: B): Result<bool> {
    const failure = this.writeAll<B>(bytes);
    return failure !== null ? Result.failed<bool>(failure) : Result.of(!this.isClosed);
  }

  /**
   * Says that the body is whole, and waits for the status and the headers of the response. If the
   * server has answered already, that is the response. A body that is shorter than was announced is
   * `INCOMPLETE_BODY`.
   */
  finish(): Response {
    const failure = this.finishBody();
    if (failure !== null) abortWith(failure, "BodyWriter.finish");
    return this.pending().wait();
  }

  /** Finishes like `finish`, and gives a failure as a value, after which the request is closed. */
  tryFinish(): Result<Response> {
    const failure = this.finishBody();
    return failure !== null ? Result.failed<Response>(failure) : this.pending().tryWait();
  }

  /** Says that the body is whole like `finish`, and does not wait for the response. */
  end(): Pending {
    const failure = this.finishBody();
    if (failure !== null) abortWith(failure, "BodyWriter.end");
    return this.pending();
  }

  /** Ends like `end`, and gives a failure as a value, after which the request is closed. */
  tryEnd(): Result<Pending> {
    const failure = this.finishBody();
    return failure !== null ? Result.failed<Pending>(failure) : Result.of(this.pending());
  }

  private writeAll<B>(bytes: B): Failure | null {
    // What a view shows is written where it is.
    if (idof<B>() == idof<Uint8Array>()) {
      const view = changetype<Uint8Array>(bytes);
      return this.put(view.dataStart, view.byteLength);
    }
    const buffer = bufferOf<B>(bytes);
    return this.put(changetype<usize>(buffer), buffer.byteLength);
  }

  private put(start: usize, length: i32): Failure | null {
    while (length > 0 && !this.isClosed) {
      const error = <HttpError>_bodyWrite(this.handle, start, length, SIZE);
      if (error == HttpError.BODY_CLOSED) {
        noteFailedCall();
        this.isClosed = true;
      } else if (error != HttpError.SUCCESS) {
        return this.failed(error);
      } else {
        const written = load<i32>(SIZE);
        start += written;
        length -= written;
      }
    }
    return null;
  }

  private finishBody(): Failure | null {
    if (this.isClosed) return null;
    this.isClosed = true;
    const error = bodyFinish(this.handle);
    if (error == HttpError.SUCCESS) return null;
    if (error == HttpError.BODY_CLOSED) {
      noteFailedCall();
      return null;
    }
    const failure = this.failed(error);
    this.close();
    return failure;
  }

  private pending(): Pending {
    return new Pending(this.handle, this.hasBody, this.method, this.url);
  }

  /** A failure of the last call of the host. */
  private failed(error: HttpError): Failure {
    return Failure.ofHost(error).inRequest(this.method, this.url);
  }
}

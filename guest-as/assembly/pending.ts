/** A request in progress: waiting for its response, or cancelling it. */

import { Failure, Result, abortWith } from "./failure";
import {
  EVENTS_RESPONSE,
  EVENTS_WRITABLE,
  Events,
  HttpError,
  ResponseHandle,
  _bodyWrite,
  _responseWait,
} from "./generated";
import { Response } from "./response";
import { Waitable } from "./waitable";

/** Where the host writes a status or a size, which is read before another call is made. */
const VALUE: usize = memory.data(sizeof<usize>(), sizeof<usize>());

/**
 * A request on its way, which {@link RequestBuilder.start} gives.
 *
 * `wait` gives the response, and `close` gives the request up: one of them must be called. Of a body
 * that is larger than what the host takes at once, the rest is written while the program waits, for
 * this request or for several with {@link poll}.
 */
export class Pending extends Waitable {
  /** The body, of which the bytes from `sent` on are left; `null` if none are. */
  private unsent: ArrayBuffer | null = null;
  private sent: i32 = 0;

  /**
   * For requests that {@link RequestBuilder} gives, and others that are made of a handle.
   *
   * @param handle - The handle of the request.
   * @param hasBody - Whether a `Content-Length` of the response speaks of a body that follows.
   * @param method - The method of the request, for failures to name.
   * @param url - The URL of the request, likewise.
   */
  constructor(
    handle: ResponseHandle,
    private readonly hasBody: bool = true,
    private readonly method: string = "",
    private readonly url: string = "",
  ) {
    super(handle, EVENTS_RESPONSE);
  }

  /**
   * Waits for the status and the headers of the response.
   *
   * If the request fails this aborts the module with a message.
   */
  wait(): Response {
    const failure = this.finish();
    if (failure !== null) abortWith(failure, "Pending.wait");
    return this.arrived();
  }

  /** Waits like `wait`, and gives a failure as a value, after which the request is closed. */
  tryWait(): Result<Response> {
    const failure = this.finish();
    return failure !== null ? Result.failed<Response>(failure) : Result.of(this.arrived());
  }

  /**
   * What there is to wait for until something can be done.
   *
   * @internal
   */
  get awaited(): Events {
    return this.unsent === null ? EVENTS_RESPONSE : EVENTS_RESPONSE | EVENTS_WRITABLE;
  }

  /**
   * Writes some of a body, and keeps the rest. The host holds nothing yet: it does not wait.
   *
   * @internal
   */
  begin(body: ArrayBuffer): Failure | null {
    if (body.byteLength == 0) return null;
    this.unsent = body;
    return this.sendSome();
  }

  /**
   * Writes some of what is left of the body.
   *
   * @internal
   */
  sendSome(): Failure | null {
    const body = this.unsent;
    if (body === null) return null;
    const start = changetype<usize>(body) + this.sent;
    const error = <HttpError>_bodyWrite(this.handle, start, body.byteLength - this.sent, VALUE);
    if (error == HttpError.SUCCESS) this.sent += load<i32>(VALUE);
    // The server has answered already, and wants no more.
    else if (error == HttpError.BODY_CLOSED) this.sent = body.byteLength;
    else return Failure.ofHost(error).inRequest(this.method, this.url);
    if (this.sent == body.byteLength) this.unsent = null;
    return null;
  }

  /**
   * Writes what is left of the body, and waits for the response, whose status is at `VALUE`.
   *
   * @internal
   */
  finish(): Failure | null {
    let failure: Failure | null = null;
    while (failure === null && this.unsent !== null) failure = this.sendSome();
    if (failure === null) {
      const error = <HttpError>_responseWait(this.handle, VALUE);
      if (error == HttpError.SUCCESS) return null;
      failure = Failure.ofHost(error).inRequest(this.method, this.url);
    }
    this.close();
    return failure;
  }

  /**
   * The status that `finish` has left.
   *
   * @internal
   */
  get status(): u16 {
    return load<u16>(VALUE);
  }

  private arrived(): Response {
    return new Response(this.status, this.handle, this.hasBody, this.method, this.url);
  }
}

/** What `poll` can wait for: the common base of requests, responses and uploads. */

import { EVENTS_RESPONSE, Events, ResponseHandle, close } from "./generated";

/** The length of a body that is sent in chunks, as the host takes it. */
export const CHUNKED: u64 = u64.MAX_VALUE;

/**
 * What {@link poll} waits for: a `Pending` for its response, a `Response` for a byte of its body, a
 * `BodyWriter` for room for one.
 */
export class Waitable {
  /** Whether it was ready when `poll` returned last: what it is waited for does not wait now. */
  ready: bool = false;

  /**
   * @param handle - The handle of the request, and then of its response.
   * @param interest - What is waited for.
   */
  constructor(
    readonly handle: ResponseHandle,
    readonly interest: Events = EVENTS_RESPONSE,
  ) {}

  /**
   * Closes it: a request on its way is given up, and a response is no longer open in the host. What
   * is called afterwards fails with `INVALID_HANDLE`. Closing it again does nothing.
   */
  close(): void {
    // The host has no error for this but that the module has no memory, and here it has one.
    close(this.handle);
  }
}

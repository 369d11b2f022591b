/** Waiting for any of several requests, bodies and uploads. */

import { Failure, Result, abortWith } from "./failure";
import { EVENTS_RESPONSE, EVENTS_WRITABLE, HttpError, Subscription, poll as pollHost } from "./generated";
import { nanoseconds } from "./options";
import { Pending } from "./pending";
import { Waitable } from "./waitable";

/**
 * Waits until one of several is ready, or a time is over.
 *
 * ```ts
 * import { RequestBuilder, Waitable, poll } from "wasi-experimental-http";
 *
 * const events = new RequestBuilder("https://example.com/events").send();
 * const other = new RequestBuilder("https://example.com/other").start();
 * const waits: Waitable[] = [events, other];
 * if (poll(waits, 1000) == 0) console.log("nothing for a second");
 * else if (other.ready) other.wait().close();
 * ```
 *
 * What is ready has `ready` set: a `Pending` if `wait` does not wait any more, a `Response` if there
 * is a byte of its body, its end, or its failure, and a `BodyWriter` if there is room for a byte, or no
 * use in writing one. What failed, or is closed, is ready as well.
 *
 * @param waits - What is waited for.
 * @param timeout - How long, in milliseconds; as long as it takes if it is negative. While the body of
 *   a `Pending` is still being written it begins anew with each piece.
 * @returns How many are ready: 0 if the time is over, or there is nothing to wait for.
 */
export function poll<W extends Waitable>(waits: W[], timeout: i64 = -1): i32 {
  const result = pollAll(changetype<Waitable[]>(waits), timeout);
  if (!result.ok) abortWith(result.error, "poll");
  return result.value;
}

/** Waits like {@link poll}, and gives a failure as a value: the host has none for what it is told here. */
export function tryPoll<W extends Waitable>(waits: W[], timeout: i64 = -1): Result<i32> {
  return pollAll(changetype<Waitable[]>(waits), timeout);
}

/** What `poll` does, once for all types. */
function pollAll(waits: Waitable[], timeout: i64): Result<i32> {
  const length = waits.length;
  for (let i = 0; i < length; i++) waits[i].ready = false;
  if (length == 0) return Result.of(0);
  const limit = nanoseconds(timeout);
  const subscriptions = new StaticArray<u8>(length * <i32>Subscription.SIZE);
  const start = changetype<usize>(subscriptions);
  const subscription = new Subscription();
  while (true) {
    for (let i = 0; i < length; i++) {
      const wait = waits[i];
      subscription.handle = wait.handle;
      subscription.interest = wait instanceof Pending ? (wait as Pending).awaited : wait.interest;
      subscription.write(start + <usize>i * Subscription.SIZE);
    }
    const result = pollHost(start, length, limit);
    if (result.error != HttpError.SUCCESS) return Result.failed<i32>(Failure.ofHost(result.error));
    if (result.size == 0) return Result.of(0);
    let ready = 0;
    for (let i = 0; i < length; i++) {
      const wait = waits[i];
      const found = Subscription.read(start + <usize>i * Subscription.SIZE).ready;
      wait.ready = (found & wait.interest) != 0;
      if (!wait.ready && (found & EVENTS_WRITABLE) != 0 && wait instanceof Pending) {
        // A failure of writing is one of waiting, which tries again.
        wait.ready = (wait as Pending).sendSome() !== null;
      }
      if (wait.ready) ready++;
    }
    if (ready > 0) return Result.of(ready);
  }
}

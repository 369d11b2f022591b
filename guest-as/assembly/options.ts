/** Limits that a request sets for itself, lower than the host's. */

import { OptionKey, RequestOption } from "./generated";

/** How many options there are. */
const COUNT: i32 = 6;

const NANOSECONDS_PER_MILLISECOND: i64 = 1_000_000;

/** A time in milliseconds as the host takes it; a negative one is as long as can be. */
export function nanoseconds(milliseconds: i64): u64 {
  const most = i64.MAX_VALUE / NANOSECONDS_PER_MILLISECOND;
  if (milliseconds < 0 || milliseconds > most) return u64.MAX_VALUE;
  return <u64>(milliseconds * NANOSECONDS_PER_MILLISECOND);
}

/**
 * What a request may use less of than the host allows. A {@link RequestBuilder} has a method for
 * each.
 */
export class RequestOptions {
  /** How many are set. */
  length: i32 = 0;
  private list: StaticArray<u8> = new StaticArray<u8>(COUNT * <i32>RequestOption.SIZE);

  /** Where they are in memory, as the host takes them. */
  get start(): usize {
    return changetype<usize>(this.list);
  }

  /** Sets an option, in place of what was set before. */
  set(key: OptionKey, value: u64): void {
    let index = 0;
    while (index < this.length && RequestOption.read(this.at(index)).key != key) index++;
    assert(index < COUNT);
    new RequestOption(key, value).write(this.at(index));
    if (index == this.length) this.length++;
  }

  private at(index: i32): usize {
    return this.start + <usize>index * RequestOption.SIZE;
  }
}

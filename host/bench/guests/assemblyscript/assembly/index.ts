/**
 * A guest that `cargo xtask bench` measures: loops over requests, as a program would write them.
 *
 * Whoever runs it writes the URL to the `url_buffer` first.
 */

import { Method, RequestBuilder } from "../../../../../guest-as/assembly";

let address = new ArrayBuffer(0);

/** Where a URL of `len` bytes has to be written. */
export function url_buffer(len: u32): usize {
  address = new ArrayBuffer(len);
  return changetype<usize>(address);
}

function url(): string {
  return String.UTF8.decode(address);
}

/** Sends `count` GET requests one after the other and reads their bodies; how many bytes came. */
export function get(count: u32): i64 {
  const target = url();
  let bytes: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const response = new RequestBuilder(target).method(Method.GET).send();
    assert(response.status == 200);
    bytes += response.bodyReadAll().length;
    response.close();
  }
  return bytes;
}

/** Reads one body in pieces of `size` bytes; how many bytes came. */
export function download(size: u32): i64 {
  const response = new RequestBuilder(url()).method(Method.GET).send();
  const buffer = new ArrayBuffer(size);
  let bytes: i64 = 0;
  while (true) {
    const count = response.bodyRead(buffer);
    if (count == 0) break;
    bytes += count;
  }
  response.close();
  return bytes;
}

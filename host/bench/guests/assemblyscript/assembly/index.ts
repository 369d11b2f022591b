/**
 * A guest that `cargo xtask bench` measures: loops over requests, as a program would write them.
 *
 * `HTTP_URL` is the URL.
 */

import { Method, RequestBuilder } from "../../../../../guest-as/assembly";

function url(): string {
  return process.env.has("HTTP_URL") ? process.env.get("HTTP_URL") : "";
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

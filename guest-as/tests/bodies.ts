// Reads a body from the host that `bodies.test.mjs` plays.

import { Response } from "../index";

/** The length of the whole body, or the code of the failure, negative. */
export function read(max: i32): i32 {
  const result = new Response(200, 1).tryBodyReadAll(max < 0 ? i32.MAX_VALUE : max);
  if (!result.ok) return -(<i32>result.error.code);
  const body = result.value;
  assert(body.buffer.byteLength == body.length);
  for (let i = 0; i < body.length; i++) assert(body[i] == <u8>i);
  return body.length;
}

// Reads bodies from the host that `bodies.test.mjs` plays.

import { Response } from "../index";

/** The length of the whole body, or the code of the failure, negative. */
export function read(max: i32): i32 {
  const result = new Response(200, 1).tryBodyReadAll(max < 0 ? i32.MAX_VALUE : max);
  if (!result.ok) return -(<i32>result.error.code);
  return checked(result.value);
}

/** Bodies that are still in use while others are read. */
const kept: Uint8Array[] = [];

/** Reads a body like `read`, and keeps it in one of some places. */
export function keep(place: i32): i32 {
  while (kept.length <= place) kept.push(new Uint8Array(0));
  kept[place] = new Response(200, 1).bodyReadAll();
  return checked(kept[place]);
}

/** How many bytes those in use have, if they are as they were read. */
export function check(): i32 {
  let length = 0;
  for (let i = 0; i < kept.length; i++) length += checked(kept[i]);
  return length;
}

/** Leaves objects of this size behind that nothing uses. */
export function litter(count: i32, size: i32): void {
  for (let i = 0; i < count; i++) new Uint8Array(size).fill(0xff);
}

function checked(body: Uint8Array): i32 {
  assert(body.buffer.byteLength == body.length);
  for (let i = 0; i < body.length; i++) assert(body[i] == <u8>i);
  return body.length;
}

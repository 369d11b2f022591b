// Starts requests and writes bodies with the host that `streams.test.mjs` plays.

import { BodyWriter, Failure, Pending, RequestBuilder, Response, Result, Waitable, poll } from "../index";

const URL = "http://a/";

/** The length of what comes back, or the code of the failure, negative; the status must be 200. */
function finished(result: Result<Response>): i32 {
  if (!result.ok) return code(result.error);
  assert(result.value.status == 200);
  const length = result.value.bodyReadAll().length;
  result.value.close();
  return length;
}

function code(failure: Failure): i32 {
  return -(<i32>failure.code);
}

/** Bytes that are each their offset modulo 256. */
function bytes(length: i32): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = <u8>i;
  return bytes;
}

/** Starts a request with a body of this length. */
export function start(length: i32): i32 {
  const result = new RequestBuilder(URL).body(bytes(length)).tryStart();
  return result.ok ? finished(result.value.tryWait()) : code(result.error);
}

/** Sends one with options. */
export function send_with_options(): i32 {
  return finished(
    new RequestBuilder(URL)
      .timeout(5)
      .connectTimeout(6)
      .responseTimeout(7)
      .readTimeout(-1)
      .maxRedirects(3)
      .maxResponseBody(1 << 40)
      // The last one counts.
      .maxRedirects(0)
      .body("text")
      .trySend(),
  );
}

/** Writes a body of this length in pieces, with that announced, or in chunks if it is negative. */
export function upload(length: i32, announced: i32): i32 {
  return written(new RequestBuilder(URL).open(announced), length);
}

/** Writes a body of this length in pieces, with a header that announces it. */
export function upload_with_header(length: i32): i32 {
  const builder = new RequestBuilder(URL).header("content-length", length.toString());
  return written(builder.open(), length);
}

function written(writer: BodyWriter, length: i32): i32 {
  const body = bytes(length);
  for (let at = 0; at < length; at += 100) {
    const result = writer.tryWrite(body.subarray(at, min(at + 100, length)));
    if (!result.ok) return code(result.error);
    if (!result.value) break;
  }
  return finished(writer.tryFinish());
}

/** Writes each type of body. */
export function upload_of_four_types(): i32 {
  const writer = new RequestBuilder(URL).open();
  const fixed: StaticArray<u8> = [0, 1];
  assert(writer.write("ü") && writer.write(bytes(3)) && writer.write(bytes(4).buffer));
  assert(writer.write(fixed));
  return finished(writer.tryEnd().value.tryWait());
}

/** Waits for three requests, one of which has a large body; gives which was first. */
export function select(): i32 {
  const waiting: Pending[] = [];
  for (let i = 0; i < 3; i++) {
    waiting.push(new RequestBuilder(URL).body(bytes(i == 1 ? 2000 : 0)).start());
  }
  const count = poll(waiting, 1000);
  let first = -1;
  for (let i = 0; i < 3; i++) {
    if (first < 0 && waiting[i].ready) first = i;
    waiting[i].close();
  }
  return count == 0 ? -1 : first;
}

/** Waits for things of each kind; gives which were ready, a bit for each. */
export function poll_each_kind(): i32 {
  const pending = new RequestBuilder(URL).start();
  const response = new RequestBuilder(URL).start().wait();
  const writer = new RequestBuilder(URL).open();
  const waits: Waitable[] = [pending, response, writer];
  const count = poll(waits);
  const bits = (pending.ready ? 1 : 0) | (response.ready ? 2 : 0) | (writer.ready ? 4 : 0);
  assert(count == popcnt(bits));
  const none: Waitable[] = [];
  assert(poll(none) == 0);
  return bits;
}

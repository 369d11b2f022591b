// What the package does by itself: headers as text, and errors. `unit.test.mjs` runs each exported
// function; `assert` aborts the module. What needs a host is tested in `host/tests/e2e`.

import { Failure, Headers, HttpError, Method, Reason, Request, RequestBuilder, Result } from "../index";

/** The bytes of which each character is one. */
function bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = <u8>text.charCodeAt(i);
  return bytes;
}

function parsed(text: string): Headers {
  const headers = Headers.parse(bytes(text));
  assert(headers !== null, text);
  return headers!;
}

function assertBytes(found: Uint8Array, expected: string): void {
  assert(found.length == expected.length, expected);
  for (let i = 0; i < found.length; i++) assert(found[i] == expected.charCodeAt(i), expected);
}

function assertText(found: string | null, expected: string): void {
  assert(found !== null && found == expected, found === null ? "null" : found);
}

export function headers_are_found_by_name_in_any_case(): void {
  const headers = parsed("set-cookie:a=1\ncontent-type:text/plain\nset-cookie:b=2:3\nx-empty:\n");
  assert(headers.length == 4);
  assertText(headers.get("Set-Cookie"), "a=1");
  assertText(headers.getAll("SET-COOKIE").join(" "), "a=1 b=2:3");
  assertText(headers.get("x-empty"), "");
  assert(headers.has("Content-Type") && !headers.has("content"));
  assert(headers.get("x-none") === null && headers.getAll("x-none").length == 0);
  assertText(headers.nameAt(2), "set-cookie");
  assertText(headers.valueAt(2), "b=2:3");
}

export function headers_are_edited_by_name(): void {
  const headers = new Headers();
  headers.append("A", "1").append("b", "2").append("a", "3").append("c", "4");
  assertText(headers.toString(), "A:1\nb:2\na:3\nc:4\n");
  headers.delete("a");
  assertText(headers.toString(), "b:2\nc:4\n");
  headers.set("B", "5").set("d", "6");
  assertText(headers.toString(), "c:4\nB:5\nd:6\n");
  assertText(new Headers().toString(), "");
}

export function values_keep_their_bytes(): void {
  const headers = parsed("x-utf8:gr\xc3\xbc\xc3\x9f\nx-latin:caf\xe9\nx-ascii:a\n");
  assertText(headers.get("x-utf8"), "grüß");
  assertText(headers.get("x-latin"), "café");
  assertBytes(headers.bytesAt(0), "gr\xc3\xbc\xc3\x9f");
  assertBytes(headers.bytesAt(1), "caf\xe9");
  assertBytes(headers.bytesAt(2), "a");
  // Those of a request are sent as UTF-8.
  assertBytes(new Headers().append("a", "é").bytesAt(0), "\xc3\xa9");
}

export function bytes_that_only_look_like_utf8_are_latin(): void {
  // A lone continuation, an overlong form, a surrogate, a cut-off sequence, one beyond Unicode.
  const values = ["\x80", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80"];
  for (let i = 0; i < values.length; i++) {
    assertText(parsed("x:" + values[i] + "\n").valueAt(0), values[i]);
  }
  // The first and the last of each length.
  const utf8 = [
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbf",
  ];
  const characters = ["\u{80}", "\u{7ff}", "\u{800}", "\u{ffff}", "\u{10000}", "\u{10ffff}"];
  for (let i = 0; i < utf8.length; i++) {
    assertText(parsed("x:" + utf8[i]).valueAt(0), characters[i]);
  }
}

export function a_line_that_is_no_header_is_noticed(): void {
  const texts = ["no colon\n", ":no name\n", "a:1\nno colon\n", "a:1\n:2"];
  for (let i = 0; i < texts.length; i++) assert(Headers.parse(bytes(texts[i])) === null, texts[i]);
  assert(parsed("").length == 0);
}

export function headers_that_would_read_as_others_are_noticed(): void {
  const bad = ["a\nb", "a\rb", "a:b", ""];
  for (let i = 0; i < bad.length; i++) {
    const headers = new Headers().append("good", "1").append(bad[i], "1");
    assert(headers.findUnsendable() == 1, bad[i]);
  }
  assert(new Headers().append("a", "1\nb:2").findUnsendable() == 0);
  assert(new Headers().append("a", "1\r").findUnsendable() == 0);
  assert(new Headers().append("a", "1:2").append("b", "").findUnsendable() == -1);
}

export function a_builder_builds_the_request_that_it_would_send(): void {
  const body = String.UTF8.encode("text");
  const request: Request = new RequestBuilder("http://a/")
    .method(Method.PUT)
    .header("a", "1")
    .body(body)
    .build();
  assertText(request.url, "http://a/");
  assertText(request.methodName, "PUT");
  assertText(request.headers.toString(), "a:1\n");
  assert(request.body === body);
  assertText(new RequestBuilder("http://a/").build().methodName, "GET");
  assertText(new RequestBuilder("http://a/").methodName("PURGE").build().methodName, "PURGE");
}

export function what_a_request_sends_may_have_four_types(): void {
  const bytes = new Uint8Array(4);
  bytes.set([0x61, 0x62, 0x63, 0x64]);
  const fixed: StaticArray<u8> = [0x61, 0x62, 0x63];
  const bodies = [
    new RequestBuilder("http://a/").body("abc").build().body,
    new RequestBuilder("http://a/").body(String.UTF8.encode("abc")).build().body,
    new RequestBuilder("http://a/").body(bytes.subarray(0, 3)).build().body,
    new RequestBuilder("http://a/").body(fixed).build().body,
  ];
  for (let i = 0; i < bodies.length; i++) assertText(String.UTF8.decode(bodies[i]), "abc");
  const view = new RequestBuilder("http://a/").body(bytes.subarray(1, 3)).build().body;
  assertText(String.UTF8.decode(view), "bc");
  assert(new RequestBuilder("http://a/").body(bytes).build().body === bytes.buffer);
  assertText(String.UTF8.decode(new RequestBuilder("http://a/").body("grüß").build().body), "grüß");
}

/** What UTF-8 has no bytes for is not sent as bytes that are no UTF-8. */
export function half_of_a_character_is_replaced(): void {
  const half = "a" + String.fromCharCode(0xd800) + "b";
  const sent = Uint8Array.wrap(new RequestBuilder("http://a/").body(half).build().body);
  const expected: u8[] = [0x61, 0xef, 0xbf, 0xbd, 0x62];
  assert(sent.length == expected.length);
  for (let i = 0; i < expected.length; i++) assert(sent[i] == expected[i]);
}

/** What the test's host says of each failure. */
const EXPLANATION = "http://a/b: the reason";

export function a_failure_says_what_is_wrong(): void {
  const failure = Failure.ofHost(HttpError.INVALID_HANDLE);
  assertText(failure.name, "invalid_handle");
  assertText(failure.message, EXPLANATION);
  assert(failure.reason == Reason.MISUSE);
  assertText(failure.toString(), "invalid_handle (1): " + EXPLANATION);
}

export function a_failure_names_the_request_and_no_secret(): void {
  const said = (url: string): string =>
    new Failure(HttpError.TIMEOUT, "late").inRequest("PUT", url).toString();
  const urls = [
    "http://a/b",
    "http://a/b?c=d#e",
    "http://a/b#e?c",
    "http://me:secret@a/b",
    "http://me@x:secret@a/b?@",
  ];
  for (let i = 0; i < urls.length; i++) {
    assertText(said(urls[i]), "timeout (14): PUT http://a/b: late");
  }
  assertText(said("http://a/@b"), "timeout (14): PUT http://a/@b: late");
  assertText(said("http://me@a"), "timeout (14): PUT http://a: late");
  assertText(said("no url"), "timeout (14): PUT no url: late");
  // The host's message has the URL already.
  const failure = Failure.ofHost(HttpError.TIMEOUT).inRequest("GET", "http://a/b?c");
  assertText(failure.toString(), "timeout (14): GET " + EXPLANATION);
}

export function only_the_last_failure_is_explained_by_the_host(): void {
  const first = Failure.ofHost(HttpError.TIMEOUT);
  const second = Failure.ofHost(HttpError.TIMEOUT);
  assert(first.reason == Reason.NONE && first.message != EXPLANATION);
  assert(first.message.length > 0);
  assert(second.reason == Reason.MISUSE);
  // What was read once stays.
  Failure.ofHost(HttpError.TIMEOUT);
  assertText(second.message, EXPLANATION);
  // What the package notices is its own.
  const own = new Failure(HttpError.TIMEOUT, "own");
  assert(own.reason == Reason.NONE);
  assertText(own.message, "own");
  // One of a host that is newer.
  const unknown = Failure.ofHost(<HttpError>99);
  Failure.ofHost(HttpError.TIMEOUT);
  assertText(unknown.toString(), "unknown (99): unknown error");
}

export function a_result_is_a_value_or_a_failure(): void {
  const value = Result.of<string>("a");
  assert(value.ok && value.value == "a");
  const failure = Failure.ofHost(HttpError.TIMEOUT);
  const failed = Result.failed<string>(failure);
  assert(!failed.ok && failed.error === failure);
}

export function a_request_has_a_method_as_it_had_in_version_0_10(): void {
  const request = new Request("http://a/");
  assert(request.method == Method.GET);
  const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
  for (let i = 0; i < methods.length; i++) {
    request.method = <Method>i;
    assertText(request.methodName, methods[i]);
    assert(request.method == <Method>i);
  }
  request.methodName = "PURGE";
  assert(request.method == <Method>-1);
}

// What the package does, seen from inside a module. `package.test.mjs` runs each exported function
// over a mock host, whose servers it describes; `assert` aborts the module.

import {
  Headers,
  HttpError,
  Method,
  Request,
  RequestBuilder,
  StatusCode,
  tryRequest,
} from "../index";

function pattern(len: i32): Uint8Array {
  const bytes = new Uint8Array(len);
  for (let i = 0; i < len; i++) bytes[i] = <u8>(i % 251);
  return bytes;
}

function assertSame(a: Uint8Array, b: Uint8Array): void {
  assert(a.length == b.length);
  assert(memory.compare(a.dataStart, b.dataStart, a.length) == 0);
}

function assertText(text: string | null, expected: string): void {
  assert(text !== null && text == expected, text === null ? "null" : text);
}

export function readme_program(): void {
  const url = "mock:echo";
  let res = new RequestBuilder(url).header("Content-Type", "text/plain").method(Method.POST)
    .body(String.UTF8.encode("testing the body")).send();
  console.log(res.status.toString());
  console.log(String.UTF8.decode(res.bodyReadAll().buffer));
  assert(res.status == StatusCode.OK);
  res.close();
}

export function every_method_goes_out_by_its_name(): void {
  const methods = [
    Method.GET,
    Method.HEAD,
    Method.POST,
    Method.PUT,
    Method.DELETE,
    Method.CONNECT,
    Method.OPTIONS,
    Method.TRACE,
    Method.PATCH,
  ];
  let sent = "";
  for (let i = 0; i < methods.length; i++) {
    const res = new RequestBuilder("mock:echo").method(methods[i]).send();
    sent += res.headerGet("x-method") + " ";
    res.close();
  }
  assertText(sent, "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ");
  assertText(
    new RequestBuilder("mock:echo").methodName("PURGE").send().headerGet("X-Method"),
    "PURGE",
  );
}

export function request_headers_keep_order_repeats_and_colons(): void {
  const res = new RequestBuilder("mock:echo")
    .header("A", "1")
    .header("Time", "12:30:45")
    .header("a", "2")
    .header("Empty", "")
    .header("Greeting", "grüß 𝄞")
    .send();
  assertText(res.headerGet("x-headers"), "A:1|Time:12:30:45|a:2|Empty:|Greeting:grüß 𝄞|");
}

export function headers_that_would_read_as_others_are_not_sent(): void {
  const bad = ["a\nb", "a\rb", "a:b", ""];
  for (let i = 0; i < bad.length; i++) {
    const result = new RequestBuilder("mock:echo").header(bad[i], "1").trySend();
    assert(!result.ok && result.error.code == HttpError.INVALID_ENCODING, bad[i]);
  }
  const result = new RequestBuilder("mock:echo").header("a", "1\nb:2").trySend();
  assert(!result.ok && result.error.code == HttpError.INVALID_ENCODING);
  assertText(result.error.name, "invalid_encoding");
}

export function a_request_is_also_an_object(): void {
  const request = new Request("mock:echo", Method.PUT);
  request.headers.set("a", "1").set("A", "2");
  request.body = String.UTF8.encode("text");
  const result = tryRequest(request);
  assert(result.ok);
  assertText(result.value.headerGet("x-method"), "PUT");
  assertText(result.value.headerGet("x-headers"), "A:2|");
  assertText(String.UTF8.decode(result.value.bodyReadAll().buffer), "text");
}

export function bodies_are_read_whole_whatever_is_announced(): void {
  const lengths = [0, 1, 31, 32, 33, 4095, 4096, 4097, 100_000, 5_000_000];
  const claims = ["", "0", "1", "4000", "100000", "5000000", "99999999999999999999", "nonsense"];
  for (let i = 0; i < lengths.length; i++) {
    const expected = pattern(lengths[i]);
    for (let j = 0; j < claims.length; j++) {
      const url = "mock:body/" + lengths[i].toString() + "/" + claims[j];
      const res = new RequestBuilder(url).send();
      const body = res.bodyReadAll();
      assertSame(body, expected);
      // The buffer has nothing but the body.
      assert(body.buffer.byteLength == lengths[i] && body.byteOffset == 0);
      // The end stays the end.
      assert(res.bodyReadAll().length == 0);
      res.close();
    }
  }
}

export function an_announced_body_takes_two_reads(): void {
  const res = new RequestBuilder("mock:body/100000/100000").send();
  assertSame(res.bodyReadAll(), pattern(100_000));
}

export function bodies_are_read_in_pieces(): void {
  const res = new RequestBuilder("mock:body/10000/").send();
  const piece = new ArrayBuffer(4096);
  assert(res.bodyRead(new ArrayBuffer(0)) == 0);
  let expected = 10_000;
  while (true) {
    const read = res.bodyRead(piece);
    assert(read == min(expected, 4096));
    if (read == 0) break;
    expected -= read;
  }
}

export function responses_without_a_body_reserve_nothing(): void {
  const pages = memory.size();
  const head = new RequestBuilder("mock:body/0/4000000").method(Method.HEAD).send();
  assert(head.bodyReadAll().length == 0);
  assert(new RequestBuilder("mock:status/204").send().bodyReadAll().length == 0);
  assert(new RequestBuilder("mock:status/304").send().bodyReadAll().length == 0);
  assert(memory.size() == pages);
}

export function a_lie_about_the_length_reserves_only_so_much(): void {
  const pages = memory.size();
  assert(new RequestBuilder("mock:body/10/999999999999").send().bodyReadAll().length == 10);
  // 4 MiB, and what the memory manager adds.
  assert(memory.size() - pages < 2 * 64);
}

export function a_body_that_breaks_off_is_a_failure(): void {
  const res = new RequestBuilder("mock:break").send();
  const result = res.tryBodyReadAll();
  assert(!result.ok && result.error.code == HttpError.INCOMPLETE_BODY);
  const again = res.tryBodyRead(new ArrayBuffer(10));
  assert(!again.ok && again.error.code == HttpError.INCOMPLETE_BODY);
}

export function header_values_of_any_size_up_to_the_limit(): void {
  const lengths = [0, 1, 1023, 1024, 1025, 4096, 4097, 61_440, 1_000_000];
  for (let i = 0; i < lengths.length; i++) {
    const res = new RequestBuilder("mock:header/" + lengths[i].toString()).send();
    assert(res.headerGet("X-Large").length == lengths[i]);
    assert(res.headersGetAll().getAll("x-large")[0].length == lengths[i]);
  }
  const res = new RequestBuilder("mock:header/1048577").send();
  const one = res.tryHeaderGet("x-large");
  assert(!one.ok && one.error.code == HttpError.BUFFER_TOO_SMALL);
  assert(one.error.message.includes("1048576"));
  const all = res.tryHeadersGetAll();
  assert(!all.ok && all.error.code == HttpError.BUFFER_TOO_SMALL);
}

export function response_headers_keep_repeats_colons_and_bytes(): void {
  const res = new RequestBuilder("mock:headers").send();
  const headers = res.headersGetAll();
  assert(headers.length == 7);
  assertText(headers.get("Set-Cookie"), "a=1");
  assertText(headers.getAll("SET-COOKIE").join(" "), "a=1 b=2:3");
  assertText(headers.get("x-empty"), "");
  assertText(headers.get("x-utf8"), "grüß");
  assertText(headers.get("x-latin"), "café");
  assertText(headers.nameAt(5), "x-latin");
  assertText(headers.valueAt(6), "last");
  assert(headers.get("x-none") === null && !headers.has("x-none"));
  assert(headers.getAll("x-none").length == 0);
  const latin: u8[] = [0x63, 0x61, 0x66, 0xe9];
  const utf8: u8[] = [0x67, 0x72, 0xc3, 0xbc, 0xc3, 0x9f];
  assertSame(headers.bytesAt(5), view(latin));
  assertSame(headers.bytesAt(4), view(utf8));
  assertSame(res.tryHeaderBytes("x-latin").value, view(latin));
  assertText(res.headerGet("x-latin"), "café");
  assertText(res.headerGet("set-cookie"), "a=1");
  assertText(res.headerGet("x-none"), "");
  const none = res.tryHeaderGet("x-none");
  assert(!none.ok && none.error.code == HttpError.HEADER_NOT_FOUND);
}

function view(bytes: u8[]): Uint8Array {
  const view = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) view[i] = bytes[i];
  return view;
}

export function bytes_that_only_look_like_utf8_are_latin(): void {
  // Each is a value of its own: a lone continuation, an overlong form, a surrogate, a cut-off
  // sequence, one beyond Unicode, and for comparison the last character of Unicode.
  const headers = new RequestBuilder("mock:almost-utf8").send().headersGetAll();
  assertText(headers.valueAt(0), "\x80");
  assertText(headers.valueAt(1), "\xc0\xaf");
  assertText(headers.valueAt(2), "\xed\xa0\x80");
  assertText(headers.valueAt(3), "\xe2\x82");
  assertText(headers.valueAt(4), "\xf4\x90\x80\x80");
  assertText(headers.valueAt(5), "\u{10ffff}");
}

export function a_line_that_is_no_header_is_a_failure(): void {
  const result = new RequestBuilder("mock:bad-headers").send().tryHeadersGetAll();
  assert(!result.ok && result.error.code == HttpError.RUNTIME_ERROR);
}

export function headers_are_edited_by_name(): void {
  const headers = new Headers();
  headers.append("A", "1").append("b", "2").append("a", "3").append("c", "4");
  assert(headers.length == 4);
  headers.delete("a");
  assertText(headers.toString(), "b:2\nc:4\n");
  headers.set("B", "5");
  assertText(headers.toString(), "c:4\nB:5\n");
}

export function every_error_of_the_host_is_a_value(): void {
  for (let code = 1; code < 100; code++) {
    const result = new RequestBuilder("mock:error/" + code.toString()).trySend();
    assert(!result.ok);
    assert(<i32>result.error.code == code);
    assert(result.error.message.length > 0);
  }
  const result = new RequestBuilder("mock:error/7").trySend();
  assertText(result.error.name, "destination_not_allowed");
  assert(result.error.toString().startsWith("destination_not_allowed (7): "));
}

export function a_closed_response_is_an_invalid_handle(): void {
  const res = new RequestBuilder("mock:echo").send();
  res.close();
  res.close();
  const body = res.tryBodyReadAll();
  assert(!body.ok && body.error.code == HttpError.INVALID_HANDLE);
  const header = res.tryHeaderGet("a");
  assert(!header.ok && header.error.code == HttpError.INVALID_HANDLE);
}

/** Aborts. */
export function send_to_a_host_that_is_not_allowed(): void {
  new RequestBuilder("mock:error/7").send();
}

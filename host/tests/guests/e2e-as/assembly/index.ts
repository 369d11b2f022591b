// Makes the request that an instruction describes and prints what comes back. The README beside
// this directory says how.

import {
  BodyWriter,
  Failure,
  HttpError,
  Pending,
  Reason,
  Request,
  RequestBuilder,
  Response,
  Result,
  tryPoll,
  tryRequest,
} from "../../../../../guest-as/assembly";
import * as raw from "../../../../../guest-as/assembly/generated";
import { Instruction, Read } from "./instruction";
import { EMPTY_HASH, Output, fnv1a } from "./print";

export function run(): i32 {
  const instruction = Instruction.fromEnvironment();
  if (instruction === null) return -1;
  let result = 0;
  for (let i: u32 = 0; i < instruction.repeat; i++) {
    result = runOnce(instruction);
  }
  return result;
}

export function explain(): i32 {
  const instruction = Instruction.fromEnvironment();
  if (instruction === null) return -1;
  const result = send(instruction);
  if (result.ok) {
    const response = result.value;
    console.log("url " + response.url());
    console.log("version " + response.version());
    console.log("redirects " + response.redirects().toString());
    console.log("peer " + (response.peer().length > 0 ? "true" : "false"));
    response.close();
    return 0;
  }
  const failure = result.error;
  console.log("reason " + (<i32>failure.reason).toString());
  console.log("message " + failure.message);
  // The host explains the last failure only.
  const earlier = send(instruction).error;
  const other = tryRequest(new Request(""));
  console.log("later " + (earlier.reason == Reason.NONE && !other.ok ? "true" : "false"));
  return failure.code as i32;
}

export function response_open(): i32 {
  const instruction = Instruction.fromEnvironment();
  if (instruction === null) return -1;
  const result = send(instruction);
  // Left open, for the other functions.
  return result.ok ? result.value.handle : -(result.error.code as i32);
}

export function response_read(handle: u32): i32 {
  const result = raw.bodyRead(handle, new Uint8Array(1));
  return signed(result.error, result.size);
}

export function response_header(handle: u32): i32 {
  const result = raw.headerGet(handle, "content-type", new Uint8Array(1024));
  return signed(result.error, result.size);
}

export function response_close(handle: u32): i32 {
  return signed(raw.close(handle), 0);
}

function signed(error: HttpError, size: usize): i32 {
  return error == HttpError.SUCCESS ? <i32>size : -(error as i32);
}

function runOnce(instruction: Instruction): i32 {
  const output = new Output();
  if (instruction.hold > 0) {
    const held: Response[] = [];
    for (let i: u32 = 0; i < instruction.hold; i++) {
      const result = send(instruction);
      if (!result.ok) {
        printError(instruction, output, result.error);
        break;
      }
      output.text("held ").text(result.value.status.toString()).line();
      held.push(result.value);
    }
    for (let i = 0; i < held.length; i++) held[i].close();
  }
  let failure: Failure | null = readUnclosed(instruction, output);
  if (failure !== null) {
    printError(instruction, output, failure);
    return failure.code as i32;
  }
  if (instruction.also.length > 0 || instruction.wait >= 0) {
    failure = sideBySide(instruction, output);
    if (failure === null) return 0;
    printError(instruction, output, failure);
    return failure.code as i32;
  }
  const result = send(instruction);
  if (result.ok) {
    failure = report(instruction, result.value, output);
    result.value.close();
  } else {
    failure = result.error;
  }
  if (failure === null) return 0;
  printError(instruction, output, failure);
  return failure.code as i32;
}

/** Reads responses to the end of their bodies, closes none, and looks at their headers. */
function readUnclosed(instruction: Instruction, output: Output): Failure | null {
  const unclosed: Response[] = [];
  for (let i: u32 = 0; i < instruction.unclosed; i++) {
    const result = send(instruction);
    if (!result.ok) return result.error;
    unclosed.push(result.value);
    const body = result.value.tryBodyReadAll();
    if (!body.ok) return body.error;
  }
  for (let i = 0; i < unclosed.length; i++) {
    const headers = unclosed[i].tryHeadersGetAll();
    if (!headers.ok) return headers.error;
  }
  if (unclosed.length > 0) output.text("unclosed ").text(unclosed.length.toString()).line();
  for (let i = 0; i < unclosed.length; i++) unclosed[i].close();
  return null;
}

function send(instruction: Instruction): Result<Response> {
  const builder = builderOf(instruction, instruction.url);
  if (instruction.upload >= 0) {
    const opened = builder.tryOpen(instruction.length);
    if (!opened.ok) return Result.failed<Response>(opened.error);
    return upload(instruction.upload, opened.value);
  }
  if (instruction.start) {
    const started = builder.tryStart();
    return started.ok ? started.value.tryWait() : Result.failed<Response>(started.error);
  }
  return builder.trySend();
}

function builderOf(instruction: Instruction, url: string): RequestBuilder {
  const builder = new RequestBuilder(url).methodName(instruction.method).body(instruction.body);
  const headers = instruction.headers;
  for (let i = 0; i < headers.length; i++) builder.header(headers.nameAt(i), headers.valueAt(i));
  for (let i = 0; i < instruction.options.length; i++) instruction.options[i].set(builder);
  return builder;
}

/**
 * Writes a body of this size, whose bytes are each their offset modulo 251, as far as the host takes
 * it.
 */
function upload(size: i64, writer: BodyWriter): Result<Response> {
  // Room for a whole pattern beyond a piece, so that each begins where the last has ended.
  const most: i64 = 64 * 1024;
  const pattern = new Uint8Array(<i32>most + 251);
  for (let i = 0; i < pattern.length; i++) pattern[i] = <u8>(i % 251);
  let sent: i64 = 0;
  while (sent < size) {
    const length = min(size - sent, most);
    const start = <i32>(sent % 251);
    const result = writer.tryWrite(pattern.subarray(start, start + <i32>length));
    if (!result.ok) return Result.failed<Response>(result.error);
    if (!result.value) {
      console.log("refused");
      return writer.tryFinish();
    }
    sent += length;
  }
  console.log("uploaded " + sent.toString());
  return writer.tryFinish();
}

/** Gets the URL and the others, and prints what comes. */
function sideBySide(instruction: Instruction, output: Output): Failure | null {
  const urls = [instruction.url].concat(instruction.also);
  const pending: Pending[] = [];
  const indices: i32[] = [];
  const isTimed = instruction.wait >= 0;
  let started = 0;
  while (started < urls.length || pending.length > 0) {
    while (started < urls.length && (isTimed || pending.length < instruction.most)) {
      const result = builderOf(instruction, urls[started]).tryStart();
      const index = started++;
      if (!result.ok) {
        answer(index, Result.failed<Response>(result.error), output);
        continue;
      }
      pending.push(result.value);
      indices.push(index);
    }
    if (pending.length == 0) break;
    let place = 0;
    if (isTimed) {
      const polled = tryPoll(pending.slice(0, 1), instruction.wait);
      if (!polled.ok) return polled.error;
      console.log("polled " + polled.value.toString());
      if (polled.value == 0) {
        pending[0].close();
        pending.splice(0, 1);
        indices.splice(0, 1);
        console.log("closed");
      }
      for (let i = 0; i < pending.length; i++) answer(indices[i], pending[i].tryWait(), output);
      return null;
    }
    const polled = tryPoll(pending);
    if (!polled.ok) return polled.error;
    while (!pending[place].ready) place++;
    answer(indices[place], pending[place].tryWait(), output);
    pending.splice(place, 1);
    indices.splice(place, 1);
  }
  return null;
}

/** Prints the response to one of them. */
function answer(index: i32, result: Result<Response>, output: Output): void {
  output.text("answer ").text(index.toString()).text(" ");
  if (!result.ok) {
    output.text("error ").code(result.error).line();
    return;
  }
  const response = result.value;
  const body = response.tryBodyReadAll();
  response.close();
  if (!body.ok) {
    output.text("error ").code(body.error).line();
    return;
  }
  output.text(response.status.toString()).text(" ").text(body.value.length.toString()).line();
}

function report(instruction: Instruction, response: Response, output: Output): Failure | null {
  output.text("status ").text(response.status.toString()).line();
  if (instruction.printHeaders) {
    const result = response.tryHeadersGetAll();
    if (!result.ok) return result.error;
    const headers = result.value;
    for (let i = 0; i < headers.length; i++) {
      output.text("header ").text(headers.nameAt(i)).text(" ").escaped(headers.bytesAt(i)).line();
    }
  }
  for (let i = 0; i < instruction.lookups.length; i++) {
    const name = instruction.lookups[i];
    const result = response.tryHeaderBytes(name);
    if (result.ok) {
      output.text("header-get ").text(name).text(" ").escaped(result.value).line();
    } else {
      output.text("header-get-error ").text(name).text(" ").code(result.error).line();
    }
  }
  let len: u64 = 0;
  let sum = EMPTY_HASH;
  let kept = new Uint8Array(0);
  if (instruction.read == Read.NONE) return null;
  if (instruction.read == Read.ALL) {
    const result = response.tryBodyReadAll();
    if (!result.ok) return result.error;
    kept = result.value;
    len = kept.length;
    if (instruction.printSum) sum = fnv1a(sum, kept, kept.length);
  } else {
    const piece = new Uint8Array(instruction.buffer);
    while (true) {
      const result = response.tryBodyRead(piece.buffer);
      if (!result.ok) return result.error;
      const read = result.value;
      len += read;
      if (instruction.printSum) sum = fnv1a(sum, piece, read);
      if (instruction.printBody) kept = joined(kept, piece.subarray(0, read));
      if (read == 0 || instruction.read == Read.ONCE) break;
    }
  }
  output.text("body-length ").text(len.toString()).line();
  if (instruction.printSum) {
    output.text("body-sum ").text(sum.toString(16).padStart(16, "0")).line();
  }
  if (instruction.printBody) output.text("body ").escaped(kept).line();
  return null;
}

function printError(instruction: Instruction, output: Output, failure: Failure): void {
  output.text("error ").code(failure).line();
  if (instruction.printMessage) output.text("message ").text(raw.httpErrorMessage(failure.code)).line();
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

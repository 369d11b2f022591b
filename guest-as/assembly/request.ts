/** Building a request and sending it. */

import { Failure, Result, abortWith } from "./failure";
// The imports themselves: a wrapper encodes each text into a buffer of its own, and its result is one
// more object for each request.
import { HttpError, OptionKey, _req, _requestStart } from "./generated";
import { Headers } from "./headers";
import { Method, methodName, methodOf } from "./method";
import { RequestOptions, nanoseconds } from "./options";
import { Pending } from "./pending";
import { Response } from "./response";
import { MAX_UTF8, bufferOf, writeText } from "./text";
import { BodyWriter } from "./upload";
import { CHUNKED } from "./waitable";

/** The text `HEAD` in memory, as an integer: quicker to compare than strings are. */
const HEAD: u64 = 0x0044_0041_0045_0048;

/** Where the host writes the status, which is read before another call can be made. */
const STATUS: usize = memory.data(2, 2);

/** Where the host writes the handle of a response. */
const HANDLE: usize = memory.data(4, 4);

/** An HTTP request. A {@link RequestBuilder} makes and sends one in one expression. */
export class Request {
  /** The method, as it goes on the wire. */
  methodName: string;
  /** What it may use less of than the host allows; a {@link RequestBuilder} has methods for that. */
  options: RequestOptions | null = null;
  /**
   * How it is sent if it has options, which `_req` does not take. A function value, set together
   * with the options: a program without options then does not import what sends them.
   */
  sendWithOptions: ((request: Request) => Failure | null) | null = null;

  /**
   * @param url - The absolute URL, `http` or `https`.
   * @param method - The method; for one that is not standard set `methodName`.
   * @param headers - The headers.
   * @param body - The body. An empty one is none.
   */
  constructor(
    public url: string,
    method: Method = Method.GET,
    public headers: Headers = new Headers(),
    public body: ArrayBuffer = new ArrayBuffer(0),
  ) {
    this.methodName = methodName(method);
  }

  /** The method, or -1 if it is not a standard one. */
  get method(): Method {
    return methodOf(this.methodName);
  }

  set method(method: Method) {
    this.methodName = methodName(method);
  }
}

/**
 * Sends a request, and waits for the status and the headers of its response. Redirects are
 * followed by the host. A status of 400 or more is a response, not a failure.
 *
 * If the request fails this aborts the module with a message; {@link tryRequest} does not.
 */
export function request(req: Request): Response {
  const failure = exchange(req);
  if (failure !== null) abortWith(failure, "request");
  return arrived(req);
}

/** Sends a request like {@link request}, and gives a failure as a value. */
export function tryRequest(request: Request): Result<Response> {
  const failure = exchange(request);
  return failure !== null ? Result.failed<Response>(failure) : Result.of(arrived(request));
}

/** Sends a request; `STATUS` and `HANDLE` have the response, unless this gives a failure. */
function exchange(request: Request): Failure | null {
  const send = request.sendWithOptions;
  if (send !== null) return send(request);
  const unsendable = findUnsendable(request);
  if (unsendable !== null) return unsendable;
  const buffer = encoded(request);
  const texts = Texts.of(buffer);
  const body = request.body;
  const error = <HttpError>_req(
    texts.url,
    texts.urlSize,
    texts.method,
    texts.methodSize,
    texts.headers,
    texts.headersSize,
    changetype<usize>(body),
    body.byteLength,
    STATUS,
    HANDLE,
  );
  return error != HttpError.SUCCESS ? failed(error, request) : null;
}

/** Starts a request whose body has this length; `HANDLE` has it, unless this gives a failure. */
function startExchange(request: Request, bodyLength: u64): Failure | null {
  const unsendable = findUnsendable(request);
  if (unsendable !== null) return unsendable;
  const buffer = encoded(request);
  const texts = Texts.of(buffer);
  const options = request.options;
  const error = <HttpError>_requestStart(
    texts.url,
    texts.urlSize,
    texts.method,
    texts.methodSize,
    texts.headers,
    texts.headersSize,
    options !== null ? options.start : 0,
    options !== null ? <usize>options.length : 0,
    bodyLength,
    HANDLE,
  );
  return error != HttpError.SUCCESS ? failed(error, request) : null;
}

/** Starts a request with its body; `started` has it, unless this gives a failure. */
function start(request: Request): Failure | null {
  const failure = startExchange(request, request.body.byteLength);
  if (failure !== null) return failure;
  const pending = new Pending(load<u32>(HANDLE), !isHead(request), request.methodName, request.url);
  const unsent = pending.begin(request.body);
  if (unsent !== null) {
    pending.close();
    return unsent;
  }
  started = pending;
  return null;
}

/** The request that `start` has left. */
let started: Pending | null = null;

/** Takes the request that `start` has left. */
function takeStarted(): Pending {
  const pending = started!;
  started = null;
  return pending;
}

/** Sends a request with options as `exchange` does one without. */
function exchangeStarted(request: Request): Failure | null {
  let failure = start(request);
  if (failure !== null) return failure;
  const pending = takeStarted();
  failure = pending.finish();
  if (failure !== null) return failure;
  store<u16>(STATUS, pending.status);
  store<u32>(HANDLE, pending.handle);
  return null;
}

/** Says which header cannot be sent, if there is one. */
function findUnsendable(request: Request): Failure | null {
  const headers = request.headers;
  const index = headers.findUnsendable();
  if (index < 0) return null;
  const message = "the header `" + headers.nameAt(index) + "` has a line break, or no proper name";
  return new Failure(HttpError.INVALID_ENCODING, message).inRequest(request.methodName, request.url);
}

/**
 * The texts of a request in memory: the sizes of the URL, the method and the headers in bytes, and
 * then these. One buffer has all: a request is sent often, and each buffer costs.
 */
// @ts-ignore: decorator
@unmanaged
class Texts {
  urlSize: u32 = 0;
  methodSize: u32 = 0;
  headersSize: u32 = 0;

  /** What `encoded` has written to a buffer, which has to be held as long as this is used. */
  static of(buffer: ArrayBuffer): Texts {
    return changetype<Texts>(changetype<usize>(buffer));
  }

  get url(): usize {
    return changetype<usize>(this) + offsetof<Texts>();
  }

  get method(): usize {
    return this.url + this.urlSize;
  }

  get headers(): usize {
    return this.method + this.methodSize;
  }
}

/** Encodes the texts of a request. */
function encoded(request: Request): ArrayBuffer {
  const url = request.url;
  const method = request.methodName;
  const headers = request.headers;
  let units = url.length + method.length;
  for (let i = 0; i < headers.length; i++) {
    units += headers.nameAt(i).length + headers.valueAt(i).length + 2;
  }
  const buffer = new ArrayBuffer(<i32>offsetof<Texts>() + units * MAX_UTF8);
  const texts = Texts.of(buffer);
  const methodStart = writeText(url, texts.url);
  texts.urlSize = <u32>(methodStart - texts.url);
  const headersStart = writeText(method, methodStart);
  texts.methodSize = <u32>(headersStart - methodStart);
  let headersEnd = headersStart;
  for (let i = 0; i < headers.length; i++) {
    headersEnd = writeText(headers.nameAt(i), headersEnd);
    store<u8>(headersEnd++, 0x3a);
    headersEnd = writeText(headers.valueAt(i), headersEnd);
    store<u8>(headersEnd++, 0x0a);
  }
  texts.headersSize = <u32>(headersEnd - headersStart);
  return buffer;
}

/** A failure of the last call of the host. */
function failed(error: HttpError, request: Request): Failure {
  return Failure.ofHost(error).inRequest(request.methodName, request.url);
}

/** The response that `exchange` has left. */
function arrived(request: Request): Response {
  const hasBody = !isHead(request);
  return new Response(load<u16>(STATUS), load<u32>(HANDLE), hasBody, request.methodName, request.url);
}

/** Whether the response has no body whatever its headers say. */
function isHead(request: Request): bool {
  const method = request.methodName;
  return method.length == 4 && load<u64>(changetype<usize>(method)) == HEAD;
}

/**
 * Makes a request step by step and sends it.
 *
 * ```ts
 * let res = new RequestBuilder("https://postman-echo.com/post")
 *   .header("Content-Type", "text/plain")
 *   .method(Method.POST)
 *   .body("testing the body")
 *   .send();
 * console.log(res.status.toString());
 * console.log(res.text());
 * res.close();
 * ```
 */
export class RequestBuilder {
  private request: Request;

  /** @param url - The absolute URL, `http` or `https`. */
  constructor(url: string) {
    this.request = new Request(url);
  }

  /** Sets the method; it is `GET` unless it is set. */
  method(method: Method): RequestBuilder {
    return this.methodName(methodName(method));
  }

  /** Sets a method by its name, which need not be a standard one. Upper and lower case differ. */
  methodName(name: string): RequestBuilder {
    this.request.methodName = name;
    return this;
  }

  /** Adds a header, beside those of the same name that are there already. */
  header(name: string, value: string): RequestBuilder {
    this.request.headers.append(name, value);
    return this;
  }

  /**
   * Sets the body: a `string`, which is sent as UTF-8, an `ArrayBuffer`, a `Uint8Array`, of which
   * what it shows is sent, or a `StaticArray<u8>`.
   */
  body<B>(body: B): RequestBuilder {
    this.request.body = bufferOf(body);
    return this;
  }

  /** Limits the time from the start to the end of the response's body, in milliseconds. */
  timeout(milliseconds: i64): RequestBuilder {
    return this.option(OptionKey.TIMEOUT, nanoseconds(milliseconds));
  }

  /** Limits the time for looking up the name, and then for TCP and TLS together, in milliseconds. */
  connectTimeout(milliseconds: i64): RequestBuilder {
    return this.option(OptionKey.CONNECT_TIMEOUT, nanoseconds(milliseconds));
  }

  /** Limits the time from the end of the request to that of the response's headers, in milliseconds. */
  responseTimeout(milliseconds: i64): RequestBuilder {
    return this.option(OptionKey.RESPONSE_TIMEOUT, nanoseconds(milliseconds));
  }

  /** Limits how long the server may be silent, or take nothing of the request, in milliseconds. */
  readTimeout(milliseconds: i64): RequestBuilder {
    return this.option(OptionKey.READ_TIMEOUT, nanoseconds(milliseconds));
  }

  /** Limits how many redirects are followed. With 0 the response is the redirecting one itself. */
  maxRedirects(count: u32): RequestBuilder {
    return this.option(OptionKey.MAX_REDIRECTS, count);
  }

  /** Limits how many bytes the body of the response may have. */
  maxResponseBody(bytes: u64): RequestBuilder {
    return this.option(OptionKey.MAX_RESPONSE_BODY, bytes);
  }

  /** The request as it is now, without sending it. */
  build(): Request {
    return this.request;
  }

  /**
   * Sends the request, and waits for the status and the headers of its response.
   *
   * If the request fails this aborts the module with a message.
   */
  send(): Response {
    const failure = exchange(this.request);
    if (failure !== null) abortWith(failure, "RequestBuilder.send");
    return arrived(this.request);
  }

  /** Sends the request like `send`, and gives a failure as a value. */
  trySend(): Result<Response> {
    return tryRequest(this.request);
  }

  /**
   * Starts the request, and does not wait for the response: several can be on their way at once.
   *
   * What is found wrong before anything is sent aborts the module with a message. What goes wrong
   * later is a failure of `Pending.wait`.
   */
  start(): Pending {
    const failure = start(this.request);
    if (failure !== null) abortWith(failure, "RequestBuilder.start");
    return takeStarted();
  }

  /** Starts the request like `start`, and gives a failure as a value. */
  tryStart(): Result<Pending> {
    const failure = start(this.request);
    return failure !== null ? Result.failed<Pending>(failure) : Result.of(takeStarted());
  }

  /**
   * Starts the request, whose body is written piece by piece. One that was set by `body` is not sent.
   *
   * What is found wrong before anything is sent aborts the module with a message.
   *
   * @param length - How many bytes the body will have. If it is negative, the number that a header
   *   `Content-Length` says; without one, the body is sent in chunks.
   */
  open(length: i64 = -1): BodyWriter {
    const bodyLength = this.bodyLength(length);
    const failure = startExchange(this.request, bodyLength);
    if (failure !== null) abortWith(failure, "RequestBuilder.open");
    return this.opened(bodyLength);
  }

  /** Starts the request like `open`, and gives a failure as a value. */
  tryOpen(length: i64 = -1): Result<BodyWriter> {
    const bodyLength = this.bodyLength(length);
    const failure = startExchange(this.request, bodyLength);
    return failure !== null ? Result.failed<BodyWriter>(failure) : Result.of(this.opened(bodyLength));
  }

  private bodyLength(length: i64): u64 {
    if (length >= 0) return length;
    const header = this.request.headers.get("Content-Length");
    if (header === null) return CHUNKED;
    const announced = U64.parseInt(header);
    // What is no number is left for the host to refuse.
    return announced.toString() == header.trim() ? announced : CHUNKED;
  }

  private opened(bodyLength: u64): BodyWriter {
    const request = this.request;
    const hasBody = !isHead(request);
    const handle = load<u32>(HANDLE);
    return new BodyWriter(handle, bodyLength == 0, hasBody, request.methodName, request.url);
  }

  private option(key: OptionKey, value: u64): RequestBuilder {
    let options = this.request.options;
    if (options === null) {
      options = new RequestOptions();
      this.request.options = options;
      this.request.sendWithOptions = exchangeStarted;
    }
    options.set(key, value);
    return this;
  }
}

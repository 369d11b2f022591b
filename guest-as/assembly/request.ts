import { Failure, Result, abortWith } from "./failure";
import { HttpError, _req } from "./generated";
import { Headers } from "./headers";
import { Method, methodName, methodOf } from "./method";
import { Response } from "./response";
import { MAX_UTF8, bufferOf, writeText } from "./text";

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
  const headers = request.headers;
  const unsendable = headers.findUnsendable();
  if (unsendable >= 0) {
    const message =
      "the header `" + headers.nameAt(unsendable) + "` has a line break, or no proper name";
    return new Failure(HttpError.INVALID_ENCODING, message).inRequest(request.methodName, request.url);
  }
  const url = request.url;
  const method = request.methodName;
  const body = request.body;
  // One buffer has all texts, one after the other: a request is sent often, and each buffer costs.
  let units = url.length + method.length;
  for (let i = 0; i < headers.length; i++) {
    units += headers.nameAt(i).length + headers.valueAt(i).length + 2;
  }
  const text = new ArrayBuffer(units * MAX_UTF8);
  const urlStart = changetype<usize>(text);
  const methodStart = writeText(url, urlStart);
  const headersStart = writeText(method, methodStart);
  let headersEnd = headersStart;
  for (let i = 0; i < headers.length; i++) {
    headersEnd = writeText(headers.nameAt(i), headersEnd);
    store<u8>(headersEnd++, 0x3a);
    headersEnd = writeText(headers.valueAt(i), headersEnd);
    store<u8>(headersEnd++, 0x0a);
  }
  const error = <HttpError>_req(
    urlStart,
    methodStart - urlStart,
    methodStart,
    headersStart - methodStart,
    headersStart,
    headersEnd - headersStart,
    changetype<usize>(body),
    body.byteLength,
    STATUS,
    HANDLE,
  );
  return error != HttpError.SUCCESS ? Failure.ofHost(error).inRequest(method, url) : null;
}

/** The response that `exchange` has left. */
function arrived(request: Request): Response {
  const method = request.methodName;
  const isHead = method.length == 4 && load<u64>(changetype<usize>(method)) == HEAD;
  return new Response(load<u16>(STATUS), load<u32>(HANDLE), !isHead, method, request.url);
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
}

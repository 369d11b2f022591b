import { Failure, Result } from "./failure";
import { HttpError, req } from "./generated";
import { Headers } from "./headers";
import { Method, methodName } from "./method";
import { Response } from "./response";

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
}

/**
 * Sends a request, and waits for the status and the headers of its response. Redirects are
 * followed by the host. A status of 400 or more is a response, not a failure.
 *
 * If the request fails this aborts the module with a message; {@link tryRequest} does not.
 */
export function request(req: Request): Response {
  return tryRequest(req).value;
}

/** Sends a request like {@link request}, and gives a failure as a value. */
export function tryRequest(request: Request): Result<Response> {
  const headers = request.headers;
  const unsendable = headers.findUnsendable();
  if (unsendable >= 0) {
    const message =
      "the header `" + headers.nameAt(unsendable) + "` has a line break, or no proper name";
    return Result.failed<Response>(new Failure(HttpError.INVALID_ENCODING, message));
  }
  const body = Uint8Array.wrap(request.body);
  const result = req(request.url, request.methodName, headers.toString(), body);
  if (result.error != HttpError.SUCCESS) {
    return Result.failed<Response>(Failure.ofHost(result.error));
  }
  const hasBody = request.methodName != "HEAD";
  return Result.of(new Response(result.statusCode, result.responseHandle, hasBody));
}

/**
 * Makes a request step by step and sends it.
 *
 * ```ts
 * let res = new RequestBuilder("https://postman-echo.com/post")
 *   .header("Content-Type", "text/plain")
 *   .method(Method.POST)
 *   .body(String.UTF8.encode("testing the body"))
 *   .send();
 * console.log(res.status.toString());
 * console.log(String.UTF8.decode(res.bodyReadAll().buffer));
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

  /** Sets the body. */
  body(body: ArrayBuffer): RequestBuilder {
    this.request.body = body;
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
    return request(this.request);
  }

  /** Sends the request like `send`, and gives a failure as a value. */
  trySend(): Result<Response> {
    return tryRequest(this.request);
  }
}

// Generated from witx/wasi_experimental_http.witx by 'cargo xtask codegen'. Do not edit.

/**
 * The outcome of a call. Codes are never renumbered and new ones may be appended, so a
 * binding must keep a code that it does not know.
 */
export enum HttpError {
  /** The call succeeded and its results are valid. */
  SUCCESS = 0,
  /** The response handle was never given out by this instance's store, or is closed. */
  INVALID_HANDLE = 1,
  /** The guest does not export a memory named `memory`. */
  MEMORY_NOT_FOUND = 2,
  /** A pointer and its length lead outside the guest's memory. */
  MEMORY_ACCESS_ERROR = 3,
  /** The buffer is too small for the value. Nothing was written: call again with a larger one. */
  BUFFER_TOO_SMALL = 4,
  /** The response has no header of this name. */
  HEADER_NOT_FOUND = 5,
  /** Text sent by the guest is not UTF-8. */
  UTF8_ERROR = 6,
  /**
   * The guest may not reach this destination: the embedder's list of allowed hosts does
   * not name the URL's scheme, host and port, or those of a redirect's target, or the name
   * leads into a private network.
   */
  DESTINATION_NOT_ALLOWED = 7,
  /** The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`. */
  INVALID_METHOD = 8,
  /** The request's headers are malformed, or one of them contradicts what the host sends. */
  INVALID_ENCODING = 9,
  /** The URL cannot be parsed, or its scheme is neither `http` nor `https`. */
  INVALID_URL = 10,
  /**
   * The request failed on its way: no connection, a TLS failure, or a response that is not
   * HTTP.
   */
  REQUEST_ERROR = 11,
  /** The host failed in a way that is not the guest's fault. */
  RUNTIME_ERROR = 12,
  /** The store already holds as many open responses as the embedder allows: close one first. */
  TOO_MANY_SESSIONS = 13,
  /** The request, or the body of its response, took longer than the embedder allows. */
  TIMEOUT = 14,
  /** The body of the request or of the response is larger than the embedder allows. */
  BODY_TOO_LARGE = 15,
  /** The body of the response broke off before its end. */
  INCOMPLETE_BODY = 16,
  /** The embedder cancelled the request. */
  CANCELLED = 17,
}

/** The name in WITX; "unknown" for an unknown code. */
export function httpErrorName(code: HttpError): string {
  switch (code) {
    case HttpError.SUCCESS: return "success";
    case HttpError.INVALID_HANDLE: return "invalid_handle";
    case HttpError.MEMORY_NOT_FOUND: return "memory_not_found";
    case HttpError.MEMORY_ACCESS_ERROR: return "memory_access_error";
    case HttpError.BUFFER_TOO_SMALL: return "buffer_too_small";
    case HttpError.HEADER_NOT_FOUND: return "header_not_found";
    case HttpError.UTF8_ERROR: return "utf8_error";
    case HttpError.DESTINATION_NOT_ALLOWED: return "destination_not_allowed";
    case HttpError.INVALID_METHOD: return "invalid_method";
    case HttpError.INVALID_ENCODING: return "invalid_encoding";
    case HttpError.INVALID_URL: return "invalid_url";
    case HttpError.REQUEST_ERROR: return "request_error";
    case HttpError.RUNTIME_ERROR: return "runtime_error";
    case HttpError.TOO_MANY_SESSIONS: return "too_many_sessions";
    case HttpError.TIMEOUT: return "timeout";
    case HttpError.BODY_TOO_LARGE: return "body_too_large";
    case HttpError.INCOMPLETE_BODY: return "incomplete_body";
    case HttpError.CANCELLED: return "cancelled";
    default: return "unknown";
  }
}

/** What the code means, in a sentence; "unknown error" for an unknown code. */
export function httpErrorMessage(code: HttpError): string {
  switch (code) {
    case HttpError.SUCCESS: return "The call succeeded and its results are valid";
    case HttpError.INVALID_HANDLE: return "The response handle was never given out by this instance's store, or is closed";
    case HttpError.MEMORY_NOT_FOUND: return "The guest does not export a memory named `memory`";
    case HttpError.MEMORY_ACCESS_ERROR: return "A pointer and its length lead outside the guest's memory";
    case HttpError.BUFFER_TOO_SMALL: return "The buffer is too small for the value";
    case HttpError.HEADER_NOT_FOUND: return "The response has no header of this name";
    case HttpError.UTF8_ERROR: return "Text sent by the guest is not UTF-8";
    case HttpError.DESTINATION_NOT_ALLOWED: return "The guest may not reach this destination: the embedder's list of allowed hosts does not name the URL's scheme, host and port, or those of a redirect's target, or the name leads into a private network";
    case HttpError.INVALID_METHOD: return "The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`";
    case HttpError.INVALID_ENCODING: return "The request's headers are malformed, or one of them contradicts what the host sends";
    case HttpError.INVALID_URL: return "The URL cannot be parsed, or its scheme is neither `http` nor `https`";
    case HttpError.REQUEST_ERROR: return "The request failed on its way: no connection, a TLS failure, or a response that is not HTTP";
    case HttpError.RUNTIME_ERROR: return "The host failed in a way that is not the guest's fault";
    case HttpError.TOO_MANY_SESSIONS: return "The store already holds as many open responses as the embedder allows: close one first";
    case HttpError.TIMEOUT: return "The request, or the body of its response, took longer than the embedder allows";
    case HttpError.BODY_TOO_LARGE: return "The body of the request or of the response is larger than the embedder allows";
    case HttpError.INCOMPLETE_BODY: return "The body of the response broke off before its end";
    case HttpError.CANCELLED: return "The embedder cancelled the request";
    default: return "unknown error";
  }
}

/** An HTTP status code (RFC 9110, section 15), 200 to 599. */
export type StatusCode = u16;

/** A number of bytes in the guest's memory. */
export type Size = usize;

/** An open response. Handles belong to one store, start at 1 and are never used again. */
export type ResponseHandle = u32;

/**
 * Where the host writes results. They are read before another call can be made, so one place is
 * enough.
 */
const RESULTS: usize = memory.data(8, 8);

// @ts-ignore: decorator
@external("wasi_experimental_http", "req")
declare function _req(
  url: usize,
  urlLen: usize,
  method: usize,
  methodLen: usize,
  headers: usize,
  headersLen: usize,
  body: usize,
  bodyLen: usize,
  statusCode: usize,
  responseHandle: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "close")
declare function _close(response: u32): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "header_get")
declare function _headerGet(
  response: u32,
  name: usize,
  nameLen: usize,
  value: usize,
  valueLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "headers_get_all")
declare function _headersGetAll(
  response: u32,
  headers: usize,
  headersLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "body_read")
declare function _bodyRead(response: u32, buffer: usize, bufferLen: usize, size: usize): i32;

/** What `req` gives. */
export class ReqResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public statusCode: StatusCode,
    public responseHandle: ResponseHandle,
  ) {}
}

/**
 * Send a request, and wait for the status and the headers of its response.
 *
 * The body of the response is not read yet: it streams from the server as the guest calls
 * `body_read`. Redirects are followed by the host, which checks each target against the
 * allowed hosts; the response is that of the last hop. Statuses of 400 and above are
 * responses like any other, not errors.
 *
 * Out-pointers are checked first: no request is sent whose answer could not be stored.
 *
 * @param url The absolute URL, `http` or `https`, in UTF-8. A fragment is not sent.
 * @param method The method, such as `GET`, as it goes on the wire: methods are case-sensitive.
 * @param headers The request's headers, in UTF-8: one `name:value` line for each, ended by
 *   `\n`, where the `\n` of the last may be left out. Space around a value is removed. A name may
 *   be repeated. Framing and connection headers are the host's: `Content-Length`, `Host` and
 *   `Transfer-Encoding` are dropped when they agree with what the host sends and give
 *   `invalid_encoding` when they do not; `Connection` and its like are dropped.
 * @param body The body, sent with its length. An empty one is no body.
 * @returns The status of the response, and the handle under which it stays open until `close`.
 */
export function req(url: string, method: string, headers: string, body: Uint8Array): ReqResult {
  const urlBytes = String.UTF8.encode(url);
  const methodBytes = String.UTF8.encode(method);
  const headersBytes = String.UTF8.encode(headers);
  const code = <HttpError>_req(
    changetype<usize>(urlBytes),
    urlBytes.byteLength,
    changetype<usize>(methodBytes),
    methodBytes.byteLength,
    changetype<usize>(headersBytes),
    headersBytes.byteLength,
    body.dataStart,
    body.length,
    RESULTS,
    RESULTS + 4,
  );
  if (<i32>code != 0) return new ReqResult(code, 0, 0);
  return new ReqResult(code, load<u16>(RESULTS), load<u32>(RESULTS + 4));
}

/**
 * Close a response, and free what the host holds for it.
 *
 * A handle that is already closed, or was never given out, is no error.
 *
 * @param response The response to close.
 * @returns Always `success`, given a memory.
 */
export function close(response: ResponseHandle): HttpError {
  return <HttpError>_close(response);
}

/** What `headerGet` gives. */
export class HeaderGetResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Copy the value of a response header, the first if there are several, into a buffer.
 *
 * @param response The response to look at.
 * @param name The name of the header, in any case.
 * @param value Where the value goes, byte for byte as the server sent it, without surrounding
 *   space. Its length: the size of the buffer. If the value is longer the call gives
 *   `buffer_too_small`.
 * @returns How many bytes were written.
 */
export function headerGet(
  response: ResponseHandle,
  name: string,
  value: Uint8Array,
): HeaderGetResult {
  const nameBytes = String.UTF8.encode(name);
  const code = <HttpError>_headerGet(
    response,
    changetype<usize>(nameBytes),
    nameBytes.byteLength,
    value.dataStart,
    value.length,
    RESULTS,
  );
  if (<i32>code != 0) return new HeaderGetResult(code, 0);
  return new HeaderGetResult(code, load<usize>(RESULTS));
}

/** What `headersGetAll` gives. */
export class HeadersGetAllResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Copy all headers of a response into a buffer.
 *
 * @param response The response to look at.
 * @param headers Where the headers go: a line `name:value\n` for each, names in lower case,
 *   values byte for byte as the server sent them. A repeated header has several lines. Its
 *   length: the size of the buffer. If the headers are longer the call gives `buffer_too_small`.
 * @returns How many bytes were written.
 */
export function headersGetAll(
  response: ResponseHandle,
  headers: Uint8Array,
): HeadersGetAllResult {
  const code = <HttpError>_headersGetAll(response, headers.dataStart, headers.length, RESULTS);
  if (<i32>code != 0) return new HeadersGetAllResult(code, 0);
  return new HeadersGetAllResult(code, load<usize>(RESULTS));
}

/** What `bodyRead` gives. */
export class BodyReadResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Read the next bytes of a response's body.
 *
 * Waits until at least one byte is there or the body ends, and may write fewer bytes than
 * fit. A body that breaks off gives `incomplete_body`, and one that is larger or takes longer
 * than the embedder allows `body_too_large` or `timeout`, now and at every further call.
 *
 * @param response The response to read from.
 * @param buffer Where the bytes go. What lies behind the written part may be overwritten too.
 *   Its length: the size of the buffer. With 0 nothing is read and 0 is written.
 * @returns How many bytes were written. 0, given a buffer, is the end of the body.
 */
export function bodyRead(response: ResponseHandle, buffer: Uint8Array): BodyReadResult {
  const code = <HttpError>_bodyRead(response, buffer.dataStart, buffer.length, RESULTS);
  if (<i32>code != 0) return new BodyReadResult(code, 0);
  return new BodyReadResult(code, load<usize>(RESULTS));
}

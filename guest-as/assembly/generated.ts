/**
 * Generated from wasi_experimental_http.witx by 'cargo xtask codegen'. Do not edit.
 * Generator: witx-bindings 0.11.0
 *
 * @noprettier
 */

/**
 * The outcome of a call. Codes are never renumbered and new ones may be appended, so a
 * binding must keep a code that it does not know.
 */
export enum HttpError {
  /** The call succeeded and its results are valid. */
  SUCCESS = 0,
  /** The handle was never issued by this instance's store, or has been closed. */
  INVALID_HANDLE = 1,
  /** The guest does not export a memory named `memory`. */
  MEMORY_NOT_FOUND = 2,
  /** A pointer and its length reach outside the guest's memory. */
  MEMORY_ACCESS_ERROR = 3,
  /** The buffer is too small for the value. Nothing was written: call again with a larger one. */
  BUFFER_TOO_SMALL = 4,
  /** The response has no header of this name. */
  HEADER_NOT_FOUND = 5,
  /** Text sent by the guest is not UTF-8. */
  UTF8_ERROR = 6,
  /**
   * The guest may not reach this destination. The embedder's list of allowed hosts does
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
   * The request failed on its way. There was no connection, TLS failed, or the response is not
   * HTTP.
   */
  REQUEST_ERROR = 11,
  /** The host failed in a way that is not the guest's fault. */
  RUNTIME_ERROR = 12,
  /**
   * The store already holds as many open responses as the embedder allows. Close one first, or
   * read its body to the end.
   */
  TOO_MANY_SESSIONS = 13,
  /** The request, or the body of its response, took longer than the embedder allows. */
  TIMEOUT = 14,
  /** The body of the request or of the response is larger than the embedder allows. */
  BODY_TOO_LARGE = 15,
  /** The body of the response broke off before its end. */
  INCOMPLETE_BODY = 16,
  /** The embedder cancelled the request. */
  CANCELLED = 17,
  /** An argument has a value that this host does not know. It may be from a newer version. */
  INVALID_OPTION = 18,
  /**
   * The body of the request takes no more bytes. It is finished, has its announced length, or is
   * no longer wanted: `response_wait` tells which.
   */
  BODY_CLOSED = 19,
  /** The handle has no request body that is written piece by piece. */
  NOT_STARTED = 20,
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
    case HttpError.INVALID_OPTION: return "invalid_option";
    case HttpError.BODY_CLOSED: return "body_closed";
    case HttpError.NOT_STARTED: return "not_started";
    default: return "unknown";
  }
}

/** What the code means, in a sentence; "unknown error" for an unknown code. */
export function httpErrorMessage(code: HttpError): string {
  // Programs that are to be small do without sentences.
  if (ASC_NO_ASSERT) return httpErrorName(code);
  switch (code) {
    case HttpError.SUCCESS: return "The call succeeded and its results are valid";
    case HttpError.INVALID_HANDLE: return "The handle was never issued by this instance's store, or has been closed";
    case HttpError.MEMORY_NOT_FOUND: return "The guest does not export a memory named `memory`";
    case HttpError.MEMORY_ACCESS_ERROR: return "A pointer and its length reach outside the guest's memory";
    case HttpError.BUFFER_TOO_SMALL: return "The buffer is too small for the value";
    case HttpError.HEADER_NOT_FOUND: return "The response has no header of this name";
    case HttpError.UTF8_ERROR: return "Text sent by the guest is not UTF-8";
    case HttpError.DESTINATION_NOT_ALLOWED: return "The guest may not reach this destination";
    case HttpError.INVALID_METHOD: return "The method is not an HTTP token (RFC 9110, section 9.1), or is `CONNECT`";
    case HttpError.INVALID_ENCODING: return "The request's headers are malformed, or one of them contradicts what the host sends";
    case HttpError.INVALID_URL: return "The URL cannot be parsed, or its scheme is neither `http` nor `https`";
    case HttpError.REQUEST_ERROR: return "The request failed on its way";
    case HttpError.RUNTIME_ERROR: return "The host failed in a way that is not the guest's fault";
    case HttpError.TOO_MANY_SESSIONS: return "The store already holds as many open responses as the embedder allows";
    case HttpError.TIMEOUT: return "The request, or the body of its response, took longer than the embedder allows";
    case HttpError.BODY_TOO_LARGE: return "The body of the request or of the response is larger than the embedder allows";
    case HttpError.INCOMPLETE_BODY: return "The body of the response broke off before its end";
    case HttpError.CANCELLED: return "The embedder cancelled the request";
    case HttpError.INVALID_OPTION: return "An argument has a value that this host does not know";
    case HttpError.BODY_CLOSED: return "The body of the request takes no more bytes";
    case HttpError.NOT_STARTED: return "The handle has no request body that is written piece by piece";
    default: return "unknown error";
  }
}

/**
 * Why a call failed, more precisely than its code says. Reasons are never renumbered and new ones
 * may be appended, so a binding must keep a reason that it does not know.
 */
export enum Reason {
  /** No call has failed. */
  NONE = 0,
  /** No entry of the embedder's list of allowed hosts matches the URL. */
  NOT_ALLOWED = 1,
  /** A rule of the embedder denies the URL, or the address that its name resolves to. */
  DENIED_BY_RULE = 2,
  /** The name resolves to an address that is not public. */
  NOT_PUBLIC = 3,
  /** There is no host of this name. */
  NAME_NOT_FOUND = 4,
  /** The name could not be looked up. */
  NAME_LOOKUP_FAILED = 5,
  /** The server's machine refused the connection. */
  CONNECTION_REFUSED = 6,
  /** The server's network or machine cannot be reached. */
  UNREACHABLE = 7,
  /** The server closed or reset the connection before its response arrived. */
  CONNECTION_CLOSED = 8,
  /** The server's certificate is not trusted, not valid now, or not for this name. */
  TLS_CERTIFICATE = 9,
  /** TLS failed in another way. */
  TLS = 10,
  /** What the server sent is not an HTTP response that can be understood safely. */
  INVALID_RESPONSE = 11,
  /** The head of the response is larger than the host allows. */
  RESPONSE_TOO_LARGE = 12,
  /** There were more redirects than the embedder allows. */
  TOO_MANY_REDIRECTS = 13,
  /** The target of a redirect is not a URL, or its scheme is neither `http` nor `https`. */
  REDIRECT = 14,
  /** No connection was made in time: looking up the name, TCP or TLS. */
  TIMEOUT_CONNECT = 15,
  /** The head of the response did not arrive in time. */
  TIMEOUT_RESPONSE = 16,
  /** The server was silent, or took no more of the request, for too long. */
  TIMEOUT_READ = 17,
  /** The whole request took longer than allowed. */
  TIMEOUT_TOTAL = 18,
  /** The store holds as many responses open as the embedder allows. */
  TOO_MANY_OPEN = 19,
  /** The embedder's stores together have as many requests in flight as it allows. */
  TOO_MANY_IN_FLIGHT = 20,
  /** The body of the request or of the response is larger than the embedder allows. */
  BODY_TOO_LARGE = 21,
  /** The body broke off before its end. */
  INCOMPLETE_BODY = 22,
  /** The embedder cancelled the request. */
  CANCELLED = 23,
  /**
   * The guest passed an argument that the function does not accept, or asked for something that
   * does not exist. The code says which.
   */
  MISUSE = 24,
}

/**
 * Something that the host knows about a response besides its status, headers and body. New ones
 * may
 * be appended; a host gives `invalid_option` for one that it does not know.
 */
export enum ResponseFact {
  /**
   * The URL that the response came from, without a fragment: that of the last redirect, or the
   * request's own.
   */
  URL = 0,
  /** The version of HTTP that the server speaks: `HTTP/1.1` or `HTTP/1.0`. */
  VERSION = 1,
  /**
   * The server's address and port, such as `192.0.2.1:443`. Empty, unless the embedder lets
   * guests see it.
   */
  PEER = 2,
  /** How many redirects were followed, as a decimal number. */
  REDIRECTS = 3,
}

/**
 * A limit that a request can set lower than the embedder's. New ones may be appended;
 * a host gives `invalid_option` for one that it does not know.
 */
export enum OptionKey {
  /**
   * How long the request may take, from `request_start` to the end of the response's body, in
   * nanoseconds.
   */
  TIMEOUT = 0,
  /** How long looking up the name may take, and then TCP and TLS together, in nanoseconds. */
  CONNECT_TIMEOUT = 1,
  /**
   * How long the server may take from the end of the request to the end of the response's
   * headers, in nanoseconds.
   */
  RESPONSE_TIMEOUT = 2,
  /** How long the server may be silent, or take nothing of the request, in nanoseconds. */
  READ_TIMEOUT = 3,
  /** How many redirects are followed. With 0 the response is the redirecting response itself. */
  MAX_REDIRECTS = 4,
  /** How many bytes long the body of the response may be. */
  MAX_RESPONSE_BODY = 5,
}

/**
 * An option of a request: which limit, and its value. The embedder's limit applies if it is
 * lower.
 */
export class RequestOption {
  /** The size in memory, in bytes. */
  static readonly SIZE: usize = 16;

  constructor(
    /** What is limited. */
    public key: OptionKey = 0,
    /** Its value: nanoseconds, bytes, or a number. */
    public value: u64 = 0,
  ) {}

  /** Reads a value from memory. */
  static read(pointer: usize): RequestOption {
    return new RequestOption(
      <OptionKey>load<u32>(pointer),
      load<u64>(pointer + 8),
    );
  }

  /** Writes the value to memory. */
  write(pointer: usize): void {
    store<u32>(pointer, <u32>this.key);
    store<u64>(pointer + 8, this.value);
  }
}

/**
 * A request in progress, and then its response. Handles belong to one store, start at 1 and are
 * never
 * reused. A response whose body has ended stays open for its headers, until there are hundreds of
 * later ones.
 */
export type ResponseHandle = u32;

/** What can be waited for. */
export type Events = u8;

/** The head of the response has arrived, or there will be none. */
export const EVENTS_RESPONSE: Events = 1;

/** A byte of the response's body has arrived, or its end, or its failure. */
export const EVENTS_READABLE: Events = 2;

/** There is room for a byte of the request's body, or writing one is of no use. */
export const EVENTS_WRITABLE: Events = 4;

/** What `poll` waits for, of one request. */
export class Subscription {
  /** The size in memory, in bytes. */
  static readonly SIZE: usize = 8;

  constructor(
    /** The request. One that is closed is ready for all: the call that follows says why. */
    public handle: ResponseHandle = 0,
    /** What is waited for. */
    public interest: Events = 0,
    /** What has happened: written by `poll`. */
    public ready: Events = 0,
  ) {}

  /** Reads a value from memory. */
  static read(pointer: usize): Subscription {
    return new Subscription(
      load<u32>(pointer),
      load<u8>(pointer + 4),
      load<u8>(pointer + 5),
    );
  }

  /** Writes the value to memory. */
  write(pointer: usize): void {
    store<u32>(pointer, this.handle);
    store<u8>(pointer + 4, this.interest);
    store<u8>(pointer + 5, this.ready);
  }
}

/** An HTTP status code (RFC 9110, section 15), 200 to 999. */
export type StatusCode = u16;

/** A number of bytes in the guest's memory. */
export type Size = usize;

/**
 * The bytes of a text in UTF-8, with U+FFFD in place of surrogates that stand by themselves,
 * which UTF-8 does not have.
 */
function encodeText(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

// @ts-ignore: decorator
@external("wasi_experimental_http", "req")
export declare function _req(
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
export declare function _close(response: u32): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "header_get")
export declare function _headerGet(
  response: u32,
  name: usize,
  nameLen: usize,
  value: usize,
  valueLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "headers_get_all")
export declare function _headersGetAll(
  response: u32,
  headers: usize,
  headersLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "body_read")
export declare function _bodyRead(
  response: u32,
  buffer: usize,
  bufferLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "body_read_some")
export declare function _bodyReadSome(
  response: u32,
  buffer: usize,
  bufferLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "response_get")
export declare function _responseGet(
  response: u32,
  fact: u32,
  value: usize,
  valueLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "error_get")
export declare function _errorGet(
  reason: usize,
  message: usize,
  messageLen: usize,
  size: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "request_start")
export declare function _requestStart(
  url: usize,
  urlLen: usize,
  method: usize,
  methodLen: usize,
  headers: usize,
  headersLen: usize,
  options: usize,
  optionsLen: usize,
  bodyLen: u64,
  responseHandle: usize,
): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "body_write")
export declare function _bodyWrite(request: u32, bytes: usize, bytesLen: usize, size: usize): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "body_finish")
export declare function _bodyFinish(request: u32): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "response_wait")
export declare function _responseWait(request: u32, statusCode: usize): i32;

// @ts-ignore: decorator
@external("wasi_experimental_http", "poll")
export declare function _poll(
  subscriptions: usize,
  subscriptionsLen: usize,
  timeout: u64,
  size: usize,
): i32;

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
  const urlBytes = encodeText(url);
  const methodBytes = encodeText(method);
  const headersBytes = encodeText(headers);
  const results = new ArrayBuffer(8);
  const code = <HttpError>_req(
    changetype<usize>(urlBytes),
    urlBytes.byteLength,
    changetype<usize>(methodBytes),
    methodBytes.byteLength,
    changetype<usize>(headersBytes),
    headersBytes.byteLength,
    body.dataStart,
    body.length,
    changetype<usize>(results),
    changetype<usize>(results) + 4,
  );
  if (<i32>code != 0) return new ReqResult(code, 0, 0);
  return new ReqResult(
    code,
    load<u16>(changetype<usize>(results)),
    load<u32>(changetype<usize>(results) + 4),
  );
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
  const nameBytes = encodeText(name);
  const results = new ArrayBuffer(4);
  const code = <HttpError>_headerGet(
    response,
    changetype<usize>(nameBytes),
    nameBytes.byteLength,
    value.dataStart,
    value.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new HeaderGetResult(code, 0);
  return new HeaderGetResult(code, load<usize>(changetype<usize>(results)));
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
  const results = new ArrayBuffer(4);
  const code = <HttpError>_headersGetAll(
    response,
    headers.dataStart,
    headers.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new HeadersGetAllResult(code, 0);
  return new HeadersGetAllResult(code, load<usize>(changetype<usize>(results)));
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
 * Read a response's body until a buffer is full or the body ends.
 *
 * Waits for all of these bytes: `body_read_some` does not. A body that breaks off gives
 * `incomplete_body`, and one that is larger or takes longer than the embedder allows
 * `body_too_large` or `timeout`, once the bytes before were given, and then at every further
 * call.
 *
 * @param response The response to read from.
 * @param buffer Where the bytes go. What lies behind the written part may be overwritten too.
 *   Its length: the size of the buffer. With 0 nothing is read and 0 is written.
 * @returns How many bytes were written. Fewer than fit: the body has ended, or the next call
 *   says why there are no more. 0, given a buffer, is the end of the body.
 */
export function bodyRead(response: ResponseHandle, buffer: Uint8Array): BodyReadResult {
  const results = new ArrayBuffer(4);
  const code = <HttpError>_bodyRead(
    response,
    buffer.dataStart,
    buffer.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new BodyReadResult(code, 0);
  return new BodyReadResult(code, load<usize>(changetype<usize>(results)));
}

/** What `bodyReadSome` gives. */
export class BodyReadSomeResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Read the next bytes of a response's body, as soon as there are any.
 *
 * Waits until at least one byte is there or the body ends, and may write fewer bytes than
 * fit. Fails as `body_read` does.
 *
 * @param response The response to read from.
 * @param buffer Where the bytes go. What lies behind the written part may be overwritten too.
 *   Its length: the size of the buffer. With 0 nothing is read and 0 is written.
 * @returns How many bytes were written. 0, given a buffer, is the end of the body.
 */
export function bodyReadSome(response: ResponseHandle, buffer: Uint8Array): BodyReadSomeResult {
  const results = new ArrayBuffer(4);
  const code = <HttpError>_bodyReadSome(
    response,
    buffer.dataStart,
    buffer.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new BodyReadSomeResult(code, 0);
  return new BodyReadSomeResult(code, load<usize>(changetype<usize>(results)));
}

/** What `responseGet` gives. */
export class ResponseGetResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Copy something that the host knows about a response besides its status, headers and body, as
 * text.
 *
 * @param response The response to look at.
 * @param fact What is asked for. One that the host does not know gives `invalid_option`.
 * @param value Where the text goes, in UTF-8. Its length: the size of the buffer. If the text
 *   is longer the call gives `buffer_too_small`.
 * @returns How many bytes were written.
 */
export function responseGet(
  response: ResponseHandle,
  fact: ResponseFact,
  value: Uint8Array,
): ResponseGetResult {
  const results = new ArrayBuffer(4);
  const code = <HttpError>_responseGet(
    response,
    <u32>fact,
    value.dataStart,
    value.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new ResponseGetResult(code, 0);
  return new ResponseGetResult(code, load<usize>(changetype<usize>(results)));
}

/** What `errorGet` gives. */
export class ErrorGetResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Copy the reason why the most recent failed call of this store failed.
 *
 * Calls that succeed do not change it, and neither does this function, even if it fails.
 *
 * @param reason Where the reason goes, a `u32`; `none` if no call has failed.
 * @param message Where the message goes, in UTF-8: for people, what was tried, what went wrong,
 *   and what would help. It has at most 1024 bytes, and none if no call has failed. Its length:
 *   the size of the buffer. If the message is longer the call gives `buffer_too_small`.
 * @returns How many bytes of the message were written.
 */
export function errorGet(reason: usize, message: Uint8Array): ErrorGetResult {
  const results = new ArrayBuffer(4);
  const code = <HttpError>_errorGet(
    reason,
    message.dataStart,
    message.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new ErrorGetResult(code, 0);
  return new ErrorGetResult(code, load<usize>(changetype<usize>(results)));
}

/** What `requestStart` gives. */
export class RequestStartResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public responseHandle: ResponseHandle,
  ) {}
}

/**
 * Start a request, and return at once.
 *
 * What `req` says about its parameters and about redirects applies here as well. The handle
 * stands
 * for the request in progress and then for its response: the functions that look at a response
 * wait
 * for it, and `close` ends the request in any state. Errors that are found before anything is
 * sent
 * are returned here, and all others where the response is waited for.
 *
 * @param url The absolute URL, as for `req`.
 * @param method The method, as for `req`.
 * @param headers The request's headers, as for `req`.
 * @param options Limits of this request. Of two with the same key the lower one applies. A host
 *   accepts at least 64, and gives `invalid_option` for more than it accepts.
 * @param bodyLen How many bytes of a body follow with `body_write`. 0 is no body. The largest
 *   number, all bits set, is a body of any length, sent in chunks (RFC 9112, section 7.1) until
 *   `body_finish`.
 * @returns The handle of the request.
 */
export function requestStart(
  url: string,
  method: string,
  headers: string,
  options: Array<RequestOption>,
  bodyLen: u64,
): RequestStartResult {
  const urlBytes = encodeText(url);
  const methodBytes = encodeText(method);
  const headersBytes = encodeText(headers);
  const optionsBytes = new ArrayBuffer(options.length * 16);
  for (let index = 0; index < options.length; index++) {
    options[index].write(changetype<usize>(optionsBytes) + index * 16);
  }
  const results = new ArrayBuffer(4);
  const code = <HttpError>_requestStart(
    changetype<usize>(urlBytes),
    urlBytes.byteLength,
    changetype<usize>(methodBytes),
    methodBytes.byteLength,
    changetype<usize>(headersBytes),
    headersBytes.byteLength,
    changetype<usize>(optionsBytes),
    options.length,
    bodyLen,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new RequestStartResult(code, 0);
  return new RequestStartResult(code, load<u32>(changetype<usize>(results)));
}

/** What `bodyWrite` gives. */
export class BodyWriteResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Write the next bytes of a request's body.
 *
 * Waits while the host's buffer is full, and may take fewer bytes than there are. Gives
 * `body_closed` if the body takes no more, for example because the server has already responded.
 * A redirect that would require sending the body again is not followed: it is the response.
 *
 * @param request The request to write for.
 * @param bytes The bytes.
 * @returns How many bytes were taken: at least one, if there are any.
 */
export function bodyWrite(request: ResponseHandle, bytes: Uint8Array): BodyWriteResult {
  const results = new ArrayBuffer(4);
  const code = <HttpError>_bodyWrite(
    request,
    bytes.dataStart,
    bytes.length,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new BodyWriteResult(code, 0);
  return new BodyWriteResult(code, load<usize>(changetype<usize>(results)));
}

/**
 * Say that the body of a request is complete.
 *
 * If it is shorter than announced, the request fails with `incomplete_body`, here and where its
 * response is waited for, and the server sees that it broke off. For a body that is already
 * complete
 * this is no error.
 *
 * @param request The request whose body is complete.
 */
export function bodyFinish(request: ResponseHandle): HttpError {
  return <HttpError>_bodyFinish(request);
}

/** What `responseWait` gives. */
export class ResponseWaitResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public statusCode: StatusCode,
  ) {}
}

/**
 * Wait for the status and the headers of a response. Calling it again gives the same.
 *
 * @param request The request whose response is waited for.
 * @returns The status of the response.
 */
export function responseWait(request: ResponseHandle): ResponseWaitResult {
  const results = new ArrayBuffer(2);
  const code = <HttpError>_responseWait(request, changetype<usize>(results));
  if (<i32>code != 0) return new ResponseWaitResult(code, 0);
  return new ResponseWaitResult(code, load<u16>(changetype<usize>(results)));
}

/** What `poll` gives. */
export class PollResult {
  constructor(
    /** The error; the other values mean something if it is 0. */
    public error: HttpError,
    public size: Size,
  ) {}
}

/**
 * Wait until at least one of several requests is ready, or a time limit expires.
 *
 * @param subscriptions The requests, and what is waited for of each; a request may be there
 *   several times.
 * @param subscriptionsLen How many there are. A host accepts at least 16,384, and gives
 *   `invalid_option` for more than it accepts.
 * @param timeout How long to wait, in nanoseconds; with 0 not at all, and with the largest
 *   number, all bits set, without limit.
 * @returns How many are ready: 0 if the time limit expired first.
 */
export function poll(subscriptions: usize, subscriptionsLen: Size, timeout: u64): PollResult {
  const results = new ArrayBuffer(4);
  const code = <HttpError>_poll(
    subscriptions,
    subscriptionsLen,
    timeout,
    changetype<usize>(results),
  );
  if (<i32>code != 0) return new PollResult(code, 0);
  return new PollResult(code, load<usize>(changetype<usize>(results)));
}

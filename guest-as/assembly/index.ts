/**
 * HTTP requests from a core WebAssembly module, in a host that offers the functions of
 * `wasi_experimental_http`.
 *
 * Start with {@link RequestBuilder}. The functions of the host themselves, one to one, are in
 * `wasi-experimental-http/assembly/generated`.
 *
 * @packageDocumentation
 */

export { Failure, Result } from "./failure";
export { HttpError, Reason, httpErrorMessage, httpErrorName } from "./generated";
export { Headers } from "./headers";
export { Method } from "./method";
export { Pending } from "./pending";
export { poll, tryPoll } from "./poll";
export { Request, RequestBuilder, request, tryRequest } from "./request";
export { Response } from "./response";
export { StatusCode } from "./status";
export { BodyWriter } from "./upload";
export { Waitable } from "./waitable";

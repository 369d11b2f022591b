/** The standard HTTP methods. */
export enum Method {
  GET,
  HEAD,
  POST,
  PUT,
  DELETE,
  /** Asks for a tunnel, which hosts refuse with `HttpError.INVALID_METHOD`. */
  CONNECT,
  OPTIONS,
  TRACE,
  PATCH,
}

/** The name of a method, as it goes on the wire. */
export function methodName(method: Method): string {
  switch (method) {
    case Method.GET:
      return "GET";
    case Method.HEAD:
      return "HEAD";
    case Method.POST:
      return "POST";
    case Method.PUT:
      return "PUT";
    case Method.DELETE:
      return "DELETE";
    case Method.CONNECT:
      return "CONNECT";
    case Method.OPTIONS:
      return "OPTIONS";
    case Method.TRACE:
      return "TRACE";
    case Method.PATCH:
      return "PATCH";
    default:
      // An enum is an integer, so anything can get here; the host knows no such method either.
      return "";
  }
}

/** The method of this name, or -1 if it is not a standard one. */
export function methodOf(name: string): Method {
  for (let method = Method.GET; method <= Method.PATCH; method++) {
    if (methodName(method) == name) return method;
  }
  return <Method>-1;
}

// Every name that version 0.10 exported, with its members as 0.10 declared them.

import {
  Method,
  Request,
  RequestBuilder,
  Response,
  StatusCode,
  request,
} from "@deislabs/wasi-experimental-http";

const statuses: StatusCode[] = [
  StatusCode.CONTINUE, StatusCode.SWITCHING_PROTOCOL, StatusCode.PROCESSING, StatusCode.EARLY_HINTS,
  StatusCode.OK, StatusCode.CREATED, StatusCode.ACCEPTED, StatusCode.NON_AUTHORITATIVE_INFORMATION,
  StatusCode.NO_CONTENT, StatusCode.RESET_CONTENT, StatusCode.PARTIAL_CONTENT,
  StatusCode.MULTI_STATUS, StatusCode.ALREADY_REPORTED, StatusCode.IM_USED,
  StatusCode.MULTIPLE_CHOICE, StatusCode.MOVED_PERMANENTLY, StatusCode.FOUND, StatusCode.SEE_OTHER,
  StatusCode.NOT_MODIFIED, StatusCode.USE_PROXY, StatusCode.UNUSED, StatusCode.TEMPORARY_REDIRECT,
  StatusCode.PERMANENT_REDIRECT, StatusCode.BAD_REQUEST, StatusCode.UNAUTHORIZED,
  StatusCode.PAYMENT_REQUIRED, StatusCode.FORBIDDEN, StatusCode.NOT_FOUND,
  StatusCode.METHOD_NOT_ALLOWED, StatusCode.NOT_ACCEPTABLE,
  StatusCode.PROXY_AUTHENTICATION_REQUIRED, StatusCode.REQUEST_TIMEOUT, StatusCode.CONFLICT,
  StatusCode.GONE, StatusCode.LENGTH_REQUIRED, StatusCode.PRECONDITION_FAILED,
  StatusCode.PAYLOAD_TOO_LARGE, StatusCode.URI_TOO_LONG, StatusCode.UNSUPPORTED_MEDIA_TYPE,
  StatusCode.RANGE_NOT_SATISFIABLE, StatusCode.EXPECTATION_FAILED, StatusCode.IM_A_TEAPOT,
  StatusCode.MISDIRECTED_REQUEST, StatusCode.UNPROCESSABLE_ENTITY, StatusCode.LOCKED,
  StatusCode.FAILED_DEPENDENCY, StatusCode.TOO_EARLY, StatusCode.UPGRADE_REQUIRED,
  StatusCode.PRECONDITION_REQURIED, StatusCode.TOO_MANY_REQUESTS,
  StatusCode.REQUEST_HEADER_FIELDS_TOO_LARGE, StatusCode.UNAVAILABLE_FOR_LEGAL_REASONS,
  StatusCode.INTERNAL_SERVER_ERROR, StatusCode.NOT_IMPLELENTED, StatusCode.BAD_GATEWAY,
  StatusCode.SERVICE_UNAVAILABLE, StatusCode.GATEWAY_TIMEOUT,
  StatusCode.HTTP_VERSION_NOT_SUPPORTED, StatusCode.VARIANT_ALSO_NEGOTIATES,
  StatusCode.INSUFFICIENT_STORAGE, StatusCode.LOOP_DETECTED, StatusCode.NOT_EXTENDED,
  StatusCode.NETWORK_AUTHENTICATION_REQUIRED,
];

const methods: Method[] = [
  Method.GET, Method.HEAD, Method.POST, Method.PUT, Method.DELETE, Method.CONNECT, Method.OPTIONS,
  Method.TRACE, Method.PATCH,
];

export function requests(): i32 {
  const req = new Request("http://a/", Method.PUT);
  req.url = "http://b/";
  req.method = methods[2];
  req.headers.set("a", "b");
  req.body = String.UTF8.encode("body");
  const one: Response = request(req);
  const two: Response = new RequestBuilder("http://a/")
    .method(Method.POST)
    .header("a", "b")
    .body(String.UTF8.encode("body"))
    .send();
  return uses(one) + uses(two) + uses(new Response(200, 1)) + statuses.length;
}

function uses(res: Response): i32 {
  const status: StatusCode = res.status;
  const handle: i32 = res.handle;
  const count = <usize>res.bodyRead(new ArrayBuffer(8));
  const all: Uint8Array = res.bodyReadAll();
  const value: string = res.headerGet("a");
  const headers: Map<string, string> = res.headerGetAll();
  res.close();
  return status + handle + <i32>count + all.length + value.length + headers.size;
}

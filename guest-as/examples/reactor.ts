// A module without a program of its own, whose functions the host calls: `get`, `post` and
// `concurrent`.
//
// Each prints what it receives. It gives the status of the response, or what it says below; or,
// if a request fails, the error's code as a negative number.
//
// Core WebAssembly has no strings to pass, so the server is an environment variable: `HTTP_URL`
// is its origin, `https://postman-echo.com` unless it is set.

import { Failure, Method, RequestBuilder, Response, Result } from "../assembly";

/** How many responses `concurrent` holds open. */
const CONCURRENT = 3;

/** Gets `/get`. */
export function get(): i32 {
  const result = send(Method.GET, "/get", new ArrayBuffer(0));
  return result.ok ? print("get", result.value) : report(result.error);
}

/** Posts some text to `/post`. */
export function post(): i32 {
  const body = String.UTF8.encode("Testing with a request body. Does this actually work?");
  const result = send(Method.POST, "/post", body);
  return result.ok ? print("post", result.value) : report(result.error);
}

/**
 * Gets `/get` three times and only then reads the responses, so that all are open at once. Gives
 * how many there were.
 */
export function concurrent(): i32 {
  const responses: Response[] = [];
  for (let i = 0; i < CONCURRENT; i++) {
    const result = send(Method.GET, "/get", new ArrayBuffer(0));
    if (!result.ok) {
      for (let open = 0; open < responses.length; open++) responses[open].close();
      return report(result.error);
    }
    responses.push(result.value);
  }
  for (let i = 0; i < responses.length; i++) {
    const status = print("concurrent " + (i + 1).toString(), responses[i]);
    if (status < 0) {
      for (let open = i; open < responses.length; open++) responses[open].close();
      return status;
    }
  }
  return responses.length;
}

function send(method: Method, path: string, body: ArrayBuffer): Result<Response> {
  let origin = "https://postman-echo.com";
  if (process.env.has("HTTP_URL")) origin = process.env.get("HTTP_URL");
  while (origin.endsWith("/")) origin = origin.slice(0, -1);
  return new RequestBuilder(origin + path)
    .header("Content-Type", "text/plain")
    .method(method)
    .body(body)
    .trySend();
}

/** Prints a response, closes it and gives its status, or the code of an error below zero. */
function print(what: string, res: Response): i32 {
  const body = res.tryBodyReadAll();
  res.close();
  if (!body.ok) return report(body.error);
  console.log(what + ": " + res.status.toString());
  console.log(String.UTF8.decode(body.value.buffer));
  return res.status;
}

/** Says what went wrong, and gives its code below zero. */
function report(failure: Failure): i32 {
  process.stderr.write(failure.toString() + "\n");
  return -(failure.code as i32);
}

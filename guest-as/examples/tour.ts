// A tour of what the package does: it gets a body, posts one, looks at the headers of a response,
// and streams a larger body. Prints what comes back, in a line each.
//
// The first argument is the origin of a server that has the paths below, as that of
// `cargo xtask demo` does: `http://127.0.0.1:8080` for example.

import { Method, RequestBuilder } from "../assembly";

/** The size of the body that is streamed, in bytes. */
const LARGE: i32 = 1024 * 1024;

/** The size of a piece of it, in bytes. */
const PIECE: i32 = 64 * 1024;

if (process.argv.length < 2) {
  process.stderr.write("usage: tour ORIGIN\n");
  process.exit(2);
}
const origin = process.argv[1];
whole(origin + "/get");
post(origin + "/post");
headers(origin + "/get");
stream(origin + "/bytes/" + LARGE.toString());

/** Gets a body, all of it at once. */
function whole(url: string): void {
  const res = new RequestBuilder(url).send();
  const body = res.bodyReadAll();
  console.log("get: " + res.status.toString() + ", " + body.length.toString() + " bytes");
  res.close();
}

/** Posts a body. */
function post(url: string): void {
  const res = new RequestBuilder(url)
    .method(Method.POST)
    .header("Content-Type", "text/plain")
    .body(String.UTF8.encode("Hello, server!"))
    .send();
  console.log("post: " + res.status.toString());
  res.close();
}

/** Looks at one header of a response, and at all of them. */
function headers(url: string): void {
  const res = new RequestBuilder(url).send();
  console.log("content-type: " + res.headerGet("Content-Type"));
  console.log("headers: " + res.headersGetAll().length.toString());
  res.close();
}

/** Reads a body in pieces, which needs no more memory for a larger one. */
function stream(url: string): void {
  const res = new RequestBuilder(url).send();
  const piece = new ArrayBuffer(PIECE);
  let bytes = 0;
  for (let read = res.bodyRead(piece); read > 0; read = res.bodyRead(piece)) {
    bytes += read;
  }
  console.log("stream: " + bytes.toString());
  res.close();
}

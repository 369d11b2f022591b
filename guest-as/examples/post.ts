// Sends a POST request and prints the content type, the body and the status of the response.
//
// The URL is the first argument, or `https://postman-echo.com/post`.

import { Method, RequestBuilder } from "../assembly";

const url = process.argv.length > 1 ? process.argv[1] : "https://postman-echo.com/post";

const res = new RequestBuilder(url)
  .header("Content-Type", "text/plain")
  .header("abc", "def")
  .method(Method.POST)
  .body(String.UTF8.encode("Testing with a request body. Does this actually work?"))
  .send();

console.log("content-type: " + res.headerGet("Content-Type"));
console.log("body: " + String.UTF8.decode(res.bodyReadAll().buffer));
console.log("status: " + res.status.toString());
res.close();

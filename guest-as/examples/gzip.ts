// Gets the URL that is the first argument in gzip, if the server has it, and prints the text.

import { RequestBuilder } from "../assembly";
import { gunzip } from "./inflate";

/** The longest text to take, in bytes: little gzip can be much text. */
const MOST: i32 = 16 * 1024 * 1024;

const res = new RequestBuilder(process.argv[1]).header("Accept-Encoding", "gzip").send();
const isGzip = res.headerGet("Content-Encoding") == "gzip";
print(isGzip ? gunzip(res.bodyReadAll(MOST), MOST) : res.bodyReadAll(MOST));

function print(text: Uint8Array | null): void {
  if (text === null) {
    process.stderr.write("the body is not gzip, or too long\n");
    process.exit(1);
    return;
  }
  console.log(String.UTF8.decode(text.buffer));
}

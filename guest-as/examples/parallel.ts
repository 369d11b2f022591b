// Gets all URLs that are arguments at the same time, and prints what comes in the order in which it
// comes: the number of the URL, the status, and how many bytes the body has.

import { Pending, RequestBuilder, poll } from "../assembly";

/** How many requests are on their way at a time. A host may allow fewer to be open. */
const MOST = 16;

if (process.argv.length < 2) {
  process.stderr.write("usage: parallel URL...\n");
  process.exit(2);
}
const urls = process.argv.slice(1);
const waiting: Pending[] = [];
/** Which URL each of them is of. */
const indices: i32[] = [];
let started = 0;
while (started < urls.length || waiting.length > 0) {
  while (started < urls.length && waiting.length < MOST) {
    waiting.push(new RequestBuilder(urls[started]).start());
    indices.push(started++);
  }
  poll(waiting);
  for (let i = waiting.length - 1; i >= 0; i--) {
    if (!waiting[i].ready) continue;
    const res = waiting[i].wait();
    const size = res.bytes().length;
    const number = indices[i] + 1;
    console.log(`${number}: ${res.status}, ${size} bytes`);
    res.close();
    waiting.splice(i, 1);
    indices.splice(i, 1);
  }
}

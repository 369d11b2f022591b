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
const pendings: Pending[] = [];
/** Which URL each of them is of. */
const indices: i32[] = [];
let started = 0;
while (started < urls.length || pendings.length > 0) {
  while (started < urls.length && pendings.length < MOST) {
    pendings.push(new RequestBuilder(urls[started]).start());
    indices.push(started++);
  }
  poll(pendings);
  for (let i = pendings.length - 1; i >= 0; i--) {
    if (!pendings[i].ready) continue;
    const res = pendings[i].wait();
    const size = res.bytes().length;
    const number = indices[i] + 1;
    console.log(`${number}: ${res.status}, ${size} bytes`);
    res.close();
    pendings.splice(i, 1);
    indices.splice(i, 1);
  }
}

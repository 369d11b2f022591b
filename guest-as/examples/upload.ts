// Posts a body of as many bytes as the second argument says to the URL that is the first one, and
// makes it while it is sent: its memory stays the same for a body of any size. Prints how many bytes
// were taken, the status, and how many bytes came back.
//
// A server that does not want the body answers before it is whole.

import { Method, RequestBuilder } from "../assembly";

/** The size of a piece, in bytes. */
const PIECE: i64 = 64 * 1024;

if (process.argv.length != 3) {
  process.stderr.write("usage: upload URL BYTES\n");
  process.exit(2);
}
const size = I64.parseInt(process.argv[2]);

// Without a length it is sent in chunks.
const body = new RequestBuilder(process.argv[1])
  .method(Method.POST)
  .header("Content-Type", "application/octet-stream")
  .open();
const piece = new Uint8Array(<i32>PIECE);
let sent: i64 = 0;
while (sent < size) {
  const length = <i32>min(size - sent, PIECE);
  // Each byte is its offset modulo 251.
  for (let i = 0; i < length; i++) piece[i] = <u8>((sent + i) % 251);
  // The server has answered already.
  if (!body.write(piece.subarray(0, length))) break;
  sent += length;
}

const res = body.finish();
console.log("sent: " + sent.toString());
console.log("status: " + res.status.toString());
let received: i64 = 0;
for (let read = res.bodyRead(piece.buffer); read > 0; read = res.bodyRead(piece.buffer)) {
  received += read;
}
console.log("received: " + received.toString());
res.close();

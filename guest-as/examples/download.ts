// Downloads the URL that is the first argument, piece by piece: its memory stays the same for a
// body of any size. Prints the status, the number of bytes, and their FNV-1a checksum.

import { RequestBuilder } from "../assembly";

/** The size of a piece, in bytes. */
const PIECE: i32 = 64 * 1024;

if (process.argv.length < 2) {
  process.stderr.write("usage: download URL\n");
  process.exit(2);
}

const res = new RequestBuilder(process.argv[1]).send();
console.log("status: " + res.status.toString());

const piece = new Uint8Array(PIECE);
let bytes: u64 = 0;
let checksum: u64 = 0xcbf2_9ce4_8422_2325;
for (let read = res.bodyRead(piece.buffer); read > 0; read = res.bodyRead(piece.buffer)) {
  bytes += read;
  checksum = fnv1a(checksum, piece, read);
}
console.log("bytes: " + bytes.toString());
console.log("fnv-1a: " + checksum.toString(16).padStart(16, "0"));
res.close();

/** The 64-bit FNV-1a hash: quick to write down in any language, to compare bodies by. */
function fnv1a(hash: u64, bytes: Uint8Array, len: i32): u64 {
  for (let i = 0; i < len; i++) {
    hash = (hash ^ bytes[i]) * 0x0000_0100_0000_01b3;
  }
  return hash;
}

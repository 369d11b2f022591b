// The AssemblyScript guest of the behaviour test of the other dialect.

import {
  BITS_B, BITS_C, Choice, Entry, Errno, Job, Kind, RIGHTS_EXECUTE, RIGHTS_READ, RIGHTS_WRITE,
  choose, copy, open, put, work,
} from "./dialect";

function bytes(values: u8[]): Uint8Array {
  const array = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) array[i] = values[i];
  return array;
}

function are(array: Uint8Array, expected: u8[]): bool {
  for (let i = 0; i < expected.length; i++) {
    if (array[i] != expected[i]) return false;
  }
  return array.length == expected.length;
}

export function run(): i32 {
  const opened = open("grüße 😀", RIGHTS_READ | RIGHTS_EXECUTE, BITS_B | BITS_C, true, Kind.LAST);
  if (opened.error != Errno.SUCCESS || opened.store_ != 7) return 1;
  const store = opened.store_;
  const rights = RIGHTS_READ | RIGHTS_WRITE;
  const entry = new Entry(true, Kind.LOUD, rights, 0x0123456789abcdef, "keys", false);
  const wide = Choice.wide(0xfedcba9876543210);
  const got = put(store, entry, wide);
  if (got.error != Errno.SUCCESS || !got.entry.truth || got.entry.last) return 2;
  if (got.entry.kind != Kind.LAST || got.entry.rights != (RIGHTS_READ | RIGHTS_EXECUTE)) return 3;
  // The text is read after the call, whose bytes it was in.
  if (got.entry.count != 0xfedcba9876543210 || got.entry.name != "key") return 4;
  const second = new Entry(false, Kind.LAST, RIGHTS_EXECUTE, 1, "x", true);
  if (put(store, second, Choice.truth(true)).error != Errno.SUCCESS) return 5;
  if (put(8, entry, wide).error != Errno.INVAL) return 6;
  if (choose(0).choice.tag != 0) return 7;
  if (choose(1).choice.asByte() != 200) return 8;
  if (choose(2).choice.asWide() != 0x8000000000000001) return 9;
  if (<i32>choose(3).choice.asTruth() != 1) return 10;
  if (choose(4).error != Errno.INVAL) return 11;
  const src = bytes([1, 2, 255]);
  const dst = bytes([9, 9, 9, 9]);
  const copied = copy(src, dst);
  if (copied.error != Errno.SUCCESS || copied.size != 3 || !are(dst, [2, 3, 0, 9])) return 12;
  if (copy(src, dst.subarray(0, 2)).error != Errno.INVAL) return 13;
  const job = new Job(9, bytes([10, 20]), dst.dataStart, 3, true);
  const done = work(job);
  if (done.error != Errno.SUCCESS || done.size != 3 || <i32>done.truth != 1) return 14;
  return are(dst, [0xee, 0xee, 0xee, 9]) ? 0 : 15;
}

// The AssemblyScript guest of the behaviour test of strings and lists inside of values.

import {
  Entry, Errno, Kind, Tree, Value,
  call, getText, getTree, put, putNames, putText, putValues,
} from "./nested";

/** What the host writes to stays until the program ends. */
const rooms = new Array<ArrayBuffer>();

export function room(size: i32): usize {
  const bytes = new ArrayBuffer(size);
  rooms.push(bytes);
  return changetype<usize>(bytes);
}

function bytesOf(numbers: i32[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) bytes[i] = <u8>numbers[i];
  return bytes;
}

function rowOf(numbers: i32[]): Uint16Array {
  const row = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) row[i] = <u16>numbers[i];
  return row;
}

function entry(): Entry {
  // Made anew each time, so that nothing else keeps it.
  return new Entry("eins " + (1).toString(), 0xfedcba9876543210, Kind.LOUD, bytesOf([1, 2, 255]), true);
}

function tree(): Tree {
  return new Tree(
    entry(),
    ["grüße", "漢字 😀", "", "a\0b"],
    [new Entry(), entry()],
    [
      Value.nothing(), Value.count(-1), Value.text("te" + "xt"), Value.entry(entry()),
      Value.names(["x", "yz"]),
    ],
    [rowOf([1, 65535]), rowOf([]), rowOf([3])],
    [true, false, true],
    [Kind.LOUD, Kind.PLAIN],
    Value.names(["in", "a value"]),
  );
}

let inner = 0;

/** What the host calls during a call. */
export function called(depth: u32): i32 {
  const got = call(depth, ["depth " + depth.toString(), "same"]);
  // What a collector or another call would overwrite.
  for (let i = 0; i < 100; i++) inner += "garbage".concat(i.toString()).length;
  if (got.error != Errno.SUCCESS) return -1;
  return got.kind == <Kind>(depth % 2) ? <i32>got.size : -2;
}

export function run(): i32 {
  if (put(tree()).size != 1) return 1;
  const got = getTree();
  if (got.error != Errno.SUCCESS) return 2;
  const back = got.tree;
  if (back.names[1] != "漢字 😀" || back.names[3] != "a\0b" || back.entry.data[2] != 255) return 3;
  if (back.values[2].asText() != "text" || back.values[3].asEntry().name != "eins 1") return 4;
  if (back.rows[0][1] != 65535 || !back.truths[2] || back.truths[1]) return 5;
  if (back.kinds[0] != Kind.LOUD || back.value.asNames()[1] != "a value") return 6;
  if (put(back).size != 2) return 7;
  if (getText().text != "grüße 😀\0.") return 8;
  const names = new Array<string>();
  for (let i = 0; i < 500; i++) names.push("name " + i.toString());
  if (putNames(names).size != 3) return 9;
  const values = new Array<Value>();
  for (let i = 0; i < 500; i++) values.push(Value.text("name " + i.toString()));
  if (putValues(values).size != 4) return 10;
  const lone = String.fromCharCode(0xd800);
  const pair = String.fromCharCode(0xd83d) + String.fromCharCode(0xde00);
  if (putText(lone + " lone " + String.fromCharCode(0xdc00) + ", pair " + pair + " " + lone).size != 5) {
    return 11;
  }
  if (putNames([lone]).size != 6) return 12;
  if (called(3) != 1003) return 13;
  return 0;
}

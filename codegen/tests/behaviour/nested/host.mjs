// A host written by hand that reads strings and lists inside of values, gives some back, and calls
// the guest during a call.

import { runGuests } from "../runner.mjs";

const KINDS = ["plain", "loud"];

function host(guest) {
  const { log } = guest;
  const u8 = (at) => guest.view().getUint8(at);
  const u32 = (at) => guest.view().getUint32(at, true);
  const text = (at) => guest.text(u32(at), u32(at + 4));
  const list = (at, size, read, start = u32(at), length = u32(at + 4)) =>
    Array.from({ length }, (_, index) => read(start + size * index));
  const entry = (at) => ({
    name: text(at),
    id: guest.view().getBigUint64(at + 8, true),
    kind: KINDS[u8(at + 16)],
    data: [...guest.bytes(u32(at + 20), u32(at + 24))],
    loud: u32(at + 28) !== 0,
  });
  const names = (at, start, length) => list(at, 8, text, start, length);
  const value = (at) => {
    switch (u8(at)) {
      case 0:
        return ["nothing"];
      case 1:
        return ["count", guest.view().getBigInt64(at + 8, true)];
      case 2:
        return ["text", text(at + 8)];
      case 3:
        return ["entry", entry(at + 8)];
      case 4:
        return ["names", names(at + 8)];
    }
  };
  const tree = (at) => ({
    entry: entry(at),
    names: names(at + 32),
    entries: list(at + 40, 32, entry),
    values: list(at + 48, 40, value),
    rows: list(at + 56, 8, (row) =>
      list(row, 2, (cell) => guest.view().getUint16(cell, true))),
    truths: list(at + 64, 4, (truth) => u32(truth) !== 0),
    kinds: list(at + 72, 1, (kind) => KINDS[u8(kind)]),
    value: value(at + 80),
  });
  // What is given lies where the guest has room for it.
  const room = (size) => guest.instance.exports.room(size);
  const setU32 = (at, number) => guest.view().setUint32(at, number, true);
  const giveBytes = (at, bytes) => {
    const start = room(bytes.length);
    guest.bytes(start, bytes.length).set(bytes);
    setU32(at, start);
    setU32(at + 4, bytes.length);
  };
  const giveText = (at, text) => giveBytes(at, new TextEncoder().encode(text));
  const giveList = (at, size, give, elements) => {
    const start = room(size * elements.length);
    elements.forEach((element, index) => give(start + size * index, element));
    setU32(at, start);
    setU32(at + 4, elements.length);
  };
  const giveEntry = (at, { name, id, kind, data, loud }) => {
    giveText(at, name);
    guest.view().setBigUint64(at + 8, id, true);
    guest.view().setUint8(at + 16, KINDS.indexOf(kind));
    giveBytes(at + 20, data);
    setU32(at + 28, loud ? 4 : 0);
  };
  const giveNames = (at, names) => giveList(at, 8, giveText, names);
  const giveValue = (at, [name, payload]) => {
    guest.view().setUint8(at, ["nothing", "count", "text", "entry", "names"].indexOf(name));
    if (name === "count") guest.view().setBigInt64(at + 8, payload, true);
    if (name === "text") giveText(at + 8, payload);
    if (name === "entry") giveEntry(at + 8, payload);
    if (name === "names") giveNames(at + 8, payload);
  };
  const giveTree = (at, tree) => {
    giveEntry(at, tree.entry);
    giveNames(at + 32, tree.names);
    giveList(at + 40, 32, giveEntry, tree.entries);
    giveList(at + 48, 40, giveValue, tree.values);
    const giveCell = (at, cell) => guest.view().setUint16(at, cell, true);
    giveList(at + 56, 8, (at, row) => giveList(at, 2, giveCell, row), tree.rows);
    giveList(at + 64, 4, (at, truth) => setU32(at, truth ? 4 : 0), tree.truths);
    giveBytes(at + 72, tree.kinds.map((kind) => KINDS.indexOf(kind)));
    giveValue(at + 80, tree.value);
  };
  let last;
  const note = (what, size) => {
    log.push(what);
    setU32(size, log.length);
    return 0;
  };
  return {
    put(at, size) {
      last = tree(at);
      return note(last, size);
    },
    put_names: (start, length, size) => note(names(0, start, length), size),
    put_values: (start, length, size) => note(list(0, 40, value, start, length), size),
    put_text: (start, length, size) => note(guest.text(start, length), size),
    call(depth, start, length, size, kind) {
      if (depth === 0) return 1;
      // What the outer call was given and what it gives is to be there after an inner one.
      setU32(size, 1000 + depth);
      guest.view().setUint8(kind, depth % 2);
      const before = names(0, start, length);
      const inner = guest.instance.exports.called(depth - 1);
      log.push([inner, before, names(0, start, length)]);
      return 0;
    },
    get_tree(at) {
      giveTree(at, last);
      return 0;
    },
    get_text(at) {
      giveText(at, "grüße 😀\0.");
      return 0;
    },
  };
}

const ENTRY = { name: "eins 1", id: 0xfedcba9876543210n, kind: "loud", data: [1, 2, 255], loud: true };
const OTHER = { name: "", id: 0n, kind: "plain", data: [], loud: false };
const TREE = {
  entry: ENTRY,
  names: ["grüße", "漢字 😀", "", "a\0b"],
  entries: [OTHER, ENTRY],
  values: [["nothing"], ["count", -1n], ["text", "text"], ["entry", ENTRY], ["names", ["x", "yz"]]],
  rows: [[1, 65535], [], [3]],
  truths: [true, false, true],
  kinds: ["loud", "plain"],
  value: ["names", ["in", "a value"]],
};
const many = Array.from({ length: 500 }, (_, index) => `name ${index}`);
const deep = (depth) => [`depth ${depth}`, "same"];

await runGuests("nested", host, [
  TREE,
  // What the guest got back and put again.
  TREE,
  many,
  many.map((text) => ["text", text]),
  "\ufffd lone \ufffd, pair 😀 \ufffd",
  ["\ufffd"],
  [-1, deep(1), deep(1)],
  [1001, deep(2), deep(2)],
  [1002, deep(3), deep(3)],
]);

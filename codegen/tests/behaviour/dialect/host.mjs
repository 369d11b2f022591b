// A host written by hand after the rules of the other dialect: truth values of one byte, of which
// all but 0 are true, sets of bits that are passed by value, tags of one byte, and buffers that are
// an address and a length wherever they are.

import { runGuests } from "../runner.mjs";

function host(guest) {
  const { log } = guest;
  const success = () => 0xabcd0000;
  const inval = () => 0x12340001;
  const buffer = (view, at) => [view.getUint32(at, true), view.getUint32(at + 4, true)];
  return {
    open(name, length, rights, bits, exact, kind, store) {
      log.push(["open", guest.text(name, length), rights, bits, exact, kind]);
      guest.view().setUint32(store, 7, true);
      return success();
    },
    put(store, entry, choice, out) {
      if (store !== 7) return inval();
      const view = guest.view();
      const [name, length] = buffer(view, entry + 16);
      const tag = view.getUint8(choice);
      const payloads = [
        () => null,
        () => view.getUint8(choice + 8),
        () => view.getBigUint64(choice + 8, true),
        () => view.getUint8(choice + 8),
      ];
      log.push([
        "put",
        [0, 1, 2, 24].map((offset) => view.getUint8(entry + offset)),
        view.getBigUint64(entry + 8, true),
        guest.text(name, length),
        [tag, payloads[tag]()],
      ]);
      // A truth value that is neither 0 nor 1; the guest's own text, but for its last byte.
      [4, 2, 5].forEach((byte, offset) => view.setUint8(out + offset, byte));
      view.setBigUint64(out + 8, 0xfedcba9876543210n, true);
      view.setUint32(out + 16, name, true);
      view.setUint32(out + 20, length - 1, true);
      view.setUint8(out + 24, 0);
      return success();
    },
    choose(which, out) {
      log.push(["choose", which]);
      const view = guest.view();
      view.setUint8(out, which);
      if (which === 1) view.setUint8(out + 8, 200);
      if (which === 2) view.setBigUint64(out + 8, 0x8000000000000001n, true);
      if (which === 3) view.setUint8(out + 8, 0x80);
      return which > 3 ? inval() : success();
    },
    copy(src, length, dst, room, size) {
      const bytes = [...guest.bytes(src, length)];
      log.push(["copy", bytes, room]);
      if (room < length) return inval();
      guest.bytes(dst, length).set(bytes.map((byte) => byte + 1));
      guest.view().setUint32(size, length, true);
      return success();
    },
    work(job, size, truth) {
      const view = guest.view();
      const [src, length] = buffer(view, job + 4);
      const [dst, room] = buffer(view, job + 12);
      const bytes = [...guest.bytes(src, length)];
      log.push(["work", view.getUint8(job), bytes, room, view.getUint8(job + 20)]);
      guest.bytes(dst, room).fill(0xee);
      view.setUint32(size, room, true);
      view.setUint8(truth, 4);
      return success();
    },
  };
}

await runGuests("dialect", host, [
  ["open", "grüße 😀", 5, 6, 1, 2],
  ["put", [1, 1, 3, 0], 0x0123456789abcdefn, "keys", [2, 0xfedcba9876543210n]],
  ["put", [0, 2, 4, 1], 1n, "x", [3, 1]],
  ["choose", 0],
  ["choose", 1],
  ["choose", 2],
  ["choose", 3],
  ["choose", 4],
  ["copy", [1, 2, 255], 4],
  ["copy", [1, 2, 255], 2],
  ["work", 9, [10, 20], 3, 1],
]);

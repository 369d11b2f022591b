// A host written by hand, which puts junk into the upper bits of all it gives: a guest reads the
// lower ones alone. What guests send has none.

import { runGuests } from "../runner.mjs";

function host(guest) {
  const { log } = guest;
  // The parts of a number that are not those of its type.
  const junk = (number, bits) => number | (0xabcdef12 << bits);
  return {
    take(...values) {
      log.push(values);
      return junk(0, 8);
    },
    take_bare(...values) {
      log.push(values);
    },
    take_point(at) {
      log.push([guest.view().getUint8(at), guest.view().getInt16(at + 2, true)]);
      return junk(0, 8);
    },
    give_u8: () => junk(200, 8),
    give_s8: () => 0xff,
    give_u16: () => junk(60000, 16),
    give_s16: () => 0x00018ad0,
    give_bool(value, truth) {
      guest.view().setUint32(truth, value, true);
      return junk(0, 8);
    },
    give_char: () => 0x1f600,
    give_rights: () => junk(5, 8),
    give_modes: () => junk(6, 16),
    give_truths(one, other) {
      guest.view().setUint32(one, 4, true);
      guest.view().setUint32(other, 0x100, true);
      return junk(0, 16);
    },
    fail: (code) => junk(code, 8),
    fail_wide(code, truth) {
      guest.view().setUint32(truth, 0, true);
      return junk(code, 16);
    },
  };
}

await runGuests("narrow", host, [
  [44, -56, 4464, -25536, 1, 0x1f600, 2, 1, 5, 6, 0xe9, 1],
  [44, 1],
  [1, -2],
]);

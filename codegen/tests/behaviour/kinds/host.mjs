// A host written by hand, from the reference alone, for the kinds of types that the other documents do
// not have. The guest `by_hand.go` was written from the reference, too.

import { runGuests } from "../runner.mjs";

class Left extends Error {}

const HIGH = 1n << 63n;

function host(guest) {
  const { log } = guest;
  const view = () => guest.view();
  const unsigned = (number) => BigInt.asUintN(64, number);
  const pair = (at) => [view().getUint8(at), view().getBigUint64(at + 8, true)];
  const v16 = (at) => [view().getUint16(at, true), view().getBigUint64(at + 8, true)];
  const v32 = (at) => [view().getUint32(at, true), view().getUint8(at + 4)];
  let address;
  return {
    arguments(text, e32, e64, real32, f32s, f64s, int32, int64, atPair, size, atV16, atV32) {
      address = text;
      log.push([
        guest.text(text, 4), e32, e64, real32, f32s, unsigned(f64s), int32, int64, pair(atPair),
        size >>> 0, v16(atV16), v32(atV32),
      ]);
      return 0;
    },
    outs(fails, letter, byteLetter, text, e16, e32, e64, real32, f8, f32s, f64s) {
      if (fails) return 1;
      view().setUint32(letter, 0x1f600, true);
      view().setUint8(byteLetter, 0xe9);
      view().setUint32(text, address, true);
      view().setUint16(e16, 1, true);
      view().setUint32(e32, 1, true);
      view().setBigUint64(e64, 1n, true);
      view().setFloat32(real32, -1.5, true);
      view().setUint8(f8, 2);
      view().setUint32(f32s, 3, true);
      view().setBigUint64(f64s, 2n, true);
      return 0;
    },
    more_outs(numbers, room, int32, int64, atPair, atV16, atV32) {
      view().setUint32(numbers, address, true);
      view().setUint32(numbers + 4, 2, true);
      view().setUint32(room, address, true);
      view().setInt32(int32, -0x80000000, true);
      view().setBigInt64(int64, -5n, true);
      view().setUint8(atPair, 7);
      view().setBigUint64(atPair + 8, 8n, true);
      view().setUint16(atV16, 0, true);
      view().setUint32(atV32, 1, true);
      view().setUint8(atV32 + 4, 9);
      return 0;
    },
    inside(from, to) {
      log.push([
        String.fromCodePoint(view().getUint32(from, true)), view().getUint8(from + 4),
        view().getInt8(from + 5), guest.text(view().getUint32(from + 8, true), 4),
        view().getUint16(from + 12, true), view().getUint32(from + 16, true),
        view().getBigUint64(from + 24, true), view().getFloat32(from + 32, true),
        view().getUint16(from + 36, true), view().getUint32(from + 40, true),
        view().getBigUint64(from + 48, true), view().getUint32(from + 56, true),
        view().getInt32(from + 60, true), view().getUint32(from + 64, true), pair(from + 72),
        v16(from + 88), v32(from + 104),
      ]);
      guest.bytes(to, 112).set(guest.bytes(from, 112));
      return 0;
    },
    // With junk above, which is not of the value.
    give_byte_letter: () => 0x1e9,
    give_real32: () => 0.25,
    give_real64: () => -0.1,
    give_f32s: () => 3,
    give_f64s: () => 2n,
    give_thing: () => -1,
    give_int32: () => -1,
    give_int64: () => -HIGH,
    give_natural32: () => -2,
    give_natural64: () => -2n,
    give_size: () => -3,
    check: (fails) => (fails ? 7 : 0),
    leave(code) {
      throw new Left(`${code}`);
    },
  };
}

const PAIR = [200, HIGH + 1n];
const V16 = [1, unsignedMax()];
const V32 = [1, 255];

function unsignedMax() {
  return 2n * HIGH - 1n;
}

await runGuests(
  "kinds",
  host,
  [
    ["text", 1, 1, 0.5, 2, 3n, -2, -3n, PAIR, 4000000000, V16, V32],
    [
      "😀", 0xe9, -100, "text", 1, 1, 1n, 0.5, 3, 2, 3n, 0xffffffff, -2, 4000000000, PAIR, V16, V32,
    ],
  ],
  ["run"],
  ["stop"],
);

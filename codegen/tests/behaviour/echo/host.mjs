// A host written by hand, from the reference alone: it checks what each guest sends, and gives
// back what `host.rs` gives back. Its arguments are guests, each of which says with 0 that it got
// what it had to.

import { runGuests } from "../runner.mjs";

const COLORS = ["Red", "Green", "Blue"];
const WRONG = 1;

function host(guest) {
  const { log } = guest;
  const view = () => guest.view();
  const point = (at) => ({
    x: view().getInt16(at, true),
    color: COLORS[view().getUint8(at + 2)],
    y: view().getBigUint64(at + 8, true),
  });
  const writePoint = (at, { x, color, y }) => {
    view().setInt16(at, x, true);
    view().setUint8(at + 2, COLORS.indexOf(color));
    view().setBigUint64(at + 8, y, true);
  };
  const moved = ({ x, color, y }) => ({
    x: -x,
    color: COLORS[(COLORS.indexOf(color) + 1) % 3],
    y: BigInt.asUintN(64, ~y),
  });
  return {
    numbers(a, b, c, d, e, f, byte, tiny, short, signed, wide, real) {
      e = BigInt.asUintN(64, e);
      log.push([a, b, c, d, e, f]);
      if (a === 0) return WRONG;
      view().setUint8(byte, ~a);
      view().setInt8(tiny, -b);
      view().setUint16(short, ~c, true);
      view().setInt16(signed, -d, true);
      view().setBigUint64(wide, BigInt.asUintN(64, ~e), true);
      view().setFloat64(real, -f, true);
      return 0;
    },
    record(from, to) {
      log.push(point(from));
      writePoint(to, moved(point(from)));
      return 0;
    },
    variant(from, to) {
      const tag = view().getUint8(from);
      const payload = from + 8;
      switch (tag) {
        case 0:
          log.push(["none"]);
          view().setUint8(to, 1);
          view().setUint8(to + 8, 7);
          return 0;
        case 1: {
          const byte = view().getUint8(payload);
          log.push(["byte", byte]);
          view().setUint8(to, 3);
          view().setFloat64(to + 8, byte / 2, true);
          return 0;
        }
        case 2: {
          const dot = point(payload);
          log.push(["dot", dot]);
          view().setUint8(to, 2);
          writePoint(to + 8, moved(dot));
          return 0;
        }
        case 3:
          log.push(["ratio", view().getFloat64(payload, true)]);
          view().setUint8(to, 0);
          return 0;
        default:
          return WRONG;
      }
    },
    flags(rights, to) {
      log.push(rights);
      view().setUint16(to, ~rights & 7, true);
      return 0;
    },
    color(color, to) {
      log.push(COLORS[color]);
      view().setUint8(to, 1);
      return 0;
    },
    text(at, length, out, outLength, written) {
      const got = guest.text(at, length);
      log.push(got);
      const reversed = new TextEncoder().encode([...got].reverse().join(""));
      guest.bytes(out, outLength).set(reversed.subarray(0, outLength));
      view().setUint32(written, reversed.length, true);
      return 0;
    },
    list(at, length, wide, size) {
      const list = Array.from({ length }, (_, i) => view().getUint16(at + 2 * i, true));
      log.push(list);
      view().setBigUint64(wide, BigInt(list.reduce((a, b) => a + b, 0)), true);
      view().setUint32(size, length, true);
      return 0;
    },
    points(at, length, to) {
      const list = Array.from({ length }, (_, i) => point(at + 16 * i));
      log.push(list);
      writePoint(to, list[length - 1]);
      return 0;
    },
  };
}

const EXPECTED = [
  [200, -100, 60000, -30000, 12345678901234567890n, 0.1],
  [0, 0, 0, 0, 0n, 0],
  { x: -300, color: "Blue", y: 18446744073709551615n },
  ["none"],
  ["byte", 201],
  ["dot", { x: 3, color: "Green", y: 4n }],
  ["ratio", 2.5],
  5,
  "Blue",
  "grüße 漢字",
  [1, 2, 65535],
  [
    { x: 1, color: "Red", y: 2n },
    { x: -3, color: "Green", y: 4294967296n },
  ],
];

await runGuests("echo", host, EXPECTED);

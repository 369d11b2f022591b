// The AssemblyScript guest of the behaviour test of narrow values.

import {
  Code, Color, Errno, Level, MODES_THREE, MODES_TWO, Point, RIGHTS_EXECUTE, RIGHTS_READ,
  fail, failWide, giveBool, giveChar, giveModes, giveRights, giveS16, giveS8,
  giveTruths, giveU16, giveU8, take, takeBare, takePoint,
} from "./narrow";

let hundred = 100;

export function run(): i32 {
  const a = <u8>(hundred + 200);
  const b = <i8>(hundred + 100);
  const c = <u16>(700 * hundred);
  const d = <i16>(400 * hundred);
  // A byte that is neither 0 nor 1.
  const byte = memory.data(1);
  store<u8>(byte, 4);
  const truth = load<bool>(byte);
  const rights = RIGHTS_READ | RIGHTS_EXECUTE;
  const modes = MODES_TWO | MODES_THREE;
  const color = <Color>(hundred + 158);
  const error = take(a, b, c, d, truth, 0x1f600, color, Level.MIDDLE, rights, modes, 0xe9, truth);
  if (error != Errno.SUCCESS) return 1;
  takeBare(a, truth);
  if (takePoint(new Point(<Color>(hundred + 157), -2)) != Errno.SUCCESS) return 2;
  if (<i32>giveU8() != 200) return 3;
  if (<i32>giveS8() != -1) return 4;
  if (<i32>giveU16() != 60000) return 5;
  if (<i32>giveS16() != -30000) return 6;
  if (<i32>giveBool(4).truth != 1 || <i32>giveBool(0x100).truth != 1 || giveBool(0).truth) return 7;
  if (giveChar() != 0x1f600) return 8;
  if (<i32>giveRights() != <i32>rights) return 11;
  if (<i32>giveModes() != <i32>modes) return 12;
  const truths = giveTruths();
  if (truths.error != Code.SUCCESS || !truths.truth || !truths.other) return 13;
  if (fail(0) != Errno.SUCCESS || fail(2) != Errno.WRONG) return 14;
  const wide = failWide(0);
  if (wide.error != Code.SUCCESS || wide.truth) return 15;
  if (failWide(2).error != Code.WRONG) return 16;
  return 0;
}

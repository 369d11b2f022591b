// The AssemblyScript guest of the behaviour test of the kinds of types.

import {
  All, E16, E32, E64, Errno, F16_X, F16_Y, F32S_X, F32S_Y, F64S_X, F64S_Y, F8_Y, Pair, V16, V32,
  WideErrno, arguments, check, giveByteLetter, giveF32s, giveF64s, giveInt32, giveInt64,
  giveNatural32, giveNatural64, giveReal32, giveReal64, giveSize, giveThing, inside, leave,
  moreOuts, outs,
} from "./kinds";

/** The four bytes, aligned for what reads two of them at once. */
const text = memory.data<u8>([0x74, 0x65, 0x78, 0x74], 2);

export function run(): i32 {
  const both = F64S_X | F64S_Y;
  const pair = new Pair(200, 0x8000000000000001);
  const wide = V16.wide(u64.MAX_VALUE);
  const narrow = V32.narrow(255);
  const sent = arguments(
    text, E32.B, E64.B, 0.5, F32S_Y, both, -2, -3, pair, 4000000000, wide, narrow,
  );
  if (sent != Errno.SUCCESS) return 1;

  const got = outs(false);
  if (got.error != WideErrno.SUCCESS || got.letter != 0x1f600) return 2;
  if (<i32>got.byteLetter != 0xe9 || got.text != text) return 3;
  if (got.e16 != E16.B || got.e32 != E32.B || got.e64 != E64.B || got.real32 != -1.5) return 4;
  if (got.f8 != F8_Y || got.f32s != (F32S_X | F32S_Y) || got.f64s != F64S_Y) return 5;
  if (outs(true).error != WideErrno.INVAL) return 6;

  const more = moreOuts();
  if (more.error != Errno.SUCCESS || more.numbers.length != 2 || more.room != text) return 7;
  if (more.numbers[0] != 0x6574 || more.numbers[1] != 0x7478) return 8;
  if (more.int32 != i32.MIN_VALUE || more.int64 != -5) return 9;
  if (more.pair.f0 != 7 || more.pair.f1 != 8) return 10;
  if (more.v16.tag != V16.none().tag || more.v32.asNarrow() != 9) return 11;

  const all = new All(
    0x1f600, 0xe9, -100, text, E16.B, E32.B, E64.B, 0.5, F16_X | F16_Y, F32S_Y, both, u32.MAX_VALUE,
    -2, 4000000000, pair, wide, narrow,
  );
  const result = inside(all);
  const back = result.all;
  if (result.error != Errno.SUCCESS || back.letter != 0x1f600 || back.byteLetter != 0xe9) return 12;
  if (back.tiny != -100 || back.text != text || back.e16 != E16.B || back.e32 != E32.B) return 13;
  if (back.e64 != E64.B || back.real32 != 0.5 || back.f16 != (F16_X | F16_Y)) return 14;
  if (back.f32s != F32S_Y || back.f64s != both || back.thing != u32.MAX_VALUE) return 15;
  if (back.int32 != -2 || back.natural32 != 4000000000) return 16;
  if (back.pair.f0 != 200 || back.pair.f1 != pair.f1) return 17;
  if (back.v16.asWide() != u64.MAX_VALUE || back.v32.asNarrow() != 255) return 18;

  if (<i32>giveByteLetter() != 0xe9 || giveReal32() != 0.25 || giveReal64() != -0.1) return 19;
  if (giveF32s() != (F32S_X | F32S_Y) || giveF64s() != F64S_Y) return 20;
  if (giveThing() != u32.MAX_VALUE || giveInt32() != -1 || giveInt64() != i64.MIN_VALUE) return 21;
  if (giveNatural32() != 0xfffffffe || giveNatural64() != u64.MAX_VALUE - 1) return 22;
  if (giveSize() != 0xfffffffd) return 23;
  return check(false) == 0 && check(true) != 0 ? 0 : 24;
}

export function stop(): void {
  leave(7);
}

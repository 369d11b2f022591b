// The AssemblyScript guest of the behaviour test.

import {
  Color, Errno, Point, RIGHTS_EXECUTE, RIGHTS_READ, RIGHTS_WRITE, Shape,
  errnoMessage, errnoName,
  color, flags, list, numbers, points, record, text, variant,
} from "./echo";

export function run(): i32 {
  const n = numbers(200, -100, 60000, -30000, 12345678901234567890, 0.1);
  if (n.error != Errno.SUCCESS || n.byte != 55 || n.tiny != 100 || n.short != 5535) return 1;
  if (n.signed != 30000 || n.wide != 6101065172474983725 || n.real != -0.1) return 1;
  if (numbers(0, 0, 0, 0, 0, 0).error != Errno.WRONG) return 2;
  const p = record(new Point(-300, Color.BLUE, u64.MAX_VALUE)).point;
  if (p.x != 300 || p.color != Color.RED || p.y != 0) return 3;
  if (variant(Shape.none()).shape.asByte() != 7) return 4;
  if (variant(Shape.byte(201)).shape.asRatio() != 100.5) return 5;
  const dot = variant(Shape.dot(new Point(3, Color.GREEN, 4))).shape.asDot();
  if (dot.x != -3 || dot.color != Color.BLUE || dot.y != ~(<u64>4)) return 6;
  if (variant(Shape.ratio(2.5)).shape.tag != 0) return 7;
  if (flags(RIGHTS_READ | RIGHTS_EXECUTE).rights != RIGHTS_WRITE) return 8;
  if (color(Color.BLUE).color != Color.GREEN) return 9;
  const out = new Uint8Array(32);
  const length = <i32>text("grüße 漢字", out).size;
  if (String.UTF8.decodeUnsafe(out.dataStart, length) != "字漢 eßürg") return 10;
  const numbersOfList = new Uint16Array(3);
  numbersOfList[0] = 1;
  numbersOfList[1] = 2;
  numbersOfList[2] = 65535;
  const sum = list(numbersOfList);
  if (sum.wide != 65538 || sum.size != 3) return 11;
  const last = points([new Point(1, Color.RED, 2), new Point(-3, Color.GREEN, 4294967296)]).point;
  if (last.x != -3 || last.color != Color.GREEN || last.y != 4294967296) return 12;
  if (errnoName(Errno.WRONG) != "wrong" || errnoName(<Errno>2) != "unknown") return 13;
  if (errnoMessage(Errno.SUCCESS) != "success") return 14;
  if (errnoMessage(Errno.WRONG) != "Grüße, 漢字 and 😀 are no \"echo\"") return 15;
  if (errnoMessage(<Errno>-1) != "unknown error") return 16;
  return 0;
}

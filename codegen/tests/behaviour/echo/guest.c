// The C guest of the behaviour test.

#include "echo.h"

__attribute__((export_name("run"))) int run(void) {
  uint8_t a;
  int8_t b;
  uint16_t c;
  int16_t d;
  uint64_t e;
  double f;
  if (echo_numbers(200, -100, 60000, -30000, 12345678901234567890u, 0.1, &a, &b, &c, &d, &e, &f))
    return 1;
  if (a != 55 || b != 100 || c != 5535 || d != 30000 || e != 6101065172474983725u || f != -0.1)
    return 1;
  if (echo_numbers(0, 0, 0, 0, 0, 0, &a, &b, &c, &d, &e, &f) != ECHO_ERRNO_WRONG) return 2;
  echo_point_t point = {-300, ECHO_COLOR_BLUE, UINT64_MAX};
  if (echo_record(&point, &point)) return 3;
  if (point.x != 300 || point.color != ECHO_COLOR_RED || point.y != 0) return 3;
  echo_shape_t shape;
  shape.tag = ECHO_SHAPE_NONE;
  if (echo_variant(&shape, &shape) || shape.tag != ECHO_SHAPE_BYTE) return 4;
  if (shape.payload.byte != 7) return 4;
  shape.payload.byte = 201;
  if (echo_variant(&shape, &shape) || shape.tag != ECHO_SHAPE_RATIO) return 5;
  if (shape.payload.ratio != 100.5) return 5;
  shape.tag = ECHO_SHAPE_DOT;
  shape.payload.dot.x = 3;
  shape.payload.dot.color = ECHO_COLOR_GREEN;
  shape.payload.dot.y = 4;
  if (echo_variant(&shape, &shape) || shape.tag != ECHO_SHAPE_DOT) return 6;
  if (shape.payload.dot.x != -3 || shape.payload.dot.color != ECHO_COLOR_BLUE) return 6;
  if (shape.payload.dot.y != ~UINT64_C(4)) return 6;
  shape.tag = ECHO_SHAPE_RATIO;
  shape.payload.ratio = 2.5;
  if (echo_variant(&shape, &shape) || shape.tag != ECHO_SHAPE_NONE) return 7;
  echo_rights_t rights = ECHO_RIGHTS_READ | ECHO_RIGHTS_EXECUTE;
  if (echo_flags(rights, &rights) || rights != ECHO_RIGHTS_WRITE) return 8;
  echo_color_t color;
  if (echo_color(ECHO_COLOR_BLUE, &color) || color != ECHO_COLOR_GREEN) return 9;
  static const char text[] = "grüße 漢字", reversed[] = "字漢 eßürg";
  uint8_t out[32];
  size_t size;
  if (echo_text(text, sizeof text - 1, out, sizeof out, &size)) return 10;
  if (size != sizeof reversed - 1) return 10;
  for (size_t i = 0; i < size; i++)
    if (out[i] != (uint8_t)reversed[i]) return 10;
  static const uint16_t numbers[] = {1, 2, 65535};
  if (echo_list(numbers, 3, &e, &size) || e != 65538 || size != 3) return 11;
  static const echo_point_t points[] = {
      {1, ECHO_COLOR_RED, 2}, {-3, ECHO_COLOR_GREEN, UINT64_C(1) << 32}};
  if (echo_points(points, 2, &point)) return 12;
  if (point.x != -3 || point.color != ECHO_COLOR_GREEN || point.y != UINT64_C(1) << 32) return 12;
  return 0;
}

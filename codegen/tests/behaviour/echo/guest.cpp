// The C++ guest of the behaviour test.

#include "echo.hpp"

#include <array>
#include <string_view>

__attribute__((export_name("run"))) extern "C" int run() {
  auto const numbers = echo::numbers(200, -100, 60000, -30000, 12345678901234567890u, 0.1);
  if (!numbers || numbers->byte != 55 || numbers->tiny != 100 || numbers->real != -0.1) return 1;
  if (numbers->short_ != 5535 || numbers->signed_ != 30000) return 1;
  if (numbers->wide != 6101065172474983725u) return 1;
  auto const wrong = echo::numbers(0, 0, 0, 0, 0, 0);
  if (wrong.has_value() || wrong.error() != ECHO_ERRNO_WRONG) return 2;
  auto const point = echo::record({-300, ECHO_COLOR_BLUE, UINT64_MAX});
  if (!point || point->x != 300 || point->color != ECHO_COLOR_RED || point->y != 0) return 3;
  echo_shape_t shape{};
  shape.tag = ECHO_SHAPE_NONE;
  shape = echo::variant(shape).value();
  if (shape.tag != ECHO_SHAPE_BYTE || shape.payload.byte != 7) return 4;
  shape.payload.byte = 201;
  shape = *echo::variant(shape);
  if (shape.tag != ECHO_SHAPE_RATIO || shape.payload.ratio != 100.5) return 5;
  shape.tag = ECHO_SHAPE_DOT;
  shape.payload.dot = {3, ECHO_COLOR_GREEN, 4};
  shape = *echo::variant(shape);
  if (shape.tag != ECHO_SHAPE_DOT || shape.payload.dot.x != -3) return 6;
  if (shape.payload.dot.color != ECHO_COLOR_BLUE || shape.payload.dot.y != ~UINT64_C(4)) return 6;
  shape.tag = ECHO_SHAPE_RATIO;
  shape.payload.ratio = 2.5;
  if (echo::variant(shape)->tag != ECHO_SHAPE_NONE) return 7;
  if (echo::flags(ECHO_RIGHTS_READ | ECHO_RIGHTS_EXECUTE).value_or(0) != ECHO_RIGHTS_WRITE) return 8;
  if (*echo::color(ECHO_COLOR_BLUE) != ECHO_COLOR_GREEN) return 9;
  std::array<std::uint8_t, 32> out{};
  auto const size = echo::text("grüße 漢字", out);
  std::string_view const written(reinterpret_cast<char const *>(out.data()), size.value_or(0));
  if (written != "字漢 eßürg") return 10;
  std::uint16_t const list[] = {1, 2, 65535};
  auto const sum = echo::list(list);
  if (!sum || sum->wide != 65538 || sum->size != 3) return 11;
  std::array<echo_point_t, 2> const points{
      {{1, ECHO_COLOR_RED, 2}, {-3, ECHO_COLOR_GREEN, UINT64_C(1) << 32}}};
  auto const last = echo::points(points);
  if (!last || last->x != -3 || last->color != ECHO_COLOR_GREEN) return 12;
  if (last->y != UINT64_C(1) << 32) return 12;
  return 0;
}

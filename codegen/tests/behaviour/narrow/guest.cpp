// The C++ guest of the behaviour test of narrow values.

#include "narrow.hpp"

static volatile int hundred = 100, four = 4;

__attribute__((export_name("run"))) extern "C" int run() {
  auto const a = static_cast<std::uint8_t>(hundred + 200);
  auto const b = static_cast<std::int8_t>(hundred + 100);
  auto const c = static_cast<std::uint16_t>(700 * hundred);
  auto const d = static_cast<std::int16_t>(400 * hundred);
  auto const color = static_cast<narrow_color_t>(254 + four);
  auto const rights = static_cast<narrow_rights_t>(NARROW_RIGHTS_READ | NARROW_RIGHTS_EXECUTE);
  auto const modes = static_cast<narrow_modes_t>(NARROW_MODES_TWO | NARROW_MODES_THREE);
  auto const letter = static_cast<char>(0xe9);
  bool const truth = four;
  if (!narrow::take(a, b, c, d, truth, 0x1f600, color, NARROW_LEVEL_MIDDLE, rights, modes, letter,
                    truth))
    return 1;
  narrow::take_bare(a, truth);
  if (!narrow::take_point({NARROW_COLOR_GREEN, -2})) return 2;
  int got = narrow::give_u8();
  if (got != 200) return 3;
  got = narrow::give_s8();
  if (got != -1) return 4;
  got = narrow::give_u16();
  if (got != 60000) return 5;
  got = narrow::give_s16();
  if (got != -30000) return 6;
  if (narrow::give_bool(4).value() != true || narrow::give_bool(0x100).value() != true) return 7;
  if (*narrow::give_bool(0)) return 7;
  if (narrow::give_char() != 0x1f600) return 8;
  got = narrow::give_rights();
  if (got != rights) return 11;
  got = narrow::give_modes();
  if (got != modes) return 12;
  auto const truths = narrow::give_truths();
  if (!truths || truths->truth != true || truths->other != true) return 13;
  if (!narrow::fail(0) || narrow::fail(2).error() != NARROW_ERRNO_WRONG) return 14;
  auto const wide = narrow::fail_wide(0);
  if (!wide || *wide) return 15;
  if (narrow::fail_wide(2).error() != NARROW_CODE_WRONG) return 16;
  return 0;
}

// The C guest of the behaviour test of narrow values.

#include "narrow.h"

// Not known to the compiler, so that nothing is computed by it.
static volatile int hundred = 100, four = 4;

__attribute__((export_name("run"))) int run(void) {
  uint8_t a = (uint8_t)(hundred + 200);
  int8_t b = (int8_t)(hundred + 100);
  uint16_t c = (uint16_t)(700 * hundred);
  int16_t d = (int16_t)(400 * hundred);
  if (narrow_take(a, b, c, d, four, 0x1f600, (narrow_color_t)(254 + four), NARROW_LEVEL_MIDDLE,
                  NARROW_RIGHTS_READ | NARROW_RIGHTS_EXECUTE, NARROW_MODES_TWO | NARROW_MODES_THREE,
                  (char)0xe9, four))
    return 1;
  narrow_take_bare(a, four);
  narrow_point_t point = {NARROW_COLOR_GREEN, -2};
  if (narrow_take_point(&point)) return 2;
  // As wide as they are read, or the compiler narrows them itself.
  int got = narrow_give_u8();
  if (got != 200) return 3;
  got = narrow_give_s8();
  if (got != -1) return 4;
  got = narrow_give_u16();
  if (got != 60000) return 5;
  got = narrow_give_s16();
  if (got != -30000) return 6;
  bool yes = false, also = false, no = true;
  if (narrow_give_bool(4, &yes) || narrow_give_bool(0x100, &also) || narrow_give_bool(0, &no))
    return 7;
  if (yes != true || also != true || no) return 7;
  if (narrow_give_char() != 0x1f600) return 8;
  got = narrow_give_rights();
  if (got != (NARROW_RIGHTS_READ | NARROW_RIGHTS_EXECUTE)) return 11;
  got = narrow_give_modes();
  if (got != (NARROW_MODES_TWO | NARROW_MODES_THREE)) return 12;
  bool one = false, other = false;
  if (narrow_give_truths(&one, &other) || one != true || other != true) return 13;
  if (narrow_fail(0) || narrow_fail(2) != NARROW_ERRNO_WRONG) return 14;
  if (narrow_fail_wide(0, &one) || one) return 15;
  other = true;
  if (narrow_fail_wide(2, &other) != NARROW_CODE_WRONG || !other) return 16;
  return 0;
}

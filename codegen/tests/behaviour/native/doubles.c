// The file of a native program, such as a test, that has functions of its own in place of imports.

#include "narrow.h"

narrow_errno_t narrow_take(uint8_t a, int8_t b, uint16_t c, int16_t d, bool e, uint32_t f,
                           narrow_color_t g, narrow_level_t h, narrow_rights_t i, narrow_modes_t j,
                           char k, bool l) {
  return e && l && !(a || b || c || d || f || g || h || i || j || k) ? 101 : 0;
}
void narrow_take_bare(uint8_t a, bool b) { (void)a, (void)b; }
narrow_errno_t narrow_take_point(narrow_point_t const *p) { return p->x == -2 ? 102 : 0; }
uint8_t narrow_give_u8(void) { return 103; }
int8_t narrow_give_s8(void) { return -104; }
uint16_t narrow_give_u16(void) { return 60000; }
int16_t narrow_give_s16(void) { return -30000; }
narrow_errno_t narrow_give_bool(uint32_t value, bool *truth) {
  *truth = value;
  return 105;
}
uint32_t narrow_give_char(void) { return 106; }
narrow_rights_t narrow_give_rights(void) { return 107; }
narrow_modes_t narrow_give_modes(void) { return 108; }
narrow_code_t narrow_give_truths(bool *truth, bool *other) {
  *truth = *other = true;
  return 109;
}
narrow_errno_t narrow_fail(uint32_t code) {
  (void)code;
  return 110;
}
narrow_code_t narrow_fail_wide(uint32_t code, bool *truth) {
  *truth = true;
  (void)code;
  return 111;
}

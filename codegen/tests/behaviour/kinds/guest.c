// The C guest of the behaviour test of the kinds of types.

#include "kinds.h"

static _Alignas(2) uint8_t const text[4] = {'t', 'e', 'x', 't'};

static kinds_pair_t const pair = {200, (UINT64_C(1) << 63) + 1};
static kinds_v16_t const v16 = {KINDS_V16_WIDE, {UINT64_MAX}};
static kinds_v32_t const v32 = {KINDS_V32_NARROW, {255}};

__attribute__((export_name("run"))) int run(void) {
  if (kinds_arguments(text, KINDS_E32_B, KINDS_E64_B, 0.5f, KINDS_F32S_Y,
                      KINDS_F64S_X | KINDS_F64S_Y, -2, -3, &pair, 4000000000, &v16, &v32))
    return 1;

  kinds_letter_t letter;
  kinds_byte_letter_t byte_letter;
  kinds_text_t text_out;
  kinds_e16_t e16;
  kinds_e32_t e32;
  kinds_e64_t e64;
  kinds_real32_t real32;
  kinds_f8_t f8;
  kinds_f32s_t f32s;
  kinds_f64s_t f64s;
  kinds_numbers_t numbers;
  kinds_room_t room;
  kinds_int32_t int32;
  kinds_int64_t int64;
  kinds_pair_t pair_out;
  kinds_v16_t v16_out;
  kinds_v32_t v32_out;
  if (kinds_outs(false, &letter, &byte_letter, &text_out, &e16, &e32, &e64, &real32, &f8, &f32s,
                 &f64s) ||
      kinds_more_outs(&numbers, &room, &int32, &int64, &pair_out, &v16_out, &v32_out))
    return 2;
  if (letter != 0x1f600 || (uint8_t)byte_letter != 0xe9 || text_out != text) return 3;
  if (e16 != KINDS_E16_B || e32 != KINDS_E32_B || e64 != KINDS_E64_B || real32 != -1.5f) return 4;
  if (f8 != KINDS_F8_Y || f32s != (KINDS_F32S_X | KINDS_F32S_Y) || f64s != KINDS_F64S_Y) return 5;
  if (numbers.len != 2 || numbers.ptr[0] != 0x6574 || (uint8_t const *)room != text) return 6;
  if (int32 != INT32_MIN || int64 != -5 || pair_out.f0 != 7 || pair_out.f1 != 8) return 7;
  if (v16_out.tag != KINDS_V16_NONE || v32_out.tag != KINDS_V32_NARROW) return 8;
  if (v32_out.payload.narrow != 9) return 9;
  if (kinds_outs(true, &letter, &byte_letter, &text_out, &e16, &e32, &e64, &real32, &f8, &f32s,
                 &f64s) != KINDS_WIDE_ERRNO_INVAL)
    return 10;

  kinds_all_t const all = {0x1f600, (char)0xe9, -100, text, KINDS_E16_B, KINDS_E32_B, KINDS_E64_B, 0.5f,
                           KINDS_F16_X | KINDS_F16_Y, KINDS_F32S_Y, KINDS_F64S_X | KINDS_F64S_Y,
                           UINT32_MAX, -2, 4000000000, pair, v16, v32};
  kinds_all_t back;
  if (kinds_inside(&all, &back)) return 11;
  if (back.letter != 0x1f600 || back.tiny != -100 || back.text != text || back.e64 != KINDS_E64_B ||
      back.f64s != 3 || back.thing != UINT32_MAX || back.natural32 != 4000000000 ||
      back.pair.f1 != pair.f1 || back.v16.payload.wide != UINT64_MAX ||
      back.v32.payload.narrow != 255)
    return 12;

  int byte = (uint8_t)kinds_give_byte_letter();
  if (byte != 0xe9 || kinds_give_real32() != 0.25f || kinds_give_real64() != -0.1) return 13;
  if (kinds_give_f32s() != 3 || kinds_give_f64s() != 2 || kinds_give_thing() != UINT32_MAX) return 14;
  if (kinds_give_int32() != -1 || kinds_give_int64() != INT64_MIN) return 15;
  if (kinds_give_natural32() != 0xfffffffe || kinds_give_natural64() != UINT64_MAX - 1) return 16;
  if (kinds_give_size() != 0xfffffffd) return 17;
  if (kinds_check(false) || !kinds_check(true)) return 18;
  return 0;
}

__attribute__((export_name("stop"))) void stop(void) { kinds_leave(7); }

// The C++ guest of the behaviour test of the kinds of types.

#include "kinds.hpp"

#include <limits>

alignas(2) static std::uint8_t const text[4] = {'t', 'e', 'x', 't'};

static kinds_pair_t const pair = {200, (std::uint64_t{1} << 63) + 1};

template <class T> constexpr T max = std::numeric_limits<T>::max();
template <class T> constexpr T min = std::numeric_limits<T>::min();

__attribute__((export_name("run"))) extern "C" int run() {
  kinds_f64s_t const both = KINDS_F64S_X | KINDS_F64S_Y;
  kinds_v16_t const wide = {KINDS_V16_WIDE, {max<std::uint64_t>}};
  kinds_v32_t const narrow = {KINDS_V32_NARROW, {255}};
  if (!kinds::arguments(text, KINDS_E32_B, KINDS_E64_B, 0.5f, KINDS_F32S_Y, both, -2, -3, pair,
                        4000000000, wide, narrow))
    return 1;

  auto const got = kinds::outs(false);
  if (!got || got->letter != U'😀' || got->text != text) return 2;
  if (static_cast<std::uint8_t>(got->byte_letter) != 0xe9 || got->e16 != KINDS_E16_B) return 3;
  if (got->e32 != KINDS_E32_B || got->e64 != KINDS_E64_B || got->real32 != -1.5f) return 4;
  if (got->f8 != KINDS_F8_Y || got->f32s != (KINDS_F32S_X | KINDS_F32S_Y)) return 5;
  if (got->f64s != KINDS_F64S_Y) return 6;
  if (kinds::outs(true).error() != KINDS_WIDE_ERRNO_INVAL) return 7;

  auto const more = kinds::more_outs();
  if (!more || more->numbers.len != 2 || more->int32 != min<std::int32_t>) return 8;
  if (more->numbers.ptr[0] != 0x6574 || more->numbers.ptr[1] != 0x7478) return 9;
  if (reinterpret_cast<std::uint8_t const *>(more->room) != text || more->int64 != -5) return 10;
  if (more->pair.f0 != 7 || more->pair.f1 != 8 || more->v16.tag != KINDS_V16_NONE) return 11;
  if (more->v32.tag != KINDS_V32_NARROW || more->v32.payload.narrow != 9) return 12;

  kinds_all_t const all = {U'😀', static_cast<char>(0xe9), -100, text, KINDS_E16_B, KINDS_E32_B,
                           KINDS_E64_B, 0.5f, KINDS_F16_X | KINDS_F16_Y, KINDS_F32S_Y, both,
                           max<std::uint32_t>, -2, 4000000000, pair, wide, narrow};
  auto const back = kinds::inside(all);
  if (!back || back->letter != U'😀' || back->byte_letter != all.byte_letter) return 13;
  if (back->tiny != -100 || back->text != text || back->e16 != KINDS_E16_B) return 14;
  if (back->e32 != KINDS_E32_B || back->e64 != KINDS_E64_B || back->real32 != 0.5f) return 15;
  if (back->f16 != all.f16 || back->f32s != KINDS_F32S_Y || back->f64s != both) return 16;
  if (back->thing != max<std::uint32_t> || back->int32 != -2) return 17;
  if (back->natural32 != 4000000000 || back->pair.f0 != 200 || back->pair.f1 != pair.f1) return 18;
  if (back->v16.tag != KINDS_V16_WIDE || back->v16.payload.wide != max<std::uint64_t>) return 19;
  if (back->v32.tag != KINDS_V32_NARROW || back->v32.payload.narrow != 255) return 20;

  // As wide as it is read, or the compiler narrows it itself.
  int const byte = static_cast<std::uint8_t>(kinds::give_byte_letter());
  if (byte != 0xe9 || kinds::give_real32() != 0.25f || kinds::give_real64() != -0.1) return 21;
  if (kinds::give_f32s() != (KINDS_F32S_X | KINDS_F32S_Y)) return 22;
  if (kinds::give_f64s() != KINDS_F64S_Y || kinds::give_thing() != max<std::uint32_t>) return 23;
  if (kinds::give_int32() != -1 || kinds::give_int64() != min<std::int64_t>) return 24;
  if (kinds::give_natural32() != 0xfffffffe) return 25;
  if (kinds::give_natural64() != max<std::uint64_t> - 1) return 26;
  if (kinds::give_size() != 0xfffffffd) return 27;
  return kinds::check(false) && !kinds::check(true) ? 0 : 28;
}

__attribute__((export_name("stop"))) extern "C" void stop() { kinds::leave(7); }

// The C++ guest of the behaviour test of the other dialect.

#include "dialect.hpp"

#include <cstring>

__attribute__((export_name("run"))) extern "C" int run() {
  dialect_rights_t const read_execute = DIALECT_RIGHTS_READ | DIALECT_RIGHTS_EXECUTE;
  dialect_bits_t const bits = DIALECT_BITS_B | DIALECT_BITS_C;
  auto const store = dialect::open("grüße 😀", read_execute, bits, true, DIALECT_KIND_LAST);
  if (!store || *store != 7) return 1;
  dialect_entry_t entry{};
  entry.truth = 1;
  entry.kind = DIALECT_KIND_LOUD;
  entry.rights = DIALECT_RIGHTS_READ | DIALECT_RIGHTS_WRITE;
  entry.count = 0x0123456789abcdef;
  entry.name = {"keys", 4};
  dialect_choice_t choice{};
  choice.tag = DIALECT_CHOICE_WIDE;
  choice.payload.wide = 0xfedcba9876543210;
  auto const got = dialect::put(*store, entry, choice);
  if (!got) return 2;
  if (!got->truth || got->kind != DIALECT_KIND_LAST || got->rights != read_execute || got->last ||
      got->count != 0xfedcba9876543210 || got->name.len != 3 ||
      std::memcmp(got->name.ptr, "key", 3) != 0)
    return 3;
  dialect_entry_t second{};
  second.kind = DIALECT_KIND_LAST;
  second.rights = DIALECT_RIGHTS_EXECUTE;
  second.count = 1;
  second.name = {"x", 1};
  second.last = 1;
  dialect_choice_t yes{};
  yes.tag = DIALECT_CHOICE_TRUTH;
  yes.payload.truth = 1;
  if (!dialect::put(*store, second, yes)) return 4;
  if (dialect::put(8, entry, choice).error() != DIALECT_ERRNO_INVAL) return 5;
  if (dialect::choose(0)->tag != DIALECT_CHOICE_NOTHING) return 6;
  if (dialect::choose(1)->payload.byte != 200) return 7;
  if (dialect::choose(2)->payload.wide != 0x8000000000000001) return 8;
  if (dialect::choose(3)->tag != DIALECT_CHOICE_TRUTH) return 9;
  if (dialect::choose(4).error() != DIALECT_ERRNO_INVAL) return 10;
  std::uint8_t const src[] = {1, 2, 255};
  std::uint8_t dst[] = {9, 9, 9, 9};
  auto const size = dialect::copy(src, dst);
  if (!size || *size != 3 || dst[0] != 2 || dst[2] != 0 || dst[3] != 9) return 11;
  if (dialect::copy(src, {dst, 2}).error() != DIALECT_ERRNO_INVAL) return 12;
  std::uint8_t const bytes[] = {10, 20};
  dialect_job_t job{};
  job.id = 9;
  job.src = {bytes, 2};
  job.dst = dst;
  job.dst_len = 3;
  job.done = 1;
  auto const done = dialect::work(job);
  if (!done || done->size != 3 || done->truth != true) return 13;
  return dst[0] != 0xee || dst[2] != 0xee || dst[3] != 9 ? 14 : 0;
}

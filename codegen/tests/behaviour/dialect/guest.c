// The C guest of the behaviour test of the other dialect.

#include "dialect.h"

// Not known to the compiler, so that nothing is computed by it.
static volatile int four = 4;

__attribute__((export_name("run"))) int run(void) {
  dialect_store_t store = 0;
  if (dialect_open("gr\xc3\xbc\xc3\x9f" "e \xf0\x9f\x98\x80", 12,
                   DIALECT_RIGHTS_READ | DIALECT_RIGHTS_EXECUTE, DIALECT_BITS_B | DIALECT_BITS_C,
                   four, DIALECT_KIND_LAST, &store) || store != 7)
    return 1;
  dialect_entry_t entry = {.truth = 1, .kind = DIALECT_KIND_LOUD,
                           .rights = DIALECT_RIGHTS_READ | DIALECT_RIGHTS_WRITE,
                           .count = 0x0123456789abcdef, .name = {"keys", 4}, .last = 0};
  dialect_choice_t choice = {.tag = DIALECT_CHOICE_WIDE, .payload.wide = 0xfedcba9876543210};
  dialect_entry_t got;
  if (dialect_put(store, &entry, &choice, &got)) return 2;
  if (!got.truth || got.kind != DIALECT_KIND_LAST || got.last ||
      got.rights != (DIALECT_RIGHTS_READ | DIALECT_RIGHTS_EXECUTE) ||
      got.count != 0xfedcba9876543210 || got.name.ptr != entry.name.ptr || got.name.len != 3)
    return 3;
  dialect_entry_t second = {.truth = 0, .kind = DIALECT_KIND_LAST,
                            .rights = DIALECT_RIGHTS_EXECUTE, .count = 1, .name = {"x", 1},
                            .last = 1};
  dialect_choice_t yes = {.tag = DIALECT_CHOICE_TRUTH, .payload.truth = 1};
  if (dialect_put(store, &second, &yes, &got) || got.name.len != 0) return 4;
  if (dialect_put(8, &entry, &choice, &got) != DIALECT_ERRNO_INVAL) return 5;
  if (dialect_choose(0, &choice) || choice.tag != DIALECT_CHOICE_NOTHING) return 6;
  if (dialect_choose(1, &choice) || choice.tag != 1 || choice.payload.byte != 200) return 7;
  if (dialect_choose(2, &choice) || choice.payload.wide != 0x8000000000000001) return 8;
  if (dialect_choose(3, &choice) || choice.tag != DIALECT_CHOICE_TRUTH || !choice.payload.truth)
    return 9;
  if (dialect_choose(4, &choice) != DIALECT_ERRNO_INVAL) return 10;
  uint8_t const src[] = {1, 2, 255};
  uint8_t dst[4] = {9, 9, 9, 9};
  dialect_size_t size = 0;
  if (dialect_copy(src, 3, dst, 4, &size) || size != 3) return 11;
  if (dst[0] != 2 || dst[1] != 3 || dst[2] != 0 || dst[3] != 9) return 12;
  if (dialect_copy(src, 3, dst, 2, &size) != DIALECT_ERRNO_INVAL) return 13;
  uint8_t const bytes[] = {10, 20};
  dialect_job_t job = {.id = 9, .src = {bytes, 2}, .dst = dst, .dst_len = 3, .done = 1};
  bool truth = false;
  if (dialect_work(&job, &size, &truth) || size != 3 || truth != true) return 14;
  return dst[0] != 0xee || dst[2] != 0xee || dst[3] != 9 ? 15 : 0;
}

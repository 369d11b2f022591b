// The C guest of the behaviour test of strings and lists inside of values.

#include "nested.h"

#define LIST(array) {array, sizeof array / sizeof *array}
#define TEXT(text) {text, sizeof text - 1}
#define SAME(got, text) same(got, text, sizeof text - 1)

static uint64_t rooms[65536];
static size_t used;

// What the host writes to stays until the program ends.
__attribute__((export_name("room"))) void *room(size_t size) {
  void *start = &rooms[used];
  used += (size + 7) / 8;
  return start;
}

static bool same(nested_list_t got, char const *text, size_t length) {
  if (got.len != length) return false;
  for (size_t i = 0; i < length; i++)
    if (((char const *)got.ptr)[i] != text[i]) return false;
  return true;
}

// Writes a text and a number behind it, and gives where it ends.
static size_t numbered(char *to, char const *text, unsigned number) {
  size_t length = 0;
  while (*text) to[length++] = *text++;
  unsigned digits = 1;
  while (number / digits >= 10) digits *= 10;
  for (; digits > 0; digits /= 10) to[length++] = (char)('0' + number / digits % 10);
  return length;
}

// What the host calls during a call.
__attribute__((export_name("called"))) int called(uint32_t depth) {
  char text[32];
  nested_list_t const names[] = {{text, numbered(text, "depth ", depth)}, TEXT("same")};
  nested_size_t size;
  nested_kind_t kind;
  if (nested_call(depth, names, 2, &size, &kind)) return -1;
  return kind == depth % 2 ? (int)size : -2;
}

#define MANY 500
#define ID 0xfedcba9876543210

__attribute__((export_name("run"))) int run(void) {
  static uint8_t const data[] = {1, 2, 255};
  nested_entry_t const entry = {TEXT("eins 1"), ID, NESTED_KIND_LOUD, LIST(data), true};
  nested_list_t const names[] = {TEXT("grüße"), TEXT("漢字 😀"), TEXT(""), TEXT("a\0b")};
  nested_entry_t const entries[] = {{TEXT(""), 0, NESTED_KIND_PLAIN, {0, 0}, false}, entry};
  nested_list_t const two[] = {TEXT("x"), TEXT("yz")}, inside[] = {TEXT("in"), TEXT("a value")};
  nested_value_t const values[] = {
      {.tag = NESTED_VALUE_NOTHING},
      {.tag = NESTED_VALUE_COUNT, .payload.count = -1},
      {.tag = NESTED_VALUE_TEXT, .payload.text = TEXT("text")},
      {.tag = NESTED_VALUE_ENTRY, .payload.entry = entry},
      {.tag = NESTED_VALUE_NAMES, .payload.names = LIST(two)},
  };
  static uint16_t const first[] = {1, 65535}, last[] = {3};
  nested_list_t const rows[] = {LIST(first), {0, 0}, LIST(last)};
  static uint32_t const truths[] = {1, 0, 1};
  static nested_kind_t const kinds[] = {NESTED_KIND_LOUD, NESTED_KIND_PLAIN};
  nested_tree_t const tree = {
      entry,         LIST(names),  LIST(entries),
      LIST(values),  LIST(rows),   LIST(truths),
      LIST(kinds),   {.tag = NESTED_VALUE_NAMES, .payload.names = LIST(inside)},
  };
  nested_size_t size;
  if (nested_put(&tree, &size) || size != 1) return 1;
  nested_tree_t back;
  if (nested_get_tree(&back)) return 2;
  nested_list_t const *got = (nested_list_t const *)back.names.ptr;
  if (!SAME(got[1], "漢字 😀") || back.entry.kind != NESTED_KIND_LOUD) return 3;
  uint32_t const *truth = back.truths.ptr;
  if (!truth[2] || truth[1]) return 5;
  if (nested_put(&back, &size) || size != 2) return 7;
  nested_text_t text;
  if (nested_get_text(&text)) return 8;
  nested_list_t const whole = {text.ptr, text.len};
  if (!SAME(whole, "grüße 😀\0.")) return 8;
  static char characters[MANY][16];
  static nested_list_t many[MANY];
  static nested_value_t many_values[MANY];
  for (unsigned i = 0; i < MANY; i++) {
    many[i].ptr = characters[i];
    many[i].len = numbered(characters[i], "name ", i);
    many_values[i].tag = NESTED_VALUE_TEXT;
    many_values[i].payload.text.ptr = characters[i];
    many_values[i].payload.text.len = many[i].len;
  }
  if (nested_put_names(many, MANY, &size) || size != 3) return 9;
  if (nested_put_values(many_values, MANY, &size) || size != 4) return 10;
  static char const lone[] = "\ufffd lone \ufffd, pair 😀 \ufffd";
  if (nested_put_text(lone, sizeof lone - 1, &size) || size != 5) return 11;
  nested_list_t const replaced[] = {TEXT("\ufffd")};
  if (nested_put_names(replaced, 1, &size) || size != 6) return 12;
  return called(3) == 1003 ? 0 : 13;
}

// The C++ guest of the behaviour test of strings and lists inside of values.

#include "nested.hpp"

#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::deque<std::vector<std::uint64_t>> rooms;

nested_list_t text(std::string_view of) { return {of.data(), of.size()}; }

std::string_view view(nested_list_t of) { return {static_cast<char const *>(of.ptr), of.len}; }

template <class T, std::size_t N> nested_list_t list(std::array<T, N> const &of) {
  return {of.data(), N};
}

template <std::size_t N> nested_names_t names(std::array<nested_list_t, N> const &of) {
  return {of.data(), N};
}

nested_value_t value(std::uint8_t tag) {
  nested_value_t made{};
  made.tag = tag;
  return made;
}

nested_value_t value(std::string_view of) {
  auto made = value(NESTED_VALUE_TEXT);
  made.payload.text = text(of);
  return made;
}

}  // namespace

// What the host writes to stays until the program ends.
__attribute__((export_name("room"))) extern "C" void *room(std::size_t size) {
  return rooms.emplace_back(size / 8 + 1).data();
}

constexpr std::uint64_t ID = 0xfedcba9876543210;

// What the host calls during a call.
__attribute__((export_name("called"))) extern "C" int called(std::uint32_t depth) {
  auto const first = "depth " + std::to_string(depth);
  std::array<nested_list_t, 2> const sent{{text(first), text("same")}};
  auto const got = nested::call(depth, sent);
  if (!got) return -1;
  return got->kind == depth % 2 ? static_cast<int>(got->size) : -2;
}

__attribute__((export_name("run"))) extern "C" int run() {
  using namespace std::string_view_literals;
  std::array<std::uint8_t, 3> const data{1, 2, 255};
  nested_entry_t const entry{text("eins 1"), ID, NESTED_KIND_LOUD, list(data), 1};
  std::array<nested_list_t, 4> const four{
      {text("grüße"), text("漢字 😀"), text(""), text("a\0b"sv)}};
  std::array<nested_entry_t, 2> const entries{{nested_entry_t{}, entry}};
  std::array<nested_list_t, 2> const two{{text("x"), text("yz")}};
  std::array<nested_list_t, 2> const inside{{text("in"), text("a value")}};
  std::array<nested_value_t, 5> values{{value(NESTED_VALUE_NOTHING), value(NESTED_VALUE_COUNT),
                                        value("text"), value(NESTED_VALUE_ENTRY),
                                        value(NESTED_VALUE_NAMES)}};
  values[1].payload.count = -1;
  values[3].payload.entry = entry;
  values[4].payload.names = names(two);
  std::array<std::uint16_t, 2> const first{1, 65535};
  std::array<std::uint16_t, 1> const last{3};
  std::array<nested_list_t, 3> const rows{{list(first), nested_list_t{}, list(last)}};
  std::array<std::uint32_t, 3> const truths{1, 0, 1};
  std::array<nested_kind_t, 2> const kinds{NESTED_KIND_LOUD, NESTED_KIND_PLAIN};
  auto whole = value(NESTED_VALUE_NAMES);
  whole.payload.names = names(inside);
  nested_tree_t const tree{entry,      names(four),  list(entries), list(values),
                           list(rows), list(truths), list(kinds),   whole};
  if (nested::put(tree).value_or(0) != 1) return 1;
  auto const back = nested::get_tree();
  if (!back) return 2;
  if (view(back->names.ptr[1]) != "漢字 😀" || back->entry.kind != NESTED_KIND_LOUD) return 3;
  auto const *const truth = static_cast<std::uint32_t const *>(back->truths.ptr);
  if (!truth[2] || truth[1]) return 5;
  if (nested::put(*back).value_or(0) != 2) return 7;
  auto const got = nested::get_text();
  if (!got || std::string_view(got->ptr, got->len) != "grüße 😀\0."sv) return 8;
  std::vector<std::string> many;
  for (int index = 0; index < 500; index++) many.push_back("name " + std::to_string(index));
  std::vector<nested_list_t> texts;
  std::vector<nested_value_t> many_values;
  for (auto const &name : many) {
    texts.push_back(text(name));
    many_values.push_back(value(name));
  }
  if (nested::put_names(texts).value_or(0) != 3) return 9;
  if (nested::put_values(many_values).value_or(0) != 4) return 10;
  if (nested::put_text("\ufffd lone \ufffd, pair 😀 \ufffd").value_or(0) != 5) return 11;
  std::array<nested_list_t, 1> const replaced{{text("\ufffd")}};
  if (nested::put_names(replaced).value_or(0) != 6) return 12;
  return called(3) == 1003 ? 0 : 13;
}

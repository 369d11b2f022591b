// A native program over the bindings of `narrow`. Without an argument it ends well; with one it calls
// the function of that name.

#include <stdio.h>
#include <string.h>

#include "narrow.h"

#define IS(name) (strcmp(argv[1], #name) == 0)

int main(int argc, char **argv) {
  if (argc < 2) return 0;
  bool one = false, other = false;
  narrow_point_t const point = {NARROW_COLOR_GREEN, -2};
  int got = -1;
  if (IS(take)) got = narrow_take(0, 0, 0, 0, true, 0, 0, 0, 0, 0, 0, true);
  else if (IS(take_bare)) narrow_take_bare(0, false), got = 0;
  else if (IS(take_point)) got = narrow_take_point(&point);
  else if (IS(give_u8)) got = narrow_give_u8();
  else if (IS(give_s8)) got = narrow_give_s8();
  else if (IS(give_u16)) got = narrow_give_u16();
  else if (IS(give_s16)) got = narrow_give_s16();
  else if (IS(give_bool)) got = narrow_give_bool(1, &one);
  else if (IS(give_char)) got = (int)narrow_give_char();
  else if (IS(give_rights)) got = narrow_give_rights();
  else if (IS(give_modes)) got = narrow_give_modes();
  else if (IS(give_truths)) got = narrow_give_truths(&one, &other);
  else if (IS(fail)) got = narrow_fail(0);
  else if (IS(fail_wide)) got = narrow_fail_wide(0, &one);
  else return 64;
  printf("%d %d\n", got, one);
  return 0;
}

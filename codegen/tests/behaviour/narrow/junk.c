// A guest without generated bindings, for the wiggle host: it puts junk into the upper bits of one
// argument after the other.

#define IMPORT(name) __attribute__((__import_module__("narrow"), __import_name__(name)))

IMPORT("take")
extern int take(int, int, int, int, int, int, int, int, int, int, int, int);
IMPORT("take_bare")
extern void take_bare(int, int);
IMPORT("take_point")
extern int take_point(void const *);

enum { INVAL = 1 };

#define EXPORT(name) __attribute__((export_name(#name)))

EXPORT(run) int run(void) {
  if (take(256, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) != INVAL) return 1;
  if (take(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) != INVAL) return 2;
  // 255 is no -1: a sign goes through all of the upper bits.
  if (take(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) != INVAL) return 3;
  if (take(0, 0, 65536, 0, 0, 0, 0, 0, 0, 0, 0, 0) != INVAL) return 4;
  if (take(0, 0, 0, 65535, 0, 0, 0, 0, 0, 0, 0, 0) != INVAL) return 5;
  if (take(0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0) != INVAL) return 6;
  // A surrogate is no character.
  if (take(0, 0, 0, 0, 0, 0xd800, 0, 0, 0, 0, 0, 0) != INVAL) return 7;
  if (take(0, 0, 0, 0, 0, 0, 256, 0, 0, 0, 0, 0) != INVAL) return 8;
  if (take(0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0) != INVAL) return 9;
  if (take(0, 0, 0, 0, 0, 0, 0, 65536, 0, 0, 0, 0) != INVAL) return 10;
  if (take(0, 0, 0, 0, 0, 0, 0, 0, 256, 0, 0, 0) != INVAL) return 11;
  if (take(0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0) != INVAL) return 12;
  if (take(0, 0, 0, 0, 0, 0, 0, 0, 0, 65536, 0, 0) != INVAL) return 13;
  if (take(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -23, 0) != INVAL) return 14;
  if (take(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2) != INVAL) return 15;
  // A color that does not exist, in memory.
  static unsigned char const point[4] = {3};
  if (take_point(point) != INVAL) return 16;
  return 0;
}

EXPORT(bare_number) void bare_number(void) { take_bare(256, 0); }

EXPORT(bare_bool) void bare_bool(void) { take_bare(0, 4); }

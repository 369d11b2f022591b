// The file of a native program that has the stand-ins.

#define NARROW_STAND_INS
#include "narrow.h"

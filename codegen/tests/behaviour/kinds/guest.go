// The Go guest of the behaviour test of the kinds of types.

package main

import (
	"errors"
	"math"
	"unsafe"

	"behaviour/kinds"
)

// What values refer to by address, which keeps nothing alive: the bytes "text", aligned for what
// reads two of them at once.
var text = [2]uint16{0x6574, 0x7478}

//go:wasmexport run
func run() int32 {
	at := (*uint8)(unsafe.Pointer(&text))
	both := kinds.F64sX | kinds.F64sY
	pair := kinds.Pair{F0: 200, F1: 1<<63 + 1}
	wide, narrow := kinds.V16Wide(math.MaxUint64), kinds.V32Narrow(255)
	if kinds.Arguments(at, kinds.E32B, kinds.E64B, 0.5, kinds.F32sY, both, -2, -3, pair, 4000000000,
		wide, narrow) != nil {
		return 1
	}

	letter, byteLetter, address, e16, e32, e64, real32, f8, f32s, f64s, err := kinds.Outs(false)
	switch {
	case err != nil || letter != '😀' || byteLetter != 0xe9 || address.Get() != at:
		return 2
	case e16 != kinds.E16B || e32 != kinds.E32B || e64 != kinds.E64B || real32 != -1.5:
		return 3
	case f8 != kinds.F8Y || f32s != kinds.F32sX|kinds.F32sY || f64s != kinds.F64sY:
		return 4
	}
	_, _, _, _, _, _, _, _, _, _, err = kinds.Outs(true)
	if !errors.Is(err, kinds.WideErrnoInval) {
		return 5
	}

	numbers, room, int32_, int64_, pairOut, none, narrowOut, err := kinds.MoreOuts()
	byte_, isNarrow := narrowOut.AsNarrow()
	switch {
	case err != nil || len(numbers.Get()) != 2 || [2]uint16(numbers.Get()) != text:
		return 6
	case room.Get() != &text[0] || int32_ != math.MinInt32 || int64_ != -5:
		return 7
	case pairOut != kinds.Pair{F0: 7, F1: 8} || !none.AsNone() || !isNarrow || byte_ != 9:
		return 8
	}

	all := kinds.All{
		Letter: '😀', ByteLetter: 0xe9, Tiny: -100, Text: kinds.PointerTo(at), E16: kinds.E16B,
		E32: kinds.E32B, E64: kinds.E64B, Real32: 0.5, F16: kinds.F16X | kinds.F16Y, F32s: kinds.F32sY,
		F64s: both, Thing: math.MaxUint32, Int32: -2, Natural32: 4000000000, Pair: pair, V16: wide,
		V32: narrow,
	}
	back, err := kinds.Inside(all)
	if err != nil || back != all {
		return 9
	}

	switch {
	case kinds.GiveByteLetter() != 0xe9 || kinds.GiveReal32() != 0.25 || kinds.GiveReal64() != -0.1:
		return 10
	case kinds.GiveF32s() != kinds.F32sX|kinds.F32sY || kinds.GiveF64s() != kinds.F64sY:
		return 11
	case kinds.GiveThing() != math.MaxUint32 || kinds.GiveInt32() != -1:
		return 12
	case kinds.GiveInt64() != math.MinInt64 || kinds.GiveNatural32() != math.MaxUint32-1:
		return 13
	case kinds.GiveNatural64() != math.MaxUint64-1 || kinds.GiveSize() != math.MaxUint32-2:
		return 14
	case kinds.Check(false) != nil || !errors.Is(kinds.Check(true), kinds.ErrFailed):
		return 15
	}
	return 0
}

//go:wasmexport stop
func stop() { kinds.Leave(7) }

func main() {}

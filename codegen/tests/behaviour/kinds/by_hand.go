// A guest in Go without generated bindings, written from the reference of the document alone.

package main

import "unsafe"

// Addresses have 32 bits, also where those of Go have 64.
type pair struct {
	f0 uint8
	_  [7]uint8
	f1 uint64
}

type v16 struct {
	tag  uint16
	_    [6]uint8
	wide uint64
}

type v32 struct {
	tag    uint32
	narrow uint8
	_      [3]uint8
}

type list struct {
	address uint32
	length  uint32
}

type all struct {
	letter     uint32
	byteLetter uint8
	tiny       int8
	_          [2]uint8
	text       uint32
	e16        uint16
	_          [2]uint8
	e32        uint32
	_          [4]uint8
	e64        uint64
	real32     float32
	f16        uint16
	_          [2]uint8
	f32s       uint32
	_          [4]uint8
	f64s       uint64
	thing      uint32
	int32      int32
	natural32  uint32
	_          [4]uint8
	pair       pair
	v16        v16
	v32        v32
}

//go:wasmimport kinds arguments
func arguments(text unsafe.Pointer, e32, e64 uint32, real32 float32, f32s uint32, f64s uint64,
	int32 int32, int64 int64, pair unsafe.Pointer, size uint32, v16, v32 unsafe.Pointer) uint32

//go:wasmimport kinds outs
func outs(fails uint32, letter, byteLetter, text, e16, e32, e64, real32, f8, f32s,
	f64s unsafe.Pointer) uint32

//go:wasmimport kinds more_outs
func moreOuts(numbers, room, int32, int64, pair, v16, v32 unsafe.Pointer) uint32

//go:wasmimport kinds inside
func inside(from, to unsafe.Pointer) uint32

//go:wasmimport kinds give_byte_letter
func giveByteLetter() uint32

//go:wasmimport kinds give_real32
func giveReal32() float32

//go:wasmimport kinds give_real64
func giveReal64() float64

//go:wasmimport kinds give_f32s
func giveF32s() uint32

//go:wasmimport kinds give_f64s
func giveF64s() uint64

//go:wasmimport kinds give_thing
func giveThing() uint32

//go:wasmimport kinds give_int32
func giveInt32() int32

//go:wasmimport kinds give_int64
func giveInt64() int64

//go:wasmimport kinds give_natural32
func giveNatural32() uint32

//go:wasmimport kinds give_natural64
func giveNatural64() uint64

//go:wasmimport kinds give_size
func giveSize() uint32

//go:wasmimport kinds check
func check(fails uint32) uint32

//go:wasmimport kinds leave
func leave(code uint32)

var text = [2]uint16{0x6574, 0x7478}

func address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

//go:wasmexport run
func run() int32 {
	at := unsafe.Pointer(&text)
	sentPair := pair{f0: 200, f1: 1<<63 + 1}
	sentV16 := v16{tag: 1, wide: 1<<64 - 1}
	sentV32 := v32{tag: 1, narrow: 255}
	if arguments(at, 1, 1, 0.5, 2, 3, -2, -3, unsafe.Pointer(&sentPair), 4000000000,
		unsafe.Pointer(&sentV16), unsafe.Pointer(&sentV32)) != 0 {
		return 1
	}

	var got struct {
		letter     uint32
		byteLetter uint8
		text       uint32
		e16        uint16
		e32        uint32
		e64        uint64
		real32     float32
		f8         uint8
		f32s       uint32
		f64s       uint64
		numbers    list
		room       uint32
		int32      int32
		int64      int64
		pair       pair
		v16        v16
		v32        v32
	}
	call := func(fails uint32) uint32 {
		return outs(fails, unsafe.Pointer(&got.letter), unsafe.Pointer(&got.byteLetter),
			unsafe.Pointer(&got.text), unsafe.Pointer(&got.e16), unsafe.Pointer(&got.e32),
			unsafe.Pointer(&got.e64), unsafe.Pointer(&got.real32), unsafe.Pointer(&got.f8),
			unsafe.Pointer(&got.f32s), unsafe.Pointer(&got.f64s))
	}
	if call(0) != 0 || moreOuts(unsafe.Pointer(&got.numbers), unsafe.Pointer(&got.room),
		unsafe.Pointer(&got.int32), unsafe.Pointer(&got.int64), unsafe.Pointer(&got.pair),
		unsafe.Pointer(&got.v16), unsafe.Pointer(&got.v32)) != 0 {
		return 2
	}
	if got.letter != '😀' || got.byteLetter != 0xe9 || got.text != address(at) {
		return 3
	}
	if got.e16 != 1 || got.e32 != 1 || got.e64 != 1 || got.real32 != -1.5 {
		return 4
	}
	if got.f8 != 2 || got.f32s != 3 || got.f64s != 2 {
		return 5
	}
	if got.numbers != (list{address(at), 2}) || got.room != address(at) {
		return 6
	}
	if got.int32 != -1<<31 || got.int64 != -5 || got.pair.f0 != 7 || got.pair.f1 != 8 {
		return 7
	}
	if got.v16.tag != 0 || got.v32.tag != 1 || got.v32.narrow != 9 {
		return 8
	}
	if call(1) != 1 {
		return 9
	}

	sent := all{letter: '😀', byteLetter: 0xe9, tiny: -100, text: address(at), e16: 1, e32: 1, e64: 1,
		real32: 0.5, f16: 3, f32s: 2, f64s: 3, thing: 1<<32 - 1, int32: -2, natural32: 4000000000,
		pair: sentPair, v16: sentV16, v32: sentV32}
	var back all
	if unsafe.Sizeof(sent) != 112 || inside(unsafe.Pointer(&sent), unsafe.Pointer(&back)) != 0 {
		return 10
	}
	if back != sent {
		return 11
	}
	if uint8(giveByteLetter()) != 0xe9 || giveReal32() != 0.25 || giveReal64() != -0.1 {
		return 12
	}
	if giveF32s() != 3 || giveF64s() != 2 || giveThing() != 1<<32-1 {
		return 13
	}
	if giveInt32() != -1 || giveInt64() != -1<<63 || giveNatural32() != 1<<32-2 {
		return 14
	}
	if giveNatural64() != 1<<64-2 || giveSize() != 1<<32-3 {
		return 15
	}
	if check(0) != 0 || check(1) == 0 {
		return 16
	}
	return 0
}

//go:wasmexport stop
func stop() { leave(7) }

func main() {}

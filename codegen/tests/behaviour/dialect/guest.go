// The Go guest of the behaviour test of the other dialect.

package main

import (
	"bytes"
	"errors"

	"behaviour/dialect"
)

// What values refer to by address, which keeps nothing alive.
var name, source, target = []byte("keys"), []byte{10, 20}, []byte{9, 9, 9, 9}

//go:wasmexport run
func run() int32 {
	rights := dialect.RightsRead | dialect.RightsExecute
	store, err := dialect.Open("grüße 😀", rights, dialect.BitsB|dialect.BitsC, true, dialect.KindLast)
	if err != nil || store != 7 {
		return 1
	}
	entry := dialect.Entry{
		Truth: 1, Kind: dialect.KindLoud, Rights: dialect.RightsRead | dialect.RightsWrite,
		Count: 0x0123456789abcdef, Name: dialect.ListOf(name),
	}
	wide := dialect.ChoiceWide(0xfedcba9876543210)
	got, err := dialect.Put(store, entry, wide)
	switch {
	case err != nil || got.Truth == 0 || got.Last != 0:
		return 2
	case got.Kind != dialect.KindLast || got.Rights != rights || got.Count != 0xfedcba9876543210:
		return 3
	case string(got.Name.Get()) != "key":
		return 4
	}
	second := dialect.Entry{
		Kind: dialect.KindLast, Rights: dialect.RightsExecute, Count: 1,
		Name: dialect.StringOf("x"), Last: 1,
	}
	if _, err := dialect.Put(store, second, dialect.ChoiceTruth(1)); err != nil {
		return 5
	}
	if _, err := dialect.Put(8, entry, wide); !errors.Is(err, dialect.ErrnoInval) {
		return 6
	}
	for which := range uint8(5) {
		choice, err := dialect.Choose(which)
		byte_, isByte := choice.AsByte()
		number, isWide := choice.AsWide()
		truth, isTruth := choice.AsTruth()
		isRight := []bool{
			err == nil && choice.AsNothing(),
			isByte && byte_ == 200,
			isWide && number == 0x8000000000000001,
			isTruth && truth != 0,
			errors.Is(err, dialect.ErrnoInval),
		}
		if !isRight[which] {
			return int32(7 + which)
		}
	}
	size, err := dialect.Copy([]byte{1, 2, 255}, target)
	if err != nil || size != 3 || !bytes.Equal(target, []byte{2, 3, 0, 9}) {
		return 12
	}
	if _, err := dialect.Copy([]byte{1, 2, 255}, target[:2]); !errors.Is(err, dialect.ErrnoInval) {
		return 13
	}
	job := dialect.Job{
		Id: 9, Src: dialect.ListOf(source), Dst: dialect.PointerTo(&target[0]), DstLen: 3, Done: 1,
	}
	size, truth, err := dialect.Work(job)
	if err != nil || size != 3 || !truth || !bytes.Equal(target, []byte{0xee, 0xee, 0xee, 9}) {
		return 14
	}
	return 0
}

func main() {}

// The Go guest of the behaviour test of narrow values.

package main

import (
	"errors"

	"behaviour/narrow"
)

var hundred = 100

//go:wasmexport run
func run() int32 {
	a, b := uint8(hundred+200), int8(hundred+100)
	c, d := uint16(700*hundred), int16(400*hundred)
	truth := hundred == 100
	rights := narrow.RightsRead | narrow.RightsExecute
	modes := narrow.ModesTwo | narrow.ModesThree
	color := narrow.Color(hundred + 158)
	if narrow.Take(a, b, c, d, truth, '😀', color, narrow.LevelMiddle, rights, modes, 0xe9, truth) != nil {
		return 1
	}
	narrow.TakeBare(a, truth)
	if narrow.TakePoint(narrow.Point{Color: narrow.ColorGreen, X: -2}) != nil {
		return 2
	}
	truth1, truth2, err := narrow.GiveTruths()
	wide, wideErr := narrow.FailWide(0)
	_, wrong := narrow.FailWide(2)
	for index, wrong := range []bool{
		narrow.GiveU8() != 200,
		narrow.GiveS8() != -1,
		narrow.GiveU16() != 60000,
		narrow.GiveS16() != -30000,
		!truthOf(4) || !truthOf(0x100) || truthOf(0),
		narrow.GiveChar() != '😀',
		narrow.GiveRights() != rights,
		narrow.GiveModes() != modes,
		err != nil || !truth1 || !truth2,
		narrow.Fail(0) != nil || !errors.Is(narrow.Fail(2), narrow.ErrnoWrong),
		wideErr != nil || wide,
		!errors.Is(wrong, narrow.CodeWrong),
	} {
		if wrong {
			return int32(index + 3)
		}
	}
	return 0
}

func truthOf(value uint32) bool {
	truth, err := narrow.GiveBool(value)
	return err == nil && truth
}

func main() {}

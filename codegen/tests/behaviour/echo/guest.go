// The Go guest of the behaviour test.

package main

import (
	"errors"
	"math"

	"behaviour/echo"
)

//go:wasmexport run
func run() int32 {
	a, b, c, d, e, f, err := echo.Numbers(200, -100, 60000, -30000, 12345678901234567890, 0.1)
	if err != nil || a != 55 || b != 100 || c != 5535 || d != 30000 || e != 6101065172474983725 || f != -0.1 {
		return 1
	}
	_, _, _, _, _, _, err = echo.Numbers(0, 0, 0, 0, 0, 0)
	if !errors.Is(err, echo.ErrnoWrong) || err.Error() != "Grüße, 漢字 and 😀 are no \"echo\"" {
		return 2
	}
	p, err := echo.Record(echo.Point{X: -300, Color: echo.ColorBlue, Y: math.MaxUint64})
	if err != nil || p != (echo.Point{X: 300, Color: echo.ColorRed}) {
		return 3
	}
	shape, err := echo.Variant(echo.ShapeNone())
	if byte, ok := shape.AsByte(); err != nil || !ok || byte != 7 {
		return 4
	}
	shape, err = echo.Variant(echo.ShapeByte(201))
	if ratio, ok := shape.AsRatio(); err != nil || !ok || ratio != 100.5 {
		return 5
	}
	shape, err = echo.Variant(echo.ShapeDot(echo.Point{X: 3, Color: echo.ColorGreen, Y: 4}))
	want := echo.Point{X: -3, Color: echo.ColorBlue, Y: math.MaxUint64 - 4}
	if dot, ok := shape.AsDot(); err != nil || !ok || dot != want {
		return 6
	}
	shape, err = echo.Variant(echo.ShapeRatio(2.5))
	if _, ok := shape.AsByte(); err != nil || ok || !shape.AsNone() || shape.Tag() != 0 {
		return 7
	}
	rights, err := echo.Flags(echo.RightsRead | echo.RightsExecute)
	if err != nil || rights != echo.RightsWrite || rights.Has(echo.RightsRead) {
		return 8
	}
	color, err := echo.EchoColor(echo.ColorBlue)
	if err != nil || color != echo.ColorGreen || color.String() != "green" {
		return 9
	}
	out := make([]byte, 32)
	size, err := echo.Text("grüße 漢字", out)
	if err != nil || string(out[:size]) != "字漢 eßürg" {
		return 10
	}
	sum, length, err := echo.List_([]uint16{1, 2, 65535})
	if err != nil || sum != 65538 || length != 3 {
		return 11
	}
	p, err = echo.Points([]echo.Point{
		{X: 1, Color: echo.ColorRed, Y: 2},
		{X: -3, Color: echo.ColorGreen, Y: 1 << 32},
	})
	if err != nil || p != (echo.Point{X: -3, Color: echo.ColorGreen, Y: 1 << 32}) {
		return 12
	}
	return 0
}

func main() {}

// The Go guest of the behaviour test of strings and lists inside of values.

package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"behaviour/nested"
)

type text = nested.List[byte]

// kept holds what values refer to by address, which keeps nothing alive.
var kept []any

//go:wasmexport room
func room(size int32) unsafe.Pointer {
	// Aligned for whatever the host puts there.
	bytes := make([]uint64, (size+7)/8+1)
	kept = append(kept, bytes)
	return unsafe.Pointer(unsafe.SliceData(bytes))
}

func listOf[T any](elements ...T) nested.List[T] {
	kept = append(kept, elements)
	return nested.ListOf(elements)
}

func textOf(of string) text {
	kept = append(kept, of)
	return nested.StringOf(of)
}

// called is what the host calls during a call.
//
//go:wasmexport called
func called(depth int32) int32 {
	names := []text{textOf(fmt.Sprint("depth ", depth)), textOf("same")}
	size, kind, err := nested.Call(uint32(depth), names)
	// What a collector or another call would overwrite.
	runtime.GC()
	switch {
	case err != nil:
		return -1
	case int32(kind) != depth%2:
		return -2
	}
	return int32(size)
}

//go:wasmexport run
func run() int32 {
	entry := nested.Entry{
		Name: textOf("eins 1"), Id: 0xfedcba9876543210, Kind: nested.KindLoud,
		Data: listOf[byte](1, 2, 255), Loud: 1,
	}
	tree := nested.Tree{
		Entry:   entry,
		Names:   listOf(textOf("grüße"), textOf("漢字 😀"), textOf(""), textOf("a\x00b")),
		Entries: listOf(nested.Entry{}, entry),
		Values: listOf(
			nested.ValueNothing(), nested.ValueCount(-1), nested.ValueText(textOf("text")),
			nested.ValueEntry(entry), nested.ValueNames(listOf(textOf("x"), textOf("yz"))),
		),
		Rows:   listOf(listOf[uint16](1, 65535), listOf[uint16](), listOf[uint16](3)),
		Truths: listOf[nested.Bool](1, 0, 1),
		Kinds:  listOf(nested.KindLoud, nested.KindPlain),
		Value:  nested.ValueNames(listOf(textOf("in"), textOf("a value"))),
	}
	runtime.GC()
	if size, err := nested.Put(tree); err != nil || size != 1 {
		return 1
	}
	back, err := nested.GetTree()
	if err != nil {
		return 2
	}
	runtime.GC()
	if string(back.Names.Get()[1].Get()) != "漢字 😀" || back.Entry.Kind != nested.KindLoud {
		return 3
	}
	if text, ok := back.Values.Get()[2].AsText(); !ok || string(text.Get()) != "text" {
		return 4
	}
	if back.Truths.Get()[2] == 0 || back.Truths.Get()[1] != 0 {
		return 5
	}
	if size, err := nested.Put(back); err != nil || size != 2 {
		return 7
	}
	if text, err := nested.GetText(); err != nil || string(text.Get()) != "grüße 😀\x00." {
		return 8
	}
	var names []text
	var values []nested.Value
	for index := range 500 {
		name := textOf(fmt.Sprint("name ", index))
		names, values = append(names, name), append(values, nested.ValueText(name))
	}
	if size, err := nested.PutNames(names); err != nil || size != 3 {
		return 9
	}
	if size, err := nested.PutValues(values); err != nil || size != 4 {
		return 10
	}
	if size, err := nested.PutText("\ufffd lone \ufffd, pair 😀 \ufffd"); err != nil || size != 5 {
		return 11
	}
	if size, err := nested.PutNames([]text{textOf("\ufffd")}); err != nil || size != 6 {
		return 12
	}
	if called(3) != 1003 {
		return 13
	}
	return 0
}

func main() {}

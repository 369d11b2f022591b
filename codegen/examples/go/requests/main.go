// A program in Go on the generated bindings alone: a GET, an upload that is streamed, and two requests
// side by side.
//
//	witx-bindings --witx witx/wasi_experimental_http.witx --lang go --out-file \
//	    codegen/examples/go/wasiexperimentalhttp/bindings.go
//	cd codegen/examples/go
//	GOOS=wasip1 GOARCH=wasm go build -o requests.wasm ./requests
//	wasmtime-http -a https://example.com requests.wasm get https://example.com/
//
// A call of the host's stops all goroutines: what goes on at the same time goes on in the host.
package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	http "example/wasiexperimentalhttp"
)

const (
	// chunked is the length of a body that is sent in chunks.
	chunked = math.MaxUint64

	// forever is no time limit.
	forever = math.MaxUint64

	// pieceSize is the size of a piece of a body, in bytes.
	pieceSize = 64 * 1024
)

func main() {
	arguments := os.Args[1:]
	command := ""
	if len(arguments) > 0 {
		command = arguments[0]
	}
	var err error
	switch {
	case command == "get" && len(arguments) == 2:
		err = get(arguments[1])
	case command == "upload" && len(arguments) == 3:
		var size uint64
		if size, err = strconv.ParseUint(arguments[2], 10, 64); err == nil {
			err = upload(arguments[1], size)
		}
	case command == "both" && len(arguments) == 3:
		err = both(arguments[1:])
	default:
		fmt.Fprintln(os.Stderr, "usage: requests get URL | upload URL BYTES | both URL URL")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, explained(err))
		os.Exit(1)
	}
}

// explained adds to an error what the host knows beside its code.
func explained(err error) error {
	message := make([]byte, 1024)
	size, failed := http.ErrorGet(new(http.Reason), message)
	if failed != nil || size == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, message[:size])
}

// get gets a URL: Req does not return before the response is there.
func get(url string) error {
	status, handle, err := http.Req(url, "GET", "", nil)
	if err != nil {
		return err
	}
	return printResponse(handle, status)
}

// upload posts a body of a size, which is made while it is sent: each byte is its offset modulo 251.
func upload(url string, size uint64) error {
	handle, err := http.RequestStart(url, "POST", "", nil, chunked)
	if err != nil {
		return err
	}
	// If the server has answered already, the response says why.
	if err := writeBody(handle, size); err != nil && !errors.Is(err, http.HttpErrorBodyClosed) {
		_ = http.Close(handle)
		return err
	}
	status, err := http.ResponseWait(handle)
	if err != nil {
		return err
	}
	return printResponse(handle, status)
}

func writeBody(handle http.ResponseHandle, size uint64) error {
	piece := make([]byte, pieceSize)
	for sent := uint64(0); sent < size; {
		rest := piece[:min(size-sent, pieceSize)]
		for i := range rest {
			rest[i] = byte((sent + uint64(i)) % 251)
		}
		sent += uint64(len(rest))
		for len(rest) > 0 {
			taken, err := http.BodyWrite(handle, rest)
			if err != nil {
				return err
			}
			rest = rest[taken:]
		}
	}
	return http.BodyFinish(handle)
}

// both gets two URLs at the same time, and prints what comes as it comes.
func both(urls []string) error {
	waits := make([]http.Subscription, 0, len(urls))
	numbers := make([]int, 0, len(urls))
	for i, url := range urls {
		handle, err := http.RequestStart(url, "GET", "", nil, 0)
		if err != nil {
			return err
		}
		waits = append(waits, http.Subscription{Handle: handle, Interest: http.EventsResponse})
		numbers = append(numbers, i+1)
	}
	for len(waits) > 0 {
		if _, err := http.Poll(&waits[0], http.Size(len(waits)), forever); err != nil {
			return err
		}
		for i := len(waits) - 1; i >= 0; i-- {
			if waits[i].Ready == 0 {
				continue
			}
			status, err := http.ResponseWait(waits[i].Handle)
			if err != nil {
				return err
			}
			fmt.Printf("%d: ", numbers[i])
			if err := printResponse(waits[i].Handle, status); err != nil {
				return err
			}
			waits = append(waits[:i], waits[i+1:]...)
			numbers = append(numbers[:i], numbers[i+1:]...)
		}
	}
	return nil
}

// printResponse reads the body of a response to its end, and closes it. It prints the status, and how
// many bytes there were.
func printResponse(handle http.ResponseHandle, status http.StatusCode) error {
	defer func() { _ = http.Close(handle) }()
	piece := make([]byte, pieceSize)
	length := uint64(0)
	for {
		size, err := http.BodyReadSome(handle, piece)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		length += uint64(size)
	}
	fmt.Printf("status %d, %d bytes\n", status, length)
	return nil
}

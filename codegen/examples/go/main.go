// A program with net/http that runs as a core module: it sends requests through the host.
//
//	witx-bindings --witx witx/wasi_experimental_http.witx --lang go --out-file \
//	    codegen/examples/go/wasiexperimentalhttp/bindings.go
//	cd codegen/examples/go
//	GOOS=wasip1 GOARCH=wasm go build -o fetch.wasm .
//	wasmtime-http -a https://example.com fetch.wasm https://example.com/
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	client := http.Client{Transport: Transport{}}
	if err := run(&client, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run gets the URL that is its first argument, or posts its second argument there, and prints the
// status, the type and the text of the response.
func run(client *http.Client, arguments []string) error {
	var response *http.Response
	var err error
	switch len(arguments) {
	case 1:
		response, err = client.Get(arguments[0])
	case 2:
		response, err = client.Post(arguments[0], "text/plain", strings.NewReader(arguments[1]))
	default:
		return fmt.Errorf("which URL?")
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	fmt.Println(response.Status, response.Header.Get("Content-Type"))
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}

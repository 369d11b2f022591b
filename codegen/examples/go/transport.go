package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"example/wasiexperimentalhttp"
)

// Transport is an http.RoundTripper over the functions of the host. The host follows redirects,
// and decides which destinations are allowed; the body of a response is streamed.
type Transport struct{}

// RoundTrip implements http.RoundTripper.
func (Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		defer request.Body.Close()
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	method := request.Method
	if method == "" {
		method = http.MethodGet
	}
	var headers strings.Builder
	if request.Host != "" && request.Host != request.URL.Host {
		return nil, errors.New("the host takes no other name of a host than that of the URL")
	}
	for name, values := range request.Header {
		for _, value := range values {
			if strings.ContainsAny(name+value, "\r\n") {
				return nil, fmt.Errorf("header %q has a line break", name)
			}
			fmt.Fprintf(&headers, "%s:%s\n", name, value)
		}
	}
	status, handle, err := wasiexperimentalhttp.Req(request.URL.String(), method, headers.String(), body)
	if err != nil {
		return nil, explained(err)
	}
	header, err := headersOf(handle)
	if err != nil {
		_ = wasiexperimentalhttp.Close(handle)
		return nil, explained(err)
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(int(status))),
		StatusCode:    int(status),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          &responseBody{handle: handle},
		ContentLength: -1,
		Request:       request,
	}, nil
}

// explained adds to an error what the host knows beside its code.
func explained(err error) error {
	message := make([]byte, 1024)
	size, failed := wasiexperimentalhttp.ErrorGet(new(wasiexperimentalhttp.Reason), message)
	if failed != nil || size == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, message[:size])
}

func headersOf(handle wasiexperimentalhttp.ResponseHandle) (http.Header, error) {
	buffer := make([]byte, 4096)
	for {
		size, err := wasiexperimentalhttp.HeadersGetAll(handle, buffer)
		if errors.Is(err, wasiexperimentalhttp.HttpErrorBufferTooSmall) {
			buffer = make([]byte, 2*len(buffer))
			continue
		}
		if err != nil {
			return nil, err
		}
		header := http.Header{}
		for line := range strings.Lines(string(buffer[:size])) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			header.Add(name, value)
		}
		return header, nil
	}
}

// responseBody reads the body while it arrives.
type responseBody struct {
	handle wasiexperimentalhttp.ResponseHandle
	closed bool
}

func (b *responseBody) Read(buffer []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(buffer) == 0 {
		return 0, nil
	}
	size, err := wasiexperimentalhttp.BodyReadSome(b.handle, buffer)
	if err != nil {
		return 0, explained(err)
	}
	if size == 0 {
		return 0, io.EOF
	}
	return int(size), nil
}

func (b *responseBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	return wasiexperimentalhttp.Close(b.handle)
}

// A program in C on the generated bindings alone: a GET, an upload that is streamed, and two requests
// side by side. Run from the root of the repository:
//
//   witx-bindings --witx witx/wasi_experimental_http.witx --lang c --out-file \
//       codegen/examples/c/wasi_experimental_http.h
//   zig cc -target wasm32-wasi -Os -o requests.wasm codegen/examples/c/requests.c
//   wasmtime-http -a https://example.com requests.wasm get https://example.com/
//
// A clang with wasi-libc does as well as `zig cc`.

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasi_experimental_http.h"

// The names of the interface are long.
typedef wasi_experimental_http_http_error_t error_t;
typedef wasi_experimental_http_response_handle_t handle_t;
typedef wasi_experimental_http_subscription_t subscription_t;
#define OK WASI_EXPERIMENTAL_HTTP_HTTP_ERROR_SUCCESS
#define BODY_CLOSED WASI_EXPERIMENTAL_HTTP_HTTP_ERROR_BODY_CLOSED

// A body that is sent in chunks.
#define CHUNKED UINT64_MAX

// No time limit.
#define FOREVER UINT64_MAX

// The size of a piece of a body, in bytes.
enum { PIECE = 64 * 1024 };

static uint8_t piece[PIECE];

// Says why a call failed, in the words of the host if it has some. Gives the program's exit code.
static int failed(const char *url, error_t error) {
  wasi_experimental_http_reason_t reason;
  uint8_t message[1024];
  size_t size = 0;
  if (wasi_experimental_http_error_get(&reason, message, sizeof message, &size) == OK && size > 0) {
    fprintf(stderr, "%s: %.*s\n", url, (int)size, (const char *)message);
  } else {
    fprintf(stderr, "%s: %s\n", url, wasi_experimental_http_http_error_message(error));
  }
  return 1;
}

// Starts a request that has no headers of its own.
static error_t start(const char *method, const char *url, uint64_t body_len, handle_t *handle) {
  return wasi_experimental_http_request_start(url, strlen(url), method, strlen(method), "", 0, NULL,
                                              0, body_len, handle);
}

// Reads the body of a response to its end, and closes it. Prints the status, and how many bytes
// there were.
static error_t print_response(handle_t handle, unsigned status) {
  uint64_t length = 0;
  size_t size = 0;
  error_t error;
  do {
    error = wasi_experimental_http_body_read_some(handle, piece, sizeof piece, &size);
    if (error != OK) break;
    length += size;
  } while (size > 0);
  // Always a success.
  (void)!wasi_experimental_http_close(handle);
  if (error == OK) printf("status %u, %" PRIu64 " bytes\n", status, length);
  return error;
}

// Gets a URL: `req` does not return before the response is there.
static int get(const char *url) {
  uint16_t status;
  handle_t handle;
  error_t error = wasi_experimental_http_req(url, strlen(url), "GET", 3, "", 0, NULL, 0, &status,
                                             &handle);
  if (error == OK) error = print_response(handle, status);
  return error == OK ? 0 : failed(url, error);
}

// Writes bytes of a body. The host may take fewer at a time.
static error_t write_all(handle_t handle, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    size_t taken = 0;
    error_t error = wasi_experimental_http_body_write(handle, bytes, length, &taken);
    if (error != OK) return error;
    bytes += taken;
    length -= taken;
  }
  return OK;
}

// Posts a body of this size, which is made while it is sent: each byte is its offset modulo 251.
static int upload(const char *url, uint64_t size) {
  handle_t handle;
  error_t error = start("POST", url, CHUNKED, &handle);
  if (error != OK) return failed(url, error);
  for (uint64_t sent = 0; sent < size && error == OK;) {
    size_t length = size - sent < PIECE ? (size_t)(size - sent) : PIECE;
    for (size_t i = 0; i < length; i++) piece[i] = (uint8_t)((sent + i) % 251);
    error = write_all(handle, piece, length);
    sent += length;
  }
  // If the server has answered already, the response says why.
  if (error == OK) error = wasi_experimental_http_body_finish(handle);
  uint16_t status = 0;
  if (error == OK || error == BODY_CLOSED) {
    error = wasi_experimental_http_response_wait(handle, &status);
  }
  if (error == OK) error = print_response(handle, status);
  return error == OK ? 0 : failed(url, error);
}

// Gets two URLs at the same time, and prints what comes as it comes.
static int both(char *const urls[2]) {
  subscription_t waits[2];
  for (size_t i = 0; i < 2; i++) {
    waits[i].interest = WASI_EXPERIMENTAL_HTTP_EVENTS_RESPONSE;
    waits[i].ready = 0;
    error_t error = start("GET", urls[i], 0, &waits[i].handle);
    if (error != OK) return failed(urls[i], error);
  }
  size_t numbers[2] = {1, 2};
  for (size_t left = 2; left > 0;) {
    size_t ready = 0;
    error_t error = wasi_experimental_http_poll(waits, left, FOREVER, &ready);
    if (error != OK) return failed("poll", error);
    for (size_t i = left; i-- > 0;) {
      if (waits[i].ready == 0) continue;
      const char *url = urls[numbers[i] - 1];
      uint16_t status;
      error = wasi_experimental_http_response_wait(waits[i].handle, &status);
      if (error != OK) return failed(url, error);
      printf("%zu: ", numbers[i]);
      error = print_response(waits[i].handle, status);
      if (error != OK) return failed(url, error);
      // What is left takes its place.
      left--;
      waits[i] = waits[left];
      numbers[i] = numbers[left];
    }
  }
  return 0;
}

int main(int argc, char *argv[]) {
  if (argc == 3 && strcmp(argv[1], "get") == 0) return get(argv[2]);
  if (argc == 4 && strcmp(argv[1], "upload") == 0) {
    return upload(argv[2], strtoull(argv[3], NULL, 10));
  }
  if (argc == 4 && strcmp(argv[1], "both") == 0) return both(argv + 2);
  fprintf(stderr, "usage: requests get URL | upload URL BYTES | both URL URL\n");
  return 2;
}

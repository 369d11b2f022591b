// A guest as there are in the world: it declares the functions of the host by hand, and reads a
// body with one call, as it could with version 0.10. The README of the folder above says what its
// functions do.

#include <stdint.h>

#define HOST(name) \
  __attribute__((import_module("wasi_experimental_http"), import_name(name)))

HOST("req")
uint32_t http_req(const char *url, uint32_t url_len, const char *method, uint32_t method_len,
                  const char *headers, uint32_t headers_len, const char *body, uint32_t body_len,
                  uint16_t *status, uint32_t *handle);
HOST("close")
uint32_t http_close(uint32_t handle);
HOST("body_read")
uint32_t http_body_read(uint32_t handle, char *buffer, uint32_t buffer_len, uint32_t *written);

static char url[4096];
static char buffer[1024 * 1024];

__attribute__((export_name("url"))) char *url_place(void) { return url; }

__attribute__((export_name("body"))) char *body_place(void) { return buffer; }

__attribute__((export_name("read_once"))) int32_t read_once(uint32_t url_len) {
  uint16_t status;
  uint32_t handle, written;
  uint32_t error = http_req(url, url_len, "GET", 3, "", 0, "", 0, &status, &handle);
  if (error != 0) return -(int32_t)error;
  error = http_body_read(handle, buffer, sizeof buffer, &written);
  http_close(handle);
  return error != 0 ? -(int32_t)error : (int32_t)written;
}

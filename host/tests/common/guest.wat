;; A guest whose every import can be called from outside, with memory that a test can see.
;; `{memory}` is replaced by the test.
(module
  (import "wasi_experimental_http" "req"
    (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "close" (func $close (param i32) (result i32)))
  (import "wasi_experimental_http" "header_get"
    (func $header_get (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "headers_get_all"
    (func $headers_get_all (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read"
    (func $body_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read_some"
    (func $body_read_some (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "response_get"
    (func $response_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "error_get"
    (func $error_get (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "request_start"
    (func $request_start (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_experimental_http" "body_write"
    (func $body_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_finish" (func $body_finish (param i32) (result i32)))
  (import "wasi_experimental_http" "response_wait"
    (func $response_wait (param i32 i32) (result i32)))
  (import "wasi_experimental_http" "poll"
    (func $poll (param i32 i32 i64 i32) (result i32)))
  {memory}

  ;; Wrappers, since `memory` is found in the instance that calls.
  (func (export "req") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4
    local.get 5 local.get 6 local.get 7 local.get 8 local.get 9
    call $req)
  (func (export "close") (param i32) (result i32)
    local.get 0
    call $close)
  (func (export "header_get") (param i32 i32 i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5
    call $header_get)
  (func (export "headers_get_all") (param i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3
    call $headers_get_all)
  (func (export "body_read") (param i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3
    call $body_read)
  (func (export "body_read_some") (param i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3
    call $body_read_some)
  (func (export "response_get") (param i32 i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4
    call $response_get)
  (func (export "error_get") (param i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3
    call $error_get)
  (func (export "request_start") (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3 local.get 4
    local.get 5 local.get 6 local.get 7 local.get 8 local.get 9
    call $request_start)
  (func (export "body_write") (param i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3
    call $body_write)
  (func (export "body_finish") (param i32) (result i32)
    local.get 0
    call $body_finish)
  (func (export "response_wait") (param i32 i32) (result i32)
    local.get 0 local.get 1
    call $response_wait)
  (func (export "poll") (param i32 i32 i64 i32) (result i32)
    local.get 0 local.get 1 local.get 2 local.get 3
    call $poll)

  {more}
)

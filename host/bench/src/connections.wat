;; Opens responses, and reads of the last one. A result of `read` below zero is minus the error.
(module
  (import "wasi_experimental_http" "req"
    (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read_some"
    (func $body_read_some (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "GET")
  ;; The URL is at 1024; the handle comes to 4, how much is read to 8.
  (func (export "open") (param $len i32) (result i32)
    (call $req (i32.const 1024) (local.get $len) (i32.const 16) (i32.const 3) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))
  (func (export "read") (param $len i32) (result i32)
    (local $error i32)
    (local.set $error
      (call $body_read_some
        (i32.load (i32.const 4)) (i32.const 32768) (local.get $len) (i32.const 8)))
    (if (result i32) (local.get $error)
      (then (i32.sub (i32.const 0) (local.get $error)))
      (else (i32.load (i32.const 8))))))

;; Calls one host function over and over, with a response that it holds open.
(module
  (import "wasi_experimental_http" "req"
    (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "close" (func $close (param i32) (result i32)))
  (import "wasi_experimental_http" "header_get"
    (func $header_get (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read"
    (func $body_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "GET")
  (data (i32.const 32) "content-type")

  ;; The URL is at 1024. Gives the handle.
  (func (export "open") (param $url_len i32) (result i32)
    (if (call $req (i32.const 1024) (local.get $url_len) (i32.const 16) (i32.const 3)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4))
      (then unreachable))
    (i32.load (i32.const 4)))

  (func (export "close") (param $handle i32)
    (drop (call $close (local.get $handle))))

  (func (export "header_get") (param $handle i32) (param $count i32) (result i32)
    (local $errors i32)
    (loop $again
      (local.set $errors (i32.add (local.get $errors)
        (call $header_get (local.get $handle) (i32.const 32) (i32.const 12)
          (i32.const 2048) (i32.const 64) (i32.const 8))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $errors))

  (func (export "body_read") (param $handle i32) (param $count i32) (result i32)
    (local $errors i32)
    (loop $again
      (local.set $errors (i32.add (local.get $errors)
        (call $body_read (local.get $handle) (i32.const 2048) (i32.const 64) (i32.const 8))))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $errors)))

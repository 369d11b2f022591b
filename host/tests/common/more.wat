  ;; The memory, byte by byte: a shared one cannot be lent to the test.
  (func (export "peek") (param i32) (result i32)
    local.get 0
    i32.load8_u)
  (func (export "poke") (param i32 i32)
    local.get 0 local.get 1
    i32.store8)

  ;; Sends `count` requests one after the other with the arguments of a `req`, reads each body to
  ;; its end into the buffer at 0x200000, and closes it. The first error ends it; 1000 is a status
  ;; other than 200.
  (func (export "many") (param $count i32)
      (param $url i32) (param $url_len i32) (param $method i32) (param $method_len i32)
      (param $headers i32) (param $headers_len i32) (param $body i32) (param $body_len i32)
      (param $status i32) (param $handle i32) (param $written i32) (result i32)
    (local $error i32)
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 0))))
      (local.set $error
        (call $req
          (local.get $url) (local.get $url_len) (local.get $method) (local.get $method_len)
          (local.get $headers) (local.get $headers_len) (local.get $body) (local.get $body_len)
          (local.get $status) (local.get $handle)))
      (if (local.get $error) (then (return (local.get $error))))
      (if (i32.ne (i32.load16_u (local.get $status)) (i32.const 200))
        (then (return (i32.const 1000))))
      (loop $more
        (local.set $error
          (call $body_read
            (i32.load (local.get $handle)) (i32.const 0x200000) (i32.const 0x10000)
            (local.get $written)))
        (if (local.get $error) (then (return (local.get $error))))
        (br_if $more (i32.load (local.get $written))))
      (local.set $error (call $close (i32.load (local.get $handle))))
      (if (local.get $error) (then (return (local.get $error))))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))
    unreachable)

  (import "wasi_experimental_http" "req"
    (func $req (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_experimental_http" "body_read"
    (func $body_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get"
    (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get"
    (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name"
    (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))

  (memory (export "memory") 2)
  (data (i32.const 0) "GET")
  ;; 16: an iovec, 24: a length, 28: a status, 32: a handle, 4096: a buffer of 60 KiB.

  ;; Writes bytes to a file descriptor.
  (func $write (param $fd i32) (param $from i32) (param $len i32)
    (i32.store (i32.const 16) (local.get $from))
    (i32.store (i32.const 20) (local.get $len))
    (drop (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 24))))

  ;; Reads up to 60 KiB from a file descriptor into the buffer, and gives their number.
  (func $read (param $fd i32) (result i32)
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.const 61440))
    (drop (call $fd_read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 24)))
    (i32.load (i32.const 24)))

  ;; Gets a URL; gives the error.
  (func $open (param $url i32) (param $len i32) (result i32)
    (call $req
      (local.get $url) (local.get $len) (i32.const 0) (i32.const 3)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 28) (i32.const 32)))

  ;; Gets a URL and prints the body; gives the error.
  (func $get (param $url i32) (param $len i32) (result i32)
    (local $error i32)
    (local.set $error (call $open (local.get $url) (local.get $len)))
    (if (local.get $error) (then (return (local.get $error))))
    (loop $more
      (local.set $error
        (call $body_read
          (i32.load (i32.const 32)) (i32.const 4096) (i32.const 61440) (i32.const 24)))
      (if (local.get $error) (then (return (local.get $error))))
      (if (i32.load (i32.const 24))
        (then
          (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 24)))
          (br $more))))
    (i32.const 0))

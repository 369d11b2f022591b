  ;; Gets the URL that is its first argument, prints the body, and exits with the error.
  (func (export "_start")
    (local $url i32)
    (local $len i32)
    (drop (call $args_sizes_get (i32.const 65536) (i32.const 65540)))
    (drop (call $args_get (i32.const 65544) (i32.const 66000)))
    (local.set $url (i32.load (i32.const 65548)))
    (block $end
      (loop $next
        (br_if $end
          (i32.eqz (i32.load8_u (i32.add (local.get $url) (local.get $len)))))
        (local.set $len (i32.add (local.get $len) (i32.const 1)))
        (br $next)))
    (call $proc_exit (call $get (local.get $url) (local.get $len))))
  (func (export "three") (call $proc_exit (i32.const 3)))
  (func (export "trap") unreachable)
  (func (export "forever") (loop $again (br $again)))
  (func (export "grow") (result i32)
    ;; 64 MiB at once, and all of it written to.
    (if (i32.eq (memory.grow (i32.const 1024)) (i32.const -1)) (then (return (i32.const 0))))
    (memory.fill (i32.const 131072) (i32.const 1) (i32.const 66977792))
    (i32.const 1))

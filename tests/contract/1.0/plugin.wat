;; A plugin built against contract 1.0 by hand: the test componentises it with the WIT beside it, which never changes again,
;; and runs it with today's host. It reads through every imported interface and says one thing about `metadata`.
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "kind" (func $kind (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "len" (func $len (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "quantity" (func $quantity (param i32 i32)))
  (import "portcullis:policy/request@1.0.0" "time" (func $time (result i64)))
  (import "portcullis:policy/request@1.0.0" "dry-run" (func $dry-run (result i32)))
  (import "portcullis:policy/workload@1.0.0" "container-count" (func $containers (result i32)))
  (import "portcullis:policy/workload@1.0.0" "replicas" (func $replicas (result i64)))
  (import "portcullis:policy/facts@1.0.0" "count" (func $facts (result i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))

  ;; describe: pointer and length of the JSON text.
  (data (i32.const 16) "\00\01\00\00\32\01\00\00")
  (data (i32.const 256) "{\"contract\":\"1.0.0\",\"name\":\"first\",\"version\":\"1.0.0\",\"title\":\"Built against contract 1.0\",\"rules\":[{\"id\":\"has-metadata\",\"title\":\"Says that there is metadata\",\"severity\":\"low\",\"help\":\"https://example.com/first\"}],\"settings\":{\"type\":\"object\"},\"kinds\":[\"*\"],\"keys\":[\"metadata\"],\"paths\":[\"/spec/*\"],\"facts\":[]}")
  ;; prepare: ok(empty list).
  (data (i32.const 32) "\00\00\00\00\00\00\00\00\00\00\00\00")
  ;; evaluate: findings(list of one).
  (data (i32.const 48) "\00\00\00\00\40\00\00\00\01\00\00\00")
  ;; the finding at 64: rule, node, missing, message; no fix, no extra.
  (data (i32.const 80) "\00\08\00\00\0c\00\00\00")
  (data (i32.const 2048) "has metadata")
  ;; nothing found
  (data (i32.const 144) "\00\00\00\00\00\00\00\00\00\00\00\00")

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "describe") (result i32) (i32.const 16))
  (func (export "prepare") (param i32 i32) (result i32) (i32.const 32))
  (func (export "evaluate") (param i32 i32) (result i32)
    (local $node i32)
    (local.set $node (call $get (call $root (i32.const 0)) (i32.const 0)))
    (call $quantity (local.get $node) (i32.const 1024))
    ;; a map, with something in it, at a known time, without facts: else nothing is said
    (if (i32.or
          (i32.ne (call $kind (local.get $node)) (i32.const 6))
          (i32.or (i32.eqz (call $len (local.get $node)))
            (i32.or (i64.eqz (call $time))
              (i32.or (call $dry-run)
                (i32.or (call $facts)
                  (i32.and (i32.eqz (call $containers)) (i64.ne (call $replicas) (i64.const -1))))))))
      (then (return (i32.const 144))))
    (i32.store (i32.const 68) (local.get $node))
    (i32.const 48)))

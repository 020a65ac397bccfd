//! Plugins that loop, swell and lie: each one ends with its typed error, and the process lives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::guest::{self, DESCRIBE, GET, Guest, NOTHING, finding};
use portcullis_model::FailureKind;
use portcullis_runner::{Breach, Input, Outcome, Reason};

const LOOP: &str = "(loop $l (br $l)) (unreachable)";

#[test]
fn stops_an_endless_loop_after_its_time_p01() {
    let guest = Guest { evaluate: LOOP, ..Guest::default() };
    let started = Instant::now();
    let error = guest.judge().expect_err("a timeout");
    assert_eq!(error.to_string(), "plugin `test` spent its 50 ms");
    assert_eq!(error.kind(), FailureKind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(20), "stopped at all");
}

#[test]
fn stops_an_endless_loop_though_the_clock_had_gone_to_rest_p01() {
    let plugin = Guest { evaluate: LOOP, ..Guest::default() }.load().expect("a plugin");
    let (prepared, input) = (guest::prepared(&plugin), guest::input(guest::pod()));
    // From a clock that still ticks to one that has slept for long.
    for pause in [0, 2, 4, 8, 200] {
        std::thread::sleep(Duration::from_millis(pause));
        let error = plugin.evaluate(&prepared, &input).expect_err("a timeout");
        assert_eq!(error.to_string(), "plugin `test` spent its 50 ms");
    }
}

#[test]
fn stops_endless_loops_in_start_realloc_and_post_return_p02_p03_p04() {
    let start = Guest { more: "(start $s) (func $s (loop $l (br $l)))", ..Guest::default() };
    assert!(start.refusal().ends_with("spent its 500 ms"), "{}", start.refusal());
    let realloc = Guest { realloc: LOOP, ..Guest::default() };
    assert_eq!(realloc.failure(), "plugin `test` spent its 500 ms", "settings are copied in by `realloc`");
    let more = r#"(func (export "cabi_post_evaluate") (param i32) (loop $l (br $l)))"#;
    assert_eq!(Guest { more, ..Guest::default() }.failure(), "plugin `test` spent its 50 ms");
}

#[test]
fn stops_at_the_deadline_of_the_review() {
    let plugin = Guest { evaluate: LOOP, ..Guest::default() }.load().expect("loaded");
    let prepared = guest::prepared(&plugin);
    for wait in [0, 5] {
        let mut input = guest::input(guest::pod());
        input.deadline = Some(Instant::now() + Duration::from_millis(wait));
        let error = plugin.evaluate(&prepared, &input).expect_err("late");
        assert!(matches!(error.reason(), Reason::Breach(Breach::Deadline)));
        assert_eq!(error.to_string(), "plugin `test` was stopped because the review's deadline passed");
    }
}

#[test]
fn stops_endless_recursion_p06() {
    let more = "(func $f (result i32) (i32.add (call $f) (i32.const 1)))";
    let guest = Guest { evaluate: "(call $f)", more, ..Guest::default() };
    assert_eq!(guest.failure(), "plugin `test` trapped: it used up its stack of 256 KiB");
}

#[test]
fn ends_what_traps_or_calls_the_host_where_it_must_not_p07_p08() {
    assert_eq!(
        Guest { evaluate: "unreachable", ..Guest::default() }.failure(),
        "plugin `test` trapped: it gave up (`unreachable`)"
    );
    let more = r#"(func (export "cabi_post_evaluate") (param i32) unreachable)"#;
    assert_eq!(Guest { more, ..Guest::default() }.failure(), "plugin `test` trapped: it gave up (`unreachable`)");
    let realloc = Guest { imports: GET, realloc: "(call $root (i32.const 0))", ..Guest::default() };
    assert_eq!(realloc.failure(), "plugin `test` trapped: it called the host where it must not");
}

#[test]
fn stops_memory_and_table_bombs_p09_p10_p11() {
    let grow = "(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)";
    let error = Guest { evaluate: grow, ..Guest::default() }.judge_patiently().expect_err("a memory bomb");
    assert_eq!(error.to_string(), "plugin `test` wanted more than its 64 MiB of memory");
    assert_eq!(error.kind(), FailureKind::Trap);
    let fill = "(drop (memory.grow (i32.const 900)))
        (loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 58982400)) (br $l)) (unreachable)";
    assert_eq!(Guest { evaluate: fill, ..Guest::default() }.failure(), "plugin `test` spent its 50 ms");
    let table = "(loop $l (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $l)) (unreachable)";
    let guest = Guest { evaluate: table, more: "(table $t 1 funcref)", ..Guest::default() };
    let error = guest.judge_patiently().expect_err("a table bomb");
    assert_eq!(error.to_string(), "plugin `test` wanted more than its 100000 table elements");
}

#[test]
fn allows_an_honest_plugin_just_below_its_limits_p12() {
    let evaluate = "(local $n i32) (drop (memory.grow (i32.const 1020)))
        (loop $l (drop (call $root (i32.const 0)))
            (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000))))
        (i32.const 16)";
    let guest = Guest { evaluate, imports: GET, ..Guest::default() };
    assert_eq!(guest.judge_patiently().expect("judged"), Outcome::Findings(Vec::new()));
}

#[test]
fn refuses_answers_that_are_out_of_bounds_too_large_or_malformed_p13_p16_p17_p18_p19() {
    let message = |at: u64, len: u64| {
        let evaluate = format!(
            "(i32.store (i32.const 20) (i32.const 4096)) (i32.store (i32.const 24) (i32.const 1))
             (i32.store (i32.const 4112) (i32.const {at})) (i32.store (i32.const 4116) (i32.const {len})) (i32.const 16)"
        );
        Guest { evaluate: &evaluate, ..Guest::default() }.failure()
    };
    for (at, len) in [(0, 0xffff_ffff), (0xffff_fff0, 64), (4, 10_000_000)] {
        assert!(message(at, len).starts_with("plugin `test` broke the contract: "), "{}", message(at, len));
    }
    let large = "(drop (memory.grow (i32.const 900))) (i32.store (i32.const 20) (i32.const 4096)) (i32.store (i32.const 24) (i32.const 1))
        (i32.store (i32.const 4116) (i32.const 50000000)) (i32.const 16)";
    let failure = Guest { evaluate: large, ..Guest::default() }.failure();
    assert!(failure.contains("too much data"), "{failure}");
    let utf8 = "(i32.store (i32.const 20) (i32.const 4096)) (i32.store (i32.const 24) (i32.const 1))
        (i32.store (i32.const 8192) (i32.const 0xffffffff))
        (i32.store (i32.const 4112) (i32.const 8192)) (i32.store (i32.const 4116) (i32.const 4)) (i32.const 16)";
    assert!(Guest { evaluate: utf8, ..Guest::default() }.failure().contains("broke the contract"));
    let variant = "(i32.store8 (i32.const 16) (i32.const 9)) (i32.const 16)";
    assert!(Guest { evaluate: variant, ..Guest::default() }.failure().contains("broke the contract"));
    assert!(
        Guest { evaluate: "(i32.const 17)", ..Guest::default() }.failure().contains("broke the contract"),
        "misaligned"
    );
    let realloc = Guest { realloc: "(i32.const -16)", ..Guest::default() };
    assert!(realloc.failure().contains("broke the contract"), "{}", realloc.failure());
}

#[test]
fn refuses_a_million_findings_p23() {
    for count in [1_001, 1_000_000] {
        let evaluate = format!(
            "(drop (memory.grow (i32.const 900))) (i32.store (i32.const 20) (i32.const 262144)) (i32.store (i32.const 24) (i32.const {count})) (i32.const 16)"
        );
        let failure = Guest { evaluate: &evaluate, ..Guest::default() }.failure();
        assert!(
            failure.contains("1001 findings, at most 1000 are admitted") || failure.contains("broke the contract"),
            "{failure}"
        );
    }
}

#[test]
fn refuses_memories_and_tables_that_begin_too_large_p25_p26_p27() {
    for memory in [r#"(memory (export "memory") 65536)"#, r#"(memory (export "memory") 1025)"#] {
        let refusal = Guest { memory, ..Guest::default() }.refusal();
        assert!(refusal.contains("could not be compiled") || refusal.contains("64 MiB of memory"), "{refusal}");
    }
    let refusal = Guest { more: "(table 10000000 funcref)", ..Guest::default() }.refusal();
    assert!(refusal.contains("table"), "{refusal}");
    assert!(
        Guest { memory: r#"(memory (export "memory") 960)"#, ..Guest::default() }.judge().is_ok(),
        "within the sum"
    );
}

#[test]
fn stops_ten_million_host_calls_p67() {
    let evaluate = "(loop $l (drop (call $root (i32.const 0))) (br $l)) (unreachable)";
    let error = Guest { evaluate, imports: GET, ..Guest::default() }.judge_patiently().expect_err("too many calls");
    assert_eq!(error.to_string(), "plugin `test` spent its 100000 host calls");
    assert_eq!(error.kind(), FailureKind::Trap);
}

#[test]
fn ends_the_evaluation_at_a_node_that_was_never_given_out_p68() {
    // Beyond the document, node 0 of a document, documents that are not there.
    for bogus in [8, 0x00ff_ffff, 0x0100_0000, 0x0100_0001, 0x0300_0001, 0xffff_ffff_u32] {
        let evaluate = format!("(drop (call $get (i32.const {bogus}) (i32.const 0))) (i32.const 16)");
        let failure = Guest { evaluate: &evaluate, imports: GET, ..Guest::default() }.failure();
        assert_eq!(failure, format!("plugin `test` used the node {bogus}, which it was never given"));
        let (evaluate, more) = finding(0, &format!("(i32.const {bogus})"), "", "x");
        let failure = Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.failure();
        assert_eq!(failure, format!("plugin `test` used the node {bogus}, which it was never given"));
    }
    let evaluate = "(drop (call $get (call $root (i32.const 0)) (i32.const 2))) (i32.const 16)";
    let failure = Guest { evaluate, imports: GET, ..Guest::default() }.failure();
    assert_eq!(failure, "plugin `test` used the key number 2, which it does not declare");
}

#[test]
fn shows_the_last_words_of_a_plugin_that_gives_up_and_hides_what_is_secret() {
    let imports =
        r#"(import "portcullis:policy/documents@1.0.0" "find" (func $find (param i32 i32 i32) (result i32)))"#;
    let said = |node: u32, hide: bool| {
        let evaluate = format!("(drop (call $find (i32.const {node}) (i32.const 8192) (i32.const 14))) (i32.const 16)");
        let more = r#"(data (i32.const 8192) "boom\1b at 73916")"#;
        let mut input = guest::input(guest::pod());
        input.hide = hide.then(|| Arc::new(|text: &str| text.replace("73916", "[secret]")) as portcullis_runner::Hide);
        let error = Guest { evaluate: &evaluate, imports, more, ..Guest::default() }.judge_input(&input);
        let error = error.expect_err("no answer");
        assert_eq!(error.kind(), FailureKind::Trap);
        error.to_string()
    };
    assert_eq!(said(u32::MAX, false), r"plugin `test` gave up: boom\u{1b} at 73916");
    assert_eq!(said(u32::MAX, true), r"plugin `test` gave up: boom\u{1b} at [secret]");
    assert_eq!(said(0x0300_0001, false), "plugin `test` used the node 50331649, which it was never given");
    let prepare = "(drop (call $find (i32.const -1) (i32.const 8192) (i32.const 4))) unreachable";
    let more = r#"(data (i32.const 8192) "boom")"#;
    assert_eq!(Guest { prepare, imports, more, ..Guest::default() }.failure(), "plugin `test` gave up: boom");
}

#[test]
fn moves_no_more_bytes_than_its_budget() {
    let imports = r#"(import "portcullis:policy/documents@1.0.0" "raw" (func $raw (param i32 i32)))
        (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))"#;
    let evaluate = "(call $raw (call $root (i32.const 0)) (i32.const 64)) (i32.const 16)";
    let memory = r#"(memory (export "memory") 100)"#;
    let plugin = Guest { evaluate, imports, memory, ..Guest::default() }.load().expect("loaded");
    let prepared = guest::prepared(&plugin);
    let text = |size: usize| {
        let mut b = portcullis_model::DocumentBuilder::new(None, portcullis_model::Limits::default());
        b.string(&"x".repeat(size), None);
        guest::input(b.finish().expect("a document"))
    };
    assert!(plugin.evaluate(&prepared, &text((1 << 20) - 2)).is_ok(), "quotes included");
    let error = plugin.evaluate(&prepared, &text((1 << 20) - 1)).expect_err("a byte too many");
    assert_eq!(error.to_string(), "plugin `test` moved more than its 1048576 bytes across the boundary");
}

#[test]
fn refuses_findings_that_name_no_rule_or_no_pointer_p73() {
    let (evaluate, more) = finding(7, "(i32.const 0)", "", "x");
    let failure = Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.failure();
    assert_eq!(failure, "plugin `test` broke the contract: a finding for rule number 7, it has 1");
    let (evaluate, more) = finding(0, "(i32.const 0)", "../../etc", "x");
    let failure = Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.failure();
    assert_eq!(failure, "plugin `test` broke the contract: `missing` is not a JSON Pointer: `../../etc`");
}

#[test]
fn shows_hostile_messages_escaped_cut_and_never_empty_p74_p75() {
    let say = |message: &str| {
        let (evaluate, more) = finding(0, "(i32.const 0)", "", message);
        let outcome = Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.judge().expect("judged");
        let Outcome::Findings(findings) = outcome else { unreachable!("no findings") };
        findings[0].message.clone()
    };
    assert_eq!(say("a\u{1b}[31mred\n\u{202e}"), r"a\u{1b}[31mred\n\u{202e}");
    assert_eq!(say(" \n"), "It is broken");
    let long = say(&"ä".repeat(20_000));
    assert!(long.len() <= 4096 && long.ends_with('…'));
}

/// What a Pod's review hides here, in place of a Secret's values.
fn hides(value: &'static str) -> Input {
    Input { hide: Some(Arc::new(move |text: &str| text.replace(value, "[secret]"))), ..guest::input(guest::pod()) }
}

#[test]
fn hides_secrets_before_it_cuts_and_escapes_a63b() {
    let value: &str = String::leak("hunter\t\"77 ".repeat(500));
    let judge = |missing: &str, message: &str| {
        let (evaluate, more) = finding(0, "(i32.const 0)", missing, message);
        Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.judge_input(&hides(value))
    };
    let Outcome::Findings(findings) = judge("", &format!("`{value}` is no number\t")).expect("judged") else {
        unreachable!("no findings")
    };
    assert_eq!(findings[0].message, "`[secret]` is no number\\t");
    let error = judge(value, "x").expect_err("no pointer");
    assert_eq!(error.to_string(), "plugin `test` broke the contract: `missing` is not a JSON Pointer: `[secret]`");
    let (evaluate, more) = needs("hunter77", "{}");
    let guest = Guest { evaluate: &evaluate, more: &more, ..Guest::default() };
    let error = guest.judge_input(&hides("hunter77")).expect_err("undeclared");
    assert!(!error.to_string().contains("hunter77"), "{error}");
}

fn needs(kind: &str, arguments: &str) -> (String, String) {
    let escaped = |text: &str| text.bytes().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let more =
        format!(r#"(data (i32.const 8192) "{}") (data (i32.const 9000) "{}")"#, escaped(kind), escaped(arguments));
    let evaluate = format!(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 4096)) (i32.store (i32.const 24) (i32.const 1))
         (i32.store (i32.const 4096) (i32.const 8192)) (i32.store (i32.const 4100) (i32.const {}))
         (i32.store (i32.const 4104) (i32.const 9000)) (i32.store (i32.const 4108) (i32.const {})) (i32.const 16)",
        kind.len(),
        arguments.len()
    );
    (evaluate, more)
}

#[test]
fn refuses_queries_of_a_kind_that_was_not_declared_p54() {
    let (evaluate, more) = needs("secret", "{}");
    let error = Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.judge().expect_err("undeclared");
    assert_eq!(error.kind(), FailureKind::Fact);
    assert_eq!(
        error.to_string(),
        "plugin `test` asked for a fact wrongly: the kind `secret` is not declared in its description"
    );
}

#[test]
fn refuses_a_round_that_asks_nothing_new_p76() {
    let (evaluate, more) = needs("signature", r#"{ "b": 1, "a": 2 }"#);
    let plugin = Guest { evaluate: &evaluate, more: &more, ..Guest::default() }.load().expect("loaded");
    let prepared = guest::prepared(&plugin);
    let mut input = guest::input(guest::pod());
    let Ok(Outcome::Needs(queries)) = plugin.evaluate(&prepared, &input) else { unreachable!("a query") };
    assert_eq!(queries[0].arguments, r#"{"a":2,"b":1}"#);
    let status = portcullis_model::FactStatus::Absent;
    input.facts = Arc::new(vec![portcullis_model::Fact { query: queries[0].clone(), status, document: None }]);
    let error = plugin.evaluate(&prepared, &input).expect_err("the same again");
    assert_eq!(error.to_string(), "plugin `test` asked for a fact wrongly: it asks nothing new");
}

#[test]
fn refuses_a_description_that_is_broken() {
    let broken = DESCRIBE.replace("\"title\":\"Test\"", "\"title\":\"Te\\u001bst\"");
    let refusal = Guest { describe: &broken, ..Guest::default() }.refusal();
    assert!(refusal.contains(r"describes itself wrongly: the title `Te\u{1b}st` is not one line of text"), "{refusal}");
}

#[test]
fn gives_a_description_nothing_that_it_could_change_by_p55() {
    // It would answer otherwise when it is asked again; each question meets a fresh instance, so it never is.
    let more = "(global $asked (mut i32) (i32.const 0))";
    let text = Guest { more, ..Guest::default() }.text();
    let same = r#"(func (export "describe") (result i32) (i32.const 8))"#;
    let other = r#"(func (export "describe") (result i32) (if (global.get $asked) (then unreachable))
        (global.set $asked (i32.const 1)) (i32.const 8))"#;
    assert!(text.contains(same));
    let module = wat::parse_str(text.replace(same, other)).expect("a core module");
    assert!(guest::load(&guest::component(&module)).is_ok());
}

#[test]
fn gives_every_evaluation_a_fresh_instance_p77() {
    // Counts its own calls and trips over the second one.
    let evaluate = "(if (global.get $seen) (then unreachable)) (global.set $seen (i32.const 1)) (i32.const 16)";
    let more = "(global $seen (mut i32) (i32.const 0))";
    let plugin = Guest { evaluate, more, ..Guest::default() }.load().expect("loaded");
    let prepared = guest::prepared(&plugin);
    for _ in 0..3 {
        assert!(plugin.evaluate(&prepared, &guest::input(guest::pod())).is_ok());
    }
}

#[test]
fn serves_others_while_one_loops_and_says_when_all_instances_are_in_use_p82_p83() {
    let runner = guest::runner();
    let bad = runner.load(&guest::bytes(&Guest { evaluate: LOOP, ..Guest::default() }.build()), None).expect("loaded");
    let good =
        runner.load(&guest::bytes(&Guest { evaluate: NOTHING, ..Guest::default() }.build()), None).expect("loaded");
    let (for_bad, for_good) = (guest::prepared(&bad), guest::prepared(&good));
    let input = guest::input(guest::pod());
    std::thread::scope(|scope| {
        let loops: Vec<_> = (0..7).map(|_| scope.spawn(|| bad.evaluate(&for_bad, &input))).collect();
        for _ in 0..100 {
            assert!(good.evaluate(&for_good, &input).is_ok());
        }
        for ended in loops {
            assert_eq!(ended.join().expect("no panic").expect_err("a timeout").kind(), FailureKind::Timeout);
        }
        let many: Vec<_> = (0..40).map(|_| scope.spawn(|| bad.evaluate(&for_bad, &input))).collect();
        let errors: Vec<_> = many.into_iter().map(|t| t.join().expect("no panic").expect_err("an error")).collect();
        assert!(errors.iter().all(|error| error.kind() == FailureKind::Timeout));
    });
    assert!(good.evaluate(&for_good, &input).is_ok(), "all instances came back");
}

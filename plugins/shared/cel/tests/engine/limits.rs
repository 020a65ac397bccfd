//! What attackers write: every bound ends it, with a complaint or within the budget.

use crate::trees::{Trees, judge};
use portcullis_cel::{Compiler, MOST_DEPTH, MOST_LENGTH, MOST_LOOPS, Machine, Wanted};
use serde_json::json;

fn outcome(expression: &str) -> String {
    judge(&json!({"expression": expression, "object": {"a": "b"}})).shown()
}

fn spends_its_budget(expression: &str) {
    let question = json!({"expression": expression, "object": {"a": "b"}});
    let said = judge(&question).shown();
    assert!(said.starts_with("error: spent its 200000 steps"), "{said}: {expression}");
}

#[test]
fn refuses_what_is_nested_too_deep() {
    for (open, close) in [("(", ")"), ("[", "]"), ("[?", "]"), ("size(", ")"), ("has(", ")"), ("{1: ", "}")] {
        let deep = format!("{}1{}", open.repeat(40_000 / open.len()), close.repeat(40_000 / open.len()));
        let said = outcome(&deep);
        assert!(said.contains(&format!("nested more than {MOST_DEPTH} deep")), "{open}: {said}");
    }
    let said = outcome(&format!("{}true{}", "(".repeat(MOST_DEPTH + 1), ")".repeat(MOST_DEPTH + 1)));
    assert!(said.starts_with(&format!("refused: byte {}: ", MOST_DEPTH + 1)), "{said}");
    assert_eq!(outcome(&format!("{}true{}", "(".repeat(MOST_DEPTH), ")".repeat(MOST_DEPTH))), "true");
}

#[test]
fn takes_what_is_long_and_flat() {
    assert_eq!(outcome(&format!("1{}", " + 1".repeat(20_000))), "20001");
    assert_eq!(outcome(&format!("{}true", "!".repeat(50_000))), "true");
    assert_eq!(outcome(&format!("{}1", "false ? 0 : ".repeat(400))), "1");
    assert_eq!(outcome(&format!("object{}.b.orValue('no')", ".?a".repeat(20_000))), "\"no\"");
    let long = format!("refused: byte 0: the expression has more than {MOST_LENGTH} bytes");
    assert_eq!(outcome(&" ".repeat(MOST_LENGTH + 1)), long);
}

#[test]
fn refuses_too_many_loops_inside_each_other() {
    let loops = |count: usize| format!("{}true{}", "[1].all(x, ".repeat(count), ")".repeat(count));
    assert_eq!(outcome(&loops(MOST_LOOPS)), "true");
    assert!(outcome(&loops(MOST_LOOPS + 1)).ends_with(&format!("more than {MOST_LOOPS} loops inside each other")));
}

#[test]
fn spends_its_budget_where_it_is_attacked() {
    spends_its_budget("lists.range(9223372036854775807).size() > 0 || true");
    spends_its_budget("lists.range(100000).map(x, lists.range(100000)).size() > 0");
    spends_its_budget("lists.range(2000).all(a, lists.range(2000).all(b, a + b >= 0)) || true");
    spends_its_budget("lists.range(20000).transformMapEntry(i, v, {string(i): v}).size() > 0");
    spends_its_budget("lists.range(30000).distinct().size() > 0");
    spends_its_budget("sets.equivalent(lists.range(30000), lists.range(30000).reverse())");
    let nested = (0..40).fold("[]".to_owned(), |inner, _| format!("[{inner}].map(x, [x, x])[0]"));
    spends_its_budget(&format!("{nested} == {nested}"));
    spends_its_budget(&format!("dyn({nested}).flatten(60).size() > 0"));
    let doubled = "'0123456789abcdef'.replace('', '0123456789abcdef')".to_owned();
    spends_its_budget(&(0..5).fold(doubled, |text, _| format!("{text}.replace('', '0123456789abcdef')")));
    spends_its_budget("lists.range(1000).map(x, lists.range(500).map(y, 'aaaaaaaaaaaaaaaa').join()).join().size() > 0");
    spends_its_budget("lists.range(3000).map(x, 'aaaaaaaaaaaaaaaaaaaaaaaaa').join().matches('(.*a){20}(.*b){20}x')");
}

#[test]
fn matches_in_linear_time() {
    let text = "a".repeat(2_000);
    for pattern in ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "(.*)(.*)(.*)(.*)[^a]"] {
        assert_eq!(outcome(&format!("'{text}'.matches('{pattern}')")), "false", "{pattern}");
    }
    let refused = outcome("'a'.matches('((a{100}){100}){100}')");
    assert!(refused.ends_with("it has more than 10000 states"), "{refused}");
}

#[test]
fn says_how_many_steps_it_took() {
    let code = Compiler::new(false).compile("object.a == 'b'", Wanted::Bool).expect("it compiles");
    let trees = Trees::new(&json!({"object": {"a": "b"}}));
    let mut machine = Machine::new(&trees, &[], &[]);
    assert!(machine.run(&code).is_ok());
    assert!(machine.steps() < 20, "{}", machine.steps());
    assert!(Machine::new(&trees, &[], &[]).within(2).run(&code).is_err());
}

//! CEL: a complaint inside the expression, or code that ends within its budget.

use std::sync::LazyLock;

use portcullis_cel::{Compiler, Machine, Value, Wanted, outline};
use serde_json::json;

use crate::trees::{Trees, show, tree};

/// What one expression may spend here.
const STEPS: u64 = 20_000;

static SEEN: LazyLock<Trees> = LazyLock::new(|| Trees::new(&question()));
static PARAMS: LazyLock<Vec<u8>> =
    LazyLock::new(|| tree(&json!({"a": 1, "b": ["x", 2.5], "c": {"d": null}})).to_bytes());

fn question() -> serde_json::Value {
    json!({
        "object": {"a": "b", "n": -3, "f": 0.5, "l": [1, "x", {"k": "v"}], "spec": {"containers": [{"image": "a:1"}]}},
        "oldObject": {"a": "c"},
        "request": {"operation": "UPDATE", "namespace": "n", "userInfo": {"username": "u", "groups": ["g"]}},
        "namespaceObject": {"metadata": {"name": "n", "labels": {"e": "f"}}},
    })
}

pub fn judge(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A variable may come first, in a line of its own.
    let (variable, expression) = text.split_once('\n').unwrap_or(("", text));
    for mut compiler in [Compiler::new(true), Compiler::of_requests()] {
        let mut variables = Vec::new();
        if !variable.is_empty() {
            let Some(code) = compiled(compiler.variable("v", variable), variable) else { continue };
            variables.push(code);
        }
        for wanted in [Wanted::Anything, Wanted::Bool, Wanted::Text] {
            let Some(code) = compiled(compiler.compile(expression, wanted), expression) else { continue };
            outline(&code);
            for read in compiler.take_reads() {
                compiler.unknown_param(&read, &PARAMS);
            }
            let variables: Vec<&[u8]> = variables.iter().map(Vec::as_slice).collect();
            let mut machine = Machine::new(&*SEEN, &variables, &PARAMS).within(STEPS);
            let Some(value) = value(&mut machine, &code) else { continue };
            // Parentheses, and what is behind the end of a comment, mean nothing.
            let around = format!("({expression}\n)");
            let Ok(code) = compiler.compile(&around, wanted) else { continue };
            let mut machine = Machine::new(&*SEEN, &variables, &PARAMS).within(2 * STEPS);
            assert_eq!(Some(value), self::value(&mut machine, &code), "{around:?} is something else");
        }
    }
}

/// What an expression comes to, in words; nothing where its steps do not suffice.
fn value<'c>(machine: &mut Machine<'c>, code: &'c [u8]) -> Option<String> {
    match machine.run(code) {
        Ok(found) => Some(match &found.value {
            Value::Error(why) => format!("error: {why}"),
            value => show(&SEEN, value),
        }),
        Err(spent) => {
            assert!(!spent.to_string().is_empty());
            None
        }
    }
}

fn compiled(outcome: Result<Vec<u8>, portcullis_cel::Complaint>, expression: &str) -> Option<Vec<u8>> {
    outcome
        .map_err(|complaint| {
            assert!(complaint.at <= expression.len(), "byte {} of {}", complaint.at, expression.len());
            assert!(!complaint.message.is_empty());
            let (line, column) = complaint.line_and_column(expression);
            assert!(line > 0 && column > 0);
            complaint.shown(expression);
        })
        .ok()
}

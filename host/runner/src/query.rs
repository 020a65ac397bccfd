//! What a plugin asks: declared, bounded, and written in one way only.

use portcullis_model::{Query, json_string};
use serde_json::Value;

use crate::error::Reason;

/// The arguments as JSON with sorted keys and without white space, so that two equal questions have equal texts.
///
/// Numbers must be whole and fit 64 bits: anything else has several spellings, or loses digits on the way.
pub(crate) fn canonical(arguments: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(arguments).map_err(|_| "the arguments are not JSON".to_owned())?;
    if !value.is_object() {
        return Err("the arguments are not a JSON object".into());
    }
    let mut out = String::with_capacity(arguments.len());
    write(&value, &mut out)?;
    Ok(out)
}

/// Recursive, and safely so: the reader refuses more than 128 lists and objects inside each other.
fn write(value: &Value, out: &mut String) -> Result<(), String> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) if number.is_f64() => {
            return Err(format!("the number `{number}` in the arguments is not a whole number of 64 bits"));
        }
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => json_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (n, (key, member)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                json_string(key, out);
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Checks one query against what the plugin declared.
pub(crate) fn query(kind: &str, arguments: &str, declared: &[String], most: usize) -> Result<Query, Reason> {
    if !declared.iter().any(|name| name == kind) {
        let shown: String = kind.chars().take(80).collect();
        return Err(Reason::Query(format!("the kind `{}` is not declared in its description", shown.escape_debug())));
    }
    if arguments.len() > most {
        return Err(Reason::Query(format!(
            "the arguments have {} bytes, at most {most} are admitted",
            arguments.len()
        )));
    }
    let arguments = canonical(arguments).map_err(Reason::Query)?;
    Ok(Query::new(kind, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_equal_questions_equally() {
        let one = canonical(" {\"b\" : [1, -2, true, null], \"a\":\"x\\u0041\"}").expect("canonical");
        assert_eq!(one, r#"{"a":"xA","b":[1,-2,true,null]}"#);
        assert_eq!(canonical(&one).as_ref(), Ok(&one));
    }

    #[test]
    fn refuses_arguments_that_could_be_written_in_several_ways() {
        for (bad, why) in [
            ("[]", "the arguments are not a JSON object"),
            ("{", "the arguments are not JSON"),
            (r#"{"a":1.5}"#, "the number `1.5` in the arguments is not a whole number of 64 bits"),
            (r#"{"a":123456789012345678901234}"#, "is not a whole number of 64 bits"),
        ] {
            let refused = canonical(bad).expect_err(bad);
            assert!(refused.contains(why), "{refused}");
        }
        assert!(canonical(&format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200))).is_err());
    }

    #[test]
    fn refuses_a_kind_that_was_not_declared_p54() {
        let refused = query("secret\u{1b}", "{}", &["signature".into()], 100).expect_err("undeclared");
        assert_eq!(
            refused.to_string(),
            r"asked for a fact wrongly: the kind `secret\u{1b}` is not declared in its description"
        );
        assert!(query("signature", &format!("{{\"a\":\"{}\"}}", "x".repeat(100)), &["signature".into()], 100).is_err());
    }
}

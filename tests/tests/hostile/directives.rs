//! Writes out what a case says in short: `<<repeat N TEXT>>`, and the parts that an honest plugin has.

use std::fmt::Write as _;

/// A plugin with one rule, one kind of fact, one key and one path.
pub const DESCRIBE: &str = r#"{"contract":"1.0.0","name":"hostile","version":"1.0.0","title":"Hostile","rules":[{"id":"broken","title":"It is broken","severity":"high"}],"settings":{},"keys":["spec"],"paths":["/spec/*"],"facts":["approval"]}"#;

/// The whole of a text, written out.
pub fn written_out(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<<") {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = end_of(inside).ok_or("`<<` without `>>`")?;
        out.push_str(&directive(&inside[..end])?);
        rest = &inside[end + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the `>>` stands that belongs to an opening that was just passed.
fn end_of(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let opens = text[at..].find("<<").map(|found| at + found);
        let closes = at + text[at..].find(">>")?;
        match opens {
            Some(opens) if opens < closes => (depth, at) = (depth + 1, opens + 2),
            _ if depth == 0 => return Some(closes),
            _ => (depth, at) = (depth - 1, closes + 2),
        }
    }
}

fn directive(text: &str) -> Result<String, String> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match name {
        "repeat" => {
            // A space at the end of the text is part of it.
            let (times, what) = rest.split_once(char::is_whitespace).ok_or("`repeat` without a text")?;
            let times: usize = times.parse().map_err(|_| format!("`repeat {times}`: no number"))?;
            let what = written_out(what)?;
            let numbered = what.contains("{n");
            let mut out = String::with_capacity(what.len() * times);
            for n in 0..times {
                match numbered {
                    true => out += &what.replace("{n}", &n.to_string()).replace("{n+1}", &(n + 1).to_string()),
                    false => out += &what,
                }
            }
            Ok(out)
        }
        "honest" => rest.split_whitespace().map(honest).collect(),
        "describe" => Ok(describe(&written_out(rest.trim())?)),
        other => Err(format!("there is no directive `{other}`")),
    }
}

/// A part that an honest plugin has. The answer of `evaluate` stands at 16 (12 bytes), that of `prepare` at 32, a finding or a
/// query at 256; texts of a case stand from 8192 on, and what the host writes from 65536 on.
fn honest(part: &str) -> Result<String, String> {
    Ok(match part {
        "memory" => r#"(memory (export "memory") 4)"#.into(),
        "describe" => describe(DESCRIBE),
        // Ok of the settings as they are.
        "prepare" => r#"(func (export "prepare") (param $at i32) (param $len i32) (result i32)
            (i32.store (i32.const 36) (local.get $at)) (i32.store (i32.const 40) (local.get $len)) (i32.const 32))"#
            .into(),
        // No finding: a zero discriminant and an empty list.
        "evaluate" => r#"(func (export "evaluate") (param i32 i32) (result i32) (i32.const 16))"#.into(),
        "realloc" => r#"(global $free (mut i32) (i32.const 65536))
            (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $p i32)
            (local.set $p (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
            (global.set $free (i32.add (local.get $p) (local.get 3))) (local.get $p))"#
            .into(),
        // One finding: rule, node, `missing`, message.
        "finding" => {
            r#"(func $finding (param $rule i32) (param $node i32) (param $missing i32) (param $missing_len i32)
            (param $message i32) (param $message_len i32) (result i32)
            (i32.store (i32.const 20) (i32.const 256)) (i32.store (i32.const 24) (i32.const 1))
            (i32.store (i32.const 256) (local.get $rule)) (i32.store (i32.const 260) (local.get $node))
            (i32.store (i32.const 264) (local.get $missing)) (i32.store (i32.const 268) (local.get $missing_len))
            (i32.store (i32.const 272) (local.get $message)) (i32.store (i32.const 276) (local.get $message_len))
            (i32.const 16))"#
                .into()
        }
        // One question: kind, arguments.
        "query" => {
            r#"(func $query (param $kind i32) (param $kind_len i32) (param $arguments i32) (param $arguments_len i32)
            (result i32)
            (i32.store8 (i32.const 16) (i32.const 1))
            (i32.store (i32.const 20) (i32.const 256)) (i32.store (i32.const 24) (i32.const 1))
            (i32.store (i32.const 256) (local.get $kind)) (i32.store (i32.const 260) (local.get $kind_len))
            (i32.store (i32.const 264) (local.get $arguments)) (i32.store (i32.const 268) (local.get $arguments_len))
            (i32.const 16))"#
                .into()
        }
        other => return Err(format!("an honest plugin has no part `{other}`")),
    })
}

/// `describe` with this answer, which stands behind everything else: texts may be large.
fn describe(json: &str) -> String {
    let mut data = String::with_capacity(json.len());
    for byte in json.bytes() {
        match byte {
            b' '..=b'~' if byte != b'"' && byte != b'\\' => data.push(char::from(byte)),
            _ => _ = write!(data, "\\{byte:02x}"),
        }
    }
    let at = if json.len() < 7000 { 1024 } else { 131_072 };
    format!(
        r#"(data (i32.const {at}) "{data}")
        (func (export "describe") (result i32)
            (i32.store (i32.const 8) (i32.const {at})) (i32.store (i32.const 12) (i32.const {})) (i32.const 8))"#,
        json.len()
    )
}

#[test]
fn writes_out_what_is_repeated_and_what_is_honest() {
    assert_eq!(written_out("a<<repeat 3 (b {n} {n+1})>>c").as_deref(), Ok("a(b 0 1)(b 1 2)(b 2 3)c"));
    assert_eq!(written_out("<<repeat 2 x<<repeat 2 y>>>>").as_deref(), Ok("xyyxyy"));
    assert_eq!(written_out("(local<<repeat 2  i64>>)").as_deref(), Ok("(local i64 i64)"));
    assert!(written_out("<<honest memory realloc>>").is_ok_and(|text| text.contains("cabi_realloc")));
    for bad in ["<<honest magic>>", "<<repeat x y>>", "<<repeat 3>>", "<<open", "<<nonsense>>"] {
        assert!(written_out(bad).is_err(), "{bad}");
    }
}

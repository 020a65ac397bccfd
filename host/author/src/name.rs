//! The name of a new plugin, which is forever: waivers name it.

use crate::Error;

/// Bytes of a name, as the contract has it.
const LONGEST: usize = 63;

/// Words that cannot be the name of a package in Rust, or that cargo refuses for good reasons.
const RESERVED: [&str; 53] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "yield",
];
/// Names of folders that stand beside the plugin, and of the kit.
const TAKEN: [&str; 4] = ["sdk", "portcullis", "portcullis-sdk", "target"];

/// Checks a name against the contract, the language, and the plugins that are built in.
pub fn check(name: &str, builtins: &[&str]) -> Result<(), Error> {
    let refused = |why: String| Err(Error::Name { name: name.to_owned(), why });
    let group = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.split('-').all(group) {
        return refused(format!(
            "lower-case letters and digits in groups joined by single hyphens, a letter first{}",
            kebab(name).map(|near| format!("; `{near}` would do")).unwrap_or_default()
        ));
    }
    if name.len() > LONGEST {
        return refused(format!("{} characters, at most {LONGEST} are admitted", name.len()));
    }
    if builtins.contains(&name) {
        return refused("a plugin of this name is built in, and codes and waivers could not tell them apart".into());
    }
    if RESERVED.contains(&name) || TAKEN.contains(&name) {
        return refused(format!("it is a word of Rust or of cargo; `{name}-policy` would do"));
    }
    Ok(())
}

/// The same name in the form that is asked for, where there is one.
fn kebab(name: &str) -> Option<String> {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            'A'..='Z' => {
                if out.chars().next_back().is_some_and(|last| last.is_ascii_lowercase() || last.is_ascii_digit()) {
                    out.push('-');
                }
                out.push(c.to_ascii_lowercase());
            }
            _ if !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    let out = out.trim_matches(|c: char| c == '-' || c.is_ascii_digit()).to_owned();
    (!out.is_empty() && out.len() <= LONGEST && out != name).then_some(out)
}

/// The name of its type: `team-label` is `TeamLabel`.
pub fn of_type(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        check(name, &["sbom"]).expect_err(name).to_string()
    }

    #[test]
    fn takes_names_of_the_contract() {
        for name in ["a", "my-plugin", "no-latest-2", "testing"] {
            assert!(check(name, &["sbom"]).is_ok(), "{name}");
        }
        assert_eq!(of_type("no-latest-2"), "NoLatest2");
    }

    #[test]
    fn refuses_every_other_name_with_one_that_would_do() {
        let form = "lower-case letters and digits in groups joined by single hyphens, a letter first";
        for (name, near) in
            [("My_Plugin", "my-plugin"), ("myPlugin", "my-plugin"), ("a--b", "a-b"), ("2fast", "fast"), ("../x", "x")]
        {
            let expected = format!("`{name}` cannot be the name of a plugin: {form}; `{near}` would do");
            assert_eq!(refused(name), expected);
        }
        assert_eq!(refused(""), format!("`` cannot be the name of a plugin: {form}"));
        assert!(refused("\u{1b}[31m").starts_with(r"`\u{1b}[31m` cannot be"));
        assert!(
            refused("sbom")
                .ends_with("a plugin of this name is built in, and codes and waivers could not tell them apart")
        );
        assert!(refused("async").ends_with("it is a word of Rust or of cargo; `async-policy` would do"));
        assert!(refused(&"a".repeat(64)).ends_with("64 characters, at most 63 are admitted"));
    }
}

//! The verdicts on cases for the test tab of a CI system.

use std::fmt::Write as _;

use crate::judge::Verdict;
use crate::test::Tested;
use crate::text::count;

/// What the case about each is called.
const FIRED: &str = "every rule is fired by a case";
const AGREED: &str = "plugin, cases and project say the same";

/// A test that is about no case.
struct Check {
    name: &'static str,
    said: String,
    fails: bool,
}

/// JUnit's XML, as CI systems read it: one suite, one test for each case, one for the rules where it is known which of them no
/// case fires, and one for what is written about the plugin.
pub fn junit(tested: &Tested, strict: bool) -> String {
    let rules = tested.unfired.as_deref().map(|unfired| fired(unfired, strict));
    let said: Vec<&str> = tested.doubts.iter().map(|doubt| doubt.said.as_str()).collect();
    let fails = tested.doubts.iter().any(|doubt| doubt.fails(strict));
    let agreed = Check { name: AGREED, said: said.join("\n"), fails };
    written(&tested.description.name, &tested.verdicts, &rules.into_iter().chain([agreed]).collect::<Vec<_>>())
}

fn fired(unfired: &[String], strict: bool) -> Check {
    let said = format!("no case fires {}: {}", count(unfired.len(), "rule"), unfired.join(", "));
    let none = unfired.is_empty();
    Check { name: FIRED, said: if none { String::new() } else { said }, fails: strict && !none }
}

fn written(plugin: &str, verdicts: &[Verdict], checks: &[Check]) -> String {
    let wrong = verdicts.iter().filter(|verdict| verdict.failure.is_none() && !verdict.is_right()).count();
    let failed = verdicts.iter().filter(|verdict| verdict.failure.is_some()).count();
    let failing = checks.iter().filter(|check| check.fails).count();
    let seconds: f64 = verdicts.iter().map(|verdict| verdict.time.as_secs_f64()).sum();
    let (tests, failures) = (verdicts.len() + checks.len(), wrong + failing);
    let suite = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{failed}\" time=\"{seconds:.3}\"");
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {suite}>\n  <testsuite name=\"{}\" {suite}>\n",
        escaped(plugin)
    );
    for verdict in verdicts {
        // Writing to a String cannot fail.
        let _ = write!(
            xml,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(plugin),
            escaped(&verdict.file),
            verdict.time.as_secs_f64()
        );
        match &verdict.failure {
            _ if verdict.is_right() => xml.push_str("/>\n"),
            Some(failure) => {
                let _ = write!(xml, ">\n      <error message=\"{}\"/>\n    </testcase>\n", escaped(failure));
            }
            None => {
                let drawn = escaped(&verdict.difference);
                let _ = write!(
                    xml,
                    ">\n      <failure message=\"the case and the plugin differ\">{drawn}</failure>\n    </testcase>\n"
                );
            }
        }
    }
    checks.iter().for_each(|check| check.write(plugin, &mut xml));
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

impl Check {
    fn write(&self, plugin: &str, xml: &mut String) {
        let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", escaped(plugin), self.name);
        if self.said.is_empty() {
            xml.push_str("/>\n");
            return;
        }
        let said = escaped(&self.said);
        let _ = match self.fails {
            true => write!(xml, ">\n      <failure message=\"{said}\"/>\n    </testcase>\n"),
            false => write!(xml, ">\n      <system-out>{said}</system-out>\n    </testcase>\n"),
        };
    }
}

/// Text for an element or an attribute. What XML 1.0 cannot hold, or a terminal would obey, is shown escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A runner that shows this on its log obeys `##[command]` anywhere in a line.
    for c in text.replace("##[", r"#\u{23}[").chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control()
                || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_nothing_that_xml_cannot_hold() {
        assert_eq!(
            escaped("a<b>&\"c\"\n\u{1b}[31m\u{0}\u{202e}##[error]"),
            r"a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{1b}[31m\u{0}\u{202e}#\u{23}[error]"
        );
    }

    #[test]
    fn tells_of_rules_that_no_case_fires() {
        let both = ["a".to_owned(), "b".to_owned()];
        let junit = |unfired: &[String], strict| written("p", &[], &[fired(unfired, strict)]);
        assert!(junit(&both, true).contains("<failure message=\"no case fires 2 rules: a, b\"/>"));
        assert!(junit(&both, true).contains("tests=\"1\" failures=\"1\" errors=\"0\""));
        assert!(junit(&both, false).contains("<system-out>no case fires 2 rules: a, b</system-out>"));
        assert!(junit(&both, false).contains("tests=\"1\" failures=\"0\" errors=\"0\""));
        assert!(junit(&[], true).contains("name=\"every rule is fired by a case\" time=\"0\"/>"));
        assert!(!written("p", &[], &[]).contains("<testcase"));
    }
}

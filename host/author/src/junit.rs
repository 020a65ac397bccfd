//! The verdicts on cases for the test tab of a CI system.

use std::fmt::Write as _;

use crate::judge::Verdict;
use crate::text::count;

/// JUnit's XML, as CI systems read it: one suite, one test for each case, and one for the rules where it is known which of
/// them no case fires.
pub fn junit(plugin: &str, verdicts: &[Verdict], unfired: Option<&[String]>, strict: bool) -> String {
    let wrong = verdicts.iter().filter(|verdict| verdict.failure.is_none() && !verdict.is_right()).count();
    let failed = verdicts.iter().filter(|verdict| verdict.failure.is_some()).count();
    let rules = usize::from(strict && unfired.is_some_and(|unfired| !unfired.is_empty()));
    let seconds: f64 = verdicts.iter().map(|verdict| verdict.time.as_secs_f64()).sum();
    let (tests, failures) = (verdicts.len() + usize::from(unfired.is_some()), wrong + rules);
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
    if let Some(unfired) = unfired {
        rule_test(plugin, unfired, strict, &mut xml);
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// Whether every rule is fired by a case, as a test of its own.
fn rule_test(plugin: &str, unfired: &[String], strict: bool, xml: &mut String) {
    let _ = write!(
        xml,
        "    <testcase classname=\"{}\" name=\"every rule is fired by a case\" time=\"0\"",
        escaped(plugin)
    );
    if unfired.is_empty() {
        xml.push_str("/>\n");
        return;
    }
    let said = escaped(&format!("no case fires {}: {}", count(unfired.len(), "rule"), unfired.join(", ")));
    let _ = match strict {
        true => write!(xml, ">\n      <failure message=\"{said}\"/>\n    </testcase>\n"),
        false => write!(xml, ">\n      <system-out>{said}</system-out>\n    </testcase>\n"),
    };
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
        let unfired = Some(&both[..]);
        assert!(junit("p", &[], unfired, true).contains("<failure message=\"no case fires 2 rules: a, b\"/>"));
        assert!(junit("p", &[], unfired, true).contains("tests=\"1\" failures=\"1\" errors=\"0\""));
        assert!(junit("p", &[], unfired, false).contains("<system-out>no case fires 2 rules: a, b</system-out>"));
        assert!(junit("p", &[], unfired, false).contains("tests=\"1\" failures=\"0\" errors=\"0\""));
        assert!(!junit("p", &[], None, true).contains("<testcase"));
    }
}

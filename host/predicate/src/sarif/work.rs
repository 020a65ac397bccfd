//! What a tool says of its work among the properties of a run, and says nowhere else.

use crate::Piece;

/// What Bandit says of its work: it declares no rule without a result, and leaves out what the source suppresses (`# nosec`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// How many lines it looked at.
    pub lines: Option<u64>,
    /// How many results it left out because the source says so; none where it should say so and nobody can read it.
    pub hidden: Option<u64>,
}

impl Work {
    pub(super) fn read(run: Piece<'_>, tool: &str) -> Self {
        if !tool.trim().eq_ignore_ascii_case("bandit") {
            return Self { lines: None, hidden: Some(0) };
        }
        let Some(metrics) = run.path(&["properties", "metrics"]) else { return Self { lines: None, hidden: None } };
        let totals = metrics.get("_totals");
        let lines = totals.and_then(|totals| totals.get("loc")?.index_number());
        // Every version counts these; later ones also what is skipped for one test alone.
        let nosec = totals.and_then(|totals| totals.get("nosec")).and_then(|_| hidden(metrics, "nosec"));
        Self {
            lines,
            hidden: nosec.zip(hidden(metrics, "skipped_tests")).and_then(|(one, other)| one.checked_add(other)),
        }
    }
}

/// By the totals or by all files, whichever is more; nothing where one of the numbers is none, or the totals leave out what
/// files tell.
fn hidden(metrics: Piece<'_>, name: &str) -> Option<u64> {
    let (mut total, mut files) = (None, None);
    for (file, told) in metrics.members() {
        let Some(told) = told.get(name) else { continue };
        let told = told.index_number()?;
        if file == "_totals" {
            total = Some(told);
        } else {
            files = Some(files.unwrap_or(0_u64).checked_add(told)?);
        }
    }
    match (total, files) {
        (Some(total), files) => Some(total.max(files.unwrap_or(0))),
        (None, Some(_)) => None,
        (None, None) => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    fn work(tool: &str, properties: &str) -> Work {
        let run = format!(r#"{{"properties": {properties}}}"#);
        Work::read(Text::read(run.as_bytes()).expect("JSON").root(), tool)
    }

    #[test]
    fn takes_what_cannot_be_read_for_unknown() {
        for (metrics, hidden) in [
            (r#"{"_totals": {"loc": 9, "nosec": 0}}"#, Some(0)),
            (
                r#"{"_totals": {"loc": 9, "nosec": 2, "skipped_tests": 3}, "a.py": {"nosec": 2, "skipped_tests": 3}}"#,
                Some(5),
            ),
            (r#"{"_totals": {"loc": 9, "nosec": 0}, "a.py": {"nosec": 7}, "b.py": {"nosec": 1}}"#, Some(8)),
            (r#"{"_totals": {"loc": 9, "nosec": "5"}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": -5}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": 5.0}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": null}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": 0, "skipped_tests": 1.5}}"#, None),
            (r#"{"_totals": {"loc": 9}}"#, None),
            (r#"{"_totals": {"loc": 9}, "a.py": {"nosec": 7}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": 0}, "a.py": {"skipped_tests": 3}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": 0}, "a.py": {"nosec": "7"}}"#, None),
            (r#"{"_totals": {"loc": 9, "nosec": 18446744073709551615, "skipped_tests": 1}}"#, None),
            (r#"{"a.py": {"nosec": 7}}"#, None),
            (r#"{}"#, None),
            ("[]", None),
        ] {
            let read = work("Bandit", &format!(r#"{{"metrics": {metrics}}}"#));
            assert_eq!(read.hidden, hidden, "{metrics}");
            assert_eq!(read.lines.is_some(), metrics.contains("loc"), "{metrics}");
        }
        assert_eq!(work(" bandit ", "{}"), Work { lines: None, hidden: None });
        let other = work("CodeQL", r#"{"metrics": {"_totals": {"nosec": "5"}}}"#);
        assert_eq!(other, Work { lines: None, hidden: Some(0) }, "nobody else says it so");
    }
}

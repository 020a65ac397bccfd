//! Reports as JSON text that no terminal obeys, written as it is made.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::escape::plain_json_of;

/// The text, indented, with a line break at its end.
pub(crate) fn json_text(report: &impl Serialize) -> String {
    // Strings, numbers and lists of them: there is nothing that could fail to be written.
    let text = serde_json::to_string_pretty(report).expect("plain data is always JSON");
    plain_json_of(text) + "\n"
}

/// A list whose items are made one after the other while they are written. A report may hold a hundred thousand findings,
/// and as trees of values all of them together take ten times the memory of their text.
pub(crate) struct Listed<F>(pub(crate) F);

impl<F, I> Serialize for Listed<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The same bytes, whether or not another crate of the build asks serde_json to keep the order of insertion.
pub(crate) fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

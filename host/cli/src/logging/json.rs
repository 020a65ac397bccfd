//! Log lines as JSON, one object a line, in which a list of findings is a list.

use std::fmt;

use serde_json::value::RawValue;
use serde_json::{Number, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The fields whose text is JSON already; no other is ever read as such, whatever stands in it.
const LISTS: [&str; 2] = ["findings", "failures"];

/// Time, level, the fields of the event, and where in the code it comes from.
pub struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = Line(String::from("{"));
        line.text("timestamp", &time);
        line.text("level", event.metadata().level().as_str());
        event.record(&mut line);
        line.text("target", event.metadata().target());
        writeln!(writer, "{}}}", line.0)
    }
}

/// A line under way.
struct Line(String);

impl Line {
    fn add(&mut self, name: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.add(name, &quoted(text));
    }

    fn number(&mut self, field: &Field, number: Option<Number>) {
        self.add(field.name(), &number.map_or(Value::Null, Value::Number).to_string());
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, Number::from_f64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, Some(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, Some(value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), if value { "true" } else { "false" });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(list) if LISTS.contains(&field.name()) => self.add(field.name(), list.get()),
            _ => self.text(field.name(), &text),
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

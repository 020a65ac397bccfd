//! The report: what was measured, where and when, and a row for each experiment; as JSON and as Markdown.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_support::digest;
use portcullis_support::instance::format_time;
use serde_json::{Value, json};

use crate::machine;
use crate::row::{HEADS, Row};
use crate::world::World;

/// The report of one run.
pub struct Report {
    began: i64,
    binary: Value,
    machine: Value,
    pub rows: Vec<Row>,
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or_default()
}

impl Report {
    /// Looks at what is measured.
    pub fn begin(world: &World) -> Self {
        let bytes = std::fs::read(&world.binary).expect("the product");
        let binary = json!({"version": machine::version(&world.binary), "sha256": digest(&bytes)});
        Self { began: now(), binary, machine: machine::describe(), rows: Vec::new() }
    }

    /// Whether nothing was wrong and everything was held that is not said to be skipped.
    pub fn is_good(&self) -> bool {
        self.rows.iter().all(Row::is_good)
    }

    /// What was wrong, a line each.
    pub fn complaints(&self) -> Vec<String> {
        let of = |row: &Row| -> Vec<String> {
            row.complaints.iter().map(|complaint| format!("{}: {complaint}", row.name)).collect()
        };
        self.rows.iter().flat_map(of).collect()
    }

    fn json(&self, world: &World) -> Value {
        json!({
            "began": format_time(self.began), "ended": format_time(now()), "short": world.short,
            "binary": self.binary, "policySets": *world.sets.borrow(), "machine": self.machine,
            "good": self.is_good(), "experiments": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub fn markdown(&self, world: &World) -> String {
        let all = self.json(world);
        let text = |pointer: &str| all.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut out = format!(
            "# Chaos, {} to {}\n\n{}, `{}`; {} processors, {}, Linux {}{}.\n\n",
            text("/began"),
            text("/ended"),
            text("/binary/version"),
            text("/binary/sha256"),
            all["machine"]["processors"],
            text("/machine/memory"),
            text("/machine/kernel"),
            if world.short { "; short form" } else { "" },
        );
        let rule = HEADS.map(|_| "---").join(" | ");
        // A text always has room.
        let _ = writeln!(out, "| {} |\n| {rule} |", HEADS.join(" | "));
        for row in &self.rows {
            let _ = writeln!(out, "| {} |", row.cells().join(" | "));
        }
        out.push_str("\n| policy set | SHA-256 |\n| --- | --- |\n");
        for (name, digest) in world.sets.borrow().iter() {
            let _ = writeln!(out, "| {name} | `{digest}` |");
        }
        out
    }

    /// Writes both.
    ///
    /// # Errors
    /// The folder takes no files.
    pub fn write(&self, world: &World, folder: &Path) -> Result<(), String> {
        let said = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(said)?;
        let json = serde_json::to_string_pretty(&self.json(world)).map_err(|error| error.to_string())?;
        std::fs::write(folder.join("chaos.json"), json + "\n").map_err(said)?;
        std::fs::write(folder.join("chaos.md"), self.markdown(world)).map_err(said)
    }
}

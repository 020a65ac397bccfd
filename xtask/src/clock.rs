//! Shows each step of a command with how long it took, and says before the first how long the first run takes.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::workspace::Workspace;

/// Runs one step between its heading and a line that says how long it took.
///
/// # Errors
/// Those of the step.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n== {name} ==");
    let start = Instant::now();
    let result = work();
    let how = if result.is_ok() { "done" } else { "failed" };
    println!("-- {name}: {how} in {}", shown(start.elapsed()));
    result
}

/// Says how many minutes a command takes where nothing is built yet; nothing where the product is already there.
pub fn announce(workspace: &Workspace, minutes: u32) {
    if !workspace.release(crate::build::PRODUCT).is_file() {
        println!(
            "The first run compiles everything: about {minutes} minutes on two cores. Later runs compile what changed."
        );
    }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_time_as_a_person_would_say_it() {
        assert_eq!(shown(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(shown(Duration::from_secs(42)), "42 s");
        assert_eq!(shown(Duration::from_secs(125)), "2 min 05 s");
    }
}

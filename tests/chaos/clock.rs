//! A wall clock that jumps, as the product sees it: by Debian's libfaketime, which stands between it and the kernel.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use portcullis_support::instance::{format_time, now};

use crate::experiment::Outcome;
use crate::world::World;

/// Where Debian's `faketime` has its library, below a folder named after the architecture.
const LIBRARY: &str = "faketime/libfaketime.so.1";
/// What the clock says of itself, each for a while: ahead and back, a day, a year, and a time before the certificate.
const JUMPS: [(&str, &str); 5] =
    [("a day ahead", "+1d"), ("back", "+0"), (AHEAD, "+1y"), ("an hour back", "-1h"), ("right", "+0")];
const AHEAD: &str = "a year ahead";
/// How long it may take until a line of the log has the other time.
const FOLLOWS: Duration = Duration::from_secs(20);

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    folders.map(|folder| folder.path().join(LIBRARY)).find(|path| path.is_file())
}

pub fn jumps(world: &World) -> Outcome {
    let Some(library) = library() else {
        return Outcome::Skipped(
            "no libfaketime (Debian's `faketime`); a time namespace shifts only clocks that no verdict hangs on, and the \
             clock of this machine is everybody's"
                .into(),
        );
    };
    let clock = world.folder.write("clock", "+0\n");
    let (preload, file, binary) = (library.display(), clock.display(), world.binary.display());
    // Monotonic time is the kernel's: it never jumps.
    let text = format!(
        "#!/bin/sh\nLD_PRELOAD='{preload}' FAKETIME_TIMESTAMP_FILE='{file}' FAKETIME_NO_CACHE=1 \
         FAKETIME_DONT_FAKE_MONOTONIC=1 exec \"{binary}\" \"$@\"\n"
    );
    let program = world.folder.write("with-another-clock", text);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let default = std::fs::read_to_string(world.default_set()).expect("the set");
    let live = world.folder.write("clock.yaml", &default).display().to_string();
    let labels = world.path("labels.yaml");
    let server = world.serve_as(&program, &live, &["--namespace-labels", &labels]);
    let target = world.target(&server);
    let questions = world.questions(&target);
    let ahead = format!("\"{}-", year() + 1);
    let mut followed = false;
    let mut seen = world.load(&target, &questions).during(|notes| {
        for (words, jump) in JUMPS {
            world.folder.write("clock", format!("{jump}\n"));
            // A set that is refused is logged, with the time that the server takes it to be.
            world.folder.write("clock.yaml", format!("{default}  nonsense: [{jump:?}\n"));
            let until = Instant::now() + FOLLOWS;
            while words == AHEAD && !followed && Instant::now() < until {
                followed = server.said().contains(&ahead);
                std::thread::sleep(Duration::from_millis(50));
            }
            std::thread::sleep(world.either(Duration::from_millis(500), Duration::from_secs(4)));
        }
        notes.remarks.push(JUMPS.map(|(words, _)| words).join(", "));
    });
    if !followed {
        return Outcome::Skipped(
            "the product did not follow the clock of libfaketime; is it linked statically?".into(),
        );
    }
    if !server.is_ready() {
        seen.complaints.push("the server is not ready".into());
    }
    Outcome::Held(seen)
}

/// The year that it is.
fn year() -> i64 {
    let now = format_time(now());
    now.split('-').next().and_then(|year| year.parse().ok()).expect("a year")
}

//! A file system without room: a small tmpfs in a mount namespace of the server's own.

use std::fs::{File, remove_file};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use portcullis_load::Server;

use crate::experiment::Outcome;
use crate::plugins;
use crate::world::World;

/// What the file system holds, in bytes: the compiled built-in plugins do not fit.
const SIZE: u64 = 4 << 20;
/// How long records may take to be written again.
const AGAIN: Duration = Duration::from_secs(60);

/// How often policies went in force anew.
const APPLIED: &str = "portcullis_reloads_total{what=\"policies\",result=\"applied\"}";

/// How a mount namespace can be had: as root, or as root of a user namespace.
fn namespace() -> Option<&'static str> {
    let works = |flags: &&str| {
        let command = format!("exec unshare {flags} mount -t tmpfs -o size=65536 none /mnt");
        Command::new("sh").args(["-c", &command]).output().is_ok_and(|output| output.status.success())
    };
    ["-m", "-rm"].into_iter().find(works)
}

/// The server in a namespace of its own, in which that folder is a small tmpfs.
fn program(world: &World, flags: &str, folder: &Path) -> PathBuf {
    let (folder, binary) = (folder.display(), world.binary.display());
    let inner = format!("mount -t tmpfs -o size={SIZE},mode=700 none \"{folder}\" && exec \"{binary}\" \"$@\"");
    let text = format!("#!/bin/sh\nexec unshare {flags} sh -c '{inner}' sh \"$@\"\n");
    let path = world.folder.write("in-a-small-tmpfs", text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    path
}

/// Writes until there is no room; how much it was.
fn fill(path: &Path) -> std::io::Result<u64> {
    let mut file = File::create(path)?;
    let mut written = 0;
    loop {
        match file.write(&[0; 4096]) {
            Ok(count) if count > 0 && written < SIZE => written += count as u64,
            Ok(_) => return Ok(written),
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(written),
            Err(error) => return Err(error),
        }
    }
}

fn records(folder: &Path) -> usize {
    portcullis_tests::files(folder, "json").len()
}

pub fn full(world: &World) -> Outcome {
    let Some(flags) = namespace() else {
        return Outcome::Skipped("no mount namespace and no user namespace (`unshare -m`, `unshare -rm`)".into());
    };
    let small = world.folder.path().join("small");
    std::fs::create_dir_all(&small).expect("a folder");
    let (cache, kept) = (world.path("small/code"), world.path("small/records"));
    let labels = world.path("labels.yaml");
    let more = ["--cache-dir", &cache, "--record-reviews", &kept, "--namespace-labels", &labels];
    let default = std::fs::read_to_string(world.default_set()).expect("the set");
    let live = world.folder.write("disk.yaml", &default).display().to_string();
    let server = world.serve_as(&program(world, flags, &small), &live, &more);
    let target = world.target(&server);
    let questions = world.questions(&target);
    // The same folder, as the server sees it.
    let seen = PathBuf::from(format!("/proc/{}/root{}", server.pid(), small.display()));
    Outcome::Held(world.load(&target, &questions).during(|notes| {
        let filler = seen.join("filler");
        match fill(&filler) {
            Ok(bytes) => {
                notes.remarks.push(format!("tmpfs of 4 MiB by `unshare {flags}`, {} KiB of it filled", bytes >> 10))
            }
            Err(error) => notes.complaints.push(format!("{}: {error}", filler.display())),
        }
        std::thread::sleep(world.either(Duration::from_secs(2), Duration::from_secs(10)));
        notes.remarks.push(told(&server));
        // A plugin that nobody has compiled yet has to go in force without room for its code.
        world.folder.write("disk.yaml", default.clone() + &plugins::honest(world, "new-plugin"));
        let until = Instant::now() + AGAIN;
        while server.metric(APPLIED).unwrap_or_default() < 1.0 {
            if Instant::now() > until {
                notes.complaints.push("a set with a new plugin was not taken while there was no room".into());
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // There is room again. The records that filled it are taken away too, as an operator does.
        let recorded = portcullis_tests::files(&seen.join("records"), "json");
        for path in recorded.iter().chain([&filler]) {
            let _ = remove_file(path);
        }
        let until = Instant::now() + AGAIN;
        while records(&seen.join("records")) == 0 {
            if Instant::now() > until {
                notes.complaints.push("no record was written after there was room again".into());
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }))
}

/// What the server says of records that it could not write.
fn told(server: &Server) -> String {
    let dropped = server.metric_sum("portcullis_records_dropped_total");
    format!("{dropped} records left out")
}

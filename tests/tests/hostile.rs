//! Plugins that loop, swell and lie, each a file in `tests/hostile`, run by the product as its user runs it.

#![expect(clippy::panic, reason = "a case that cannot be read has failed")]

#[expect(dead_code, reason = "certificates of callers are for other tests")]
#[path = "serve/authority.rs"]
mod authority;
#[path = "hostile/cache.rs"]
mod cache;
#[expect(dead_code, reason = "who judged is for other tests")]
#[path = "serve/caller.rs"]
mod caller;
#[path = "hostile/case.rs"]
mod case;
#[path = "hostile/directives.rs"]
mod directives;
#[path = "hostile/fixing.rs"]
mod fixing;
#[path = "hostile/judged.rs"]
mod judged;
#[path = "hostile/plugin.rs"]
mod plugin;
#[expect(dead_code, reason = "reloads and health are for other tests")]
#[path = "serve/served.rs"]
mod served;
#[path = "hostile/serving.rs"]
mod serving;

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_tests::root;

/// How many cases run at once: more would only make each other slow.
const AT_ONCE: usize = 3;

#[test]
fn ends_every_hostile_plugin_where_and_how_its_file_says() {
    let only = std::env::var("PORTCULLIS_HOSTILE").unwrap_or_default();
    let all = case::cases();
    let names: Vec<String> = all.iter().map(|case| case.name.clone()).collect();
    let cases: Vec<_> = all.into_iter().filter(|case| case.name.contains(&only)).collect();
    assert!(!cases.is_empty(), "PORTCULLIS_HOSTILE={only} is in the name of none of: {}", names.join(", "));
    if cases.len() < names.len() {
        println!("SKIPPED: {} of {} cases: PORTCULLIS_HOSTILE={only}", names.len() - cases.len(), names.len());
    }
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // One case that cannot be run hides none of the others.
                    let row = catch_unwind(|| judged::judge(case)).unwrap_or_else(|_| judged::not_run(case));
                    rows.lock().expect("rows").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("rows");
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut table =
        "| case | covers | expected | seen | peak MiB | CPU ms | at most |\n|---|---|---|---|---:|---:|---:|\n"
            .to_owned();
    let cell = |text: &str| text.replace('|', "\\|").chars().take(220).collect::<String>();
    for row in &rows {
        let (expected, seen) = (cell(&row.expected), cell(&row.seen));
        table += &format!(
            "| {} | {} | {expected} | {seen} | {} | {} | {} |\n",
            row.name, row.covers, row.peak, row.milliseconds, row.most
        );
    }
    println!("{table}");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    if cases.len() == names.len() {
        std::fs::write(target.join("hostile.md"), table).expect("the table");
    }
    let complaints: Vec<String> =
        rows.iter().flat_map(|row| row.complaints.iter().map(move |what| format!("{}: {what}", row.name))).collect();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert_eq!(rows.len(), cases.len());
}

#[test]
fn shares_one_cache_among_processes_that_start_at_once_p87() {
    let case = case::cases().into_iter().find(|case| case.name == "thirty-loops").expect("the case");
    let folder = judged::folder(&case);
    let reports: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| judged::check(folder.path(), "-", &[]))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic").report).collect()
    });
    assert!(reports.iter().all(|report| *report == reports[0] && report["verdict"] == "error"), "{}", reports[0]);
    let cache = folder.path().join("cache");
    let names: Vec<String> = std::fs::read_dir(&cache)
        .expect("a cache")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".code")).count(), case.copies, "{names:?}");
    assert_eq!(names.len(), case.copies + 1, "the key, and nothing half-written: {names:?}");
}

#[test]
fn shows_plugins_whose_schema_is_a_bomb_as_it_shows_others_p56() {
    let bombs = case::cases().into_iter().filter(|case| case.covers.iter().any(|id| id == "P56"));
    let mut shown = 0;
    for case in bombs {
        let folder = judged::folder(&case);
        for arguments in [
            ["plugin", "inspect", "hostile-0.wasm"].as_slice(),
            &["check", "-p", "set.yaml", "--explain", "hostile-0"],
            &["policies", "list", "-p", "set.yaml"],
        ] {
            let (run, out) = judged::run(folder.path(), "-", arguments);
            let out = String::from_utf8_lossy(&out);
            assert_eq!(run.status, 0, "{}: {arguments:?}: {}", case.name, run.err);
            assert!(judged::plain(&out) && judged::plain(&run.err), "{}: {arguments:?}: {out}", case.name);
            let bounded = run.peak >> 20 <= case.memory && run.milliseconds <= case.time * 1000;
            assert!(bounded, "{}: {arguments:?}: {} bytes, {} ms", case.name, run.peak, run.milliseconds);
            shown += 1;
        }
    }
    assert!(shown >= 9, "{shown}");
}

#[test]
fn says_that_the_machine_is_too_small_and_blames_no_plugin_p85() {
    let case = case::cases().into_iter().find(|case| case.name == "honest-at-its-limits").expect("the case");
    let folder = judged::folder(&case);
    // Less than one memory of 4 GiB and its guards.
    let run = judged::check(folder.path(), "memory=4000000000", &[]);
    let message = run.report["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(run.status, 2, "{}", run.report);
    let expected = "...plugin `sha256:...` could not start: mmap failed to reserve ...; each plugin under way needs 6 GiB of \
                    address space, not of memory (`ulimit -v`)";
    assert!(case::fits(expected, &message), "{message}");
    assert!(run.err.contains("plugins start more slowly, because address space for them could not be reserved"));
    // Enough for some, not for a pool: slower, and the same verdict.
    let run = judged::check(folder.path(), "memory=60000000000", &[]);
    assert_eq!((run.status, run.report["errors"][0].is_null()), (1, true), "{} {}", run.err, run.report);
}

#[test]
fn covers_every_id_of_the_checklist_or_says_where_else() {
    let readme = std::fs::read_to_string(root().join("tests/hostile/README.md")).expect("README.md");
    let mut covered: Vec<String> = case::cases().into_iter().flat_map(|case| case.covers).collect();
    for row in readme.lines().filter_map(|line| line.strip_prefix("| P")) {
        let ids = row.split(" |").next().unwrap_or_default();
        let mut ends = ids.split(" to P").map(|id| id.parse::<u32>().expect("an id"));
        let (first, last) = (ends.next().expect("an id"), ends.last());
        covered.extend((first..=last.unwrap_or(first)).map(|id| format!("P{id:02}")));
    }
    let missing: Vec<String> = (1..=90).map(|id| format!("P{id:02}")).filter(|id| !covered.contains(id)).collect();
    assert!(missing.is_empty(), "in no case and not in README.md: {missing:?}");
}

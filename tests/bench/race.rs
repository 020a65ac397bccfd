//! `check` over many files, beside what others take for the same files and the same rule.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use portcullis_tests::Folder;

use crate::manifests::{self, Mix};
use crate::process::{Program, Run};
use crate::rivals::{self, Rival};
use crate::table::{Table, mib, per_second, seconds, spread, times};

/// Runs of the product for each one of the others, which take much longer.
const OF_OURS: usize = 3;

/// Rounds, in each of which every program has its turn.
const ROUNDS: usize = 3;

/// Races over folders of generated manifests.
pub fn run(ours: &Path, rules: &Path) -> Result<(), String> {
    let folder = Folder::new("race");
    let said = |error: std::io::Error| format!("cannot write the manifests: {error}");
    for (title, count, mix) in [
        ("A repository: Deployments, Services, ConfigMaps, Pods, CronJobs", 10_000, Mix::Repository),
        ("Small Pods", 2_000, Mix::Small),
    ] {
        let manifests = folder.path().join(format!("{count}"));
        let bytes = manifests::write(&manifests, count, mix).map_err(said)?;
        println!("\n### {title}: {count} files, {:.1} MB\n", bytes as f64 / 1e6);
        let rivals = rivals::all(ours, rules, folder.path(), |why| println!("SKIPPED: {why}"));
        let expected = (0..count).filter(|&number| manifests::denied(number, mix)).collect();
        let (agreed, others): (Vec<_>, Vec<_>) = rivals
            .into_iter()
            .map(|rival| (judged(&rival, &manifests, &expected), rival))
            .partition(|(why, _)| why.is_none());
        others.iter().filter_map(|(why, _)| why.as_ref()).for_each(|why| println!("LEFT OUT: {why}"));
        println!("Every program in the table denies the same {} files.\n", expected.len());
        race(&agreed.into_iter().map(|(_, rival)| rival).collect::<Vec<_>>(), &manifests, count)?;
    }
    Ok(())
}

/// Why a program cannot be compared: it judges otherwise.
fn judged(rival: &Rival, manifests: &Path, expected: &BTreeSet<usize>) -> Option<String> {
    match rival.denied(manifests) {
        Ok(denied) if denied == *expected => None,
        Ok(denied) => {
            let first = denied.symmetric_difference(expected).next().copied().unwrap_or_default();
            let (count, of) = (denied.len(), expected.len());
            Some(format!(
                "{} denies {count} files where {of} break the rule; the first difference is file {first}",
                rival.name
            ))
        }
        Err(why) => Some(why),
    }
}

fn race(rivals: &[Rival], manifests: &Path, count: usize) -> Result<(), String> {
    let programs: Vec<(String, Program)> =
        rivals.iter().map(|rival| (rival.name.to_owned(), rival.judging(manifests))).collect();
    // Whoever judged otherwise was left out; everything here is held against the product.
    let Some((_, ours)) = programs.first().filter(|(name, _)| name == "portcullis") else {
        return Err("the product judges otherwise than the rule says".into());
    };
    let one = (format!("{}, one thread", rivals[0].name), ours.with(&["--jobs", "1"]));
    let programs: Vec<(String, Program)> =
        [programs[0].clone(), one].into_iter().chain(programs[1..].to_vec()).collect();
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); programs.len()];
    for _ in 0..ROUNDS {
        for (at, (name, program)) in programs.iter().enumerate() {
            for _ in 0..if at < 2 { OF_OURS } else { 1 } {
                runs[at].push(program.run().map_err(|why| format!("{name}: {why}"))?);
            }
        }
    }
    let fastest = |runs: &[Run]| runs.iter().map(|run| run.wall).min().unwrap_or_default();
    let ours = fastest(&runs[0]);
    let mut table = Table::new(&["", "fastest, median", "files per second", "processor", "peak memory", "times ours"]);
    for ((name, program), runs) in programs.iter().zip(&runs) {
        let wall = fastest(runs);
        let processor = runs.iter().map(|run| run.processor).min().unwrap_or_default();
        let walls: Vec<Duration> = runs.iter().map(|run| run.wall).collect();
        table.row(&[
            name.clone(),
            spread(&walls),
            per_second(count, wall),
            seconds(processor),
            mib(program.memory()?),
            times(wall, ours),
        ]);
    }
    table.print();
    Ok(())
}

/// How the time of the product grows with the number of files.
pub fn growth(ours: &Path, rules: &Path) -> Result<(), String> {
    let folder = Folder::new("growth");
    println!("\n### Growth: the same rule, then the built-in set of three policies\n");
    let mut table = Table::new(&[
        "files",
        "policies",
        "fastest, median",
        "files per second",
        "processor for each file",
        "peak memory",
    ]);
    for count in [100, 1_000, 10_000, 100_000] {
        let manifests = folder.path().join(format!("{count}"));
        let bytes =
            manifests::write(&manifests, count, Mix::Repository).map_err(|error| format!("cannot write: {error}"))?;
        let manifests = manifests.to_string_lossy().into_owned();
        let policies = rules.join("portcullis.yaml").to_string_lossy().into_owned();
        for (name, flags) in [("one", vec!["--policies", &policies]), ("built-in", vec![])] {
            let program = Program::new(ours, &["check", &manifests], folder.path()).with(&flags);
            let rounds = if count > 10_000 { 3 } else { 7 };
            let runs = (0..rounds).map(|_| program.run()).collect::<Result<Vec<Run>, String>>()?;
            let walls: Vec<Duration> = runs.iter().map(|run| run.wall).collect();
            let processor = runs.iter().map(|run| run.processor).min().unwrap_or_default();
            table.row(&[
                format!("{count} ({:.1} MB)", bytes as f64 / 1e6),
                name.into(),
                spread(&walls),
                per_second(count, walls.iter().min().copied().unwrap_or_default()),
                each(processor, count),
                mib(program.memory()?),
            ]);
        }
        let _ = std::fs::remove_dir_all(&manifests);
    }
    table.print();
    Ok(())
}

/// The time for each file; nothing where the kernel's ticks of 10 ms are too coarse to say.
fn each(processor: Duration, count: usize) -> String {
    if processor < Duration::from_millis(30) {
        return String::new();
    }
    format!("{:.0} us", processor.as_secs_f64() * 1e6 / count as f64)
}

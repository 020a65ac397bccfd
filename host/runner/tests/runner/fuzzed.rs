//! Random modules and damaged components for the loader: a typed error or a plugin within its budget, and never a panic.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use portcullis_runner::{Error, Runner, RunnerConfig};

use crate::guest::{self, GET, Guest, component};

/// Changes of a component that is small enough to be compiled. `PORTCULLIS_MUTATIONS` says how many times as many.
const CHANGES: usize = 400;
/// Changes of each built plugin, which is only looked at: compiling one takes a second.
const GLANCES: usize = 60;

fn times(count: usize) -> usize {
    count * std::env::var("PORTCULLIS_MUTATIONS").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Numbers that look random and are the same on every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}

/// Small limits, so that nothing random takes long, also in this process.
fn runner() -> Runner {
    let mut config = RunnerConfig { compile_in_process: true, ..guest::config() };
    config.budget.time = Duration::from_millis(10);
    config.budget.load_time = Duration::from_millis(10);
    config.limits.functions = 500;
    config.limits.body = 16 << 10;
    config.limits.blocks = 500;
    Runner::new(config).expect("a runner")
}

/// Loads, prepares and judges; counts by the first words how each ended.
#[derive(Default)]
struct Ends(BTreeMap<String, usize>);

impl Ends {
    fn load(&mut self, runner: &Runner, bytes: &[u8]) {
        let ended = match runner.load(&guest::bytes(bytes), None) {
            Err(error) => sentence(&error),
            Ok(plugin) => match plugin.prepare("{}") {
                Err(error) => format!("unprepared: {}", short(&error.to_string())),
                Ok(prepared) => match plugin.evaluate(&prepared, &guest::input(guest::pod())) {
                    Err(error) => sentence(&error),
                    Ok(_) => "judged".into(),
                },
            },
        };
        *self.0.entry(ended).or_default() += 1;
    }

    fn print(&self, what: &str) -> usize {
        let all: usize = self.0.values().sum();
        println!("{what}: {all} in all");
        self.0.iter().for_each(|(end, count)| println!("  {count:6} {end}"));
        all
    }

    fn count(&self, words: &str) -> usize {
        self.0.iter().filter(|(end, _)| end.contains(words)).map(|(_, count)| count).sum()
    }
}

/// An error is a short sentence that a terminal shows as it is.
fn sentence(error: &Error) -> String {
    let text = error.to_string();
    assert!(text.starts_with("plugin `") && text.len() < 2_000, "{text}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(!text.contains("could not start"), "this machine is large enough: {text}");
    short(&text)
}

fn short(text: &str) -> String {
    let after = text.splitn(3, '`').nth(2).unwrap_or(text);
    after.split(|c: char| c.is_ascii_digit() || c == '`').next().unwrap_or(after).chars().take(70).collect()
}

/// Modules that wasm-smith 0.254.2 made of random bytes, each behind a byte that says of which kind it is and four of its length.
/// Committed, because the crate itself would have half of the workspace's dependencies compiled with other features.
///
/// The kinds: `0` (30) with every proposal that is on by default. `1` (40) with what `scan.rs` admits and no import: no collector
/// and so no reference types, exceptions, tail calls, threads, 64-bit memories, relaxed SIMD or wide arithmetic; at most 8 types
/// and functions, 3 memories, and 40 instructions in a function. `2` (30) the same with the exports of a plugin and, if it likes,
/// four functions of `documents`; one of six begins with 1,100 pages of memory, one of three may grow to 4 GiB, one of four may
/// have a start function. `3` (90) like `2`, with the bodies of `describe`, `prepare` and `cabi_realloc` replaced by ones that do
/// what they should, so that `evaluate` is reached. Nothing is left out but what wasm-smith could not finish, what has less than 50
/// or more than 2,500 bytes, what uses more than is admitted after all, and of kind `3` where two exports are one function or one
/// is imported.
///
/// The bytes of the seeds 0, 1, 2 and so on: the lowest byte of each output of SplitMix64 that begins at four times the seed plus
/// the kind; 700 for kind `0`, 900 for `1`, 40,000 for the others.
const RANDOM: &[u8] = include_bytes!("random-modules.bin");
/// From this kind on, they have the exports of a plugin.
const AS_PLUGIN: u8 = 2;

fn random_modules() -> Vec<(u8, &'static [u8])> {
    let (mut modules, mut rest) = (Vec::new(), RANDOM);
    while let [kind, a, b, c, d, after @ ..] = rest {
        let (module, more) = after.split_at(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
        modules.push((*kind, module));
        rest = more;
    }
    modules
}

/// A component around a module, which it makes an instance of.
fn wrapped(module: &[u8]) -> Vec<u8> {
    let mut size = Vec::new();
    let mut rest = module.len();
    while rest > 0x7f {
        size.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    size.push(rest as u8);
    [b"\0asm\x0d\0\x01\0\x01".as_slice(), &size, module, b"\x02\x04\x01\0\0\0"].concat()
}

#[test]
fn loads_random_modules_or_says_why_not_p42() {
    let runner = runner();
    let (mut raw, mut within, mut shaped) = (Ends::default(), Ends::default(), Ends::default());
    let modules = random_modules();
    for (seed, (kind, module)) in modules.iter().enumerate() {
        raw.load(&runner, module);
        within.load(&runner, &wrapped(module));
        if *kind >= AS_PLUGIN {
            shaped.load(&runner, &component(module));
        }
        // And once more with damage, which goes deeper into what was valid.
        for round in 0..times(1) {
            let mut dice = Dice((seed * 1_000 + round) as u64);
            let at = dice.below(module.len());
            within.load(&runner, &wrapped(&changed(module, at, &mut dice)));
        }
    }
    raw.print("raw");
    within.print("in a component");
    let plugins = shaped.print("as a plugin");
    assert_eq!(raw.count("is not a component"), modules.len(), "a core module is no component");
    let admitted = modules.iter().filter(|(kind, _)| *kind == 1).count();
    assert!(
        admitted > 30 && within.count("it exports no") >= admitted,
        "every admitted module makes a valid component"
    );
    // Nothing is refused before it runs.
    let ends = ["broke the contract", "describes itself", "trapped", "spent its", "wanted more", "judged"];
    let ran = ends.map(|end| shaped.count(end));
    assert!(plugins > 100 && ran.iter().sum::<usize>() == plugins, "{ran:?} of {plugins} ran");
    for (end, least) in [("broke the contract", 10), ("trapped", 20), ("spent its", 5), ("wanted more", 10)] {
        assert!(shaped.count(end) >= least, "too few end as `{end}`: {}", shaped.count(end));
    }
}

/// One change: bits, a byte, a piece that is gone, doubled, moved here from elsewhere, or random.
fn changed(bytes: &[u8], at: usize, dice: &mut Dice) -> Vec<u8> {
    let mut bad = bytes.to_vec();
    let length = 1 + dice.below(16.min(bytes.len() - at));
    match dice.below(8) {
        0 | 1 => bad[at] ^= 1 << dice.below(8),
        2 => bad[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)],
        3 => bad.truncate(at),
        4 => _ = bad.drain(at..at + length),
        5 => _ = bad.splice(at..at, bytes[at..at + length].iter().copied()),
        6 => {
            let from = dice.below(bytes.len() - length);
            bad[at..at + length].copy_from_slice(&bytes[from..from + length]);
        }
        _ => {
            let noise = dice.bytes(length);
            bad[at..at + length].copy_from_slice(&noise);
        }
    }
    bad
}

#[test]
fn loads_damaged_plugins_or_says_why_not_p42() {
    let runner = runner();
    let wasm = Guest { imports: GET, ..Guest::default() }.build();
    let mut ends = Ends::default();
    let count = times(CHANGES);
    for number in 0..count {
        // Spread over the whole, so that each region has its share.
        let mut dice = Dice(number as u64);
        let mut bad = changed(&wasm, number * wasm.len() / count, &mut dice);
        for _ in 0..dice.below(3) {
            if bad.is_empty() {
                break;
            }
            let at = dice.below(bad.len());
            bad = changed(&bad, at, &mut dice);
        }
        ends.load(&runner, &bad);
    }
    assert_eq!(ends.print("damaged"), count);
    assert!(ends.count("judged") > 0 && ends.count("is not a valid component") > count / 10, "of both kinds");
}

#[test]
fn looks_at_damaged_built_in_plugins_without_a_panic_p42() {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"), Into::into);
    let folder = std::env::var_os("PORTCULLIS_PLUGINS").map_or_else(|| target.join("plugins"), PathBuf::from);
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: no built plugins; `cargo xtask build` makes them");
        return;
    };
    let mut plugins: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    plugins.retain(|path| path.extension().is_some_and(|ending| ending == "wasm"));
    plugins.sort();
    assert!(!plugins.is_empty(), "{} holds no plugin", folder.display());
    let runner = guest::runner();
    let (mut sound, mut refused) = (0, 0);
    for path in plugins {
        let wasm = std::fs::read(&path).expect("a plugin");
        assert!(runner.scan(&wasm).is_ok(), "{}", path.display());
        let count = times(GLANCES);
        for number in 0..count {
            let bad = changed(&wasm, number * wasm.len() / count, &mut Dice(number as u64));
            match runner.scan(&bad) {
                Ok(_) => sound += 1,
                Err(error) => {
                    refused += 1;
                    let _ = sentence(&error);
                }
            }
        }
    }
    println!("{refused} refused, {sound} still sound");
    assert!(refused > 0 && sound > 0);
}

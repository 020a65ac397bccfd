//! Safe fixes, written back without disturbing a comment.
//!
//! Only what is judged in sandbox is changed. Every version of a text is read and judged again before it takes the place of
//! the one before, and fixing goes on until there is nothing more to do, so that fixing twice is fixing once.

mod apply;
mod bench;
mod edit;
mod layout;
mod patch;
mod render;
mod safe;
mod target;
mod tree;
mod wanted;

use std::collections::BTreeSet;
use std::path::Path;

use portcullis_gate::Gate;
use portcullis_report::{FixOutcome, FixState, InputError, Parts, Report, plain};

use crate::fix::bench::{Bench, Judge};
use crate::read::FileContent;
use crate::subjects::Surroundings;
use crate::{CheckOptions, gather, parallel, parts, what_changed};

/// How often one text is fixed and judged again before fixes that lead to ever more of them are given up.
const MAX_PASSES: usize = 8;
/// Subjects in compliance that an error names, and rules that a notice names; the others are counted.
const SUBJECTS_SHOWN: usize = 10;

/// Which fixes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixLevel {
    /// Those that only spell a value in another way, whatever a plugin says of its own.
    Safe,
    /// All of them.
    All,
}

/// How to fix.
pub struct FixOptions<'a> {
    /// Which fixes are written; the others become a patch.
    pub level: FixLevel,
    /// Where the patch is applied: from there it names files. Its real path.
    pub root: &'a Path,
    /// Puts a text in the place of a file's, whole or not at all; an error is a fragment for a person.
    pub write: &'a (dyn Fn(&Path, &str) -> Result<(), String> + Sync),
}

/// What is left after fixing.
pub struct Fixed {
    /// What is left to find, and what was fixed.
    pub report: Report,
    /// The fixes that were not written because they change what an object means, as a patch.
    pub patch: String,
}

/// Judges everything that the options name, fixes what may be fixed, and judges what is there then.
pub fn run(gate: &Gate, options: &CheckOptions, fix: &FixOptions<'_>, advance: &(dyn Fn(usize) + Sync)) -> Fixed {
    let (gathered, mut contents) = gather(options);
    // Before anything is written: what is left as it was is not fixed either.
    let split = match what_changed(options, &contents) {
        Ok(split) => split,
        Err(error) => {
            let parts = Parts { errors: vec![error], fixes: Some(Vec::new()), ..Parts::default() };
            return Fixed { report: Report::new(options.tool.clone(), parts), patch: String::new() };
        }
    };
    let surroundings = Surroundings::collect(options, &contents);
    let judge = Judge { gate, options, surroundings: &surroundings };
    let judged: Vec<(&FileContent, bool)> = contents.iter().zip(split.judged.iter().copied()).collect();
    let results = parallel::map(&judged, options.jobs, |(content, judged)| match judged {
        true => fix_file(judge, content, fix),
        false => FileFixes::default(),
    });
    let (mut fixes, mut errors, mut patch) = (Vec::new(), Vec::new(), String::new());
    for (content, result) in contents.iter_mut().zip(results) {
        if let Some(text) = result.text {
            *content = content.with_text(&text);
        }
        fixes.extend(result.outcomes);
        errors.extend(result.errors);
        patch.push_str(&result.patch);
    }
    let mut parts = parts(gate, options, gathered, &contents, split, advance);
    parts.errors.extend(errors);
    parts.notices.extend(only_called_safe(&fixes));
    parts.fixes = Some(fixes);
    Fixed { report: Report::new(options.tool.clone(), parts), patch }
}

/// What became of one file.
#[derive(Default)]
struct FileFixes {
    /// The text that was written.
    text: Option<String>,
    outcomes: Vec<FixOutcome>,
    errors: Vec<InputError>,
    patch: String,
}

fn fix_file(judge: Judge<'_>, content: &FileContent, fix: &FixOptions<'_>) -> FileFixes {
    let mut result = FileFixes::default();
    let Ok(source) = &content.source else { return result };
    let Some(bench) = Bench::of(judge, content, source.text()) else { return result };
    let before = wanted::plan(judge, &bench, FixLevel::All);
    result.errors.extend(in_compliance(content, &before.in_compliance));
    let safe = settle(judge, content, bench, FixLevel::Safe);
    let text_of_safe = safe.bench.text.clone();
    let all = settle(judge, content, safe.bench, FixLevel::All);
    let text_of_all = all.bench.text;
    if safe.applied.is_empty() && all.applied.is_empty() {
        result.outcomes = all.refused;
        return result;
    }
    if let Some(reason) = target::refusal(&content.file) {
        let refused = |outcome| FixOutcome { state: FixState::Refused(reason.clone()), ..outcome };
        result.outcomes = safe.applied.into_iter().chain(all.applied).map(refused).chain(all.refused).collect();
        return result;
    }
    let (text, written, patched) = match fix.level {
        FixLevel::Safe => (&text_of_safe, safe.applied, all.applied),
        FixLevel::All => (&text_of_all, [safe.applied, all.applied].concat(), Vec::new()),
    };
    if *text != source.text() {
        match target::write(content, text, fix.write) {
            Ok(()) => result.text = Some(text.clone()),
            Err(reason) => {
                let hint = "nothing of it was changed; run the check again";
                result
                    .errors
                    .push(InputError::new(format!("not fixed: {reason}")).in_file(&content.file.shown).hint(hint));
                let refused = |outcome| FixOutcome { state: FixState::Refused(reason.clone()), ..outcome };
                result.outcomes = written.into_iter().chain(patched).map(refused).chain(all.refused).collect();
                return result;
            }
        }
    }
    let state = match patch_of(judge, content, fix.root, text, &text_of_all) {
        Ok(patch) => {
            result.patch = patch;
            FixState::Patched
        }
        Err(reason) => FixState::Refused(reason),
    };
    let patched = patched.into_iter().map(|outcome| FixOutcome { state: state.clone(), ..outcome });
    result.outcomes = written.into_iter().chain(patched).chain(all.refused).collect();
    result
}

/// A text after all fixes of a level.
struct Settled {
    bench: Bench,
    applied: Vec<FixOutcome>,
    /// What the last pass would not do.
    refused: Vec<FixOutcome>,
}

fn settle(judge: Judge<'_>, content: &FileContent, bench: Bench, level: FixLevel) -> Settled {
    let mut settled = Settled { bench, applied: Vec::new(), refused: Vec::new() };
    for _ in 0..MAX_PASSES {
        let plan = wanted::plan(judge, &settled.bench, level);
        let applied = apply::apply(judge, content, &settled.bench, plan);
        settled.refused = applied.refused;
        settled.applied.extend(applied.applied);
        let Some(bench) = applied.bench else {
            if let Some((bench, done)) = tidied(judge, content, &settled.bench) {
                settled.bench = bench;
                settled.applied.push(done);
            }
            break;
        };
        settled.bench = bench;
    }
    settled
}

/// The text with its layout in order, where all that is in it may be changed and something is to be put in order.
fn tidied(judge: Judge<'_>, content: &FileContent, bench: &Bench) -> Option<(Bench, FixOutcome)> {
    let evidence = bench.subjects.iter().any(|subject| subject.recorded || subject.review.request_document.is_some());
    if evidence || !bench.is_all_sandbox() {
        return None;
    }
    let trees = bench.trees();
    let same = |text: &str| {
        let documents = content.with_text(text).documents(&judge.options.read);
        documents.is_ok_and(|documents| apply::means_the_same(&documents, &trees))
    };
    let tidied = layout::tidy(&bench.text, &bench.documents, &same);
    if tidied.done.is_empty() {
        return None;
    }
    let after = Bench::of(judge, content, &tidied.text).filter(|after| after.keys() == bench.keys())?;
    let outcome = FixOutcome {
        file: content.file.shown.clone(),
        line: None,
        subject: String::new(),
        policy: None,
        code: "layout".into(),
        pointer: String::new(),
        description: tidied.done.join(", "),
        safe: true,
        state: FixState::Applied,
    };
    Some((after, outcome))
}

/// Which rules call a change safe that is none: whoever trusts their plugin must know.
fn only_called_safe(fixes: &[FixOutcome]) -> Option<String> {
    let called = fixes.iter().filter(|fix| fix.description.ends_with(safe::NOT_SAFE));
    let codes: BTreeSet<String> = called.map(|fix| format!("`{}`", plain(&fix.code))).collect();
    let shown: Vec<String> = codes.iter().take(SUBJECTS_SHOWN).cloned().collect();
    let more = match codes.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!codes.is_empty()).then(|| {
        format!("a fix of {}{more} is called safe by its plugin and changes what an object means", shown.join(", "))
    })
}

/// Nothing is changed in compliance, and whoever asked for it must know.
fn in_compliance(content: &FileContent, subjects: &[(String, usize)]) -> Option<InputError> {
    let fixes: usize = subjects.iter().map(|(_, fixes)| fixes).sum();
    let names: Vec<String> = subjects.iter().take(SUBJECTS_SHOWN).map(|(name, _)| format!("`{name}`")).collect();
    let more = match subjects.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = if fixes == 1 { "1 fix was".to_owned() } else { format!("{fixes} fixes were") };
    let message = format!("nothing is fixed in compliance: {count} left undone of {}{more}", names.join(", "));
    let hint = "change it by hand and have it reviewed, or say `--mode sandbox` where this is meant for a sandbox: that judges by the settings for sandbox, whose limits may be lower";
    (fixes > 0).then(|| InputError::new(message).in_file(&content.file.shown).hint(hint))
}

/// The way from one text to the other for `git apply`, if it can be shown.
fn patch_of(judge: Judge<'_>, content: &FileContent, root: &Path, from: &str, to: &str) -> Result<String, String> {
    if from == to {
        return Ok(String::new());
    }
    let (patch, shown) = patch::unified(&patch_name(content.file.path(), root)?, from, to);
    if patch::has_lone_carriage_returns(from) || patch::has_lone_carriage_returns(to) {
        return Err(
            "its lines end with a carriage return alone, which a patch takes for no line end; --fix=all writes it"
                .into(),
        );
    }
    let bench = Bench::of(judge, content, from).ok_or("it cannot be judged any more")?;
    let lines: Vec<&str> = from.split_inclusive('\n').collect();
    let masked = |&line: &u32| {
        let own = lines.get(line as usize - 1).map_or("", |line| line.trim_end_matches(['\r', '\n']));
        bench.source.line_text(line) != own
    };
    if shown.iter().any(masked) {
        return Err("a patch of it would show values of a Secret; --fix=all writes it".into());
    }
    if !patch::is_harmless(&patch) {
        return Err("a patch of it would show what a terminal obeys; --fix=all writes it".into());
    }
    Ok(patch)
}

/// A file as a patch names it, with `/` between the parts; `git apply` takes no name that leads out, and writes through no link.
fn patch_name(file: &Path, root: &Path) -> Result<String, String> {
    let real = file.canonicalize().map_err(|error| error.to_string())?;
    let outside = || {
        format!(
            "it lies outside of `{}`, where the patch would be applied; --fix=all writes it",
            plain(&root.display().to_string())
        )
    };
    let inner = real.strip_prefix(root).map_err(|_| outside())?;
    let parts: Option<Vec<&str>> = inner.iter().map(std::ffi::OsStr::to_str).collect();
    parts
        .map(|parts| parts.join("/"))
        .ok_or_else(|| "its name is no text, so no patch can name it; --fix=all writes it".into())
}

//! For the person at the terminal: what, where, why, how to fix.

use portcullis_model::{Decision, Effect, Failure, Judged, Place, PolicyState, Subject, Verdict};

use crate::escape::plain;
use crate::excerpt::{Excerpt, unseen};
use crate::fixes::{FixOutcome, FixState};
use crate::report::{InputError, Quote, Report, ReportVerdict};
use crate::tally::{by_file, is_not_judged};
use crate::words::{code_of, count, fix_words, policy_words, several_sets, subject_name, summary_words, worst_first};

/// The width where nobody knows that of the terminal.
pub const DEFAULT_WIDTH: usize = 120;
/// How many skipped files are named; the others are counted.
const SKIPPED_SHOWN: usize = 10;
/// How many fixes are named; the others are counted.
const FIXES_SHOWN: usize = 50;

/// How to talk to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HumanOptions {
    /// Whether to use ANSI colours: only ever on a terminal, and not with `NO_COLOR`.
    pub color: bool,
    /// Columns that a quoted line may take.
    pub width: usize,
}

impl Default for HumanOptions {
    fn default() -> Self {
        Self { color: false, width: DEFAULT_WIDTH }
    }
}

/// The report for a terminal. Whatever comes from a manifest, a file name or a plugin is escaped: the only control
/// characters in it are our own line breaks and, where asked for, our own colours.
pub fn human(report: &Report, options: &HumanOptions) -> String {
    let mut page =
        Page { out: String::new(), options: *options, several_sets: several_sets(report), report: Some(report) };
    report.errors.iter().for_each(|error| page.input_error(error));
    for (file, groups) in by_file(&report.decisions) {
        page.file(file, &groups);
    }
    page.fixes(report.fixes.as_deref().unwrap_or_default());
    report.notices.iter().for_each(|notice| page.notice(notice));
    page.skipped(report);
    page.settings(report);
    page.summary(report);
    page.out
}

/// One finding in the same words and without colours, for the voices that quote it.
pub(crate) fn finding_text(report: &Report, judged: &Judged, set: Option<&str>) -> String {
    let options = HumanOptions::default();
    let mut page = Page { out: String::new(), options, several_sets: set.is_some(), report: Some(report) };
    page.finding(judged, set);
    page.out
}

/// One error of the input in the same words.
pub fn input_error_text(error: &InputError) -> String {
    let mut page = Page { out: String::new(), options: HumanOptions::default(), several_sets: false, report: None };
    page.input_error(error);
    page.out
}

/// Our colours (SGR, ECMA-48 section 8.3.117).
#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Cyan,
    Magenta,
    Blue,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "1;31",
            Self::Yellow => "1;33",
            Self::Green => "1;32",
            Self::Cyan => "1;36",
            Self::Magenta => "1;35",
            Self::Blue => "1;34",
        }
    }
}

struct Page<'r> {
    out: String,
    options: HumanOptions,
    several_sets: bool,
    report: Option<&'r Report>,
}

impl Page<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref().trim_end());
        self.out.push('\n');
    }

    fn paint(&self, ink: Ink, text: &str) -> String {
        if self.options.color { format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()) } else { text.to_owned() }
    }

    fn input_error(&mut self, error: &InputError) {
        self.line(format!("{}: {}", self.paint(Ink::Red, "error"), plain(&error.message)));
        let place = error.place.as_ref().map(ToString::to_string);
        if let Some(place) = place.as_deref().or(error.file.as_deref()) {
            self.line(format!("  {} {}", self.paint(Ink::Blue, "-->"), plain(place)));
        }
        if let Some((place, quote)) = error.quoted() {
            self.excerpt(place, quote, Ink::Red);
        }
        if let Some(hint) = &error.hint {
            self.aside("help", &plain(hint));
        }
        self.line("");
    }

    /// The subjects of one file that have something to say.
    fn file(&mut self, file: Option<&str>, groups: &[&[Decision]]) {
        let speaks = |group: &&&[Decision]| group.iter().any(has_something_to_say);
        let mut groups = groups.iter().filter(speaks).peekable();
        if groups.peek().is_none() {
            return;
        }
        let name = file.map_or("without a file".into(), plain);
        self.line(self.paint(Ink::Bold, &name));
        for group in groups {
            self.subject(group);
        }
    }

    fn subject(&mut self, group: &[Decision]) {
        let Some(first) = group.first() else { return };
        let named = subject_name(&first.subject);
        let verdicts: Vec<String> = group.iter().map(|decision| self.verdict_of(decision)).collect();
        self.line(format!("{}: {}", self.paint(Ink::Bold, &named), verdicts.join(", ")));
        self.line("");
        for decision in group {
            let set = self.several_sets.then_some(decision.policy_set.as_str());
            decision.failures.iter().for_each(|failure| self.failure(failure, &decision.subject, set));
            worst_first(&decision.findings).into_iter().for_each(|judged| self.finding(judged, set));
            self.not_evaluated(decision, set);
        }
    }

    fn verdict_of(&self, decision: &Decision) -> String {
        let verdict = match decision.verdict() {
            Verdict::Deny => self.paint(Ink::Red, "denied"),
            Verdict::Allow => self.paint(Ink::Green, "allowed"),
        };
        let by = if self.several_sets { format!(" by {}", plain(&decision.policy_set)) } else { String::new() };
        format!("{verdict}{by} ({})", decision.mode)
    }

    fn finding(&mut self, judged: &Judged, set: Option<&str>) {
        let (ink, word) = look_of(judged.effect);
        let finding = &judged.finding;
        let word = self.paint(ink, &format!("{word}[{}]", plain(&code_of(judged))));
        self.line(format!("{word} {}: {}", judged.severity, self.paint(Ink::Bold, &plain(&finding.message))));
        if judged.effect == Effect::Known {
            self.known(judged);
            return;
        }
        let policy = policy_words(&judged.policy, set);
        match &finding.place {
            Some(place) => {
                let arrow = self.paint(Ink::Blue, "-->");
                let at = plain(&place.to_string()).into_owned();
                self.line(format!("  {arrow} {at}  {}", self.paint(Ink::Dim, &policy)));
                let shown = self.excerpt(place, Quote::Whole, ink);
                if let Some(pointer) = unseen(&finding.pointer, shown.as_ref()) {
                    self.aside("at", &plain(pointer));
                }
            }
            None => {
                let pointer = if finding.pointer.is_empty() { "/".into() } else { plain(&finding.pointer) };
                self.line(format!("  {} {pointer}  {}", self.paint(Ink::Blue, "at"), self.paint(Ink::Dim, &policy)));
            }
        }
        if let Some(fix) = &finding.fix {
            self.aside("help", &plain(&fix_words(fix)));
        }
        if judged.existing {
            self.aside("note", "the object had this before the update");
        }
        if let Some((report, waiver)) = self.report.zip(judged.waiver.as_deref()) {
            self.aside("waived", &report.waived_by(waiver));
        }
        self.line("");
    }

    /// What was there before takes one more line only: there may be many, and they are not what somebody looks for.
    fn known(&mut self, judged: &Judged) {
        let finding = &judged.finding;
        let place = finding.place.as_ref().map_or_else(|| finding.pointer.clone(), ToString::to_string);
        let by = self.report.and_then(Report::known_by).map_or_else(String::new, |by| format!("  {by}"));
        self.line(format!("  {} {}{}", self.paint(Ink::Blue, "-->"), plain(&place), self.paint(Ink::Dim, &by)));
        self.line("");
    }

    /// What could not be judged looks like nothing else: it says nothing about the subject.
    fn failure(&mut self, failure: &Failure, subject: &Subject, set: Option<&str>) {
        let message = plain(&failure.message).into_owned();
        if !is_not_judged(failure) {
            self.line(format!("{}: {message}", self.paint(Ink::Cyan, "note")));
            self.line("");
            return;
        }
        let word = self.paint(Ink::Magenta, &format!("not judged[{}]", failure.kind.as_str()));
        self.line(format!("{word}: {}", self.paint(Ink::Bold, &message)));
        let who = match (&failure.policy, set) {
            (Some(policy), set) => policy_words(policy, set),
            (None, Some(set)) => format!("the whole set {}", plain(set)),
            (None, None) => "the whole set".to_owned(),
        };
        let at = subject.place.as_ref().map_or_else(String::new, |place| format!("{}  ", plain(&place.to_string())));
        self.line(format!("  {} {at}{}", self.paint(Ink::Blue, "-->"), self.paint(Ink::Dim, &who)));
        let effect = match (failure.effect, &failure.policy) {
            (Effect::Deny, Some(_)) => "this denies, because the policy's `onError` is deny here",
            (Effect::Deny, None) => "this denies: what could not be judged is not allowed",
            _ => "this only warns, because the policy's `onError` is warn here",
        };
        self.aside("effect", effect);
        self.line("");
    }

    fn not_evaluated(&mut self, decision: &Decision, set: Option<&str>) {
        let left = decision.policies.iter().filter(|(_, state)| *state == PolicyState::NotEvaluated);
        let names: Vec<_> = left.map(|(name, _)| plain(name)).collect();
        if !names.is_empty() {
            let by = set.map_or_else(String::new, |set| format!(" by {}", plain(set)));
            let word = self.paint(Ink::Cyan, "note");
            self.line(format!("{word}: after the first denial{by} (failFast) not evaluated: {}", names.join(", ")));
            self.line("");
        }
    }

    fn excerpt(&mut self, place: &Place, quote: Quote, ink: Ink) -> Option<Excerpt> {
        let gutter = place.start().0.to_string().len().max(4);
        let columns = self.options.width.saturating_sub(gutter + 3);
        let excerpt = Excerpt::of(place, quote, columns)?;
        let bar = self.paint(Ink::Blue, "|");
        let number = self.paint(Ink::Blue, &format!("{:>gutter$}", excerpt.line));
        let carets = self.paint(ink, &"^".repeat(excerpt.width));
        self.line(format!("{:gutter$} {bar}", ""));
        self.line(format!("{number} {bar} {}", excerpt.text));
        self.line(format!("{:gutter$} {bar} {:indent$}{carets}", "", "", indent = excerpt.indent));
        Some(excerpt)
    }

    /// A line below the excerpt; `text` is harmless already.
    fn aside(&mut self, word: &str, text: &str) {
        self.line(format!("     {} {}: {text}", self.paint(Ink::Blue, "="), self.paint(Ink::Bold, word)));
    }

    fn notice(&mut self, notice: &str) {
        self.line(format!("{}: {}", self.paint(Ink::Cyan, "note"), plain(notice)));
        self.line("");
    }

    /// What was fixed, then what was not.
    fn fixes(&mut self, fixes: &[FixOutcome]) {
        let done = fixes.iter().filter(|fix| fix.state == FixState::Applied);
        let refused = fixes.iter().filter(|fix| matches!(fix.state, FixState::Refused(_)));
        for fix in done.chain(refused).take(FIXES_SHOWN) {
            let ink = if fix.state == FixState::Applied { Ink::Green } else { Ink::Yellow };
            let word = self.paint(ink, &format!("{}[{}]", fix.state.word(), plain(&fix.code)));
            self.line(format!("{word} {}", fix.words()));
        }
        let of = |states: fn(&FixState) -> bool| fixes.iter().filter(|fix| states(&fix.state)).count();
        let told = of(|state| *state != FixState::Patched);
        if let Some(more) = told.checked_sub(FIXES_SHOWN).filter(|&more| more > 0) {
            self.line(format!("and {more} more (`--format json` lists all)"));
        }
        if told > 0 {
            self.line("");
        }
        let patched = of(|state| *state == FixState::Patched);
        if patched > 0 {
            let what = if patched == 1 { "fix changes" } else { "fixes change" };
            self.notice(&format!("{patched} {what} what an object means: see the patch, or write them with --fix=all"));
        }
    }

    fn skipped(&mut self, report: &Report) {
        if report.skipped.is_empty() {
            return;
        }
        self.line(format!("{} {}:", self.paint(Ink::Dim, "skipped"), count(report.skipped.len(), "file")));
        for skipped in report.skipped.iter().take(SKIPPED_SHOWN) {
            self.line(format!("  {}: {}", plain(&skipped.path), plain(&skipped.reason)));
        }
        if let Some(more) = report.skipped.len().checked_sub(SKIPPED_SHOWN).filter(|&more| more > 0) {
            self.line(format!("  and {more} more (`--format json` lists all)"));
        }
        self.line("");
    }

    /// What the run took its settings from.
    fn settings(&mut self, report: &Report) {
        if let Some(file) = &report.config {
            self.line(self.paint(Ink::Dim, &format!("settings from {}", plain(file))));
        }
    }

    fn summary(&mut self, report: &Report) {
        let (ink, word) = match report.verdict {
            ReportVerdict::Allow => (Ink::Green, "allowed"),
            ReportVerdict::Deny => (Ink::Red, "denied"),
            ReportVerdict::Error => (Ink::Magenta, "error"),
        };
        self.line(format!("{}  {}", self.paint(ink, word), summary_words(report)));
    }
}

/// The colour and the word of an effect.
fn look_of(effect: Effect) -> (Ink, &'static str) {
    match effect {
        Effect::Deny => (Ink::Red, "denied"),
        Effect::Warn => (Ink::Yellow, "warning"),
        Effect::Audit => (Ink::Dim, "audit"),
        Effect::Shadow => (Ink::Dim, "shadow"),
        Effect::Waived => (Ink::Cyan, "waived"),
        Effect::Known => (Ink::Cyan, "known"),
    }
}

fn has_something_to_say(decision: &Decision) -> bool {
    !decision.findings.is_empty() || !decision.failures.is_empty()
}

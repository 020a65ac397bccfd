//! All that one run has to say, and its verdict.

use portcullis_model::{Decision, Judged, Place, Severity};

use crate::escape::plain;
use crate::fixes::{FixOutcome, FixState};
use crate::tally::{Summary, verdict_of};
use crate::words::{plugin_of, policy_code};

/// Whether the changes may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportVerdict {
    /// All of them may.
    Allow,
    /// At least one may not.
    Deny,
    /// Something could not be judged where that denies, an input could not be read, or nothing was judged at all.
    Error,
}

impl ReportVerdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

/// The program that judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Such as `0.1.0`.
    pub version: String,
    /// The commit that it was built from; empty where that is not known.
    pub commit: String,
}

/// A policy set that judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySetInfo {
    /// Its name.
    pub name: String,
    /// `sha256:` and 64 hex digits.
    pub digest: String,
}

/// A rule of a policy that could have spoken, whether or not it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// The policy that uses the plugin.
    pub policy: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub plugin_version: String,
    /// The plugin's digest, `sha256:` and 64 hex digits.
    pub plugin_digest: String,
    /// The rule's id inside its plugin.
    pub id: String,
    /// One sentence: what the rule asks for.
    pub title: String,
    /// The rule's own severity.
    pub severity: Severity,
    /// A URL that explains it.
    pub help: Option<String>,
}

impl RuleInfo {
    /// The code of its findings for machines: `plugin/rule`, or `policy/plugin/rule` where the policy has a name of its own.
    pub(crate) fn code(&self) -> String {
        policy_code(&self.policy, &self.plugin, &self.id)
    }

    /// Whether a finding is one of this rule.
    pub(crate) fn found(&self, judged: &Judged) -> bool {
        self.id == judged.finding.rule && self.policy == judged.policy && self.plugin == plugin_of(judged)
    }
}

/// Something that kept an input, a policy set or an argument from being used.
#[derive(Clone, Debug, PartialEq)]
pub struct InputError {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// The file, where no exact place is known.
    pub file: Option<String>,
    /// Where exactly.
    pub place: Option<Place>,
    /// What to do.
    pub hint: Option<String>,
    /// How much of the guilty line may be quoted.
    quote: Quote,
}

/// How much of a line an excerpt shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Quote {
    /// Its structure and its key, no values: nobody knows what they are.
    #[default]
    Structure,
    /// All but what is masked by its meaning.
    Whole,
}

impl InputError {
    /// An error that belongs to no file.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), file: None, place: None, hint: None, quote: Quote::Structure }
    }

    /// An error about a file as a whole.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// An error at a place of a manifest or another input. Its line is quoted without values: what could not be read could
    /// not be masked either, and it may be a Secret.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.quote = Quote::Structure;
        self.place = Some(place);
        self
    }

    /// An error at a place of a document that was read, in which the values of Secrets are masked.
    #[must_use]
    pub fn at_masked(mut self, place: Place) -> Self {
        self.quote = Quote::Whole;
        self.place = Some(place);
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The place whose line is shown, and how much of it.
    pub(crate) fn quoted(&self) -> Option<(&Place, Quote)> {
        self.place.as_ref().map(|place| (place, self.quote))
    }

    /// The file, from wherever it is known.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.place.as_ref().map(Place::file).or(self.file.as_deref())
    }
}

/// A file that was plainly not meant for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path as the user would write it.
    pub path: String,
    /// Why, as a fragment.
    pub reason: String,
}

/// A waiver as a report shows it beside what it waives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverInfo {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it was agreed.
    pub ticket: String,
    /// Why.
    pub reason: String,
    /// When it ends, as written.
    pub expires: String,
}

/// The baseline that findings were compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineInfo {
    /// Its name.
    pub name: String,
    /// The file, as the user named it.
    pub file: String,
    /// `sha256:` and 64 hex digits of its text.
    pub digest: String,
    /// Who answers for it.
    pub owner: String,
    /// When it ends, as written.
    pub expires: String,
    /// Whether it has ended, and so did nothing.
    pub expired: bool,
    /// How many findings it lists.
    pub listed: usize,
    /// How many of these nothing matches any more.
    pub gone: usize,
}

/// A run that judged only what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedSince {
    /// The commit, branch or tag, as the user named it.
    pub reference: String,
    /// Files that were judged because they changed, or because nobody knows.
    pub changed: usize,
    /// Files that were left as they were.
    pub unchanged: usize,
    /// Why everything was judged all the same: what the run uses and what changed.
    pub everything: Option<String>,
    /// Whether a file that was left holds a subject: a run over nothing at all is never a pass.
    pub left_subjects: bool,
}

impl ChangedSince {
    /// What to tell of it.
    pub fn words(&self) -> String {
        let Self { reference, changed, unchanged, .. } = self;
        let all = changed + unchanged;
        match &self.everything {
            Some(why) => format!("all {all} files judged, because {why} changed since `{reference}`"),
            None if *changed == 0 => format!("nothing changed since `{reference}`: 0 of {all} files judged"),
            None => format!("changed since `{reference}`: {changed} of {all} files judged"),
        }
    }
}

/// What a report is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The sets that judged.
    pub policy_sets: Vec<PolicySetInfo>,
    /// What could not be used.
    pub errors: Vec<InputError>,
    /// What was left aside.
    pub skipped: Vec<Skipped>,
    /// Things worth knowing that change nothing (gates that the built-in set leaves out, expired waivers).
    pub notices: Vec<String>,
    /// The decisions, those about one subject side by side, in the order of the policy sets.
    pub decisions: Vec<Decision>,
    /// Every rule of every plugin in the sets.
    pub rules: Vec<RuleInfo>,
    /// Every waiver that was loaded.
    pub waivers: Vec<WaiverInfo>,
    /// What became of each fix; nothing where nobody asked for any.
    pub fixes: Option<Vec<FixOutcome>>,
    /// The baseline, where one was given.
    pub baseline: Option<BaselineInfo>,
    /// The file whose settings held besides flags and variables.
    pub config: Option<String>,
    /// Where only what changed was judged.
    pub changed_since: Option<ChangedSince>,
}

/// All that one run has to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whether the changes may enter.
    pub verdict: ReportVerdict,
    /// How many of what.
    pub summary: Summary,
    /// The program that judged.
    pub tool: Tool,
    /// The sets that judged.
    pub policy_sets: Vec<PolicySetInfo>,
    /// What could not be used.
    pub errors: Vec<InputError>,
    /// What was left aside.
    pub skipped: Vec<Skipped>,
    /// Things worth knowing that change nothing.
    pub notices: Vec<String>,
    /// The decisions, those about one subject side by side.
    pub decisions: Vec<Decision>,
    /// Every rule that could have spoken.
    pub rules: Vec<RuleInfo>,
    /// Every waiver that was loaded.
    pub waivers: Vec<WaiverInfo>,
    /// What became of each fix; nothing where nobody asked for any.
    pub fixes: Option<Vec<FixOutcome>>,
    /// The baseline, where one was given.
    pub baseline: Option<BaselineInfo>,
    /// The file whose settings held besides flags and variables.
    pub config: Option<String>,
    /// Where only what changed was judged.
    pub changed_since: Option<ChangedSince>,
}

impl Report {
    /// Counts and settles the verdict. A run that judged nothing and says no other error says that one.
    pub fn new(tool: Tool, parts: Parts) -> Self {
        let Parts { policy_sets, mut errors, skipped, notices, decisions, rules, waivers, .. } = parts;
        let Parts { fixes, baseline, config, changed_since, .. } = parts;
        let unchanged = changed_since.as_ref().is_some_and(|since| since.left_subjects);
        if decisions.is_empty() && errors.is_empty() && !unchanged {
            let hint = "give at least one manifest; a run that judges nothing is never a pass";
            errors.push(InputError::new("nothing was judged: the input holds no subject").hint(hint));
        }
        let mut summary = Summary::of(&errors, &skipped, &decisions);
        summary.fixed = fixes.iter().flatten().filter(|fix| fix.state == FixState::Applied).count();
        Self {
            verdict: verdict_of(&summary, unchanged),
            summary,
            tool,
            policy_sets,
            errors,
            skipped,
            notices,
            decisions,
            rules,
            waivers,
            fixes,
            baseline,
            config,
            changed_since,
        }
    }
}

impl Report {
    /// Which baseline lists what is known, who answers for it and until when, made harmless.
    pub(crate) fn known_by(&self) -> Option<String> {
        let baseline = self.baseline.as_ref()?;
        let [name, owner, expires] = [&baseline.name, &baseline.owner, &baseline.expires].map(|text| plain(text));
        Some(format!("by the baseline `{name}` of {owner}, until {expires}"))
    }

    /// Which waiver it is, who answers for it and until when, made harmless.
    pub(crate) fn waived_by(&self, name: &str) -> String {
        let details = self.waiver(name).map_or_else(String::new, |known| {
            let [owner, ticket, expires] = [&known.owner, &known.ticket, &known.expires].map(|text| plain(text));
            format!(" of {owner} ({ticket}), until {expires}")
        });
        format!("by the waiver `{}`{details}", plain(name))
    }

    /// What is known of the waiver of this name.
    pub(crate) fn waiver(&self, name: &str) -> Option<&WaiverInfo> {
        self.waivers.iter().find(|waiver| waiver.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_an_empty_run_as_an_error_and_says_so() {
        let tool = Tool { version: "0.1.0".into(), commit: String::new() };
        let report = Report::new(tool, Parts::default());
        assert_eq!(report.verdict, ReportVerdict::Error);
        assert_eq!(report.errors[0].message, "nothing was judged: the input holds no subject");
    }

    #[test]
    fn allows_an_empty_run_only_where_subjects_were_left_as_they_were() {
        let verdict = |left_subjects, errors| {
            let since =
                ChangedSince { reference: "main".into(), unchanged: 1, left_subjects, ..ChangedSince::default() };
            let tool = Tool { version: "0.1.0".into(), commit: String::new() };
            Report::new(tool, Parts { changed_since: Some(since), errors, ..Parts::default() }).verdict
        };
        assert_eq!(verdict(true, Vec::new()), ReportVerdict::Allow);
        assert_eq!(verdict(false, Vec::new()), ReportVerdict::Error);
        assert_eq!(verdict(true, vec![InputError::new("x")]), ReportVerdict::Error);
    }
}

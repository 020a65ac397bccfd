//! The flags of `check` for everyday use: what counts, what is shown, and what is left as it was.

use clap::Args;
use portcullis_check::exit::FailOn;

use super::ConfigArguments;

/// What counts, what is shown, and what is left as it was.
#[derive(Args, Clone, Debug, Default)]
pub struct EverydayArguments {
    /// What gives the status 1 besides what is denied: `warned` (warnings too), or a severity (info, low, medium, high,
    /// critical): a finding of at least that, unless it is waived, known or in shadow. No verdict changes by it
    #[arg(long, value_name = "WHAT", env = "PORTCULLIS_FAIL_ON", default_value = "denied", value_parser = fail_on)]
    pub fail_on: FailOn,

    /// Judge only what git says changed since this commit, branch or tag: the files that are not what they were in the last
    /// commit that it shares with HEAD. Where a policy set, a waiver or another file that the run uses changed, everything
    #[arg(long, value_name = "REF", env = "PORTCULLIS_CHANGED_SINCE")]
    pub changed_since: Option<String>,

    /// For people, show only what was denied, what could not be judged and what counts by --fail-on; nothing where there is
    /// nothing of that. Other formats stay whole
    #[arg(long, short, env = "PORTCULLIS_QUIET")]
    pub quiet: bool,

    /// Judge nothing, and explain a rule (`cpu-limit-max`, `resource-limits/cpu-limit-max`, or `POLICY/PLUGIN/RULE` as a report
    /// names it), a plugin, or a policy of the sets in use: what it asks for, why, how to mend it, and which policies use it
    // Without a variable: one that is left in an environment would make every check pass.
    #[arg(long, value_name = "RULE", conflicts_with = "changed_since")]
    pub explain: Option<String>,

    #[command(flatten)]
    pub config: ConfigArguments,
}

fn fail_on(text: &str) -> Result<FailOn, String> {
    FailOn::parse(text).ok_or_else(|| format!("write {}", FailOn::WORDS.join(", ")))
}

//! Every way an evaluation can fail.

use std::fmt;
use std::time::Duration;

use portcullis_model::FailureKind;

/// A plugin that cannot be loaded, or an evaluation that gave no answer. It is never a pass.
#[derive(Debug)]
pub struct Error {
    plugin: String,
    reason: Reason,
}

impl Error {
    pub(crate) fn new(plugin: &str, reason: Reason) -> Self {
        Self { plugin: plugin.to_owned(), reason }
    }

    /// The plugin's name; the beginning of its digest before its name is known.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// What went wrong.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The kind of failure that a decision shows.
    pub fn kind(&self) -> FailureKind {
        match &self.reason {
            Reason::Breach(Breach::Time(_) | Breach::Deadline) | Reason::Busy { .. } => FailureKind::Timeout,
            Reason::Breach(Breach::Labels) => FailureKind::Input,
            Reason::Query(_) => FailureKind::Fact,
            Reason::Breach(_) | Reason::Trap(_) | Reason::GaveUp(_) | Reason::Contract(_) | Reason::Machine(_) => {
                FailureKind::Trap
            }
            Reason::Digest { .. }
            | Reason::NotComponent(_)
            | Reason::Limit { .. }
            | Reason::Invalid(_)
            | Reason::Import { .. }
            | Reason::Version { .. }
            | Reason::World(_)
            | Reason::Compile(_)
            | Reason::Description(_)
            | Reason::Settings(_) => FailureKind::Settings,
        }
    }

    /// Whether the plugin itself broke while it judged: it trapped, broke the contract, or spent a part of its own budget. Not
    /// where the review's deadline passed, the host was full, or it asked for what nobody knows or grants.
    pub fn is_fault(&self) -> bool {
        match &self.reason {
            Reason::Breach(breach) => !matches!(breach, Breach::Deadline | Breach::Labels),
            Reason::Trap(_) | Reason::GaveUp(_) | Reason::Contract(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin `{}` {}", self.plugin.escape_debug(), self.reason)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Breach(breach) => Some(breach),
            _ => None,
        }
    }
}

/// What went wrong; written so that it continues "plugin `name` ...".
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Its bytes are not the ones that were asked for.
    Digest {
        /// What was asked for.
        expected: String,
        /// What the bytes have.
        found: String,
    },
    /// Its bytes are not a component at all.
    NotComponent(&'static str),
    /// It is larger in some way than what is admitted.
    Limit {
        /// The name of the limit.
        limit: &'static str,
        /// What is admitted.
        most: u64,
        /// What was found.
        found: u64,
    },
    /// It is not a valid component, or uses what is switched off.
    Invalid(String),
    /// Nothing could be started for it, whatever it is: no address space, no memory.
    Machine(String),
    /// It imports something outside the contract.
    Import {
        /// The import's name, control characters already escaped, length already bounded.
        name: String,
    },
    /// It was built against a contract that this host does not speak.
    Version {
        /// What it was built against, escaped and bounded likewise.
        found: String,
        /// What this host speaks.
        host: &'static str,
    },
    /// Its imports and exports do not fit the contract.
    World(String),
    /// It could not be compiled within the limits.
    Compile(String),
    /// What it says about itself cannot be used.
    Description(String),
    /// Its settings cannot be used.
    Settings(String),
    /// It spent a part of its budget or broke a rule of the contract while it ran.
    Breach(Breach),
    /// It trapped.
    Trap(&'static str),
    /// It ended its own evaluation, and said why; control characters already escaped, length already bounded.
    GaveUp(String),
    /// It gave an answer that breaks the contract.
    Contract(String),
    /// It asked for a fact in a way that the contract does not allow.
    Query(String),
    /// More evaluations at once than instances were reserved for.
    Busy {
        /// How many are reserved.
        instances: u32,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest { expected, found } => {
                write!(
                    f,
                    "has the digest `{found}`, expected `{}`; if this is the plugin that you mean, write its digest into the policy set (`portcullis plugin build --pin` \
                     does for what it builds)",
                    expected.escape_debug()
                )
            }
            Self::NotComponent(what) => write!(f, "is not a component: {what}"),
            Self::Limit { limit, most, found } => {
                write!(f, "is refused: {found} {limit}, at most {most} are admitted")
            }
            Self::Invalid(what) => write!(f, "is not a valid component: {what}"),
            Self::Machine(what) => write!(
                f,
                "could not start: {what}; each plugin under way needs 6 GiB of address space, not of memory (`ulimit -v`)"
            ),
            Self::Import { name } => write!(
                f,
                "imports `{name}`, which is not part of the contract: a plugin has no clock, files, network or randomness"
            ),
            Self::Version { found, host } => {
                write!(f, "was built against version `{found}` of the contract, this host speaks `{host}`")
            }
            Self::World(what) => write!(f, "does not fit the contract: {what}"),
            Self::Compile(what) => write!(f, "could not be compiled: {what}"),
            Self::Description(what) => write!(f, "describes itself wrongly: {what}"),
            Self::Settings(what) => write!(f, "cannot use its settings: {what}"),
            Self::Breach(breach) => breach.fmt(f),
            Self::Trap(what) => write!(f, "trapped: {what}"),
            Self::GaveUp(why) => write!(f, "gave up: {why}"),
            Self::Contract(what) => write!(f, "broke the contract: {what}"),
            Self::Query(what) => write!(f, "asked for a fact wrongly: {what}"),
            Self::Busy { instances } => write!(f, "could not start: all {instances} instances are in use"),
        }
    }
}

/// A budget that is spent, or a rule that was broken, while a plugin ran. It ends the evaluation at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Breach {
    /// The processor time of its thread.
    Time(Duration),
    /// The review's own deadline passed, whoever spent the time.
    Deadline,
    /// Memory, all memories together, in bytes.
    Memory(usize),
    /// Elements of tables, all tables together.
    Tables(usize),
    /// Calls of imported functions, and work done in them.
    Calls(u64),
    /// Bytes that crossed the boundary.
    Bytes(u64),
    /// A handle that was never given out.
    Handle(u32),
    /// An index into `keys` of its description.
    Key(u32),
    /// An index into `paths` of its description.
    Path(u32),
    /// The labels of the namespace, which nobody knows: "none" would be a guess.
    Labels,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(budget) => write!(f, "spent its {} ms", budget.as_millis()),
            Self::Deadline => write!(f, "was stopped because the review's deadline passed"),
            Self::Memory(bytes) => write!(f, "wanted more than its {} MiB of memory", bytes >> 20),
            Self::Tables(elements) => write!(f, "wanted more than its {elements} table elements"),
            Self::Calls(calls) => write!(f, "spent its {calls} host calls"),
            Self::Bytes(bytes) => write!(f, "moved more than its {bytes} bytes across the boundary"),
            Self::Handle(handle) => write!(f, "used the node {handle}, which it was never given"),
            Self::Key(index) => write!(f, "used the key number {index}, which it does not declare"),
            Self::Path(index) => write!(f, "used the path number {index}, which it does not declare"),
            Self::Labels => write!(
                f,
                "asked for the labels of the namespace, which are not known (in CI: a Namespace in the input, or `--namespace-labels`)"
            ),
        }
    }
}

impl std::error::Error for Breach {}

/// One complaint of a plugin about its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where in the settings, as a JSON Pointer (RFC 6901); empty for the settings as a whole.
    pub pointer: String,
    /// For a person; control characters already escaped, length already bounded.
    pub message: String,
}

/// Why settings could not be prepared.
#[derive(Debug)]
pub enum PrepareError {
    /// The plugin refuses them, with all its complaints; there is at least one.
    Settings(Vec<Complaint>),
    /// The plugin failed.
    Failed(Error),
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Settings(complaints) => {
                f.write_str("the plugin refuses its settings")?;
                for (n, complaint) in complaints.iter().enumerate() {
                    let (before, pointer) = (if n == 0 { ": " } else { "; " }, complaint.pointer.escape_debug());
                    match complaint.pointer.is_empty() {
                        true => write!(f, "{before}{}", complaint.message)?,
                        false => write!(f, "{before}`{pointer}`: {}", complaint.message)?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for PrepareError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Settings(_) => None,
            Self::Failed(error) => Some(error),
        }
    }
}

impl From<Error> for PrepareError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Why there is no runner at all.
#[derive(Debug)]
pub struct StartError(pub(crate) String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the plugin engine did not start: {}", self.0)
    }
}

impl std::error::Error for StartError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_plugin_that_broke_from_one_that_was_stopped_for_others() {
        let is_fault = |reason| Error::new("p", reason).is_fault();
        let time = Duration::from_millis(50);
        for own in [Breach::Time(time), Breach::Memory(1), Breach::Tables(1), Breach::Calls(1), Breach::Bytes(1)] {
            assert!(is_fault(Reason::Breach(own)), "{own}");
        }
        for own in [Breach::Handle(1), Breach::Key(1), Breach::Path(1)] {
            assert!(is_fault(Reason::Breach(own)), "{own}");
        }
        assert!(is_fault(Reason::Trap("it divided by zero")) && is_fault(Reason::GaveUp("a panic".into())));
        assert!(is_fault(Reason::Contract("two answers".into())));
        for other in [Breach::Deadline, Breach::Labels] {
            assert!(!is_fault(Reason::Breach(other)), "{other}");
        }
        assert!(!is_fault(Reason::Busy { instances: 1 }) && !is_fault(Reason::Machine("no memory".into())));
        assert!(!is_fault(Reason::Query("not declared".into())) && !is_fault(Reason::Settings("wrong".into())));
    }
}

//! The CI system of a repository, and what makes it run the check.

use std::path::Path;

use super::scalar;

/// The command of every step.
const CHECK: &str = "portcullis check";

/// The end of the command that a comment shows, with what it judges.
const OWN_PATHS: &str = "policies/portcullis.yaml deploy/\n";
/// The branch of a template.
const BRANCH: &str = "branches: [main]\n";

/// What a step is told of the repository. All of it is harmless to every CI system and every shell.
#[derive(Debug, Default)]
pub struct Step {
    /// Commands that render what must be rendered first, and judge it.
    pub rendered: Vec<String>,
    /// What is judged, as words for a shell.
    pub paths: Option<String>,
    /// The branch that changes go into.
    pub branch: Option<String>,
}

/// A CI system that a repository uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `.github/workflows`
    GitHub,
    /// `.gitlab-ci.yml`
    GitLab,
    /// `azure-pipelines.yml`
    Azure,
    /// `.circleci/config.yml`
    CircleCi,
    /// `Jenkinsfile`
    Jenkins,
}

impl System {
    const ALL: [Self; 5] = [Self::GitHub, Self::GitLab, Self::Azure, Self::CircleCi, Self::Jenkins];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI",
            Self::Azure => "Azure Pipelines",
            Self::CircleCi => "CircleCI",
            Self::Jenkins => "Jenkins",
        }
    }

    /// By what a repository is known to use it.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &[".github/workflows"],
            Self::GitLab => &[".gitlab-ci.yml"],
            Self::Azure => &["azure-pipelines.yml", "azure-pipelines.yaml", ".azure-pipelines"],
            Self::CircleCi => &[".circleci/config.yml"],
            Self::Jenkins => &["Jenkinsfile"],
        }
    }

    /// The file of its own that the step is written into; nothing where it must stand in the file that is there.
    pub fn file(self) -> Option<&'static str> {
        match self {
            Self::GitHub => Some(".github/workflows/portcullis.yml"),
            Self::GitLab => Some(".gitlab/portcullis.yml"),
            Self::Azure => Some(".azure-pipelines/portcullis.yml"),
            Self::CircleCi | Self::Jenkins => None,
        }
    }

    /// The step: what must be rendered first, by these commands, and the check.
    pub fn text(self, step: &Step) -> String {
        let mut text = self.template().to_owned();
        if let Some(paths) = &step.paths {
            text = text.replacen(OWN_PATHS, &OWN_PATHS.replace("deploy/", paths), 1);
        }
        if let Some(branch) = step.branch.as_ref().filter(|branch| *branch != "main") {
            text = text.replacen(BRANCH, &format!("branches: [{}]\n", scalar(&branch_pattern(branch))), 1);
        }
        // The line of the command, however this system writes one.
        let is_command = |line: &&str| line.contains(CHECK) && !line.trim_start().starts_with(['#', '/']);
        let Some(line) = text.lines().find(is_command).map(str::to_owned) else { return text };
        let written = |command: &String| line.replacen(CHECK, &self.scalar(command), 1) + "\n";
        let more: String = step.rendered.iter().map(written).collect();
        text.replacen(&format!("{line}\n"), &format!("{more}{line}\n"), 1)
    }

    /// A command as this system's file writes it where [`CHECK`] stands.
    fn scalar(self, command: &str) -> String {
        match self {
            Self::Jenkins => command.replace('\\', "\\\\").replace('\'', "\\'"),
            // A plain scalar may hold quotes, but neither of these.
            _ if command.contains(": ") || command.contains(" #") => scalar(command),
            _ => command.to_owned(),
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::GitHub => include_str!("../../../../deploy/ci/init/github.yml"),
            Self::GitLab => include_str!("../../../../deploy/ci/init/gitlab.yml"),
            Self::Azure => include_str!("../../../../deploy/ci/init/azure.yml"),
            Self::CircleCi => include_str!("../../../../deploy/ci/init/circleci.yml"),
            Self::Jenkins => include_str!("../../../../deploy/ci/init/Jenkinsfile"),
        }
    }

    /// What a person adds to the file that is there, where that does not name the step yet.
    pub fn to_add(self, root: &Path, step: &Step) -> String {
        let step = self.text(step);
        let (file, text) = match self {
            Self::GitHub => return String::new(),
            Self::GitLab => (".gitlab-ci.yml", "include:\n- local: .gitlab/portcullis.yml\n"),
            Self::Azure => ("azure-pipelines.yml", "steps:\n- template: .azure-pipelines/portcullis.yml\n"),
            Self::CircleCi => (".circleci/config.yml", step.as_str()),
            Self::Jenkins => ("Jenkinsfile", step.as_str()),
        };
        if std::fs::read_to_string(root.join(file)).is_ok_and(|there| there.contains("portcullis")) {
            return format!("there   the step in {file}\n");
        }
        let text: String = text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
        format!("add to  {file}:\n\n{text}\n")
    }
}

/// A branch as a filter of GitHub that fits nothing else: of what means something there, git lets only these into a name.
fn branch_pattern(branch: &str) -> String {
    let escaped = branch.replace('+', "\\+");
    if escaped.starts_with('!') { format!("\\{escaped}") } else { escaped }
}

/// The systems that a repository uses.
pub fn found(root: &Path) -> Vec<System> {
    let uses = |system: &System| system.marks().iter().any(|mark| root.join(mark).exists());
    System::ALL.into_iter().filter(uses).collect()
}

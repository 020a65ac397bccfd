//! The CI system of a repository, and what makes it run the check.

use std::path::Path;

use super::scalar;

/// The command of every step.
const CHECK: &str = "portcullis check";

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
    pub fn text(self, rendered: &[String]) -> String {
        let text = self.template();
        // The line of the command, however this system writes one.
        let is_command = |line: &&str| line.contains(CHECK) && !line.trim_start().starts_with(['#', '/']);
        let Some(line) = text.lines().find(is_command) else { return text.to_owned() };
        let written = |command: &String| line.replacen(CHECK, &self.scalar(command), 1) + "\n";
        let more: String = rendered.iter().map(written).collect();
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
    pub fn to_add(self, root: &Path, rendered: &[String]) -> String {
        let step = self.text(rendered);
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

/// The systems that a repository uses.
pub fn found(root: &Path) -> Vec<System> {
    let uses = |system: &System| system.marks().iter().any(|mark| root.join(mark).exists());
    System::ALL.into_iter().filter(uses).collect()
}

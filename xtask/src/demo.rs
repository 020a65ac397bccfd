//! Shows the product at work: the examples judged in both modes, a document, a waiver, and what to type next.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::clock::{announce, step};
use crate::command;
use crate::workspace::Workspace;

const EXAMPLES: &str = "policies/examples";

/// What is denied with the built-in set, and allowed with the waiver below.
const DENIED: &str = "policies/examples/why-is-my-deployment-denied.yaml";

/// Waives one finding of that Deployment; the others stay.
const WAIVER: &str = "\
apiVersion: portcullis.dev/v1alpha1
kind: Waiver
metadata: {name: web-without-digest}
spec:
  policy: image-reference
  rule: image-reference/digest-missing
  covers: {namespaces: [shop], names: [web]}
  owner: team-web
  ticket: WEB-1
  reason: the old pipeline cannot pin digests
  expires: 2099-12-31
";

/// One thing to show.
struct Scene {
    /// What is shown.
    title: &'static str,
    /// The arguments behind `portcullis check`.
    arguments: Vec<String>,
    /// The exit status that it ends with.
    expected: i32,
    /// What that status means here.
    meaning: &'static str,
}

/// Builds, then shows each scene; fails where an exit status is not the expected one.
pub fn run(workspace: &Workspace) -> Result<()> {
    let examples = workspace.root().join(EXAMPLES);
    ensure!(examples.is_dir(), "{} is missing: there is nothing to show", examples.display());
    announce(workspace, build::FIRST_MINUTES);
    let product = build::run(workspace)?;
    let waiver = workspace.target().join("demo-waiver.yaml");
    std::fs::write(&waiver, WAIVER).with_context(|| format!("cannot write {}", waiver.display()))?;
    let scenes = scenes(&waiver.to_string_lossy());
    for Scene { title, arguments, expected, meaning } in &scenes {
        step(title, || {
            if arguments.iter().any(|argument| argument == "--waivers") {
                println!("$ cat {}\n{WAIVER}", waiver.display());
            }
            let mut check = Command::new(&product);
            check.arg("check").args(arguments).current_dir(workspace.root());
            println!("$ {}\n", command::shown(&check));
            let status = check.status().with_context(|| format!("cannot start `{}`", command::shown(&check)))?;
            ensure!(status.code() == Some(*expected), "expected exit status {expected}, but it was {status}");
            println!("\nexit status {expected}: {meaning}");
            Ok(())
        })?;
    }
    print!("{}", ending(&product.display().to_string()));
    Ok(())
}

fn scenes(waiver: &str) -> [Scene; 4] {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    [
        Scene {
            title: "the examples in sandbox mode",
            arguments: words(&["--mode", "sandbox", EXAMPLES]),
            expected: 0,
            meaning: "nothing was denied: in sandbox a finding is a warning, and the ranges are narrower (at most 512Mi of memory)",
        },
        Scene {
            title: "the examples in compliance mode",
            arguments: words(&["--mode", "compliance", EXAMPLES]),
            expected: 1,
            meaning: "something was denied: in compliance a finding denies, the ranges are wider (up to 32Gi), and images need digests",
        },
        Scene {
            title: "a document that is no manifest: story points from 1 to 20",
            arguments: words(&["--policies", "policies/compliance.yaml", "policies/examples/specs"]),
            expected: 1,
            meaning: "a policy set may name any YAML or JSON, see `story-points` in policies/compliance.yaml",
        },
        Scene {
            title: "a waiver: one finding is let through, with an owner and an end",
            arguments: words(&["--waivers", waiver, DENIED]),
            expected: 1,
            meaning: "the waived finding is shown as waived and denies no more; the others still deny",
        },
    ]
}

/// What to type next.
fn ending(product: &str) -> String {
    format!(
        "
Next, with the binary that was just built (exit status 2 means that something could not be judged):

  judge manifests of your own
    {product} check DIRECTORY
    helm template CHART | {product} check -
  waive a finding: write a file like the waiver above, with an end of your own
    {product} check --waivers FILE DIRECTORY
  judge with a policy set of your own: policies/README.md says what may stand in one
    {product} check --policies FILE DIRECTORY
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waives_what_the_set_calls_by_that_name() {
        let waiver = scenes("w.yaml");
        assert!(waiver.iter().any(|scene| scene.arguments == ["--waivers", "w.yaml", DENIED]));
    }
}

//! Renders `deploy/manifests` from the Helm chart, and judges what the chart renders with the product itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::tools;
use crate::workspace::Workspace;

/// The chart.
const CHART: &str = "deploy/chart";
/// Values that the chart is tried with, one file for each way to install it; not part of a packaged chart.
const VALUES: &str = "deploy/chart/ci";
/// Those of the manifests.
const MANIFEST_VALUES: &str = "manifests.yaml";
/// What is rendered for people without Helm.
const MANIFESTS: &str = "deploy/manifests";
/// What the rendered objects are judged by, in compliance mode. (Their image is an example that nobody can sign.)
const JUDGED_BY: &str = "policies/default.yaml";
/// The namespace of the manifests: the one that `portcullis webhook-config` leaves out where nobody says otherwise.
const NAMESPACE: &str = "portcullis-system";
/// What the product prints for the built-in policy set: the chart reads rules and conditions from it.
const REGISTRATION: &str = "deploy/chart/files/registration.yaml";
/// What it prints for a set that asks for everything: the chart reads conditions from it where sets are the user's own.
const EXCLUSIONS: &str = "deploy/chart/files/exclusions.yaml";
/// That set.
const EVERYTHING: &str = "deploy/chart/files/everything.yaml";
/// Files that the chart holds too, because a chart can only read what lies in it: where they come from, and their copies.
const COPIED: [(&str, &str); 2] = [
    ("deploy/monitoring/prometheus/rules.yaml", "deploy/chart/files/rules.yaml"),
    ("deploy/monitoring/grafana/portcullis.json", "deploy/chart/files/dashboard.json"),
];
/// Values of a release with another name, whose own access is left out under that name.
const RENAMED: (&str, &str) = ("deploy/chart/ci/everything.yaml", "portcullis-system/gate");

/// Labels that say how an object came: not true of a file that somebody applies.
const OF_HELM: [&str; 2] = ["app.kubernetes.io/managed-by: ", "helm.sh/chart: "];

const HEADER: &str = "\
# Made by `cargo xtask chart` from deploy/chart with deploy/chart/ci/manifests.yaml: do not edit, but see deploy/README.md
# for how to apply it. The image is an example: a digest of zeros, which nobody can pull.
";

/// Two policies that name different versions of one group.
const TWO_VERSIONS: [&str; 2] = [
    "policySets[0].spec.policies[0].match.resourceRules[0].apiVersions={v2},policySets[0].spec.policies[0].match.resourceRules[0].apiGroups={autoscaling},policySets[0].spec.policies[0].match.resourceRules[0].operations={CREATE},policySets[0].spec.policies[0].match.resourceRules[0].resources={horizontalpodautoscalers},policySets[0].spec.policies[0].name=a,policySets[0].spec.policies[0].plugin.builtin=resource-limits,policySets[0].spec.policies[0].settings.fields[0].pointer=/spec/maxReplicas",
    "policySets[0].apiVersion=portcullis.dev/v1alpha1,policySets[0].kind=PolicySet,policySets[0].metadata.name=a,policySets[0].spec.policies[1].match.resourceRules[0].apiVersions={*},policySets[0].spec.policies[1].match.resourceRules[0].apiGroups={*},policySets[0].spec.policies[1].match.resourceRules[0].operations={CREATE},policySets[0].spec.policies[1].match.resourceRules[0].resources={secrets},policySets[0].spec.policies[1].name=b,policySets[0].spec.policies[1].plugin.builtin=resource-limits",
];

/// Values that must be refused, and the words that the refusal must hold.
const REFUSED: [(&[&str], &str); 19] = [
    // The second of these webhooks would get what the first one's version hides from it.
    (&["webhook.staged=false", TWO_VERSIONS[0], TWO_VERSIONS[1]], "policySets name different apiVersions"),
    (&["replica=1"], "additional properties 'replica' not allowed"),
    (&["image.repository="], "image.repository must be set"),
    (&["image.digest=sha256:1"], "/image/digest"),
    (&["runAsUser=0"], "/runAsUser"),
    (&["webhook.failurePolicy=Perhaps"], "/webhook/failurePolicy"),
    (&["webhook.path=/mutate"], "/webhook/path"),
    (&["certificate.source=existingSecret"], "certificate.existingSecret.name must be set"),
    (&["certificate.source=existingSecret", "certificate.existingSecret.name=a"], "caBundle must be given"),
    (&["clientAuthentication.names={a}"], "needs clientAuthentication.configMap"),
    (&["existingPolicySets=a"], "webhook.rules must be given"),
    (&["policySets[0].kind=ConfigMap"], "/policySets/0"),
    (&["webhook.extraExcludedNamespaces={A}"], "/webhook/extraExcludedNamespaces/0"),
    (&["monitoring.podMonitor.interval=often"], "/monitoring/podMonitor/interval"),
    (&["networkPolicy.webhookFrom={10.0.0.1}"], "/networkPolicy/webhookFrom/0"),
    (&["breaker.rest=0s"], "/breaker/rest"),
    (&["breaker.rest=24h"], "/breaker/rest"),
    (&["maxReviewTime=0s"], "/maxReviewTime"),
    (&["maxReviewTime=61m"], "/maxReviewTime"),
];

/// Writes what is made from other files, and checks everything; without Go, only says so.
pub fn run(workspace: &Workspace, product: &Path) -> Result<()> {
    let root = workspace.root();
    for (from, to) in COPIED {
        write(&root.join(to), &read(&root.join(from))?)?;
    }
    let Some(helm) = Helm::find(workspace)? else { bail!("{}", tools::NO_GO) };
    write(&root.join(REGISTRATION), &registration(product, root, &[])?)?;
    write(&root.join(EXCLUSIONS), &registration(product, root, &["--policies", EVERYTHING])?)?;
    for (path, text) in helm.manifests()? {
        write(&root.join(path), &text)?;
    }
    check_with(&helm, root, product)
}

/// Checks that made files are fresh, and the chart with all its values; says whether it could.
pub fn check(workspace: &Workspace, product: &Path) -> Result<bool> {
    let Some(helm) = Helm::find(workspace)? else { return Ok(false) };
    let root = workspace.root();
    for (path, policies) in [(REGISTRATION, &[][..]), (EXCLUSIONS, &["--policies", EVERYTHING])] {
        let made = registration(product, root, policies)?;
        ensure!(read(&root.join(path)).ok() == Some(made), "{path} is not fresh: {STALE}");
    }
    for (path, text) in helm.manifests()? {
        ensure!(read(&root.join(&path)).ok().as_ref() == Some(&text), "{} is not fresh: {STALE}", path.display());
    }
    check_with(&helm, root, product)?;
    Ok(true)
}

const STALE: &str = "`cargo xtask chart` makes it again";

/// Lints, renders and judges with every file of values, and tries what must be refused.
fn check_with(helm: &Helm, root: &Path, product: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(root.join(VALUES)).with_context(|| format!("cannot read {VALUES}"))? {
        files.push(entry?.path());
    }
    files.sort();
    ensure!(files.len() >= 3, "{VALUES} holds no values");
    for values in &files {
        helm.lint(values)?;
        let rendered = helm.render(values, &[])?;
        let name = values.file_name().unwrap_or_default().to_string_lossy();
        judge(product, root, &name, &rendered)?;
    }
    excludes_its_own_access(helm, root, product)?;
    for (settings, words) in REFUSED {
        helm.refuses(settings, words)?;
    }
    println!("{} files of values linted, rendered and allowed; {} settings refused", files.len(), REFUSED.len());
    Ok(())
}

/// What is left out of a registration goes by the name of the release, as the product does it.
fn excludes_its_own_access(helm: &Helm, root: &Path, product: &Path) -> Result<()> {
    let (values, service) = RENAMED;
    let printed = registration(product, root, &["--policies", EVERYTHING, "--service", service])?;
    // Both are YAML, quoted in different ways.
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !"'\"\\".contains(*c)).collect::<String>();
    let own = printed.lines().skip_while(|line| !line.contains("not-its-own-access")).nth(1);
    let own = bare(own.context("`webhook-config` leaves out no access of its own")?);
    let rendered = helm.render(&root.join(values), &[])?;
    // Its sets ask for every kind, with plugins that find nothing but in workloads.
    let registration = documents(&rendered).into_iter().find(|text| text.contains("\n  rules:\n"));
    let rules = registration.and_then(|text| text.split_once("\n  rules:\n")).context("no registration")?.1;
    let (resources, all) = (rules.split("resources:\n").skip(1), ["- '*'", "- '*/*'", "- '*/scale'"]);
    let mut first = resources.filter_map(|rest| rest.lines().next());
    ensure!(
        !first.any(|line| all.contains(&line.trim())),
        "{values} registers kinds in which no policy could find anything"
    );
    let rendered = bare(&rendered);
    ensure!(
        own.contains("==gate") && rendered.contains(&own),
        "{values} renders another `not-its-own-access` than {own}"
    );
    Ok(())
}

/// What the product prints for policy sets, whatever this machine has in its environment.
fn registration(product: &Path, root: &Path, arguments: &[&str]) -> Result<String> {
    let mut print = Command::new(product);
    let text = command::text(print.arg("webhook-config").args(arguments).current_dir(root).env_clear())?;
    ensure!(text.contains("\nkind: ValidatingWebhookConfiguration\n"), "`webhook-config` prints no registration");
    Ok(text + "\n")
}

/// The product's own verdict on what will run it.
fn judge(product: &Path, root: &Path, name: &str, rendered: &str) -> Result<()> {
    let mut check = Command::new(product);
    check.current_dir(root).args(["check", "--mode", "compliance", "--policies", JUDGED_BY, "-"]);
    let output = command::piped(&mut check, rendered.as_bytes())?;
    let report = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "what the chart renders with {name} is not allowed by {JUDGED_BY}:\n{report}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let verdict = report.lines().rfind(|line| line.starts_with("allowed ")).context("no verdict in the report")?;
    println!("{name}: {verdict}");
    Ok(())
}

/// Helm, and the chart that it is asked about.
struct Helm {
    program: PathBuf,
    root: PathBuf,
}

impl Helm {
    fn find(workspace: &Workspace) -> Result<Option<Self>> {
        Ok(tools::helm()?.map(|program| Self { program, root: workspace.root().to_owned() }))
    }

    /// Helm without what a person may have configured it to do.
    fn command(&self) -> Command {
        let mut helm = Command::new(&self.program);
        helm.current_dir(&self.root).env_remove("KUBECONFIG").env("HELM_PLUGINS", "/nonexistent").stdin(Stdio::null());
        helm
    }

    fn lint(&self, values: &Path) -> Result<()> {
        command::text(self.command().args(["lint", "--strict", "--quiet", CHART, "--values"]).arg(values))
            .with_context(|| format!("the chart is not sound with {}", values.display()))?;
        Ok(())
    }

    fn template(&self, values: &Path, settings: &[&str]) -> Command {
        let mut helm = self.command();
        helm.args(["template", "portcullis", CHART, "--namespace", NAMESPACE, "--values"]).arg(values);
        for setting in settings {
            helm.args(["--set", setting]);
        }
        helm
    }

    fn render(&self, values: &Path, settings: &[&str]) -> Result<String> {
        let rendered = command::text(&mut self.template(values, settings))?;
        ensure!(rendered.contains("kind: Deployment"), "{} renders no Deployment", values.display());
        Ok(rendered)
    }

    fn refuses(&self, settings: &[&str], words: &str) -> Result<()> {
        let values = Path::new(VALUES).join("generated.yaml");
        let mut helm = self.template(&values, settings);
        let output = helm.output().with_context(|| format!("cannot start `{}`", command::shown(&helm)))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "the chart takes `--set {}`", settings.join(" --set "));
        ensure!(complaint.contains(words), "`--set {}` is refused without `{words}`: {complaint}", settings.join(" "));
        Ok(())
    }

    /// The files of `deploy/manifests`: the registration stands alone, because it comes last and needs a CA.
    fn manifests(&self) -> Result<[(PathBuf, String); 2]> {
        // Hooks are Helm's: nobody else would run them.
        let mut template = self.template(&Path::new(VALUES).join(MANIFEST_VALUES), &[]);
        let rendered = command::text(template.arg("--no-hooks"))?;
        let (registration, rest): (Vec<&str>, Vec<&str>) = documents(&rendered)
            .into_iter()
            .partition(|text| text.contains("\nkind: ValidatingWebhookConfiguration\n"));
        ensure!(registration.len() == 1 && rest.len() > 5, "the chart renders other objects than expected");
        // Who pipes `helm template` into kubectl applies hooks as well: an empty registration of the same name would win.
        let with_hooks = command::text(&mut self.template(&Path::new(VALUES).join(MANIFEST_VALUES), &[]))?;
        let registrations = with_hooks.matches("\nkind: ValidatingWebhookConfiguration\n").count();
        ensure!(registrations == 1, "`helm template` renders {registrations} registrations of one name");
        let folder = Path::new(MANIFESTS);
        Ok([(folder.join("portcullis.yaml"), manifest(&rest)), (folder.join("webhook.yaml"), manifest(&registration))])
    }
}

/// The documents of what Helm prints, in its order, which is that of installing them.
fn documents(rendered: &str) -> Vec<&str> {
    rendered.split("---\n").map(str::trim).filter(|document| document.contains("\nkind: ")).collect()
}

/// One file of documents, without the words of Helm.
fn manifest(documents: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for document in documents {
        text.push_str("---\n");
        for line in document.lines().filter(|line| !is_of_helm(line)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn is_of_helm(line: &str) -> bool {
    line.starts_with("# Source: ") || OF_HELM.iter().any(|label| line.trim_start().starts_with(label))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_documents_and_drops_the_words_of_helm() {
        let rendered = "---\n# Source: a.yaml\napiVersion: v1\nkind: A\nmetadata:\n  labels:\n    helm.sh/chart: x\n    a: b\n\n---\n\n---\n# Source: b\n";
        let documents = documents(rendered);
        assert_eq!(documents.len(), 1, "{documents:?}");
        let text = manifest(&documents);
        assert_eq!(text, format!("{HEADER}---\napiVersion: v1\nkind: A\nmetadata:\n  labels:\n    a: b\n"));
    }
}

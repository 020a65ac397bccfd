//! What runs Portcullis: rights, registration, pipelines, and documents that say what is there.

#![expect(clippy::panic, reason = "a test that cannot read what it judges has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{NodeId, Source};
use portcullis_tests::{Folder, binary, portcullis, root};
use serde_json::Value;

/// Every document of a YAML file, read as kubectl reads it.
fn yaml(path: &str) -> Vec<Value> {
    let text = text(path);
    let source = Source::new(path, text);
    let documents = read_yaml(&source, &ReadLimits::default()).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!documents.is_empty(), "{path} is empty");
    documents.iter().map(|one| serde_json::from_str(&one.to_json(NodeId::ROOT)).expect("JSON")).collect()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The only object of a kind in the manifests.
fn object(kind: &str) -> Value {
    let mut found = yaml("deploy/manifests/portcullis.yaml");
    found.extend(yaml("deploy/manifests/webhook.yaml"));
    found.retain(|object| object["kind"] == kind);
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0)
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|word| word.as_str().expect("a text")).collect()
}

#[test]
fn runs_with_no_right_on_its_node() {
    let pod = &object("Deployment")["spec"]["template"]["spec"];
    for (field, expected) in
        [("runAsNonRoot", Value::from(true)), ("runAsUser", 65532.into()), ("runAsGroup", 65532.into())]
    {
        assert_eq!(pod["securityContext"][field], expected, "{field}");
    }
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let containers = pod["containers"].as_array().expect("containers");
    assert_eq!(containers.len(), 1);
    let context = &containers[0]["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["privileged"], false);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(strings(&context["capabilities"]["drop"]), ["ALL"]);
    for absent in ["hostNetwork", "hostPID", "hostIPC", "hostUsers", "initContainers", "shareProcessNamespace"] {
        assert!(pod[absent].is_null(), "{absent}");
    }
    for volume in pod["volumes"].as_array().expect("volumes") {
        assert!(volume["hostPath"].is_null(), "{volume}");
        assert!(volume["emptyDir"].is_null() || volume["emptyDir"]["sizeLimit"].is_string(), "{volume}");
    }
    for mount in containers[0]["volumeMounts"].as_array().expect("mounts") {
        assert!(mount["subPath"].is_null(), "a mount by subPath never changes: {mount}");
        assert!(mount["readOnly"] == true || mount["name"] == "cache", "{mount}");
    }
    assert!(containers[0]["image"].as_str().expect("an image").contains("@sha256:"));
}

#[test]
fn reads_namespaces_and_nothing_else_of_the_cluster() {
    let role = object("ClusterRole");
    assert_eq!(
        role["rules"],
        serde_json::json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]}])
    );
    let binding = object("ClusterRoleBinding");
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
    let account = object("ServiceAccount");
    assert_eq!(account["automountServiceAccountToken"], false);
    assert_eq!(binding["subjects"][0]["name"], account["metadata"]["name"]);
    assert_eq!(object("Deployment")["spec"]["template"]["spec"]["serviceAccountName"], account["metadata"]["name"]);
}

#[test]
fn keeps_answering_while_pods_come_and_go() {
    let deployment = object("Deployment");
    let spec = &deployment["spec"];
    assert!(spec["replicas"].as_u64() >= Some(2));
    assert_eq!(spec["strategy"]["rollingUpdate"]["maxUnavailable"], 0);
    assert_eq!(object("PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
    let pod = &spec["template"]["spec"];
    let container = &pod["containers"][0];
    for (probe, path) in [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!(container[probe]["httpGet"]["path"], path, "{probe}");
        assert_eq!(container[probe]["httpGet"]["port"], "ops", "{probe}");
    }
    let arguments = strings(&container["args"]);
    let drain = arguments.iter().find_map(|one| one.strip_prefix("--drain=")?.strip_suffix('s')).expect("a drain");
    let drain: u64 = drain.parse().expect("seconds");
    let before = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().expect("seconds");
    let grace = pod["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    assert!(grace > before + drain, "{grace} s are not enough for {before} s and {drain} s");
    let selector = &spec["selector"]["matchLabels"];
    for object in [
        object("Service")["spec"]["selector"].clone(),
        object("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].clone(),
        object("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].clone(),
    ] {
        assert_eq!(&object, selector);
    }
    let service = &object("Service")["spec"]["ports"][0];
    let port = container["ports"].as_array().expect("ports").iter().find(|port| port["name"] == service["targetPort"]);
    let port = port.expect("the port that the Service names")["containerPort"].to_string();
    assert!(arguments.iter().any(|one| one.starts_with("--listen=") && one.ends_with(&format!(":{port}"))));
}

/// Every `--flag` in the help of a command.
fn flags(command: &str) -> BTreeSet<String> {
    let help = portcullis(&root(), &[command, "--help"]);
    assert_eq!(help.status, 0, "{help:?}");
    let words = help.out.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

#[test]
fn starts_the_process_with_flags_that_it_has() {
    let known = flags("serve");
    let template = text("deploy/chart/templates/_arguments.tpl");
    let mut used = 0;
    for line in template.lines().filter_map(|line| line.strip_prefix("- --")) {
        let flag = format!("--{}", line.split(['=', ' ']).next().unwrap_or_default());
        assert!(known.contains(&flag), "`portcullis serve` has no {flag}");
        used += 1;
    }
    assert!(used > 5, "the template was not read");
}

#[test]
fn registers_what_the_product_prints() {
    let ours = object("ValidatingWebhookConfiguration");
    let namespace = object("Deployment")["metadata"]["namespace"].as_str().expect("a namespace").to_owned();
    let folder = Folder::new("registration");
    let answer = portcullis(folder.path(), &["webhook-config", "--own-namespace", &namespace]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let source = Source::new("webhook-config", answer.out);
    let printed = read_yaml(&source, &ReadLimits::default()).expect("YAML");
    let printed: Value = serde_json::from_str(&printed[0].to_json(NodeId::ROOT)).expect("JSON");
    assert_eq!(ours["metadata"]["name"], printed["metadata"]["name"]);
    let set = printed["metadata"]["annotations"]["portcullis.dev/policy-sets"].as_str().expect("the sets it is for");
    let file = "deploy/chart/files/registration.yaml";
    let kept = std::fs::read_to_string(root().join(file)).expect("the file of the chart");
    assert!(kept.contains(set), "{file} is not about {set}: `cargo xtask chart` makes it again");
    let (ours, printed) = (&ours["webhooks"], &printed["webhooks"]);
    assert_eq!(ours.as_array().map(Vec::len), printed.as_array().map(Vec::len));
    let fields =
        ["name", "rules", "matchConditions", "namespaceSelector", "failurePolicy", "matchPolicy", "sideEffects"];
    for field in fields.into_iter().chain(["timeoutSeconds", "admissionReviewVersions"]) {
        assert_eq!(ours[0][field], printed[0][field], "{field}");
    }
    assert_eq!(ours[0]["clientConfig"]["service"], printed[0]["clientConfig"]["service"]);
}

#[test]
fn leaves_out_what_the_product_leaves_out_of_sets_that_ask_for_everything() {
    let printed = portcullis(&root(), &["webhook-config", "--policies", "deploy/chart/files/everything.yaml"]);
    assert_eq!(printed.status, 0, "{printed:?}");
    let printed = read_yaml(&Source::new("webhook-config", printed.out), &ReadLimits::default()).expect("YAML");
    let printed: Value = serde_json::from_str(&printed[0].to_json(NodeId::ROOT)).expect("JSON");
    let ours = yaml("deploy/chart/files/exclusions.yaml").remove(0);
    assert_eq!(ours["webhooks"][0]["matchConditions"], printed["webhooks"][0]["matchConditions"]);
    let own = ours["webhooks"][0]["matchConditions"].as_array().expect("conditions").iter();
    let own = own.filter(|one| one["name"] == "not-its-own-access").collect::<Vec<_>>();
    assert_eq!(own.len(), 1);
    // The chart puts the name of its release there.
    assert!(own[0]["expression"].as_str().expect("CEL").contains("== 'portcullis'"), "{own:?}");
}

#[test]
fn tries_new_sets_with_flags_that_the_product_has() {
    let known = flags("webhook-config");
    let template = text("deploy/chart/templates/trial.yaml");
    let used: Vec<&str> = template.lines().filter_map(|line| line.trim_start().strip_prefix("- --")).collect();
    assert!(used.contains(&"try") && used.len() > 3, "{used:?}");
    for flag in used {
        let flag = format!("--{}", flag.split('=').next().unwrap_or_default());
        assert!(known.contains(&flag), "`portcullis webhook-config` has no {flag}");
    }
}

/// The blocks of a page in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in page.lines() {
        let bare = line.trim_start();
        block = match block {
            None if bare == format!("```{language}") => Some(String::new()),
            Some(text) if bare == "```" => {
                found.push(text);
                None
            }
            Some(text) => Some(text + line + "\n"),
            None => None,
        };
    }
    found
}

#[test]
fn advises_commands_and_values_that_exist() {
    let page = text("deploy/README.md");
    for heading in [
        "Dry run first",
        "Audit what runs already",
        "Register in steps",
        "Upgrade",
        "After a change of policy sets",
        "Certificates",
        "Uninstall",
        "Who may do what",
        "Mutual TLS",
        "Break-glass",
        "Troubleshooting",
    ] {
        assert!(page.contains(&format!("\n### {heading}\n")), "no heading `{heading}`");
    }
    for block in blocks(&page, "yaml") {
        let read = read_yaml(&Source::new("deploy/README.md", block.clone()), &ReadLimits::default());
        assert!(read.is_ok_and(|documents| !documents.is_empty()), "{block}");
    }
    let values = yaml("deploy/chart/values.yaml").remove(0);
    let (mut set, mut called) = (0, 0);
    for block in blocks(&page, "sh") {
        for part in block.split("--set ").skip(1) {
            let path = part.split('=').next().unwrap_or_default();
            let found = path.split('.').try_fold(&values, |value, name| value.get(name));
            assert!(found.is_some(), "`--set {path}` of deploy/README.md is no value of the chart");
            set += 1;
        }
        for command in ["check", "webhook-config"] {
            let known = flags(command);
            for call in block.split(&format!("portcullis {command} ")).skip(1) {
                let call = call.split(['\n', '|']).next().unwrap_or_default();
                for flag in call.split_whitespace().filter(|word| word.starts_with("--")) {
                    assert!(known.contains(flag), "`portcullis {command}` has no {flag}");
                    called += 1;
                }
            }
        }
    }
    assert!(set > 5 && called > 3, "{set} {called}");
}

/// The paths of everything that can be set: `image.tag`, and so on.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value.as_object().filter(|fields| !fields.is_empty()) {
        None => found.push(path.to_owned()),
        Some(fields) => {
            for (name, value) in fields {
                leaves(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
    }
}

#[test]
fn documents_every_value_of_the_chart_and_refuses_others() {
    let values = yaml("deploy/chart/values.yaml").remove(0);
    let readme = text("deploy/chart/README.md");
    let rows: Vec<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(path, _)| path).collect();
    let mut found = Vec::new();
    leaves(&values, "", &mut found);
    assert!(found.len() > 50, "{found:?}");
    for path in &found {
        let documented = rows.iter().any(|row| path == row || path.starts_with(&format!("{row}.")));
        assert!(documented, "deploy/chart/README.md does not say what `{path}` is");
    }
    let schema: Value = serde_json::from_str(&text("deploy/chart/values.schema.json")).expect("JSON");
    // The first table is that of certificates.
    for row in rows.iter().filter(|row| !["generated", "existingSecret", "certManager"].contains(row)) {
        let (mut value, mut known) = (&values, &schema);
        for name in row.split('.') {
            assert_eq!(known["additionalProperties"], false, "`{row}`: the schema takes anything");
            (value, known) = (&value[name], &known["properties"][name]);
            assert!(!value.is_null() && !known.is_null(), "`{row}` is documented and does not exist");
        }
    }
}

#[test]
fn calls_the_check_in_pipelines_with_flags_that_it_has() {
    let known = flags("check");
    let mut used = BTreeSet::new();
    for path in ["deploy/ci/github/action.yml", "deploy/ci/gitlab/portcullis.yml", ".pre-commit-hooks.yaml"] {
        let text = text(path);
        yaml(path);
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words = code.flat_map(|line| line.split(|c: char| !(c.is_ascii_lowercase() || c == '-')));
        used.extend(words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned));
    }
    assert!(used.len() > 5, "{used:?}");
    for flag in used {
        assert!(known.contains(&flag), "`portcullis check` has no {flag}");
    }
}

/// The action's only step.
fn step() -> Value {
    let action = yaml("deploy/ci/github/action.yml").remove(0);
    let steps = action["runs"]["steps"].as_array().expect("steps").clone();
    assert_eq!(steps.len(), 1);
    assert!(steps[0]["uses"].is_null(), "an action of somebody else must be pinned by commit");
    for (name, value) in steps[0]["env"].as_object().expect("variables") {
        let input = name.trim_start_matches("INPUT_").to_lowercase().replace('_', "-");
        assert_eq!(value, &format!("${{{{ inputs.{input} }}}}"), "{name}");
        assert!(action["inputs"][&input].is_object(), "{input}");
    }
    steps[0].clone()
}

/// Runs a script as a runner of pipelines does; nothing where there is no such shell.
fn script(shell: &str, script: &str, folder: &Path, variables: &[(&str, &str)]) -> Option<(i32, String)> {
    let mut command = Command::new(shell);
    command.arg("-c").arg(script).current_dir(folder).env_clear();
    // Under its own name, whatever the file is called that was built.
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    let _ = std::os::unix::fs::symlink(binary(), bin.join("portcullis"));
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("PORTCULLIS_CACHE_DIR", folder.join("cache"));
    command.envs(variables.iter().copied());
    let Ok(output) = command.output() else {
        println!("SKIPPED: there is no {shell} to run a pipeline's script with");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned()))
}

const DENIED: &str = "policies/examples/why-is-my-deployment-denied.yaml";
const ALLOWED: &str = "policies/examples/what-does-a-clean-deployment-look-like.yaml";

#[test]
fn judges_as_a_github_action_and_obeys_no_input() {
    let step = step();
    let run = step["run"].as_str().expect("a script");
    assert!(!run.contains("${{"), "an input would become text of the script");
    let folder = Folder::new("action");
    folder.write("denied.yaml", text(DENIED));
    folder.write("a b/allowed.yaml", text(ALLOWED));
    let judge = |changed: &[(&str, &str)]| {
        let output = folder.write("output", "");
        let mut variables: Vec<(&str, &str)> =
            step["env"].as_object().expect("variables").keys().map(|name| (name.as_str(), "")).collect();
        let output = output.display().to_string();
        variables.extend([
            ("INPUT_SARIF", "portcullis.sarif"),
            ("INPUT_PORTCULLIS", "portcullis"),
            ("GITHUB_OUTPUT", &output),
            ("GITHUB_STEP_SUMMARY", "summary.md"),
        ]);
        variables.extend_from_slice(changed);
        let (status, said) = script("bash", run, folder.path(), &variables)?;
        assert!(!folder.path().join("obeyed").exists(), "{changed:?} was obeyed: {said}");
        Some((status, said, std::fs::read_to_string(&output).expect("the outputs")))
    };
    let Some((status, said, outputs)) = judge(&[("INPUT_PATHS", "denied.yaml\n")]) else { return };
    assert_eq!((status, outputs.as_str()), (1, "exit-status=1\nsarif=portcullis.sarif\n"), "{said}");
    let sarif = std::fs::read_to_string(folder.path().join("portcullis.sarif")).expect("SARIF");
    assert!(sarif.contains("resource-limits/cpu-limit-max"));
    assert!(said.contains("\n::error file=denied.yaml,line=16,"), "annotations: {said}");
    let summary = std::fs::read_to_string(folder.path().join("summary.md")).expect("a summary of the job");
    assert!(summary.starts_with("## ❌ Portcullis: denied\n"), "{summary}");
    let (status, said, _) = judge(&[("INPUT_PATHS", "denied.yaml"), ("INPUT_MODE", "sandbox")]).expect("bash");
    assert_eq!(status, 0, "{said}");
    let (status, said, _) = judge(&[("INPUT_PATHS", " \n ")]).expect("bash");
    assert_eq!(status, 2, "{said}");
    // A change that brings its own settings weakens nothing, unless the workflow says that they hold.
    let mild = "apiVersion: portcullis.dev/v1alpha1\nkind: CheckConfig\nmode: sandbox\n";
    let mild = folder.write("portcullis.yaml", mild);
    let unpinned = [("INPUT_PATHS", "denied.yaml"), ("INPUT_MODE", "")];
    assert_eq!(judge(&unpinned).expect("bash").0, 1);
    let (status, said, _) = judge(&[&unpinned[..], &[("INPUT_CONFIG", "portcullis.yaml")]].concat()).expect("bash");
    assert_eq!(status, 0, "{said}");
    std::fs::remove_file(mild).expect("the file goes");
    for hostile in [
        "$(touch obeyed)",
        "`touch obeyed`",
        "denied.yaml; touch obeyed",
        "\"; touch obeyed; \"",
        "--output=obeyed",
        "*",
    ] {
        let (status, said, _) = judge(&[("INPUT_PATHS", hostile)]).expect("bash");
        assert_eq!(status, 2, "{hostile}: {said}");
        for input in [
            "INPUT_POLICIES",
            "INPUT_MODE",
            "INPUT_WAIVERS",
            "INPUT_NAMESPACE_LABELS",
            "INPUT_API_RESOURCES",
            "INPUT_CONFIG",
        ] {
            let (status, said, _) = judge(&[("INPUT_PATHS", "denied.yaml"), (input, hostile)]).expect("bash");
            assert_eq!(status, 2, "{input}={hostile}: {said}");
        }
    }
    let two_lines = "x.sarif\nexit-status=0";
    let (_, said, outputs) = judge(&[("INPUT_PATHS", "denied.yaml"), ("INPUT_SARIF", two_lines)]).expect("bash");
    assert!(!outputs.contains("exit-status=0"), "{outputs} {said}");
}

#[test]
fn judges_as_a_gitlab_job() {
    let job = yaml("deploy/ci/gitlab/portcullis.yml").remove(0)[".portcullis"].clone();
    let lines = strings(&job["script"]).join("\n");
    let folder = Folder::new("job");
    folder.write("denied.yaml", text(DENIED));
    folder.write("fine/allowed.yaml", text(ALLOWED));
    let variables: Vec<(&str, &str)> = job["variables"]
        .as_object()
        .expect("variables")
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
        .collect();
    // As a runner does: it stops at the first line that fails.
    let script_text = format!("set -e\n{lines}");
    let judge = |paths: &str| {
        let changed: Vec<(&str, &str)> = variables.iter().copied().chain([("PORTCULLIS_PATHS", paths)]).collect();
        script("sh", &script_text, folder.path(), &changed)
    };
    let Some((status, said)) = judge("fine") else { return };
    assert_eq!(status, 0, "{said}");
    for artifact in strings(&job["artifacts"]["paths"]) {
        assert!(folder.path().join(artifact).is_file(), "{artifact}: {said}");
    }
    for report in ["junit", "codequality"] {
        let file = job["artifacts"]["reports"][report].as_str().expect("a file");
        assert!(folder.path().join(file).is_file(), "{report}: {said}");
    }
    assert_eq!(judge("fine denied.yaml").expect("a shell").0, 1);
    assert_eq!(judge("*").expect("a shell").0, 2);
    assert_eq!(judge("$(touch obeyed)").expect("a shell").0, 2);
    assert!(!folder.path().join("obeyed").exists());
}

#[test]
fn names_the_hook_at_the_root_and_ends_its_flags_before_the_files() {
    let hook = yaml(".pre-commit-hooks.yaml").remove(0)[0].clone();
    assert_eq!(hook["id"], "portcullis");
    assert_eq!(hook["language"], "system");
    let arguments = strings(&hook["args"]);
    assert_eq!(arguments.last(), Some(&"--"), "a file called `-x.yaml` would be a flag");
    let folder = Folder::new("hook");
    folder.write("-x.yaml", text(DENIED));
    let entry = hook["entry"].as_str().expect("a command").split(' ').skip(1);
    let call: Vec<&str> = entry.chain(arguments).chain(["-x.yaml"]).collect();
    assert_eq!(portcullis(folder.path(), &call).status, 1);
}

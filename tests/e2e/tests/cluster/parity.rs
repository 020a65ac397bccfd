//! Both doors: what the webhook decided is what `check` decides, and a file gets what its object gets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portcullis_e2e::assets::root;
use portcullis_e2e::generate::object;
use portcullis_e2e::judge::{Finding, check, decisions, files, findings, ids, subject};
use portcullis_e2e::load::Seen;
use portcullis_e2e::plane::free_address;
use portcullis_e2e::webhook::{Plan, Webhook};
use serde_json::Value;

use crate::Case;
use crate::world::{LOOSE, STRICT, World, path_of};

pub const CASES: &[Case] = &[
    ("finds_in_a_file_what_it_finds_in_the_admitted_object", files_and_objects),
    ("decides_in_check_byte_for_byte_what_the_webhook_decided", records),
];

/// How many objects are generated.
const GENERATED: usize = 500;
/// How many differences the table shows.
const SHOWN: usize = 20;

fn records(world: &mut World) {
    // Stopped first: records are written behind the answers.
    if let Some(webhook) = world.webhook.take() {
        let ended = webhook.stop();
        world.table.row("SIGTERM to the webhook", "ends with status 0", &format!("{ended:?}"), ended.is_ok());
    }
    let (mut compared, mut dry, mut differ) = (0, 0, Vec::new());
    for (folder, versions) in world.recorded.clone() {
        let found: Vec<_> =
            versions.iter().map(|sets| ids(&check(world.plane.folder(), sets, &[folder.clone()], &[]))).collect();
        for path in files(&folder, "json") {
            let record: Value = serde_json::from_slice(&std::fs::read(&path).expect("a record")).expect("JSON");
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            dry += usize::from(record["review"]["request"]["dryRun"] == true);
            for decision in record["decisions"].as_array().into_iter().flatten() {
                compared += 1;
                let key = (name.clone(), decision["policySet"].as_str().unwrap_or_default().to_owned());
                if !found.iter().any(|ids| ids.get(&key).map(String::as_str) == decision["id"].as_str()) {
                    let other: Vec<_> = found.iter().map(|ids| ids.get(&key)).collect();
                    differ.push(format!("{name}: recorded {}, checked {other:?}", decision["id"]));
                }
            }
        }
    }
    let holds = differ.is_empty() && compared >= 500;
    let seen = format!(
        "{compared} compared ({dry} of dry runs), {} differ{}",
        differ.len(),
        differ.first().map(|first| format!("; first: {first}")).unwrap_or_default()
    );
    world.table.row(
        "every recorded review through `portcullis check`",
        "the same decision ids, byte for byte",
        &seen,
        holds,
    );
    if let (false, Some(folder)) = (holds, std::env::var_os("PORTCULLIS_E2E_KEEP")) {
        for (number, line) in differ.iter().take(5).enumerate() {
            let name = line.split(':').next().unwrap_or_default();
            for (records, _) in &world.recorded {
                let _ = std::fs::copy(records.join(name), Path::new(&folder).join(format!("{number}-{name}")));
            }
        }
    }
}

/// A webhook that only writes down what it sees.
fn observer(world: &mut World) -> (Webhook, PathBuf) {
    let folder = world.plane.folder().to_owned();
    let (policies, records) = (folder.join("observer"), folder.join("records-observer"));
    std::fs::create_dir_all(&policies).expect("a folder");
    std::fs::copy(root().join("tests/e2e/sets/observer.yaml"), policies.join("observer.yaml")).expect("the set");
    let plan = Plan {
        name: "observer".to_owned(),
        address: free_address(),
        ops: free_address(),
        policies: policies.clone(),
        records: Some(records.clone()),
        ..world.plan()
    };
    let webhook = Webhook::start(&world.plane, plan);
    world.door.turn(webhook.plan.address);
    world.door.cut();
    world.register(&policies, &[]);
    world.recorded.push((records.clone(), vec![policies]));
    std::thread::sleep(std::time::Duration::from_secs(2));
    (webhook, records)
}

/// What one manifest came to.
struct Compared {
    manifest: String,
    mode: &'static str,
    refused: Option<String>,
}

fn files_and_objects(world: &mut World) {
    for namespace in ["shop", "files-sandbox"] {
        world.namespace(namespace, Some(if namespace == "shop" { "compliance" } else { "sandbox" }));
    }
    let (webhook, records) = observer(world);
    let policies = webhook.plan.policies.clone();
    let work = world.plane.folder().join("manifests");
    std::fs::create_dir_all(&work).expect("a folder");
    let mut compared = Vec::new();
    let (mut from_files, mut from_cluster) = (BTreeMap::new(), BTreeMap::new());
    let mut seen_records = BTreeSet::new();
    for path in manifests() {
        let label = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        let said = world.kubectl.run(&["-n", "shop", "create", "--dry-run=server", "-f", &path.display().to_string()]);
        let refused = (!said.succeeded()).then(|| said.err.trim().to_owned());
        compared.push(Compared { manifest: label.clone(), mode: "compliance", refused });
        collect(
            &mut from_files,
            &label,
            &check(&work, &policies, std::slice::from_ref(&path), &["--mode", "compliance", "-n", "shop"]),
        );
        world.try_create("shop", &portcullis_e2e::objects::config_map("fence", 1));
        settle(&records, &mut seen_records, &label, &mut from_cluster, &work, &policies);
    }
    let mut refused_generated = 0;
    for number in 0..GENERATED {
        let object = object(number);
        let (namespace, mode) = if number % 2 == 0 { ("shop", "compliance") } else { ("files-sandbox", "sandbox") };
        let label = format!("generated/{number:03}.json");
        let path = work.join(format!("{number:03}.json"));
        std::fs::write(&path, object.to_string()).expect("a file");
        let seen = Seen::of(&world.client.post(&format!("{}?dryRun=All", path_of(namespace, &object)), &object));
        let refused = (!matches!(seen, Seen::Allowed | Seen::Warned)).then(|| format!("{seen:?}"));
        refused_generated += usize::from(refused.is_some());
        compared.push(Compared { manifest: label, mode, refused });
    }
    for (mode, odd) in [("compliance", 0), ("sandbox", 1)] {
        let some: Vec<PathBuf> = (0..GENERATED)
            .filter(|number| number % 2 == odd)
            .map(|number| work.join(format!("{number:03}.json")))
            .collect();
        let report =
            check(&work, &policies, &some, &["--mode", mode, "-n", if odd == 0 { "shop" } else { "files-sandbox" }]);
        for decision in decisions(&report) {
            let file = decision["subject"]["source"]["file"].as_str().unwrap_or_default();
            let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
            from_files.insert((format!("generated/{name}"), subject(decision)), findings(decision));
        }
    }
    webhook.stop().expect("the observer ends");
    settle(&records, &mut seen_records, "generated", &mut from_cluster, &work, &policies);
    tell(world, &compared, refused_generated, &from_files, &from_cluster);
    let home = world.plan().address;
    world.door.turn(home);
    world.door.cut();
    let policies = world.policies();
    world.register(&policies, &[]);
    let _ = (STRICT, LOOSE);
}

type Findings = BTreeMap<(String, String), Vec<Finding>>;

fn collect(into: &mut Findings, label: &str, report: &Value) {
    for decision in decisions(report) {
        into.insert((label.to_owned(), subject(decision)), findings(decision));
    }
}

/// Judges the records that are new; objects called `gNNN` are generated ones.
fn settle(
    records: &Path,
    seen: &mut BTreeSet<PathBuf>,
    label: &str,
    into: &mut Findings,
    work: &Path,
    policies: &Path,
) {
    if label != "generated" {
        // Written behind the answers: the fence, sent last, is there when all before it are.
        portcullis_e2e::guard::wait_for("the records", std::time::Duration::from_secs(10), || {
            let fence = |path: &PathBuf| {
                !seen.contains(path) && std::fs::read_to_string(path).unwrap_or_default().contains("\"fence\"")
            };
            if files(records, "json").iter().any(fence) { Ok(()) } else { Err("no record of the fence".to_owned()) }
        });
    }
    let new: Vec<PathBuf> = files(records, "json").into_iter().filter(|path| !seen.contains(path)).collect();
    seen.extend(new.iter().cloned());
    for decision in decisions(&check(work, policies, &new, &[])) {
        let (subject, found) = (subject(decision), findings(decision));
        let name = subject.rsplit(' ').next().unwrap_or_default();
        let label = match name.strip_prefix('g').filter(|number| label == "generated" && number.len() == 3) {
            Some(number) => format!("generated/{number}.json"),
            None => label.to_owned(),
        };
        if name != "fence" {
            into.insert((label, subject), found);
        }
    }
}

/// Every manifest of the repository that a person may read as an example.
fn manifests() -> Vec<PathBuf> {
    let folders = ["policies/examples", "plugins/resource-limits/cases", "plugins/image-reference/cases"];
    let all: Vec<PathBuf> = folders.iter().flat_map(|folder| files(&root().join(folder), "yaml")).collect();
    assert!(all.len() > 20, "{all:?}");
    all
}

fn tell(
    world: &mut World,
    compared: &[Compared],
    refused_generated: usize,
    from_files: &Findings,
    from_cluster: &Findings,
) {
    let (mut both, mut equal, mut reworded, mut differ) = (0, 0, 0, Vec::new());
    for (key, in_file) in from_files {
        let Some(in_object) = from_cluster.get(key) else { continue };
        both += 1;
        let codes = |findings: &[Finding]| -> BTreeSet<(String, String, String)> {
            findings.iter().map(|(code, _)| code.clone()).collect()
        };
        if codes(in_file) != codes(in_object) {
            let only = |one: &[Finding], other: &[Finding]| {
                one.iter()
                    .filter(|(code, _)| !codes(other).contains(code))
                    .map(|((policy, rule, pointer), message)| format!("{policy}/{rule} at {pointer}: {message}"))
                    .collect::<Vec<_>>()
                    .join("; ")
            };
            differ.push(format!(
                "- {} ({}): only in the file: [{}]; only at the API server: [{}]",
                key.0,
                key.1,
                only(in_file, in_object),
                only(in_object, in_file)
            ));
        } else if in_file == in_object {
            equal += 1;
        } else {
            reworded += 1;
        }
    }
    let refused: Vec<&Compared> = compared.iter().filter(|one| one.refused.is_some()).collect();
    let examples = compared.len() - GENERATED;
    let seen = format!(
        "{examples} manifests and {GENERATED} generated objects; {both} objects compared: {equal} equal to the word, {reworded} with the API server's spelling of a quantity, {} with other findings; refused by the API server itself: {} manifests, {refused_generated} generated",
        differ.len(),
        refused.len() - refused_generated
    );
    world.table.row(
        "files and the objects that the API server admits",
        "the same findings",
        &seen,
        differ.is_empty() && both > 400,
    );
    if !differ.is_empty() {
        world.table.note(&format!(
            "Other findings in the file than in the admitted object:\n\n{}",
            differ.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n")
        ));
    }
    let lines: Vec<String> = refused
        .iter()
        .filter(|one| !one.manifest.starts_with("generated"))
        .map(|one| format!("- `{}`: {}", one.manifest, first_line(one.refused.as_deref().unwrap_or_default())))
        .collect();
    if !lines.is_empty() {
        world.table.note(&format!(
            "Manifests (wholly or in part) that the API server itself refuses, so that no webhook sees them:\n\n{}",
            lines.join("\n")
        ));
    }
    if let Some(one) = refused.iter().find(|one| one.manifest.starts_with("generated")) {
        world.table.note(&format!(
            "First generated object that the API server refuses: {} ({}): {}",
            one.manifest,
            one.mode,
            first_line(one.refused.as_deref().unwrap_or_default())
        ));
    }
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.is_empty()).unwrap_or_default().chars().take(160).collect()
}

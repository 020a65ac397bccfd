//! Both doors: what the webhook decided is what `check` decides, and a file gets what its object gets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portcullis_e2e::assets::root;
use portcullis_e2e::generate::object;
use portcullis_e2e::judge::{Finding, check, decisions, files, findings, ids, subject};
use portcullis_e2e::load::Seen;
use portcullis_e2e::objects::Limits;
use portcullis_e2e::plane::free_address;
use portcullis_e2e::webhook::{Plan, Webhook};
use serde_json::Value;

use crate::Case;
use crate::world::{World, path_of};

pub const CASES: &[Case] = cases![
    finds_in_a_file_what_it_finds_in_the_admitted_object,
    decides_in_check_byte_for_byte_what_the_webhook_decided,
];

/// How many objects are generated.
const GENERATED: usize = 500;
/// How many differences of one cause the table shows.
const SHOWN: usize = 4;

fn decides_in_check_byte_for_byte_what_the_webhook_decided(world: &mut World) {
    // Stopped first: records are written behind the answers.
    if let Some(webhook) = world.webhook.take() {
        let ended = webhook.stop();
        world.table.row("SIGTERM to the webhook", "ends with status 0", &format!("{ended:?}"), ended.is_ok());
    }
    let (mut compared, mut dry, mut differ) = (0, 0, Vec::new());
    for (folder, versions) in world.recorded.clone() {
        let found: Vec<_> = versions
            .iter()
            .map(|sets| ids(&check(world.plane.folder(), sets, std::slice::from_ref(&folder), &[])))
            .collect();
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

fn finds_in_a_file_what_it_finds_in_the_admitted_object(world: &mut World) {
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
        world.try_create("shop", &portcullis_e2e::objects::pod("fence", Limits::Good));
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
    let (mut both, mut equal, mut reworded, mut verdicts) = (0, 0, 0, 0);
    let mut causes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, in_file) in from_files {
        let Some(in_object) = from_cluster.get(key) else { continue };
        both += 1;
        let mut all = differences(in_file, in_object);
        match all.is_empty() {
            true if in_file == in_object => equal += 1,
            true => reworded += 1,
            false => verdicts += usize::from(policies(in_file) != policies(in_object)),
        }
        all.dedup_by_key(|(cause, _)| *cause);
        for (cause, text) in all {
            let other = if policies(in_file) == policies(in_object) { "" } else { "ANOTHER VERDICT: " };
            causes.entry(cause).or_default().push(format!("{other}{} ({}): {text}", key.0, key.1));
        }
    }
    let refused: Vec<&Compared> = compared.iter().filter(|one| one.refused.is_some()).collect();
    let seen = format!(
        "{} manifests and {GENERATED} generated; {both} objects compared: {equal} equal to the word, {reworded} in other \
         spellings of quantities, {} with other findings, {verdicts} of them with another verdict; refused by the API \
         server itself: {} manifests, {refused_generated} generated",
        compared.len() - GENERATED,
        both - equal - reworded,
        refused.len() - refused_generated
    );
    let expected = "no other verdict; every other finding has a known cause";
    let holds = verdicts == 0 && !causes.contains_key(UNKNOWN) && both > 400;
    world.table.row("files and the objects that the API server admits", expected, &seen, holds);
    if !causes.is_empty() {
        let shown = |all: &[String]| all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(" // ");
        let line = |(cause, all): (&&str, &Vec<String>)| format!("- {cause}: {} objects. {}", all.len(), shown(all));
        let lines = causes.iter().map(line).collect::<Vec<_>>().join("\n");
        world.table.note(&format!("Findings that differ between a file and the admitted object, by cause:\n\n{lines}"));
    }
    let line = |one: &&Compared| {
        format!("- `{}` ({}): {}", one.manifest, one.mode, first_words(one.refused.as_deref().unwrap_or_default()))
    };
    if !refused.is_empty() {
        let lines = refused.iter().map(line).collect::<Vec<_>>().join("\n");
        world
            .table
            .note(&format!("Refused, wholly or in part, by the API server itself: no webhook sees it.\n\n{lines}"));
    }
}

/// Which policies find something: each of them would deny.
fn policies(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|((policy, _, _), _)| policy.as_str()).collect()
}

/// A cause that nobody knows yet fails the run.
const UNKNOWN: &str = "UNKNOWN";

/// What one side finds and the other does not, each with its cause.
fn differences(in_file: &[Finding], in_object: &[Finding]) -> Vec<(&'static str, String)> {
    let codes = |findings: &[Finding]| findings.iter().map(|(code, _)| code.clone()).collect::<BTreeSet<_>>();
    let (file, object) = (codes(in_file), codes(in_object));
    let only = |side: &str, findings: &[Finding], other: &BTreeSet<(String, String, String)>| {
        let lone = findings.iter().filter(|(code, _)| !other.contains(code));
        lone.map(|((policy, rule, pointer), message)| {
            let has = |rule: &str| other.iter().any(|(_, its, _)| its == rule);
            (cause(rule, &has), format!("only {side}: {policy}/{rule} at {pointer}: {message}"))
        })
        .collect::<Vec<_>>()
    };
    let mut all = only("in the file", in_file, &object);
    all.extend(only("at the API server", in_object, &file));
    all.sort();
    all
}

/// Why only one side finds this, where `has` says which rules the other side has.
fn cause(rule: &str, has: &dyn Fn(&str) -> bool) -> &'static str {
    let of_limit = rule.replace("-request-", "-limit-");
    if rule.contains("-request-") && has(&of_limit) {
        "the API server copies a limit to its request, and both are out of range: one finding more about one value"
    } else if rule.starts_with("total-") && has(rule) {
        "the API server writes `replicas: 1`, so the finding has a better place"
    } else {
        UNKNOWN
    }
}

fn first_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
}

//! The pages below `docs/` say what is so: of every command, of every plugin, and to somebody who comes from elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_tests::{Folder, files, portcullis, root};
use serde_json::Value;

/// Around the part of a page that a command makes.
const BEGIN: &str = "<!-- help -->\n```text\n";
const END: &str = "```\n<!-- /help -->\n";

/// Writes the pages anew instead of comparing them.
fn updating() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

/// What a command says of itself, and the commands below it.
fn help(command: &[String]) -> (String, Vec<String>) {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let answer = portcullis(&root(), &words);
    assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{words:?}");
    let listed =
        answer.out.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let name = |line: &str| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).map(str::to_owned);
    let names = listed.lines().filter_map(|line| name(line)?.split(' ').next().map(str::to_owned));
    (answer.out.clone(), names.filter(|name| name != "help").collect())
}

/// The help of every command that does something, by its name (`evidence show`).
fn helps() -> BTreeMap<String, String> {
    let mut helps = BTreeMap::new();
    let mut commands = vec![Vec::new()];
    while let Some(command) = commands.pop() {
        let (text, below) = help(&command);
        if below.is_empty() {
            helps.insert(command.join(" "), text);
        }
        commands.extend(below.into_iter().map(|name| [command.clone(), vec![name]].concat()));
    }
    helps
}

/// A page with this help in it; the rest of it is as it was.
fn page(name: &str, known: &str, help: &str) -> String {
    let made = format!("{BEGIN}{}\n{END}", help.trim_end());
    match known.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1))) {
        Some((before, after)) => format!("{before}{made}{after}"),
        None => format!("# portcullis {name}\n\n{made}"),
    }
}

#[test]
fn every_command_has_a_page_with_its_help() {
    let folder = root().join("docs/commands");
    let helps = helps();
    assert!(helps.len() >= 12, "{:?}", helps.keys());
    let path = |name: &str| folder.join(format!("{}.md", name.replace(' ', "-")));
    for (name, help) in &helps {
        let known = std::fs::read_to_string(path(name)).unwrap_or_default();
        let page = page(name, &known, help);
        if updating() {
            std::fs::write(path(name), &page).expect("the page can be written");
        }
        assert!(updating() || known == page, "{} is stale: UPDATE_SNAPSHOTS=1", path(name).display());
    }
    let pages = files(&folder, "md");
    let named = |page: &Path| helps.keys().any(|name| path(name) == page) || page.ends_with("README.md");
    let strangers: Vec<_> = pages.iter().filter(|page| !named(page)).collect();
    assert!(strangers.is_empty(), "pages of no command: {strangers:?}");
    let index = std::fs::read_to_string(folder.join("README.md")).expect("the list of the pages");
    for name in helps.keys() {
        let link = format!("({}.md)", name.replace(' ', "-"));
        assert!(index.contains(&link), "docs/commands/README.md does not name `{name}`: add {link}");
    }
}

/// The plugins inside the product.
fn builtins() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("plugins")).expect("the plugins").flatten().map(|entry| entry.path());
    let plugins = folders.filter(|folder| {
        folder.join("src/settings.schema.json").is_file()
            && folder.join("README.md").is_file()
            && !folder.ends_with("template")
    });
    let mut names: Vec<String> =
        plugins.filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

#[test]
fn every_plugin_has_a_page_made_of_what_it_says() {
    let folder = root().join("docs/plugins");
    let names = builtins();
    assert!(names.len() >= 7, "{names:?}");
    for name in &names {
        let answer = portcullis(&root(), &["plugin", "inspect", &format!("builtin:{name}"), "--format", "markdown"]);
        assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{name}");
        let path = folder.join(format!("{name}.md"));
        if updating() {
            std::fs::write(&path, &answer.out).expect("the page can be written");
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(known == answer.out, "{} is stale: UPDATE_SNAPSHOTS=1", path.display());
        let examples = blocks(&answer.out, "yaml");
        assert!(!examples.is_empty(), "{name} shows no example of its settings");
        for (_, example) in examples {
            takes(name, example);
        }
    }
    let pages: Vec<String> =
        files(&folder, "md").iter().filter_map(|page| Some(page.file_stem()?.to_string_lossy().into_owned())).collect();
    assert_eq!(pages, names, "pages of no plugin");
}

/// Loads a policy with these settings, as they stand on the page.
fn takes(plugin: &str, settings: &str) {
    let folder = Folder::new("page");
    let indented: String = settings.lines().map(|line| format!("      {line}\n")).collect();
    let facts = ["signature", "sbom", "sast"].into_iter().filter(|fact| *fact == plugin).collect::<Vec<_>>().join("");
    let names = ["release", "release-2026", "scanner", "security", "verifier"];
    for name in names {
        folder.write(&format!("{name}.pub"), rcgen::KeyPair::generate().expect("a key").public_key_pem());
    }
    let keys = names.map(|name| format!("{{name: {name}, file: {name}.pub}}")).join(", ");
    folder.write(
        "set.yaml",
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: page}}\nspec:\n  trust:\n  - name: release\n    keys: [{keys}]\n    root: {{builtin: sigstore}}\n  policies:\n  - name: page\n    plugin: {{builtin: {plugin}}}\n    grants: [{facts}]\n    match:\n      resourceRules: [{{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}}]\n    settings:\n{indented}"
        ),
    );
    folder.write("secret.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: nothing, namespace: shop}}\n");
    let answer = portcullis(folder.path(), &["check", "-p", "set.yaml", "secret.yaml"]);
    assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{plugin}:\n{settings}\n{answer:?}");
}

/// The blocks of a page in one language, and the first line of each.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<(&'a str, &'a str)> {
    let blocks =
        text.split(&format!("```{language}\n")).skip(1).filter_map(|rest| rest.split("```").next()).collect::<Vec<_>>();
    blocks.into_iter().map(|block| (block.lines().next().unwrap_or_default(), block)).collect()
}

#[test]
fn the_page_about_a_rule_of_ones_own_shows_rules_that_load() {
    let text = std::fs::read_to_string(root().join("docs/own-rule.md")).expect("the page");
    let rules = blocks(&text, "yaml");
    assert!(!rules.is_empty());
    rules.iter().for_each(|(_, rule)| takes("cel", rule));
}

#[test]
fn whoever_comes_from_elsewhere_finds_policies_that_do_what_they_say() {
    let text = std::fs::read_to_string(root().join("docs/coming-from.md")).expect("the page");
    let folder = Folder::new("coming-from");
    let mut judged = 0;
    for (first, block) in blocks(&text, "yaml") {
        if let Some(name) = first.strip_prefix("# ").filter(|name| name.ends_with(".yaml")) {
            folder.write(name, block);
        }
        let Some(rule) = first.strip_prefix("# denies bad.yaml by ") else {
            assert!(!block.contains("kind: PolicySet"), "a policy set without its rule:\n{block}");
            continue;
        };
        judged += 1;
        folder.write("set.yaml", block);
        let judge = |file: &str| {
            let answer =
                portcullis(folder.path(), &["check", "-f", "json", "-m", "compliance", "-p", "set.yaml", file]);
            let report: Value = serde_json::from_str(&answer.out).unwrap_or_default();
            let findings = report["decisions"][0]["findings"].as_array().cloned().unwrap_or_default();
            let rules = findings.iter().filter(|one| one["effect"] == "deny").map(|one| {
                let plugin = one["plugin"].as_str().and_then(|plugin| plugin.split('@').next()).unwrap_or_default();
                format!("{plugin}/{}", one["rule"].as_str().unwrap_or_default())
            });
            (answer.status, rules.collect::<Vec<_>>(), answer.err)
        };
        let (status, rules, err) = judge("bad.yaml");
        assert_eq!(status, 1, "{block}\n{err}");
        assert!(rules.iter().any(|found| found == rule), "{rules:?}\n{block}");
        assert_eq!(judge("good.yaml"), (0, Vec::new(), String::new()), "{block}");
    }
    assert!(judged >= 5, "{judged} policy sets");
}

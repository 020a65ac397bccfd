//! `check --explain`: what a rule, a plugin or a policy asks for, why, how to mend it, and which policies use it.

mod mend;
mod page;
mod policy;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use portcullis_check::exit::Exit;
use portcullis_gate::Sets;
use portcullis_model::{Mode, PluginSource as _, Severity};
use portcullis_policies::{LoadedSet, Waivers, by_distance, suggest};
use portcullis_report::plain;
use portcullis_runner::{Description, Plugin};

pub use self::page::Page;
use crate::args::CheckArguments;
use crate::builtins::BUILTINS;
use crate::output;
use crate::plugins::LocalPlugins;
use crate::sets;
use crate::wire::Works;
use crate::write;

/// How many names are suggested for one that nobody knows.
const SUGGESTED: usize = 3;
/// Columns of what is explained.
const WIDTH: usize = 100;
/// Columns of the words in front of it.
const MARGIN: usize = 12;

/// Explains a rule (`plugin/rule`, its id alone, or `policy/plugin/rule` as reports name a finding), a plugin or a policy.
///
/// # Errors
/// A name that nobody knows, with the nearest ones; policy sets that cannot be loaded.
pub fn run(name: &str, arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let works = Works::start(arguments.cache_dir.as_deref())?;
    let sets = what_is_there(&works, &arguments.policies)?;
    let plugins = plugins(&works, &sets)?;
    write::to_stdout(&text(name.trim(), &plugins, &sets)?)?;
    Ok(Exit::Allowed.into())
}

/// The sets without the policies whose plugin nobody can read: what they ask for cannot be told, and what others do can.
fn what_is_there(works: &Works, policies: &[PathBuf]) -> anyhow::Result<Sets> {
    let (mut loaded, _) = sets::load(policies, &[])?;
    let mut left = Vec::new();
    for LoadedSet { set, selectors, .. } in &mut loaded {
        let mut there = Vec::new();
        for policy in &set.policies {
            let missing = LocalPlugins.fetch(&policy.plugin).err();
            there.push(missing.is_none());
            left.extend(
                missing.map(|why| format!("nothing is told of the policy `{}/{}`: {why}", set.name, policy.name)),
            );
        }
        let mut kept = there.iter();
        selectors.retain(|_| kept.next() != Some(&false));
        let mut kept = there.iter();
        set.policies.retain(|_| kept.next() != Some(&false));
    }
    match works.install(loaded, Waivers::default()) {
        Ok(sets) => {
            left.iter().for_each(|note| output::note(note));
            Ok(sets)
        }
        // Of a set with all its policies the places are right.
        Err(_) if !left.is_empty() => works.install(sets::load(policies, &[])?.0, Waivers::default()),
        Err(error) => Err(error),
    }
}

/// Every plugin that a policy uses or that the binary carries, each digest once.
fn plugins(works: &Works, sets: &Sets) -> anyhow::Result<Vec<Arc<Plugin>>> {
    let mut plugins: Vec<Arc<Plugin>> = Vec::new();
    let used = sets.sets.iter().flat_map(|set| &set.policies).map(|policy| Ok(Arc::clone(&policy.plugin)));
    let carried = BUILTINS.iter().map(|builtin| works.builtin(builtin.name));
    for plugin in used.chain(carried) {
        let plugin = plugin?;
        if !plugins.iter().any(|known| known.digest() == plugin.digest()) {
            plugins.push(plugin);
        }
    }
    Ok(plugins)
}

fn text(name: &str, plugins: &[Arc<Plugin>], sets: &Sets) -> anyhow::Result<String> {
    let mut out = String::new();
    for plugin in plugins {
        let description = plugin.description();
        if plugin.name() == name {
            out.push_str(&about_plugin(plugin, sets));
        }
        for rule in &description.rules {
            if name == rule.id || name == format!("{}/{}", plugin.name(), rule.id) {
                out.push_str(&about_rule(plugin, &rule.id, None, sets));
            }
        }
    }
    // What a plugin's page says of a policy that is named like it, nobody needs twice.
    let is_told = |used: &policy::Named| used.plugin().name() == used.name();
    let known = !out.is_empty();
    for used in policy::named(name, sets).iter().filter(|used| !(known && is_told(used))) {
        match &used.rule {
            Some(rule) => out.push_str(&about_rule(used.plugin(), rule, Some(used), sets)),
            None => out.push_str(&used.page()),
        }
    }
    if out.is_empty() {
        bail!(
            "nobody knows the rule, the plugin or the policy `{}`\n  help: {}",
            plain(name),
            nearest(name, plugins, sets)
        );
    }
    Ok(out)
}

/// The names that somebody may have meant.
fn nearest(name: &str, plugins: &[Arc<Plugin>], sets: &Sets) -> String {
    let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name()).collect();
    let policies = sets.sets.iter().flat_map(|set| &set.loaded.set.policies);
    let policies: Vec<&str> = policies.map(|policy| policy.name.as_str()).collect();
    // Of `POLICY/PLUGIN/RULE` the policy may be right, and the rest is what was meant.
    let name = match name.split_once('/') {
        Some((policy, rest)) if policies.contains(&policy) && rest.contains('/') => rest,
        _ => name,
    };
    let of = |plugin: &Arc<Plugin>| plugin.description().rules.iter().map(|rule| rule.id.clone()).collect::<Vec<_>>();
    let meant = match name.split_once('/') {
        Some((plugin, rule)) => {
            let near = suggest(plugin, &names).unwrap_or_default();
            let own: Vec<String> = plugins.iter().filter(|plugin| plugin.name() == near).flat_map(of).collect();
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            by_distance(rule, &own).into_iter().take(SUGGESTED).map(|rule| format!("`{near}/{rule}`")).collect()
        }
        None => {
            let rules: Vec<(String, &str)> =
                plugins.iter().flat_map(|plugin| of(plugin).into_iter().map(|rule| (rule, plugin.name()))).collect();
            let own = names.iter().chain(&policies).copied();
            let all: Vec<&str> = own.chain(rules.iter().map(|(rule, _)| rule.as_str())).collect();
            let near: Vec<&str> = by_distance(name, &all).into_iter().take(SUGGESTED).collect();
            let full = |near: &str| match rules.iter().find(|(rule, _)| rule == near) {
                Some((rule, plugin)) => format!("`{plugin}/{rule}`"),
                None => format!("`{near}`"),
            };
            near.into_iter().map(full).collect::<Vec<String>>()
        }
    };
    let known = format!("the plugins are {}, and `--explain PLUGIN` lists the rules of one", names.join(", "));
    match meant.as_slice() {
        [] => known,
        meant => format!("did you mean {}? {known}", meant.join(", ")),
    }
}

/// `of`: the policy that was named besides.
fn about_rule(plugin: &Plugin, id: &str, of: Option<&policy::Named<'_>>, sets: &Sets) -> String {
    let description = plugin.description();
    let page = page_of(plugin);
    let mut out = String::new();
    for rule in description.rules.iter().filter(|rule| rule.id == id) {
        out.push_str(&format!("{}/{}  {}\n", plugin.name(), rule.id, rule.severity));
        out.push_str(&format!("{}\n\n", plain(&rule.title)));
        let when = page.as_ref().and_then(|page| page.when(id)).unwrap_or_default();
        let why = page.as_ref().and_then(Page::why).unwrap_or_else(|| plain(&description.title).into_owned());
        let mend = page.as_ref().and_then(|_| mend::mend(plugin.name(), id)).unwrap_or(mend::ANY);
        let help = match rule.help.as_str() {
            "" => page.as_ref().map(|_| address(plugin.name())).unwrap_or_default(),
            help => plain(help).into_owned(),
        };
        let settings = settings(description, id);
        let parts = [
            ("found when", if when.eq_ignore_ascii_case(&rule.title) { String::new() } else { when }),
            ("why", why),
            ("mend it", format!("{mend}; or a waiver, with an owner and an end (kind Waiver)")),
            ("settings", settings.join("\n")),
            ("more", help),
        ];
        for (word, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
            out.push_str(&paragraph(word, text));
        }
        if let Some(policy) = of {
            out.push_str(&block("set to", &policy.settings()));
        }
        out.push_str(&users(plugin, Some((id, rule.severity)), of, sets));
    }
    out
}

fn about_plugin(plugin: &Plugin, sets: &Sets) -> String {
    let description = plugin.description();
    let mut out = format!("{} {}\n{}\n\n", plugin.name(), plain(&description.version), plain(&description.title));
    let page = page_of(plugin);
    let facts = match description.facts.as_slice() {
        [] => "none: it judges by what is written".to_owned(),
        facts => format!("{} (a policy must grant them)", facts.join(", ")),
    };
    let parts = [
        ("why", page.as_ref().and_then(Page::why).unwrap_or_default()),
        ("reads", description.kinds.join(", ")),
        ("asks for", facts),
        (
            "settings",
            top_settings(description)
                .into_iter()
                .map(|(name, what)| setting(&name, &what))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        ("digest", plugin.digest().to_owned()),
        ("more", page.map(|_| address(plugin.name())).unwrap_or_default()),
    ];
    for (word, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(&paragraph(word, text));
    }
    out.push_str("\nrules\n");
    let longest = description.rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    for rule in &description.rules {
        let (id, severity) = (&rule.id, rule.severity.as_str());
        out.push_str(&format!("  {id:longest$}  {severity:8}  {}\n", plain(&rule.title)));
    }
    out.push_str(&users(plugin, None, None, sets));
    out
}

/// Which policies use a plugin, and what its findings do there.
fn users(plugin: &Plugin, rule: Option<(&str, Severity)>, only: Option<&policy::Named<'_>>, sets: &Sets) -> String {
    let mut out = String::from("\nused by\n");
    let before = out.len();
    for set in &sets.sets {
        for (policy, installed) in set.loaded.set.policies.iter().zip(&set.policies) {
            if installed.plugin.digest() != plugin.digest() || only.is_some_and(|only| !only.is(set, policy)) {
                continue;
            }
            let effect = |mode: Mode| match rule {
                Some((rule, _)) => policy.effect_of(rule, mode).as_str(),
                None => policy.effect.of(mode).as_str(),
            };
            let severity = rule.map(|(rule, own)| (policy.severity_of(rule, own), own)).filter(|(now, own)| now != own);
            let severity = severity.map_or_else(String::new, |(now, _)| format!(", severity {now}"));
            let (sandbox, compliance) = (effect(Mode::Sandbox), effect(Mode::Compliance));
            out.push_str(&format!(
                "  policy `{}` of `{}`: {sandbox} in sandbox, {compliance} in compliance{severity}\n",
                plain(&policy.name),
                plain(&set.loaded.set.name)
            ));
        }
    }
    if out.len() == before {
        out.push_str("  no policy of these sets; name others with --policies\n");
    }
    out
}

/// The settings that a rule may depend on: those that share a word with its id, or all where none does.
fn settings(description: &Description, id: &str) -> Vec<String> {
    let all = top_settings(description);
    let words: Vec<&str> = id.split('-').filter(|word| word.len() > 2).collect();
    let shares = |name: &str| {
        let parts = camel_words(name);
        words.iter().any(|word| parts.iter().any(|part| part.trim_end_matches('s') == word.trim_end_matches('s')))
    };
    let near: Vec<_> = all.iter().filter(|(name, _)| shares(name)).collect();
    let shown = if near.is_empty() { all.iter().collect() } else { near };
    shown.into_iter().map(|(name, what)| setting(name, what)).collect()
}

fn setting(name: &str, what: &str) -> String {
    if what.is_empty() { format!("`{name}`") } else { format!("`{name}`: {what}") }
}

/// `requireLimits` as `require`, `limits`.
fn camel_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

/// The settings at the top, with what the schema says of each.
fn top_settings(description: &Description) -> Vec<(String, String)> {
    let schema: serde_json::Value = serde_json::from_str(&description.settings).unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let line = |value: &serde_json::Value| value["description"].as_str().unwrap_or_default().to_owned();
    properties.map(|(name, value)| (plain(name).into_owned(), plain(&line(value)).into_owned())).collect()
}

fn page_of(plugin: &Plugin) -> Option<Page<'static>> {
    let builtin = BUILTINS.iter().find(|builtin| {
        builtin.name == plugin.name() && portcullis_model::sha256_hex(builtin.wasm) == plugin.digest()
    })?;
    Some(Page::of(builtin.page))
}

fn address(plugin: &str) -> String {
    format!("{}/tree/main/plugins/{plugin}", env!("CARGO_PKG_REPOSITORY"))
}

/// A word in the margin and lines beside it as they are; nothing where there are none.
fn block(word: &str, text: &str) -> String {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| format!("{:MARGIN$}{line}\n", if at == 0 { word } else { "" })).collect()
}

/// A word in the margin and what belongs to it, wrapped.
fn paragraph(word: &str, text: &str) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        let head = if at == 0 { word } else { "" };
        let mut column = MARGIN;
        out.push_str(&format!("{head:MARGIN$}"));
        for (at, part) in line.split_whitespace().enumerate() {
            let width = part.chars().count();
            if at > 0 && column + 1 + width > WIDTH {
                out.push_str(&format!("\n{:MARGIN$}", ""));
                column = MARGIN;
            } else if at > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(part);
            column += width;
        }
        out.push('\n');
    }
    out
}

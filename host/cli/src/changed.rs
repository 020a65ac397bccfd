//! Since when only what changed is judged, and what the run uses besides its manifests.

use std::path::{Path, PathBuf};

use anyhow::Context;
use portcullis_check::changed::Since;
use portcullis_gate::Gate;
use portcullis_model::{KeySource, PluginReference, TrustRoot};

use crate::args::CheckArguments;
use crate::config::{self, Used};
use crate::output::Complaints;
use crate::sets;

/// What `--changed-since` asks for; nothing where it was not given.
///
/// # Errors
/// Where git cannot say what changed.
pub fn since(arguments: &CheckArguments, used: &Used, gate: &Gate) -> anyhow::Result<Option<Since>> {
    let Some(reference) = &arguments.everyday.changed_since else { return Ok(None) };
    let mut since = Since::of(reference).map_err(|unknown| {
        Complaints::one(format!("--changed-since: {}", unknown.message), None, Some(unknown.hint))
    })?;
    let lists = [&arguments.policies, &arguments.waivers, &arguments.namespace_labels, &arguments.api_resources];
    for path in lists.into_iter().flatten() {
        if path.is_dir() {
            since.folders.push(path.clone());
            since.uses.extend(sets::files_in(path));
        } else {
            since.uses.push(path.clone());
        }
    }
    since
        .uses
        .extend(arguments.facts.iter().chain(&arguments.signer.key).chain(&arguments.signer.trusted_root).cloned());
    since.uses.extend(arguments.baseline.baseline.iter().cloned());
    since.uses.extend(arguments.documents.files().cloned());
    since.uses.extend(arguments.evidence.files().map(|(_, path)| path.clone()));
    since.uses.extend(named_in_sets(gate));
    match &used.file {
        Some(file) => since.uses.push(PathBuf::from(file)),
        None if !arguments.everyday.config.no_config => {
            let here = std::env::current_dir().and_then(|here| here.canonicalize());
            let here = here.context("the current directory is not there")?;
            since.absent = here.ancestors().map(|folder| folder.join(config::NAME)).collect();
        }
        None => {}
    }
    Ok(Some(since))
}

/// Plugins, keys and roots in files: another one judges otherwise.
fn named_in_sets(gate: &Gate) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for set in gate.sets().sets.iter().map(|set| &set.loaded.set) {
        files.extend(set.policies.iter().filter_map(|policy| match &policy.plugin {
            PluginReference::File { path, .. } => Some(PathBuf::from(path)),
            _ => None,
        }));
        for trust in &set.trust {
            files.extend(trust.root.iter().filter_map(|root| match root {
                TrustRoot::File(path) => Some(path.clone()),
                _ => None,
            }));
            for key in &trust.keys {
                match &key.source {
                    KeySource::File(path) => files.push(path.clone()),
                    KeySource::Directory(path) => files.extend(below(path)),
                    _ => {}
                }
            }
        }
    }
    files
}

/// Every file directly in a folder, whatever it is called; the folder itself, which git knows no content of, where nobody can list it.
fn below(folder: &Path) -> Vec<PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect(),
        Err(_) => vec![folder.to_path_buf()],
    }
}

//! The `evidence show` command.

mod document;
mod json;
mod summary;
mod tree;
mod verdict;
mod wrong;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use portcullis_check::exit::Exit;
use portcullis_evidence::{Carried, Refused, Trust, carried, explain};
use portcullis_model::{ImageState, Source, TrustRule};
use portcullis_registry::Access;

use crate::args::{DocumentArguments, ShowArguments, ShowFormat, SignerArguments};
use crate::{evidence, output, sets, signer, verify_bundle, write};

/// The most time for everything: a person waits, and no API server does.
const TIME: Duration = Duration::from_secs(60);
/// What the trust is called where no flag names any.
const PUBLIC: &str = "sigstore's public root";

/// Looks, and shows what was found.
pub fn run(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let given =
        evidence::given(&[], &DocumentArguments { sbom: arguments.sbom.clone(), sarif: arguments.sarif.clone() })?;
    let found = arguments.image.as_ref().map(|image| look(arguments, image)).transpose()?;
    let digest = found.as_ref().map(|found| found.digest.as_str());
    let explained = |texts: &[Arc<Source>], is_sbom: bool| {
        let one = |text: &Arc<Source>| (text.name().to_owned(), explain(text.text().as_bytes(), is_sbom, digest));
        texts.iter().map(one).collect::<Vec<_>>()
    };
    let files = [explained(&given.sboms, true), explained(&given.reports, false)].concat();
    let now = verify_bundle::now();
    let text = match arguments.format {
        ShowFormat::Human => {
            let image = found.as_ref().map(|found| tree::render(found, now));
            image.unwrap_or_default() + &tree::render_files(&files, now)
        }
        ShowFormat::Json => json::render(found.as_ref(), &files),
    };
    write::to_stdout(&text)?;
    Ok(Exit::Allowed.into())
}

/// What an image carries.
fn look(arguments: &ShowArguments, image: &str) -> anyhow::Result<Carried> {
    let name = full_name(image)?;
    let trusts = trusts(arguments)?;
    for warning in trusts.iter().flat_map(|trust| trust.warnings(verify_bundle::now())) {
        output::note(&warning);
    }
    let asking = evidence::asking(&arguments.evidence)?;
    let files = evidence::read_bundles(&arguments.evidence.bundle)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start threads")?;
    let deadline = Instant::now() + TIME;
    let registry = asking.as_ref().map(|(client, keychain)| (client, Access { keychain, deadline }));
    let found = runtime.block_on(carried(registry, &name, &files, &trusts));
    let mut found = found
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("what `{image}` carries cannot be shown{}", if_file(image)))?;
    expect(&mut found, &arguments.signer);
    Ok(found)
}

/// What to do where somebody names a file in place of an image.
fn if_file(text: &str) -> &'static str {
    match Path::new(text).is_file() {
        true => "; a file of that name is here: give an SBOM by --sbom, and a SARIF report by --sarif",
        false => "",
    }
}

/// A name as runtimes read it, in full.
fn full_name(text: &str) -> anyhow::Result<String> {
    match portcullis_subject::image::parse(text) {
        ImageState::Exact { registry, repository, tag, digest } => {
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            Ok(format!("{registry}/{repository}{tag}{digest}"))
        }
        ImageState::Unreadable(why) => bail!("`{text}` is no image: {why}{}", if_file(text)),
        _ => bail!("`{text}` is no image"),
    }
}

/// Those of the policy sets, else the one of the flags.
fn trusts(arguments: &ShowArguments) -> anyhow::Result<Vec<Arc<Trust>>> {
    let load = |rule: &TrustRule| anyhow::Ok(Arc::new(Trust::load(rule, Path::new(""))?));
    if arguments.policies.is_empty() {
        let signer = &arguments.signer;
        let mut rule = signer::rule(signer);
        if signer.key.is_none() && signer.certificate_identity.is_none() && signer.trusted_root.is_none() {
            PUBLIC.clone_into(&mut rule.name);
        }
        return Ok(vec![load(&rule)?]);
    }
    let (sets, _) = sets::load(&arguments.policies, &[])?;
    let several = sets.len() > 1;
    let mut trusts = Vec::new();
    for set in &sets {
        for rule in &set.set.trust {
            let name = if several { format!("{}/{}", set.set.name, rule.name) } else { rule.name.clone() };
            trusts.push(load(&TrustRule { name, ..rule.clone() })?);
        }
    }
    ensure!(!trusts.is_empty(), "no policy set has a `trust`, so that nothing could be verified; leave out --policies");
    Ok(trusts)
}

/// What holds and was made by somebody else than expected does not count.
fn expect(found: &mut Carried, expected: &SignerArguments) {
    let parts = found.pieces.iter_mut().flat_map(|piece| &mut piece.parts);
    for (_, verdict) in parts.filter_map(|part| part.proof.as_mut()).flat_map(|proof| &mut proof.verdicts) {
        let other: Option<Refused> =
            verdict.as_ref().ok().and_then(|holds| signer::check(&holds.signer, expected).err());
        if let Some(refused) = other {
            *verdict = Err(refused);
        }
    }
}

//! The cases of a plugin, judged by its component, with a table of what came of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use portcullis_cases::{Case, files, redrawn};
use portcullis_model::PluginBytes;
use portcullis_runner::{Description, Runner, RunnerConfig};

use crate::Error;
use crate::build::{BuildOptions, build, in_folder, read, write};
use crate::cargo::Project;
use crate::doubt::{Doubt, doubts};
use crate::fresh::is_fresh;
use crate::judge::{Verdict, judge};
use crate::schema::undescribed;
use crate::text::count;

/// The folder of the cases.
const CASES: &str = "cases";

/// How to show what came of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFormat {
    /// A table, and differences as drawings.
    Human,
    /// Everything.
    Json,
    /// For the test tab of a CI system.
    Junit,
}

/// Which plugin to try on which cases.
pub struct TestOptions<'a> {
    /// The folder of the project, with its cases in `cases`.
    pub path: &'a Path,
    /// The component, and what it is called; made of the project where it is left out.
    pub plugin: Option<(PluginBytes, String)>,
    /// Judge what was built before, even where sources are newer.
    pub no_build: bool,
    /// Only cases whose file names contain this.
    pub filter: Option<&'a str>,
    /// Draw what was found into the cases that differ.
    pub update: bool,
}

/// What came of all cases.
#[derive(Debug)]
pub struct Tested {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) description: Description,
    pub(crate) digest: String,
    /// Rules that no case fires; nothing where that is not known, because not all cases were judged.
    pub(crate) unfired: Option<Vec<String>>,
    /// Settings that the plugin takes and its schema does not know.
    pub(crate) undescribed: Vec<String>,
    /// Where plugin, cases and what is written about it say different things.
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) updated: Vec<PathBuf>,
    pub(crate) not_updated: Vec<String>,
}

/// Builds the plugin where its sources are newer, and judges every case with it.
///
/// # Errors
/// A plugin that cannot be built or loaded, and cases that cannot be read as they are meant.
pub fn test(options: &TestOptions<'_>, runner: RunnerConfig) -> Result<Tested, Error> {
    let (bytes, name) = match &options.plugin {
        Some((bytes, name)) => (bytes.clone(), name.clone()),
        None => component(options, &runner)?,
    };
    let runner = Runner::new(runner).map_err(Error::Start)?;
    let plugin = runner.load(&bytes, None).map_err(|cause| Error::Load { of: name, cause })?;
    let folder = match options.path {
        path if path == Path::new(".") => PathBuf::from(CASES),
        path => path.join(CASES),
    };
    let cases = cases(&folder, options.filter)?;
    let verdicts: Vec<Verdict> = cases.into_iter().map(|(case, path)| judge(&plugin, case, &path)).collect();
    let fired: BTreeSet<&str> =
        verdicts.iter().flat_map(|verdict| &verdict.found).map(|one| one.code.as_str()).collect();
    let rules = plugin.description().rules.iter().map(|rule| rule.id.clone());
    let all = options.filter.is_none() && verdicts.iter().all(|verdict| verdict.failure.is_none());
    let unfired = all.then(|| rules.filter(|id| !fired.contains(format!("{}/{id}", plugin.name()).as_str())).collect());
    let taken =
        verdicts.iter().filter(|verdict| verdict.failure.is_none()).map(|verdict| verdict.case.settings.as_str());
    let mut tested = Tested {
        doubts: doubts(&plugin, &verdicts, options.path),
        undescribed: undescribed(&plugin.description().settings, taken),
        description: plugin.description().clone(),
        digest: plugin.digest().to_owned(),
        unfired,
        updated: Vec::new(),
        not_updated: Vec::new(),
        verdicts,
    };
    if options.update {
        tested.update(&folder)?;
    }
    Ok(tested)
}

/// The component of a project, built anew where its sources are newer.
fn component(options: &TestOptions<'_>, runner: &RunnerConfig) -> Result<(PluginBytes, String), Error> {
    let project = Project::read(options.path, false)?;
    let path = in_folder(options.path, &project.name);
    if options.no_build && !path.is_file() {
        let why = format!(
            "`{}` is not there, and --no-build leaves it so; `portcullis plugin build` makes it",
            path.display()
        );
        return Err(Error::Given(why));
    }
    if !options.no_build && !is_fresh(&path, &project.folder) {
        build(&BuildOptions { path: options.path, output: None, pin: &[], locked: false }, runner.clone())?;
    }
    let bytes = PluginBytes { wasm: read(&path)?.into(), code: None };
    Ok((bytes, path.display().to_string()))
}

/// Every case of a folder, read; what would not be read is an error.
fn cases(folder: &Path, filter: Option<&str>) -> Result<Vec<(Case, PathBuf)>, Error> {
    let (files, mut faults) = files(folder).map_err(Error::io("list", folder))?;
    let mut cases = Vec::new();
    let chosen = |path: &PathBuf| {
        filter.is_none_or(|part| path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)))
    };
    let all = files.len();
    for path in files.into_iter().filter(chosen) {
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        match Case::parse(&path.display().to_string(), &text) {
            Ok(case) => cases.push((case, path)),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Cases(faults));
    }
    match (cases.is_empty(), filter) {
        (false, _) => Ok(cases),
        (true, Some(part)) if all > 0 => Err(Error::Given(format!(
            "no file name in `{}` contains `{}`, of {}",
            folder.display(),
            part.escape_debug(),
            count(all, "case")
        ))),
        (true, _) => Err(Error::Given(format!("there is no case (`*.yaml`) in `{}`", folder.display()))),
    }
}

impl Tested {
    /// Draws what was found into every case that differs, where that can be drawn.
    fn update(&mut self, folder: &Path) -> Result<(), Error> {
        for verdict in self.verdicts.iter_mut().filter(|verdict| !verdict.difference.is_empty()) {
            match redrawn(&verdict.case, &verdict.found) {
                Err(why) => self.not_updated.push(why),
                Ok(text) => {
                    let path = folder.join(&verdict.file);
                    write(&path, text.as_bytes())?;
                    verdict.difference.clear();
                    self.updated.push(path);
                }
            }
        }
        Ok(())
    }

    /// Whether every case is as it is drawn, in kinds that the plugin names; with `strict`, also whether every rule is fired by
    /// one, and whether the plugin takes what its schema and its project say.
    pub fn is_right(&self, strict: bool) -> bool {
        self.verdicts.iter().all(Verdict::is_right)
            && (!strict || self.unfired.as_ref().is_none_or(Vec::is_empty))
            && !self.doubts.iter().any(|doubt| doubt.fails(strict))
    }
}

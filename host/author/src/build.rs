//! Makes a plugin's component of a project, or of what some compiler made.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_component::{Stubbed, make};
use portcullis_model::PluginBytes;
use portcullis_report::plain;
use portcullis_runner::{Plugin, Runner, RunnerConfig};

use crate::Error;
use crate::cargo::Project;
use crate::pin::pin;
use crate::text::{count, shown, size};

/// Bytes of a file that is read as a module or a component: 64 MiB. With its names it may be larger than what is admitted.
const MOST_BYTES: u64 = 64 << 20;
/// Names of functions that are shown of each stubbed module.
const MOST_NAMES: usize = 8;

/// What to build, and where to.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions<'a> {
    /// The folder of a project, or a file that a compiler made.
    pub path: &'a Path,
    /// The file to write; the plugin's name in the project, or in the current folder, where it is left out.
    pub output: Option<&'a Path>,
    /// Policy sets that the digest is written into.
    pub pin: &'a [PathBuf],
    /// Whether `Cargo.lock` must say everything already.
    pub locked: bool,
}

/// A component that was built, loaded once, and written.
#[derive(Debug)]
pub struct Built {
    /// Where it stands.
    pub path: PathBuf,
    /// What it is.
    pub plugin: Arc<Plugin>,
    bytes: usize,
    stubbed: Vec<Stubbed>,
    /// The name of the package that it is made of, where there is one.
    package: Option<String>,
    pinned: Vec<(PathBuf, usize)>,
}

/// Builds, loads and writes a component. One that cannot be loaded is not written.
///
/// # Errors
/// What the compiler, the contract or the runner has against it, and files that cannot be read or written.
pub fn build(options: &BuildOptions<'_>, runner: RunnerConfig) -> Result<Built, Error> {
    let project = if options.path.is_dir() { Some(Project::read(options.path, options.locked)?) } else { None };
    let module = match &project {
        Some(project) => project.compile(options.locked)?,
        None => options.path.to_path_buf(),
    };
    let bytes = read(&module)?;
    let made = make(&bytes).map_err(|cause| Error::NotPlugin { path: module.clone(), cause })?;
    let wasm: Arc<[u8]> = made.component.into();
    let runner = Runner::new(runner).map_err(Error::Start)?;
    let plugin = runner.load(&PluginBytes { wasm: Arc::clone(&wasm), code: None }, None);
    let plugin = plugin.map_err(|cause| Error::Load { of: module.display().to_string(), cause })?;
    let path = match (options.output, &project) {
        (Some(output), _) => output.to_path_buf(),
        (None, Some(project)) => in_folder(options.path, &project.name),
        (None, None) => beside(plugin.name(), &module)?,
    };
    write(&path, &wasm)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let pins = options.pin.iter().map(|set| Ok((set.clone(), pin(set, &name, plugin.digest())?)));
    let pinned = pins.collect::<Result<_, Error>>()?;
    let package = project.map(|project| project.name);
    Ok(Built { path, plugin, bytes: wasm.len(), stubbed: made.stubbed, package, pinned })
}

/// The file of a plugin.
pub fn file_name(name: &str) -> String {
    format!("{name}.wasm")
}

/// The plugin of a project.
pub fn in_folder(folder: &Path, name: &str) -> PathBuf {
    let file = PathBuf::from(file_name(name));
    if folder == Path::new(".") { file } else { folder.join(file) }
}

/// The file in the current folder; never the one that was read, unless it is the same already.
fn beside(name: &str, read: &Path) -> Result<PathBuf, Error> {
    let path = PathBuf::from(file_name(name));
    let same = matches!((path.canonicalize(), read.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if same {
        let why = format!(
            "the plugin would overwrite `{}`, of which it is made; name another file with --output",
            read.display()
        );
        return Err(Error::Given(why));
    }
    Ok(path)
}

/// Reads a file that may be anything.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    // A pipe that nobody writes to would be waited for, and a device never ends.
    if !path.metadata().map_err(Error::io("read", path))?.is_file() {
        return Err(Error::Given(format!("`{}` is no file", path.display())));
    }
    let file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if bytes.len() as u64 > MOST_BYTES {
        let what = format!("`{}` has more than {} MiB: it is no plugin", path.display(), MOST_BYTES >> 20);
        return Err(Error::Given(what));
    }
    Ok(bytes)
}

/// Writes a file whole or not at all: whoever judges with it meanwhile reads the old one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = path.with_file_name(name);
    let written = std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, path));
    written.map_err(|cause| {
        // What was begun is of no use to anybody; the first error is the one to tell.
        let _ = std::fs::remove_file(&unfinished);
        Error::Io { verb: "write", path: path.to_path_buf(), cause }
    })
}

impl Built {
    /// What was built, and the line that names it in a policy set.
    pub fn to_text(&self) -> String {
        let (plugin, description) = (&self.plugin, self.plugin.description());
        let ids: Vec<&str> = description.rules.iter().map(|rule| rule.id.as_str()).collect();
        let mut text = format!(
            "{}: {}, imports nothing but the contract\n  {} {}, {}: {}\n",
            plain(&self.path.display().to_string()),
            size(self.bytes),
            plugin.name(),
            description.version,
            count(ids.len(), "rule"),
            shown(&ids.join(", "), 400)
        );
        for stub in &self.stubbed {
            text.push_str(&format!("  stubbed out: {}{}\n", shown(&stub.name, 200), trapping(stub)));
        }
        if let Some(package) = self.package.as_ref().filter(|package| *package != plugin.name()) {
            text.push_str(&format!(
                "  note: the package is called `{}`, and the plugin `{}`: codes and waivers go by the plugin's name\n",
                plain(package),
                plugin.name()
            ));
        }
        for (set, lines) in &self.pinned {
            text.push_str(&format!(
                "  digest written into {} ({})\n",
                plain(&set.display().to_string()),
                count(*lines, "line")
            ));
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("\n    plugin: {{file: {}, digest: \"{}\"}}\n", plain(&name), plugin.digest()));
        text
    }
}

/// How many functions are stubbed out, and which of them end an evaluation.
fn trapping(stub: &Stubbed) -> String {
    let functions = count(stub.functions, "function");
    if stub.trapping.is_empty() {
        return format!(" ({functions})");
    }
    let names: Vec<String> = stub.trapping.iter().take(MOST_NAMES).map(|name| shown(name, 80)).collect();
    let more = stub.trapping.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(" ({functions}; calling {}{more} ends the evaluation)", names.join(", "))
}

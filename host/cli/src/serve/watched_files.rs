//! The files that `serve` looks at again and again, and one word for all that stands in them.
//!
//! Nothing is asked of the file system but the contents at the paths that the user named: whatever renames a link, writes in
//! place or mounts anew is seen, at the first change and at every later one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use portcullis_model::sha256_hex;

use crate::args::ServeArguments;
use crate::sets;

/// How long two readings are apart that must be the same: who writes a file in pieces is seldom slower.
const BETWEEN: Duration = Duration::from_millis(20);
/// How often a reading is repeated that is not the same.
const READINGS: usize = 5;
/// A file that was changed longer ago than this before it was read, and looks the same, has the same bytes: clocks of file
/// systems tick, and two changes within one tick look like one.
const SETTLED: Duration = Duration::from_secs(2);
/// The largest plugin, in bytes, as the runner takes it.
const MAX_PLUGIN: u64 = 32 << 20;

/// The paths.
#[derive(Default)]
pub struct WatchedFiles {
    /// `--policies`
    pub policies: Vec<PathBuf>,
    /// `--waivers`
    pub waivers: Vec<PathBuf>,
    /// `--namespace-labels`
    pub labels: Vec<PathBuf>,
    /// What is known of files that look unchanged: plugins are large.
    known: BTreeMap<PathBuf, (Look, String)>,
}

/// What stood in the files at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// One word for all documents.
    documents: String,
    /// The components that these documents name, as far as they could be read.
    pub plugins: BTreeSet<PathBuf>,
    /// One word for all components.
    components: String,
}

impl Contents {
    /// Whether the documents are the same, whatever became of the components.
    pub fn same_documents(&self, other: &Self) -> bool {
        self.documents == other.documents
    }
}

/// How a file looks without being read.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    place: (u64, u64),
    size: u64,
    changed: (i64, i64, i64, i64),
}

impl Look {
    /// Nothing where it was changed so lately that a further change might look the same.
    fn settled(metadata: &Metadata) -> Option<Self> {
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(metadata.ctime()).ok()?);
        let settled = SystemTime::now().duration_since(changed).is_ok_and(|age| age > SETTLED);
        settled.then(|| Self {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            changed: (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl WatchedFiles {
    /// What the flags name.
    pub fn of(arguments: &ServeArguments) -> Self {
        Self {
            policies: arguments.policies.clone(),
            waivers: arguments.waivers.clone(),
            labels: arguments.namespace_labels.clone(),
            ..Self::default()
        }
    }

    /// What stands in the documents and in these components, once two readings in a row are the same; nothing while somebody
    /// writes.
    pub fn settled(&mut self, plugins: &BTreeSet<PathBuf>) -> Option<Contents> {
        let mut last = self.contents(plugins);
        for _ in 1..READINGS {
            std::thread::sleep(BETWEEN);
            let next = self.contents(plugins);
            if next == last {
                return Some(next);
            }
            last = next;
        }
        None
    }

    /// What stands there now. What cannot be read has a word of its own.
    pub fn contents(&mut self, plugins: &BTreeSet<PathBuf>) -> Contents {
        Contents { documents: self.documents(), plugins: plugins.clone(), components: self.components(plugins) }
    }

    fn documents(&self) -> String {
        let mut words = Vec::new();
        for path in self.policies.iter().chain(&self.waivers).chain(&self.labels) {
            words.push(format!("{}:", path.display()));
            for file in sets::files_in(path) {
                words.push(format!("{} {}", file.display(), content(&file, sets::MAX_SETTINGS_BYTES)));
            }
        }
        sha256_hex(words.join("\n").as_bytes())
    }

    fn components(&mut self, plugins: &BTreeSet<PathBuf>) -> String {
        self.known.retain(|plugin, _| plugins.contains(plugin));
        let mut words = Vec::new();
        for plugin in plugins {
            let found = std::fs::metadata(plugin).ok().filter(|found| !found.is_dir());
            let look = found.as_ref().and_then(Look::settled);
            let word = match (self.known.get(plugin), &look) {
                (Some((before, word)), Some(now)) if before == now => word.clone(),
                _ if plugin.is_dir() => listed(plugin),
                _ => content(plugin, MAX_PLUGIN),
            };
            words.push(format!("{} {word}", plugin.display()));
            match look {
                Some(look) => self.known.insert(plugin.clone(), (look, word)),
                None => self.known.remove(plugin),
            };
        }
        sha256_hex(words.join("\n").as_bytes())
    }
}

/// The files of a directory of keys, with what stands in each.
fn listed(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut words: Vec<String> = entries
        .map(|entry| format!("{} {}", entry.path().display(), content(&entry.path(), sets::MAX_SETTINGS_BYTES)))
        .collect();
    words.sort();
    words.join("\n")
}

fn content(path: &Path, limit: u64) -> String {
    match portcullis_check::bytes::read(path, limit) {
        Ok(bytes) => sha256_hex(&bytes),
        Err(error) => error.to_string(),
    }
}

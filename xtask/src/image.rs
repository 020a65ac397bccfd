//! Makes an OCI image of one static file, the same bytes each time, and has a registry take it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::command;
use crate::component::digest;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Everything that an image says about itself.
pub struct Description<'a> {
    /// The version of the product.
    pub version: &'a str,
    /// The commit that it was built from.
    pub commit: &'a str,
    /// Where its source is.
    pub source: &'a str,
    /// When it counts as made: seconds since 1970-01-01T00:00:00Z.
    pub time: u64,
}

/// Writes the layout of an image (OCI image-spec 1.1, image-layout.md) that runs `binary`, and returns its digest.
///
/// Beside the layout's own files stands `manifest.json`, by which `docker load` and `podman load` read it too.
pub fn write_layout(binary: &[u8], description: &Description<'_>, folder: &Path) -> Result<String> {
    let _ = std::fs::remove_dir_all(folder);
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).with_context(|| format!("cannot create {}", blobs.display()))?;
    let blob = |bytes: &[u8]| -> Result<String> {
        let digest = digest(bytes);
        write(&blobs.join(&digest), bytes)?;
        Ok(digest)
    };
    let layer = layer(binary, description.time)?;
    let packed = packed(&layer)?;
    let packed_digest = blob(&packed)?;
    let config = config(description, &digest(&layer))?;
    let config_digest = blob(&config)?;
    let descriptor = |kind: &str, digest: &str, size: usize| json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size});
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config_digest, config.len()),
        "layers": [descriptor(LAYER, &packed_digest, packed.len())],
        "annotations": labels(description),
    }))?;
    let manifest_digest = blob(&manifest)?;
    let mut entry = descriptor(MANIFEST, &manifest_digest, manifest.len());
    entry["platform"] = json!({"os": "linux", "architecture": "amd64"});
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": description.version});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    write(&folder.join("index.json"), &serde_json::to_vec(&index)?)?;
    write(&folder.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    let docker = json!([{
        "Config": format!("blobs/sha256/{config_digest}"),
        "RepoTags": [format!("localhost/portcullis:{}", description.version)],
        "Layers": [format!("blobs/sha256/{packed_digest}")],
    }]);
    write(&folder.join("manifest.json"), &serde_json::to_vec(&docker)?)?;
    Ok(format!("sha256:{manifest_digest}"))
}

/// One tar of a layout, its files in the order of their names.
pub fn archive(layout: &Path, time: u64, file: &Path) -> Result<()> {
    let mut names = vec!["index.json".to_owned(), "manifest.json".to_owned(), "oci-layout".to_owned()];
    for entry in std::fs::read_dir(layout.join("blobs/sha256"))? {
        names.push(format!("blobs/sha256/{}", entry?.file_name().to_string_lossy()));
    }
    names.sort();
    let mut tar = tar::Builder::new(Vec::new());
    for name in names {
        let bytes = std::fs::read(layout.join(&name)).with_context(|| format!("cannot read {name}"))?;
        append(&mut tar, &name, 0o644, time, &bytes)?;
    }
    write(file, &tar.into_inner()?)
}

/// The only layer: the binary, which anybody may run and nobody may change.
fn layer(binary: &[u8], time: u64) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, "portcullis", 0o555, time, binary)?;
    Ok(tar.into_inner()?)
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32, time: u64, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, name, bytes).with_context(|| format!("cannot pack {name}"))
}

/// Compressed without a name and a time, so that the same layer gives the same bytes.
fn packed(layer: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(9));
    gzip.write_all(layer)?;
    Ok(gzip.finish()?)
}

fn config(description: &Description<'_>, layer: &str) -> Result<Vec<u8>> {
    let created = rfc3339(description.time)?;
    Ok(serde_json::to_vec(&json!({
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        // The same as in deploy/image/Containerfile.
        "config": {
            "User": "65532:65532",
            "Entrypoint": ["/portcullis"],
            "ExposedPorts": {"8443/tcp": {}, "8081/tcp": {}},
            "WorkingDir": "/",
            "Labels": labels(description),
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
        "history": [{"created": created, "created_by": "cargo xtask dist"}],
    }))?)
}

fn labels(description: &Description<'_>) -> Value {
    json!({
        "org.opencontainers.image.title": "portcullis",
        "org.opencontainers.image.description": "Decides whether a change may enter.",
        "org.opencontainers.image.source": description.source,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.version": description.version,
        "org.opencontainers.image.revision": description.commit,
    })
}

/// A time as the specification wants it (days to a date: Howard Hinnant, "chrono-compatible low-level date algorithms").
fn rfc3339(time: u64) -> Result<String> {
    let (days, rest) = (i64::try_from(time / 86_400)?, time % 86_400);
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Ok(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Has a registry of our own take the layout and read it back, every layer included.
///
/// # Errors
/// What the registry or its client says, and another digest than ours.
pub fn validate(crane: &Path, layout: &Path, archive: &Path, digest: &str) -> Result<()> {
    let registry = Registry::start(crane)?;
    let name = format!("{}/portcullis:try", registry.address);
    let crane = |arguments: &[&str]| command::text(Command::new(crane).args(arguments));
    crane(&["push", &layout.to_string_lossy(), &name])?;
    crane(&["validate", "--remote", &name])?;
    crane(&["validate", "--tarball", &archive.to_string_lossy()])?;
    let taken = crane(&["digest", &name])?;
    ensure!(taken == digest, "the registry says {taken} of what is {digest}");
    let config: Value = serde_json::from_str(&crane(&["config", &name])?)?;
    ensure!(config["config"]["User"] == "65532:65532", "the image runs as {}", config["config"]["User"]);
    Ok(())
}

/// A registry in memory, on loopback, that ends with its owner.
struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    fn start(crane: &Path) -> Result<Self> {
        let mut serve = Command::new(crane);
        serve.args(["registry", "serve", "--address", "127.0.0.1:0"]);
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = serve.spawn().with_context(|| format!("cannot start `{}`", command::shown(&serve)))?;
        let log = child.stderr.take().context("a child without standard error")?;
        let mut registry = Self { child, address: String::new() };
        let mut lines = BufReader::new(log);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            if let Some((_, port)) = line.trim_end().split_once("serving on port ") {
                registry.address = format!("127.0.0.1:{port}");
                // Nobody reads what it says further on, and it must not stop for that.
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return Ok(registry);
            }
            line.clear();
        }
        anyhow::bail!("`{}` ended without a port", command::shown(&serve))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the layout of a release stands.
pub fn layout(folder: &Path) -> PathBuf {
    folder.join("image")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_same_image_of_the_same_file() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("portcullis-xtask-image-{}", std::process::id()));
        let description = Description { version: "1.2.3", commit: "abc", source: "here", time: 1_700_000_000 };
        let first = write_layout(b"binary", &description, &folder.join("one"))?;
        let second = write_layout(b"binary", &description, &folder.join("two"))?;
        assert_eq!(first, second);
        assert_ne!(first, write_layout(b"another", &description, &folder.join("two"))?);
        archive(&folder.join("one"), description.time, &folder.join("one.tar"))?;
        let packed = std::fs::read(folder.join("one.tar"))?;
        let mut entries = tar::Archive::new(packed.as_slice());
        assert_eq!(entries.entries()?.count(), 6);
        Ok(std::fs::remove_dir_all(&folder)?)
    }

    #[test]
    fn writes_a_time_as_the_specification_wants_it() -> Result<()> {
        assert_eq!(rfc3339(0)?, "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_399)?, "2000-02-28T23:59:59Z");
        assert_eq!(rfc3339(951_782_400)?, "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_795_281_923)?, "2026-11-21T17:25:23Z");
        Ok(())
    }
}

//! The tools that make images and sign them: crane, cosign, and a sigstore made up for the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis_e2e::kubectl::Said;
use portcullis_support::RealRegistry;
use portcullis_support::descriptor;
use serde_json::Value;

/// The layer of a referrer that is a bundle.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The keys: a set may trust the first two, and the last is in none.
const KEYS: [&str; 3] = ["release", "tester", "stranger"];

/// What signs nothing into a log and asks nobody for a time.
const OFFLINE: &str = "offline.json";

/// How cosign keeps what it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As it does today: bundles as referrers, or in a list under a tag where a registry knows no referrers.
    Bundle,
    /// As before bundles: layers under the tags `.sig` and `.att`.
    Tag,
}

impl Layout {
    /// What cosign is told.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Bundle => &["--signing-config", OFFLINE],
            Self::Tag => &["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"],
        }
    }

    /// As a part of a name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Tag => "tag",
        }
    }
}

/// The programs and the folder with the keys.
pub struct Tools {
    cosign: PathBuf,
    crane: PathBuf,
    pub folder: PathBuf,
}

/// An image in a registry.
#[derive(Clone, Debug)]
pub struct Image {
    /// `host/repository`
    pub repository: String,
    /// `sha256:...`
    pub digest: String,
}

impl Image {
    /// As a manifest should name it.
    pub fn pinned(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }
}

/// The path of a program: what a variable names, or the one of that name on the path.
///
/// # Errors
/// That there is none, as one sentence.
pub fn find(variable: &str, name: &str) -> Result<PathBuf, String> {
    let program = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    program.or_else(on_path).ok_or(format!("there is no `{name}`, and {variable} names none: `cargo xtask e2e` does"))
}

impl Tools {
    /// Finds both programs and makes the keys `release` and `stranger`.
    ///
    /// # Errors
    /// Why there are none, as one sentence.
    pub fn find(folder: &Path) -> Result<Self, String> {
        let (cosign, crane) = (find("PORTCULLIS_COSIGN", "cosign")?, find("PORTCULLIS_CRANE", "crane")?);
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let tools = Self { cosign, crane, folder: folder.to_owned() };
        for name in KEYS {
            tools.must_sign(&["generate-key-pair", "--output-key-prefix", name]);
        }
        tools.must_sign(&["signing-config", "create", "--out", OFFLINE]);
        Ok(tools)
    }

    /// The same tools with the same keys in a folder of their own, for whoever works at the same time.
    pub fn beside(&self, name: &str) -> Self {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for key in KEYS {
            let file = format!("{key}.key");
            std::fs::copy(self.folder.join(&file), folder.join(&file)).expect("a key");
        }
        std::fs::copy(self.folder.join(OFFLINE), folder.join(OFFLINE)).expect("a file");
        Self { cosign: self.cosign.clone(), crane: self.crane.clone(), folder }
    }

    pub fn run(&self, program: &Path, arguments: &[&str]) -> Said {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear().stdin(Stdio::null());
        // No network here, and no settings of whoever runs this; credentials stand in the folder, where there are any.
        command.env("HOME", &self.folder).env("DOCKER_CONFIG", &self.folder).env("COSIGN_PASSWORD", "");
        command.env("PATH", "/usr/bin:/bin").env("SYFT_CHECK_FOR_APP_UPDATE", "false");
        let output = command.output().expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Said { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub fn must(&self, program: &Path, arguments: &[&str]) -> String {
        let said = self.run(program, arguments);
        assert!(said.succeeded(), "{} {}: {}", program.display(), arguments.join(" "), said.words());
        said.out
    }

    fn must_sign(&self, arguments: &[&str]) {
        self.must(&self.cosign, arguments);
    }

    /// Pushes an image whose one layer holds its own name.
    pub fn image(&self, host: &str, name: &str) -> Image {
        self.image_of(host, name, &[("content", name)])
    }

    /// Pushes an image whose one layer holds these files.
    pub fn image_of(&self, host: &str, name: &str, files: &[(&str, &str)]) -> Image {
        let root = self.folder.join("layer");
        let _ = std::fs::remove_dir_all(&root);
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        // The same files are the same image.
        let flags = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf", "layer.tar", "-C", "layer", "."];
        let tar = Command::new("tar").args(flags).current_dir(&self.folder).status();
        assert!(tar.is_ok_and(|status| status.success()), "tar");
        let repository = format!("{host}/{name}");
        self.must(&self.crane, &["append", "--oci-empty-base", "-f", "layer.tar", "-t", &format!("{repository}:1")]);
        self.known(repository, "1")
    }

    /// The same image in another repository.
    pub fn copy(&self, image: &Image, repository: String) -> Image {
        self.must(&self.crane, &["copy", &image.pinned(), &format!("{repository}:1")]);
        Image { repository, digest: image.digest.clone() }
    }

    /// Pushes an index of two images for two platforms; the index and the first of both.
    pub fn index(&self, host: &str, name: &str) -> [Image; 2] {
        let first = self.image(host, name);
        let [index, child, _] = self.index_of(&first);
        [index, child]
    }

    /// Pushes an index of an image as that of two platforms; the index and both.
    pub fn index_of(&self, first: &Image) -> [Image; 3] {
        let of = |platform: &str| {
            let reference = format!("{}:{}", first.repository, platform.replace('/', "-"));
            self.must(&self.crane, &["mutate", "--set-platform", platform, &first.pinned(), "-t", &reference]);
            reference
        };
        let [one, other] = ["linux/amd64", "linux/arm64"].map(of);
        let tag = format!("{}:index", first.repository);
        self.must(&self.crane, &["index", "append", "-m", &one, "-m", &other, "-t", &tag]);
        ["index", "linux-amd64", "linux-arm64"].map(|tag| self.known(first.repository.clone(), tag))
    }

    fn known(&self, repository: String, tag: &str) -> Image {
        let digest = self.digest(&format!("{repository}:{tag}"));
        Image { repository, digest }
    }

    /// What speaks of an image in a referrer.
    pub fn descriptor(&self, image: &Image) -> Value {
        let text = self.must(&self.crane, &["manifest", &image.pinned()]);
        let manifest: Value = serde_json::from_str(&text).expect("a manifest");
        let described = descriptor(manifest["mediaType"].as_str().expect("a type"), text.as_bytes());
        assert_eq!(described["digest"], image.digest.as_str(), "crane gives the bytes of a manifest");
        described
    }

    /// `cosign sign`, as it is today: a bundle as a referrer.
    pub fn sign(&self, key: &str, image: &Image) {
        self.sign_as(Layout::Bundle, key, image);
    }

    /// `cosign sign`.
    pub fn sign_as(&self, layout: Layout, key: &str, image: &Image) {
        let key = format!("{key}.key");
        self.must_sign(&[&["sign", "--key", &key], layout.flags(), &["-y", &image.pinned()]].concat());
    }

    /// `cosign attest` of something that is called an SBOM.
    pub fn attest(&self, key: &str, image: &Image) {
        self.attest_as(Layout::Bundle, key, image, "cyclonedx", r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#);
    }

    /// `cosign attest` of a predicate of a type, which may be a URI.
    pub fn attest_as(&self, layout: Layout, key: &str, image: &Image, kind: &str, predicate: &str) {
        std::fs::write(self.folder.join("predicate.json"), predicate).expect("a file");
        let (key, image) = (format!("{key}.key"), image.pinned());
        let what = ["--type", kind, "--predicate", "predicate.json", "-y", &image];
        self.must_sign(&[&["attest", "--key", &key], layout.flags(), &what].concat());
    }

    /// Whether `cosign verify` takes an image for signed, by these flags.
    pub fn verifies(&self, image: &Image, flags: &[&str]) -> bool {
        self.run(&self.cosign, &[&["verify"], flags, &[&image.pinned()]].concat()).succeeded()
    }

    /// `cosign sign` into a file, and nothing into the registry.
    pub fn sign_into_file(&self, key: &str, image: &Image) -> String {
        let (key, image) = (format!("{key}.key"), image.pinned());
        let into = ["--upload=false", "--bundle", "signature.json"];
        self.must_sign(&[&["sign", "--key", &key, "--signing-config", OFFLINE], &into[..], &["-y", &image]].concat());
        std::fs::read_to_string(self.folder.join("signature.json")).expect("a bundle")
    }

    /// Attaches a bundle to an image, as cosign would.
    pub fn attach(&self, registry: &RealRegistry, image: &Image, bundle: &str) {
        let (_, name) = image.repository.split_once('/').expect("a host and a name");
        registry.attach(name, &self.descriptor(image), BUNDLE, bundle.as_bytes());
    }

    /// What a tag means.
    pub fn digest(&self, reference: &str) -> String {
        self.must(&self.crane, &["digest", reference])
    }
}

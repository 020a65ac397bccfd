//! The tools that make images and sign them: crane, cosign, and a sigstore made up for the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis_e2e::kubectl::Said;
use portcullis_support::RealRegistry;
use portcullis_support::descriptor;
use serde_json::Value;

/// The layer of a referrer that is a bundle.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What signs nothing into a log and asks nobody for a time.
const OFFLINE: &str = "offline.json";

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

impl Tools {
    /// Finds both programs and makes the keys `release` and `stranger`.
    ///
    /// # Errors
    /// Why there are none, as one sentence.
    pub fn find(folder: &Path) -> Result<Self, String> {
        let find = |variable: &str, name: &str| {
            let program = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
            let on_path = || {
                let path = std::env::var_os("PATH").unwrap_or_default();
                std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
            };
            program
                .or_else(on_path)
                .ok_or(format!("there is no `{name}`, and {variable} names none: `cargo xtask e2e` does"))
        };
        let (cosign, crane) = (find("PORTCULLIS_COSIGN", "cosign")?, find("PORTCULLIS_CRANE", "crane")?);
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let tools = Self { cosign, crane, folder: folder.to_owned() };
        for name in ["release", "stranger"] {
            tools.must_sign(&["generate-key-pair", "--output-key-prefix", name]);
        }
        tools.must_sign(&["signing-config", "create", "--out", OFFLINE]);
        Ok(tools)
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Said {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear().stdin(Stdio::null());
        // No network here, and no settings of whoever runs this; credentials stand in the folder, where there are any.
        command.env("HOME", &self.folder).env("DOCKER_CONFIG", &self.folder).env("COSIGN_PASSWORD", "");
        command.env("PATH", "/usr/bin:/bin");
        let output = command.output().expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Said { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn must(&self, program: &Path, arguments: &[&str]) -> String {
        let said = self.run(program, arguments);
        assert!(said.succeeded(), "{} {}: {}", program.display(), arguments.join(" "), said.words());
        said.out
    }

    fn must_sign(&self, arguments: &[&str]) {
        self.must(&self.cosign, arguments);
    }

    /// Pushes an image whose one layer holds its own name.
    pub fn image(&self, host: &str, name: &str) -> Image {
        std::fs::write(self.folder.join("content"), name).expect("a file");
        let tar = Command::new("tar").args(["-cf", "layer.tar", "content"]).current_dir(&self.folder).status();
        assert!(tar.is_ok_and(|status| status.success()), "tar");
        let repository = format!("{host}/{name}");
        self.must(&self.crane, &["append", "--oci-empty-base", "-f", "layer.tar", "-t", &format!("{repository}:1")]);
        self.known(repository, "1")
    }

    /// Pushes an index of two images for two platforms; the index and the first of both.
    pub fn index(&self, host: &str, name: &str) -> [Image; 2] {
        let first = self.image(host, name);
        let of = |platform: &str| {
            let reference = format!("{}:{}", first.repository, platform.replace('/', "-"));
            self.must(&self.crane, &["mutate", "--set-platform", platform, &first.pinned(), "-t", &reference]);
            reference
        };
        let [one, other] = ["linux/amd64", "linux/arm64"].map(of);
        let tag = format!("{}:index", first.repository);
        self.must(&self.crane, &["index", "append", "-m", &one, "-m", &other, "-t", &tag]);
        [self.known(first.repository.clone(), "index"), self.known(first.repository, "linux-amd64")]
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
        let key = format!("{key}.key");
        self.must_sign(&["sign", "--key", &key, "--signing-config", OFFLINE, "-y", &image.pinned()]);
    }

    /// `cosign sign`, as it was before bundles.
    pub fn sign_as_before(&self, key: &str, image: &Image) {
        let key = format!("{key}.key");
        let old = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"];
        self.must_sign(&[&["sign", "--key", &key], &old[..], &["-y", &image.pinned()]].concat());
    }

    /// `cosign attest` of an SBOM.
    pub fn attest(&self, key: &str, image: &Image) {
        std::fs::write(self.folder.join("sbom.json"), r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#)
            .expect("a file");
        let (key, image) = (format!("{key}.key"), image.pinned());
        let what = ["--type", "cyclonedx", "--predicate", "sbom.json"];
        self.must_sign(&[&["attest", "--key", &key, "--signing-config", OFFLINE], &what[..], &["-y", &image]].concat());
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

//! Makes what is given away: a static binary with its checksum, its SBOM and its image, each tried before it counts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::clock::step;
use crate::component::digest;
use crate::image::{self, Description};
use crate::workspace::{Workspace, cargo_program};
use crate::{build, command, elf, tools};

/// What it is built for. Others need a C compiler for that processor, which nobody has tried yet.
const TARGET: &str = "x86_64-unknown-linux-musl";
/// The C compiler of musl, for the cryptography.
const C_COMPILER: &str = "musl-gcc";
const C_COMPILER_PACKAGE: &str = "musl-tools";
/// Between flags of rustc (The Cargo Book, `CARGO_ENCODED_RUSTFLAGS`).
const FLAG_END: &str = "\x1f";

/// Makes everything below `target/dist` and says where it is.
pub fn run(workspace: &Workspace) -> Result<()> {
    let host = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    ensure!(host, "`cargo xtask dist` runs what it makes, so it needs Linux on x86_64");
    let release = Release::of(workspace)?;
    let built = step("portcullis, one static file", || binary(workspace, &release))?;
    let bytes = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    step("what it needs: nothing", || judge(workspace, &release, &built, &bytes))?;

    let folder = workspace.target().join("dist").join(format!("portcullis-{}-{TARGET}", release.version));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    std::fs::copy(&built, folder.join(build::PRODUCT)).context("cannot copy the binary")?;
    step("its SBOM (CycloneDX)", || sbom(workspace, &release, &folder.join("portcullis.cdx.json")))?;
    step("its image (OCI)", || container(workspace, &release, &bytes, &folder))?;
    checksums(&folder)?;
    println!("\n{}", folder.display());
    Ok(())
}

/// What a build is called, and when it counts as made.
struct Release {
    version: String,
    commit: String,
    source: String,
    /// The time of the commit, in seconds since 1970: the same each time.
    time: u64,
}

impl Release {
    fn of(workspace: &Workspace) -> Result<Self> {
        let mut git = Command::new("git");
        git.args(["log", "-1", "--format=%ct"]).current_dir(workspace.root());
        let time = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(time) => time,
            Err(_) => command::text(&mut git).context("without git, SOURCE_DATE_EPOCH must say when it was made")?,
        };
        let metadata = workspace.metadata()?;
        let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
        let product = packages.iter().find(|package| package["name"] == build::PRODUCT).context("no such package")?;
        let text = |field: &str| product[field].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            version: text("version"),
            commit: workspace.commit(),
            source: text("repository"),
            time: time.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH is `{time}`, not a number"))?,
        })
    }
}

/// Builds the plugins, their machine code with a static compiler, and the binary that carries both.
fn binary(workspace: &Workspace, release: &Release) -> Result<PathBuf> {
    need_target()?;
    need_c_compiler()?;
    let guests = workspace.guests()?;
    build::components(workspace, &guests)?;
    let environment = environment(workspace, release)?;
    let made = workspace.target().join(TARGET);
    let cargo = |binaries: &[&str], plugins: &Path| {
        let mut cargo = workspace.cargo();
        cargo.args(build::release_arguments()).args(["--target", TARGET, "--bin", build::COMPILER]);
        for binary in binaries {
            cargo.args(["--bin", binary]);
        }
        cargo.env("PORTCULLIS_COMMIT", &release.commit).env("PORTCULLIS_BUILTINS", plugins);
        command::run(cargo.envs(environment.iter().map(|(name, value)| (name, value))))
    };
    // The other machine code stays where it is: it was made by another compiler, and either would make the other again.
    let plugins = made.join("plugins");
    cargo(&[], &workspace.plugins())?;
    build::machine_code(workspace, &guests, &made.join("release").join(build::COMPILER), &plugins)?;
    cargo(&[build::PRODUCT], &plugins)?;
    Ok(made.join("release").join(build::PRODUCT))
}

/// What makes the bytes the same on every machine, and the file free of what nobody needs.
fn environment(workspace: &Workspace, release: &Release) -> Result<Vec<(String, OsString)>> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir().context("no home folder is known: set CARGO_HOME")?.join(".cargo"),
    };
    let shown: Vec<(String, &str)> =
        [(workspace.root(), "/portcullis"), (workspace.target(), "/target"), (home.as_path(), "/cargo")]
            .map(|(path, shown)| (path.display().to_string(), shown))
            .to_vec();
    // The last flag that fits counts, so the target folder, which usually stands in the root, comes after it.
    let rust = shown.iter().map(|(path, shown)| format!("--remap-path-prefix={path}={shown}"));
    let c = shown.iter().map(|(path, shown)| format!("-ffile-prefix-map={path}={shown}"));
    let underscored = TARGET.replace('-', "_");
    Ok(vec![
        ("CARGO_ENCODED_RUSTFLAGS".to_owned(), rust.collect::<Vec<_>>().join(FLAG_END).into()),
        (format!("CC_{underscored}"), C_COMPILER.into()),
        (format!("CFLAGS_{underscored}"), c.collect::<Vec<_>>().join(" ").into()),
        ("CARGO_PROFILE_RELEASE_STRIP".to_owned(), "symbols".into()),
        ("SOURCE_DATE_EPOCH".to_owned(), release.time.to_string().into()),
    ])
}

fn need_target() -> Result<()> {
    let mut rustc = Command::new("rustc");
    let library = command::text(rustc.args(["--print", "target-libdir", "--target", TARGET]))?;
    if !Path::new(&library).is_dir() {
        println!("running `rustup target add {TARGET}`");
        command::run(Command::new("rustup").args(["target", "add", TARGET]))?;
    }
    Ok(())
}

fn need_c_compiler() -> Result<()> {
    if command::text(Command::new(C_COMPILER).arg("--version")).is_err() {
        bail!(
            "there is no `{C_COMPILER}`: `apt-get install {C_COMPILER_PACKAGE}`, or your system's package of that name"
        );
    }
    Ok(())
}

/// Tries the binary: it is static, knows its version, names no folder of this machine, and judges in an empty root.
fn judge(workspace: &Workspace, release: &Release, built: &Path, bytes: &[u8]) -> Result<()> {
    elf::check_static(bytes).with_context(|| format!("{} is not static", built.display()))?;
    let version = command::text(Command::new(built).arg("--version").env_clear())?;
    let expected = format!("portcullis {} ({})", release.version, release.commit);
    ensure!(version == expected, "it says `{version}`, not `{expected}`");
    for folder in [workspace.root(), workspace.target()] {
        let name = folder.to_string_lossy();
        let found = bytes.windows(name.len()).any(|window| window == name.as_bytes());
        ensure!(!found, "the binary names {name}, so it is another one on every machine");
    }
    println!("{version}: static, {} MiB", bytes.len() / (1 << 20));
    in_empty_root(workspace, built)
}

/// Judges an example where there is no other file at all.
fn in_empty_root(workspace: &Workspace, built: &Path) -> Result<()> {
    let root = workspace.target().join("dist").join("empty-root");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
    std::fs::copy(built, root.join(build::PRODUCT)).context("cannot copy the binary")?;
    for (example, expected) in [("why-is-my-deployment-denied", 1), ("what-does-a-clean-deployment-look-like", 0)] {
        let path = workspace.root().join("policies/examples").join(example).with_extension("yaml");
        let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut check = Command::new("unshare");
        check.arg("--map-root-user").arg(format!("--root={}", root.display()));
        check.args(["/portcullis", "check", "--mode", "compliance", "-"]).env_clear().env("PATH", "/usr/bin:/bin");
        let output = command::piped(&mut check, &text)?;
        let status = output.status.code();
        ensure!(
            status == Some(expected),
            "in an empty root {example} ends with {status:?}, not {expected}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    println!("judges in an empty root as anywhere");
    Ok(std::fs::remove_dir_all(&root)?)
}

/// Writes the list of everything that is in the binary, and compares it with what cargo links.
fn sbom(workspace: &Workspace, release: &Release, path: &Path) -> Result<()> {
    const NAME: &str = "portcullis-dist-sbom";
    let mut cyclonedx = Command::new(tools::cargo_cyclonedx()?);
    cyclonedx.current_dir(workspace.root()).args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"]);
    cyclonedx.args(["--target", TARGET, "--override-filename", NAME, "--manifest-path", "host/cli/Cargo.toml"]);
    cyclonedx.env("SOURCE_DATE_EPOCH", release.time.to_string()).env("CARGO", cargo_program());
    let made = command::run(&mut cyclonedx);
    // It writes beside every manifest of the workspace; only the product's counts.
    let mut text = None;
    for package in workspace.packages() {
        let file = workspace.root().join(&package.folder).join(NAME).with_extension("json");
        if package.name == build::PRODUCT {
            text = std::fs::read_to_string(&file).ok();
        }
        let _ = std::fs::remove_file(&file);
    }
    made?;
    let text = text.context("cargo-cyclonedx wrote nothing for the product")?;
    // Where this machine keeps the source is nobody's business, and differs on the next one.
    let text = text.replace(&*workspace.root().to_string_lossy(), "/portcullis");
    let listed = components(&text)?;
    let mut tree = workspace.cargo();
    tree.args([
        "tree",
        "--package",
        build::PRODUCT,
        "--target",
        TARGET,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
    ]);
    let linked = command::text(tree.args(["--format", "{p}"]))?;
    // `name v1.2.3 (proc-macro)`, and the product itself is what the list is about.
    let linked = linked.lines().filter_map(|line| line.split_once(" v"));
    let linked = linked.map(|(name, rest)| format!("{name} {}", rest.split(' ').next().unwrap_or_default()));
    let missing: Vec<String> =
        linked.filter(|crate_| !crate_.starts_with("portcullis ") && !listed.contains(crate_)).collect();
    ensure!(missing.is_empty(), "the SBOM does not list {}", missing.join(", "));
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} components", listed.len());
    Ok(())
}

/// `name version` of every component of a CycloneDX document.
fn components(text: &str) -> Result<Vec<String>> {
    let bom: Value = serde_json::from_str(text).context("the SBOM is not JSON")?;
    ensure!(bom["bomFormat"] == "CycloneDX", "the SBOM is no CycloneDX document");
    let components = bom["components"].as_array().context("the SBOM lists no components")?;
    let word = |component: &Value, name: &str| component[name].as_str().unwrap_or_default().to_owned();
    Ok(components
        .iter()
        .map(|component| format!("{} {}", word(component, "name"), word(component, "version")))
        .collect())
}

/// Writes the image as a layout and as one file, and has a registry take it where there is Go to build one.
fn container(workspace: &Workspace, release: &Release, bytes: &[u8], folder: &Path) -> Result<()> {
    let description =
        Description { version: &release.version, commit: &release.commit, source: &release.source, time: release.time };
    let layout = image::layout(folder);
    let digest = image::write_layout(bytes, &description, &layout)?;
    let archive = folder.join("image.tar");
    image::archive(&layout, release.time, &archive)?;
    std::fs::write(folder.join("image.digest"), format!("{digest}\n")).context("cannot write the digest")?;
    match tools::crane()? {
        Some(crane) => {
            image::validate(&crane, &layout, &archive, &digest)?;
            println!("{digest}: taken and read back by a registry");
        }
        None => println!("SKIPPED: the image was not tried with a registry: {}", tools::NO_GO),
    }
    ensure!(workspace.root().join("deploy/image/Containerfile").is_file(), "the Containerfile is gone");
    Ok(())
}

/// `SHA256SUMS`, as `sha256sum --check` reads it.
fn checksums(folder: &Path) -> Result<()> {
    let mut text = String::new();
    for name in ["image.tar", build::PRODUCT, "portcullis.cdx.json"] {
        let bytes = std::fs::read(folder.join(name)).with_context(|| format!("cannot read {name}"))?;
        text.push_str(&format!("{}  {name}\n", digest(&bytes)));
    }
    print!("{text}");
    std::fs::write(folder.join("SHA256SUMS"), text).context("cannot write the checksums")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_an_sbom_lists_and_refuses_what_is_none() -> Result<()> {
        let listed = components(r#"{"bomFormat":"CycloneDX","components":[{"name":"a","version":"1.0.0"}]}"#)?;
        assert_eq!(listed, ["a 1.0.0"]);
        assert!(components("{}").is_err());
        assert!(components("[").is_err());
        Ok(())
    }
}

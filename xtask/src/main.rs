//! Runs one of the project's own commands: build, demo, test, coverage, fuzz, oracle, e2e, bench, chaos, soak, chart, dist, map, mutants, pictures, tools.

use std::process::ExitCode;

use anyhow::Result;
use workspace::Workspace;

mod bench;
mod build;
mod chaos;
mod chart;
mod clock;
mod command;
mod component;
mod coverage;
mod debian;
mod demo;
mod dist;
mod e2e;
mod elf;
mod example;
mod fuzz;
mod image;
mod instrument;
mod llvm;
mod map;
mod mutants;
mod oracle;
mod pictures;
mod python;
mod soak;
mod test;
mod tools;
mod totals;
mod wasm;
mod workspace;

/// The exit status of a command line that nobody understands.
const MISUSED: u8 = 2;

const HELP: &str = "\
cargo xtask <command>

  build          Build the plugins and the release binary `portcullis` with the built-in plugins inside.
  demo           Build, then judge `policies/examples/` in both modes, a document and a waiver, and show the findings.
  test [--all]   Run every check and test; `--all` adds what needs more than Rust, or minutes (cargo-deny, e2e).
  coverage       Build, then run the tests so that they count lines: how much of the host they reach, to `target/coverage.md`.
  fuzz [--seconds N] [--keep] [TARGET...]
                 Look for inputs that break a promise of `tests/fuzz` (60 seconds a target), and keep what reaches new code.
  e2e            Build, then show with kubectl what a real API server does with the webhook; writes `target/e2e/table.md`.
  examples       Build, then only that part of `test` which builds and enforces the example plugins, as their READMEs say.
  bench [PART..] Build for release and run every benchmark, or only these: `check` is the race against other programs,
                 `start` and `growth` are whole processes too, the others are named after their files (`evaluate`, `decide`);
                 `serve` sends load to the webhook (20 minutes).
  chaos [--short] [EXPERIMENT..]
                 Build, then hold every experiment of `tests/chaos` under load, or only these; writes `target/chaos.md` and
                 `target/chaos.json` (10 minutes; `--short` is what the tests do).
  soak [--minutes N]
                 Build, then send mixed load for 20 minutes while everything is reloaded: what it takes must be flat at the end.
  chart          Render `deploy/manifests` from the Helm chart, then lint, render and judge it with all its values (needs Go).
  dist           Build what is given away, below `target/dist`: a static binary (musl) with checksum, SBOM and OCI image.
  map            Write the map of the files in `host/README.md` again, from their first sentences.
  oracle [--questions N] [--seed S] [KIND...]
                 Ask Kubernetes' own libraries (Go) and ours a million questions about each of quantity, selector, name, image
                 and yaml, and fail on what differs and is not listed in `tests/oracle/kubernetes/differs.tsv`.
  mutants [CRATE...]
                 Change the code that decides, one mutant after the other, and fail where no test notices (hours; cargo-mutants).
  pictures       Draw the pictures of the README below `docs/images` (the page's need Chromium).
  tools          Install what only some tests need (cosign, crane, syft, bandit, semgrep, a registry, prometheus) into the cache, and
                 print the variables by which the tests find it.
  help           Show this text.

Environment:
  CARGO_TARGET_DIR                Where everything is built; `target` where it is not set.
  PORTCULLIS_GUEST_TOOLCHAIN      How plugins are compiled: `installed`, `rustup` or `debian`. Where it is not set, each is
                                  tried in this order: the wasm target is installed; `rustup target add`; Debian's packages
                                  `rustc-web` and `rust-web-src`.
  KUBEBUILDER_ASSETS              A folder with `etcd`, `kube-apiserver`, `kube-controller-manager` and `kubectl` for e2e. Where
                                  it is not set, they are built with Go, once, into the cache (7 minutes, 3 GB with Go's own).
  PORTCULLIS_BIN                  A binary that is there already, for `chaos`, `chart`, `coverage`, `e2e` and `pictures`; built where it is not
                                  set.
  PORTCULLIS_CACHE                Where tools are kept; `$XDG_CACHE_HOME/portcullis` or `~/.cache/portcullis` where it is not set.
";

type Command = fn(&Workspace) -> Result<ExitCode>;

fn main() -> ExitCode {
    if let Some(status) = instrument::as_wrapper() {
        return status;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command: Command = match arguments.as_slice() {
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["build"] => |workspace| {
            clock::announce(workspace, build::FIRST_MINUTES);
            build::run(workspace).map(|_| ExitCode::SUCCESS)
        },
        ["demo"] => |workspace| demo::run(workspace).map(|()| ExitCode::SUCCESS),
        ["test"] => |workspace| test::run(workspace, test::Extent::RustOnly),
        ["test", "--all"] => |workspace| test::run(workspace, test::Extent::All),
        ["coverage"] => coverage::run,
        ["fuzz", rest @ ..] => {
            let run = |wish| Workspace::open().and_then(|workspace| fuzz::run(&workspace, &wish));
            return ended(fuzz::wish(rest).and_then(run).map(|()| ExitCode::SUCCESS));
        }
        ["e2e"] => |workspace| {
            clock::announce(workspace, build::FIRST_MINUTES);
            e2e::run(workspace).map(|()| ExitCode::SUCCESS)
        },
        ["examples"] => |workspace| test::examples(workspace).map(|()| ExitCode::SUCCESS),
        ["bench", parts @ ..] => {
            return ended(
                Workspace::open().and_then(|workspace| bench::run(&workspace, parts)).map(|()| ExitCode::SUCCESS),
            );
        }
        ["chaos", rest @ ..] => {
            return ended(
                Workspace::open().and_then(|workspace| chaos::run(&workspace, rest)).map(|()| ExitCode::SUCCESS),
            );
        }
        ["soak", rest @ ..] => {
            return ended(Workspace::open().and_then(|it| soak::run(&it, rest)).map(|()| ExitCode::SUCCESS));
        }
        ["chart"] => |workspace| chart::run(workspace, &build::product(workspace)?).map(|()| ExitCode::SUCCESS),
        ["dist"] => |workspace| dist::run(workspace).map(|()| ExitCode::SUCCESS),
        ["map"] => |workspace| map::run(workspace).map(|()| ExitCode::SUCCESS),
        ["mutants", names @ ..] => {
            return ended(Workspace::open().and_then(|it| mutants::run(&it, names)).map(|()| ExitCode::SUCCESS));
        }
        ["pictures"] => |workspace| pictures::run(workspace, &build::product(workspace)?).map(|()| ExitCode::SUCCESS),
        ["tools"] => return ended(test::tools().map(|()| ExitCode::SUCCESS)),
        ["oracle", wanted @ ..] => {
            return ended(Workspace::open().and_then(|workspace| oracle::run(&workspace, wanted)));
        }
        unknown => {
            eprintln!("xtask: there is no command `{}`; `cargo xtask help` lists them", unknown.join(" "));
            return ExitCode::from(MISUSED);
        }
    };
    ended(Workspace::open().and_then(|workspace| command(&workspace)))
}

fn ended(result: Result<ExitCode>) -> ExitCode {
    match result {
        Ok(status) => status,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

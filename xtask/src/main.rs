//! Runs one of the project's own commands: build, demo, test, bench, map.

use std::process::ExitCode;

use anyhow::Result;
use workspace::Workspace;

mod bench;
mod build;
mod command;
mod component;
mod demo;
mod example;
mod map;
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
  demo           Build, then judge `policies/examples/` in both modes and show the findings.
  test [--all]   Run every check and test; `--all` adds what needs more than Rust, or minutes (cargo-deny).
  bench          Build for release and run every benchmark.
  map            Write the map of the files in `host/README.md` again, from their first sentences.
  help           Show this text.

Environment:
  CARGO_TARGET_DIR                Where everything is built; `target` where it is not set.
  PORTCULLIS_GUEST_TOOLCHAIN      How plugins are compiled: `installed`, `rustup` or `debian`. Where it is not set, each is
                                  tried in this order: the wasm target is installed; `rustup target add`; Debian's packages
                                  `rustc-web` and `rust-web-src`.
  PORTCULLIS_CACHE                Where tools are kept; `$XDG_CACHE_HOME/portcullis` or `~/.cache/portcullis` where it is not set.
";

type Command = fn(&Workspace) -> Result<ExitCode>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command: Command = match arguments.as_slice() {
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["build"] => |workspace| build::run(workspace).map(|_| ExitCode::SUCCESS),
        ["demo"] => |workspace| demo::run(workspace).map(|()| ExitCode::SUCCESS),
        ["test"] => |workspace| test::run(workspace, test::Extent::RustOnly),
        ["test", "--all"] => |workspace| test::run(workspace, test::Extent::All),
        ["bench"] => |workspace| bench::run(workspace).map(|()| ExitCode::SUCCESS),
        ["map"] => |workspace| map::run(workspace).map(|()| ExitCode::SUCCESS),
        unknown => {
            eprintln!("xtask: there is no command `{}`; `cargo xtask help` lists them", unknown.join(" "));
            return ExitCode::from(MISUSED);
        }
    };
    match Workspace::open().and_then(|workspace| command(&workspace)) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! Compiles one component, limits itself first, and ends: the build of the product and the runner start it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    ExitCode::from(portcullis_runner::compile_child_main(&args))
}

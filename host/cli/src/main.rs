//! Parse, run, exit.

mod args;
mod builtins;
mod check;
mod output;
mod plugins;
mod progress;
mod sets;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use portcullis_check::exit::Exit;

use crate::args::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return args::explain(&error),
    };
    let result = match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        // The child that compiles plugins ends with its own status.
        Command::CompilePlugin => return ExitCode::from(portcullis_runner::compile_child_main(&[])),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            Exit::NotJudged.into()
        }
    }
}

//! Parse, run, exit.

mod args;
mod baseline;
mod builtins;
mod changed;
mod check;
mod config;
mod conflicts;
mod document_set;
mod evidence;
mod evidence_show;
mod explain;
mod fix;
mod init;
mod logging;
mod manual;
mod namespaces;
mod output;
mod plugin;
mod plugins;
mod policies;
mod progress;
mod registries;
mod serve;
mod sets;
mod signed_set;
mod signer;
mod verify_bundle;
mod webhook_config;
mod wire;
mod write;

use std::process::ExitCode;

use portcullis_check::exit::Exit;

use crate::args::{BaselineCommand, Command, EvidenceCommand};

/// The allocator of musl takes one lock for all threads, and glibc's spends a sixth of a review's time.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match args::parse() {
        Ok(arguments) => arguments,
        Err(error) => return args::explain(error),
    };
    let result = match arguments.command {
        Command::Check(arguments) => check::run(*arguments),
        Command::Baseline(commands) => match commands.command {
            BaselineCommand::Write(arguments) => baseline::write(*arguments),
        },
        Command::Serve(arguments) => serve::run(&arguments),
        Command::WebhookConfig(arguments) => webhook_config::run(&arguments),
        Command::VerifyBundle(arguments) => verify_bundle::run(&arguments),
        Command::Evidence(commands) => match commands.command {
            EvidenceCommand::Show(arguments) => evidence_show::run(&arguments),
        },
        Command::Policies(commands) => policies::run(commands),
        Command::Init(arguments) => init::run(&arguments),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man(arguments) => manual::pages(&arguments),
        Command::Plugin(commands) => plugin::run(&commands.command),
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

//! The `completions` and `man` commands: what shells and `man` know of all commands.

use std::process::ExitCode;

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use portcullis_check::exit::{Exit, FailOn};
use portcullis_report::Format;

use crate::args::{Arguments, ManArguments, VERSION};
use crate::builtins::BUILTINS;
use crate::explain::Page;
use crate::write;

/// The name of the product, as a person calls it.
const NAME: &str = "portcullis";

/// Prints the completions for a shell.
pub fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut completed(command()), NAME, &mut text);
    write::to_stdout(&String::from_utf8(text)?)?;
    Ok(Exit::Allowed.into())
}

/// Prints the first page, or writes all of them.
pub fn pages(arguments: &ManArguments) -> anyhow::Result<ExitCode> {
    let Some(folder) = &arguments.output else {
        write::to_stdout(&page(command())?)?;
        return Ok(Exit::Allowed.into());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the directory `{}`", folder.display()))?;
    let written = clap_mangen::generate_to(command(), folder);
    written.with_context(|| format!("cannot write into `{}`", folder.display()))?;
    write::to_stdout(&format!("the pages are in {0}; read them with `man -l {0}/{NAME}.1`\n", folder.display()))?;
    Ok(Exit::Allowed.into())
}

/// The command as it is shown: without the one that the product calls itself.
fn command() -> Command {
    let whole = Arguments::command();
    let shown = whole.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned();
    let mut command = Command::new(NAME).subcommands(shown).args(whole.get_arguments().cloned());
    if let (Some(about), Some(after)) = (whole.get_about(), whole.get_after_help()) {
        command = command.version(VERSION).about(about.clone()).after_help(after.clone());
    }
    command
}

/// The same with the values that a shell can offer. They are no parsers of the flags, whose errors say more, nor in `--help`,
/// where the rules of all plugins would be a page of their own.
fn completed(command: Command) -> Command {
    let formats = Format::ALL.map(Format::as_str);
    let rules = BUILTINS.iter().flat_map(|builtin| {
        let rules = Page::of(builtin.page).rules().into_iter().map(move |rule| format!("{}/{rule}", builtin.name));
        std::iter::once(builtin.name.to_owned()).chain(rules)
    });
    // What clap knows lives as long as the program, which ends with this command.
    let rules: Vec<&str> = rules.map(|rule| &*rule.leak()).collect();
    command.mut_subcommand("check", |check| {
        let check = check.mut_arg("format", |flag| flag.value_parser(PossibleValuesParser::new(formats)));
        let check = check.mut_arg("fail_on", |flag| flag.value_parser(PossibleValuesParser::new(FailOn::WORDS)));
        check.mut_arg("explain", |flag| flag.value_parser(PossibleValuesParser::new(rules)))
    })
}

fn page(command: Command) -> anyhow::Result<String> {
    let mut text = Vec::new();
    Man::new(command).render(&mut text)?;
    Ok(String::from_utf8(text)?)
}

//! The `plugin` commands: new, build, test, inspect.

use std::path::Path;
use std::process::ExitCode;

use portcullis_author::{BuildOptions, Error, MeasureWith, NewOptions, Sdk, TestOptions, build, inspect, new, test};
use portcullis_check::bytes;
use portcullis_check::exit::Exit;
use portcullis_model::{PluginBytes, PluginReference, PluginSource as _};
use portcullis_report::plain;

use crate::args::{BuildArguments, InspectArguments, NewArguments, PluginCommand, TestArguments};
use crate::builtins::BUILTINS;
use crate::output;
use crate::plugins::{LocalPlugins, missing};
use crate::wire::runner_config;
use crate::write;

/// What the name of a plugin inside the binary begins with.
const BUILTIN: &str = "builtin:";
/// Bytes of settings, as the runner admits.
const SETTINGS_BYTES: u64 = 1 << 20;

/// Does what was asked for. A plugin that is refused is 1, and what could not be tried is 2.
pub fn run(command: &PluginCommand) -> anyhow::Result<ExitCode> {
    let result = match command {
        PluginCommand::New(arguments) => run_new(arguments),
        PluginCommand::Build(arguments) => run_build(arguments),
        PluginCommand::Test(arguments) => run_test(arguments),
        PluginCommand::Inspect(arguments) => run_inspect(arguments),
    };
    result.or_else(|error| match error.downcast_ref::<Error>() {
        Some(refusal) if refusal.is_refusal() => {
            output::complain(&error);
            Ok(Exit::Denied.into())
        }
        _ => Err(error),
    })
}

fn run_new(arguments: &NewArguments) -> anyhow::Result<ExitCode> {
    let builtins: Vec<&str> = BUILTINS.iter().map(|builtin| builtin.name).collect();
    let sdk = arguments.sdk.as_deref().map(Sdk::parse).transpose()?.unwrap_or_default();
    let path = arguments.path.as_deref();
    let made = new(&NewOptions { name: &arguments.name, path, sdk, builtins: &builtins })?;
    let folder = made.path.display().to_string();
    let folder = plain(&folder);
    let mut files: String = made.files.iter().map(|file| format!("  {file}\n")).collect();
    if made.sdk > 0 {
        files
            .push_str(&format!("  sdk/ ({} files: the guest kit; its README.md is the page to keep open)\n", made.sdk));
    }
    write::to_stdout(&format!(
        "{folder}: the plugin `{}`\n{files}\nNext:\n  cd {folder}\n  portcullis plugin test\n",
        arguments.name
    ))?;
    Ok(Exit::Allowed.into())
}

fn run_build(arguments: &BuildArguments) -> anyhow::Result<ExitCode> {
    let options = BuildOptions {
        path: &arguments.path,
        output: arguments.output.as_deref(),
        pin: &arguments.pin,
        locked: arguments.locked,
    };
    let built = build(&options, runner_config(arguments.cache_dir.as_deref()))?;
    write::to_stdout(&built.to_text())?;
    Ok(Exit::Allowed.into())
}

fn run_test(arguments: &TestArguments) -> anyhow::Result<ExitCode> {
    let plugin = arguments.plugin.as_deref().map(fetch).transpose()?;
    let options = TestOptions {
        path: &arguments.path,
        plugin: plugin.zip(arguments.plugin.clone()),
        no_build: arguments.no_build,
        filter: arguments.filter.as_deref(),
        update: arguments.update,
    };
    let tested = test(&options, runner_config(arguments.cache_dir.as_deref()))?;
    // The status stands before anything is shown.
    let exit = if tested.is_right(arguments.strict) { Exit::Allowed } else { Exit::Denied };
    write::to_stdout(&tested.to_text(arguments.format.into(), arguments.strict))?;
    Ok(exit.into())
}

fn run_inspect(arguments: &InspectArguments) -> anyhow::Result<ExitCode> {
    let plugin = fetch(&arguments.plugin)?;
    let settings = match &arguments.settings {
        Some(path) => MeasureWith::Given(
            String::from_utf8(bytes::read(path, SETTINGS_BYTES)?)
                .map_err(|_| anyhow::anyhow!("`{}` is not UTF-8; give settings as JSON", path.display()))?,
        ),
        None if arguments.plugin.starts_with(BUILTIN) => MeasureWith::Example,
        None => MeasureWith::CaseBeside(Path::new(&arguments.plugin)),
    };
    let inspected = inspect(&plugin.wasm, &arguments.plugin, &settings, runner_config(None))?;
    write::to_stdout(&inspected.to_text(arguments.format.into()))?;
    Ok(Exit::Allowed.into())
}

/// The bytes of a plugin inside the binary, or of a file.
fn fetch(name: &str) -> anyhow::Result<PluginBytes> {
    let reference = match name.strip_prefix(BUILTIN) {
        Some(builtin) => PluginReference::Builtin { name: builtin.to_owned(), digest: None },
        // No policy set has a part in it.
        None if !Path::new(name).exists() => {
            anyhow::bail!(
                "{}; `portcullis plugin build` makes such files, `builtin:NAME` is one in the binary",
                missing(Path::new(name))
            )
        }
        None => PluginReference::File { path: name.to_owned(), digest: None },
    };
    Ok(LocalPlugins.fetch(&reference)?)
}

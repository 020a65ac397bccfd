//! Sends load to a webhook and says in one line of JSON how it went, or is the bare server that others are held against.
//!
//! `portcullis-load open|closed --address A --authority FILE --questions FILE --rate R --seconds S --connections C
//! --patience S [--pid PID]`, or `portcullis-load bare --listen A --certificate FILE --key FILE`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use portcullis_load::{Client, Fleet, Load, Plan, Report, Resources, Target, serve_bare};

/// The product's own, so that nothing but the judging differs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let run = || -> Result<(), String> {
        let (what, rest) = arguments.split_first().ok_or("say `open`, `closed` or `bare`")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
        let flags = Flags::read(rest)?;
        match what.as_str() {
            "open" => runtime.block_on(drive(Load::Open, &flags)),
            "closed" => runtime.block_on(drive(Load::Closed, &flags)),
            "bare" => runtime.block_on(bare(&flags)),
            unknown => Err(format!("`{unknown}` is nothing; say `open`, `closed` or `bare`")),
        }
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("portcullis-load: {why}");
            ExitCode::FAILURE
        }
    }
}

/// `--name value`, each.
struct Flags(BTreeMap<String, String>);

impl Flags {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut flags = BTreeMap::new();
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("`{}` has no value", pair[0])) };
            let name = name.strip_prefix("--").ok_or_else(|| format!("`{name}` is no flag"))?;
            flags.insert(name.to_owned(), value.clone());
        }
        Ok(Self(flags))
    }

    fn get<T: FromStr>(&self, name: &str) -> Result<T, String> {
        let value = self.0.get(name).ok_or_else(|| format!("--{name} is missing"))?;
        value.parse().map_err(|_| format!("`{value}` is no value of --{name}"))
    }
}

async fn drive(load: Load, flags: &Flags) -> Result<(), String> {
    let target = Target::new(flags.get("address")?, &flags.get::<PathBuf>("authority")?);
    let questions = Arc::new(Client::questions(&flags.get::<PathBuf>("questions")?)?);
    let plan = Plan::new(flags.get("rate")?, Duration::from_secs_f64(flags.get("seconds")?))
        .over(flags.get("connections")?)
        .waiting(Duration::from_secs_f64(flags.get("patience")?));
    let server = flags.get::<u32>("pid").ok();
    let stop = Arc::new(AtomicBool::new(false));
    let fleet = Fleet::connect(&target, &questions, &plan).await;
    let spent = |pid: u32| Resources::of(pid).unwrap_or_default().processor;
    let both = || (spent(std::process::id()), server.map(spent).unwrap_or_default());
    let before = both();
    let run = match load {
        Load::Open => fleet.at_its_time(&stop).await,
        Load::Closed => fleet.as_fast_as_it_goes(&stop).await,
    };
    let after = both();
    let report = Report::of(&run, after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    println!("{}", report.to_json());
    Ok(())
}

async fn bare(flags: &Flags) -> Result<(), String> {
    let address: String = flags.get("listen")?;
    let listener = tokio::net::TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    let (certificate, key) = (flags.get::<PathBuf>("certificate")?, flags.get::<PathBuf>("key")?);
    println!("listening");
    match serve_bare(listener, Path::new(&certificate), Path::new(&key)).await {}
}

//! The runner: everything that is made once, before the first plugin.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_model::{Amount, PluginBytes, sha256_hex};
use wasmtime::component::Linker;

use crate::budget::Budget;
use crate::cache::Cache;
use crate::compile::{COMPILE_WALL, CompilerCommand};
use crate::engine::{self, Pool};
use crate::error::{Error, StartError};
use crate::plugin::{self, Plugin};
use crate::scan::{self, Counts, Limits};
use crate::shared::Shared;
use crate::state::State;
use crate::validate::validate;

/// How a runner is set up.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// What a component may be.
    pub limits: Limits,
    /// What a call may spend.
    pub budget: Budget,
    /// How many evaluations may run at once.
    pub pool: Pool,
    /// Where compiled code is remembered; it must be writable by this user alone. `None`: nowhere.
    pub cache_dir: Option<PathBuf>,
    /// How to start the compile child. `None`: only plugins with carried or remembered code can be loaded.
    pub compiler: Option<CompilerCommand>,
    /// When the compile child is killed. Default [`COMPILE_WALL`].
    pub compile_wall: Duration,
    /// Compile in this process, without limits, where there is no `compiler`: for tests and benches with their own
    /// components, never for a plugin that somebody else wrote.
    pub compile_in_process: bool,
    /// Reads a Kubernetes quantity exactly; the crate that can is a neighbour of this one.
    pub parse_quantity: fn(&str) -> Amount,
}

impl RunnerConfig {
    /// All defaults, no cache, no compiler.
    pub fn new(parse_quantity: fn(&str) -> Amount) -> Self {
        Self {
            limits: Limits::default(),
            budget: Budget::default(),
            pool: Pool::default(),
            cache_dir: None,
            compiler: None,
            compile_wall: COMPILE_WALL,
            compile_in_process: false,
            parse_quantity,
        }
    }
}

/// Loads plugins. One per process.
pub struct Runner {
    shared: Arc<Shared>,
    linker: Linker<State>,
    notices: Vec<String>,
}

impl Runner {
    /// Starts the engine and its clock, and opens the cache. A cache that cannot be used is left out, with a notice.
    ///
    /// # Errors
    /// Only where the engine cannot start at all on this machine.
    pub fn new(config: RunnerConfig) -> Result<Self, StartError> {
        let (engine, clock, notice) = engine::runner(&config.pool, &config.budget)?;
        let mut notices: Vec<String> = notice.into_iter().collect();
        let cache = config.cache_dir.as_deref().and_then(|directory| {
            let refused = |why| notices.push(format!("compiled plugins are not remembered: {why}"));
            Cache::open(directory).map_err(refused).ok()
        });
        let linker = plugin::linker(&engine).map_err(|e| StartError(format!("{e:#}")))?;
        let shared = Shared {
            engine,
            clock,
            budget: config.budget,
            instances: config.pool.instances,
            parse_quantity: config.parse_quantity,
            limits: config.limits,
            compiler: config.compiler,
            compile_wall: config.compile_wall,
            compile_in_process: config.compile_in_process,
            cache,
            compiling: Mutex::new(()),
        };
        Ok(Self { shared: Arc::new(shared), linker, notices })
    }

    /// What an operator should be told once: a cache that cannot be used, address space that could not be reserved.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// What a call may spend.
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// Counts what a component is made of, where it is within the limits. Whether it is valid, only loading it says.
    ///
    /// # Errors
    /// Why it would not be loaded, as far as counting shows it.
    pub fn count(&self, wasm: &[u8]) -> Result<Counts, Error> {
        scan::count(wasm, &self.shared.limits).map_err(|reason| Error::new(plugin::named(&sha256_hex(wasm)), reason))
    }

    /// Counts and validates in this process, which no limit of time or memory protects: for tests and fuzzers.
    ///
    /// # Errors
    /// Why it would not be loaded, as far as that can be seen before it is compiled.
    pub fn scan(&self, wasm: &[u8]) -> Result<Counts, Error> {
        let counts = self.count(wasm)?;
        validate(wasm, self.shared.limits.type_depth)
            .map_err(|reason| Error::new(plugin::named(&sha256_hex(wasm)), reason))?;
        Ok(counts)
    }

    /// Loads a plugin: checks its digest where one is expected (`sha256:` and 64 hex digits), counts and compiles it unless
    /// its code is carried or remembered, links it, and asks it who it is.
    ///
    /// # Errors
    /// Everything that is wrong with it, in words for whoever configured it.
    pub fn load(&self, bytes: &PluginBytes, expected_digest: Option<&str>) -> Result<Arc<Plugin>, Error> {
        Plugin::load(&self.shared, &self.linker, bytes, expected_digest).map(Arc::new)
    }
}

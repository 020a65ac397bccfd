//! The one engine: its flags and its clock.

use std::num::NonZeroU32;
use std::sync::Arc;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, PoolingAllocationConfig, Strategy,
};

use crate::budget::Budget;
use crate::clock::Clock;
use crate::error::StartError;

/// The release of wasmtime whose code this host loads; a patch release may mend the compiler, so code of another one is
/// compiled again. A test compares it with `Cargo.lock`.
pub(crate) const WASMTIME: &str = "48.0.8";

/// Which processors the code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// This machine, with all that its processor can do.
    Native,
    /// Any machine of this architecture: for code that the product carries.
    Baseline,
}

/// How instances are reserved.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// How many evaluations may run at once. Default 128; a caller that wants more gets an error, so it must hold its
    /// own calls back. Each one reserves about 12 GiB of address space, and no memory.
    pub instances: u32,
    /// Bytes of a memory that stay with it between evaluations, cleared by writing instead of by the kernel. Default
    /// 1 MiB: small guests then never return a page (2.1 instead of 3.3 microseconds), large ones at most this much.
    pub keep_resident: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { instances: 128, keep_resident: 1 << 20 }
    }
}

/// Every flag that decides what code looks like and what a plugin may be. The compile child, the build of the product and
/// the runner share it, because code only loads into an engine with the same flags.
pub(crate) fn config(target: Target) -> Result<Config, StartError> {
    let mut config = Config::new();
    // Baseline flags where a target is named at all; otherwise wasmtime asks the processor.
    if target == Target::Baseline {
        config.target(triple()?).map_err(|e| StartError(format!("{e:#}")))?;
    }
    config
        // Winch had four advisories, one of them an escape.
        .strategy(Strategy::Cranelift)
        // A patch of Cranelift must never run code of the release before it.
        .module_version(ModuleVersionStrategy::Custom(WASMTIME.to_owned()))
        .map_err(|e| StartError(format!("{e:#}")))?
        // Two to three and a half times the cost of a call, and a whole class of advisories.
        .concurrency_support(false)
        // How a plugin is stopped; the callback reads the thread's clock. Fuel would cost more than twice as much.
        .epoch_interruption(true)
        .consume_fuel(false)
        // Explicit bounds checks would cost 1.2 to 1.8 times; the guard in front stops sign-extension bugs.
        .signals_based_traps(true)
        .guard_before_linear_memory(true)
        // A fresh instance costs the same however much data it starts with.
        .memory_init_cow(true)
        // Traps are a hot path under attack, and nobody reads a guest's frames in production.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        // Registering unwind tables is quadratic in the number of modules.
        .native_unwind_info(false)
        // Synchronous calls run on our own stack, so callers need threads with 2 MiB.
        .max_wasm_stack(256 << 10)
        // Reproducible verdicts on every processor.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        // Surface that no plugin needs. Both cargo features are compiled in only because of advisories (see Cargo.toml).
        .gc_support(false)
        .wasm_function_references(false)
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_memory64(false)
        .wasm_threads(false)
        .shared_memory(false)
        .wasm_tail_call(false)
        .wasm_stack_switching(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_component_model(true)
        .wasm_features(wasmtime::WasmFeatures::CM_ASYNC, false)
        // Output of several toolchains wants more than one memory; their sum is limited.
        .wasm_multi_memory(true)
        .wasm_simd(true)
        .parallel_compilation(true);
    Ok(config)
}

/// An engine that only compiles: it reserves no pool, and so starts under a small address-space limit.
pub(crate) fn compiler(target: Target) -> Result<Engine, StartError> {
    Engine::new(&config(target)?).map_err(|e| StartError(format!("{e:#}")))
}

/// The engine that runs plugins, its clock, and what should be told about how it started.
pub(crate) fn runner(pool: &Pool, budget: &Budget) -> Result<(Engine, Arc<Clock>, Option<String>), StartError> {
    let mut pooled = config(Target::Native)?;
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(pool, budget)));
    let (engine, notice) = match Engine::new(&pooled) {
        Ok(engine) => (engine, None),
        // A container with a small address-space limit: everything still works, some microseconds slower.
        Err(cause) => {
            let notice =
                format!("plugins start more slowly, because address space for them could not be reserved: {cause:#}");
            (compiler(Target::Native)?, Some(notice))
        }
    };
    let clock = start_clock(&engine)?;
    Ok((engine, clock, notice))
}

fn pooling(pool: &Pool, budget: &Budget) -> PoolingAllocationConfig {
    let mut pooling = PoolingAllocationConfig::new();
    let instances = pool.instances.max(1);
    pooling
        .total_component_instances(instances)
        // Component tooling makes two or three small modules beside the plugin's own.
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances.saturating_mul(2))
        .total_tables(instances.saturating_mul(8))
        .max_core_instances_per_component(u32::try_from(budget.instances).unwrap_or(u32::MAX))
        .max_memories_per_component(4)
        .max_tables_per_component(8)
        // As many in one module: by default it may have one of each, and some toolchains make more.
        .max_memories_per_module(4)
        .max_tables_per_module(8)
        // No single memory can exceed the sum; this also bounds one uninterruptible `memory.fill`.
        .max_memory_size(budget.memory)
        .table_elements(budget.table_elements)
        .max_core_instance_size(16 << 20)
        .max_component_instance_size(32 << 20)
        .linear_memory_keep_resident(pool.keep_resident)
        .table_keep_resident(64 << 10)
        // Misses dirty pages that were swapped out, up to wasmtime 49.
        .pagemap_scan(Enabled::No);
    pooling
}

/// Moves the epoch on while anything runs. The clock holds only a weak handle of the engine.
fn start_clock(engine: &Engine) -> Result<Arc<Clock>, StartError> {
    let weak = engine.weak();
    let tick = move || weak.upgrade().map(|engine| engine.increment_epoch()).is_some();
    Clock::start(tick).map_err(|e| StartError(format!("no thread for the clock: {e}")))
}

fn triple() -> Result<&'static str, StartError> {
    match (std::env::consts::ARCH, std::env::consts::OS) {
        ("x86_64", "linux") => Ok("x86_64-unknown-linux-gnu"),
        ("aarch64", "linux") => Ok("aarch64-unknown-linux-gnu"),
        ("x86_64", "macos") => Ok("x86_64-apple-darwin"),
        ("aarch64", "macos") => Ok("aarch64-apple-darwin"),
        (arch, os) => Err(StartError(format!("no baseline is known for `{arch}` on `{os}`"))),
    }
}

/// Threads of one compile child: more would only need more address space.
pub(crate) const COMPILE_THREADS: NonZeroU32 = NonZeroU32::new(4).expect("four is not zero");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_release_of_wasmtime_that_is_locked() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"")), "WASMTIME is stale");
    }

    #[test]
    fn says_so_and_goes_on_when_the_address_space_is_too_small() {
        // More than any processor can address.
        let pool = Pool { instances: 1 << 20, ..Pool::default() };
        let (_, _, notice) = runner(&pool, &Budget::default()).expect("the fallback");
        assert!(notice.expect("a notice").starts_with("plugins start more slowly"));
    }
}

//! What all plugins of one runner share: the engine, the limits, the compiler, the cache.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_model::{Amount, PluginBytes, sha256_hex};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::budget::Budget;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::compile::{self, CompilerCommand};
use crate::engine::WASMTIME;
use crate::error::{Breach, Reason};
use crate::plugin::plain;
use crate::scan::{self, Limits};

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<Clock>,
    pub(crate) budget: Budget,
    pub(crate) instances: u32,
    pub(crate) parse_quantity: fn(&str) -> Amount,
    pub(crate) limits: Limits,
    pub(crate) compiler: Option<CompilerCommand>,
    pub(crate) compile_wall: Duration,
    pub(crate) compile_in_process: bool,
    pub(crate) cache: Option<Cache>,
    /// One compilation at a time: a hundred bombs at once cost no more memory than one.
    pub(crate) compiling: Mutex<()>,
}

impl Shared {
    /// The code of a component: carried by the product, remembered, or made now.
    pub(crate) fn component(&self, bytes: &PluginBytes, digest: &str) -> Result<Component, Reason> {
        let carried = bytes.code.and_then(|code| compile::code_of(digest, code));
        if let Some(component) = carried.and_then(|code| self.deserialize(code).ok()) {
            return Ok(component);
        }
        let name = self.entry(digest);
        if let Some(component) = self.remembered(&name, digest) {
            return Ok(component);
        }
        let counts = scan::count(&bytes.wasm, &self.limits)?;
        // What could never be started is not compiled.
        if counts.memory > self.budget.memory as u64 {
            return Err(Reason::Breach(Breach::Memory(self.budget.memory)));
        }
        if counts.elements > self.budget.table_elements as u64 {
            return Err(Reason::Breach(Breach::Tables(self.budget.table_elements)));
        }
        let _one = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have made it while this one waited.
        if let Some(component) = self.remembered(&name, digest) {
            return Ok(component);
        }
        let depth = self.limits.type_depth;
        let made = match &self.compiler {
            Some(command) => compile::in_child(command, &bytes.wasm, digest, depth, self.compile_wall)?,
            None if self.compile_in_process => compile::in_process(&bytes.wasm, depth)?,
            None => return Err(Reason::Compile("no compiler is configured".into())),
        };
        let code = compile::code_of(digest, &made).unwrap_or_default();
        let component = self.deserialize(code).map_err(|e| Reason::Compile(plain(&e)))?;
        if let Some(cache) = &self.cache {
            cache.write(&name, &made);
        }
        Ok(component)
    }

    fn remembered(&self, name: &str, digest: &str) -> Option<Component> {
        let kept = self.cache.as_ref()?.read(name)?;
        self.deserialize(compile::code_of(digest, &kept)?).ok()
    }

    /// The name of a cache entry: everything that the code depends on, and the limits that the component had to pass.
    fn entry(&self, digest: &str) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        // Flags, target and features of the processor. The hasher's keys are fixed.
        let mut flags = DefaultHasher::new();
        self.engine.precompile_compatibility_hash().hash(&mut flags);
        let all = format!("{digest} {WASMTIME} {:x} {:?}", flags.finish(), self.limits);
        sha256_hex(all.as_bytes()).split_off("sha256:".len())
    }

    /// Loads code that this project made: by its own build, or by its own compile child just now or with a valid
    /// authentication code.
    #[expect(unsafe_code, reason = "wasmtime cannot check compiled code")]
    fn deserialize(&self, code: &[u8]) -> Result<Component, wasmtime::Error> {
        // SAFETY: `deserialize` runs whatever machine code it is given. All three callers pass code that
        // `Engine::precompile_component` of this release wrote: `bytes.code` comes from the product's own build and is part
        // of the executable, `in_child` and `in_process` have just made it, and the cache gives only what carries the
        // authentication code of this installation. It is in our own memory, so nobody can change it under us. Flags and
        // processor are checked by wasmtime.
        unsafe { Component::deserialize(&self.engine, code) }
    }
}

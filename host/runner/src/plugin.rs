//! Bytes to a prepared plugin: digest checked, shape checked, linked once.

use std::sync::Arc;

use portcullis_model::{Key, PluginBytes, sha256_hex};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, HasSelf, InstancePre, Linker};
use wasmtime::{Engine, Store, Trap};

use crate::answer::sentence;
use crate::bindings::{LAST_WORDS, Policy, PolicyPre};
use crate::budget::Purse;
use crate::describe::{DESCRIPTION_BYTES, Description};
use crate::error::{Breach, Complaint, Error, PrepareError, Reason};
use crate::path::Path;
use crate::scan;
use crate::shared::Shared;
use crate::state::{Declared, Input, State};

/// A plugin that is ready: compiled, linked, and asked who it is. Cheap to share between threads.
pub struct Plugin {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) evaluate: ComponentExportIndex,
    policy: PolicyPre<State>,
    pub(crate) declared: Arc<Declared>,
    digest: Arc<str>,
    description: Description,
}

/// Settings that one plugin accepted, in its own form.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) plugin: Arc<str>,
    pub(crate) bytes: Arc<[u8]>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({}@{})", self.description.name, self.digest)
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the content: settings may hold what nobody should read in a log.
        write!(f, "Prepared({} bytes for {})", self.bytes.len(), self.plugin)
    }
}

impl Plugin {
    pub(crate) fn load(
        shared: &Arc<Shared>,
        linker: &Linker<State>,
        bytes: &PluginBytes,
        expected: Option<&str>,
    ) -> Result<Self, Error> {
        let digest: Arc<str> = sha256_hex(&bytes.wasm).into();
        let failed = |reason| Error::new(named(&digest), reason);
        if let Some(expected) = expected.filter(|expected| **expected != *digest) {
            let reason = Reason::Digest { expected: expected.to_owned(), found: digest.to_string() };
            return Err(failed(reason));
        }
        scan::sniff(&bytes.wasm).map_err(failed)?;
        let component = shared.component(bytes, &digest).map_err(failed)?;
        let pre = link(&shared.engine, linker, &component).map_err(failed)?;
        let world = |e: wasmtime::Error| failed(Reason::World(plain(&e)));
        let evaluate = component.get_export_index(None, "evaluate");
        let evaluate = evaluate.ok_or_else(|| failed(Reason::World("it exports no `evaluate`".into())))?;
        let policy = PolicyPre::new(pre.clone()).map_err(world)?;
        let description = describe(shared, &policy).map_err(failed)?;
        let parsed = Declared {
            keys: description.keys.iter().map(Key::new).collect(),
            paths: description.paths.iter().filter_map(|path| Path::parse(path)).collect(),
        };
        Ok(Self { shared: Arc::clone(shared), pre, evaluate, policy, declared: Arc::new(parsed), digest, description })
    }

    /// The name that it gives itself, in kebab-case.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// `sha256:` and 64 hex digits of the component's bytes.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What it says about itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Turns settings (JSON text) into what `evaluate` gets. Called when a policy set is loaded, once per mode.
    ///
    /// # Errors
    /// The plugin's complaints, or its failure: settings and result have at most [`crate::Budget::settings`] bytes, the
    /// time is [`crate::Budget::load_time`].
    pub fn prepare(&self, settings: &str) -> Result<Prepared, PrepareError> {
        let most = self.shared.budget.settings;
        let failed = |reason| Error::new(self.name(), reason);
        let too_large = |what: &str, found: usize| {
            failed(Reason::Settings(format!("{found} bytes of {what}, at most {most} are admitted")))
        };
        if settings.len() > most {
            return Err(too_large("settings", settings.len()).into());
        }
        let budget = &self.shared.budget;
        let mut store = self.shared.store(Input::nothing(), Arc::clone(&self.declared), budget.load_time);
        // Twice: what crosses may be as large as the limit says, and its bookkeeping comes on top.
        store.set_hostcall_fuel(budget.answer.saturating_add(most));
        let call = started(&self.policy, &mut store).and_then(|policy| policy.call_prepare(&mut store, settings));
        match call.map_err(|e| failed(self.shared.reason(&e, store.data())))? {
            Ok(bytes) if bytes.len() > most => Err(too_large("prepared settings", bytes.len()).into()),
            Ok(bytes) => Ok(Prepared { plugin: Arc::clone(&self.digest), bytes: bytes.into() }),
            Err(complaints) if complaints.is_empty() => {
                Err(failed(Reason::Settings("it refuses them without a reason".into())).into())
            }
            Err(complaints) => {
                let complaint = |guest: crate::bindings::SettingsError| Complaint {
                    pointer: sentence(&guest.pointer, budget.message),
                    message: sentence(&guest.message, budget.message),
                };
                // As many as findings: more would help nobody.
                let complaints = complaints.into_iter().take(budget.findings).map(complaint).collect();
                Err(PrepareError::Settings(complaints))
            }
        }
    }
}

/// What a plugin is called before its name is known.
pub(crate) fn named(digest: &str) -> &str {
    digest.get(..19).unwrap_or_default()
}

/// Checks the imports and links them. Also code that was compiled before comes this way, so nothing is only checked once.
fn link(engine: &Engine, linker: &Linker<State>, component: &Component) -> Result<InstancePre<State>, Reason> {
    let component_type = component.component_type();
    component_type.imports(engine).try_for_each(|(name, item)| match item.ty {
        ComponentItem::Type(_) => Ok(()),
        _ => scan::import_allowed(name),
    })?;
    linker.instantiate_pre(component).map_err(|e| Reason::World(plain(&e)))
}

/// A fresh instance that has not spent everything while it started.
fn started(policy: &PolicyPre<State>, store: &mut Store<State>) -> Result<Policy, wasmtime::Error> {
    let policy = policy.instantiate(&mut *store)?;
    store.data_mut().purse.started()?;
    Ok(policy)
}

/// Asks twice, each time a fresh instance: an answer that changes is none (P55).
fn describe(shared: &Arc<Shared>, policy: &PolicyPre<State>) -> Result<Description, Reason> {
    let ask = || {
        let mut store = shared.store(Input::nothing(), Arc::default(), shared.budget.load_time);
        store.set_hostcall_fuel(DESCRIPTION_BYTES + 1024);
        let call = started(policy, &mut store).and_then(|policy| policy.call_describe(&mut store));
        call.map_err(|e| shared.reason(&e, store.data()))
    };
    let text = ask()?;
    if ask()? != text {
        return Err(Reason::Description("a second call gives another answer".into()));
    }
    let description = Description::parse(&text).map_err(Reason::Description)?;
    scan::contract_spoken(&description.contract)?;
    Ok(description)
}

/// Puts an error of wasmtime into our words, by its type and never by its text.
pub(crate) fn reason_of(error: &wasmtime::Error, instances: u32) -> Reason {
    if let Some(breach) = error.downcast_ref::<Breach>() {
        return Reason::Breach(*breach);
    }
    if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
        return Reason::Busy { instances };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => Reason::Trap("it gave up (`unreachable`)"),
        Some(Trap::StackOverflow) => Reason::Trap("it used up its stack of 256 KiB"),
        Some(Trap::MemoryOutOfBounds) => Reason::Trap("it reached outside its memory"),
        Some(Trap::IntegerDivisionByZero) => Reason::Trap("it divided by zero"),
        Some(Trap::CannotLeaveComponent) => Reason::Trap("it called the host where it must not"),
        Some(Trap::Interrupt) => Reason::Trap("it was interrupted"),
        Some(_) => Reason::Trap("it broke a rule of WebAssembly"),
        // What the kernel refuses is no fault of the plugin's.
        None if error.chain().any(|cause| cause.is::<rustix::io::Errno>() || cause.is::<std::io::Error>()) => {
            Reason::Machine(plain(error))
        }
        None => Reason::Contract(plain(error)),
    }
}

/// The whole chain of causes in one line, without what a plugin could have put into it.
pub(crate) fn plain(error: &wasmtime::Error) -> String {
    sentence(&format!("{error:#}"), 1_000)
}

/// Registers the contract's functions.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>, wasmtime::Error> {
    let mut linker = Linker::new(engine);
    Policy::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl Shared {
    /// A fresh store with a full budget. It is dropped after one call: a trap poisons it, and nothing survives.
    pub(crate) fn store(&self, input: Input, declared: Arc<Declared>, time: std::time::Duration) -> Store<State> {
        let purse = Purse::new(&self.budget, time, input.deadline);
        // As long as there is a store there is somebody to end what runs in it.
        let running = self.clock.running();
        let state =
            State { input, declared, purse, parse_quantity: self.parse_quantity, last_words: None, _running: running };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.purse);
        store.set_hostcall_fuel(self.budget.answer);
        store.set_max_component_handles(self.budget.handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().purse.tick()?;
            Ok(wasmtime::UpdateDeadline::Continue(1))
        });
        store
    }

    /// Why a call ended, in our words, or in the last ones of the plugin.
    pub(crate) fn reason(&self, error: &wasmtime::Error, state: &State) -> Reason {
        match (reason_of(error, self.instances), &state.last_words) {
            (Reason::Breach(Breach::Handle(LAST_WORDS)), Some(words)) => {
                Reason::GaveUp(sentence(&state.input.shown(words), self.budget.message))
            }
            (reason, _) => reason,
        }
    }
}

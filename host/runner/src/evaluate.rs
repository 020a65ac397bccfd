//! One fresh instance, one call, one answer: findings or needs.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::TypedFunc;

use crate::answer::{self, Outcome};
use crate::bindings::Outcome as Guest;
use crate::error::{Breach, Error, Reason};
use crate::plugin::{Plugin, Prepared};
use crate::state::{FACTS, Input};

impl Plugin {
    /// Judges one review. The answer depends on the arguments alone, and nothing survives the call.
    ///
    /// Runs on the calling thread, which needs 2 MiB of stack, and spends at most [`crate::Budget::time`] of its processor
    /// time. At most [`crate::Pool::instances`] calls may run at once.
    ///
    /// # Errors
    /// Every way in which this plugin did not judge; [`Error::kind`] says which kind of failure a decision shows.
    pub fn evaluate(&self, prepared: &Prepared, input: &Input) -> Result<Outcome, Error> {
        self.judge(prepared, input).map_err(|reason| Error::new(self.name(), reason))
    }

    fn judge(&self, prepared: &Prepared, input: &Input) -> Result<Outcome, Reason> {
        if *prepared.plugin != *self.digest() {
            return Err(Reason::Settings("they were prepared by another plugin".into()));
        }
        if input.facts.len() > FACTS {
            return Err(Reason::Query(format!("{} facts, at most {FACTS} are admitted", input.facts.len())));
        }
        if input.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Reason::Breach(Breach::Deadline));
        }
        let shared = &self.shared;
        let mut store = shared.store(input.clone(), Arc::clone(&self.declared), shared.budget.time);
        let guest = self
            .pre
            .instantiate(&mut store)
            .and_then(|instance| {
                store.data_mut().purse.started()?;
                // One export instead of the three that the generated `Policy` would look up and check.
                let evaluate: TypedFunc<(&[u8],), (Guest,)> = instance.get_typed_func(&mut store, self.evaluate)?;
                evaluate.call(&mut store, (&prepared.bytes,))
            })
            .map_err(|error| shared.reason(&error, store.data()))?;
        answer::outcome(guest.0, store.data(), self.description(), &shared.budget)
    }
}

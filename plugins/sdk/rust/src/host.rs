//! Whoever answers the plugin's questions: the host on WebAssembly, the test host anywhere else.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::contract::portcullis::policy::{documents, facts, request, workload};
#[cfg(all(not(target_arch = "wasm32"), feature = "testing"))]
pub(crate) use crate::testing::imports::{documents, facts, request, workload};
#[cfg(all(not(target_arch = "wasm32"), not(feature = "testing")))]
pub(crate) use absent::{documents, facts, request, workload};

/// Natively there is nobody to ask without the feature `testing`: these are the generated functions, which end the
/// program when they are called.
#[cfg(all(not(target_arch = "wasm32"), not(feature = "testing")))]
mod absent {
    pub(crate) use crate::contract::portcullis::policy::{documents, facts, request, workload};
}

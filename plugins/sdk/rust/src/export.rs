//! What a plugin implements, and the macro that makes a component of it.

use crate::description::Description;
use crate::finding::Outcome;
use crate::packed::Packed;
use crate::review::Review;
use crate::settings::Setting;

/// A policy plugin: a pure function from settings and a review to findings.
pub trait Policy {
    /// Who it is.
    const DESCRIPTION: Description;

    /// What it keeps of its settings. Texts may borrow: from what the author wrote in `prepare`, from the prepared bytes in
    /// `evaluate`.
    type Settings<'a>: Packed<'a>;

    /// Reads the settings, once per mode when a policy set is loaded. Complaints are made through the [`Setting`]; with a
    /// single one of them the policy set is refused and the answer thrown away.
    fn prepare(settings: Setting<'_>) -> Self::Settings<'_>;

    /// Judges the review in hand. The same review, facts and settings must get the same answer.
    fn evaluate(settings: &Self::Settings<'_>, review: Review) -> Outcome;
}

/// Makes a component of a [`Policy`]: `portcullis_sdk::export!(MyPolicy);`, once in a crate of type `cdylib`. It does
/// nothing on native targets, where the crate's tests run.
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::contract::Guest for Component {
                fn describe() -> ::std::string::String {
                    <$policy as $crate::Policy>::DESCRIPTION.to_json()
                }
                fn prepare(
                    settings: ::std::string::String,
                ) -> ::core::result::Result<::std::vec::Vec<u8>, ::std::vec::Vec<$crate::contract::SettingsError>>
                {
                    $crate::glue::prepare::<$policy>(&settings)
                }
                fn evaluate(prepared: ::std::vec::Vec<u8>) -> $crate::contract::Outcome {
                    $crate::glue::evaluate::<$policy>(&prepared)
                }
            }

    $crate::contract::export_component!(Component with_types_in $crate::contract);
        };
    };
}

/// What `export!` expands to calls: from the words of the contract to those of this crate and back.
#[doc(hidden)]
pub mod glue {
    use super::Policy;
    use crate::contract::portcullis::policy::types;
    use crate::finding::Outcome;
    use crate::last_words;
    use crate::packed::{Packed, Reader};
    use crate::review::Review;
    use crate::settings;

    /// Settings to bytes.
    pub fn prepare<P: Policy>(text: &str) -> Result<Vec<u8>, Vec<types::SettingsError>> {
        last_words::of_panics();
        let prepared = settings::read(text, |settings| {
            let mut bytes = Vec::new();
            P::prepare(settings).write(&mut bytes);
            bytes
        });
        let complaint = |error: settings::SettingsError| types::SettingsError {
            pointer: error.pointer,
            message: error.message,
            extra: Vec::new(),
        };
        prepared.map_err(|errors| errors.into_iter().map(complaint).collect())
    }

    /// Bytes and the review in hand to an outcome.
    pub fn evaluate<P: Policy>(prepared: &[u8]) -> types::Outcome {
        last_words::of_panics();
        let settings = P::Settings::read(&mut Reader::new(prepared));
        match P::evaluate(&settings, Review::in_hand()) {
            Outcome::Findings(findings) => types::Outcome::Findings(
                findings.into_iter().map(|finding| finding.into_contract(&P::DESCRIPTION)).collect(),
            ),
            Outcome::Needs(queries) => types::Outcome::Needs(
                queries
                    .into_iter()
                    .map(|query| types::Query { kind: query.kind, arguments: query.arguments, extra: Vec::new() })
                    .collect(),
            ),
        }
    }
}

//! Whether a component is valid: in the compile child, for the validator may take minutes and gigabytes.

use std::collections::HashMap;

use wasmparser::component_types::{ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentValType};
use wasmparser::{Parser, ValidPayload, Validator, WasmFeatures};

use crate::error::Reason;
use crate::scan::{TYPE_DEPTH, at_most, invalid};

/// Validates a component that has passed the count, and bounds how deep its types are: wasmtime has no such limit.
///
/// `br_table` costs its targets times the values that they take, a block its values, a type all that it holds: none of that is
/// linear, so only a process with limits of its own may do it.
pub(crate) fn validate(bytes: &[u8], type_depth: u64) -> Result<(), Reason> {
    let mut validator = Validator::new_with_features(features());
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    let mut types = None;
    for payload in Parser::new(0).parse_all(bytes) {
        match validator.payload(&payload.map_err(invalid)?).map_err(invalid)? {
            ValidPayload::Func(function, body) => {
                let mut function = function.into_validator(allocations);
                function.validate(&body).map_err(invalid)?;
                allocations = function.into_allocations();
            }
            ValidPayload::End(found) => types = Some(found),
            _ => {}
        }
    }
    let types = types.ok_or_else(|| Reason::Invalid("it ends too early".into()))?;
    at_most(TYPE_DEPTH, type_depth, depth(&types))
}

/// What a plugin may use. Everything else is refused here, before the engine, which has the same switched off.
fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::CALL_INDIRECT_OVERLONG
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::BULK_MEMORY_OPT
        | WasmFeatures::SIMD
        | WasmFeatures::FLOATS
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}

/// The deepest type of the component. The types of imported instances are the contract's own, or linking fails.
fn depth(types: &wasmparser::types::Types) -> u64 {
    let types = types.as_ref();
    let mut known = HashMap::new();
    let deepest = (0..types.component_type_count()).map(|index| match types.component_any_type_at(index) {
        ComponentAnyTypeId::Defined(id) => defined_depth(types, id, &mut known),
        ComponentAnyTypeId::Func(id) => {
            let function = &types[id];
            let all = function.params.iter().map(|(_, ty)| ty).chain(&function.result);
            all.map(|ty| value_depth(types, *ty, &mut known)).max().unwrap_or(0)
        }
        _ => 0,
    });
    deepest.max().unwrap_or(0)
}

type Known = HashMap<ComponentDefinedTypeId, u64>;

fn value_depth(types: wasmparser::types::TypesRef<'_>, ty: ComponentValType, known: &mut Known) -> u64 {
    match ty {
        ComponentValType::Primitive(_) => 0,
        ComponentValType::Type(id) => defined_depth(types, id, known),
    }
}

/// Recursive, and safely so: the validator has refused types deeper than 100 before.
fn defined_depth(types: wasmparser::types::TypesRef<'_>, id: ComponentDefinedTypeId, known: &mut Known) -> u64 {
    if let Some(depth) = known.get(&id) {
        return *depth;
    }
    let parts: Vec<ComponentValType> = match &types[id] {
        ComponentDefinedType::Record(record) => record.fields.values().copied().collect(),
        ComponentDefinedType::Variant(variant) => variant.cases.values().filter_map(|case| case.ty).collect(),
        ComponentDefinedType::List { element, .. } | ComponentDefinedType::FixedLengthList { element, .. } => {
            vec![*element]
        }
        ComponentDefinedType::Map { key, value, .. } => vec![*key, *value],
        ComponentDefinedType::Tuple(tuple) => tuple.types.to_vec(),
        ComponentDefinedType::Option { ty, .. } => vec![*ty],
        ComponentDefinedType::Result { ok, err, .. } => ok.iter().chain(err).copied().collect(),
        _ => Vec::new(),
    };
    let depth = 1 + parts.into_iter().map(|part| value_depth(types, part, known)).max().unwrap_or(0);
    known.insert(id, depth);
    depth
}

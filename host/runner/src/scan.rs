//! Looks at a component before anything is compiled: its size in every way that makes a compiler slow.

use std::collections::HashMap;

use wasmparser::component_types::{ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentValType};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentInstance, ComponentTypeRef, ConstExpr, DataKind, Element,
    ElementItems, ElementKind, FunctionBody, Instance, Operator, Parser, Payload, TableInit, TypeBounds, ValidPayload,
    Validator, WasmFeatures,
};

use crate::answer::sentence;
use crate::error::Reason;

/// How large a component may be. wasmparser's own limits are far too wide: one valid function of 1.2 MB takes Cranelift
/// three minutes, and wasmtime does not count that as a vulnerability.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the component. Default 32 MiB: the largest interpreter guest has 18.
    pub bytes: usize,
    /// Functions in all. Default 50,000: 200,000 empty ones take a gigabyte to compile.
    pub functions: u64,
    /// Bytes of one function. Default 512 KiB: the largest of CPython has 427.
    pub body: u64,
    /// Blocks, loops and ifs of one function. Default 20,000.
    pub blocks: u64,
    /// Targets of one `br_table`. Default 4,096.
    pub branch_targets: u64,
    /// Locals of one function. Default 4,096.
    pub locals: u64,
    /// Core modules. Default 32.
    pub modules: u64,
    /// Memories in all. Default 4.
    pub memories: u64,
    /// Bytes of data segments in all. Default 24 MiB.
    pub data: u64,
    /// Types inside each other. Default 20: the contract's own need 5.
    pub type_depth: u64,
    /// Imports and exports of one core module or of the component. Default 20,000.
    pub names: u64,
    /// Types, aliases and instances of the component, with the names in them, in all. Default 100,000: a million aliases take
    /// nearly a gigabyte to check.
    pub definitions: u64,
    /// Elements that are written into tables at every start, in all: no clock sees that work. Default 200,000.
    pub elements: u64,
    /// Bytes of constant expressions, which are worked out at every start as well, in all. Default 1 MiB.
    pub constants: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 << 20,
            functions: 50_000,
            body: 512 << 10,
            blocks: 20_000,
            branch_targets: 4_096,
            locals: 4_096,
            modules: 32,
            memories: 4,
            data: 24 << 20,
            type_depth: 20,
            names: 20_000,
            definitions: 100_000,
            elements: 200_000,
            constants: 1 << 20,
        }
    }
}

/// How large a component is, in what is limited and what an instance costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Functions in all.
    pub functions: u64,
    /// Core modules.
    pub modules: u64,
    /// Memories in all.
    pub memories: u64,
    /// Bytes that they begin with, in all.
    pub memory: u64,
    /// Tables in all.
    pub tables: u64,
    /// Elements that they begin with, in all.
    pub elements: u64,
    /// Bytes of data segments in all.
    pub data: u64,
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

/// Says what the bytes are, where they are not a component.
pub(crate) fn sniff(bytes: &[u8]) -> Result<(), Reason> {
    let what = match bytes {
        [] => "it is empty",
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => return Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            "it is a core module, as a compiler makes it; `portcullis plugin build FILE` makes a component of it"
        }
        [0, b'a', b's', b'm', ..] => "it is WebAssembly of a version that is not known",
        [0x7f, b'E', b'L', b'F', ..] => "it is machine code, which is never accepted",
        [b'(', ..] => "it is the text format; make it binary first",
        _ => "it does not begin as WebAssembly does",
    };
    Err(Reason::NotComponent(what))
}

/// Checks a component against the limits and validates it, in one pass and in linear time.
pub(crate) fn scan(bytes: &[u8], limits: &Limits) -> Result<Counts, Reason> {
    sniff(bytes)?;
    at_most("bytes", limits.bytes as u64, bytes.len() as u64)?;
    let mut scan = Scan { limits, counts: Counts::default(), names: 0, definitions: 0, elements: 0, constants: 0 };
    let mut validator = Validator::new_with_features(features());
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    let mut types = None;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        scan.payload(&payload)?;
        match validator.payload(&payload).map_err(invalid)? {
            ValidPayload::Func(function, body) => {
                scan.body(&body)?;
                let mut function = function.into_validator(allocations);
                function.validate(&body).map_err(invalid)?;
                allocations = function.into_allocations();
            }
            ValidPayload::End(found) => types = Some(found),
            _ => {}
        }
    }
    let types = types.ok_or_else(|| Reason::Invalid("it ends too early".into()))?;
    at_most("types inside each other", limits.type_depth, depth(&types))?;
    Ok(scan.counts)
}

struct Scan<'a> {
    limits: &'a Limits,
    counts: Counts,
    /// Imports and exports of the component, in however many sections.
    names: u64,
    definitions: u64,
    elements: u64,
    constants: u64,
}

impl Scan<'_> {
    fn payload(&mut self, payload: &Payload<'_>) -> Result<(), Reason> {
        match payload {
            Payload::ComponentSection { .. } => {
                // Fan-out of instantiations, and adapters between components: five advisories of one year.
                Err(Reason::Invalid("components inside a component are not admitted".into()))
            }
            Payload::ModuleSection { .. } => {
                self.counts.modules += 1;
                at_most("core modules", self.limits.modules, self.counts.modules)
            }
            Payload::FunctionSection(functions) => {
                self.counts.functions += u64::from(functions.count());
                at_most("functions", self.limits.functions, self.counts.functions)
            }
            Payload::MemorySection(memories) => {
                self.counts.memories += u64::from(memories.count());
                for memory in memories.clone() {
                    let pages = memory.map_err(invalid)?.initial;
                    self.counts.memory = self.counts.memory.saturating_add(pages.saturating_mul(PAGE));
                }
                at_most("memories", self.limits.memories, self.counts.memories)
            }
            Payload::TableSection(tables) => {
                self.counts.tables += u64::from(tables.count());
                for table in tables.clone() {
                    let table = table.map_err(invalid)?;
                    self.counts.elements = self.counts.elements.saturating_add(table.ty.initial);
                    if let TableInit::Expr(expression) = &table.init {
                        self.constant(expression)?;
                    }
                }
                Ok(())
            }
            Payload::GlobalSection(globals) => {
                globals.clone().into_iter().try_for_each(|global| self.constant(&global.map_err(invalid)?.init_expr))
            }
            Payload::ElementSection(elements) => {
                elements.clone().into_iter().try_for_each(|element| self.element(&element.map_err(invalid)?))
            }
            Payload::DataSection(data) => {
                self.counts.data += (data.range().end - data.range().start) as u64;
                at_most("bytes of data", self.limits.data, self.counts.data)?;
                data.clone().into_iter().try_for_each(|data| match data.map_err(invalid)?.kind {
                    DataKind::Active { offset_expr, .. } => self.constant(&offset_expr),
                    DataKind::Passive => Ok(()),
                })
            }
            Payload::ImportSection(names) => self.names(names.count()),
            Payload::ExportSection(names) => self.names(names.count()),
            Payload::ComponentExportSection(names) => self.outer_names(names.count()),
            Payload::ComponentImportSection(imports) => {
                self.outer_names(imports.count())?;
                imports.clone().into_iter().try_for_each(|import| {
                    let import = import.map_err(invalid)?;
                    match import.ty {
                        // `use` in the world: another name for a type of the contract. It brings nothing with it.
                        ComponentTypeRef::Type(TypeBounds::Eq(_)) => Ok(()),
                        _ => import_allowed(import.name.name),
                    }
                })
            }
            Payload::ComponentAliasSection(aliases) => self.define(aliases.count()),
            Payload::ComponentTypeSection(types) => self.define(types.count()),
            Payload::CoreTypeSection(types) => self.define(types.count()),
            Payload::InstanceSection(instances) => {
                instances.clone().into_iter().try_for_each(|instance| match instance.map_err(invalid)? {
                    Instance::Instantiate { args, .. } => self.define_with(args.len()),
                    Instance::FromExports(exports) => self.define_with(exports.len()),
                })
            }
            Payload::ComponentInstanceSection(instances) => {
                instances.clone().into_iter().try_for_each(|instance| match instance.map_err(invalid)? {
                    ComponentInstance::Instantiate { args, .. } => self.define_with(args.len()),
                    ComponentInstance::FromExports(exports) => self.define_with(exports.len()),
                })
            }
            Payload::ComponentCanonicalSection(functions) => {
                self.counts.functions += u64::from(functions.count());
                at_most("functions", self.limits.functions, self.counts.functions)?;
                functions.clone().into_iter().try_for_each(|function| canonical(&function.map_err(invalid)?))
            }
            _ => Ok(()),
        }
    }

    fn names(&self, count: u32) -> Result<(), Reason> {
        at_most("imports or exports of one module", self.limits.names, u64::from(count))
    }

    fn outer_names(&mut self, count: u32) -> Result<(), Reason> {
        self.names += u64::from(count);
        at_most("imports or exports of the component", self.limits.names, self.names)
    }

    fn define(&mut self, count: u32) -> Result<(), Reason> {
        self.definitions += u64::from(count);
        at_most("definitions of the component", self.limits.definitions, self.definitions)
    }

    /// An instance, and the names in it.
    fn define_with(&mut self, names: usize) -> Result<(), Reason> {
        self.define(u32::try_from(names).unwrap_or(u32::MAX).saturating_add(1))
    }

    fn constant(&mut self, expression: &ConstExpr<'_>) -> Result<(), Reason> {
        self.constants += expression.get_binary_reader().bytes_remaining() as u64;
        at_most("bytes of constant expressions", self.limits.constants, self.constants)
    }

    fn element(&mut self, element: &Element<'_>) -> Result<(), Reason> {
        if let ElementKind::Active { offset_expr, .. } = &element.kind {
            self.constant(offset_expr)?;
        }
        let count = match &element.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions.clone() {
                    self.constant(&expression.map_err(invalid)?)?;
                }
                expressions.count()
            }
        };
        self.elements += u64::from(count);
        at_most("elements written into tables", self.limits.elements, self.elements)
    }

    fn body(&self, body: &FunctionBody<'_>) -> Result<(), Reason> {
        let range = body.range();
        at_most("bytes in one function", self.limits.body, (range.end - range.start) as u64)?;
        let mut locals = 0_u64;
        for group in body.get_locals_reader().map_err(invalid)? {
            locals += u64::from(group.map_err(invalid)?.0);
            at_most("locals in one function", self.limits.locals, locals)?;
        }
        let mut blocks = 0;
        for operator in body.get_operators_reader().map_err(invalid)? {
            match operator.map_err(invalid)? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    blocks += 1;
                    at_most("blocks in one function", self.limits.blocks, blocks)?;
                }
                Operator::BrTable { targets } => {
                    at_most("targets of one `br_table`", self.limits.branch_targets, u64::from(targets.len()))?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Bytes of a text that the plugin chose, in an error.
const SHOWN: usize = 500;

/// Bytes of a page of memory.
const PAGE: u64 = 64 << 10;

/// The interfaces of the contract that a plugin may import; `types` only shares types.
const INTERFACES: [&str; 5] = ["documents", "request", "workload", "facts", "types"];

/// What this host speaks.
pub(crate) const CONTRACT: &str = "1.0.0";

/// Checks the name of an import, and the version that it carries.
pub(crate) fn import_allowed(name: &str) -> Result<(), Reason> {
    let foreign = || Reason::Import { name: sentence(name, SHOWN) };
    let rest = name.strip_prefix("portcullis:policy/").ok_or_else(foreign)?;
    let (interface, version) = rest.split_once('@').ok_or_else(foreign)?;
    // The version first: an interface that this host does not know may be one of a later version.
    contract_spoken(version)?;
    if INTERFACES.contains(&interface) { Ok(()) } else { Err(foreign()) }
}

/// Whether this host runs plugins built against that version: the same major, and a minor that is not later.
pub(crate) fn contract_spoken(version: &str) -> Result<(), Reason> {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split('.');
        let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next()?.parse::<u32>().ok()?;
        parts.next().is_none().then_some((major, minor))
    };
    let spoken = match (numbers(version), numbers(CONTRACT)) {
        (Some((major, minor)), Some((host, latest))) => major == host && minor <= latest,
        _ => false,
    };
    if spoken { Ok(()) } else { Err(Reason::Version { found: sentence(version, SHOWN), host: CONTRACT }) }
}

/// Only lifting and lowering, in UTF-8 and synchronously: no resources, tasks, streams or threads.
fn canonical(function: &CanonicalFunction) -> Result<(), Reason> {
    let options = match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => options,
        _ => return Err(Reason::Invalid("it uses resources, tasks or threads of the component model".into())),
    };
    let admitted = |option: &CanonicalOption| {
        use CanonicalOption as O;
        matches!(option, O::UTF8 | O::Memory(_) | O::Realloc(_) | O::PostReturn(_))
    };
    match options.iter().all(admitted) {
        true => Ok(()),
        false => Err(Reason::Invalid("it passes texts in UTF-16, or calls asynchronously".into())),
    }
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

fn at_most(limit: &'static str, most: u64, found: u64) -> Result<(), Reason> {
    if found > most { Err(Reason::Limit { limit, most, found }) } else { Ok(()) }
}

/// What the validator says may repeat names that the plugin chose.
fn invalid(error: wasmparser::BinaryReaderError) -> Reason {
    Reason::Invalid(sentence(&error.to_string(), SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_other_versions_and_names_both() {
        assert!(import_allowed("portcullis:policy/documents@1.0.0").is_ok());
        assert!(import_allowed("portcullis:policy/documents@1.0.7").is_ok(), "a patch changes no function");
        for version in ["2.0.0", "1.1.0", "0.9.0", "x", "1.0", "1.0.0.0"] {
            let refused = import_allowed(&format!("portcullis:policy/documents@{version}")).expect_err(version);
            let expected = format!("was built against version `{version}` of the contract, this host speaks `1.0.0`");
            assert_eq!(refused.to_string(), expected);
        }
    }

    #[test]
    fn refuses_imports_outside_the_contract_p28() {
        for name in
            ["wasi:cli/environment@0.2.0", "portcullis:policy/clock@1.0.0", "env", "portcullis:policy/documents"]
        {
            assert!(matches!(import_allowed(name), Err(Reason::Import { .. })), "{name}");
        }
    }
}

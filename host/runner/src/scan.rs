//! Looks at a component before anything is compiled: its size in every way that makes a compiler slow.

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, ConstExpr, DataKind, Element, ElementItems, ElementKind, FunctionBody,
    Instance, Operator, Parser, Payload, TableInit, TypeBounds,
};

use crate::answer::sentence;
use crate::error::Reason;
use crate::nested;

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
    /// Bytes of data segments in all, and of those that are written at every start, in all instances. Default 24 MiB: no clock
    /// interrupts that work, and so much takes some ten milliseconds.
    pub data: u64,
    /// Types inside each other. Default 20: the contract's own need 5.
    pub type_depth: u64,
    /// Imports and exports of one core module or of the component. Default 20,000.
    pub names: u64,
    /// Types, aliases and instances of the component, with the names, declarations, fields and cases in them, in all. Default
    /// 100,000: a million aliases take nearly a gigabyte to check.
    pub definitions: u64,
    /// Elements that are written into tables at every start, in all, and in all instances: no clock interrupts that work.
    /// Default 200,000.
    pub elements: u64,
    /// Bytes of constant expressions, which are worked out at every start as well, in all, and in all instances. Default 1 MiB.
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

/// Counts what a component holds, and refuses what is over a limit: in linear time, and collecting nothing, for this is done
/// in the host. Whether the component is valid, the compile child says (`validate.rs`).
pub(crate) fn count(bytes: &[u8], limits: &Limits) -> Result<Counts, Reason> {
    sniff(bytes)?;
    at_most("bytes", limits.bytes as u64, bytes.len() as u64)?;
    let mut scan = Scan {
        bytes,
        limits,
        counts: Counts::default(),
        names: 0,
        definitions: 0,
        elements: 0,
        constants: 0,
        modules: Vec::new(),
        started: Start::default(),
    };
    Parser::new(0).parse_all(bytes).try_for_each(|payload| scan.payload(&payload.map_err(invalid)?))?;
    Ok(scan.counts)
}

struct Scan<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    counts: Counts,
    /// Imports and exports of the component, in however many sections.
    names: u64,
    definitions: u64,
    elements: u64,
    constants: u64,
    /// What one instance of each module costs, in their order.
    modules: Vec<Start>,
    /// What all instances cost together.
    started: Start,
}

/// What is done whenever an instance starts, and no clock interrupts.
#[derive(Clone, Copy, Default)]
struct Start {
    data: u64,
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
                self.modules.push(Start::default());
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
                data.clone().into_iter().try_for_each(|data| {
                    let data = data.map_err(invalid)?;
                    let DataKind::Active { offset_expr, .. } = &data.kind else { return Ok(()) };
                    self.module().data += data.data.len() as u64;
                    self.constant(offset_expr)
                })
            }
            Payload::ImportSection(names) => self.names(names.count()),
            Payload::ExportSection(names) => self.names(names.count()),
            Payload::ComponentExportSection(exports) => {
                self.outer_names(exports.count())?;
                exports.clone().into_iter().try_for_each(|export| match export.map_err(invalid)?.kind {
                    ComponentExternalKind::Module => Err(module_elsewhere()),
                    _ => Ok(()),
                })
            }
            Payload::ComponentImportSection(imports) => {
                self.outer_names(imports.count())?;
                imports.clone().into_iter().try_for_each(|import| {
                    let import = import.map_err(invalid)?;
                    match import.ty {
                        // `use` in the world: another name for a type of the contract. It brings nothing with it.
                        ComponentTypeRef::Type(TypeBounds::Eq(_)) => Ok(()),
                        ComponentTypeRef::Module(_) => Err(module_elsewhere()),
                        _ => import_allowed(import.name.name),
                    }
                })
            }
            Payload::ComponentAliasSection(aliases) => {
                self.define(aliases.count())?;
                aliases.clone().into_iter().try_for_each(|alias| match alias.map_err(invalid)? {
                    ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. }
                    | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => {
                        Err(module_elsewhere())
                    }
                    _ => Ok(()),
                })
            }
            Payload::ComponentTypeSection(types) => {
                let (bytes, range, depth) = (self.bytes, types.range(), self.limits.type_depth);
                let section = bytes.get(range.clone()).unwrap_or_default();
                nested::component_types(section, range.start, depth, &mut |count| self.define(count))
            }
            Payload::CoreTypeSection(types) => {
                let (bytes, range) = (self.bytes, types.range());
                let section = bytes.get(range.clone()).unwrap_or_default();
                nested::core_types(section, range.start, &mut |count| self.define(count))
            }
            Payload::InstanceSection(instances) => {
                instances.clone().into_iter().try_for_each(|instance| match instance.map_err(invalid)? {
                    Instance::Instantiate { module_index, args } => {
                        self.define_with(args.len())?;
                        self.start(module_index)
                    }
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
            Payload::CodeSectionEntry(body) => self.body(body),
            _ => Ok(()),
        }
    }

    /// The module that is read. Sections of a module stand in none but a module.
    fn module(&mut self) -> &mut Start {
        if self.modules.is_empty() {
            self.modules.push(Start::default());
        }
        let last = self.modules.len() - 1;
        &mut self.modules[last]
    }

    /// One instance of a module.
    fn start(&mut self, module: u32) -> Result<(), Reason> {
        let unknown = || Reason::Invalid(format!("it instantiates the core module {module}, which it does not have"));
        let one = *self.modules.get(module as usize).ok_or_else(unknown)?;
        let (all, limits) = (&mut self.started, self.limits);
        all.data = all.data.saturating_add(one.data);
        all.elements = all.elements.saturating_add(one.elements);
        all.constants = all.constants.saturating_add(one.constants);
        at_most("bytes of data in all instances together", limits.data, all.data)?;
        at_most("elements written into tables of all instances together", limits.elements, all.elements)?;
        at_most("bytes of constant expressions in all instances together", limits.constants, all.constants)
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
        let bytes = expression.get_binary_reader().bytes_remaining() as u64;
        self.module().constants += bytes;
        self.constants += bytes;
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
        self.module().elements += u64::from(count);
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

/// The name of a limit that is checked in three places.
pub(crate) const TYPE_DEPTH: &str = "types inside each other";

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

/// What cannot be counted cannot be bounded, and no compiler writes it.
fn module_elsewhere() -> Reason {
    Reason::Invalid("core modules that are imported, exported or named once more are not admitted".into())
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

pub(crate) fn at_most(limit: &'static str, most: u64, found: u64) -> Result<(), Reason> {
    if found > most { Err(Reason::Limit { limit, most, found }) } else { Ok(()) }
}

/// What the validator says may repeat names that the plugin chose.
pub(crate) fn invalid(error: wasmparser::BinaryReaderError) -> Reason {
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

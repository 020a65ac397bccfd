//! Stands in for WASI inside a component: a fixed clock, fixed randomness, no files, no sockets.
//!
//! For each module that a plugin wants of WASI one is generated that has exactly the functions that the plugin imports, and
//! itself imports nothing but the plugin's memory. A function has one of few behaviours: most end the evaluation, and those
//! that the start of a language's runtime calls give the same harmless answer each time.

use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    InstructionSink, MemArg, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::FuncType;

use crate::module::Import;

/// WASI before components, under the name of both its versions.
const PREVIEW1: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];
/// WASI as interfaces of components.
const INTERFACES: &str = "wasi:";

/// `errno` of preview 1: bad file descriptor.
const EBADF: i32 = 8;
/// `errno` of preview 1: not supported.
const ENOSYS: i32 = 52;
/// Every byte of what is random elsewhere.
const RANDOM: u8 = 0x2a;

/// What a function does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// Ends the evaluation.
    Trap,
    /// Nothing, and answers with this number in whatever it answers.
    Answer(i32),
    /// Writes so many zero bytes where its last argument points to, and answers with 0.
    Zeros(i32),
    /// Writes 1 as 64 bits where its last argument points to, and answers with 0: the clock.
    One,
    /// Writes one second and no nanoseconds where its last argument points to: the time of day.
    Second,
    /// Zeros where its last two arguments point to, and answers with 0: how many arguments there are, and their bytes.
    NoneOfBoth,
    /// Fills the bytes that its arguments name, address and length, and answers with 0.
    Fill,
    /// Takes all bytes and forgets them: `fd_write`.
    Swallow,
    /// Writes `ok(1 MiB)` where its last argument points to: how much may be written.
    Room,
    /// Writes a list without items where its last argument points to.
    EmptyList,
}

/// Whether this is a module or an interface that is stubbed out.
pub fn stubs(module: &str) -> bool {
    PREVIEW1.contains(&module) || module.starts_with(INTERFACES)
}

/// What to do about an import that no plugin gets.
pub fn advice(module: &str) -> &'static str {
    if module.starts_with("__wbindgen") || module.starts_with("./") || module == "wbg" {
        "a dependency was built for JavaScript (wasm-bindgen): leave it out, or its feature for browsers (`getrandom`: `js`, `wasm_js`)"
    } else if module == "gojs" || module == "go" {
        "it was built for a browser: build it with `GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared`"
    } else if module == "env" || module.starts_with("GOT.") {
        "nobody defines that symbol: link what defines it, and without `--allow-undefined` the linker says who wants it"
    } else if stubs(module) {
        "build it without WASI"
    } else {
        "leave out what wants it: a plugin reads the review through the contract, and has no files, network, clock or chance"
    }
}

/// A module with exactly these functions, and the names of those that end an evaluation.
pub fn adapter(module: &str, imports: &[&Import]) -> (Vec<u8>, Vec<String>) {
    let mut types = TypeSection::new();
    let (mut functions, mut exports, mut code) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    let mut trapping = Vec::new();
    let mut made: Vec<&str> = Vec::new();
    for import in imports {
        // The same function may be imported twice.
        let Some(ty) = import.function.as_ref().filter(|_| !made.contains(&import.name.as_str())) else { continue };
        let index = u32::try_from(made.len()).unwrap_or(u32::MAX);
        types.ty().function(ty.params().iter().map(|ty| value(*ty)), ty.results().iter().map(|ty| value(*ty)));
        functions.function(index);
        exports.export(&import.name, ExportKind::Func, index);
        let does = fitting(does(module, &import.name), ty);
        if does == Does::Trap {
            trapping.push(import.name.clone());
        }
        code.function(&body(does, ty));
        made.push(&import.name);
    }
    let memory = MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let mut wants = ImportSection::new();
    wants.import("env", "memory", EntityType::Memory(memory));
    let mut module = Module::new();
    module.section(&types).section(&wants).section(&functions).section(&exports).section(&code);
    (module.finish(), trapping)
}

fn does(module: &str, name: &str) -> Does {
    if PREVIEW1.contains(&module) {
        return preview1(name);
    }
    let interface = module.trim_start_matches(INTERFACES).split('@').next().unwrap_or_default();
    of_interface(interface, name)
}

fn preview1(name: &str) -> Does {
    match name {
        "clock_time_get" | "clock_res_get" => Does::One,
        "random_get" => Does::Fill,
        "args_sizes_get" | "environ_sizes_get" => Does::NoneOfBoth,
        "args_get" | "environ_get" | "sched_yield" => Does::Answer(0),
        "fd_write" => Does::Swallow,
        // A descriptor of unknown type, without rights.
        "fd_fdstat_get" => Does::Zeros(24),
        "proc_exit" | "proc_raise" => Does::Trap,
        name if name.starts_with("fd_") => Does::Answer(EBADF),
        _ => Does::Answer(ENOSYS),
    }
}

fn of_interface(interface: &str, name: &str) -> Does {
    let method = name.rsplit('.').next().unwrap_or_default();
    match (interface, name) {
        // Nothing was ever given out.
        (_, name) if name.starts_with("[resource-drop]") => Does::Answer(0),
        ("cli/stdin" | "cli/stdout" | "cli/stderr", _) => Does::Answer(1),
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => Does::Zeros(8),
        ("cli/environment", "initial-cwd") => Does::Zeros(12),
        ("cli/environment", _) | ("filesystem/preopens", _) => Does::EmptyList,
        ("clocks/monotonic-clock", "now" | "resolution") => Does::Answer(1),
        ("clocks/wall-clock", _) => Does::Second,
        ("random/random" | "random/insecure", name) if name.ends_with("-u64") => Does::Answer(i32::from(RANDOM)),
        ("random/insecure-seed", _) => Does::Zeros(16),
        // Whoever waits is told that the time has come.
        ("io/streams", _) if method == "subscribe" => Does::Answer(1),
        ("io/poll", _) if method == "block" || method == "ready" => Does::Answer(1),
        ("io/streams", _) if method == "check-write" => Does::Room,
        ("io/streams", _) if ["write", "flush", "blocking-flush", "blocking-write-and-flush"].contains(&method) => {
            // `ok`.
            Does::Zeros(12)
        }
        _ => Does::Trap,
    }
}

/// What a function does, where its type is the one that this takes; else it ends the evaluation.
fn fitting(does: Does, ty: &FuncType) -> Does {
    use wasmparser::ValType::{I32, I64};
    let (params, results) = (ty.params(), ty.results());
    let answers = |types: &[wasmparser::ValType]| results.iter().all(|ty| types.contains(ty)) && results.len() <= 1;
    let pointers = params.iter().rev().take_while(|ty| **ty == I32).count();
    let fits = match does {
        Does::Trap => true,
        Does::Answer(_) => answers(&[I32, I64]),
        Does::Zeros(_) | Does::One | Does::Second | Does::Room | Does::EmptyList => pointers >= 1 && answers(&[I32]),
        Does::NoneOfBoth | Does::Fill => params == [I32, I32] && answers(&[I32]),
        Does::Swallow => params == [I32, I32, I32, I32] && results == [I32],
    };
    if fits { does } else { Does::Trap }
}

fn body(does: Does, ty: &FuncType) -> Function {
    let params = u32::try_from(ty.params().len()).unwrap_or(u32::MAX);
    let last = params.saturating_sub(1);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    match does {
        Does::Trap => {
            code.unreachable();
        }
        Does::Answer(_) => {}
        Does::Zeros(bytes) => {
            code.local_get(last).i32_const(0).i32_const(bytes).memory_fill(0);
        }
        Does::One => {
            code.local_get(last).i64_const(1).i64_store(at(0));
        }
        Does::Second => {
            code.local_get(last).i64_const(1).i64_store(at(0)).local_get(last).i64_const(0).i64_store(at(8));
        }
        Does::NoneOfBoth => {
            code.local_get(0).i32_const(0).i32_store(at(0)).local_get(1).i32_const(0).i32_store(at(0));
        }
        Does::Fill => {
            code.local_get(0).i32_const(RANDOM.into()).local_get(1).memory_fill(0);
        }
        Does::Swallow => swallow(&mut code, params),
        Does::Room => {
            code.local_get(last).i64_const(0).i64_store(at(0)).local_get(last).i64_const(1 << 20).i64_store(at(8));
        }
        // No item, at an address that is aligned for any.
        Does::EmptyList => {
            code.local_get(last).i64_const(8).i64_store(at(0));
        }
    }
    let answer = if let Does::Answer(answer) = does { answer } else { 0 };
    match ty.results().first() {
        Some(wasmparser::ValType::I32) if does != Does::Swallow && does != Does::Trap => {
            code.i32_const(answer);
        }
        Some(wasmparser::ValType::I64) if does != Does::Trap => {
            code.i64_const(answer.into());
        }
        _ => {}
    }
    code.end();
    function
}

/// `fd_write(descriptor, vectors, count, written)`: says that all bytes of all vectors were written.
fn swallow(code: &mut InstructionSink<'_>, params: u32) {
    let (vectors, count, written) = (1, 2, 3);
    let (sum, _) = (params, params + 1);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(count).i32_eqz().br_if(1);
    // A vector is an address and a length.
    code.local_get(sum).local_get(vectors).i32_load(at(4)).i32_add().local_set(sum);
    code.local_get(vectors).i32_const(8).i32_add().local_set(vectors);
    code.local_get(count).i32_const(1).i32_sub().local_set(count);
    code.br(0).end().end();
    code.local_get(written).local_get(sum).i32_store(at(0)).i32_const(0);
}

/// Without a promise about alignment.
fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}

fn value(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        // References: no function of WASI has one, and the type of the import then does not fit.
        _ => ValType::I32,
    }
}

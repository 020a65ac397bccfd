//! The plugin that does nothing, by which the cost of others is measured.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};

use crate::Error;
use crate::make::make;

/// What it says about itself.
const DESCRIPTION: &str =
    r#"{"contract":"1.0.0","name":"empty","version":"1.0.0","title":"Finds nothing","rules":[],"settings":{}}"#;
/// Where answers stand in its memory: zeros, which mean `ok` and an empty list to `prepare`, and no finding to `evaluate`.
const ANSWER: i32 = 64;
/// Where its description stands: address and length, and then the text.
const DESCRIBED: i32 = 128;
const TEXT: i32 = 136;
/// Where arguments are written to. None is read.
const ARGUMENT: i32 = 4096;

/// A component whose `evaluate` answers at once that nothing is wrong: what an evaluation costs at the least.
///
/// # Errors
/// Never, as its test shows.
pub fn empty() -> Result<Vec<u8>, Error> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32; 2], [ValType::I32]);
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    let (mut functions, mut exports, mut code) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    let parts =
        [("describe", 0, DESCRIBED), ("prepare", 1, ANSWER), ("evaluate", 1, ANSWER), ("cabi_realloc", 2, ARGUMENT)];
    for (index, (name, ty, answer)) in (0..).zip(parts) {
        functions.function(ty);
        exports.export(name, ExportKind::Func, index);
        let mut function = Function::new([]);
        function.instructions().i32_const(answer).end();
        code.function(&function);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", ExportKind::Memory, 0);
    let mut data = DataSection::new();
    let length = u32::try_from(DESCRIPTION.len()).unwrap_or(u32::MAX);
    let described = [&TEXT.to_le_bytes()[..], &length.to_le_bytes(), DESCRIPTION.as_bytes()].concat();
    data.active(0, &ConstExpr::i32_const(DESCRIBED), described);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
    Ok(make(&module.finish())?.component)
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_a_small_plugin_that_imports_no_function() {
        let component = super::empty().expect("a plugin");
        assert!(component.len() < 2_000, "{} bytes", component.len());
        let shape = crate::shape(&component).expect("a component");
        assert_eq!(
            (shape.imports.as_slice(), shape.missing().len()),
            (&["portcullis:policy/types@1.0.0".to_owned()][..], 0)
        );
    }
}

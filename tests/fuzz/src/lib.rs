//! Fuzz targets: arbitrary bytes in, and what must hold of whatever the product makes of them.
//!
//! Every target is a function that panics where a promise is broken. `cargo xtask fuzz` drives them by an engine that looks
//! for bytes that reach new code; the tests of this crate give them the inputs that are kept in `corpus/`.

mod cel;
mod component;
mod policies;
mod predicate;
mod review;
mod text;
#[path = "../../../plugins/shared/cel/tests/engine/trees.rs"]
#[expect(dead_code, reason = "the engine's own tests use more of it")]
mod trees;
mod words;
mod yaml;

/// One way into the product for bytes that a stranger chose.
#[derive(Debug)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub judge: fn(&[u8]),
    /// The most bytes that are tried: as many as it takes to say everything, because longer ones only take longer.
    pub longest: usize,
}

/// All targets, in the order in which they are run.
pub const TARGETS: &[Target] = &[
    Target { name: "yaml", judge: yaml::judge, longest: 2048 },
    Target { name: "review", judge: review::judge, longest: 8192 },
    Target { name: "quantity", judge: words::quantity, longest: 128 },
    Target { name: "image", judge: words::image, longest: 512 },
    Target { name: "policies", judge: policies::judge, longest: 4096 },
    Target { name: "cel", judge: cel::judge, longest: 512 },
    Target { name: "component", judge: component::judge, longest: 4096 },
    Target { name: "predicate", judge: predicate::judge, longest: 8192 },
];

impl Target {
    /// The target of a name.
    pub fn named(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

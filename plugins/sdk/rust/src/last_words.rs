//! The last words of a plugin that gives up: a panic on WebAssembly is a trap, which says nothing by itself.

/// The node that nobody is given. Asking it for something ends the evaluation, and what was asked for is shown as the reason.
#[cfg(target_arch = "wasm32")]
const NOBODY: u32 = u32::MAX;

/// From now on a panic says its message and its line before it ends the evaluation. Native tests say both anyway.
pub fn of_panics() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        let said = panic.payload_as_str().unwrap_or("no words");
        let words = match panic.location() {
            Some(at) => format!("it panicked at {}:{}:{}: {said}", at.file(), at.line(), at.column()),
            None => format!("it panicked: {said}"),
        };
        crate::host::documents::find(NOBODY, &words);
    }));
}

/// Ends the evaluation because of a mistake of the plugin's author.
#[cfg(target_arch = "wasm32")]
pub fn give_up(why: &str) -> ! {
    crate::host::documents::find(NOBODY, why);
    // The host has ended it already.
    core::arch::wasm32::unreachable()
}

/// Ends the test because of a mistake of the plugin's author.
#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::panic, reason = "a plugin that speaks of what it does not describe has failed its test")]
pub fn give_up(why: &str) -> ! {
    panic!("{why}")
}

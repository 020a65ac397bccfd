//! The target that `PORTCULLIS_FUZZ` names, driven by libFuzzer.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis_fuzz::Target;

static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("PORTCULLIS_FUZZ").expect("`cargo xtask fuzz` sets PORTCULLIS_FUZZ");
    Target::named(&name).expect("PORTCULLIS_FUZZ names a target")
});

fuzz_target!(|data: &[u8]| -> Corpus {
    if data.len() > CHOSEN.longest {
        return Corpus::Reject;
    }
    (CHOSEN.judge)(data);
    Corpus::Keep
});

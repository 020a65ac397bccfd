//! Components: what is not within the limits is refused with its reason, before anything is compiled.

use std::sync::LazyLock;

use portcullis_runner::{Error, Limits, Pool, Reason, Runner, RunnerConfig};

static RUNNER: LazyLock<Runner> = LazyLock::new(|| {
    let mut config = RunnerConfig::new(portcullis_subject::quantity::amount);
    config.pool = Pool { instances: 1, ..Pool::default() };
    // Small enough that a fuzzer gets to every one.
    config.limits = Limits {
        functions: 64,
        body: 2_048,
        blocks: 32,
        branch_targets: 32,
        locals: 32,
        modules: 4,
        memories: 2,
        data: 4_096,
        type_depth: 6,
        names: 32,
        ..Limits::default()
    };
    Runner::new(config).expect("an engine starts")
});

pub fn judge(data: &[u8]) {
    match RUNNER.scan(data) {
        Ok(counts) => {
            assert!(counts.functions <= 64 && counts.modules <= 4 && counts.memories <= 2 && counts.data <= 4_096);
            assert!(data.starts_with(b"\0asm\x0d\0\x01\0"), "only a component is accepted");
        }
        Err(error) => refused(&error),
    }
}

/// What a scan may say.
fn refused(error: &Error) {
    assert!(!error.to_string().is_empty());
    let reason = error.reason();
    assert!(
        matches!(reason, Reason::NotComponent(_) | Reason::Limit { .. } | Reason::Invalid(_) | Reason::Import { .. }),
        "{reason}"
    );
}

//! Fails as an honest author's plugin fails, in the way that its settings name.

use portcullis_sdk::{Description, Outcome, Policy, Review, Rule, Setting, Severity};

const RULES: &[Rule] = &[Rule::new("nothing", Severity::Info, "Never broken")];

/// The ways.
const WAYS: &[&str] = &["panic", "index", "recursion", "memory"];

/// The policy that fails.
pub struct Fails;

impl Policy for Fails {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Fails in the way that its settings name",
        rules: RULES,
        ..Description::EMPTY
    };
    type Settings<'a> = &'a str;

    fn prepare(settings: Setting<'_>) -> &str {
        settings.object(&["how"]).require("how").word(WAYS).unwrap_or_default()
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn evaluate(how: &&str, review: Review) -> Outcome {
        let containers = review.object().find("spec").find("containers").len();
        match *how {
            "panic" => panic!("no idea what to do with {containers} container\u{1b}[31m"),
            "index" => _ = RULES[containers as usize].id,
            "recursion" => drop(deep(u64::from(containers))),
            "memory" => {
                let mut all = Vec::new();
                while all.len() < usize::MAX {
                    all.push(vec![7_u8; 1 << 20]);
                }
            }
            _ => {}
        }
        Vec::new().into()
    }
}

/// Calls itself for ever; what it adds afterwards keeps the compiler from making a loop of it.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deep(n: u64) -> u64 {
    let below = std::hint::black_box([n; 64]);
    deep(n + 1) + below[(n % 64) as usize]
}

portcullis_sdk::export!(Fails);

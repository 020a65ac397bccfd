//! Asks about every image before it judges, and then asks once more: the round trip of facts.

use portcullis_sdk::{
    Description, FactStatus, Finding, Image, Outcome, Policy, Query, Review, Rule, Setting, Severity,
};

const KIND: &str = "approval";
const RULES: &[Rule] = &[
    Rule::new("not-approved", Severity::High, "Somebody must have approved the image"),
    Rule::new("approval-rejected", Severity::Critical, "An approval must be genuine"),
];

portcullis_sdk::keys! { BY = "by" }

/// The policy that asks.
pub struct Asks;

impl Policy for Asks {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Asks about every image before it judges",
        rules: RULES,
        keys: KEYS,
        facts: &[KIND],
        ..Description::EMPTY
    };
    type Settings<'a> = ();

    fn prepare(settings: Setting<'_>) {
        settings.object(&[]);
    }

    fn evaluate(_: &(), review: Review) -> Outcome {
        let mut needs = Vec::new();
        let mut findings = Vec::new();
        for image in review.workload().images() {
            match review.fact(KIND, &first(image)) {
                None => needs.push(query(first(image))),
                Some(fact) => match fact.status() {
                    FactStatus::Absent => {
                        findings.push(Finding::new(&RULES[0], image.node(), "nobody approved this image"))
                    }
                    FactStatus::Rejected(reason) => {
                        findings.push(Finding::new(
                            &RULES[1],
                            image.node(),
                            format!("the approval is refused: {reason}"),
                        ));
                    }
                    // Who approved it must exist as well: a second round with what the first one brought.
                    FactStatus::Verified => {
                        let person = second(&fact.root().get(BY).text());
                        match review.fact(KIND, &person) {
                            None => needs.push(query(person)),
                            Some(fact) if fact.status() == FactStatus::Verified => {}
                            Some(_) => findings.push(Finding::new(
                                &RULES[0],
                                image.node(),
                                "nobody knows who approved this image",
                            )),
                        }
                    }
                },
            }
        }
        if needs.is_empty() { findings.into() } else { Outcome::Needs(needs) }
    }
}

fn query(arguments: String) -> Query {
    Query { kind: KIND.into(), arguments }
}

// The members stand in another order than the host's, which compares questions as JSON and not as text.
fn first(image: Image) -> String {
    format!("{{\"repository\": \"{}\", \"digest\": \"{}\"}}", image.repository(), image.digest())
}

fn second(person: &str) -> String {
    format!("{{\"person\": \"{person}\"}}")
}

portcullis_sdk::export!(Asks);

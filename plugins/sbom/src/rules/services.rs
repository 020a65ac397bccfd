//! Services that an SBOM lists speak to places that somebody allowed, and not in the clear.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, first, placed, shown};
use portcullis_proof::words::name;
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{COUNT, ENDPOINT, FIRST, FIRST_PLAIN, FOREIGN, NAME, PLAIN, POINTER, SERVICES};
use crate::settings::Entry;

/// An endpoint without encryption, or one that nobody allowed.
pub const ENDPOINT_NOT_ALLOWED: Rule =
    Rule::new("service-endpoint", Severity::Medium, "An SBOM lists a service at an endpoint that is not allowed");

/// Judges the endpoints.
pub fn judge(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let services = node.get(SERVICES);
    let (mut short, mut guilty): (Vec<String>, Node) = (Vec::new(), Node::NONE);
    let plain = count(services.get(PLAIN));
    if entry.refuse_plain && plain != Some(0) {
        guilty = services.get(FIRST_PLAIN);
        let such =
            if guilty.get(ENDPOINT).text().is_empty() { String::new() } else { format!(", such as {}", one(guilty)) };
        short.push(format!("{} endpoints without encryption (`plainEndpoints`){such}", shown(plain)));
    }
    let foreign = services.get(FOREIGN);
    let many = count(foreign.get(COUNT));
    if entry.limits_endpoints && many != Some(0) {
        guilty = if guilty.is_none() { foreign.get(FIRST).at(0) } else { guilty };
        short.push(format!(
            "{} that `endpoints` does not allow: {}",
            shown(many),
            first(foreign.get(FIRST), many, one)
        ));
    }
    if short.is_empty() {
        return None;
    }
    let what = format!("lists services at {}; use `https://`, or endpoints that are allowed", short.join("; and "));
    Some(Fault::new(&ENDPOINT_NOT_ALLOWED, what).at(guilty))
}

fn one(service: Node) -> String {
    format!("{} of {}", name(&service.get(ENDPOINT).text()), placed(service.get(NAME), service.get(POINTER)))
}

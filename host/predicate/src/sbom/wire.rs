//! A reading as the members of the fact `sbom`.

use serde_json::{Map, Value, json};

use super::reading::{
    Binding, BindingState, Completeness, CompletenessState, Denied, Format, GraphReading, Named, Offender, Offenders,
    Outside, Reading, Root, Service, Services, Share, Tool, Vulnerabilities, Vulnerability,
};
use crate::Faults;

impl Reading {
    /// The members of one entry of `documents` from `format` on.
    pub fn to_json(&self) -> Map<String, Value> {
        let value = json!({
            "format": match self.format { Format::CycloneDx => "CycloneDX", Format::Spdx => "SPDX" },
            "version": self.version,
            "valid": self.faults.count == 0,
            "faults": faults(&self.faults),
            "faultCount": self.faults.count,
            "serial": self.serial,
            "created": self.created,
            "createdSeconds": self.created_seconds,
            "tools": self.tools.iter().map(tool).collect::<Vec<_>>(),
            "authors": self.authors,
            "authorContact": self.author_contact,
            "supplier": self.supplier,
            "lifecycles": self.lifecycles,
            "uri": self.uri,
            "root": self.root.as_ref().map(root),
            "binding": binding(&self.binding),
            "components": self.components,
            "listed": self.listed,
            "types": self.types,
            "coverage": self.coverage.iter().map(|(name, share)| ((*name).to_owned(), share_json(share))).collect::<Map<_, _>>(),
            "graph": graph(&self.graph),
            "completeness": completeness(&self.completeness),
            "denied": {
                "components": offenders(&self.denied_components, denied),
                "licenses": offenders(&self.denied_licenses, denied),
            },
            "unreadablePurls": offenders(&self.unreadable_purls, named),
            "invalidLicenses": offenders(&self.invalid_licenses, denied),
            "deprecatedLicenses": offenders(&self.deprecated_licenses, denied),
            "services": services(&self.services),
            "vulnerabilities": vulnerabilities(&self.vulnerabilities),
        });
        match value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Faults as both readers write them.
pub(crate) fn faults(faults: &Faults) -> Value {
    faults.first.iter().map(|fault| json!({"pointer": fault.pointer, "what": fault.what})).collect()
}

fn offenders<T>(offenders: &Offenders<T>, one: impl Fn(&T) -> Value) -> Value {
    json!({"count": offenders.count, "first": offenders.first.iter().map(one).collect::<Vec<_>>()})
}

fn tool(tool: &Tool) -> Value {
    json!({"name": tool.name, "version": tool.version})
}

fn root(root: &Root) -> Value {
    json!({"name": root.name, "version": root.version, "purl": root.purl, "pointer": root.pointer})
}

fn binding(binding: &Binding) -> Value {
    let state = match binding.state {
        BindingState::Agrees => "agrees",
        BindingState::Silent => "silent",
        BindingState::Disagrees => "disagrees",
    };
    json!({"state": state, "what": binding.what, "pointer": binding.pointer})
}

fn named(named: &Named) -> Value {
    json!({"component": named.component, "pointer": named.pointer})
}

fn share_json(share: &Share) -> Value {
    json!({"have": share.have, "of": share.of, "missing": share.missing.iter().map(named).collect::<Vec<_>>()})
}

fn denied(denied: &Denied) -> Value {
    let mut members = json!({"component": denied.component, "pointer": denied.pointer});
    for (name, value) in [("pattern", &denied.pattern), ("license", &denied.license)] {
        if let Some(value) = value {
            members[name] = Value::from(value.as_str());
        }
    }
    members
}

fn offender(offender: &Offender) -> Value {
    json!({"ref": offender.reference, "pointer": offender.pointer})
}

fn graph(graph: &GraphReading) -> Value {
    json!({
        "duplicateRefs": graph.duplicates.count,
        "firstDuplicate": graph.duplicates.first.first().map(offender),
        "dangling": graph.dangling.count,
        "firstDangling": graph.dangling.first.first().map(offender),
        "reachable": graph.reachable,
        "of": graph.of,
        "unreachable": graph.unreachable.iter().map(named).collect::<Vec<_>>(),
    })
}

fn completeness(completeness: &Completeness) -> Value {
    let state = match completeness.state {
        CompletenessState::Complete => "complete",
        CompletenessState::Incomplete => "incomplete",
        CompletenessState::Unknown => "unknown",
        CompletenessState::Undeclared => "undeclared",
    };
    json!({"state": state, "aggregate": completeness.aggregate, "pointer": completeness.pointer})
}

fn services(services: &Services) -> Value {
    json!({
        "count": services.all.count,
        "first": services.all.first.iter().map(service).collect::<Vec<_>>(),
        "endpoints": services.endpoints,
        "plain": services.plain.count,
        "firstPlain": services.plain.first.first().map(outside),
        "foreign": offenders(&services.outside, outside),
    })
}

fn service(service: &Service) -> Value {
    json!({
        "name": service.name, "endpoints": service.endpoints, "authenticated": service.authenticated, "pointer": service.pointer,
    })
}

fn outside(outside: &Outside) -> Value {
    json!({"name": outside.name, "endpoint": outside.endpoint, "pointer": outside.pointer})
}

fn vulnerabilities(vulnerabilities: &Vulnerabilities) -> Value {
    json!({
        "total": vulnerabilities.total,
        "count": vulnerabilities.count,
        "first": vulnerabilities.first.iter().map(vulnerability).collect::<Vec<_>>(),
    })
}

fn vulnerability(one: &Vulnerability) -> Value {
    json!({
        "id": one.id, "severity": one.severity, "state": one.state, "justification": one.justification,
        "affects": one.affects, "pointer": one.pointer,
    })
}

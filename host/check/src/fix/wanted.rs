//! Findings to fixes: where each belongs in its text, and why one cannot be.

use std::collections::{HashMap, HashSet};

use portcullis_model::{Document, Effect, Fix, FixOperation, Judged, Kind, Mode, NodeId, Review, Subject};
use portcullis_report::{FixOutcome, FixState, subject_name};

use crate::fix::bench::{Bench, Judge, Key};
use crate::fix::tree::{Tree, segments};
use crate::fix::{FixLevel, safe};

/// One change of a tree that would make findings go away.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Which document of the text.
    pub(crate) document: usize,
    /// Where in it, from its root.
    pub(crate) pointer: String,
    pub(crate) operation: FixOperation,
    pub(crate) value: Option<Tree>,
    /// Whether it only spells the value in another way.
    pub(crate) safe: bool,
    /// The findings that it removes, and how each is told.
    pub(crate) findings: Vec<(Key, FixOutcome)>,
}

impl Wanted {
    fn does_the_same(&self, other: &Self) -> bool {
        (self.operation, &self.value) == (other.operation, &other.value)
    }
}

/// What is to be done to one version of a text.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) wanted: Vec<Wanted>,
    /// What will not be done, and why.
    pub(crate) refused: Vec<FixOutcome>,
    /// Subjects in compliance, with the number of their fixes.
    pub(crate) in_compliance: Vec<(String, usize)>,
    /// The fixes by their places.
    index: HashMap<(usize, String), Vec<usize>>,
}

/// The fixes of all findings of a text, as far as the level allows.
pub(crate) fn plan(judge: Judge<'_>, bench: &Bench, level: FixLevel) -> Plan {
    let mut plan = Plan::default();
    let places = places(&bench.documents);
    for (number, subject) in bench.subjects.iter().enumerate() {
        let name = subject_name(&subject.review.subject);
        let judged = subject
            .decisions
            .iter()
            .flat_map(|decision| decision.findings.iter().map(move |judged| (decision.policy_set.as_str(), judged)));
        let judged: Vec<(&str, &Judged)> = judged.filter(|(_, judged)| is_fixable(judged)).collect();
        if judged.is_empty() {
            continue;
        }
        if subject.decisions.iter().any(|decision| decision.mode == Mode::Compliance) {
            plan.in_compliance.push((name, judged.len()));
            continue;
        }
        let mut amounts: HashMap<&str, HashSet<NodeId>> = HashMap::new();
        for (set, judged) in judged {
            let claimed = judged.finding.fix.as_ref().is_some_and(|fix| fix.safe);
            let safe = claimed && {
                let amounts = amounts.entry(set).or_insert_with(|| self::amounts(judge, &subject.review, set));
                is_safe(&subject.review, judged, amounts)
            };
            if !safe && level == FixLevel::Safe {
                continue;
            }
            let mut outcome = FixOutcome { safe, ..outcome(&subject.review.subject, &name, judged) };
            if claimed && !safe {
                outcome.description += &format!("; {}", safe::NOT_SAFE);
            }
            let key = Key::of(number, set, judged);
            match wanted(&subject.review, subject.recorded, judged, (&bench.documents, &places)) {
                Ok(found) => plan.add(Wanted { safe, findings: vec![(key, outcome)], ..found }),
                Err(reason) => plan.refused.push(FixOutcome { state: FixState::Refused(reason), ..outcome }),
            }
        }
    }
    plan.settle();
    plan
}

impl Plan {
    fn add(&mut self, wanted: Wanted) {
        let there = self.index.entry((wanted.document, wanted.pointer.clone())).or_default();
        match there.iter().find(|&&at| self.wanted[at].does_the_same(&wanted)) {
            Some(&at) => {
                self.wanted[at].safe |= wanted.safe;
                self.wanted[at].findings.extend(wanted.findings);
            }
            None => {
                there.push(self.wanted.len());
                self.wanted.push(wanted);
            }
        }
    }

    /// Leaves for later what changes the meaning of something that first gets another spelling, and refuses what
    /// contradicts each other.
    fn settle(&mut self) {
        let pairs = self.pairs();
        let mut later = vec![false; self.wanted.len()];
        let mut contradicted = later.clone();
        for &(one, other) in &pairs {
            match (self.wanted[one].safe, self.wanted[other].safe) {
                (true, false) => later[other] = true,
                (false, true) => later[one] = true,
                _ => {}
            }
        }
        for (one, other) in pairs.into_iter().filter(|&(one, other)| !later[one] && !later[other]) {
            (contradicted[one], contradicted[other]) = (true, true);
        }
        for (at, wanted) in std::mem::take(&mut self.wanted).into_iter().enumerate() {
            if contradicted[at] {
                self.refuse(&wanted, "another fix wants something else there; decide between them");
            } else if !later[at] {
                self.wanted.push(wanted);
            }
        }
        self.index.clear();
    }

    /// Each two fixes of which one lies inside of what the other changes.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (at, wanted) in self.wanted.iter().enumerate() {
            let ends = wanted.pointer.match_indices('/').map(|(end, _)| end).skip(1).chain([wanted.pointer.len()]);
            for end in ends {
                let around = self.index.get(&(wanted.document, wanted.pointer[..end].to_owned()));
                pairs.extend(around.into_iter().flatten().filter(|&&other| other != at).map(|&other| (at, other)));
            }
        }
        pairs
    }

    pub(crate) fn refuse(&mut self, wanted: &Wanted, reason: &str) {
        let refused = |(_, outcome): &(Key, FixOutcome)| FixOutcome {
            state: FixState::Refused(reason.to_owned()),
            ..outcome.clone()
        };
        self.refused.extend(wanted.findings.iter().map(refused));
    }
}

/// Somebody answers for what is waived, and what only shadows changes nothing.
fn is_fixable(judged: &Judged) -> bool {
    judged.finding.fix.is_some() && !matches!(judged.effect, Effect::Waived | Effect::Shadow)
}

/// Where the object has quantities, by the kinds that this policy set knows as workloads.
fn amounts(judge: Judge<'_>, review: &Review, set: &str) -> HashSet<NodeId> {
    let Some(object) = &review.object else { return HashSet::new() };
    let sets = judge.gate.sets();
    let loaded = sets.sets.iter().map(|installed| &installed.loaded.set).find(|loaded| loaded.name == set);
    let custom = loaded.map(|loaded| loaded.workloads.as_slice()).unwrap_or_default();
    safe::amounts(object, &portcullis_subject::workload::view(review, custom))
}

/// Whether what the plugin calls safe is.
fn is_safe(review: &Review, judged: &Judged, amounts: &HashSet<NodeId>) -> bool {
    let (Some(object), Some(fix)) = (&review.object, &judged.finding.fix) else { return false };
    let (node, is_there) = object.resolve(NodeId::ROOT, &judged.finding.pointer);
    is_there && safe::only_respells(object, node, amounts, (fix.operation, Tree::of_json(&fix.value).as_ref()))
}

fn outcome(subject: &Subject, name: &str, judged: &Judged) -> FixOutcome {
    let finding = &judged.finding;
    let place = finding.place.as_ref().or(subject.place.as_ref());
    let fix = finding.fix.as_ref();
    FixOutcome {
        file: place.map(|place| place.file().to_owned()).unwrap_or_default(),
        line: place.map(|place| place.start().0),
        subject: name.to_owned(),
        policy: Some(judged.policy.clone()),
        code: format!("{}/{}", judged.plugin.split('@').next().unwrap_or_default(), finding.rule),
        pointer: finding.pointer.clone(),
        description: fix.map(described).unwrap_or_default(),
        safe: false,
        state: FixState::Applied,
    }
}

/// What a fix does; of something new also which value, since its words may leave a choice.
fn described(fix: &Fix) -> String {
    match Tree::of_json(&fix.value) {
        Some(Tree::Text(value)) if fix.operation == FixOperation::Add => format!("{} ({value})", fix.description),
        _ => fix.description.clone(),
    }
}

/// Every value of a text by its bytes. What stands there more than once is repeated by an alias or a merge key.
type Places = HashMap<(u32, u32, u8), (usize, NodeId, usize)>;

fn places(documents: &[Document]) -> Places {
    let mut places = Places::new();
    for (number, document) in documents.iter().enumerate() {
        for node in (1..=document.node_count()).map(NodeId) {
            if let Some(place) = document.value_place(node) {
                let known = places.entry(key(place.span, document.kind(node))).or_insert((number, node, 0));
                known.2 += 1;
            }
        }
    }
    places
}

fn key(span: portcullis_model::Span, kind: Kind) -> (u32, u32, u8) {
    (span.start, span.end, kind as u8)
}

/// Where in its text a fix belongs.
fn wanted(
    review: &Review,
    recorded: bool,
    judged: &Judged,
    (documents, places): (&[Document], &Places),
) -> Result<Wanted, String> {
    if recorded || review.request_document.is_some() {
        return Err("a recorded AdmissionReview is evidence and stays as it is".into());
    }
    if portcullis_subject::holds_secret(review) {
        return Err("a Secret is never changed by a machine that may not show it".into());
    }
    let (Some(object), Some(fix)) = (&review.object, &judged.finding.fix) else {
        return Err("it has no text".into());
    };
    let (node, _) = object.resolve(NodeId::ROOT, &judged.finding.pointer);
    let own = object.pointer(node);
    let rest = judged.finding.pointer.strip_prefix(own.as_str()).ok_or("nothing stands at its pointer")?;
    let place = object.value_place(node).ok_or("nobody knows where it stands")?;
    let found = places.get(&key(place.span, object.kind(node)));
    let &(document, node, times) = found.ok_or("nobody knows where it stands")?;
    if times > 1 {
        return Err("an alias or a merge key repeats it elsewhere, which would change as well".into());
    }
    let value = match fix.operation {
        FixOperation::Remove => None,
        _ => Some(Tree::of_json(&fix.value).ok_or("its value is not JSON")?),
    };
    let pointer = documents[document].pointer(node) + rest;
    if segments(&pointer).is_empty() {
        return Err("it would replace the whole document".into());
    }
    Ok(Wanted { document, pointer, operation: fix.operation, value, safe: false, findings: Vec::new() })
}

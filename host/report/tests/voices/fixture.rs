//! Reports as the gate would make them, built by hand.

use std::sync::Arc;

use portcullis_model::{
    Decision, Effect, Failure, FailureKind, Finding, Fix, FixOperation, Judged, Mode, Place, PolicyState, Severity,
    Source, Span, Subject, SubjectKind,
};
use portcullis_report::{
    BaselineInfo, ChangedSince, FixOutcome, FixState, InputError, Parts, PolicySetInfo, Report, RuleInfo, Skipped,
    Tool, WaiverInfo, plain,
};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
      - name: app
        image: nginx:latest
        resources:
          limits: {cpu: \"32\", memory: 1Gi}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
";
const CACHE: &str = "\
apiVersion: v1
kind: Pod
metadata:
\tname: 漢字 # a tab and wide characters
spec: {containers: [{name: cache, image: \"cache:1\"}]}
";

/// `sha256:` and one hex digit 64 times.
pub fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

/// The place of a text's first occurrence.
pub fn place(source: &Arc<Source>, text: &str) -> Option<Place> {
    let start = source.text().find(text).expect("the text stands in the source");
    Some(Place { source: Arc::clone(source), span: Span::new(start, start + text.len()) })
}

pub fn object(kind: &str, namespace: &str, name: &str, place: Option<Place>) -> Subject {
    let api_version = if kind == "Deployment" { "apps/v1" } else { "v1" };
    Subject {
        kind_of: SubjectKind::Object,
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
        place,
        occurrence: None,
    }
}

pub fn decision(set: &str, mode: Mode, subject: Subject) -> Decision {
    Decision {
        policy_set: set.into(),
        policy_set_digest: digest("d"),
        subject,
        operation: "CREATE".into(),
        mode,
        policies: vec![
            ("image-reference".into(), PolicyState::Evaluated),
            ("resource-limits".into(), PolicyState::Evaluated),
        ],
        findings: Vec::new(),
        failures: Vec::new(),
        facts: Vec::new(),
    }
}

pub fn judged(
    code: &str,
    severity: Severity,
    effect: Effect,
    message: &str,
    pointer: &str,
    place: Option<Place>,
) -> Judged {
    let (plugin, rule) = code.split_once('/').expect("plugin/rule");
    Judged {
        policy: plugin.into(),
        plugin: format!("{plugin}@{}", digest("b")),
        severity,
        effect,
        waiver: None,
        existing: false,
        finding: Finding {
            rule: rule.into(),
            severity,
            message: message.into(),
            pointer: pointer.into(),
            place,
            fix: None,
        },
    }
}

fn rule(plugin: &str, id: &str, title: &str, severity: Severity) -> RuleInfo {
    RuleInfo {
        policy: plugin.into(),
        plugin: plugin.into(),
        plugin_version: "0.1.0".into(),
        plugin_digest: digest("b"),
        id: id.into(),
        title: title.into(),
        severity,
        help: Some(format!("https://portcullis.dev/rules/{plugin}#{id}")),
    }
}

fn rules() -> Vec<RuleInfo> {
    vec![
        rule("resource-limits", "cpu-limit-max", "A container asks for no more CPU than allowed.", Severity::High),
        rule("resource-limits", "memory-missing", "Every container has a memory limit.", Severity::Medium),
        rule("image-reference", "digest-missing", "Every image is pinned by digest.", Severity::Medium),
        rule("image-reference", "tag-forbidden", "No image uses a forbidden tag.", Severity::Low),
    ]
}

pub fn tool() -> Tool {
    Tool { version: "0.1.0".into(), commit: "85ebfb2".into() }
}

pub fn sets(names: &[&str]) -> Vec<PolicySetInfo> {
    names.iter().map(|name| PolicySetInfo { name: (*name).into(), digest: digest("d") }).collect()
}

const IMAGE: &str = "/spec/template/spec/containers/0/image";
const CPU: &str = "/spec/template/spec/containers/0/resources/limits/cpu";

fn web(set: &str, mode: Mode, source: &Arc<Source>) -> Decision {
    let effect = if mode == Mode::Compliance { Effect::Deny } else { Effect::Warn };
    let mut decision = decision(set, mode, object("Deployment", "shop", "web", place(source, "apiVersion: apps")));
    let image = place(source, "nginx:latest");
    let mut cpu = judged(
        "resource-limits/cpu-limit-max",
        Severity::High,
        effect,
        "container `app` may use 32 cores, more than the 16 allowed",
        CPU,
        place(source, "\"32\""),
    );
    cpu.finding.fix = Some(Fix {
        description: "set the limit to \"16\"".into(),
        operation: FixOperation::Replace,
        value: "\"16\"".into(),
        safe: false,
    });
    let message = "the image `nginx:latest` is not pinned by digest";
    let mut waived =
        judged("image-reference/digest-missing", Severity::Medium, Effect::Waived, message, IMAGE, image.clone());
    waived.waiver = Some("nginx-until-june".into());
    let message = "the tag `latest` may move";
    let audit = judged("image-reference/tag-forbidden", Severity::Low, Effect::Audit, message, IMAGE, image);
    decision.findings = vec![waived, audit, cpu];
    decision
}

fn settings(source: &Arc<Source>) -> Decision {
    let mut decision =
        decision("default", Mode::Compliance, object("ConfigMap", "", "settings", place(source, "apiVersion: v1")));
    decision.policies.iter_mut().for_each(|(_, state)| *state = PolicyState::Skipped);
    decision
}

fn cache() -> Decision {
    let source = Source::new("deploy/cache.yaml", CACHE);
    let mut decision = decision("default", Mode::Sandbox, object("Pod", "", "漢字", place(&source, "apiVersion")));
    let message = "the name is not a DNS label";
    let name = place(&source, "漢字");
    decision.findings.push(judged("names/dns-label", Severity::Info, Effect::Warn, message, "/metadata/name", name));
    let message = "container `cache` has no memory limit";
    let pointer = "/spec/containers/0/resources/limits/memory";
    let container = place(&source, "name: cache");
    decision.findings.push(judged(
        "resource-limits/memory-missing",
        Severity::Medium,
        Effect::Warn,
        message,
        pointer,
        container,
    ));
    decision
}

/// One set, all allowed, nothing to say but what was left aside.
pub fn quiet() -> Report {
    let source = Source::new("deploy/web.yaml", WEB);
    let mut quiet = web("default", Mode::Compliance, &source);
    quiet.findings.clear();
    let skipped = (1..=12).map(|n| Skipped { path: format!("ci/{n:02}.yaml"), reason: "no Kubernetes object".into() });
    let parts = Parts {
        policy_sets: sets(&["default"]),
        decisions: vec![quiet, settings(&source)],
        rules: rules(),
        skipped: skipped.collect(),
        notices: vec![
            "the built-in set checks limits and images; signatures, SBOMs and SAST need a set of yours".into(),
        ],
        ..Parts::default()
    };
    Report::new(tool(), parts)
}

/// One set that denies one subject of three and warns about another.
pub fn denied() -> Report {
    let source = Source::new("deploy/web.yaml", WEB);
    let mut web = web("default", Mode::Compliance, &source);
    web.policies.push(("signature".into(), PolicyState::NotEvaluated));
    let decisions = vec![web, settings(&source), cache()];
    let waivers = vec![waiver("nginx-until-june", "team-web", "WEB-17", "the vendor signs from June on", "2027-06-30")];
    let policy_sets = sets(&["default"]);
    Report::new(tool(), Parts { policy_sets, decisions, rules: rules(), waivers, ..Parts::default() })
}

fn waiver(name: &str, owner: &str, ticket: &str, reason: &str, expires: &str) -> WaiverInfo {
    let [name, owner, ticket, reason, expires] = [name, owner, ticket, reason, expires].map(str::to_owned);
    WaiverInfo { name, owner, ticket, reason, expires }
}

/// One finding that a baseline lists and one that is new but only warns; of the fixes one was written.
pub fn known() -> Report {
    let source = Source::new("deploy/web.yaml", WEB);
    let mut web = web("default", Mode::Compliance, &source);
    let cpu = web.findings.pop().map(|cpu| Judged { effect: Effect::Known, ..cpu });
    web.findings = cpu.into_iter().collect();
    let fix = |state: FixState, code: &str, description: &str| FixOutcome {
        file: "deploy/cache.yaml".into(),
        line: Some(5),
        subject: "Pod 漢字".into(),
        policy: Some("resource-limits".into()),
        code: code.into(),
        pointer: "/spec".into(),
        description: description.into(),
        safe: true,
        state,
    };
    let refused = FixState::Refused("the value stands behind an alias".into());
    let parts = Parts {
        policy_sets: sets(&["default"]),
        decisions: vec![web, cache()],
        rules: rules(),
        fixes: Some(vec![
            fix(FixState::Applied, "resource-limits/quantity-not-canonical", "write it as 500m"),
            fix(FixState::Patched, "resource-limits/memory-missing", "add a limit of 128Mi"),
            fix(refused, "resource-limits/quantity-not-canonical", "write it as 1Gi"),
        ]),
        baseline: Some(BaselineInfo {
            name: "before-2026".into(),
            file: "baseline.yaml".into(),
            digest: digest("e"),
            owner: "team-web".into(),
            expires: "2027-03-31".into(),
            expired: false,
            listed: 3,
            gone: 1,
        }),
        ..Parts::default()
    };
    Report::new(tool(), parts)
}

/// Two sets judge one subject differently.
pub fn two_sets() -> Report {
    let source = Source::new("deploy/web.yaml", WEB);
    let decisions = vec![web("team", Mode::Sandbox, &source), web("company", Mode::Compliance, &source)];
    Report::new(
        tool(),
        Parts { policy_sets: sets(&["team", "company"]), decisions, rules: rules(), ..Parts::default() },
    )
}

/// Input errors, judgements that failed with either effect, and a notice about the mode.
pub fn errors() -> Report {
    let source = Source::new("deploy/web.yaml", WEB);
    let mut web = web("default", Mode::Compliance, &source);
    web.findings.truncate(1);
    let failure = |policy: Option<&str>, kind, message: &str, effect| Failure {
        policy: policy.map(str::to_owned),
        kind,
        message: message.into(),
        effect,
    };
    web.failures = vec![
        failure(
            None,
            FailureKind::Input,
            "the namespace `shop` says `mode: prod`, which is no mode; compliance holds",
            Effect::Warn,
        ),
        failure(Some("sast"), FailureKind::Timeout, "plugin `sast` spent its 50 ms", Effect::Deny),
        failure(Some("sbom"), FailureKind::Fact, "no recorded answer to `sbom`; give one with `--facts`", Effect::Warn),
        failure(None, FailureKind::Input, "the labels of the namespace `shop` are not known", Effect::Deny),
    ];
    web.facts = vec![("signature sha256:00".into(), "absent".into(), String::new())];
    let tabbed = Source::new("deploy/tabs.yaml", CACHE);
    let set = Source::new("policies/team.yaml", "spec:\n  polices: [{grants: [\"secrets\"]}]\n");
    let at = |source, text| place(source, text).expect("a place");
    let errors = vec![
        InputError::new("a tab cannot indent YAML").at(at(&tabbed, "\t")).hint("use spaces"),
        InputError::new("unknown field `polices`").at_masked(at(&set, "polices")).hint("did you mean `policies`?"),
        InputError::new("there is no such file").in_file("missing.yaml").hint("check the path"),
        InputError::new("`--mode` is neither `sandbox` nor `compliance`"),
    ];
    let decisions = vec![web];
    Report::new(
        tool(),
        Parts { policy_sets: sets(&["default"]), errors, decisions, rules: rules(), ..Parts::default() },
    )
}

/// Two policies of one plugin that speak by the same rule, beside a policy that has the name of its plugin.
pub fn two_policies() -> Report {
    let source = Source::new("deploy/web.yaml", WEB);
    let mut web = web("default", Mode::Compliance, &source);
    let told = [("teams", "the label `team` is missing", "/metadata"), ("names", "the name is too short", "/metadata")];
    for (policy, message, pointer) in told {
        let place = place(&source, "{name: web");
        let judged = judged("cel/validation-failed", Severity::Medium, Effect::Deny, message, pointer, place);
        web.findings.push(Judged { policy: policy.into(), ..judged });
    }
    let described = |policy: &str| {
        let rule = rule("cel", "validation-failed", "Every validation holds.", Severity::Medium);
        RuleInfo { policy: policy.into(), ..rule }
    };
    let rules = rules().into_iter().chain(["names", "teams"].map(described)).collect();
    let parts = Parts { policy_sets: sets(&["default"]), decisions: vec![web], rules, ..Parts::default() };
    Report::new(tool(), parts)
}

/// Nothing at all.
pub fn nothing() -> Report {
    Report::new(tool(), Parts::default())
}

/// What a terminal, a CI log or a reader could fall for (attack list A23, P74).
pub const HOSTILE: &str = "::error::x\n##[error]y\r\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}\u{9b}2J\t\u{202e}drow\u{2066}\u{200b}\u{feff}\u{2028}%0A<script>[l](javascript:a){0}\"'`";

/// Every text of a report is hostile.
pub fn hostile() -> Report {
    let text = format!("name: {}\n", HOSTILE.replace(['\n', '\r'], " "));
    let source = Source::new(HOSTILE, text);
    let span = Span::new(0, 4);
    let place = Place { source: Arc::clone(&source), span };
    let at = Some(place.clone());
    let mut subject = object(HOSTILE, HOSTILE, HOSTILE, at.clone());
    subject.api_version = HOSTILE.into();
    let mut decision = decision(HOSTILE, Mode::Compliance, subject);
    let code = format!("{HOSTILE}/{HOSTILE}").replace('@', "");
    let mut finding = judged(&code, Severity::Low, Effect::Warn, HOSTILE, HOSTILE, at.clone());
    finding.policy = HOSTILE.into();
    finding.finding.fix =
        Some(Fix { description: HOSTILE.into(), operation: FixOperation::Add, value: HOSTILE.into(), safe: true });
    let mut waived = finding.clone();
    (waived.waiver, waived.effect, waived.finding.place) = (Some(HOSTILE.into()), Effect::Waived, None);
    let mut known = finding.clone();
    known.effect = Effect::Known;
    decision.findings = vec![finding, waived, known];
    decision.policies = vec![(HOSTILE.into(), PolicyState::NotEvaluated), ("b".into(), PolicyState::Evaluated)];
    decision.facts = vec![(HOSTILE.into(), HOSTILE.into(), HOSTILE.into())];
    let failure = |policy: Option<&str>| Failure {
        policy: policy.map(str::to_owned),
        kind: FailureKind::Trap,
        message: HOSTILE.into(),
        effect: Effect::Warn,
    };
    decision.failures = vec![failure(Some(HOSTILE)), failure(None)];
    let mut other = decision.clone();
    other.policy_set = format!("{HOSTILE}2");
    let parts = Parts {
        policy_sets: vec![PolicySetInfo { name: HOSTILE.into(), digest: digest("d") }],
        errors: vec![
            InputError::new(HOSTILE).in_file(HOSTILE).hint(HOSTILE),
            InputError::new(HOSTILE).at_masked(place).hint(HOSTILE),
        ],
        skipped: vec![Skipped { path: HOSTILE.into(), reason: HOSTILE.into() }],
        notices: vec![HOSTILE.into()],
        waivers: vec![waiver(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        decisions: vec![decision, other],
        rules: vec![RuleInfo {
            policy: HOSTILE.into(),
            plugin: HOSTILE.into(),
            help: Some(HOSTILE.into()),
            ..rule("p", HOSTILE, HOSTILE, Severity::Low)
        }],
        fixes: Some([FixState::Applied, FixState::Refused(HOSTILE.into())].map(hostile_fix).into()),
        baseline: Some(BaselineInfo {
            name: HOSTILE.into(),
            file: HOSTILE.into(),
            digest: digest("b"),
            owner: HOSTILE.into(),
            expires: HOSTILE.into(),
            expired: false,
            listed: 1,
            gone: 1,
        }),
        config: Some(HOSTILE.into()),
        changed_since: Some(ChangedSince {
            reference: HOSTILE.into(),
            everything: Some(HOSTILE.into()),
            ..ChangedSince::default()
        }),
    };
    Report::new(tool(), parts)
}

fn hostile_fix(state: FixState) -> FixOutcome {
    FixOutcome {
        file: HOSTILE.into(),
        line: Some(1),
        subject: plain(HOSTILE).into_owned(),
        policy: Some(HOSTILE.into()),
        code: HOSTILE.into(),
        pointer: HOSTILE.into(),
        description: HOSTILE.into(),
        safe: true,
        state,
    }
}

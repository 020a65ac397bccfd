//! The page as an XML reader and a browser's tokenizer read it: nothing runs, nothing is loaded, everything has its place.

use std::collections::BTreeSet;

use html5gum::{Token, Tokenizer};
use portcullis_model::{Effect, Mode, Severity, sha256_hex};
use portcullis_report::{Parts, Report, ReportVerdict, RuleInfo, WaiverInfo, html};
use roxmltree::{Document, Node, ParsingOptions};

use crate::{fixture, reports};

/// Every element that the page may have.
const ELEMENTS: [&str; 45] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "main",
    "footer",
    "section",
    "p",
    "h1",
    "h2",
    "h3",
    "svg",
    "path",
    "rect",
    "g",
    "dl",
    "div",
    "dt",
    "dd",
    "span",
    "b",
    "a",
    "code",
    "pre",
    "figure",
    "figcaption",
    "ol",
    "li",
    "form",
    "fieldset",
    "legend",
    "label",
    "input",
    "details",
    "summary",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "i",
];
/// Elements without an end tag in HTML.
const VOID: [&str; 2] = ["meta", "input"];

fn parsed(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).expect("a page that is well-formed as XML too")
}

fn named<'a, 'input>(document: &'a Document<'input>, name: &str) -> Vec<Node<'a, 'input>> {
    document.descendants().filter(|node| node.tag_name().name() == name).collect()
}

/// What a browser's tokenizer makes of it: no error, every element closed, none that could run or load anything.
fn judge_tokens(name: &str, text: &str) {
    let mut open: Vec<String> = Vec::new();
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for token in Tokenizer::new(text) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let element = shown(&tag.name);
                assert!(ELEMENTS.contains(&element.as_str()), "{name}: <{element}>");
                for (attribute, value) in &tag.attributes {
                    let (attribute, value) = (shown(attribute), shown(value));
                    assert!(!attribute.starts_with("on"), "{name}: {attribute} runs");
                    assert!(
                        !["style", "src", "srcset", "action", "formaction"].contains(&attribute.as_str()),
                        "{name}"
                    );
                    let web = value.starts_with("https://portcullis.dev/");
                    assert!(attribute != "href" || (element == "a" && web), "{name}: {attribute}={value}");
                }
                if !tag.self_closing {
                    assert!(!VOID.contains(&element.as_str()), "{name}: <{element}>");
                    open.push(element);
                }
            }
            Token::EndTag(tag) => assert_eq!(open.pop(), Some(shown(&tag.name)), "{name}"),
            odd => assert!(matches!(odd, Token::String(_) | Token::Doctype(_)), "{name}: {odd:?}"),
        }
    }
    assert!(open.is_empty(), "{name}: never closed: {open:?}");
}

#[test]
fn runs_and_loads_nothing_whatever_a_stranger_wrote() {
    for (name, report) in reports().into_iter().chain([("hostile", fixture::hostile())]) {
        let page = html(&report);
        judge_tokens(name, &page);
        parsed(&page);
    }
    for attack in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style><style>*{display:none}",
        "</pre></li></ol><iframe src=//evil.example>",
        "<!--",
        "]]>",
        "&lt;b&gt;&#x3c;script&#x3e;",
        "javascript:alert(1)",
        "\u{0}\u{fffe}\u{202e}",
        "`<b>`<i>``",
    ] {
        let mut decision = fixture::decision(attack, Mode::Compliance, fixture::object(attack, attack, attack, None));
        let mut judged = fixture::judged("a/b", Severity::High, Effect::Waived, attack, attack, None);
        attack.clone_into(&mut judged.policy);
        judged.waiver = Some(attack.to_owned());
        decision.findings.push(judged);
        let text = || attack.to_owned();
        let waiver = WaiverInfo { name: text(), owner: text(), ticket: text(), reason: text(), expires: text() };
        let rule = RuleInfo {
            policy: text(),
            plugin: "a".into(),
            plugin_version: text(),
            plugin_digest: text(),
            id: "b".into(),
            title: text(),
            severity: Severity::High,
            help: Some(text()),
        };
        let parts = Parts {
            notices: vec![text()],
            waivers: vec![waiver],
            rules: vec![rule],
            decisions: vec![decision],
            ..Parts::default()
        };
        let page = html(&Report::new(fixture::tool(), parts));
        judge_tokens(attack, &page);
        let document = parsed(&page);
        assert_eq!(named(&document, "style").len(), 1, "{attack}");
        assert_eq!(named(&document, "h3").len(), 1, "{attack}: the card is where it belongs");
    }
}

#[test]
fn allows_nothing_but_its_own_style_sheet() {
    let page = html(&fixture::two_sets());
    let document = parsed(&page);
    let style = named(&document, "style")[0].text().expect("a style sheet");
    assert!(!style.contains("url(") && !style.contains("@import"), "nothing is loaded");
    let meta = named(&document, "meta");
    let policy = meta.iter().find(|meta| meta.attribute("http-equiv") == Some("Content-Security-Policy"));
    let policy = policy.and_then(|meta| meta.attribute("content")).expect("a policy");
    let hash = policy.split("'sha256-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a hash");
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, hash).expect("base64");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(format!("sha256:{hex}"), sha256_hex(style.as_bytes()), "the policy knows the style sheet by its hash");
    assert_eq!(
        policy.replace(hash, ""),
        "default-src 'none'; style-src 'sha256-'; base-uri 'none'; form-action 'none'"
    );
}

#[test]
fn says_everything_that_an_auditor_asks() {
    let page = html(&fixture::denied());
    for words in [
        "1 of 3 subjects may not enter.",
        "resource-limits/cpu-limit-max",
        "deploy/web.yaml:11:25",
        "limits: {cpu: &quot;32&quot;, memory: 1Gi}",
        "<b>^^^^</b>",
        "set the limit to &quot;16&quot;",
        "nginx-until-june",
        "team-web",
        "WEB-17",
        "2027-06-30",
        "the vendor signs from June on",
        "sha256:dddddddd",
        "no policy matches",
        "(no namespace)",
    ] {
        assert!(page.contains(words), "`{words}` is not there");
    }
    let errors = html(&fixture::errors());
    for words in
        ["did you mean <code>policies</code>?", "plugin <code>sast</code> spent its 50 ms", "there is no such file"]
    {
        assert!(errors.contains(words), "`{words}` is not there");
    }
    assert!(html(&fixture::quiet()).contains("ci/12.yaml"), "skipped files are listed");
    assert!(html(&fixture::nothing()).contains("nothing was judged: the input holds no subject"));
}

#[test]
fn counts_no_error_of_the_input_as_a_finding() {
    let page = html(&fixture::errors());
    let document = parsed(&page);
    let section = |id: &str| {
        let of = |node: &Node| node.attribute("aria-labelledby") == Some(id);
        document.descendants().find(of).expect("a section")
    };
    let cards = |id: &str| section(id).descendants().filter(|node| node.tag_name().name() == "h3").count();
    assert_eq!((cards("errors"), cards("findings")), (4, 5));
    let drawn: Vec<_> = section("charts").descendants().filter_map(|node| node.attribute("aria-label")).collect();
    assert!(!drawn.iter().any(|label| label.contains("tabs.yaml") || label.starts_with("input")), "{drawn:?}");
    assert!(drawn.contains(&"not-judged/timeout: 1 not judged"), "each bar says its name: {drawn:?}");
    assert!(html(&fixture::nothing()).contains("Nothing was judged."), "and nothing found is no pass");
}

#[test]
fn says_in_a_sentence_how_it_ended() {
    let sentence = |subjects: usize, denied: usize| {
        let mut report = fixture::denied();
        (report.summary.subjects, report.summary.denied, report.summary.warnings) = (subjects, denied, 1);
        report.verdict = if denied > 0 { ReportVerdict::Deny } else { ReportVerdict::Allow };
        let page = html(&report);
        let document = parsed(&page);
        let said = document.descendants().find(|node| node.attribute("class") == Some("sentence"));
        said.and_then(|node| node.text()).expect("a sentence").to_owned()
    };
    for (subjects, denied, expected) in [
        (0, 0, "Nothing that changed had to be judged."),
        (1, 0, "The only subject may enter; 1 warning should be looked at."),
        (2, 0, "All 2 subjects may enter; 1 warning should be looked at."),
        (1, 1, "The only subject may not enter."),
        (3, 1, "1 of 3 subjects may not enter."),
        (3, 3, "None of the 3 subjects may enter."),
    ] {
        assert_eq!(sentence(subjects, denied), expected);
    }
}

#[test]
fn leads_those_who_do_not_see_it() {
    for (name, report) in reports() {
        let page = html(&report);
        let document = parsed(&page);
        let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "{name}: every id once");
        for node in document.descendants() {
            for id in [node.attribute("aria-labelledby"), node.attribute("for")].into_iter().flatten() {
                assert!(known.contains(id), "{name}: nothing is called {id}");
            }
            if node.tag_name().name() == "svg" {
                assert!(node.attribute("aria-label").is_some() || node.attribute("aria-hidden").is_some(), "{name}");
            }
        }
        let labels: BTreeSet<&str> =
            named(&document, "label").iter().filter_map(|node| node.attribute("for")).collect();
        let boxes = named(&document, "input");
        let unlabelled = boxes.iter().filter(|one| one.attribute("type") == Some("checkbox"));
        let unlabelled = unlabelled.filter(|one| one.attribute("id").is_none_or(|id| !labels.contains(id)));
        assert_eq!(unlabelled.count(), 0, "{name}: every box has a label");
        let headings = document.descendants().filter_map(|node| match node.tag_name().name() {
            "h1" => Some(1),
            "h2" => Some(2),
            "h3" => Some(3),
            _ => None,
        });
        let headings: Vec<u32> = headings.collect();
        assert_eq!(headings.iter().filter(|level| **level == 1).count(), 1, "{name}");
        assert!(headings.windows(2).all(|two| two[1] <= two[0] + 1), "{name}: no level is left out: {headings:?}");
        // Every check box hides something, and every class that a box may hide has its box.
        let style = named(&document, "style")[0].text().expect("a style sheet");
        for id in boxes.iter().filter_map(|one| one.attribute("id")) {
            assert!(style.contains(&format!("body:has(#{id}:not(:checked)) .")), "{name}: the box {id} does nothing");
            let hidden =
                |node: &Node| node.attribute("class").is_some_and(|class| class.split(' ').any(|one| one == id));
            assert!(document.descendants().any(|node| hidden(&node)), "{name}: the box {id} has nothing to hide");
        }
    }
}

#[test]
fn stays_usable_with_thousands_of_findings() {
    let mut decision = fixture::decision("default", Mode::Compliance, fixture::object("Pod", "shop", "web", None));
    for n in 0..5_000 {
        let effect = if n < 4_000 { Effect::Warn } else { Effect::Deny };
        decision.findings.push(fixture::judged(
            &format!("plugin-{:02}/rule", n % 90),
            Severity::High,
            effect,
            "m",
            "/a",
            None,
        ));
    }
    let parts = Parts { decisions: vec![decision], ..Parts::default() };
    let page = html(&Report::new(fixture::tool(), parts));
    let document = parsed(&page);
    let of = |class: &str| {
        let has = |node: &Node| node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class));
        document.descendants().filter(|node| node.tag_name().name() == "li" && has(node)).count()
    };
    assert_eq!((of("f"), of("e-denied"), of("e-warning")), (2_000, 1_000, 1_000), "those that deny come first");
    assert!(page.contains("3000 more have no card here"), "what is left out is counted");
    assert!(page.contains("aria-label=\"5000 findings\"") || page.contains(">5000</span>"), "the charts count all");
    let boxes = named(&document, "input").into_iter().filter_map(|one| one.attribute("id"));
    assert_eq!(boxes.filter(|id| id.starts_with("p-")).count(), 40, "the last box is that of all other policies");
    assert!(page.contains(" 51 more policies</label>"));
}

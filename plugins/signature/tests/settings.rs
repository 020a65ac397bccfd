//! What the plugin says about settings that it refuses.

use portcullis_sdk::testing;
use signature::Signature;
use signature::settings::CLAIMS;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<Signature>(settings);
    let found: Vec<_> = complaints.iter().map(|c| (c.pointer.as_str(), c.message.as_str())).collect();
    assert_eq!(found, [(pointer, message)], "{settings}");
}

/// Settings with one entry, which holds this besides `match`.
fn entry(more: &str) -> String {
    format!(r#"{{"images": [{{"match": ["ghcr.io/org/**"], {more}}}]}}"#)
}

/// Settings with one identity.
fn identity(members: &str) -> String {
    entry(&format!(r#""trust": "release", "identities": [{{{members}}}]"#))
}

/// Settings with these patterns of images, each in an entry of its own.
fn images(patterns: &[&str]) -> String {
    let entries = patterns.iter().map(|pattern| format!(r#"{{"match": ["{pattern}"], "trust": "release"}}"#));
    format!(r#"{{"images": [{}]}}"#, entries.collect::<Vec<_>>().join(","))
}

#[test]
fn takes_what_its_readme_shows() {
    let readme = include_str!("../README.md");
    let shown = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("settings");
    let case = format!(
        "# The settings of the README.\n# settings:\n{}kind: Pod\n",
        shown.lines().map(|line| format!("#   {line}\n")).collect::<String>()
    );
    let case = testing::Case::parse("README.md", &case).expect("YAML");
    assert_eq!(testing::complaints::<Signature>(&case.settings), []);
}

#[test]
fn refuses_entries_that_say_nothing_or_two_things() {
    refuses("{}", "", "`images` is missing");
    refuses(r#"{"images": []}"#, "/images", "an empty list covers no image; give an entry with `match` and `trust`");
    refuses(
        r#"{"images": [{"match": [], "trust": "release"}]}"#,
        "/images/0/match",
        "an empty list matches no image; write a pattern such as `ghcr.io/org/**`",
    );
    let neither = "say whose signatures count by `trust`, or that none is needed by `exempt: true`";
    refuses(r#"{"images": [{"match": ["ghcr.io/org/**"]}]}"#, "/images/0", neither);
    refuses(&entry(r#""exempt": false"#), "/images/0", neither);
    refuses(
        &entry(r#""trust": "release", "exempt": true"#),
        "/images/0",
        "an entry has either `trust` or `exempt: true`",
    );
    refuses(
        &entry(r#""exempt": true, "atLeast": 2"#),
        "/images/0/atLeast",
        "an exempt image needs no signature; remove `atLeast` or `exempt`",
    );
    refuses(
        &entry(r#""trusts": "release", "exempt": true"#),
        "/images/0/trusts",
        "unknown setting `trusts`: did you mean `trust`?",
    );
    refuses(
        r#"{"images": [{"match": ["ghcr.io/**"], "exempt": true}], "unmatched": "allow"}"#,
        "",
        "nothing would be judged: every entry is exempt, and `unmatched` is `allow`",
    );
    refuses(
        r#"{"images": [{"match": ["**"], "exempt": true}]}"#,
        "/images/0/match/0",
        "would let every image in without a signature; name whose images need none",
    );
}

#[test]
fn refuses_signers_that_could_never_be_enough() {
    let at_least = "must be a whole number from 1 to 100, not `0`";
    refuses(&entry(r#""trust": "release", "atLeast": 0"#), "/images/0/atLeast", at_least);
    refuses(
        &entry(r#""trust": "release", "keys": ["a"], "atLeast": 2"#),
        "/images/0/atLeast",
        "asks for 2 signers, and `keys` names 1",
    );
    refuses(
        &entry(r#""trust": "release", "keys": []"#),
        "/images/0/keys",
        "nobody's signature would count: name a key, or give `identities`",
    );
    refuses(
        &entry(r#""trust": "release", "predicateTypes": []"#),
        "/images/0/predicateTypes",
        "an empty list would count no signature; leave it out to count `https://sigstore.dev/cosign/sign/v1`",
    );
    refuses(
        &entry(r#""trust": "release", "invalid": "deny""#),
        "/images/0/invalid",
        "must be one of `ignore`, `refuse`, not the text `deny`",
    );
}

#[test]
fn refuses_identities_that_are_nobody_or_anybody() {
    // N37: what is there and empty, or means everybody, is no identity.
    let either = "an identity has either `subject` or `subjectPattern`";
    let one = "/images/0/identities/0";
    refuses(&identity(r#""subject": "ann@example.com""#), one, "`issuer` is missing");
    refuses(&identity(r#""issuer": "https://a.example""#), one, either);
    refuses(
        &identity(r#""issuer": "https://a.example", "subject": "a@b.example", "subjectPattern": "*@b.example""#),
        one,
        either,
    );
    let issuer = |subject: &str| identity(&format!(r#""issuer": "https://a.example", {subject}"#));
    let (subject, pattern) = ("/images/0/identities/0/subject", "/images/0/identities/0/subjectPattern");
    refuses(&issuer(r#""subjectPattern": """#), pattern, "must be a text that is not empty, not the text ``");
    refuses(&issuer(r#""subject": """#), subject, "must be a text that is not empty, not the text ``");
    for anybody in ["**", "*", "**/**", "*@*"] {
        let message = format!("`{anybody}` would be anybody; write whose signatures count");
        refuses(&issuer(&format!(r#""subjectPattern": "{anybody}""#)), pattern, &message);
    }
    refuses(
        &issuer(r#""subjectPattern": "https://*/org/app""#),
        pattern,
        "`https://*/org/app`: scheme and host must be whole, as in `https://github.com/org/*`",
    );
    refuses(
        &issuer(r#""subjectPattern": "**/release.yml""#),
        pattern,
        "`**/release.yml`: scheme and host must be whole, as in `https://github.com/org/*`",
    );
    refuses(
        &issuer(r#""subjectPattern": "ann@*.example""#),
        pattern,
        "`ann@*.example`: what stands behind the `@` must be whole, as in `*@example.com`",
    );
    refuses(
        &issuer(r#""subjectPattern": "https://a.example/org/app**""#),
        pattern,
        "`https://a.example/org/app**`: `**` stands for whole segments, between two `/`; write `*` within one",
    );
    for expression in ["^https://a.example/.*$", "https://a.example/.*", "https://a.example/(a|b)*"] {
        let message = format!(
            "`{expression}` is not a pattern: `*` and `**` are its only signs; there are no regular expressions"
        );
        refuses(&issuer(&format!(r#""subjectPattern": "{expression}""#)), pattern, &message);
    }
    refuses(
        &issuer(r#""subjectPattern": "ann@example.com""#),
        pattern,
        "`ann@example.com` has no wildcard; write `subject`",
    );
    refuses(
        &issuer(r#""subject": "https://a.example/*""#),
        subject,
        "is compared whole; write `subjectPattern` for a pattern",
    );
    refuses(
        &issuer(r#""subject": "ann@example.com\n""#),
        subject,
        "has white space around it, or a line break at its end",
    );
    refuses(&issuer(r#""subject": "\u0430nn@example.com""#), subject, "holds a character that is no printable ASCII");
}

#[test]
fn refuses_issuers_and_claims_that_no_certificate_has() {
    let subject = r#""subject": "ann@example.com""#;
    refuses(
        &identity(&format!(r#""issuer": "https://*.example", {subject}"#)),
        "/images/0/identities/0/issuer",
        "is compared whole; an issuer has no wildcards",
    );
    let claims = |claims: &str| identity(&format!(r#""issuer": "https://a.example", {subject}, "claims": {claims}"#));
    let place = "/images/0/identities/0/claims";
    refuses(&claims("{}"), place, "asks for nothing; name a claim, or leave `claims` out");
    refuses(
        &claims(r#"{"sourceRepositoryUri": "x"}"#),
        &format!("{place}/sourceRepositoryUri"),
        "unknown setting `sourceRepositoryUri`: did you mean `sourceRepositoryURI`?",
    );
    refuses(
        &claims(r#"{"sourceRepositoryRef": "refs/tags/*"}"#),
        &format!("{place}/sourceRepositoryRef"),
        "is compared whole; a claim has no wildcards",
    );
}

#[test]
fn refuses_patterns_of_images_that_mean_something_else() {
    let one = "/images/0/match/0";
    for (pattern, message) in [
        ("ghcr.io", "`ghcr.io` names no repository; `ghcr.io/**` means every one there"),
        ("nginx", "`nginx` names no registry; write `docker.io/library/nginx`"),
        ("team/app", "`team/app` names no registry; write `docker.io/team/app`"),
        ("*/app", "`*` is not a host; hosts have no wildcards"),
        ("ghcr.io*/app", "`ghcr.io*` is not a host; hosts have no wildcards"),
        ("ghcr.io/app:1", "`ghcr.io/app:1`: a pattern names repositories, without tag or digest"),
        ("ghcr.io/App", "`ghcr.io/App`: repositories are written in lower case"),
        ("https://ghcr.io/app", "`https://ghcr.io/app` is an address; write the host without `https://`"),
        ("ghcr.io/a//b", "`ghcr.io/a//b`: only letters, digits, `.`, `_`, `-` and `*` may stand in a segment"),
        ("ghcr.io/org**", "`ghcr.io/org**`: `**` stands for whole segments, between two `/`; write `*` within one"),
    ] {
        refuses(&images(&[pattern]), one, message);
    }
}

#[test]
fn refuses_patterns_that_never_decide() {
    let second = "/images/1/match/0";
    refuses(
        &images(&["ghcr.io/org/app", "ghcr.io/org/app"]),
        second,
        "`ghcr.io/org/app` stands in `images[0]` already",
    );
    refuses(
        &images(&["docker.io/nginx", "docker.io/library/nginx"]),
        second,
        "`docker.io/library/nginx` stands in `images[0]` already",
    );
    refuses(
        &images(&["ghcr.io/**", "ghcr.io/org/*"]),
        second,
        "never decides: `ghcr.io/**` in `images[0]` matches all of it before",
    );
    refuses(
        r#"{"images": [{"match": ["ghcr.io/a", "ghcr.io/a"], "trust": "release"}]}"#,
        "/images/0/match/1",
        "`ghcr.io/a` stands here already",
    );
    assert_eq!(testing::complaints::<Signature>(&images(&["ghcr.io/org/*", "ghcr.io/**", "**"])), []);
    let many: Vec<String> = (0..501).map(|n| format!("ghcr.io/org/a{n}")).collect();
    let entries = many.chunks(167).map(|chunk| format!(r#"{{"match": ["{}"], "trust": "t"}}"#, chunk.join(r#"",""#)));
    let settings = format!(r#"{{"images": [{}]}}"#, entries.collect::<Vec<_>>().join(","));
    refuses(&settings, "/images", "more than 500 patterns in all entries together");
}

#[test]
fn knows_every_claim_that_the_host_tells_and_no_other() {
    let host = include_str!("../../../host/evidence/src/certificate.rs");
    let tables = host.split("CLAIMS: [").skip(1).take(2).map(|rest| rest.split("];").next().unwrap_or_default());
    let told: Vec<&str> = tables.flat_map(str::lines).filter_map(|line| line.split('"').nth(3)).collect();
    assert_eq!(told, CLAIMS);
    let readme = include_str!("../README.md");
    for claim in CLAIMS {
        assert!(readme.contains(&format!("`{claim}`")), "README.md does not name {claim}");
    }
}

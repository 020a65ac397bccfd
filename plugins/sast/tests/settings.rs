//! What the plugin says about settings that it refuses.

use portcullis_sdk::testing;
use sast::Sast;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<Sast>(settings);
    let found: Vec<_> = complaints.iter().map(|c| (c.pointer.as_str(), c.message.as_str())).collect();
    assert_eq!(found, [(pointer, message)], "{settings}");
}

/// Settings with one entry, which holds this besides `match`.
fn entry(more: &str) -> String {
    format!(r#"{{"images": [{{"match": ["ghcr.io/org/**"], {more}}}]}}"#)
}

/// Refuses one setting of an entry that is sound otherwise.
fn refuses_one(setting: &str, place: &str, message: &str) {
    refuses(&entry(&format!(r#""trust": "release", {setting}"#)), &format!("/images/0/{place}"), message);
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
    assert_eq!(testing::complaints::<Sast>(&case.settings), []);
}

#[test]
fn refuses_entries_that_say_nothing_or_two_things() {
    refuses("{}", "", "`images` is missing");
    refuses(r#"{"images": []}"#, "/images", "an empty list covers no image; give an entry with `match` and `trust`");
    let nobody = "nobody's word would count: name by `trust` who may attest a SARIF report, or let files count in CI by `local: accept`";
    refuses(r#"{"images": [{"match": ["ghcr.io/org/**"]}]}"#, "/images/0", nobody);
    refuses(r#"{"files": {}}"#, "/files", nobody);
    refuses(
        &entry(r#""exempt": true, "atLeast": 2"#),
        "/images/0/atLeast",
        "an exempt image needs nothing; remove `atLeast` or `exempt`",
    );
    refuses(
        &entry(r#""trust": "release", "exempt": true"#),
        "/images/0/trust",
        "an exempt image needs nothing; remove `trust` or `exempt`",
    );
    refuses(
        r#"{"images": [{"match": ["**"], "exempt": true}]}"#,
        "/images/0/match/0",
        "would let every image in without a SARIF report; name whose images need none",
    );
    refuses(
        r#"{"images": [{"match": ["ghcr.io/**"], "exempt": true}], "unmatched": "allow"}"#,
        "",
        "nothing would be judged: every entry is exempt, and `unmatched` is `allow`",
    );
    refuses(
        r#"{"files": {"trust": "release"}, "unmatched": "allow"}"#,
        "/unmatched",
        "says something about images, and without `images` none is judged",
    );
    refuses(
        r#"{"images": [{"match": ["ghcr.io/**"], "trust": "a"}, {"match": ["ghcr.io/org/*"], "trust": "a"}]}"#,
        "/images/1/match/0",
        "never decides: `ghcr.io/**` in `images[0]` matches all of it before",
    );
    let of_images = testing::complaints::<Sast>(r#"{"files": {"trust": "release", "scope": "index"}}"#);
    assert!(of_images[0].message.starts_with("unknown setting `scope`: "), "a file has no platforms");
}

#[test]
fn refuses_signers_that_could_never_be_enough() {
    refuses_one(r#""keys": []"#, "keys", "nobody's signature would count: name a key, or give `identities`");
    refuses_one(r#""keys": ["a"], "atLeast": 2"#, "atLeast", "asks for 2 signers, and `keys` names 1");
    refuses(
        &entry(r#""local": "accept", "keys": ["a"]"#),
        "/images/0/keys",
        "says who of a trust counts, and there is no `trust`",
    );
    refuses(
        &entry(r#""local": "accept", "atLeast": 2"#),
        "/images/0/atLeast",
        "asks for several signers, and without `trust` nobody signs",
    );
    refuses_one(r#""local": "yes""#, "local", "must be one of `refuse`, `accept`, not the text `yes`");
    refuses_one(r#""attestations": "most""#, "attestations", "must be one of `any`, `all`, not the text `most`");
}

#[test]
fn refuses_platforms_that_are_none() {
    refuses_one(
        r#""scope": "index", "platforms": ["linux/amd64"]"#,
        "platforms",
        "says something about platforms, and `scope` is `index`",
    );
    refuses_one(r#""platforms": []"#, "platforms", "an empty list names no platform; leave it out to mean all of them");
    for odd in ["linux", "linux/", "Linux/amd64", "linux/arm/v7/x"] {
        let message = "is no platform; write one such as `linux/amd64` or `linux/arm64/v8`";
        refuses_one(&format!(r#""platforms": ["{odd}"]"#), "platforms/0", message);
    }
}

#[test]
fn says_what_to_write_in_place_of_another_type() {
    refuses_one(r#""keys": "a""#, "keys", "must be a list, not the text `a`; write `[` and `]` round it");
    refuses_one(r#""keys": [2026]"#, "keys/0", "must be a text that is not empty, not `2026`; put it in quotes");
    refuses_one(r#""tools": ["some tool"]"#, "tools/0", "is the name of a tool alone; write `{name: some tool}`");
    refuses_one(
        r#""tools": [{"name": "x", "minVersion": 2.0}]"#,
        "tools/0/minVersion",
        "`2.0` is a number; put the version in quotes, since YAML takes 1.10 for 1.1 without them",
    );
    refuses_one(
        r#""atLeast": "2""#,
        "atLeast",
        "must be a whole number from 1 to 100, not the text `2`; take its quotes off",
    );
    refuses_one(
        r#""limits": [{"cwe": [79, "CWE-89"], "max": {"high": 0}}]"#,
        "limits/0/cwe/1",
        "is written by its number alone: `89`",
    );
    refuses_one(
        r#""maxSuppressed": "none""#,
        "maxSuppressed",
        "must be a whole number, or be left out where any number is allowed, not the text `none`",
    );
    refuses_one(
        r#""limits": {"max": {"high": 0}}"#,
        "limits",
        "must be a list, not a map; write `- ` in front of its first key",
    );
    refuses_one(
        r#""repositories": "https://github.com/org/*""#,
        "repositories",
        "must be a list, not the text `https://github.com/org/*`; write `[` and `]` round it",
    );
}

#[test]
fn refuses_durations_that_are_none() {
    for odd in ["d", "1.5d", "-1d", "90 d", "999999999d"] {
        let message = format!("must be a duration such as `90d`, `24h`, `10m` or `30s`, not the text `{odd}`");
        refuses_one(&format!(r#""maxAge": "{odd}""#), "maxAge", &message);
    }
    for number in ["30", r#""30""#] {
        let message = "`30` has no unit; write a duration such as `30d`, `30h` or `30m`";
        refuses_one(&format!(r#""maxAge": {number}"#), "maxAge", message);
    }
    let half = "`1.5` has no unit; write a duration such as `30d`, `30h` or `30m`";
    refuses_one(r#""futureSkew": 1.5"#, "futureSkew", half);
    let list = "must be a duration such as `90d`, `24h`, `10m` or `30s`, not a list";
    refuses_one(r#""futureSkew": ["10m"]"#, "futureSkew", list);
}

#[test]
fn refuses_limits_that_limit_nothing() {
    refuses_one(
        r#""limits": []"#,
        "limits",
        "an empty list would allow every result; write a limit whose `max` says so, or leave it out",
    );
    refuses_one(r#""limits": [{"paths": ["src/**"]}]"#, "limits/0", "`max` is missing");
    let nothing = "limits nothing; say how many results of a severity there may be, as in `{critical: 0}`";
    refuses_one(r#""limits": [{"max": {}}]"#, "limits/0/max", nothing);
    refuses_one(r#""limits": [{"max": {"high": "unlimited"}}]"#, "limits/0/max", nothing);
    refuses_one(
        r#""limits": [{"max": {"high": "none"}}]"#,
        "limits/0/max/high",
        "must be a whole number, or `unlimited` where any number is allowed, not the text `none`",
    );
    refuses_one(
        r#""limits": [{"max": {"severe": 0}}]"#,
        "limits/0/max/severe",
        "unknown setting `severe`: known here: `critical`, `high`, `medium`, `low`",
    );
    refuses_one(
        r#""limits": [{"tags": [], "max": {"high": 0}}]"#,
        "limits/0/tags",
        "an empty list counts nothing; leave it out to count everything",
    );
    refuses_one(
        r#""limits": [{"cwe": ["xss"], "max": {"high": 0}}]"#,
        "limits/0/cwe/0",
        "must be a whole number from 1 to 99999, not the text `xss`",
    );
    for (odd, message) in [
        ("/src/**", "is no path in the sources; write it as the repository has it, as in `src/**`"),
        ("file://src", "is no path in the sources; write it as the repository has it, as in `src/**`"),
        ("src/../a", "has an empty folder, `.` or `..` in it; no result is there"),
        ("src/**.py", "has `**` within a segment; it stands for whole folders, between two `/`"),
    ] {
        let setting = format!(r#""limits": [{{"paths": ["{odd}"], "max": {{"high": 0}}}}]"#);
        refuses_one(&setting, "limits/0/paths/0", &format!("`{odd}` {message}"));
    }
}

#[test]
fn refuses_tools_suppressions_and_baselines_that_mean_nothing() {
    refuses_one(r#""tools": []"#, "tools", "an empty list asks for no tool; leave it out");
    refuses_one(r#""tools": [{}]"#, "tools/0", "`name` is missing");
    refuses_one(
        r#""tools": [{"name": "CodeQL", "minVersion": "latest"}]"#,
        "tools/0/minVersion",
        "must be a version of numbers such as `1.5`, not the text `latest`",
    );
    refuses_one(
        r#""suppressions": {"inSource": "deny"}"#,
        "suppressions/inSource",
        "must be one of `refuse`, `justified`, `accept`, not the text `deny`",
    );
    refuses_one(r#""maxSuppressed": -1"#, "maxSuppressed", "must be a whole number from 0 to 1000000, not `-1`");
    let either = "a baseline is named either by `guid` or by `digest`";
    refuses_one(r#""baseline": {}"#, "baseline", either);
    refuses_one(
        r#""baseline": {"digest": "sha256:ABC"}"#,
        "baseline/digest",
        "must be the digest of the baseline's report, `sha256:` and 64 digits, not the text `sha256:ABC`",
    );
    refuses_one(r#""commit": "deny""#, "commit", "must be one of `match`, `require`, `ignore`, not the text `deny`");
    refuses_one(
        r#""predicateTypes": ["https://a.example/*"]"#,
        "predicateTypes/0",
        "is compared whole; a predicate type has no wildcards",
    );
}

#[test]
fn refuses_what_no_report_could_say() {
    let bandit = "Bandit declares a rule only where it has a result of it, so that nobody can tell which rules it had; leave `rules` out";
    refuses_one(r#""tools": [{"name": "bandit", "rules": ["B602"]}]"#, "tools/0/rules", bandit);
    refuses_one(
        r#""baseline": {"guid": "nightly"}"#,
        "baseline/guid",
        "must be the guid of the baseline's run, such as `3f2504e0-4f89-41d3-9a0c-0305e82c3301`, not the text `nightly`",
    );
    refuses_one(
        r#""predicateTypes": ["sarif"]"#,
        "predicateTypes/0",
        "`sarif` is no URI, as every predicate type is; write one such as `https://example.org/sarif`",
    );
    let good = r#""trust": "a", "predicateTypes": ["urn:acme:sarif"], "limits": [{"paths": ["src/", "lib"], "max": {"high": 0}}]"#;
    assert_eq!(testing::complaints::<Sast>(&entry(good)), []);
}

#[test]
fn refuses_repositories_that_are_anybodys() {
    let one = "repositories/0";
    refuses_one(
        r#""repositories": ["github.com/org/app"]"#,
        one,
        "`github.com/org/app` is no address; write one such as `https://github.com/org/*`",
    );
    refuses_one(
        r#""repositories": ["https://*/org/app"]"#,
        one,
        "`https://*/org/app`: scheme and host must be whole, as in `https://github.com/org/*`",
    );
    refuses_one(
        r#""repositories": ["**"]"#,
        one,
        "`**` would be any repository; write some, or leave `repositories` out",
    );
}

#[test]
fn refuses_verdicts_of_anybody() {
    let verifier = r#""verifier": "https://a.example""#;
    let delegate = |members: &str| format!(r#""delegated": [{{{members}}}]"#);
    refuses_one(
        &delegate(&format!(r#""kind": "vsa", {verifier}"#)),
        "delegated/0",
        "anybody's verdict would count: say by `keys` or `identities` who signs it",
    );
    refuses_one(&delegate(r#""kind": "vsa", "keys": ["a"]"#), "delegated/0", "`verifier` is missing");
    refuses_one(
        &delegate(&format!(r#""kind": "testResult", "keys": ["a"], {verifier}"#)),
        "delegated/0/verifier",
        "a `testResult` names no verifier; say by `keys` or `identities` who signs it",
    );
    refuses_one(
        &delegate(&format!(r#""kind": "svr", "keys": ["a"], {verifier}, "levels": ["x"]"#)),
        "delegated/0/levels",
        "is said by a `vsa`, and this is a `svr`",
    );
    refuses_one(
        &delegate(r#""kind": "vsa", "keys": ["a"], "verifier": "https://*.example""#),
        "delegated/0/verifier",
        "is compared whole; a verifier has no wildcards",
    );
    refuses_one(
        &delegate(r#""kind": "vsb", "keys": ["a"]"#),
        "delegated/0/kind",
        "must be one of `testResult`, `vsa`, `svr`, not the text `vsb`",
    );
    refuses(
        &entry(&format!(r#""local": "accept", "delegated": [{{"kind": "vsa", "keys": ["a"], {verifier}}}]"#)),
        "/images/0/delegated",
        "says whose signed verdict counts, and there is no `trust`",
    );
}

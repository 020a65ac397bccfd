//! What the plugin says about settings that it refuses.

use portcullis_sdk::testing;
use sbom::Sbom;

fn refuses(settings: &str, pointer: &str, message: &str) {
    let complaints = testing::complaints::<Sbom>(settings);
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
    assert_eq!(testing::complaints::<Sbom>(&case.settings), []);
}

#[test]
fn refuses_entries_that_say_nothing_or_two_things() {
    refuses("{}", "", "`images` is missing");
    refuses(r#"{"images": []}"#, "/images", "an empty list covers no image; give an entry with `match` and `trust`");
    let nobody = "nobody's word would count: name by `trust` who may attest an SBOM, or let files count in CI by `local: accept`";
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
        "would let every image in without an SBOM; name whose images need none",
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
    let of_images = testing::complaints::<Sbom>(r#"{"files": {"trust": "release", "scope": "index"}}"#);
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
        r#""denied": {"licenses": "AGPL-*"}"#,
        "denied/licenses",
        "must be a list, not the text `AGPL-*`; write `[` and `]` round it",
    );
    refuses_one(
        r#""componentTypes": "library""#,
        "componentTypes",
        "must be a list, not the text `library`; write `[` and `]` round it",
    );
    refuses_one(
        r#""formats": {"CycloneDX": 1.4}"#,
        "formats/CycloneDX",
        "`1.4` is a number; put the version in quotes, since YAML takes 1.10 for 1.1 without them",
    );
    refuses_one(
        r#""formats": {"cyclonedx": "1.4"}"#,
        "formats/cyclonedx",
        "unknown setting `cyclonedx`: did you mean `CycloneDX`?",
    );
    refuses_one(
        r#""coverage": {"purl": "80%"}"#,
        "coverage/purl",
        "must be a whole number from 1 to 100, not the text `80%`",
    );
    refuses_one(r#""invalidLicenses": true"#, "invalidLicenses", "must be one of `deny`, `allow`, not `true`");
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
fn refuses_formats_profiles_and_shares_that_mean_nothing() {
    refuses_one(
        r#""formats": {}"#,
        "formats",
        "would count no format; name one with its oldest version, as in `{CycloneDX: \"1.5\"}`",
    );
    refuses_one(
        r#""formats": {"CycloneDX": "new"}"#,
        "formats/CycloneDX",
        "must be a version of numbers such as `1.5`, not the text `new`",
    );
    refuses_one(
        r#""profile": "cisa-2025""#,
        "profile",
        "must be one of `presence`, `ntia`, `cisa-2025-draft`, `bsi-tr-03183-2`, not the text `cisa-2025`",
    );
    refuses_one(
        r#""coverage": {}"#,
        "coverage",
        "asks for nothing; name an element with a share in per cent, as in `{purl: 90}`",
    );
    for odd in ["0", "101", "89.5"] {
        let message = format!("must be a whole number from 1 to 100, not `{odd}`");
        refuses_one(&format!(r#""coverage": {{"purl": {odd}}}"#), "coverage/purl", &message);
    }
    refuses_one(
        r#""coverage": {"licence": 90}"#,
        "coverage/licence",
        "unknown setting `licence`: did you mean `license`?",
    );
    refuses_one(
        r#""componentTypes": []"#,
        "componentTypes",
        "an empty list would count no component; leave it out to count all but files",
    );
    refuses_one(r#""graph": {"reachable": 0}"#, "graph/reachable", "must be a whole number from 1 to 100, not `0`");
    refuses_one(
        r#""completeness": {"unknown": "warn"}"#,
        "completeness/unknown",
        "must be one of `deny`, `allow`, not the text `warn`",
    );
    refuses_one(r#""tools": [{"minVersion": "1"}]"#, "tools/0", "`name` is missing");
    refuses_one(r#""tools": []"#, "tools", "an empty list would count no tool; leave it out to count every one");
}

#[test]
fn refuses_what_could_never_be_denied() {
    for odd in
        ["left-pad", "npm/left-pad", "pkg:npm", "pkg:npm/", "pkg:*/a", "pkg:npm/**", "pkg:npm/a?x=1", "pkg:npm//a"]
    {
        let message = format!(
            "`{odd}` is no package; write one such as `pkg:npm/left-pad`, `pkg:npm/left-pad@1.3.0` or `pkg:maven/org.example/*`"
        );
        refuses_one(&format!(r#""denied": {{"components": ["{odd}"]}}"#), "denied/components/0", &message);
    }
    for odd in ["*", "GPL 3", "MIT OR GPL-3.0-only"] {
        let message = format!("`{odd}` is no licence; write an id of SPDX's list, or several of them as in `AGPL-*`");
        refuses_one(&format!(r#""denied": {{"licenses": ["{odd}"]}}"#), "denied/licenses/0", &message);
    }
    refuses_one(r#""denied": {"licenses": []}"#, "denied/licenses", "an empty list denies nothing; leave it out");
    for odd in ["example.com", "*://example.com/**", "https://*/**", "https:///a"] {
        let message =
            format!("`{odd}` is no address; write one such as `https://*.example.com/**`, with a whole scheme");
        refuses_one(&format!(r#""services": {{"endpoints": ["{odd}"]}}"#), "services/endpoints/0", &message);
    }
}

#[test]
fn refuses_licences_that_nobody_has() {
    for (odd, hint) in [
        ("AGLP-*", "did you mean `AGPL-*`?"),
        ("AGLP-3.0", "did you mean `AGPL-3.0-only`?"),
        ("GPLv3", "did you mean `GPL-3.0-only`?"),
        ("GPL", "did you mean `GPL-*`?"),
        ("Apache2", "did you mean `Apache-2.0`?"),
        ("MPL-2.O", "did you mean `MPL-2.0`?"),
        (
            "Acme-Proprietary-9",
            "write an id of it, several as in `AGPL-*`, or your own as `LicenseRef-...`; other names are refused by `invalidLicenses: deny`",
        ),
        (
            "NOASSERTION",
            "that stands where nobody knows the licence: ask for licences by `coverage: {licenseValid: 100}`",
        ),
    ] {
        let message = format!("`{odd}` is no licence of the SPDX list; {hint}");
        refuses_one(&format!(r#""denied": {{"licenses": ["{odd}"]}}"#), "denied/licenses/0", &message);
    }
    for good in ["AGPL-*", "gpl-3.0-only", "LicenseRef-acme-*", "SSPL-1.0", "GPL-2.0-only*Classpath-*", "Net-SNMP"] {
        let settings = entry(&format!(r#""trust": "a", "denied": {{"licenses": ["{good}"]}}"#));
        assert_eq!(testing::complaints::<Sbom>(&settings), [], "{good}");
    }
}

#[test]
fn looks_for_what_was_meant_as_long_as_somebody_reads_it() {
    let many: Vec<String> = (0..200).map(|n| format!(r#""AGLP-{n}-*""#)).collect();
    let settings = entry(&format!(r#""trust": "a", "denied": {{"licenses": [{}]}}"#, many.join(",")));
    let complaints = testing::complaints::<Sbom>(&settings);
    assert_eq!(complaints.len(), 200, "every one is told");
    assert_eq!(complaints[199].message, "`AGLP-199-*` is no licence of the SPDX list; write an id of it");
}

#[test]
fn refuses_old_names_of_licences_alone() {
    for (odd, id, write) in [
        ("AGPL-3.0", "AGPL-3.0", "`AGPL-3.0-only`, or `AGPL-3.0-*` for `AGPL-3.0-or-later` as well"),
        ("GPL-2.0+", "GPL-2.0+", "`GPL-2.0-or-later`"),
        ("StandardML-NJ", "StandardML-NJ", "`SMLNJ` beside it"),
        (
            "GPL-2.0-with-*",
            "GPL-2.0-with-GCC-exception",
            "`GPL-2.0-only`, or `GPL-2.0-*` for `GPL-2.0-or-later` as well",
        ),
    ] {
        let message = format!("`{id}` is a deprecated id, which the documents of today do not use; write {write}");
        refuses_one(&format!(r#""denied": {{"licenses": ["{odd}"]}}"#), "denied/licenses/0", &message);
    }
    let both = entry(r#""trust": "a", "denied": {"licenses": ["AGPL-3.0", "AGPL-3.0-only", "GPL-2.0+", "GPL-*"]}"#);
    assert_eq!(testing::complaints::<Sbom>(&both), [], "beside what is written today they do no harm");
}

#[test]
fn refuses_what_looks_like_a_version_and_never_matches() {
    let ranges = "is no version and no pattern of them: there are no ranges; write one as in";
    for (odd, base) in [
        ("pkg:pypi/leftpad@<2", "pkg:pypi/leftpad"),
        ("pkg:pypi/leftpad@>=1.0", "pkg:pypi/leftpad"),
        ("pkg:npm/left-pad@^1.3.0", "pkg:npm/left-pad"),
        ("pkg:npm/@scope/left-pad@~1.2", "pkg:npm/@scope/left-pad"),
        ("pkg:npm/left-pad@1.x", "pkg:npm/left-pad"),
        ("pkg:pypi/leftpad==1.3.0", "pkg:pypi/leftpad"),
        ("pkg:pypi/leftpad~=1.3.0", "pkg:pypi/leftpad"),
        ("pkg:pypi/leftpad<2", "pkg:pypi/leftpad"),
        ("pkg:npm/left-pad@1.3.0 ", "pkg:npm/left-pad"),
        ("pkg:npm/left-pad@1.3.0, 1.3.1", "pkg:npm/left-pad"),
        ("pkg:maven/org.example/a@[1.0,2.0)", "pkg:maven/org.example/a"),
    ] {
        let message =
            format!("`{odd}` {ranges} `{base}@1.3.0`, some of them as in `{base}@1.*`, or leave the version out");
        refuses_one(&format!(r#""denied": {{"components": ["{odd}"]}}"#), "denied/components/0", &message);
    }
    for (odd, message) in [
        ("pkg:pypi/leftpad:1.3.0", "has a `:` in the name of a package; did you mean `pkg:pypi/leftpad@1.3.0`?"),
        ("pkg:maven/org.example:a", "has a `:` in the name of a package; did you mean `pkg:maven/org.example/a`?"),
        (
            "pkg:pypi/org/leftpad@1",
            "never matches: packages of `pypi` have no namespace; did you mean `pkg:pypi/leftpad`?",
        ),
        ("pkg:cargo/*/time", "never matches: packages of `cargo` have no namespace; did you mean `pkg:cargo/time`?"),
        ("pkg:npm/left-pad@v1.3.0", "never matches: versions of `npm` have no `v`; write `pkg:npm/left-pad@1.3.0`"),
        ("pkg:PyPI/a@v*", "never matches: versions of `pypi` have no `v`; write `pkg:pypi/a@*`"),
    ] {
        let message = format!("`{odd}` {message}");
        refuses_one(&format!(r#""denied": {{"components": ["{odd}"]}}"#), "denied/components/0", &message);
    }
    let good = [
        "pkg:npm/left-pad@1.*",
        "pkg:npm/%40scope/a@1.3.0-rc.1",
        "pkg:golang/github.com/a/b@v1.3.0",
        "pkg:github/a/b@v1",
        "pkg:hex/acme/foo@2.3",
        "pkg:deb/debian/libc6@2.36~rc1",
        "pkg:deb/debian/openssl@1:3.0",
        "pkg:golang/git.sr.ht/~user/x",
        "pkg:maven/org.example/a@v3-rev1",
        "pkg:docker/library/nginx@1.x",
        "pkg:cpan/DROLSKY/DateTime@v1.2",
        "pkg:npm/x@1.0-x",
        "pkg:composer/symfony/console@v6.4.0",
        "pkg:acme-internal/a/b@v1",
    ];
    for good in good {
        let settings = entry(&format!(r#""trust": "a", "denied": {{"components": ["{good}"]}}"#));
        assert_eq!(testing::complaints::<Sbom>(&settings), [], "{good}");
    }
}

#[test]
fn refuses_types_that_nobody_has() {
    for (odd, meant) in [
        ("pkg:pip/requests", "pip` is no type of package URLs; did you mean `pkg:pypi/requests`?"),
        ("pkg:node/left-pad@1", "node` is no type of package URLs; did you mean `pkg:npm/left-pad@1`?"),
        ("pkg:go/github.com/a/*", "go` is no type of package URLs; did you mean `pkg:golang/github.com/a/*`?"),
        ("pkg:mavne/a/b", "mavne` is no type of package URLs; did you mean `pkg:maven/a/b`?"),
    ] {
        refuses_one(&format!(r#""denied": {{"components": ["{odd}"]}}"#), "denied/components/0", &format!("`{meant}"));
    }
    let private = entry(r#""trust": "a", "denied": {"components": ["pkg:acme-internal/a", "pkg:NPM/b"]}"#);
    assert_eq!(testing::complaints::<Sbom>(&private), [], "a private type is taken at its word");
    for (odd, hint) in [
        ("libary", "did you mean `library`?"),
        ("os", "write one of CycloneDX, such as `library`, `application` or `file`, or a purpose of SPDX"),
    ] {
        let message = format!("`{odd}` is no type of components; {hint}");
        refuses_one(&format!(r#""componentTypes": ["{odd}"]"#), "componentTypes/0", &message);
    }
    let all =
        entry(r#""trust": "a", "componentTypes": ["Library", "machine-learning-model", "operatingSystem", "source"]"#);
    assert_eq!(testing::complaints::<Sbom>(&all), []);
}

#[test]
fn refuses_vulnerabilities_of_no_severity_and_vex_by_nobody() {
    let nothing = "asks for nothing; say by `deny` which severities are too high";
    refuses_one(r#""vulnerabilities": {}"#, "vulnerabilities", nothing);
    refuses_one(
        r#""vulnerabilities": {"deny": ["severe"]}"#,
        "vulnerabilities/deny/0",
        "must be one of `critical`, `high`, `medium`, `low`, not the text `severe`",
    );
    refuses_one(
        r#""vulnerabilities": {"deny": ["high"], "vex": {"keys": []}}"#,
        "vulnerabilities/vex/keys",
        "nobody's signature would count: name a key, or give `identities`",
    );
    refuses(
        &entry(r#""local": "accept", "vulnerabilities": {"deny": ["high"], "vex": {"keys": ["a"]}}"#),
        "/images/0/vulnerabilities/vex",
        "says who of a trust counts, and there is no `trust`",
    );
}

//! How to mend what the rules of the built-in plugins find, in one line each.

/// What to do where nobody wrote it down.
pub const ANY: &str = "as the finding says below its place (`= help`), where the plugin knows a way out";

/// What to do about each rule, by the plugin; a rule that begins or ends with `*` is a family.
const WAYS: [(&str, &[(&str, &str)]); 6] = [
    (
        "pod-security",
        &[
            ("privileged", "take `privileged` away; add the one capability that is needed"),
            ("host-*", "take it away, or have what needs the node itself run in a namespace that is left out"),
            ("windows-host-process", "take `hostProcess` away"),
            ("capabilities-baseline", "add no capability besides those that the finding names"),
            ("capabilities-restricted", "write `capabilities: {drop: [ALL]}`, and add NET_BIND_SERVICE at the most"),
            ("seccomp-*", "write `seccompProfile: {type: RuntimeDefault}`"),
            ("allow-privilege-escalation", "write `allowPrivilegeEscalation: false`"),
            ("run-as-non-root", "write `runAsNonRoot: true`, with an image whose user is not root"),
            ("run-as-user", "write another `runAsUser` than 0, or none"),
            ("restricted-volumes", "use a volume of one of the kinds that the finding names"),
            ("*", "write what the finding allows, or nothing"),
        ],
    ),
    (
        "resource-limits",
        &[
            ("total-unknown", "say the number of Pods, and of each container what it requests"),
            ("total-*", "ask for fewer Pods, or for less in each"),
            ("replicas-max", "ask for fewer Pods"),
            ("field-missing", "write the number that the settings ask for (`fields`)"),
            ("field-*", "write a number as the settings ask for it (`fields`)"),
            ("*-limit-ratio", "raise the request or lower the limit"),
            ("*-missing", "write it, within the range that the finding names"),
            ("*-min", "raise it to the least that the finding names, or ask for another range"),
            ("*-max", "lower it to the most that the finding names, or ask for another range"),
            ("*-unreadable", "write a quantity: `500m`, `128Mi`, `2`"),
            ("quantity-not-canonical", "write it as the API server will store it: `check --mode sandbox --fix` does"),
        ],
    ),
    (
        "image-reference",
        &[
            ("image-missing", "name the image of the container"),
            ("reference-unreadable", "write it as `registry/repository:tag@sha256:...`"),
            ("digest-missing", "add the digest: `crane digest NAME` prints it, and tools such as Renovate keep it new"),
            ("tag-forbidden", "write the tag of a version"),
            ("repository-*", "take the image from an allowed repository, or have this one allowed"),
        ],
    ),
    (
        "signature",
        &[
            ("tag-not-pinned", "write the digest that was checked beside the tag"),
            ("image-not-covered", "use an image that an entry of `images` covers, or add an entry with its `trust`"),
            ("predicate-type", "sign the image itself: `cosign sign`"),
            ("file-*", "sign the file: `cosign sign-blob --bundle FILE.sigstore.json`, by one of those who count"),
            ("signature-invalid-beside", "remove the signature that does not hold, or sign again"),
            (
                "*",
                "sign the image (`cosign sign`) by one of those who count; `portcullis evidence show IMAGE` shows why others do not",
            ),
        ],
    ),
    (
        "sbom",
        &[
            ("image-not-covered", "use an image that an entry of `images` covers, or add an entry"),
            ("component-denied", "replace the component, and build and attest again"),
            ("license-denied", "replace the component, or have its licence allowed"),
            ("license-invalid", "name the licence as SPDX does"),
            ("service-endpoint", "use an encrypted and allowed endpoint"),
            ("vulnerability", "update the component, or say by VEX why it does no harm"),
            ("too-old", "make the SBOM again, with the image"),
            ("wrong-subject", "make the SBOM of this image: its root must name the digest"),
            (
                "*",
                "attest a whole and valid SBOM (`cosign attest --type cyclonedx`); `portcullis evidence show` says what this one lacks",
            ),
        ],
    ),
    (
        "sast",
        &[
            ("image-not-covered", "use an image that an entry of `images` covers, or add an entry"),
            ("too-many-results", "mend what the scan found and scan again; the finding names the worst"),
            ("suppression", "mend what is suppressed, or allow as many (`maxSuppressed`)"),
            ("rules-disabled", "switch the rules on again, or allow as many (`maxDisabledRules`)"),
            ("tool-*", "scan with the tools that the settings ask for, in a version that they allow"),
            ("wrong-commit", "scan the commit that the image is built of"),
            ("commit-unknown", "have the tool or the provenance say which commit it was"),
            ("too-old", "scan again, with the build"),
            ("scan-*", "look why the scan did not do its work, and scan again"),
            (
                "*",
                "attest a valid report of a scan that ran (`cosign attest`); `portcullis evidence show` says what is wrong with this one",
            ),
        ],
    ),
];

/// What to do about a rule of a built-in plugin; nothing where nobody wrote it down.
pub fn mend(plugin: &str, rule: &str) -> Option<&'static str> {
    let fits = |family: &str| match (family.strip_prefix('*'), family.strip_suffix('*')) {
        (Some(end), _) => rule.ends_with(end),
        (_, Some(start)) => rule.starts_with(start),
        _ => rule == family,
    };
    let (_, ways) = WAYS.iter().find(|(name, _)| *name == plugin)?;
    ways.iter().find(|(family, _)| fits(family)).map(|(_, way)| *way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_way_out_of_every_row_of_the_pages() {
        for (plugin, _) in WAYS {
            let page = crate::builtins::BUILTINS.iter().find(|builtin| builtin.name == plugin);
            let Some(page) = page.map(|builtin| builtin.page) else { continue };
            let rules = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
            let rules: Vec<&str> = rules.filter(|(_, rest)| rest.contains(" | ")).map(|(rule, _)| rule).collect();
            assert!(!rules.is_empty(), "{plugin}");
            for rule in rules {
                assert!(mend(plugin, rule).is_some(), "{plugin}/{rule}");
            }
        }
        assert_eq!(mend("resource-limits", "cpu-limit-max"), mend("resource-limits", "memory-request-max"));
        assert!(mend("resource-limits", "total-cpu-max") != mend("resource-limits", "cpu-limit-max"));
        assert_eq!(mend("somebody-elses", "x"), None);
    }
}

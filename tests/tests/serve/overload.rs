//! Namespaces that send more than they may, over the real door.

use portcullis_tests::Folder;

use crate::caller::Caller;
use crate::served::{Served, set};
use crate::{dev, review, text};

/// Every namespace has two reviews at once, and then so many a minute.
fn rates(a_minute: u32) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: RateLimits\nmetadata: {{name: tiers}}\nspec:\n  default: tiny\n  \
         tiers: [{{name: tiny, reviewsPerMinute: {a_minute}, burst: 2}}]\n"
    )
}

/// The codes of so many reviews of a namespace; 0 for one that was let in.
fn codes(served: &Served, caller: &Caller, namespace: &str, count: usize) -> Vec<u64> {
    let code = || served.judge(caller, &review(namespace)).json()["response"]["status"]["code"].as_u64();
    (0..count).map(|_| code().unwrap_or_default()).collect()
}

#[test]
fn limits_namespaces_by_the_last_good_version_of_the_file_a54_a59() {
    let folder = Folder::new("serve-rates");
    let cpu = folder.write("cpu.yaml", set("16"));
    let file = folder.write("rates.yaml", rates(1));
    let (mut served, caller) = dev(&folder, &["-p", &text(&cpu), "--rate-limits", &text(&file)]);
    assert_eq!(codes(&served, &caller, "shop", 4), [0, 0, 429, 429]);
    assert_eq!(codes(&served, &caller, "other", 2), [0, 0], "another namespace has its own");
    let shed = r#"portcullis_shed_total{policy_set="cpu",reason="rate_limited",verdict="deny"}"#;
    assert_eq!(served.metric(shed), Some(2.0));

    folder.write("rates.yaml", rates(0));
    served.wait_for("a refusal", |served| served.verbose().contains("reload of rates refused"));
    assert!(served.verbose().contains("`reviewsPerMinute` must be a whole number"), "{}", served.verbose());
    assert_eq!(codes(&served, &caller, "third", 3), [0, 0, 429], "the last good version holds");

    folder.write("rates.yaml", rates(60_000_000));
    served.wait_for("a new version", |served| {
        served.metric(r#"portcullis_reloads_total{what="rates",result="applied"}"#) == Some(1.0)
    });
    served.wait_for("peace", |served| !served.verbose().contains("refused"));
    assert_eq!(codes(&served, &caller, "fresh", 4), [0; 4]);
}

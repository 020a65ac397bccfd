//! What `--record-reviews` leaves in its folder, and that a replay of it decides the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_gate::Gate;
use portcullis_model::Facts;
use portcullis_subject::from_recorded;
use portcullis_webhook::{Webhook, WebhookConfig};
use serde_json::{Value, json};

use crate::world::{ask, call, config, policy, review, sets, spec, webhook_with};

/// A folder that goes away with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-webhook-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn recording(folder: &Path, policies: &[String]) -> Arc<Webhook> {
    let config = WebhookConfig { record_reviews: Some(folder.to_owned()), ..config() };
    webhook_with(&[&spec(policies)], Arc::new(Facts::none()), config)
}

/// The records, in the order of their names; dropping the webhook has waited for all of them.
fn records(folder: &Path) -> Vec<(String, String)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let mode = fs::metadata(&path).expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read_to_string(&path).expect("text"))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn records_what_a_replay_needs_to_decide_the_same() {
    let folder = Folder::new("replay");
    let policies = [policy("loud", ""), policy("content", "")];
    let webhook = recording(&folder.0, &policies);
    let mut dry = review("play");
    dry["request"]["dryRun"] = json!(true);
    for review in [review("shop"), dry, review("nowhere")] {
        ask(&webhook, &review).await;
    }
    let malformed = webhook.answer(call("{}")).await;
    assert_eq!(malformed.status, 400);
    drop(webhook);
    let records = records(&folder.0);
    assert_eq!(records.len(), 3, "the malformed one is not recorded, the dry run is");
    let gate = Gate::new(sets(&[&spec(&policies)]), Arc::new(Facts::none()));
    for (name, text) in records {
        assert!(name.contains("705ab4f5-6393-11e8-b7cc-42010a800002") && name.ends_with(".json"), "{name}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let document = read_json_text(&text, &ReadLimits::default()).expect("JSON");
        let (review, facts) = from_recorded(&document).expect("a record");
        let decisions = gate.judge_with(&Arc::new(review), &facts).await;
        let ids: Vec<String> = decisions.iter().map(portcullis_model::Decision::id).collect();
        let recorded: Vec<&str> =
            value["decisions"].as_array().expect("decisions").iter().filter_map(|one| one["id"].as_str()).collect();
        assert_eq!(ids, recorded);
    }
}

#[tokio::test]
async fn records_no_value_of_a_secret_and_no_path_of_a_stranger() {
    let folder = Folder::new("secrets");
    let webhook = recording(&folder.0, &[policy("content", "")]);
    let mut secret = review("shop");
    let request = &mut secret["request"];
    request["uid"] = json!("../../etc/passwd\n");
    request["kind"]["kind"] = json!("Secret");
    request["resource"]["resource"] = json!("secrets");
    request["object"] =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": "aHVudGVyMg=="}});
    ask(&webhook, &secret).await;
    drop(webhook);
    let records = records(&folder.0);
    assert_eq!(records.len(), 1);
    assert!(records[0].0.contains("-______etc_passwd_-1.json"), "{}", records[0].0);
    assert!(!records[0].1.contains("aHVudGVyMg") && records[0].1.contains("[secret]"));
}

#[tokio::test]
async fn refuses_a_folder_that_cannot_be_written() {
    let file = Folder::new("file");
    fs::write(&file.0, "").expect("a file");
    let config = WebhookConfig { record_reviews: Some(file.0.join("records")), ..config() };
    let gate = Arc::new(Gate::new(sets(&[]), Arc::new(Facts::none())));
    let Err(error) = Webhook::new(gate, crate::world::namespaces(), config) else { panic!("a file is no folder") };
    assert!(error.to_string().starts_with("reviews cannot be recorded in `"), "{error}");
    let _ = fs::remove_file(&file.0);
}

#[tokio::test]
async fn records_no_review_that_depends_on_others() {
    let folder = Folder::new("left-out");
    let webhook = recording(&folder.0, &[policy("traps", "")]);
    let mut left_out = 0;
    for _ in 0..8 {
        let answer = ask(&webhook, &review("shop")).await;
        left_out += usize::from(crate::world::message(&answer).contains("was not called"));
    }
    drop(webhook);
    assert_eq!((left_out, records(&folder.0).len()), (3, 5));
}

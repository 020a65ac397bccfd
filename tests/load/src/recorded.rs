//! Reviews that a real API server sent, and what a server that nobody else asks says to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::connection::Connection;
use crate::{Question, Target};

/// Where they are below the corpora.
const FOLDER: &str = "admission-reviews/captured-1.36";
/// How long one review may take where nobody else asks.
const PATIENCE: Duration = Duration::from_secs(20);

/// The recorded reviews of the corpora (`PORTCULLIS_CORPORA`, default `../shared/corpora` beside the tree); `Err` says why
/// there are none here.
///
/// # Panics
/// The corpora are there and have none, or one that is no JSON.
pub fn recorded() -> Result<Vec<Value>, String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(beside, PathBuf::from);
    if !corpora.is_dir() {
        return Err(format!("no corpora at {}", corpora.display()));
    }
    let folder = corpora.join(FOLDER);
    assert!(folder.is_dir(), "the corpora have no {}", folder.display());
    let files = std::fs::read_dir(&folder).expect("a folder that can be read");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a folder that can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no reviews", folder.display());
    Ok(paths.iter().map(|path| review(path)).collect())
}

fn review(path: &Path) -> Value {
    let text = std::fs::read(path).expect("a review that can be read");
    let review: Value = serde_json::from_slice(&text).unwrap_or_default();
    assert!(review["request"]["uid"].is_string(), "{} is no review", path.display());
    review
}

/// Asks about each once, one after the other: what it says then it must say under load.
///
/// # Errors
/// An answer that is none, or says that nothing was judged.
pub async fn learn(target: &Target, reviews: &[Value]) -> Result<Vec<Question>, String> {
    let mut connection = Connection::new(target);
    let mut questions = Vec::new();
    for review in reviews {
        let body = Bytes::from(review.to_string());
        let exchange = tokio::time::timeout(PATIENCE, connection.exchange(&body)).await;
        let (status, answer) = exchange.map_err(|_| "no answer, though nobody else asks".to_owned())??;
        let said: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let (allowed, code) = (said["response"]["allowed"].as_bool(), said["response"]["status"]["code"].as_u64());
        match allowed {
            Some(allowed) if allowed || code == Some(403) => questions.push(Question::new(review, allowed)),
            _ => return Err(format!("HTTP {status}: {}", String::from_utf8_lossy(&answer))),
        }
    }
    Ok(questions)
}

/// Namespace documents for `--namespace-labels`: without labels, so that the set says which mode holds.
pub fn namespaces(reviews: &[Value]) -> String {
    let names: BTreeSet<&str> = reviews.iter().filter_map(|review| review["request"]["namespace"].as_str()).collect();
    let one = |name: &str| format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: \"{name}\"}}\n");
    names.into_iter().filter(|name| !name.is_empty()).map(one).collect()
}

//! As much of an API server as `serve` asks: namespaces with labels, listed, watched and read, until they are cut off.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::sleep;

/// How often a standing call looks whether it is cut off.
const LOOK: Duration = Duration::from_millis(20);

/// Ends with the runtime that it was started on.
pub struct ApiServer(Arc<State>);

struct State {
    namespaces: BTreeMap<String, Value>,
    is_cut: AtomicBool,
    reads: AtomicUsize,
}

impl ApiServer {
    /// Namespaces with their labels; writes a kubeconfig for itself.
    pub fn start(runtime: &Runtime, namespaces: BTreeMap<String, Value>, kubeconfig: &Path) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("loopback");
        let server = format!("http://{}", listener.local_addr().expect("an address"));
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "users": [{"name": "test", "user": {}}],
        });
        std::fs::write(kubeconfig, config.to_string()).expect("a file");
        let state = Arc::new(State { namespaces, is_cut: AtomicBool::new(false), reads: AtomicUsize::new(0) });
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&shared)));
            }
        });
        Self(state)
    }

    /// Watches hang up and whatever is asked stalls from now on; or all is well again.
    pub fn cut(&self, is_cut: bool) {
        self.0.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// How often one namespace was asked for.
    pub fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }
}

/// One call for each connection. Whoever goes away is missed by nobody.
async fn answer(mut stream: TcpStream, state: Arc<State>) -> Option<()> {
    let head = head(&mut stream).await?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let is_cut = || state.is_cut.load(Ordering::SeqCst);
    if path.contains("watch=true") {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
        if !is_cut() {
            stream.write_all(head.as_bytes()).await.ok()?;
        }
        while !is_cut() {
            sleep(LOOK).await;
        }
        return None;
    }
    // What stalls is not answered later either: the connection is given up when all is well again.
    if is_cut() {
        while is_cut() {
            sleep(LOOK).await;
        }
        return None;
    }
    if path.starts_with("/api/v1/namespaces?") {
        let items: Vec<Value> = state.namespaces.keys().filter_map(|name| object(&state, name)).collect();
        let list = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
            "metadata": {"resourceVersion": "1"}, "items": items});
        return reply(&mut stream, "200 OK", &list).await;
    }
    state.reads.fetch_add(1, Ordering::SeqCst);
    let name = path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
    match object(&state, name) {
        Some(object) => reply(&mut stream, "200 OK", &object).await,
        None => {
            let status =
                json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404});
            reply(&mut stream, "404 Not Found", &status).await
        }
    }
}

fn object(state: &State, name: &str) -> Option<Value> {
    let labels = state.namespaces.get(name)?;
    Some(json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": {"name": name, "labels": labels, "resourceVersion": "1"}}))
}

async fn reply(stream: &mut TcpStream, status: &str, body: &Value) -> Option<()> {
    let body = body.to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes()).await.ok()
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

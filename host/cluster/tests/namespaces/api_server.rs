//! An API server for tests: namespaces over real HTTP/1.1 on loopback, and every way to misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use portcullis_cluster::{Connection, Limits, Namespaces};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Manner {
    /// It is answered.
    Answer,
    /// It is answered after a while, with the state of the moment when it came.
    After(Duration),
    /// Nothing is ever said.
    Hang,
    /// Half of the answer comes, then the end of the connection.
    Half,
    /// The connection ends without a word.
    Close,
    /// A Status of Kubernetes, with this code and reason.
    Status(u16, &'static str),
    /// Any answer at all.
    Say(u16, String),
}

/// What stands in the cluster, how each question is treated, and what was asked.
pub struct State {
    /// The labels of every namespace.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// How the next requests for one namespace are treated, before `get`.
    pub next_gets: VecDeque<Manner>,
    /// How a request for one namespace is treated.
    pub get: Manner,
    /// How a list is treated.
    pub list: Manner,
    /// How a page of a list after the first is treated.
    pub next_page: Manner,
    /// How the beginning of a watch is treated.
    pub watch: Manner,
    /// Watches begin, and nothing is ever said on them.
    pub mute: bool,
    /// The namespaces that were asked for, in order.
    pub gets: Vec<String>,
    /// How many requests for one namespace were under way at once at most.
    pub most_at_once: usize,
    /// How many lists were asked for, pages included.
    pub lists: usize,
    /// How many watches were asked for.
    pub watches: usize,
    /// How many watches stand.
    pub watchers: usize,
    /// The `Accept` headers that were seen.
    pub accepts: Vec<String>,
    /// The resource version of the newest change.
    pub version: u64,
    at_once: usize,
    /// Changes before this version are forgotten.
    compacted: u64,
    changes: Vec<(u64, &'static str, Value)>,
    /// Watches that began in an earlier epoch end; true: without a word.
    epoch: (u64, bool),
}

/// The server; it ends with this value.
pub struct ApiServer {
    shared: Arc<Shared>,
    kubeconfig: PathBuf,
    task: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

impl ApiServer {
    /// Starts a server with these namespaces, each with the mode that stands beside it.
    pub async fn start(namespaces: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            namespaces: namespaces.iter().map(|(name, mode)| ((*name).to_owned(), labels(mode))).collect(),
            next_gets: VecDeque::new(),
            get: Manner::Answer,
            list: Manner::Answer,
            next_page: Manner::Answer,
            watch: Manner::Answer,
            mute: false,
            gets: Vec::new(),
            most_at_once: 0,
            lists: 0,
            watches: 0,
            watchers: 0,
            accepts: Vec::new(),
            version: 100,
            at_once: 0,
            compacted: 0,
            changes: Vec::new(),
            epoch: (0, false),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: watch::channel(()).0 });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&serving)));
                while connections.try_join_next().is_some() {}
            }
        });
        let kubeconfig = std::env::temp_dir().join(format!("portcullis-kubeconfig-{}", address.port()));
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "users": [{"name": "test", "user": {"token": "not-a-secret"}}],
        });
        std::fs::write(&kubeconfig, text.to_string()).unwrap();
        Self { shared, kubeconfig, task }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    pub async fn connection(&self) -> Connection {
        Connection::from_kubeconfig(&self.kubeconfig).await.unwrap()
    }

    /// Namespaces of this server, known when this returns.
    pub async fn namespaces(&self, limits: Limits) -> Namespaces {
        let namespaces = Namespaces::watched_within(&self.connection().await, limits).await;
        eventually("the first list", || namespaces.ready().is_ok()).await;
        namespaces
    }

    /// Gives a namespace this mode; makes it where it does not exist.
    pub fn relabel(&self, name: &str, mode: &str) {
        let kind =
            if self.state().namespaces.insert(name.to_owned(), labels(mode)).is_some() { "MODIFIED" } else { "ADDED" };
        self.change(kind, name);
    }

    /// Removes a namespace.
    pub fn delete(&self, name: &str) {
        self.change("DELETED", name);
        self.state().namespaces.remove(name);
    }

    fn change(&self, kind: &'static str, name: &str) {
        let mut state = self.state();
        state.version += 1;
        let (version, object) = (state.version, state.object(name));
        state.changes.push((version, kind, object));
        drop(state);
        self.shared.changed.send_replace(());
    }

    /// Ends all watches that stand, as the API server does when their time is over.
    pub fn end_watches(&self) {
        self.new_epoch(false);
    }

    /// Tears the connections of all watches.
    pub fn tear_watches(&self) {
        self.new_epoch(true);
    }

    /// Forgets all changes so far and ends the watches, so that none can go on where it was.
    pub fn compact(&self) {
        let mut state = self.state();
        state.version += 1;
        state.compacted = state.version;
        drop(state);
        self.new_epoch(false);
    }

    fn new_epoch(&self, torn: bool) {
        let mut state = self.state();
        state.epoch = (state.epoch.0 + 1, torn);
        drop(state);
        self.shared.changed.send_replace(());
    }
}

/// Waits until something holds, and fails with its name when it does not within ten seconds.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never came true: {what}");
}

pub fn labels(mode: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("portcullis.dev/mode".to_owned(), mode.to_owned())])
}

impl State {
    fn object(&self, name: &str) -> Value {
        json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
            "metadata": {"name": name, "labels": self.namespaces[name], "resourceVersion": self.version.to_string()},
        })
    }

    /// One page of the list: `limit` namespaces after the one named by the token.
    fn page(&self, limit: usize, after: Option<&str>) -> Value {
        let mut rest = self.namespaces.keys().filter(|name| after.is_none_or(|after| name.as_str() > after));
        let names: Vec<&String> = rest.by_ref().take(limit).collect();
        let token = if rest.next().is_some() { names.last().map_or("", |name| name.as_str()) } else { "" };
        json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
            "metadata": {"resourceVersion": self.version.to_string(), "continue": token},
            "items": names.iter().map(|name| self.object(name)).collect::<Vec<_>>(),
        })
    }
}

fn failure(code: u16, reason: &str) -> String {
    let message = format!("namespaces is {reason}: said the server");
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})
        .to_string()
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).unwrap();
    let mut read = Vec::new();
    loop {
        while !read.windows(4).any(|four| four == b"\r\n\r\n") {
            let mut more = [0; 4096];
            match stream.read(&mut more).await {
                Ok(0) | Err(_) => return,
                Ok(count) => read.extend_from_slice(&more[..count]),
            }
        }
        let request = String::from_utf8(std::mem::take(&mut read)).unwrap();
        if answer(&mut stream, &shared, &request).await.is_none() {
            return;
        }
    }
}

/// Answers one request; `None` where the connection is over.
async fn answer(stream: &mut TcpStream, shared: &Shared, request: &str) -> Option<()> {
    let target = request.split(' ').nth(1)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let accept = request.lines().find_map(|line| line.strip_prefix("accept: ")).unwrap_or_default().to_owned();
    shared.state.lock().unwrap().accepts.push(accept);
    match path.strip_prefix("/api/v1/namespaces").unwrap_or("?") {
        "" if parameter("watch").is_some() => {
            let version = parameter("resourceVersion")?.parse().ok()?;
            let manner = {
                let mut state = shared.state.lock().unwrap();
                state.watches += 1;
                state.watch.clone()
            };
            match manner {
                Manner::Answer => watch(stream, shared, version).await,
                other => reply(stream, other, "").await,
            }
        }
        "" => {
            let (manner, body) = {
                let mut state = shared.state.lock().unwrap();
                state.lists += 1;
                let token = parameter("continue");
                let manner = if token.is_some() { state.next_page.clone() } else { state.list.clone() };
                (manner, state.page(parameter("limit")?.parse().ok()?, token.as_deref()))
            };
            reply(stream, manner, &body.to_string()).await
        }
        name => get(stream, shared, name.strip_prefix('/').unwrap_or("?")).await,
    }
}

async fn get(stream: &mut TcpStream, shared: &Shared, name: &str) -> Option<()> {
    let (manner, body) = {
        let mut state = shared.state.lock().unwrap();
        state.gets.push(name.to_owned());
        state.at_once += 1;
        state.most_at_once = state.most_at_once.max(state.at_once);
        let manner = state.next_gets.pop_front().unwrap_or_else(|| state.get.clone());
        let known = state.namespaces.contains_key(name).then(|| state.object(name).to_string());
        (manner, known)
    };
    let done = match (manner, body) {
        (Manner::Answer, None) => reply(stream, Manner::Status(404, "NotFound"), "").await,
        (manner, body) => reply(stream, manner, &body.unwrap_or_default()).await,
    };
    shared.state.lock().unwrap().at_once -= 1;
    done
}

async fn reply(stream: &mut TcpStream, manner: Manner, body: &str) -> Option<()> {
    match manner {
        Manner::Answer => send(stream, 200, body).await,
        Manner::After(time) => {
            sleep(time).await;
            send(stream, 200, body).await
        }
        Manner::Hang => {
            // Until the client hangs up.
            let _ = stream.read(&mut [0]).await;
            None
        }
        Manner::Half => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{}", &body[..body.len() / 2]).as_bytes()).await.ok()?;
            None
        }
        Manner::Close => None,
        Manner::Status(code, reason) => send(stream, code, &failure(code, reason)).await,
        Manner::Say(code, text) => send(stream, code, &text).await,
    }
}

async fn send(stream: &mut TcpStream, status: u16, body: &str) -> Option<()> {
    let head = format!("HTTP/1.1 {status} S\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.ok()
}

/// Tells every change after a version, until the watches end.
async fn watch(stream: &mut TcpStream, shared: &Shared, mut version: u64) -> Option<()> {
    let mut changed = shared.changed.subscribe();
    let epoch = {
        let mut state = shared.state.lock().unwrap();
        state.watchers += 1;
        state.epoch.0
    };
    let _leaves = Leaves(shared);
    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.ok()?;
    loop {
        changed.borrow_and_update();
        let (lines, end) = {
            let state = shared.state.lock().unwrap();
            let mut lines = String::new();
            if version < state.compacted {
                let gone: Value = serde_json::from_str(&failure(410, "Expired")).unwrap();
                lines = format!("{}\n", json!({"type": "ERROR", "object": gone}));
            } else if !state.mute {
                for (_, kind, object) in state.changes.iter().filter(|(its, ..)| *its > version) {
                    lines.push_str(&format!("{}\n", json!({"type": kind, "object": object})));
                }
                version = state.version;
            }
            (lines, (state.epoch.0 > epoch).then_some(state.epoch.1))
        };
        if !lines.is_empty() {
            stream.write_all(format!("{:x}\r\n{lines}\r\n", lines.len()).as_bytes()).await.ok()?;
        }
        match end {
            Some(true) => return None,
            Some(false) => return stream.write_all(b"0\r\n\r\n").await.ok(),
            None => {}
        }
        let mut one = [0];
        tokio::select! {
            _ = changed.changed() => {}
            // The client hung up.
            _ = stream.read(&mut one) => return None,
        }
    }
}

struct Leaves<'a>(&'a Shared);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().watchers -= 1;
    }
}

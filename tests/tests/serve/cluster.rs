//! As much of an API server as `serve` asks: one namespace, listed and watched, until it breaks.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

/// A server that ends with the process.
pub struct Cluster {
    broken: Arc<AtomicBool>,
}

impl Cluster {
    /// Listens, and writes a kubeconfig for itself.
    pub fn new(kubeconfig: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = format!("http://{}", listener.local_addr().expect("an address"));
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "users": [{"name": "test", "user": {}}],
        });
        std::fs::write(kubeconfig, config.to_string()).expect("a file");
        let broken = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&broken);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let broken = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, &broken));
            }
        });
        Self { broken }
    }

    /// Answers nothing but errors from now on, or works again.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }
}

/// One call for each connection. Whoever goes away is missed by nobody.
fn answer(mut stream: TcpStream, broken: &AtomicBool) {
    let Some(head) = head(&mut stream) else { return };
    let is_broken = || broken.load(Ordering::SeqCst);
    let namespace = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": {"name": "shop", "resourceVersion": "1"}});
    let list = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList",
        "metadata": {"resourceVersion": "1"}, "items": [namespace]});
    if is_broken() {
        let _ = reply(&mut stream, "500 Internal Server Error", "{}");
    } else if head.contains("watch=true") {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        while !is_broken() {
            std::thread::sleep(Duration::from_millis(10));
        }
    } else if head.starts_with("GET /api/v1/namespaces?") {
        let _ = reply(&mut stream, "200 OK", &list.to_string());
    } else {
        let _ = reply(&mut stream, "200 OK", &namespace.to_string());
    }
}

fn reply(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut some = [0; 1024];
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = stream.read(&mut some).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(some.get(..count)?);
    }
    String::from_utf8(bytes).ok()
}

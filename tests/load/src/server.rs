//! A `portcullis serve` that runs as long as its owner, what it spends, and how to reach it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// How long a server may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are kept of what a server says.
const KEPT: usize = 1 << 20;

/// Where reviews go, and whose certificate is believed there.
#[derive(Clone, Debug)]
pub struct Target {
    /// The port of the webhook, or of what stands before it.
    pub address: SocketAddr,
    /// The name in its certificate.
    pub name: String,
    /// TLS with the authority of that certificate.
    pub tls: Arc<rustls::ClientConfig>,
    /// Path and query of a review.
    pub path: String,
}

impl Target {
    /// A webhook on loopback whose authority is in that file (PEM).
    ///
    /// # Panics
    /// The file holds no certificate.
    pub fn new(address: SocketAddr, authority: &Path) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority).expect("the authority's file") {
            roots.add(certificate.expect("PEM")).expect("an authority");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, name: "localhost".into(), tls: Arc::new(tls), path: "/validate?timeout=10s".into() }
    }

    /// The same behind another port: a balancer.
    pub fn through(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }
}

/// What a process has at a moment (proc(5)).
#[derive(Clone, Copy, Debug, Default)]
pub struct Resources {
    /// Resident memory in bytes.
    pub memory: u64,
    /// Open file descriptors.
    pub files: usize,
    /// Threads.
    pub threads: usize,
    /// Processor time of all threads that live.
    pub processor: Duration,
}

impl Resources {
    /// Those of a process; nothing where it has ended.
    pub fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
        };
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let ran = |task: std::io::Result<fs::DirEntry>| -> Option<u64> {
            fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        Some(Self {
            memory: number("VmRSS")? * 1024,
            files: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count(),
            threads: usize::try_from(number("Threads")?).ok()?,
            processor: Duration::from_nanos(tasks.filter_map(ran).sum()),
        })
    }
}

/// The product, serving.
pub struct Server {
    child: Child,
    /// Where reviews go.
    pub reviews: SocketAddr,
    /// Where health and metrics are.
    pub ops: SocketAddr,
    said: Arc<Mutex<String>>,
}

/// A port that was free a moment ago.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("an address")
}

impl Server {
    /// Starts the product with these arguments, on free ports, and waits until it is ready. Its cache and files of its own
    /// are in that folder.
    ///
    /// # Panics
    /// It does not become ready; what it said is told.
    pub fn start(binary: &Path, folder: &Path, arguments: &[&str]) -> Self {
        Self::start_on(binary, folder, arguments, free(), free())
    }

    /// The same on ports that somebody chose: those of one that was there before.
    pub fn start_on(binary: &Path, folder: &Path, arguments: &[&str], reviews: SocketAddr, ops: SocketAddr) -> Self {
        let mut child = Command::new(binary)
            .arg("serve")
            .args(arguments)
            .args(["--listen", &reviews.to_string(), "--ops-listen", &ops.to_string()])
            .current_dir(folder)
            .env_clear()
            .env("PORTCULLIS_CACHE_DIR", folder.join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the product starts");
        let said = follow(child.stderr.take().expect("a pipe"));
        let mut server = Self { child, reviews, ops, said };
        let until = Instant::now() + PATIENCE;
        while !server.is_ready() {
            let ended = server.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "ended with {ended:?}: {}", server.said());
            assert!(Instant::now() < until, "not ready: {}", server.said());
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// Whether it says that it is ready.
    pub fn is_ready(&self) -> bool {
        self.get("/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// The head and body of what it answers to a call on its port for health and metrics.
    pub fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect_timeout(&self.ops, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// A metric with its labels as they are written; nothing where it is not there.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.get("/metrics")?.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// The sum over all labels of a metric.
    pub fn metric_sum(&self, name: &str) -> f64 {
        let text = self.get("/metrics").unwrap_or_default();
        let of = |line: &str| -> Option<f64> {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' ']).then(|| rest.rsplit(' ').next()?.parse().ok())?
        };
        text.lines().filter_map(of).sum()
    }

    /// What it has logged lately.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its number among the processes.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has now.
    pub fn resources(&self) -> Option<Resources> {
        Resources::of(self.pid())
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(mut self) {
        // Dropped twice does no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end (SIGTERM); its exit status, or nothing where it did not end in that time.
    pub fn terminate(mut self, within: Duration) -> Option<i32> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().ok()?;
        let until = Instant::now() + within;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().ok()? {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end, so that nobody waits for us to do so.
fn follow(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() > KEPT {
                kept.clear();
            }
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    text
}

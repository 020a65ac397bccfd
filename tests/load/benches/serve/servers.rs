//! What is asked: the product with a policy set, and a bare server.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_load::{Authority, Client, Question, Resources, Server, Target};

/// What every part needs.
pub struct Bench {
    /// The product.
    pub binary: PathBuf,
    /// Gone with its owner.
    pub folder: PathBuf,
    /// For what is asked in this process.
    pub runtime: tokio::runtime::Runtime,
    authority: Authority,
    files: AtomicUsize,
}

/// A server that runs.
pub struct Asked {
    /// What it is called in tables.
    pub name: String,
    /// Where reviews go.
    pub target: Target,
    /// Its process.
    pub pid: u32,
    /// Resident memory before anybody asked.
    pub at_start: u64,
    _process: Process,
}

/// Ends with its owner.
#[expect(dead_code, reason = "held, so that it ends with its owner")]
enum Process {
    Product(Server),
    Bare(Bare),
}

struct Bare(Child);

impl Drop for Bare {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    /// Nothing where there is no release binary.
    pub fn new() -> Option<Self> {
        let binary = std::env::var_os("PORTCULLIS_BIN").map(PathBuf::from)?;
        let folder = std::env::temp_dir().join(format!("portcullis-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let authority = Authority::write(&folder);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        Some(Self { binary, folder, runtime, authority, files: AtomicUsize::new(0) })
    }

    /// The product with that policy set; it knows those namespaces (documents), none of which has labels.
    pub fn product(&self, name: &str, set: &str, namespaces: &str, flags: &[&str]) -> Asked {
        let folder = self.folder.join(format!("server-{}", self.files.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&folder).expect("a folder of its own");
        for (file, text) in [("set.yaml", set), ("namespaces.yaml", namespaces)] {
            std::fs::write(folder.join(file), text).expect("its files");
        }
        let own = self.authority.arguments();
        let mut arguments: Vec<&str> = own.iter().map(String::as_str).collect();
        arguments.extend(["--policies", "set.yaml", "--namespace-labels", "namespaces.yaml", "--log-level", "error"]);
        arguments.extend(flags);
        let server = Server::start(&self.binary, &folder, &arguments);
        let (address, pid) = (server.reviews, server.pid());
        self.asked(name, address, pid, Process::Product(server))
    }

    /// The bare server.
    pub fn bare(&self) -> Asked {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis-load"))
            .args(["bare", "--listen", &address.to_string()])
            .arg("--certificate")
            .arg(&self.authority.certificate)
            .arg("--key")
            .arg(&self.authority.key)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bare server starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut said).expect("it says that it listens");
        assert_eq!(said.trim(), "listening");
        let pid = child.id();
        self.asked("bare", address, pid, Process::Bare(Bare(child)))
    }

    fn asked(&self, name: &str, address: SocketAddr, pid: u32, process: Process) -> Asked {
        let target = Target::new(address, &self.authority.certificate);
        let at_start = Resources::of(pid).unwrap_or_default().memory;
        Asked { name: name.to_owned(), target, pid, at_start, _process: process }
    }

    /// Load with these questions, from another process.
    pub fn client(&self, questions: &[Question]) -> Client {
        let file = self.folder.join(format!("questions-{}.jsonl", self.files.fetch_add(1, Ordering::Relaxed)));
        Client::new(env!("CARGO_BIN_EXE_portcullis-load").as_ref(), &self.authority.certificate, questions, &file)
    }
}

impl Asked {
    /// Resident memory now.
    pub fn memory(&self) -> u64 {
        Resources::of(self.pid).unwrap_or_default().memory
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Nothing is left to do where the folder of this run cannot be removed.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

//! Registries that nobody here wrote: Debian's docker-registry, and go-containerregistry's with referrers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::go;
use crate::sample::{EMPTY, Sample, digest, index, referrer};

/// How long a registry may take to answer for the first time.
const START: Duration = Duration::from_secs(15);

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    /// `docker-registry` of Debian's packages (2.8), or `PORTCULLIS_DOCKER_REGISTRY`: no Referrers API.
    Docker,
    /// `pkg/registry` of go-containerregistry, built from `tests/support/registry` (or `PORTCULLIS_GO_REGISTRY`): with it.
    Go,
}

/// A registry in a process of its own, on loopback. It ends with its owner.
pub struct RealRegistry {
    child: Child,
    address: SocketAddr,
    folder: Option<PathBuf>,
    software: Software,
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl RealRegistry {
    /// Starts one; where it cannot be had, says so loudly and returns nothing.
    pub fn start(software: Software) -> Option<Self> {
        let started = match software {
            Software::Docker => docker(None),
            Software::Go => go(),
        };
        Self::told(started, software)
    }

    /// Starts one that asks everybody for the password of this line of a file for Apache (`user:bcrypt`).
    pub fn start_locked(htpasswd: &str) -> Option<Self> {
        Self::told(docker(Some(htpasswd)), Software::Docker)
    }

    fn told(started: Result<Self, String>, software: Software) -> Option<Self> {
        match started {
            Ok(registry) => Some(registry),
            Err(reason) => {
                println!("SKIPPED: no real registry ({software:?}): {reason}");
                None
            }
        }
    }

    /// `127.0.0.1:port`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Pushes a manifest with its empty config, under its digest or a tag; the blobs must be there.
    pub fn push(&self, name: &str, reference: Option<&str>, sample: &Sample) -> String {
        self.push_blob(name, EMPTY);
        let digest = sample.digest();
        let path = format!("/v2/{name}/manifests/{}", reference.unwrap_or(&digest));
        let (status, _) = self.send("PUT", &path, &sample.media_type, &sample.bytes);
        assert_eq!(status, 201, "{path}");
        digest
    }

    /// Pushes an artifact with one layer that refers to a subject, and what a client must push besides where there is no
    /// Referrers API; whatever else referred to the subject there is forgotten.
    pub fn attach(&self, name: &str, subject: &Value, artifact_type: &str, layer: &[u8]) -> String {
        self.push_blob(name, layer);
        let sample = referrer(subject, artifact_type, layer);
        let digest = self.push(name, None, &sample);
        if self.software == Software::Docker {
            let tag = subject["digest"].as_str().unwrap_or_default().replace(':', "-");
            self.push(name, Some(&tag), &index(&[sample.descriptor()]));
        }
        digest
    }

    /// Pushes a blob.
    pub fn push_blob(&self, name: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let (status, location) = self.send("POST", &format!("/v2/{name}/blobs/uploads/"), "text/plain", b"");
        assert_eq!(status, 202, "an upload begins");
        let location = location.unwrap_or_default();
        let path =
            location.split_once("://").map_or(location.as_str(), |(_, rest)| &rest[rest.find('/').unwrap_or(0)..]);
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{joint}digest={digest}");
        let (status, _) = self.send("PUT", &path, "application/octet-stream", bytes);
        assert_eq!(status, 201, "{path}");
        digest
    }

    /// One request: its status and `Location`.
    fn send(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> (u16, Option<String>) {
        let failed = |error: std::io::Error| -> (u16, Option<String>) { panic!("{method} {path}: {error}") };
        let mut stream = match TcpStream::connect(self.address) {
            Ok(stream) => stream,
            Err(error) => return failed(error),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            self.address,
            body.len()
        );
        let mut answer = Vec::new();
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        if let Err(error) = sent.and_then(|()| stream.read_to_end(&mut answer).map(drop)) {
            return failed(error);
        }
        let text = String::from_utf8_lossy(&answer);
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let location = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then(|| value.to_owned())
        });
        (status, location)
    }
}

fn docker(htpasswd: Option<&str>) -> Result<RealRegistry, String> {
    let program = std::env::var_os("PORTCULLIS_DOCKER_REGISTRY").unwrap_or_else(|| "docker-registry".into());
    let address = free_address()?;
    let folder = std::env::temp_dir().join(format!("portcullis-registry-{}-{}", std::process::id(), address.port()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let settings = folder.join("config.yml");
    let mut text = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{address}\"}}\n",
        folder.join("data").display()
    );
    if let Some(line) = htpasswd {
        let file = folder.join("htpasswd");
        std::fs::write(&file, line).map_err(|error| error.to_string())?;
        text += &format!("auth: {{htpasswd: {{realm: tests, path: {}}}}}\n", file.display());
    }
    std::fs::write(&settings, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(&program);
    command.arg("serve").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| {
        let _ = std::fs::remove_dir_all(&folder);
        format!("`{}` does not start ({error}); apt-get install docker-registry", program.display())
    })?;
    let mut registry = RealRegistry { child, address, folder: Some(folder), software: Software::Docker };
    registry.wait()?;
    Ok(registry)
}

fn go() -> Result<RealRegistry, String> {
    let program = match std::env::var_os("PORTCULLIS_GO_REGISTRY") {
        Some(program) => PathBuf::from(program),
        None => go::built(&Path::new(env!("CARGO_MANIFEST_DIR")).join("registry"))?,
    };
    let mut command = Command::new(&program);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|error| format!("`{}` does not start ({error})", program.display()))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
    }
    let address = line.trim().parse().map_err(|_| format!("it said `{line}` and no address"))?;
    let mut registry = RealRegistry { child, address, folder: None, software: Software::Go };
    registry.wait()?;
    Ok(registry)
}

impl RealRegistry {
    fn wait(&mut self) -> Result<(), String> {
        let until = Instant::now() + START;
        while Instant::now() < until {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended at once ({status})"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("it did not answer within {} s", START.as_secs()))
    }
}

fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(|error| error.to_string())
}

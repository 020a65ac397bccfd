//! What a real Prometheus makes of a running `serve`, of the alerts and of the dashboard.

#[path = "../monitoring/expressions.rs"]
mod expressions;
#[path = "../monitoring/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portcullis_tests::{Folder, root};
use serde_json::{Value, json};

use self::expressions::{RULES, metrics};
use self::program::program;
use crate::caller::get;
use crate::served::Served;
use crate::{dev, review};

/// How long Prometheus may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the reader of the dashboard, and Grafana, put into its expressions.
const CHOSEN: [(&str, &str); 4] = [("$job", ".*"), ("$instance", ".*"), ("$__rate_interval", "1m"), ("$__range", "5m")];

/// One Prometheus that ends with its owner.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Prometheus {
    /// Scrapes this port, with our rules, and listens at loopback.
    fn start(program: &Path, folder: &Folder, scraped: SocketAddr) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a free port");
        let config = json!({
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "1s"},
            "rule_files": [root().join(RULES)],
            "scrape_configs": [{"job_name": "portcullis", "static_configs": [{"targets": [scraped.to_string()]}]}],
        });
        // JSON is YAML.
        let config = folder.write("prometheus.yml", config.to_string());
        let log = folder.path().join("prometheus.log");
        let file = std::fs::File::create(&log).expect("a file");
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("prometheus starts");
        Self { child, address, log }
    }

    /// What a path of its API says; nothing while it does not answer.
    fn ask(&self, path: &str) -> Option<Value> {
        let body = get(self.address, path).ok()?.body;
        // A long answer comes in pieces, each below its length.
        let text = if body.starts_with('{') { body } else { joined(&body) };
        serde_json::from_str(&text).ok()
    }

    /// The answer to an expression: an error, or its samples.
    fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let escaped: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.ask(&format!("/api/v1/query?query={escaped}")).ok_or("no answer")?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default()),
            _ => Err(answer.to_string()),
        }
    }

    /// Waits until something holds.
    fn wait_for(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "prometheus ended with {ended:?} while waiting for {what}: {log}");
            assert!(Instant::now() < until, "no {what}: {log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body of HTTP/1.1 in chunks, put together.
fn joined(body: &str) -> String {
    let (mut text, mut rest) = (String::new(), body);
    while let Some((length, behind)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap_or_default();
        let Some(piece) = behind.get(..length).filter(|piece| !piece.is_empty()) else { break };
        text.push_str(piece);
        rest = behind.get(length + 2..).unwrap_or_default();
    }
    text
}

/// The names that `/metrics` shows now.
fn shown(served: &Served) -> BTreeSet<String> {
    let body = get(served.ops, "/metrics").expect("an answer").body;
    let samples = body.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
}

#[test]
fn answers_every_question_of_the_alerts_and_the_dashboard() {
    let Some(program) = program("PORTCULLIS_PROMETHEUS", "prometheus") else { return };
    let folder = Folder::new("serve-scraped");
    let (served, caller) = dev(&folder, &[]);
    let judge = || {
        assert!(served.judge(&caller, &review("shop")).allowed());
        let denied = review("shop").replace("\"memory\":\"1Gi\"", "\"other\":\"1\"");
        assert!(!served.judge(&caller, &denied).allowed(), "something is found");
        let unknown = caller.post(served.reviews, "/validate/other", &review("shop"));
        assert_eq!(unknown.expect("an answer").status, 404);
    };
    judge();
    let mut prometheus = Prometheus::start(&program, &folder, served.ops);
    prometheus.wait_for("scrape", |one| one.query("up{job=\"portcullis\"} == 1").is_ok_and(|up| up.len() == 1));
    judge();
    // Two scrapes make a rate.
    let rate = "sum(rate(portcullis_reviews_total[1m])) > 0";
    prometheus.wait_for("rate", |one| one.query(rate).is_ok_and(|rate| !rate.is_empty()));

    for (alert, expression) in expressions::of_rules() {
        if let Err(error) = prometheus.query(&expression) {
            panic!("{alert}: {error}\n{expression}");
        }
    }
    let shown = shown(&served);
    let mut answered = 0;
    for (panel, expression) in expressions::of_dashboard() {
        let asked = CHOSEN.iter().fold(expression, |asked, (name, value)| asked.replace(name, value));
        let samples = prometheus.query(&asked).unwrap_or_else(|error| panic!("{panel}: {error}\n{asked}"));
        // With a condition of its own it may have nothing to say.
        let conditional = asked.contains("judged=\"false\"") || asked.contains("> 0");
        if !conditional && metrics(&asked).iter().all(|(name, ..)| shown.contains(*name)) {
            assert!(!samples.is_empty(), "{panel} shows nothing: {asked}");
            answered += 1;
        }
    }
    assert!(answered > 30, "only {answered} questions of the dashboard are about something: {shown:?}");
    prometheus.wait_for("rules", |one| {
        let rules = one.ask("/api/v1/rules").map(|answer| answer["data"]["groups"][0]["rules"].clone());
        let rules = rules.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok")
    });
}

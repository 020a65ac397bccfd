//! Lines that nobody forges, and spans that reach a collector without ever being waited for.

use std::io::{Read as _, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portcullis_webhook::trace::{ReviewTrace, TraceParent, collect, review};
use tracing_subscriber::filter::Targets;

use super::lines::Lines;
use super::{LogFormat, level, subscriber, traces};

#[test]
fn refuses_a_word_that_is_no_level_instead_of_logging_nothing() {
    for good in ["info", "WARN", "info,hyper=warn", "portcullis_webhook=debug"] {
        assert!(level(good).is_ok(), "{good}");
    }
    for bad in ["", "loud", "warning", "info,loud", "hyper=loud"] {
        assert!(level(bad).is_err(), "{bad}");
    }
}

/// An output that a test reads.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A name that would end the line, the string or the field in which it stands.
const HOSTILE: &str =
    "web\"\n{\"level\":\"INFO\",\"message\":\"forged\"}\r\u{1b}[2K\u{2028}\u{202e} name=\"x\" decision_id=\"forged\"";

fn logged(format: LogFormat) -> String {
    let output = Output::default();
    let lines = Lines::to(output.clone(), 16).unwrap();
    let level: Targets = "info".parse().unwrap();
    tracing::subscriber::with_default(subscriber(format, level, lines.clone()), || {
        let findings = serde_json::json!([{"rule": "cpu", "message": portcullis_report::plain(HOSTILE)}]).to_string();
        let (took, judged) = (1.25, true);
        tracing::info!(decision_id = "sha256:abc", name = HOSTILE, %findings, slowest = Some("[1]"), took, judged, "denied");
        tracing::debug!("not asked for");
    });
    lines.flush();
    String::from_utf8(output.0.lock().unwrap().clone()).unwrap()
}

/// A23.
#[test]
fn denies_a_name_that_would_forge_a_line_of_json() {
    let text = logged(LogFormat::Json);
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"denied".into()));
    assert_eq!((&line["decision_id"], &line["name"]), (&"sha256:abc".into(), &HOSTILE.into()));
    assert_eq!((&line["took"], &line["judged"]), (&1.25.into(), &true.into()));
    assert_eq!(line["findings"][0]["rule"], "cpu", "a list, and no text that looks like one");
    assert_eq!(line["slowest"], "[1]", "no other field is read as JSON");
    assert!(line["timestamp"].is_string() && line["target"].is_string(), "{line}");
}

/// A23.
#[test]
fn denies_a_name_that_would_forge_a_line_of_text() {
    let text = logged(LogFormat::Text);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("decision_id=\"sha256:abc\"") && text.contains("denied"), "{text}");
    assert!(text.contains(r#" findings=[{"message":"web"#) && text.contains(r#","rule":"cpu"}] "#), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains(" decision_id=\"forged\""), "{text}");
}

#[test]
fn drops_lines_instead_of_waiting_for_a_reader_that_has_stopped() {
    struct Stopped(std::sync::mpsc::Receiver<()>, Output);
    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            self.1.write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let ((go, wait), output) = (channel(), Output::default());
    let lines = Lines::to(Stopped(wait, output.clone()), 4).unwrap();
    let begun = Instant::now();
    let level: Targets = "info".parse().unwrap();
    tracing::subscriber::with_default(subscriber(LogFormat::Json, level, lines.clone()), || {
        (0..1000).for_each(|number| tracing::info!(number, "line"));
    });
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop(go);
    lines.flush();
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("log lines were dropped"), "{text}");
}

/// Whether a request is there to its last byte.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.expect("the length of the body").parse().unwrap()
}

#[test]
fn sends_spans_of_the_callers_trace_to_the_collector_and_never_waits_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let (sent, received) = channel();
    let collector = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A collector that thinks about it; nobody waits.
        std::thread::sleep(Duration::from_millis(300));
        let mut bytes = Vec::new();
        while !is_whole(&bytes) {
            let mut buffer = [0; 65536];
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        sent.send(String::from_utf8(bytes).unwrap()).unwrap();
        // And then is gone.
    });
    let provider = traces(&endpoint, "1.2.3").unwrap();
    opentelemetry::global::set_tracer_provider(provider.clone());
    collect();
    let said = ReviewTrace {
        operation: "CREATE",
        kind: "Pod",
        uid: "u",
        decisions: &["sha256:abc".to_owned()],
        denied: true,
        judged: true,
        policies: &[("default/resource-limits".to_owned(), Duration::from_micros(70), None)],
    };
    let took = Duration::from_millis(2);
    let parent = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_eq!(review(parent, took, &said).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    // Whoever is not sampled by the caller is not sent.
    let unsampled = TraceParent::parse("00-ffffffffffffffffffffffffffffffff-00f067aa0ba902b7-00");
    assert_eq!(review(unsampled, took, &said), Some("f".repeat(32)));
    provider.force_flush().unwrap();
    let request = received.recv_timeout(Duration::from_secs(30)).unwrap();
    collector.join().unwrap();
    assert!(request.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{request}");
    let body: serde_json::Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 1, "{body}");
    assert_eq!(spans[0]["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(spans[0]["parentSpanId"], "00f067aa0ba902b7");
    assert!(body.to_string().contains("service.version") && body.to_string().contains("default/resource-limits"));

    let begun = Instant::now();
    for _ in 0..20_000 {
        assert!(review(None, took, &said).is_some());
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    println!("one span: {:?}", begun.elapsed() / 20_000);
}

#[test]
fn denies_a_collector_that_it_cannot_speak_to() {
    for endpoint in ["https://collector:4318", "collector:4318", ""] {
        let error = traces(endpoint, "1").err().unwrap().to_string();
        assert!(error.contains("is not an `http://` address"), "{error}");
    }
}

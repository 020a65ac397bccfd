//! How long a CycloneDX document of 30 MB takes to be read, and how much memory above its own text.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use portcullis_predicate::Text;
use portcullis_predicate::sbom::{About, Ask, published, read};

/// Counts what is asked for, and the most of it at once.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe by its nature; this one only counts")]
// SAFETY: every call goes to the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Components as syft writes them.
fn document(megabytes: usize) -> String {
    let mut text = String::from(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,"metadata":{"timestamp":"2026-11-21T10:00:00Z","tools":{"components":[{"type":"application","name":"syft","version":"1.19.0"}]},"component":{"bom-ref":"root","type":"container","name":"app","version":"1.0"}},"components":["#,
    );
    let mut count = 0;
    while text.len() < megabytes * 1_000_000 {
        let comma = if count == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"bom-ref":"pkg:npm/%40scope/package-{count}@1.{count}.0?package-id=0123456789abcdef","type":"library","author":"Ann Example <ann@example.com>","name":"@scope/package-{count}","version":"1.{count}.0","description":"A package that does one thing, number {count}","hashes":[{{"alg":"SHA-256","content":"{count:064x}"}},{{"alg":"SHA-512","content":"{count:0128x}"}}],"licenses":[{{"license":{{"id":"MIT"}}}}],"cpe":"cpe:2.3:a:package-{count}:package-{count}:1.{count}.0:*:*:*:*:*:*:*","purl":"pkg:npm/%40scope/package-{count}@1.{count}.0","externalReferences":[{{"url":"https://example.com/package-{count}","type":"website"}}],"properties":[{{"name":"syft:package:foundBy","value":"javascript-package-cataloger"}},{{"name":"syft:package:language","value":"javascript"}},{{"name":"syft:location:0:path","value":"/app/node_modules/package-{count}/package.json"}}]}}"#
        )
        .expect("a string takes everything");
        count += 1;
    }
    text.push_str("],\"dependencies\":[{\"ref\":\"root\",\"dependsOn\":[");
    for index in 0..count {
        let comma = if index == 0 { "" } else { "," };
        write!(text, r#"{comma}"pkg:npm/%40scope/package-{index}@1.{index}.0?package-id=0123456789abcdef""#)
            .expect("a string takes everything");
    }
    text.push_str("]}]}");
    text
}

fn measured<T>(what: &str, size: usize, run: impl FnOnce() -> T) -> T {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let start = Instant::now();
    let result = run();
    let seconds = start.elapsed().as_secs_f64();
    let peak = PEAK.load(Relaxed) - before;
    println!(
        "{what:<28} {seconds:>7.3} s, {:>6.1} MB beside {:.1} MB of text ({:.2} of it)",
        peak as f64 / 1e6,
        size as f64 / 1e6,
        peak as f64 / size as f64
    );
    result
}

fn main() {
    let text = document(30);
    let schema = measured("compile the schema", text.len(), || published::cyclonedx("1.6").expect("known"));
    let read_once = measured("read the text", text.len(), || Text::read(text.as_bytes()).expect("JSON"));
    let faults = measured("judge by the schema", text.len(), || schema.check(read_once.root(), 5));
    assert_eq!(faults.count, 0, "{faults:?}");
    drop(read_once);
    let patterns: Vec<String> = (0..100).map(|index| format!("pkg:npm/evil-{index}@1.0")).collect();
    let licenses = ["AGPL-*".to_owned(), "GPL-*".to_owned()];
    let ask = Ask::new(&patterns, &licenses, &[]).expect("patterns");
    let reading =
        measured("everything", text.len(), || read(text.as_bytes(), &About::default(), &ask).expect("an SBOM"));
    println!("{} components, {} reachable", reading.components, reading.graph.reachable);
    let broken = text.replace("\"type\":\"library\"", "\"type\":\"nothing\"");
    let reading = measured("the same with faults", text.len(), || {
        read(broken.as_bytes(), &About::default(), &ask).expect("an SBOM")
    });
    println!("{} faults: {:?}", reading.faults.count, reading.faults.first.first());
    let zeros =
        format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{}0]}}"#, "0,".repeat(15_000_000));
    let error = measured("15 million zeros", zeros.len(), || read(zeros.as_bytes(), &About::default(), &ask));
    println!("{:?}", error.map(|reading| reading.faults.count));
}

//! Draws the pictures of the README below `docs/images`: what `check` prints at a terminal, and its page in a browser.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::workspace::Workspace;

/// Where the pictures stand.
const IMAGES: &str = "docs/images";
/// What the terminal shows.
const SHOWN: &str = "policies/examples/why-is-my-deployment-denied.yaml";
/// What the page shows besides the manifests below.
const EXAMPLES: &str = "policies/examples";
/// The time of every judgement, so that the same pictures come out next year.
const TIME: &str = "2026-11-21T10:00:00Z";
/// The page's pictures: file, width, height, Chromium's word for the colours (0 is dark, 1 is light).
const PAGES: [(&str, u32, u32, u8); 2] = [("report-wide.png", 1200, 1190, 1), ("report-phone.png", 390, 844, 0)];
/// The largest picture, in bytes: a page that shows it should load fast.
const LARGEST: u64 = 150_000;

/// Workloads as a company has them: namespace, name, image, CPU limit, memory limit.
const WORKLOADS: [(&str, &str, &str, &str, &str); 14] = [
    ("shop", "web", "registry.example/shop/web:latest", "32", "1Gi"),
    ("shop", "cart", "registry.example/shop/cart@sha256:DIGEST", "500m", "256Mi"),
    ("shop", "checkout", "registry.example/shop/checkout:2.4.1", "2", "64Gi"),
    ("payments", "api", "registry.example/payments/api@sha256:DIGEST", "1", "512Mi"),
    ("payments", "ledger", "registry.example/payments/ledger@sha256:DIGEST", "24", "4Gi"),
    ("payments", "worker", "registry.example/payments/worker:1.9", "500m", "256Mi"),
    ("search", "index", "elastic", "8", "48Gi"),
    ("search", "query", "registry.example/search/query@sha256:DIGEST", "1", "1Gi"),
    ("web", "gateway", "nginx:latest", "64", "256Mi"),
    ("web", "assets", "registry.example/web/assets@sha256:DIGEST", "200m", "128Mi"),
    ("data", "import", "registry.example/data/import@sha256:DIGEST", "4", "8Gi"),
    ("data", "report", "registry.example/data/report:nightly", "900m", "2Gi"),
    ("ops", "backup", "registry.example/ops/backup@sha256:DIGEST", "200m", "256Mi"),
    ("ops", "mail", "registry.example/ops/mail@sha256:DIGEST", "100m", "128Mi"),
];
/// The labels of their namespaces, and one waiver.
const NAMESPACES: &str = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: data, labels: {portcullis.dev/mode: sandbox}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: ops, labels: {portcullis.dev/mode: sandbox}}}
";
const WAIVER: &str = "\
apiVersion: portcullis.dev/v1alpha1
kind: Waiver
metadata: {name: shop-without-digests}
spec:
  policy: image-reference
  rule: image-reference/digest-missing
  covers: {namespaces: [shop]}
  owner: team-shop
  ticket: SHOP-17
  reason: the old pipeline cannot pin digests
  expires: 2027-03-31
";

/// Draws all of them with this binary; the page's need Chromium.
pub fn run(workspace: &Workspace, product: &Path) -> Result<()> {
    let images = workspace.root().join(IMAGES);
    fs::create_dir_all(&images).with_context(|| format!("cannot make `{}`", images.display()))?;
    let mut check = Command::new(product);
    check.current_dir(workspace.root()).args(["check", "--color", "always", "--time", TIME, SHOWN]);
    let output = check.output().with_context(|| format!("cannot start `{}`", command::shown(&check)))?;
    ensure!(output.status.code() == Some(1), "`{}` ended with {}", command::shown(&check), output.status);
    let printed = String::from_utf8(output.stdout).context("the product printed no UTF-8")?;
    write(&images.join("terminal.svg"), &terminal(&format!("portcullis check {SHOWN}"), &printed))?;
    let page = page(workspace, product)?;
    for (name, width, height, colours) in PAGES {
        let picture = images.join(name);
        let profile = page.with_file_name(format!("{name}.profile"));
        let mut browser = Command::new("chromium");
        browser.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        browser.arg(format!("--blink-settings=preferredColorScheme={colours}"));
        browser.arg(format!("--user-data-dir={}", profile.display()));
        browser.arg(format!("--window-size={width},{height}")).arg(format!("--screenshot={}", picture.display()));
        browser.arg(format!("file://{}", page.display()));
        command::text(&mut browser)
            .context("the page's pictures need `chromium` (on Debian: `apt-get install chromium fonts-dejavu`)")?;
        let size = fs::metadata(&picture).with_context(|| format!("`{}` was not drawn", picture.display()))?.len();
        ensure!(size <= LARGEST, "`{}` has {size} bytes; at most {LARGEST}", picture.display());
        println!("{}", picture.display());
    }
    Ok(())
}

/// A page over the workloads and the examples.
fn page(workspace: &Workspace, product: &Path) -> Result<PathBuf> {
    let folder = workspace.target().join("pictures");
    // What an earlier run left there; whatever cannot be removed is overwritten.
    let _ = fs::remove_dir_all(&folder);
    for (namespace, name, image, cpu, memory) in WORKLOADS {
        let image = image.replace("DIGEST", &"4a".repeat(32));
        let manifest = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - name: {name}\n        image: {image}\n        resources:\n          requests: {{cpu: 100m, memory: 128Mi}}\n          limits: {{cpu: \"{cpu}\", memory: {memory}}}\n"
        );
        write(&folder.join("deploy").join(namespace).join(format!("{name}.yaml")), &manifest)?;
    }
    write(&folder.join("namespaces.yaml"), NAMESPACES)?;
    write(&folder.join("waivers.yaml"), WAIVER)?;
    let examples = folder.join("deploy/examples");
    fs::create_dir_all(&examples).context("cannot make a folder for the examples")?;
    let entries = fs::read_dir(workspace.root().join(EXAMPLES)).context("cannot read the examples")?;
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        let target = examples.join(path.file_name().unwrap_or_default());
        fs::copy(&path, target).with_context(|| format!("cannot copy `{}`", path.display()))?;
    }
    let mut check = Command::new(product);
    check.current_dir(&folder).args(["check", "--time", TIME, "-f", "html", "-o", "report.html"]);
    check.args(["--waivers", "waivers.yaml", "--namespace-labels", "namespaces.yaml", "deploy"]);
    let status = check.status().with_context(|| format!("cannot start `{}`", command::shown(&check)))?;
    ensure!(status.code() == Some(1), "`{}` ended with {status}", command::shown(&check));
    Ok(folder.join("report.html"))
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// What a terminal shows, as a drawing: a prompt with the command, and what it printed.
fn terminal(command: &str, printed: &str) -> String {
    let prompt = format!("\u{1b}[1;32m$\u{1b}[0m \u{1b}[1m{command}\u{1b}[0m");
    let lines: Vec<Vec<(String, String)>> =
        std::iter::once(prompt.as_str()).chain(printed.lines()).map(spans).collect();
    let length = |line: &Vec<(String, String)>| line.iter().map(|(_, text)| text.chars().count()).sum::<usize>();
    let columns = lines.iter().map(length).max().unwrap_or(0);
    // A character of a monospaced font is 0.6 of its height wide, or a little more.
    let (width, height) = (columns * 79 / 10 + 48, lines.len() * 19 + 68);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n<style>\n\
         text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d7dde5; white-space: pre; }}\n\
         .b {{ font-weight: 700; }} .d {{ fill: #8b96a3; }} .r {{ fill: #ff7b72; font-weight: 700; }} .y {{ fill: #e3b341; font-weight: 700; }}\n\
         .g {{ fill: #6fd08c; font-weight: 700; }} .c {{ fill: #6cd3e8; font-weight: 700; }} .m {{ fill: #d2a8ff; font-weight: 700; }} .l {{ fill: #79b8ff; font-weight: 700; }}\n\
         </style>\n<rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"#12171d\"/>\n\
         <circle cx=\"22\" cy=\"20\" r=\"6\" fill=\"#ff5f57\"/><circle cx=\"42\" cy=\"20\" r=\"6\" fill=\"#febc2e\"/><circle cx=\"62\" cy=\"20\" r=\"6\" fill=\"#28c840\"/>\n"
    );
    for (at, line) in lines.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(out, "<text x=\"24\" y=\"{}\" xml:space=\"preserve\">", 58 + at * 19);
        for (class, text) in line {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = match class.as_str() {
                "" => write!(out, "{text}"),
                class => write!(out, "<tspan class=\"{class}\">{text}</tspan>"),
            };
        }
        out.push_str("</text>\n");
    }
    out + "</svg>\n"
}

/// A line with colours as pieces of one colour each.
fn spans(line: &str) -> Vec<(String, String)> {
    let mut pieces = Vec::new();
    for (at, part) in line.split("\u{1b}[").enumerate() {
        let (code, text) = if at == 0 { ("0", part) } else { part.split_once('m').unwrap_or(("0", part)) };
        let class = match code {
            "1" => "b",
            "2" => "d",
            "1;31" => "r",
            "1;32" => "g",
            "1;33" => "y",
            "1;34" => "l",
            "1;35" => "m",
            "1;36" => "c",
            _ => "",
        };
        if !text.is_empty() {
            pieces.push((class.to_owned(), text.to_owned()));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_colours_of_a_terminal_and_no_escape() {
        let pieces = spans("\u{1b}[1;31mdenied[a/b]\u{1b}[0m high: \u{1b}[1mx < y\u{1b}[0m");
        let expected = [("r", "denied[a/b]"), ("", " high: "), ("b", "x < y")];
        assert_eq!(pieces, expected.map(|(class, text)| (class.to_owned(), text.to_owned())));
        let drawn = terminal("check <a>", "\u{1b}[2mx\u{1b}[0m");
        assert!(drawn.contains("check &lt;a&gt;") && drawn.contains("<tspan class=\"d\">x</tspan>"), "{drawn}");
        assert!(!drawn.contains('\u{1b}'));
    }
}

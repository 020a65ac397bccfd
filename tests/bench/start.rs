//! Whole processes: what one `check` costs beside a program that does nothing, and what a start with many plugins takes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_tests::{Folder, components};

use crate::process::Program;
use crate::table::{Table, mib, spread, times};

const RUNS: usize = 25;

const MANIFEST: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: shop}\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/app:1.2.3\n    resources: {limits: {cpu: 500m, memory: 256Mi}, requests: {cpu: 100m, memory: 128Mi}}\n";

/// One file, judged by a whole process.
pub fn run(ours: &Path, rules: &Path) -> Result<(), String> {
    let folder = Folder::new("start");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).map(|()| path).map_err(|error| format!("cannot write {name}: {error}"))
    };
    write("one.yaml", MANIFEST.as_bytes())?;
    let policies = rules.join("portcullis.yaml").to_string_lossy().into_owned();
    let check = Program::new(ours, &["check", "one.yaml"], folder.path());
    let mut rows = vec![
        ("`/bin/true`".to_owned(), Program::new("/bin/true", &[], folder.path())),
        ("`portcullis --version`".to_owned(), Program::new(ours, &["--version"], folder.path())),
        ("`portcullis check one.yaml`, one built-in policy".to_owned(), check.with(&["--policies", &policies])),
        ("`portcullis check one.yaml`, the built-in set".to_owned(), check.clone()),
    ];
    let wasm =
        std::fs::read(components().join("resource-limits.wasm")).map_err(|error| format!("no plugin: {error}"))?;
    for count in [1_u8, 50] {
        let policies: Vec<String> = (0..count)
            .map(|n| {
                // A custom section makes each of them another component.
                let name = format!("plugin-{n}.wasm");
                write(&name, &[&wasm, [0, 3, 1, b'n', n].as_slice()].concat())?;
                Ok(format!("  - {{name: p{n}, plugin: {{file: {name}}}, settings: {{requireLimits: true}}}}\n"))
            })
            .collect::<Result<_, String>>()?;
        let set = format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: start}}\nspec:\n  policies:\n{}",
            policies.concat()
        );
        let set = write(&format!("set-{count}.yaml"), set.as_bytes())?.to_string_lossy().into_owned();
        let cache = |name: &str| -> PathBuf { folder.path().join(format!("{name}-{count}")) };
        let with = |cache: &Path| check.with(&["--policies", &set, "--cache-dir", &cache.to_string_lossy()]);
        let warm = with(&cache("warm"));
        let cold = warm.run()?.wall;
        let plugins =
            if count == 1 { "1 plugin from a file".to_owned() } else { format!("{count} plugins from files") };
        println!("{plugins}, nothing compiled before: {:.2} s\n", cold.as_secs_f64());
        rows.push((format!("the same, {plugins}, compiled before"), warm));
    }
    let mut runs: Vec<Vec<Duration>> = vec![Vec::new(); rows.len()];
    for _ in 0..RUNS {
        for (runs, (name, program)) in runs.iter_mut().zip(&rows) {
            runs.push(program.run().map_err(|why| format!("{name}: {why}"))?.wall);
        }
    }
    let base = runs[0].iter().min().copied().unwrap_or_default();
    let mut table = Table::new(&["a whole process", "fastest, median", "times `/bin/true`", "peak memory"]);
    for ((name, program), runs) in rows.iter().zip(&runs) {
        let fastest = runs.iter().min().copied().unwrap_or_default();
        table.row(&[name.clone(), spread(runs), times(fastest, base), mib(program.memory()?)]);
    }
    table.print();
    Ok(())
}

//! What the whole product takes, as Markdown: `cargo xtask bench start`, `check` and `growth`.

mod manifests;
mod process;
mod race;
mod rivals;
mod start;
mod table;

use std::process::ExitCode;

type Part = fn(&std::path::Path, &std::path::Path) -> Result<(), String>;

const PARTS: [(&str, Part); 3] = [("start", start::run), ("check", race::run), ("growth", race::growth)];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // `generate FOLDER COUNT` leaves the manifests there, for whoever wants to see or profile with them.
    if let [what, folder, count] = asked.as_slice()
        && what == "generate"
    {
        let count = count.parse().unwrap_or(10_000);
        return ended(
            manifests::write(folder.as_ref(), count, manifests::Mix::Repository).map_err(|error| error.to_string()),
        );
    }
    let (ours, rules) = (portcullis_tests::binary(), portcullis_tests::root().join("tests/bench"));
    let known = |asked: &String| PARTS.iter().any(|(name, _)| name == asked);
    if let Some(unknown) = asked.iter().find(|asked| !known(asked)) {
        return ended::<()>(Err(format!("there is no part `{unknown}`")));
    }
    let wanted = PARTS.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|asked| asked == name));
    for (name, part) in wanted {
        println!("\n## {name}");
        if let Err(why) = part(&ours, &rules) {
            return ended::<()>(Err(format!("{name}: {why}")));
        }
    }
    ExitCode::SUCCESS
}

fn ended<T>(result: Result<T, String>) -> ExitCode {
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

//! Writes a plugin's digest into the policy sets that name its file.

use std::path::Path;

use crate::Error;

/// Hexadecimal digits of a digest.
const DIGITS: usize = 64;
const PREFIX: &str = "sha256:";

/// Puts a digest into every line of a file that names this plugin's file; every other byte stays. Says how many there were.
///
/// # Errors
/// A file that cannot be read or written, and one that does not name the plugin with a digest.
pub fn pin(path: &Path, plugin: &str, digest: &str) -> Result<usize, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let (pinned, count) = pinned(&text, plugin, digest);
    if count == 0 {
        return Err(Error::Given(format!(
            "`{}` has no line with `file: {plugin}` and a digest; write `plugin: {{file: {plugin}, digest: \"{digest}\"}}` into a policy of it",
            path.display()
        )));
    }
    if pinned != text {
        std::fs::write(path, pinned).map_err(Error::io("write", path))?;
    }
    Ok(count)
}

fn pinned(text: &str, plugin: &str, digest: &str) -> (String, usize) {
    let mut count = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let commented = line.trim_start().starts_with('#');
        let Some(at) = line.find(PREFIX).filter(|_| !commented && names(line, plugin)) else { return line.to_owned() };
        let (before, old) = line.split_at(at);
        let digits = old[PREFIX.len()..].bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits != DIGITS {
            return line.to_owned();
        }
        count += 1;
        format!("{before}{digest}{}", &old[PREFIX.len() + DIGITS..])
    });
    (lines.collect(), count)
}

/// Whether a line names this file: as the whole of a path, or as its last part.
fn names(line: &str, plugin: &str) -> bool {
    line.match_indices(plugin).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + plugin.len()..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || "/\"'".contains(c))
            && after.is_none_or(|c| c.is_whitespace() || ",}\"'".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_the_digest_of_this_plugin_and_nothing_else() {
        let (old, new) = (format!("sha256:{}", "0".repeat(64)), format!("sha256:{}", "a".repeat(64)));
        let of = |digest: &str| {
            format!(
                "# plugin: {{file: a.wasm, digest: \"{old}\"}}\n- plugin: {{file: ./p/a.wasm, digest: \"{digest}\"}} # why\r\n- plugin: {{file: aa.wasm, digest: \"{old}\"}}"
            )
        };
        assert_eq!(pinned(&of(&old), "a.wasm", &new), (of(&new), 1));
        assert_eq!(pinned("plugin: {file: a.wasm, digest: \"sha256:00\"}", "a.wasm", &new).1, 0);
    }
}

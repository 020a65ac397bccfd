//! What the page of a built-in plugin says of it: why, and of each rule when it is broken.

/// A page in Markdown.
pub struct Page<'p>(&'p str);

impl<'p> Page<'p> {
    /// The page with this text.
    pub fn of(text: &'p str) -> Self {
        Self(text)
    }

    /// Its second paragraph: after what the plugin is for stands why.
    pub fn why(&self) -> Option<String> {
        let mut paragraphs = self.0.split("\n\n").skip(1).map(|part| part.replace('\n', " "));
        paragraphs.nth(1).map(|text| without_links(text.trim()))
    }

    /// The ids of the rules, in the order of the page: the rows of the table below `## Findings`.
    pub fn rules(&self) -> Vec<&'p str> {
        let table = self.0.split_once("\n## Findings\n").map_or("", |(_, below)| below);
        let table = table.split_once("\n## ").map_or(table, |(own, _)| own);
        let id = |row: &'p str| Some(row.strip_prefix("| `")?.split_once("` |")?.0);
        table.lines().filter_map(id).collect()
    }

    /// When a rule is broken: `| rule | severity | when |`.
    pub fn when(&self, id: &str) -> Option<String> {
        let head = format!("| `{id}` |");
        let row = self.0.lines().find(|line| line.starts_with(&head))?;
        let mut cells = row.trim_matches('|').split(" | ").map(|cell| without_links(cell.trim()));
        cells.nth(2)
    }
}

/// Markdown's links as the words that they stand under.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let Some((_, left)) = after.split_once(')') else { break };
        match before.rsplit_once('[') {
            Some((front, words)) => out.push_str(&format!("{front}{words}")),
            None => out.push_str(before),
        }
        rest = left;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_why_and_when_of_every_built_in_plugin() {
        let page = Page::of(
            "# a\n\nSays what.\n\nBecause [of\nthis](x.md) and `that`.\n\n## Findings\n\n| Rule | Severity | When |\n| --- | --- | --- |\n| `b` | high | it is so |\n| `c` | low | x | do y |\n",
        );
        assert_eq!(page.why().as_deref(), Some("Because of this and `that`."));
        assert_eq!(page.when("b").as_deref(), Some("it is so"));
        assert_eq!(page.when("d"), None);
        assert_eq!(page.rules(), ["b", "c"]);
        for builtin in crate::builtins::BUILTINS {
            assert!(Page::of(builtin.page).why().is_some_and(|why| why.len() > 40), "{}", builtin.name);
        }
    }
}

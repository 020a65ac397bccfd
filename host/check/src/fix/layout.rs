//! Layout that means nothing: white space at the ends of lines and of the file, and line ends of two kinds.

use portcullis_model::{Document, Kind, NodeId, Span};

/// A text with its layout in order, and what was done to it, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tidied {
    pub(crate) text: String,
    pub(crate) done: Vec<String>,
}

/// Puts the layout in order as far as `same` finds the result to mean what it meant before; each kind by itself, so that one
/// that is refused (the last blank lines may belong to a text) does not keep back another.
pub(crate) fn tidy(text: &str, documents: &[Document], same: &dyn Fn(&str) -> bool) -> Tidied {
    let inside = texts_of_several_lines(text, documents);
    let mut tidied = Tidied { text: text.to_owned(), done: Vec::new() };
    // The first step needs the places of the text as it was read; the others look at the end and at line ends only.
    let (trimmed, lines) = without_trailing_blanks(text, &inside);
    tidied.keep(
        trimmed,
        || format!("white space at the end of {lines} line{}", if lines == 1 { "" } else { "s" }),
        same,
    );
    let ends = with_one_line_end(&tidied.text);
    tidied.keep(ends, || "line ends of two kinds".into(), same);
    let ended = with_one_line_break_at_the_end(&tidied.text);
    tidied.keep(ended, || "the end of the file".into(), same);
    tidied
}

impl Tidied {
    fn keep(&mut self, text: String, what: impl FnOnce() -> String, same: &dyn Fn(&str) -> bool) {
        if text != self.text && same(&text) {
            self.text = text;
            self.done.push(what());
        }
    }
}

/// The strings that go over several lines, with the blank lines after a block scalar, which may be its own.
fn texts_of_several_lines(text: &str, documents: &[Document]) -> Vec<Span> {
    let mut spans = Vec::new();
    for document in documents {
        for node in (1..=document.node_count()).map(NodeId) {
            let value = document.value_place(node).filter(|_| document.kind(node) == Kind::String);
            for Span { start, end } in value.into_iter().chain(document.key_place(node)).map(|place| place.span) {
                let own = text.get(start as usize..end as usize).unwrap_or_default();
                if !own.contains(['\n', '\r']) && !own.starts_with(['|', '>']) {
                    continue;
                }
                let rest = text.get(end as usize..).unwrap_or_default();
                let blank = if own.starts_with(['|', '>']) { rest.len() - rest.trim_start().len() } else { 0 };
                spans.push(Span::new(start as usize, end as usize + blank));
            }
        }
    }
    spans.sort_unstable();
    spans
}

/// The text without blanks and tabs at the ends of its lines, and of how many lines these were.
fn without_trailing_blanks(text: &str, inside: &[Span]) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let (mut start, mut lines) = (0, 0);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        let kept = bare.trim_end_matches([' ', '\t']);
        let (from, until) = (start + kept.len(), start + bare.len());
        start += line.len();
        if from == until || is_inside(inside, from, until) {
            out.push_str(line);
        } else {
            lines += 1;
            out.push_str(kept);
            out.push_str(&line[bare.len()..]);
        }
    }
    (out, lines)
}

/// Whether some of these bytes lie in one of the spans, which are sorted by their start.
fn is_inside(spans: &[Span], from: usize, until: usize) -> bool {
    // Aliases repeat spans and flow scalars may nest nowhere, so the last that begins before the end is the one to look at.
    let before = spans.partition_point(|span| (span.start as usize) < until);
    spans[..before].iter().next_back().is_some_and(|span| span.end as usize > from)
}

/// The text with the kind of line end that most lines have. Where a carriage return stands alone nobody knows what is meant.
fn with_one_line_end(text: &str) -> String {
    let both = text.matches("\r\n").count();
    let feeds = text.matches('\n').count();
    let lone = text.matches('\r').count() > both;
    if lone || both == 0 || both == feeds {
        return text.to_owned();
    }
    let plain = text.replace("\r\n", "\n");
    if both * 2 > feeds { plain.replace('\n', "\r\n") } else { plain }
}

fn with_one_line_break_at_the_end(text: &str) -> String {
    let bare = text.trim_end_matches(['\n', '\r', ' ', '\t']);
    if bare.is_empty() {
        return text.to_owned();
    }
    let tail = text[bare.len()..].trim_start_matches([' ', '\t']);
    // What ends the last line already stays, whatever ends the others.
    let kept = ["\r\n", "\n"].into_iter().find(|&kept| tail.starts_with(kept));
    let file = if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
    format!("{bare}{}", kept.unwrap_or(file))
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_yaml};
    use portcullis_model::Source;

    use super::*;
    use crate::fix::tree::Tree;

    fn read(text: &str) -> Vec<Document> {
        read_yaml(&Source::new("a.yaml", text), &ReadLimits::default()).expect("YAML")
    }

    fn tidied(text: &str) -> String {
        let documents = read(text);
        let trees = Tree::of_all(&documents);
        tidy(text, &documents, &|other| Tree::of_all(&read(other)) == trees).text
    }

    #[test]
    fn takes_away_only_what_means_nothing() {
        assert_eq!(tidied("a: 1 \nb:\t\n- 2 # x \t\n"), "a: 1\nb:\n- 2 # x\n");
        assert_eq!(tidied("a: 1"), "a: 1\n");
        assert_eq!(tidied("a: 1\n\n \n"), "a: 1\n");
        assert_eq!(tidied("a: 1\r\nb: 2\nc: 3\r\n"), "a: 1\r\nb: 2\r\nc: 3\r\n");
        assert_eq!(tidied("a: 1\r\nb: 2\nc: 3\n"), "a: 1\nb: 2\nc: 3\n");
        assert_eq!(tidied("a: 1\n---\nb: 2 \n---\n"), "a: 1\n---\nb: 2\n---\n");
    }

    #[test]
    fn leaves_texts_of_several_lines_alone() {
        for text in [
            "a: |\n  x  \n  y\t\nb: 1\n",
            "a: |+\n  x\n\n\n",
            "a: |\n  x\n     \n  y\n",
            "a: >-\n  x  \n  y\n",
            "a: \"x  \n  y\"\n",
            "a: x  \n  y\n",
            "a: 1\rb: 2\r\nc: 3\n",
        ] {
            assert_eq!(tidied(text), text, "{text:?}");
        }
        assert_eq!(tidied("a: |\n  x  \nb: 1  \n"), "a: |\n  x  \nb: 1\n");
        assert_eq!(tidied("a: |\n  x\n\n\n"), "a: |\n  x\n", "clipped, so the blank lines are nobody's");
    }

    #[test]
    fn finds_nothing_to_do_in_its_own_result() {
        for text in ["a: 1 \r\nb: 2\n\n", "a: |\n  x \n  \n", "# only \n", "- a\n-  \n", "a: 'x \n\n y' \n"] {
            let once = tidied(text);
            assert_eq!(tidied(&once), once, "{text:?}");
        }
    }
}

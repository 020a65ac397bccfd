//! Texts of several lines, and the characters that mean nothing to YAML.

/// A text after `|`.
pub(super) struct Literal {
    pub(super) text: String,
    /// After the last of its characters that is no blank.
    pub(super) finish: usize,
    /// Where the line after it begins.
    pub(super) next_line: usize,
}

/// Whether a text holds no character that the parser refuses, skips, or takes for the end of a line; but for `\n`, no tab or
/// other control character either.
pub(super) fn is_ordinary(text: &str) -> bool {
    // Without an early end, many bytes at once.
    let odd = text.bytes().fold(false, |odd, byte| odd | ((byte < b' ') & (byte != b'\n')) | (byte == 0x7f));
    let known = |c: char| matches!(c, '\0'..='\u{7e}' | '\u{a1}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{2070}'..='\u{2fff}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..);
    !odd && (text.is_ascii() || text.chars().all(known))
}

/// Reads the lines of a text after `|`, `|-` or `|+`, which stands at `at`; what is around it has its keys or dashes in column
/// `indent`. Nothing where the parser has to say how it is meant.
pub(super) fn literal(text: &str, at: usize, eol: usize, indent: usize) -> Option<Literal> {
    let bytes = text.as_bytes();
    let chomping = match &bytes[at + 1..eol] {
        [] => b' ',
        [sign @ (b'-' | b'+')] => *sign,
        _ => return None,
    };
    let inner = indentation(bytes, eol + 1).filter(|&inner| inner > indent)?;
    let (mut out, mut empty, mut next_line, mut last) = (String::new(), 0, eol + 1, eol);
    while next_line < bytes.len() {
        let line_end = super::line::end(bytes, next_line);
        let first = super::line::skip_blanks(bytes, next_line, line_end);
        if first == line_end && line_end - next_line <= inner {
            empty += 1;
        } else if first - next_line < inner {
            break;
        } else {
            out.extend(std::iter::repeat_n('\n', std::mem::take(&mut empty)));
            out.push_str(text.get(next_line + inner..line_end)?);
            out.push('\n');
            last = line_end;
        }
        next_line = line_end + 1;
    }
    match chomping {
        b'-' => drop(out.pop()),
        b'+' => out.extend(std::iter::repeat_n('\n', empty)),
        _ => {}
    }
    let finish = at + text.get(at..last)?.trim_end().len();
    Some(Literal { text: out, finish, next_line })
}

/// The column of the first line that is not blank; nothing where a blank line before it is longer, which the parser counts.
fn indentation(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut longest) = (start, 0);
    while at < bytes.len() {
        let eol = super::line::end(bytes, at);
        let first = super::line::skip_blanks(bytes, at, eol);
        if first < eol {
            return Some(first - at).filter(|&indent| longest <= indent);
        }
        longest = longest.max(eol - at);
        at = eol + 1;
    }
    None
}

//! Two versions of a text as a unified diff that `git apply` and `patch -p1` take.

use std::fmt::Write as _;

/// Lines around a change.
const CONTEXT: usize = 3;
/// More differing lines are one change from the first to the last.
const MAX_DIFFERENCES: usize = 2_000;

/// One side of a line of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Both(usize, usize),
    Old(usize),
    New(usize),
}

/// The diff of a file, and the lines of the old text (from 1) that it shows. Empty where both are the same.
pub(crate) fn unified(path: &str, old: &str, new: &str) -> (String, Vec<u32>) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let lines = compare(&old, &new);
    let (mut out, mut shown) = (String::new(), Vec::new());
    for hunk in hunks(&lines) {
        if out.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "--- {}\n+++ {}\n", name("a", path), name("b", path));
        }
        write_hunk(hunk, (&old, &new), &mut out);
        shown.extend(hunk.iter().filter_map(|line| match line {
            Line::Both(at, _) | Line::Old(at) => u32::try_from(*at + 1).ok(),
            Line::New(_) => None,
        }));
    }
    (out, shown)
}

/// Whether a text has line ends that only YAML takes for such: to a patch they are a part of the line.
pub(crate) fn has_lone_carriage_returns(text: &str) -> bool {
    text.split('\n').any(|line| line.strip_suffix('\r').unwrap_or(line).contains('\r'))
}

/// Whether a terminal or a CI log would show these lines as they are: a patch cannot be escaped and still be one.
pub(crate) fn is_harmless(patch: &str) -> bool {
    let obeyed = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{2028}' | '\u{2029}')
    };
    patch.split('\n').all(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let text = line.get(1..).unwrap_or_default().trim_start();
        !line.contains(obeyed) && !text.starts_with("::") && !line.contains("##")
    })
}

fn name(side: &str, path: &str) -> String {
    let path = format!("{side}/{}", path.trim_start_matches('/'));
    if !path.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        // A blank would end the name, were there no tab after it.
        return if path.contains(' ') { path + "\t" } else { path };
    }
    let mut out = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(byte.into());
            }
            0x20..=0x7e => out.push(byte.into()),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out + "\""
}

/// The changes with what stands around them; those that are near each other are one.
fn hunks(lines: &[Line]) -> Vec<&[Line]> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for at in (0..lines.len()).filter(|&at| !matches!(lines[at], Line::Both(..))) {
        let (from, until) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(lines.len()));
        match ranges.last_mut() {
            Some((_, end)) if *end >= from => *end = until,
            _ => ranges.push((from, until)),
        }
    }
    ranges.into_iter().map(|(from, until)| &lines[from..until]).collect()
}

fn write_hunk(hunk: &[Line], (old, new): (&[&str], &[&str]), out: &mut String) {
    let of_old = |line: &Line| match line {
        Line::Both(at, _) | Line::Old(at) => Some(*at),
        Line::New(_) => None,
    };
    let of_new = |line: &Line| match line {
        Line::Both(_, at) | Line::New(at) => Some(*at),
        Line::Old(_) => None,
    };
    let (olds, news): (Vec<usize>, Vec<usize>) =
        (hunk.iter().filter_map(of_old).collect(), hunk.iter().filter_map(of_new).collect());
    // Of an empty side the line before it is named.
    let start = |lines: &[usize]| lines.first().map_or(0, |first| first + 1);
    let _ = writeln!(out, "@@ -{},{} +{},{} @@", start(&olds), olds.len(), start(&news), news.len());
    for line in hunk {
        let (sign, text) = match line {
            Line::Both(at, _) => (' ', old[*at]),
            Line::Old(at) => ('-', old[*at]),
            Line::New(at) => ('+', new[*at]),
        };
        out.push(sign);
        out.push_str(text);
        if !text.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// The shortest way from one text to the other (E. Myers, An O(ND) Difference Algorithm, 1986), removals first.
fn compare(old: &[&str], new: &[&str]) -> Vec<Line> {
    let head = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(one, other)| one == other).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut lines: Vec<Line> = (0..head).map(|at| Line::Both(at, at)).collect();
    match middle(&old[head..old_end], &new[head..new_end]) {
        Some(middle) => lines.extend(middle.into_iter().map(|line| match line {
            Line::Both(one, other) => Line::Both(one + head, other + head),
            Line::Old(at) => Line::Old(at + head),
            Line::New(at) => Line::New(at + head),
        })),
        None => lines.extend((head..old_end).map(Line::Old).chain((head..new_end).map(Line::New))),
    }
    lines.extend((0..tail).map(|at| Line::Both(old_end + at, new_end + at)));
    lines
}

fn middle(old: &[&str], new: &[&str]) -> Option<Vec<Line>> {
    let most = (old.len() + new.len()).min(MAX_DIFFERENCES);
    // For each number of differences the furthest line of the old text on each diagonal, the lowest diagonal first.
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let reached = |rounds: &[Vec<usize>], round: usize, diagonal: isize| -> Option<usize> {
        let row = rounds.get(round)?;
        row.get(usize::try_from(diagonal + round as isize).ok()? / 2).copied()
    };
    let step = |rounds: &[Vec<usize>], round: usize, diagonal: isize| -> (usize, bool) {
        let Some(before) = round.checked_sub(1) else { return (0, false) };
        let inside = |diagonal: isize| diagonal.unsigned_abs() <= before;
        let down = reached(rounds, before, diagonal + 1).filter(|_| inside(diagonal + 1));
        let right = reached(rounds, before, diagonal - 1).filter(|_| inside(diagonal - 1)).map(|at| at + 1);
        match (down, right) {
            (Some(down), Some(right)) if down >= right => (down, true),
            (Some(down), None) => (down, true),
            (_, right) => (right.unwrap_or(0), false),
        }
    };
    for round in 0..=most {
        let mut row = Vec::with_capacity(round + 1);
        for diagonal in (0..=round).map(|at| 2 * at as isize - round as isize) {
            let (mut at, _) = step(&rounds, round, diagonal);
            let other = |at: usize| usize::try_from(at as isize - diagonal).ok();
            while let Some(one) = old.get(at)
                && other(at).and_then(|other| new.get(other)) == Some(one)
            {
                at += 1;
            }
            let arrived = at >= old.len() && other(at).is_some_and(|other| other >= new.len());
            row.push(at);
            if arrived {
                rounds.push(row);
                return Some(back(&rounds, old.len(), new.len(), step));
            }
        }
        rounds.push(row);
    }
    None
}

/// The way that the rounds found, from its end.
fn back(
    rounds: &[Vec<usize>],
    mut at: usize,
    mut other: usize,
    step: impl Fn(&[Vec<usize>], usize, isize) -> (usize, bool),
) -> Vec<Line> {
    let mut lines = Vec::new();
    for round in (0..rounds.len()).rev() {
        let diagonal = at as isize - other as isize;
        let (from, down) = step(rounds, round, diagonal);
        while at > from && other > 0 {
            (at, other) = (at - 1, other - 1);
            lines.push(Line::Both(at, other));
        }
        if round > 0 && down && other > 0 {
            other -= 1;
            lines.push(Line::New(other));
        } else if round > 0 && at > 0 {
            at -= 1;
            lines.push(Line::Old(at));
        }
    }
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(old: &[&str], lines: &[Line], new: &[&str]) -> (String, String) {
        let (mut one, mut other) = (String::new(), String::new());
        for line in lines {
            match *line {
                Line::Both(a, b) => {
                    assert_eq!(old[a], new[b]);
                    one.push_str(old[a]);
                    other.push_str(new[b]);
                }
                Line::Old(a) => one.push_str(old[a]),
                Line::New(b) => other.push_str(new[b]),
            }
        }
        (one, other)
    }

    #[test]
    fn finds_the_way_between_any_two_texts() {
        let mut seed = 7_u32;
        let mut next = |most: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % most
        };
        let words = ["a\n", "b\n", "c\n", "d\n"];
        for _ in 0..2000 {
            let mut text = || -> Vec<&str> { (0..next(9)).map(|_| words[next(4) as usize]).collect() };
            let (old, new) = (text(), text());
            let lines = compare(&old, &new);
            assert_eq!(applied(&old, &lines, &new), (old.concat(), new.concat()), "{old:?} {new:?}");
        }
    }

    #[test]
    fn writes_what_patch_reads() {
        let (patch, shown) = unified("a b.yaml", "1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
        assert_eq!(
            patch,
            "--- a/a b.yaml\t\n+++ b/a b.yaml\t\n@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n-9\n\\ No newline at end of file\n+9\n"
        );
        assert_eq!(shown, [2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(unified("x", "same\n", "same\n"), (String::new(), Vec::new()));
        assert!(unified("a\n\"b", "1\n", "2\n").0.starts_with("--- \"a/a\\012\\\"b\"\n"));
    }

    #[test]
    fn refuses_to_show_what_a_terminal_or_a_pipeline_would_obey() {
        assert!(is_harmless(" a: 1\r\n+\tb: :: # x\n"));
        for odd in [" \u{1b}[31m", "+a\u{202e}", "   ::error::x", " ##[error]", " a\rb\r"] {
            assert!(!is_harmless(odd), "{odd:?}");
        }
    }
}

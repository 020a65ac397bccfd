//! Small texts that several writers need.

use portcullis_report::plain;

/// `1 rule`, `2 rules`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Bytes as people read them, and exactly.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB ({bytes} bytes)", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB ({bytes} bytes)", bytes as f64 / 1_048_576.0),
    }
}

/// A text of a stranger, on one line and harmless, cut where it is long.
pub fn shown(text: &str, most: usize) -> String {
    let plain = plain(text);
    if plain.chars().count() <= most {
        return plain.into_owned();
    }
    plain.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Rows with their columns in line; the last column is as wide as it is.
pub fn table(rows: &[Vec<String>], indent: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| wide(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (at, cell) in row.iter().enumerate() {
            let gap = if at + 1 < row.len() { widths[at] - cell.chars().count() + 2 } else { 0 };
            line.push_str(cell);
            line.push_str(&" ".repeat(gap));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_columns_in_line_and_strangers_on_one() {
        let rows = [vec!["a".to_owned(), "bbb".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(table(&rows, "  "), "  a    bbb\n  ccc  d\n");
        assert_eq!(shown("a\n\u{1b}[31mb", 80), r"a\n\u{1b}[31mb");
        assert_eq!(shown("abcdef", 4), "abc…");
        assert_eq!(
            (size(1023), size(2048), count(1, "rule")),
            ("1023 bytes".into(), "2.0 KiB (2048 bytes)".into(), "1 rule".into())
        );
    }
}

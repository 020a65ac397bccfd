//! What is wrong with an expression, and where.

/// One complaint about an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The byte of the expression that it is about, from 0.
    pub at: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Complaint {
    /// A complaint about the place that begins at a byte.
    pub fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// Line and column, both from 1.
    pub fn line_and_column(&self, expression: &str) -> (usize, usize) {
        let before = expression.get(..self.at.min(expression.len())).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
    }

    /// With line and column, both from 1: `3:14: unknown name ..`; only the column where the expression has one line.
    pub fn shown(&self, expression: &str) -> String {
        let (line, column) = self.line_and_column(expression);
        if expression.trim_end().contains('\n') {
            format!("line {line}, column {column}: {}", self.message)
        } else {
            format!("column {column}: {}", self.message)
        }
    }
}

/// The known word that somebody most likely meant: at most a third of its letters away.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.map(|known| (distance(word, known), known)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, known)| *distance <= (known.len() / 3).max(1)).map(|(_, known)| known)
}

/// The key of a map that somebody most likely meant: of the shortest ones, any other would be near.
pub fn nearest_key<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    nearest(word, known.filter(|known| known.len() > 2)).filter(|_| word.len() > 2)
}

/// The longest word that is compared, in bytes.
const MOST_WORD: usize = 64;

/// Letters to change, add or remove; two neighbours that changed places are one slip; case does not count.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > MOST_WORD || other.len() > MOST_WORD {
        return usize::MAX;
    }
    let one: Vec<u8> = one.bytes().map(|b| b.to_ascii_lowercase()).collect();
    let other: Vec<u8> = other.bytes().map(|b| b.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let mut least = (above[column] + usize::from(a != b)).min(above[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *a == other[column - 1] && one[row - 1] == *b {
                least = least.min(before[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[other.len()]
}

//! "Did you mean".

/// Longest word that is compared with the known ones, in characters.
const LONGEST: usize = 64;

/// The known word nearest to what was written, where one is near enough to have been meant.
///
/// Case aside, at most a third of the letters (at most three) may be wrong, or one is the plural of the other.
pub fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    if written.chars().count() > LONGEST {
        return None;
    }
    let lower = written.to_lowercase();
    if let Some(word) = known.iter().find(|word| singular(&word.to_lowercase()) == singular(&lower)) {
        return Some(word);
    }
    let allowed = ((written.chars().count() + 1) / 3).min(3);
    let distances = known.iter().map(|&word| (distance(&lower, &word.to_lowercase()), word));
    distances.filter(|&(distance, _)| distance <= allowed).min_by_key(|&(distance, _)| distance).map(|(_, word)| word)
}

/// The known words in order of their distance from what was written, the nearest first; of two as near, the first by name.
pub fn by_distance<'k>(written: &str, known: &[&'k str]) -> Vec<&'k str> {
    let lower: String = written.chars().take(LONGEST).collect::<String>().to_lowercase();
    let mut words: Vec<_> = known.iter().map(|&word| (distance(&lower, &word.to_lowercase()), word)).collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(|(_, word)| word).collect()
}

/// `policy` of `policies`, `waiver` of `waivers`.
fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

/// How many letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let same = left[i - 1] == right[j - 1];
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + usize::from(!same));
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let known = ["policies", "mode", "failFast", "workloads"];
        assert_eq!(nearest("polices", &known), Some("policies"));
        assert_eq!(nearest("polciies", &known), Some("policies"), "two letters swapped");
        assert_eq!(nearest("failfast", &known), Some("failFast"));
        assert_eq!(nearest("mdoe", &known), Some("mode"));
        assert_eq!(nearest("policy", &known), Some("policies"), "one of several");
    }

    #[test]
    fn suggests_nothing_for_a_word_far_from_all() {
        assert_eq!(nearest("zebra", &["policies", "mode"]), None);
        assert_eq!(nearest(&"m".repeat(100_000), &["mode"]), None);
    }

    #[test]
    fn puts_the_nearest_word_first_however_far_it_is() {
        assert_eq!(
            by_distance("cpu-mising", &["memory-missing", "cpu-missing", "a", "cpu-max", "cpu-max"])[..2],
            ["cpu-missing", "cpu-max"]
        );
        assert_eq!(by_distance(&"x".repeat(100_000), &["b", "a"]), ["a", "b"]);
    }

    #[test]
    fn counts_a_swap_as_one_step() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn admits_as_many_wrong_letters_as_a_third_of_the_word_and_never_more_than_three() {
        for (written, known, meant) in [
            ("a", "b", false),
            ("ab", "ax", true),
            ("abcd", "abcx", true),
            ("abcd", "abxy", false),
            ("abcde", "abcxy", true),
            ("abcdefgh", "abcdexyz", true),
            ("abcdefghijkl", "abcdefgh", false),
            ("abcdefghijkl", "abcdefghi", true),
        ] {
            assert_eq!(nearest(written, &[known]).is_some(), meant, "{written} for {known}");
        }
        let longest = "m".repeat(LONGEST);
        assert_eq!(nearest(&longest, &[&longest]), Some(longest.as_str()));
        assert_eq!(nearest("waiver", &["ways", "waivers"]), Some("waivers"));
        assert_eq!(nearest("mode", &["made", "moda"]), Some("made"), "of two as near, the first");
    }
}

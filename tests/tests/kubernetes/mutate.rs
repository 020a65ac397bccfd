//! Small changes to texts.

use portcullis_support::Dice;

/// One of these.
pub fn pick<T: Copy>(dice: &mut Dice, of: &[T]) -> T {
    *dice.one(of)
}

/// A text with a few characters more, fewer or other ones.
pub fn characters(dice: &mut Dice, text: &str, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(2) {
        let at = dice.below(text.len() + 1);
        let new = pick(dice, &alphabet);
        match dice.below(3) {
            0 => text.insert(at, new),
            1 if at < text.len() => text[at] = new,
            _ if at < text.len() => drop(text.remove(at)),
            _ => {}
        }
    }
    text.into_iter().collect()
}

/// A text in which tokens stand, pieces are gone, stand twice or elsewhere.
pub fn text(dice: &mut Dice, text: &str, tokens: &[&str]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(text.len() + 1);
        let end = (at + 1 + {
            let most = pick(dice, &[1_usize, 4, 20]);
            dice.below(most)
        })
        .min(text.len());
        match dice.below(8) {
            0..=3 => {
                text.splice(at..at, pick(dice, tokens).chars());
            }
            4 | 5 => {
                text.drain(at.min(end)..end);
            }
            6 => {
                let piece: Vec<char> = text[at.min(end)..end].to_vec();
                let to = dice.below(text.len() + 1);
                text.splice(to..to, piece);
            }
            _ => {
                text.splice(at.min(end)..end, pick(dice, tokens).chars());
            }
        }
    }
    text.into_iter().collect()
}

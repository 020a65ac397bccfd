//! Sets of characters.

/// The greatest character.
const LAST: u32 = char::MAX as u32;

/// Characters that differ from their other case by more than ASCII does.
const FOLDED: [(char, char); 4] = [('k', '\u{212a}'), ('K', '\u{212a}'), ('s', '\u{17f}'), ('S', '\u{17f}')];

/// The widest range beyond ASCII whose other cases are looked up.
const MOST_FOLDED: u32 = 2_048;

/// The letter classes of Perl.
pub(crate) fn perl(letter: char) -> Option<Vec<(u32, u32)>> {
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    let set = ranges.iter().map(|(low, high)| (*low as u32, *high as u32)).collect();
    Some(if letter.is_ascii_uppercase() { without(set) } else { set })
}

/// The named classes of POSIX.
pub(crate) fn posix(name: &str) -> Option<Vec<(u32, u32)>> {
    let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    let ranges: &[(u8, u8)] = match name {
        "alnum" => &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')],
        "alpha" => &[(b'A', b'Z'), (b'a', b'z')],
        "ascii" => &[(0, 0x7f)],
        "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
        "cntrl" => &[(0, 0x1f), (0x7f, 0x7f)],
        "digit" => &[(b'0', b'9')],
        "graph" => &[(b'!', b'~')],
        "lower" => &[(b'a', b'z')],
        "print" => &[(b' ', b'~')],
        "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        "space" => &[(b'\t', b'\r'), (b' ', b' ')],
        "upper" => &[(b'A', b'Z')],
        "word" => &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')],
        "xdigit" => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
        _ => return None,
    };
    let set = ranges.iter().map(|(low, high)| (u32::from(*low), u32::from(*high))).collect();
    Some(if negated { without(set) } else { set })
}

/// Sorted, and joined where ranges touch.
pub(crate) fn sorted(mut set: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    set.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(set.len());
    for (low, high) in set {
        match joined.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => joined.push((low, high)),
        }
    }
    joined
}

/// All others.
pub(crate) fn without(set: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    let mut others = Vec::new();
    let mut next = 0;
    for (low, high) in sorted(set) {
        if low > next {
            others.push((next, low - 1));
        }
        next = high + 1;
    }
    if next <= LAST {
        others.push((next, LAST));
    }
    others
}

/// With the other cases of all of them.
pub(crate) fn folded(mut set: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    for (low, high) in set.clone() {
        for (ours, other, shift) in [(0x41, 0x5a, 32_i32), (0x61, 0x7a, -32)] {
            let (from, to) = (low.max(ours), high.min(other));
            if from <= to {
                set.push((from.wrapping_add_signed(shift), to.wrapping_add_signed(shift)));
            }
        }
        for (ascii, other) in FOLDED {
            let (ascii, other) = (ascii as u32, other as u32);
            if (low..=high).contains(&ascii) {
                set.push((other, other));
            }
            if (low..=high).contains(&other) {
                set.push((ascii, ascii));
            }
        }
        if high >= 0x80 && high - low.max(0x80) <= MOST_FOLDED {
            for c in (low.max(0x80)..=high).filter_map(char::from_u32) {
                let lower = c.to_lowercase().next().unwrap_or(c) as u32;
                let upper = c.to_uppercase().next().unwrap_or(c) as u32;
                set.extend([(lower, lower), (upper, upper)]);
            }
        }
    }
    set
}

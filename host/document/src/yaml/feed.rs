//! A text as the parser gets it: a little at a time, and with a stand-in for commas that it cannot take.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

/// The parser decodes what it is given at once into four bytes a character, so it is given this much at a time.
const BYTES_AT_A_TIME: usize = 4096;
/// What stands for a comma that go-yaml takes for a part of a tag: a character of tags to the parser too.
const COMMA_OF_A_TAG: &[u8] = b";";

/// Gives a text to the parser a little at a time, cut between characters, and a line break after it: kubectl adds one to
/// every line, and the parser panics where a block scalar has none.
pub(crate) struct Feed<'t> {
    rest: &'t str,
    ended: bool,
    at: usize,
    /// The offsets of commas that belong to tags.
    commas: Vec<usize>,
    step: usize,
    /// Told the offset up to which the text was taken.
    taken: Option<&'t Cell<usize>>,
}

impl<'t> Feed<'t> {
    pub(crate) fn new(text: &'t str, commas: &[usize]) -> Self {
        let commas = commas.to_vec();
        Self { rest: text, ended: text.ends_with('\n'), at: 0, commas, step: BYTES_AT_A_TIME, taken: None }
    }

    /// The same, one character at a time and counted: the parser takes no more than it looks at.
    pub(crate) fn counted(text: &'t str, commas: &[usize], taken: &'t Cell<usize>) -> Self {
        Self { step: 1, taken: Some(taken), ..Self::new(text, commas) }
    }
}

impl BufRead for Feed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() && !std::mem::replace(&mut self.ended, true) {
            self.rest = "\n";
        }
        let step = match self.commas.iter().find(|comma| **comma >= self.at) {
            Some(&comma) if comma == self.at => return Ok(COMMA_OF_A_TAG),
            Some(&comma) => self.step.min(comma - self.at),
            None => self.step,
        };
        Ok(&self.rest.as_bytes()[..self.rest.ceil_char_boundary(step)])
    }

    fn consume(&mut self, amount: usize) {
        self.rest = self.rest.get(amount..).unwrap_or_default();
        self.at += amount;
        if let Some(taken) = self.taken {
            taken.set(self.at);
        }
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Only ever asked for the three bytes of a byte-order mark, which is gone by then.
        let mut bytes = self.rest.as_bytes();
        let count = bytes.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

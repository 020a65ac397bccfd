//! Prepared settings as bytes: written once when a policy set is loaded, read without parsing for every review.
//!
//! Plain little-endian records, one after the other, without names. Only the plugin that wrote them reads them, within one
//! version, so that there is nothing to be compatible with.

use crate::amount::Quantity;

/// Something that can be kept between [`Policy::prepare`](crate::Policy::prepare) and
/// [`Policy::evaluate`](crate::Policy::evaluate): derive it with [`packed!`](crate::packed).
pub trait Packed<'a>: Sized {
    /// Appends it to the bytes.
    fn write(&self, bytes: &mut Vec<u8>);
    /// Reads what `write` wrote.
    fn read(bytes: &mut Reader<'a>) -> Self;
}

/// The bytes that are still to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next bytes.
    ///
    /// # Panics
    /// Where fewer are left: the host handed over something else than what the plugin prepared, which must not pass.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
}

macro_rules! packed_numbers {
    ($($number:ty),*) => { $(
        impl<'a> Packed<'a> for $number {
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &mut Reader<'a>) -> Self {
                let mut number = [0; size_of::<$number>()];
                number.copy_from_slice(bytes.take(size_of::<$number>()));
                <$number>::from_le_bytes(number)
            }
        }
    )* };
}
packed_numbers!(u8, u32, i64);

impl<'a> Packed<'a> for bool {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        u8::read(bytes) == 1
    }
}

impl<'a> Packed<'a> for &'a str {
    fn write(&self, bytes: &mut Vec<u8>) {
        (self.len() as u32).write(bytes);
        bytes.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        let length = u32::read(bytes) as usize;
        std::str::from_utf8(bytes.take(length)).expect("written by `write` from a text")
    }
}

impl<'a> Packed<'a> for String {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.as_str().write(bytes);
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        <&str>::read(bytes).to_owned()
    }
}

impl<'a> Packed<'a> for Quantity {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.whole.write(bytes);
        self.nanos.write(bytes);
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        Self { whole: i64::read(bytes), nanos: u32::read(bytes) }
    }
}

impl<'a, T: Packed<'a>> Packed<'a> for Option<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.is_some().write(bytes);
        if let Some(value) = self {
            value.write(bytes);
        }
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        bool::read(bytes).then(|| T::read(bytes))
    }
}

impl<'a, T: Packed<'a>> Packed<'a> for Vec<T> {
    fn write(&self, bytes: &mut Vec<u8>) {
        (self.len() as u32).write(bytes);
        self.iter().for_each(|item| item.write(bytes));
    }
    fn read(bytes: &mut Reader<'a>) -> Self {
        (0..u32::read(bytes)).map(|_| T::read(bytes)).collect()
    }
}

impl<'a> Packed<'a> for () {
    fn write(&self, _: &mut Vec<u8>) {}
    fn read(_: &mut Reader<'a>) -> Self {}
}

/// Declares a struct and makes it [`Packed`](crate::Packed), field by field. Texts that borrow from the prepared bytes
/// (`&'a str`) are read without a copy:
///
/// ```
/// use portcullis_sdk::{Packed, Reader};
///
/// portcullis_sdk::packed! {
///     /// What may be said.
///     #[derive(Debug, PartialEq)]
///     pub struct Words<'a> {
///         /// The longest word.
///         pub longest: u32,
///         /// Words that may not be said.
///         pub forbidden: Vec<&'a str>,
///     }
/// }
///
/// let words = Words { longest: 7, forbidden: vec!["latest"] };
/// let mut bytes = Vec::new();
/// words.write(&mut bytes);
/// assert_eq!(Words::read(&mut Reader::new(&bytes)), words);
/// ```
#[macro_export]
macro_rules! packed {
    ($(#[$about:meta])* $vis:vis struct $name:ident<$life:lifetime> {
        $($(#[$field_about:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$about])*
        $vis struct $name<$life> { $($(#[$field_about])* $field_vis $field: $type),* }

        impl<$life> $crate::Packed<$life> for $name<$life> {
            fn write(&self, bytes: &mut Vec<u8>) {
                $($crate::Packed::write(&self.$field, bytes);)*
            }
            fn read(bytes: &mut $crate::Reader<$life>) -> Self {
                Self { $($field: $crate::Packed::read(bytes)),* }
            }
        }
    };
    ($(#[$about:meta])* $vis:vis struct $name:ident {
        $($(#[$field_about:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$about])*
        $vis struct $name { $($(#[$field_about])* $field_vis $field: $type),* }

        impl<'a> $crate::Packed<'a> for $name {
            fn write(&self, bytes: &mut Vec<u8>) {
                $($crate::Packed::write(&self.$field, bytes);)*
            }
            fn read(bytes: &mut $crate::Reader<'a>) -> Self {
                Self { $($field: $crate::Packed::read(bytes)),* }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let mut bytes = Vec::new();
        let written = (vec![Some("a"), None, Some("ä")], Quantity { whole: -1, nanos: 5 }, true);
        written.0.write(&mut bytes);
        written.1.write(&mut bytes);
        written.2.write(&mut bytes);
        let mut reader = Reader::new(&bytes);
        let read = (Vec::read(&mut reader), Quantity::read(&mut reader), bool::read(&mut reader));
        assert_eq!(read, written);
        assert!(reader.0.is_empty());
    }
}

//! Counts what the types of a component hold, before anybody collects it: a declaration of three bytes costs a hundred.

use wasmparser::{BinaryReader, ComponentType, ComponentTypeDeclaration, CoreType, FromReader, ModuleTypeDeclaration};

use crate::error::Reason;
use crate::scan::{TYPE_DEPTH, invalid};

/// Told how many declarations, fields, cases or parameters come next; an error ends the count before they are read.
pub(crate) type Pay<'p> = dyn FnMut(u32) -> Result<(), Reason> + 'p;

/// The types of one section of component types, which stands at `at`.
pub(crate) fn component_types(section: &[u8], at: usize, depth: u64, pay: &mut Pay<'_>) -> Result<(), Reason> {
    let mut reader = BinaryReader::new(section, at);
    each(&mut reader, pay, |reader, pay| component_type(reader, depth, depth, pay))
}

/// The types of one section of core types, which stands at `at`.
pub(crate) fn core_types(section: &[u8], at: usize, pay: &mut Pay<'_>) -> Result<(), Reason> {
    let mut reader = BinaryReader::new(section, at);
    each(&mut reader, pay, core_type)
}

/// Recursive, and safely so: at most `most` deep.
fn component_type(reader: &mut BinaryReader<'_>, most: u64, left: u64, pay: &mut Pay<'_>) -> Result<(), Reason> {
    match peek(reader)? {
        // A component type, an instance type.
        0x41 | 0x42 => {
            let too_deep = Reason::Limit { limit: TYPE_DEPTH, most, found: most.saturating_add(1) };
            let left = left.checked_sub(1).ok_or(too_deep)?;
            skip::<Byte>(reader)?;
            each(reader, pay, |reader, pay| match peek(reader)? {
                0x00 => skip::<Byte>(reader).and_then(|()| core_type(reader, pay)),
                0x01 => skip::<Byte>(reader).and_then(|()| component_type(reader, most, left, pay)),
                // Aliases, imports and exports hold no list.
                _ => skip::<ComponentTypeDeclaration<'_>>(reader),
            })
        }
        // Functions, records, variants, tuples, flags and enums begin with how many they hold.
        0x40 | 0x43 | 0x72 | 0x71 | 0x6f | 0x6e | 0x6d => {
            pay_ahead(reader, pay).and_then(|()| skip::<ComponentType<'_>>(reader))
        }
        _ => skip::<ComponentType<'_>>(reader),
    }
}

fn core_type(reader: &mut BinaryReader<'_>, pay: &mut Pay<'_>) -> Result<(), Reason> {
    match peek(reader)? {
        // The type of a module.
        0x50 => {
            skip::<Byte>(reader)?;
            each(reader, pay, |reader, pay| {
                let mut ahead = reader.clone();
                if ahead.read_u8().map_err(invalid)? == 0x01 && peek(&ahead)? == GROUP {
                    pay_ahead(&ahead, pay)?;
                }
                skip::<ModuleTypeDeclaration<'_>>(reader)
            })
        }
        GROUP => pay_ahead(reader, pay).and_then(|()| skip::<CoreType<'_>>(reader)),
        _ => skip::<CoreType<'_>>(reader),
    }
}

/// Types that refer to each other, in one group.
const GROUP: u8 = 0x4e;

/// Reads how many come, has them paid, and reads each.
fn each<'a>(
    reader: &mut BinaryReader<'a>,
    pay: &mut Pay<'_>,
    read: impl Fn(&mut BinaryReader<'a>, &mut Pay<'_>) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let count = reader.read_var_u32().map_err(invalid)?;
    pay(count)?;
    (0..count).try_for_each(|_| read(reader, pay))
}

/// Has those paid that follow the first byte, and reads nothing.
fn pay_ahead(reader: &BinaryReader<'_>, pay: &mut Pay<'_>) -> Result<(), Reason> {
    let mut ahead = reader.clone();
    ahead.read_u8().map_err(invalid)?;
    pay(ahead.read_var_u32().map_err(invalid)?)
}

fn peek(reader: &BinaryReader<'_>) -> Result<u8, Reason> {
    reader.clone().read_u8().map_err(invalid)
}

/// One byte, as something that can be skipped.
struct Byte;

impl FromReader<'_> for Byte {
    fn from_reader(reader: &mut BinaryReader<'_>) -> wasmparser::Result<Self> {
        reader.read_u8().map(|_| Self)
    }
}

fn skip<'a, T: FromReader<'a>>(reader: &mut BinaryReader<'a>) -> Result<(), Reason> {
    reader.read::<T>().map(|_| ()).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many were paid before the count ended, and how it ended.
    fn paid(section: &[u8], core: bool) -> (u32, Result<(), String>) {
        let mut sum = 0;
        let mut pay = |count: u32| {
            sum += count;
            if sum > 1_000 { Err(Reason::Compile("enough".into())) } else { Ok(()) }
        };
        let end = match core {
            true => core_types(section, 0, &mut pay),
            false => component_types(section, 0, 20, &mut pay),
        };
        (sum, end.map_err(|reason| reason.to_string()))
    }

    #[test]
    fn counts_what_types_hold_inside_each_other_p39_p46() {
        // One instance type: two component types of nothing, a tuple of three, a module type of one function type.
        let mut section = vec![1, 0x42, 4, 1, 0x41, 0, 1, 0x41, 0, 1, 0x6f, 3, 0x7d, 0x7d, 0x7d];
        section.extend([0, 0x50, 1, 1, 0x60, 0, 0]);
        assert_eq!(paid(&section, false), (1 + 4 + 3 + 1, Ok(())));
        assert_eq!(paid(&[1, 0x50, 1, 1, 0x4e, 2, 0x60, 0, 0, 0x60, 0, 0], true), (1 + 1 + 2, Ok(())));
        assert!(paid(&[1, 0x42, 4, 1, 0x41, 0], false).1.is_err(), "it ends too early");
    }

    #[test]
    fn refuses_what_is_announced_before_it_is_read_p39_p46() {
        // 990,000 of each, of which not one follows.
        for kind in [0x41, 0x42, 0x72, 0x71, 0x6f, 0x6e, 0x6d, 0x40] {
            assert_eq!(
                paid(&[1, kind, 0xb0, 0xb6, 0x3c], false),
                (990_001, Err("could not be compiled: enough".into()))
            );
        }
        for section in [[1, 0x50, 0xb0, 0xb6, 0x3c].as_slice(), &[1, 0x4e, 0xb0, 0xb6, 0x3c]] {
            assert_eq!(paid(section, true).0, 990_001);
        }
        let deep = [[1].as_slice(), &[0x42, 1, 1].repeat(300)].concat();
        let (sum, end) = paid(&deep, false);
        assert_eq!((sum, end), (21, Err("is refused: 21 types inside each other, at most 20 are admitted".into())));
    }
}

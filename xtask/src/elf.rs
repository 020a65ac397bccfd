//! Looks into an executable: whether it needs a loader or a library.

use anyhow::{Context, Result, bail, ensure};

/// Names the loader of an executable (System V ABI, `p_type`).
const PT_INTERP: u32 = 3;
const PT_DYNAMIC: u32 = 2;
/// Names a library that must be loaded too (`d_tag`).
const DT_NEEDED: u64 = 1;

/// Refuses an executable that needs anything but the kernel. Only 64-bit, little-endian ELF is understood.
pub fn check_static(bytes: &[u8]) -> Result<()> {
    ensure!(bytes.get(..6) == Some(b"\x7fELF\x02\x01"), "it is no 64-bit, little-endian ELF file");
    let table = usize::try_from(number(bytes, 0x20, 8)?)?;
    let size = usize::try_from(number(bytes, 0x36, 2)?)?;
    let count = usize::try_from(number(bytes, 0x38, 2)?)?;
    ensure!(count > 0, "it has no program headers");
    for n in 0..count {
        let header = table.checked_add(n * size).context("a program header lies nowhere")?;
        let offset = usize::try_from(number(bytes, header + 8, 8)?)?;
        let length = usize::try_from(number(bytes, header + 32, 8)?)?;
        match u32::try_from(number(bytes, header, 4)?)? {
            PT_INTERP => {
                let name = bytes.get(offset..offset + length).unwrap_or_default();
                bail!("it asks for the loader {}", String::from_utf8_lossy(name).trim_end_matches('\0'));
            }
            PT_DYNAMIC => {
                for entry in (offset..offset + length).step_by(16) {
                    ensure!(number(bytes, entry, 8)? != DT_NEEDED, "it asks for a library");
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn number(bytes: &[u8], at: usize, length: usize) -> Result<u64> {
    let bytes = bytes.get(at..at.saturating_add(length)).context("it is cut off")?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_loaded_by_a_loader_and_what_is_no_executable() {
        let refusal = |bytes: &[u8]| check_static(bytes).map_or_else(|error| error.to_string(), |()| "none".to_owned());
        assert!(refusal(b"#!/bin/sh").starts_with("it is no 64-bit"));
        let mut header = vec![0; 64];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        header[0x20] = 64;
        header[0x36] = 56;
        header[0x38] = 1;
        assert_eq!(refusal(&header), "it is cut off");
        let mut program = vec![0; 56];
        program[0] = 1;
        assert_eq!(refusal(&[header.clone(), program.clone()].concat()), "none");
        program[0] = 3;
        program[8] = 120;
        program[32] = 3;
        assert_eq!(refusal(&[header, program, b"ld\0".to_vec()].concat()), "it asks for the loader ld");
    }
}

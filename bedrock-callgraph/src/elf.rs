//! Reads the calls in a linked binary: `invoke!` adds a section `.bedrock.invoke.<worker>` for each call that is reachable.

use std::collections::BTreeSet;

use object::{File, Object, ObjectSection};

const PREFIX: &str = ".bedrock.invoke.";

/// Returns the names of the workers that a binary calls. The processor does not matter. Fails if it is not an ELF file.
pub fn calls_in_binary(binary: &[u8]) -> Result<BTreeSet<String>, object::Error> {
    let file = File::parse(binary)?;
    // Names that are not UTF-8 are not those of workers.
    let names = file
        .sections()
        .filter_map(|section| section.name().ok().and_then(|name| name.strip_prefix(PREFIX)).map(str::to_owned));
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use object::write::Object;
    use object::{Architecture, BinaryFormat, Endianness, SectionKind};

    use super::calls_in_binary;

    fn elf(architecture: Architecture, endianness: Endianness, sections: &[&str]) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, architecture, endianness);
        for name in sections {
            object.add_section(Vec::new(), name.as_bytes().to_vec(), SectionKind::Data);
        }
        object.write().expect("an ELF file")
    }

    #[test]
    fn call_sections_are_read_for_every_processor() {
        let sections =
            [".text.x", ".bedrock.invoke.resizer", ".bedrock.invoke.a", ".bedrock.other", ".bedrock.invoke.a"];
        for (architecture, endianness) in [
            (Architecture::X86_64, Endianness::Little),
            (Architecture::Aarch64, Endianness::Little),
            (Architecture::Arm, Endianness::Little),
            (Architecture::PowerPc64, Endianness::Big),
        ] {
            let binary = elf(architecture, endianness, &sections);
            let edges: Vec<String> = calls_in_binary(&binary).expect("readable").into_iter().collect();
            assert_eq!(edges, ["a", "resizer"], "{architecture:?}");
        }
    }

    #[test]
    fn binary_without_calls_has_no_edges() {
        assert!(calls_in_binary(&elf(Architecture::X86_64, Endianness::Little, &[])).expect("readable").is_empty());
    }

    #[test]
    fn files_other_than_elf_are_rejected() {
        let whole = elf(Architecture::X86_64, Endianness::Little, &[".bedrock.invoke.a"]);
        for binary in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &whole[..40], &[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]] {
            assert!(calls_in_binary(binary).is_err(), "{binary:?}");
        }
    }
}

//! Reads the headers of a binary: its processor, its operating system and the libraries that it needs.

use std::fmt;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionTable};
use object::{Endianness, FileKind, ReadRef};

use bedrock_build::Architecture;

/// A file that is executed or loaded as machine code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binary {
    Elf(Elf),
    MacOs,
    Windows,
}

/// A program or library for Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elf {
    pub machine: Machine,
    /// The newest `GLIBC_x.y` version that it requires.
    pub glibc: Option<Version>,
    /// The newest `GLIBCXX_x.y.z` version that it requires. Not checked.
    pub glibcxx: Option<Version>,
    /// The names of the libraries that the loader loads with it.
    pub needed: Vec<String>,
    /// The name that other binaries refer to it by.
    pub soname: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    Known(Architecture),
    /// A 32-bit processor, or one that Lambda does not offer.
    Other(&'static str),
}

/// A version of two or three numbers, as in `GLIBC_2.34` and `GLIBCXX_3.4.29`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

/// Identifies a program or library. Returns `None` for all other files, including object files and core dumps.
pub(crate) fn inspect<'d, R: ReadRef<'d>>(file: R) -> object::read::Result<Option<Binary>> {
    let binary = match FileKind::parse(file) {
        Ok(FileKind::Elf64) => elf::<FileHeader64<Endianness>, R>(file)?.map(Binary::Elf),
        Ok(FileKind::Elf32) => elf::<FileHeader32<Endianness>, R>(file)?.map(Binary::Elf),
        Ok(FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32 | FileKind::MachOFat64) => Some(Binary::MacOs),
        Ok(FileKind::Pe32 | FileKind::Pe64) => Some(Binary::Windows),
        // Files that are too short for any format are an error here.
        Ok(_) | Err(_) => None,
    };
    Ok(binary)
}

fn elf<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(file: R) -> object::read::Result<Option<Elf>> {
    let header = H::parse(file)?;
    let endian = header.endian()?;
    if !matches!(header.e_type(endian), elf::ET_DYN | elf::ET_EXEC) {
        return Ok(None);
    }
    let mut found =
        Elf { machine: machine(header, endian), glibc: None, glibcxx: None, needed: Vec::new(), soname: None };
    let sections = header.sections(endian, file)?;
    let dynamic = sections.dynamic_table(endian, file)?;
    for entry in &dynamic {
        let text = || dynamic.string(entry).map(|text| String::from_utf8_lossy(text).into_owned());
        match entry.tag {
            elf::DT_NEEDED => found.needed.push(text()?),
            elf::DT_SONAME => found.soname = Some(text()?),
            _ => {}
        }
    }
    read_versions::<H, R>(&sections, endian, file, &mut found)?;
    Ok(Some(found))
}

/// Reads the newest versions of glibc and libstdc++ that symbols are imported from.
fn read_versions<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(
    sections: &SectionTable<'d, H, R>,
    endian: Endianness,
    file: R,
    found: &mut Elf,
) -> object::read::Result<()> {
    let Some((needs, strings)) = sections.gnu_verneed(endian, file)? else { return Ok(()) };
    let strings = sections.strings(endian, file, strings)?;
    for need in needs {
        for version in need?.1 {
            let version = version?;
            // The loader ignores missing versions that are required weakly.
            if version.vna_flags.get(endian).0 & elf::VER_FLG_WEAK.0 != 0 {
                continue;
            }
            let name = String::from_utf8_lossy(version.name(endian, strings)?);
            found.glibc = found.glibc.max(glibc_version(&name));
            found.glibcxx = found.glibcxx.max(name.strip_prefix("GLIBCXX_").and_then(Version::parse));
        }
    }
    Ok(())
}

fn glibc_version(name: &str) -> Option<Version> {
    match name {
        // Not a version number: marks a kind of relocation that loaders support since 2.36.
        "GLIBC_ABI_DT_RELR" => Some(Version(2, 36, 0)),
        _ => name.strip_prefix("GLIBC_").and_then(Version::parse),
    }
}

fn machine<H: FileHeader<Endian = Endianness>>(header: &H, endian: Endianness) -> Machine {
    match (header.e_machine(endian), header.is_class_64(), endian) {
        (elf::EM_X86_64, true, Endianness::Little) => Machine::Known(Architecture::X86_64),
        (elf::EM_AARCH64, true, Endianness::Little) => Machine::Known(Architecture::Arm64),
        (elf::EM_386, ..) => Machine::Other("i686"),
        (elf::EM_ARM, ..) => Machine::Other("arm with 32 bits"),
        (elf::EM_RISCV, ..) => Machine::Other("riscv"),
        (elf::EM_PPC64, ..) => Machine::Other("ppc64"),
        (elf::EM_S390, ..) => Machine::Other("s390x"),
        _ => Machine::Other("another processor"),
    }
}

impl Version {
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let major = numbers.next()??;
        let minor = numbers.next()??;
        let patch = numbers.next().unwrap_or(Some(0))?;
        numbers.next().is_none().then_some(Self(major, minor, patch))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        if *patch == 0 { write!(f, "{major}.{minor}") } else { write!(f, "{major}.{minor}.{patch}") }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(architecture) => f.write_str(architecture.machine()),
            Self::Other(name) => f.write_str(name),
        }
    }
}

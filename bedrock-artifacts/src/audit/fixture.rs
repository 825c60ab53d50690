//! Binaries for tests: the headers of a program or library, without code.

/// The headers of an ELF file.
#[derive(Clone)]
pub(super) struct Elf {
    pub(super) machine: u16,
    /// 3 is a library, 1 an object file.
    pub(super) kind: u16,
    pub(super) needed: Vec<&'static str>,
    pub(super) soname: Option<&'static str>,
    /// Versions of `libc.so.6` and whether they are needed weakly.
    pub(super) versions: Vec<(&'static str, bool)>,
}

pub(super) const X86_64: u16 = 62;
pub(super) const AARCH64: u16 = 183;
pub(super) const ARM: u16 = 40;

/// A library for x86_64 that needs no more than libc.
pub(super) fn library() -> Elf {
    Elf { machine: X86_64, kind: 3, needed: vec!["libc.so.6"], soname: None, versions: vec![("GLIBC_2.17", false)] }
}

impl Elf {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0];
        let mut string = |text: &str| {
            let at = strings.len() as u64;
            strings.extend(text.bytes().chain([0]));
            at
        };
        let needed = self.needed.iter().map(|name| (1, string(name))).collect::<Vec<(u64, u64)>>();
        let soname = self.soname.map(|name| (14, string(name)));
        let dynamic = needed.into_iter().chain(soname).chain([(0, 0)]);
        let dynamic: Vec<u8> = dynamic.flat_map(|(tag, value)| [tag, value]).flat_map(u64::to_le_bytes).collect();
        let libc = string("libc.so.6");
        let names: Vec<u64> = self.versions.iter().map(|(name, _)| string(name)).collect();
        let versions = if self.versions.is_empty() { Vec::new() } else { self.versions(libc, &names) };
        // STRTAB, DYNAMIC and GNU_VERNEED; the two latter have their texts in the first.
        let sections = [(3, strings, 0, 0), (6, dynamic, 1, 16), (0x6fff_fffe, versions, 1, 0)];
        let mut contents = Vec::new();
        let mut headers = vec![0; 64];
        for (kind, content, link, entry) in sections {
            headers.extend(section(kind, 64 + contents.len() as u64, content.len() as u64, link, entry));
            contents.extend(content);
            contents.resize(contents.len().next_multiple_of(8), 0);
        }
        [self.header(64 + contents.len() as u64), contents, headers].concat()
    }

    fn header(&self, sections: u64) -> Vec<u8> {
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(16, 0);
        header.extend([self.kind, self.machine].into_iter().flat_map(u16::to_le_bytes));
        header.extend(1_u32.to_le_bytes());
        header.extend([0, 0, sections].into_iter().flat_map(u64::to_le_bytes));
        header.extend(0_u32.to_le_bytes());
        header.extend([64_u16, 56, 0, 64, 4, 1].into_iter().flat_map(u16::to_le_bytes));
        header
    }

    /// One `Verneed` with all versions.
    fn versions(&self, libc: u64, names: &[u64]) -> Vec<u8> {
        let count = self.versions.len();
        let mut bytes: Vec<u8> = [1, narrowed(count)].into_iter().flat_map(u16::to_le_bytes).collect();
        bytes.extend([narrowed(libc), 16, 0].into_iter().flat_map(u32::to_le_bytes));
        for (at, ((_, is_weak), name)) in self.versions.iter().zip(names).enumerate() {
            bytes.extend(0_u32.to_le_bytes());
            bytes.extend([if *is_weak { 2_u16 } else { 0 }, 2].into_iter().flat_map(u16::to_le_bytes));
            let next = if at + 1 == count { 0 } else { 16 };
            bytes.extend([narrowed(*name), next].into_iter().flat_map(u32::to_le_bytes));
        }
        bytes
    }
}

fn narrowed<T: TryFrom<N>, N>(number: N) -> T {
    T::try_from(number).ok().expect("a small number")
}

fn section(kind: u32, offset: u64, size: u64, link: u32, entry: u64) -> Vec<u8> {
    let mut header: Vec<u8> = [0, kind].into_iter().flat_map(u32::to_le_bytes).collect();
    header.extend([0, 0, offset, size].into_iter().flat_map(u64::to_le_bytes));
    header.extend([link, 1].into_iter().flat_map(u32::to_le_bytes));
    header.extend([8, entry].into_iter().flat_map(u64::to_le_bytes));
    header
}

/// A Mach-O file for arm64.
pub(super) fn macos() -> Vec<u8> {
    let numbers = [0xfeed_facf_u32, 0x0100_000c, 0, 8, 0, 0, 0, 0];
    numbers.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// A PE file for x64.
pub(super) fn windows() -> Vec<u8> {
    let mut bytes = vec![0; 64 + 24 + 240];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60] = 64;
    bytes[64..68].copy_from_slice(b"PE\0\0");
    bytes[68..70].copy_from_slice(&0x8664_u16.to_le_bytes());
    bytes[88..90].copy_from_slice(&0x020b_u16.to_le_bytes());
    bytes
}

//! Zip files are reproducible, contain exactly the entries, and are written completely or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Strategy, any, proptest};
use tempfile::TempDir;
use zip::{DateTime, ZipArchive};

use super::*;
use crate::Source;
use crate::content_digest;
use crate::test_render::render_error;
use bedrock_diagnostics::ExitKind;

fn temp_dir() -> TempDir {
    TempDir::new().expect("room")
}

/// Returns bytes that cannot be compressed, the same in each call.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

fn entries() -> Vec<Entry> {
    let script = "console.log('so many words, and most of them more than once');\n".repeat(100);
    vec![
        Entry::bytes("z/last.js", script.clone()),
        Entry::bytes("bootstrap", noise(10_000)).executable(),
        Entry::bytes("a.js", script),
        Entry::bytes("empty", ""),
        Entry::bytes("tiny", "x"),
        Entry::bytes("ä/ö.txt", "umlauts"),
    ]
}

fn packed(entries: Vec<Entry>, threads: usize) -> (PackedZip, Vec<u8>) {
    packed_in_batches(entries, threads, BATCH_BYTES)
}

fn packed_in_batches(entries: Vec<Entry>, threads: usize, batch: u64) -> (PackedZip, Vec<u8>) {
    let temp_dir = temp_dir();
    let path = temp_dir.path().join("x.zip");
    let effort = CompressionOptions { threads: NonZero::new(threads).expect("threads"), batch };
    let packed = pack_with(entries, &path, temp_dir.path(), effort).expect("packed");
    (packed, fs::read(path).expect("zip"))
}

#[test]
fn zip_bytes_ignore_entry_order_threads_and_batches() {
    let many = || (0..300).map(|n| Entry::bytes(format!("{n}.js"), format!("let x = {n};").repeat(n))).chain(entries());
    let (once, bytes) = packed(many().collect(), 1);
    assert_eq!(once.sha256, Digest::of(&bytes));
    for threads in [2, 8] {
        assert_eq!(packed(many().collect(), threads).0, once, "{threads} threads");
    }
    for batch in [0, 1_000, 100_000] {
        assert_eq!(packed_in_batches(many().collect(), 2, batch).0, once, "batches of {batch} bytes");
    }
    let mut backwards: Vec<Entry> = many().collect();
    backwards.reverse();
    assert_eq!(packed(backwards, 3).0, once);
}

#[test]
fn zip_has_digests_and_no_metadata_of_this_machine() {
    let (packed, bytes) = packed(entries(), 2);
    assert_eq!(packed.bytes, bytes.len() as u64);
    assert_eq!(packed.sha256, Digest::of(&bytes));
    assert_eq!(packed.content_sha256, content_digest(&entries(), Path::new("/")).expect("digest"));
    assert_eq!(packed.unzipped_bytes, 2 * 6_300 + 10_000 + 1 + 7);
    let mut zip = ZipArchive::new(Cursor::new(&bytes)).expect("zip");
    let rendered: Vec<String> = (0..zip.len())
        .map(|at| {
            let file = zip.by_index(at).expect("file");
            assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
            assert_eq!(file.extra_data().unwrap_or_default(), [0; 0]);
            let mode = file.unix_mode().expect("unix");
            format!("{mode:o} {} {} {}", file.compression(), file.size(), file.name().expect("UTF-8"))
        })
        .collect();
    insta::assert_snapshot!(rendered.join("\n"), @r"
    100644 Deflated 6300 a.js
    100755 Stored 10000 bootstrap
    100644 Stored 0 empty
    100644 Stored 1 tiny
    100644 Deflated 6300 z/last.js
    100644 Stored 7 ä/ö.txt
    ");
}

#[test]
fn zip_has_fixed_time_and_no_folders_or_comments() {
    let (_, bytes) = packed(vec![Entry::bytes("a/b", "x")], 1);
    // One local header, the name, the byte, one central header, the name, the end.
    assert_eq!(bytes.len(), 30 + 3 + 1 + 46 + 3 + 22);
    // 1980-01-01, 00:00:00.
    assert_eq!(bytes[10..14], [0, 0, 0x21, 0]);
}

#[test]
fn large_file_is_packed_completely() {
    let temp_dir = temp_dir();
    let content = [noise(3_000_000), vec![b'x'; 3_000_000]].concat();
    fs::write(temp_dir.path().join("large"), &content).expect("file");
    let (file, bytes) = packed(vec![Entry::file("large", temp_dir.path().join("large"))], 2);
    assert_eq!(file.unzipped_bytes, 6_000_000);
    assert_eq!(unpacked(&bytes)["large"], (content.clone(), false));
    let digest = content_digest(&[Entry::bytes("large", content)], temp_dir.path()).expect("digest");
    assert_eq!(file.content_sha256, digest);
}

#[test]
fn batch_has_at_least_one_entry_and_ends_when_full() {
    let lengths = |full| {
        let entries = [0, 3, 1, 9, 1].map(|length| Entry::bytes("x", vec![0; length]));
        batches(&entries, full).map(<[Entry]>::len).collect::<Vec<_>>()
    };
    assert_eq!(lengths(u64::MAX), [5]);
    assert_eq!(lengths(4), [3, 1, 1]);
    assert_eq!(lengths(1), [2, 1, 1, 1]);
    assert_eq!(lengths(0), [1, 1, 1, 1, 1]);
    assert_eq!(batches(&[], 1).count(), 0);
}

#[test]
fn zip_without_entries_is_valid() {
    let (packed, bytes) = packed(Vec::new(), 2);
    assert_eq!((packed.bytes, packed.unzipped_bytes), (22, 0));
    assert_eq!(unpacked(&bytes).len(), 0);
}

#[test]
fn zip_replaces_the_old_one_without_temporary_files() {
    let temp_dir = temp_dir();
    let path = temp_dir.path().join("target/bedrock/x.zip");
    pack(vec![Entry::bytes("a", "old")], &path, temp_dir.path()).expect("first");
    pack(vec![Entry::bytes("a", "new")], &path, temp_dir.path()).expect("second");
    assert_eq!(unpacked(&fs::read(&path).expect("zip"))["a"].0, b"new");
    assert_eq!(names_in(path.parent().expect("folder")), ["x.zip"]);
    assert_eq!(fs::metadata(&path).expect("zip").permissions().mode() & 0o600, 0o600);
}

#[test]
fn failed_pack_keeps_the_old_zip() {
    let temp_dir = temp_dir();
    let path = temp_dir.path().join("x.zip");
    pack(vec![Entry::bytes("a", "old")], &path, temp_dir.path()).expect("first");
    let before = fs::read(&path).expect("zip");
    let entries = vec![Entry::bytes("a", noise(100_000)), Entry::file("b", temp_dir.path().join("gone.py"))];
    let error = pack(entries, &path, temp_dir.path()).expect_err("gone");
    insta::assert_snapshot!(render_error(&error), @r"
    error: failed to read `gone.py`
      caused by: no such file or directory
    ");
    assert_eq!(fs::read(&path).expect("zip"), before);
    assert_eq!(names_in(temp_dir.path()), ["x.zip"]);
}

#[test]
fn unwritable_path_is_named() {
    let temp_dir = temp_dir();
    fs::write(temp_dir.path().join("file"), "").expect("file");
    let error = pack(entries(), &temp_dir.path().join("file/x.zip"), temp_dir.path()).expect_err("no folder");
    insta::assert_snapshot!(render_error(&error), @r"
    error: failed to create the folder `file`
      caused by: file exists
    ");
    fs::create_dir_all(temp_dir.path().join("folder.zip/inside")).expect("folder");
    let error = pack(entries(), &temp_dir.path().join("folder.zip"), temp_dir.path()).expect_err("a folder");
    insta::assert_snapshot!(render_error(&error), @r"
    error: failed to write `folder.zip`
      caused by: is a directory
    ");
    assert_eq!(names_in(temp_dir.path()), ["file", "folder.zip"]);
}

/// A disk with `free` bytes of space.
struct Disk {
    free: usize,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.free {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        self.free -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn full_disk_is_reported_with_the_path_of_the_zip() {
    let entries: Vec<Entry> = (0..50).map(|n| Entry::bytes(format!("{n}"), noise(1_000))).collect();
    let path = Path::new("/app/target/bedrock/x.zip");
    for free in [0, 10_000, 50_000, 53_000] {
        let failed = |error: &io::Error| unwritable(path, Path::new("/app"), error);
        let effort = CompressionOptions { threads: NonZero::new(2).expect("threads"), batch: 20_000 };
        let error = write(&entries, Disk { free }, effort, Path::new("/app"), &failed).expect_err("full");
        assert_eq!(error.kind, ExitKind::Call);
        insta::allow_duplicates! {
            insta::assert_snapshot!(render_error(&error), @r"
            error: failed to write `target/bedrock/x.zip`
              caused by: no space left on device
            ");
        }
    }
}

#[test]
fn unportable_entries_are_refused_together() {
    let temp_dir = temp_dir();
    let entries = ["main.py", "main.py", "../x", "/etc/x", "Main.py"].map(|path| Entry::bytes(path, "x")).to_vec();
    let error = pack(entries, &temp_dir.path().join("x.zip"), temp_dir.path()).expect_err("odd");
    insta::assert_snapshot!(render_error(&error), @r"
    error: failed to pack `x.zip`
      caused by: `../x` leaves the artifact
      caused by: `/etc/x` is absolute
      caused by: there are two files for `main.py`
    ");
    assert_eq!(names_in(temp_dir.path()), [""; 0]);
}

fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.expect("entry").file_name().into_string().expect("UTF-8");
    let mut names: Vec<String> = fs::read_dir(folder).expect("folder").map(name).collect();
    names.sort();
    names
}

/// Returns bytes and executable bit of each file in a zip, by its path.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, (Vec<u8>, bool)> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("zip");
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).expect("file");
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("content");
            (file.name().expect("UTF-8").into_owned(), (content, file.unix_mode() == Some(0o100_755)))
        })
        .collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn unpacked_entries_equal_packed_entries(
        files in btree_map("[a-z0-9]{1,3}\\.[a-z]{1,2}(/)?[a-z]?".prop_map(|path| path.trim_end_matches('/').to_owned()),
            (vec(any::<u8>(), 0..2_000), any::<bool>()), 0..12),
        threads in 1_usize..5,
    ) {
        let entry = |(path, (bytes, executable)): (&String, &(Vec<u8>, bool))| Entry {
            executable: *executable,
            ..Entry::bytes(path.clone(), bytes.clone())
        };
        let (_, bytes) = packed(files.iter().map(entry).collect(), threads);
        assert_eq!(unpacked(&bytes), files);
    }
}

#[test]
fn files_on_disk_and_bytes_are_packed_identically() {
    let temp_dir = temp_dir();
    let on_disk = |entry: Entry| {
        let Source::Bytes(bytes) = &entry.source else { return entry };
        let path: PathBuf = temp_dir.path().join(Digest::of(entry.path.as_bytes()).to_string());
        fs::write(&path, bytes).expect("file");
        Entry { source: Source::File(path), ..entry }
    };
    assert_eq!(packed(entries().into_iter().map(on_disk).collect(), 2), packed(entries(), 2));
}

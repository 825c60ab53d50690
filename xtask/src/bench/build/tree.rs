//! A folder like a `node_modules` of 30 MB: 3,000 files of code and 20 bundles, the same in each run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const FILES: usize = 3_000;
const BUNDLES: usize = 20;
const KEYWORDS: &str = "const let return function export import require module default async await promise this value key \
                        index length prototype object array string number undefined null true false error throw new class \
                        extends super static get set options config callback handler event listener stream buffer path";
const PUNCTUATION: [&str; 14] =
    ["(", ")", " {\n  ", ";\n", " = ", ".", ", ", "}\n", " => ", "[", "]", " ", "'", "\n  // "];

/// Writes the tree and returns its size in bytes.
pub(super) fn write(root: &Path) -> Result<usize> {
    let mut rng = Rng(7);
    let mut words: Vec<String> = KEYWORDS.split_whitespace().map(str::to_owned).collect();
    words.extend((0..3_000).map(|_| rng.word()));
    let mut bytes = 0;
    for number in 0..FILES {
        let folder = if number % 20 > 4 { "lib" } else { "src" };
        let path = root.join(format!("pkg{:03}/{folder}/f{number}.js", number / 20));
        let length = 2_000 + rng.below(11_000);
        bytes += write_file(&path, &rng.text(&words, length))?;
    }
    for number in 0..BUNDLES {
        bytes += write_file(&root.join(format!("pkg{number:03}/bundle.js")), &rng.text(&words, 520_000))?;
    }
    Ok(bytes)
}

fn write_file(path: &Path, text: &str) -> Result<usize> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).with_context(|| format!("failed to create {}", parent.display()))?;
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(text.len())
}

/// A generator of pseudorandom numbers (xorshift64*, Marsaglia and Vigna).
#[derive(Debug)]
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap_or_default() % end
    }

    fn word(&mut self) -> String {
        let length = 3 + self.below(9);
        (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz"[self.below(26)])).collect()
    }

    fn text(&mut self, words: &[String], length: usize) -> String {
        let mut text = String::with_capacity(length + 32);
        while text.len() < length {
            text.push_str(&words[self.below(words.len())]);
            text.push_str(PUNCTUATION[self.below(PUNCTUATION.len())]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_has_thirty_megabytes_and_is_reproducible() {
        let dir = tempfile::tempdir().expect("a folder");
        let bytes = write(dir.path()).expect("a tree");
        assert!((29_000_000..36_000_000).contains(&bytes), "{bytes}");
        let file = dir.path().join("pkg149/lib/f2999.js");
        let first = fs::read(&file).expect("a file");
        write(dir.path()).expect("a tree");
        assert_eq!(fs::read(&file).expect("a file"), first);
    }
}

//! Caches the output of `cargo metadata` next to the artifacts: running it takes a fifth of a build without changes. The
//! cache is valid while nothing has changed that cargo reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};
use serde::{Deserialize, Serialize};

use crate::replace_file::replace_file;
use bedrock_artifacts::Digest;

const FILE: &str = "cargo-metadata.json";
/// Files in the app's folder and in each one above it by which cargo finds the workspace and its settings.
const CONFIG_FILES: [&str; 3] = ["Cargo.toml", ".cargo/config", ".cargo/config.toml"];
/// Variables that cargo looks at.
const VARIABLES: [&str; 5] = ["CARGO", "CARGO_BUILD_TARGET_DIR", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN"];

#[derive(Serialize, Deserialize)]
struct CachedMetadata {
    /// What cargo read, by its name, as a digest; empty for what is not there.
    read: BTreeMap<String, String>,
    /// What it printed.
    said: String,
}

/// What cargo said of the app in `root` the last time; nothing if it might say something else now.
pub(super) fn load_cached_metadata(root: &Path) -> Option<Metadata> {
    let text = fs::read_to_string(path(root)).ok()?;
    let CachedMetadata { read, said } = serde_json::from_str(&text).ok()?;
    let metadata = MetadataCommand::parse(said).ok()?;
    (read == read_for(root, &metadata)).then_some(metadata)
}

/// For the next build. One that cannot be helped like this takes a moment longer.
pub(super) fn store_metadata(root: &Path, metadata: &Metadata) {
    let Ok(said) = serde_json::to_string(metadata) else { return };
    let cached = CachedMetadata { read: read_for(root, metadata), said };
    if let Ok(text) = serde_json::to_string(&cached) {
        let _ = replace_file(&path(root), &text);
    }
}

fn path(root: &Path) -> PathBuf {
    root.join("target/bedrock").join(FILE)
}

/// All that `cargo metadata --no-deps` reads in an app's folder and workspace.
fn read_for(root: &Path, metadata: &Metadata) -> BTreeMap<String, String> {
    let above = root.ancestors().flat_map(|folder| CONFIG_FILES.map(|name| folder.join(name)));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let settings = home.into_iter().flat_map(|home| ["config", "config.toml"].map(|name| home.join(name)));
    let manifests = metadata.packages.iter().map(|package| package.manifest_path.clone().into_std_path_buf());
    let workspace = metadata.workspace_root.as_std_path().join("Cargo.toml");
    let files = above.chain(settings).chain(manifests).chain([workspace]);
    let files = files.map(|file| (file.display().to_string(), digest(fs::read(&file).ok())));
    let sources = metadata.packages.iter().filter_map(|package| Some(package.manifest_path.parent()?.join("src")));
    let sources = sources.map(|folder| (folder.to_string(), programs_in(folder.as_std_path())));
    let variables =
        VARIABLES.map(|name| (name.to_owned(), digest(std::env::var_os(name).map(OsString::into_encoded_bytes))));
    files.chain(sources).chain(variables).collect()
}

fn digest(bytes: Option<Vec<u8>>) -> String {
    bytes.map(|bytes| Digest::of(&bytes).to_string()).unwrap_or_default()
}

/// The names from which cargo makes programs.
fn programs_in(folder: &Path) -> String {
    let below = fs::read_dir(folder.join("bin")).into_iter().flatten().flatten();
    let mut names: Vec<String> = below.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.extend(folder.join("main.rs").is_file().then(|| "main.rs".to_owned()));
    names.sort();
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::{load_cached_metadata, store_metadata};
    use cargo_metadata::{Metadata, MetadataCommand};
    use std::fs;
    use std::path::Path;

    fn app() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        write(
            root,
            "Cargo.toml",
            "[package]\nname = \"app\"\n[workspace]\n[dependencies]\nw = { path = \"workers/w\" }\n",
        );
        write(root, "workers/w/Cargo.toml", "[package]\nname = \"w\"\n");
        for file in ["src/main.rs", "workers/w/src/main.rs"] {
            write(root, file, "fn main() {}\n");
        }
        write(root, "workers/w/src/lib.rs", "");
        fs::create_dir_all(root.join("target/bedrock")).expect("a folder");
        dir
    }

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn ask(root: &Path) -> Metadata {
        MetadataCommand::new().current_dir(root).no_deps().exec().expect("metadata")
    }

    #[test]
    fn cache_is_valid_until_cargo_inputs_change() {
        let changes: [fn(&Path); 6] = [
            |root| write(root, "Cargo.toml", "[package]\nname = \"other\"\n[workspace]\n"),
            |root| {
                write(
                    root,
                    "workers/w/Cargo.toml",
                    "[package]\nname = \"w\"\n[[bin]]\nname = \"x\"\npath = \"x.rs\"\n",
                );
            },
            |root| write(root, "workers/w/src/bin/second.rs", "fn main() {}\n"),
            |root| write(root, ".cargo/config.toml", "[build]\ntarget-dir = \"elsewhere\"\n"),
            |root| fs::remove_file(root.join("src/main.rs")).expect("removed"),
            |root| fs::remove_dir_all(root.join("workers/w")).expect("removed"),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let dir = app();
            assert!(load_cached_metadata(dir.path()).is_none(), "nothing was said yet");
            let said = ask(dir.path());
            store_metadata(dir.path(), &said);
            let again = load_cached_metadata(dir.path()).expect("as it was");
            assert_eq!((again.packages, again.target_directory), (said.packages, said.target_directory));
            write(dir.path(), "workers/w/src/lib.rs", "pub fn f() {}\n");
            assert!(load_cached_metadata(dir.path()).is_some(), "code is of no interest");
            change(dir.path());
            assert!(load_cached_metadata(dir.path()).is_none(), "change {number}");
        }
    }

    #[test]
    fn damaged_cache_file_is_ignored() {
        let dir = app();
        write(dir.path(), "target/bedrock/cargo-metadata.json", "{");
        assert!(load_cached_metadata(dir.path()).is_none());
    }
}

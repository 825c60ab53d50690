//! The files that the code of a Python or JavaScript worker consists of: its folder, the folders that workers share, and the
//! files of Node.js above it. Installed packages are linked, not copied.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The largest code that is copied.
const MAX_CODE_BYTES: u64 = 64 * 1024 * 1024;
/// The largest number of files that is copied.
const MAX_FILES: usize = 10_000;
/// A folder of installed packages.
const PACKAGES: &str = "node_modules";
/// Files above a worker's folder that decide how its code is loaded.
const FILES_ABOVE: [&str; 2] = ["package.json", "tsconfig.json"];
/// Bytes of the hash in the name of code.
const DIGEST_BYTES: usize = 16;

/// Why the code of a worker cannot be copied.
#[derive(Debug)]
pub(crate) enum CodeFilesError {
    /// It is larger than `MAX_CODE_BYTES`, or has more than `MAX_FILES` files.
    TooLarge,
    /// A file cannot be read or written.
    Io(io::Error),
}

impl fmt::Display for CodeFilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(
                f,
                "its folder and the shared ones have more than {} MB or {MAX_FILES} files",
                MAX_CODE_BYTES / 1024 / 1024
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for CodeFilesError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The code of a worker in memory, so that its hash is that of what is written.
#[derive(Debug, Default)]
pub(crate) struct CodeFiles {
    /// Sorted by path.
    files: Vec<CodeFile>,
    /// Folders that are linked, with their targets.
    links: Vec<(PathBuf, PathBuf)>,
    bytes: u64,
}

#[derive(Debug)]
struct CodeFile {
    /// Relative to the app.
    path: PathBuf,
    content: Vec<u8>,
    mode: u32,
}

impl CodeFiles {
    /// Reads the code of the worker in the folder `dir` of the app in `root`.
    pub(crate) fn read(root: &Path, dir: &Path) -> Result<Self, CodeFilesError> {
        let mut all = Self::default();
        all.read_folder(root, dir)?;
        for above in dir.ancestors().skip(1) {
            for file in FILES_ABOVE {
                all.read_file(root, &above.join(file))?;
            }
            all.link_packages(root, above);
        }
        if let Some(workers_dir) = dir.parent() {
            for entry in fs::read_dir(root.join(workers_dir))? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with('_') && entry.file_type()?.is_dir() {
                    all.read_folder(root, &workers_dir.join(entry.file_name()))?;
                }
            }
        }
        all.files.sort_by(|one, other| one.path.cmp(&other.path));
        all.links.sort();
        Ok(all)
    }

    fn read_folder(&mut self, root: &Path, dir: &Path) -> Result<(), CodeFilesError> {
        for entry in fs::read_dir(root.join(dir))? {
            let entry = entry?;
            let name = entry.file_name();
            let path = dir.join(&name);
            let is_output = name.to_string_lossy().starts_with('.') || name == "__pycache__";
            if is_output {
                continue;
            }
            let kind = entry.file_type()?;
            if name == PACKAGES {
                self.link_packages(root, dir);
            } else if kind.is_dir() {
                self.read_folder(root, &path)?;
            } else if kind.is_symlink() && entry.path().is_dir() {
                self.links.push((path, entry.path().canonicalize()?));
            } else {
                self.read_file(root, &path)?;
            }
        }
        Ok(())
    }

    /// Reads a file. One that does not exist, or is a pipe, is left out.
    fn read_file(&mut self, root: &Path, path: &Path) -> Result<(), CodeFilesError> {
        let source = root.join(path);
        let Some(metadata) = fs::metadata(&source).ok().filter(fs::Metadata::is_file) else { return Ok(()) };
        self.bytes += metadata.len();
        if self.bytes > MAX_CODE_BYTES || self.files.len() == MAX_FILES {
            return Err(CodeFilesError::TooLarge);
        }
        let content = fs::read(&source)?;
        self.files.push(CodeFile { path: path.to_owned(), content, mode: metadata.permissions().mode() });
        Ok(())
    }

    fn link_packages(&mut self, root: &Path, dir: &Path) {
        let packages = dir.join(PACKAGES);
        if root.join(&packages).is_dir() {
            self.links.push((packages.clone(), root.join(packages)));
        }
    }

    /// Returns a hash of the names and the contents in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for CodeFile { path, content, mode } in &self.files {
            let path = path.as_os_str().as_encoded_bytes();
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path);
            hash.update((mode & 0o111).to_le_bytes());
            hash.update((content.len() as u64).to_le_bytes());
            hash.update(content);
        }
        for (path, target) in &self.links {
            hash.update(format!("{}\0{}\0", path.display(), target.display()));
        }
        hash.finalize().iter().take(DIGEST_BYTES).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Writes the files into a new folder.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for CodeFile { path, content, mode } in &self.files {
            let path = folder.join(path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, content)?;
            fs::set_permissions(&path, Permissions::from_mode(*mode))?;
        }
        for (path, target) in &self.links {
            let path = folder.join(path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            symlink(target, path)?;
        }
        Ok(())
    }
}

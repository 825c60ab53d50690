//! Walks through a folder and decides for each entry whether it is packed.

use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::allow_list::AllowList;
use super::exclusion::{self, ExclusionReason};
use super::ignore_files::IgnoreFiles;
use super::links::follow;
use super::names;
use super::options::{FolderKind, PackOptions};
use super::pack_error::{PackError, PackErrorKind};
use super::scan::scan;
use super::tree::{Excluded, File, Tree};
use bedrock_diagnostics::{Error, Result, relative_path};

/// Returns the files of `root` in the order of the file system, and the reasons why it cannot be packed. Both paths must be
/// real paths.
pub(super) fn walk(root: &Path, app: &Path, options: &PackOptions) -> Result<(Tree, Vec<PackError>)> {
    let mut walk = FolderWalk {
        root,
        app,
        options,
        allowed: AllowList::parse(&options.allow, &options.settings)?,
        open: Vec::new(),
        tree: Tree { files: Vec::new(), excluded: Vec::new() },
        pack_errors: Vec::new(),
    };
    let ignored = match options.folder_kind {
        FolderKind::Sources => IgnoreFiles::above(root, app)?,
        FolderKind::Dependencies => IgnoreFiles::default(),
    };
    let top = WalkEntry { path: String::new(), disk: root.to_owned(), excluded: None, is_needed: false };
    walk.folder(&top, root, &ignored)?;
    Ok((walk.tree, walk.pack_errors))
}

struct FolderWalk<'a> {
    root: &'a Path,
    app: &'a Path,
    options: &'a PackOptions,
    allowed: AllowList,
    /// Real paths of the folders that the walk has entered.
    open: Vec<PathBuf>,
    tree: Tree,
    pack_errors: Vec<PackError>,
}

/// A file or folder.
struct WalkEntry {
    /// Path in the artifact.
    path: String,
    /// Path on the disk, with links unresolved.
    disk: PathBuf,
    /// Why it is excluded, unless the user allows it.
    excluded: Option<ExclusionReason>,
    /// It is in a folder that is needed, in which `.gitignore` does not apply.
    is_needed: bool,
}

impl FolderWalk<'_> {
    fn folder(&mut self, place: &WalkEntry, real: &Path, ignored: &IgnoreFiles) -> Result<()> {
        let ignored = match self.options.folder_kind {
            FolderKind::Sources => ignored.with(&place.disk, self.app)?,
            FolderKind::Dependencies => ignored.clone(),
        };
        let unreadable = |error: io::Error| {
            Error::io(format!("failed to read the folder `{}`", relative_path(&place.disk, self.app)), &error)
        };
        let entries =
            fs::read_dir(&place.disk).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?;
        self.open.push(real.to_owned());
        for entry in entries {
            self.entry(place, &entry, &ignored)?;
        }
        self.open.pop();
        Ok(())
    }

    fn entry(&mut self, folder: &WalkEntry, entry: &DirEntry, ignored: &IgnoreFiles) -> Result<()> {
        let disk = entry.path();
        let is_folder = disk.is_dir();
        let name = entry.file_name();
        let path = joined(&folder.path, &name.to_string_lossy());
        let ignored_by = ignored
            .reason(&disk, is_folder)
            .filter(|reason| !(folder.is_needed && *reason == ExclusionReason::GitIgnored));
        let Some(name) = name.to_str() else {
            if ignored_by.is_none() {
                self.refuse(path, PackErrorKind::NotUtf8);
            }
            return Ok(());
        };
        let kind = entry.file_type().map_err(|error| self.unreadable_path(&disk, &error))?;
        let by_name = exclusion::by_name(name, is_folder, self.options).or_else(|| {
            // A link such as `node_modules` may lead to a folder that does not exist on this machine.
            let of_folder = exclusion::by_name(name, true, self.options);
            of_folder.filter(|reason| kind.is_symlink() && *reason == ExclusionReason::Leftover)
        });
        let own = ignored_by.or(by_name);
        let mut place = WalkEntry { path, disk, excluded: own.or(folder.excluded), is_needed: folder.is_needed };
        if let Some(reason) = place.excluded {
            let may_be_needed = matches!(reason, ExclusionReason::GitIgnored | ExclusionReason::Test)
                && matches!(by_name, None | Some(ExclusionReason::Test));
            if may_be_needed && self.options.needed.contains(&place.path) {
                place.excluded = None;
                place.is_needed = true;
            } else if !is_by_ignore_file(reason) && self.allowed.has(&place.path) {
                place.excluded = None;
            } else if !is_folder || !self.reaches_into(&place.path, reason) {
                self.leave_out(place, is_folder, own);
                return Ok(());
            }
        }
        if let Some(what) = names::path_problem(&place.path) {
            self.refuse(place.path.escape_debug().to_string(), PackErrorKind::UnsupportedName(what));
            return Ok(());
        }
        self.add_entry(place, kind, ignored)
    }

    /// Returns whether an excluded folder may contain files that are packed.
    fn reaches_into(&self, folder: &str, reason: ExclusionReason) -> bool {
        let start = format!("{folder}/");
        let has_needed = self.options.needed.range(start.clone()..).next().is_some_and(|path| path.starts_with(&start));
        has_needed || (!is_by_ignore_file(reason) && self.allowed.may_reach_into(folder))
    }

    fn add_entry(&mut self, place: WalkEntry, kind: FileType, ignored: &IgnoreFiles) -> Result<()> {
        let mut real = place.disk.clone();
        if kind.is_symlink() {
            let guards_secrets = self.options.folder_kind == FolderKind::Sources && !self.allowed.has(&place.path);
            match follow(&place.disk, self.root, &self.open, guards_secrets) {
                Ok(target) => real = target,
                Err(what) => {
                    self.refuse(place.path, what);
                    return Ok(());
                }
            }
        } else if let (Some(above), Some(name)) = (self.open.last(), place.disk.file_name()) {
            real = above.join(name);
        }
        let metadata = fs::metadata(&real).map_err(|error| self.unreadable(&place, &error))?;
        if metadata.is_dir() {
            return self.folder(&place, &real, ignored);
        }
        if !metadata.is_file() {
            self.refuse(place.path, PackErrorKind::NotRegularFile(special(metadata.file_type())));
            return Ok(());
        }
        self.file(place, real, &metadata)
    }

    fn file(&mut self, place: WalkEntry, real: PathBuf, metadata: &Metadata) -> Result<()> {
        // Only the owner's bit: the others depend on the umask.
        let bytes = metadata.len();
        let executable = metadata.mode() & 0o100 != 0;
        let mut fingerprint = None;
        if self.options.folder_kind == FolderKind::Sources {
            let scanned = scan(&real).map_err(|error| self.unreadable(&place, &error))?;
            if let Some(found) = scanned.secret.filter(|_| !self.allowed.has(&place.path)) {
                self.refuse(place.path, PackErrorKind::Secret { kind: found.kind, line: found.line });
                return Ok(());
            }
            fingerprint = Some(scanned.fingerprint);
        }
        self.tree.files.push(File { path: place.path, source: real, bytes, executable, fingerprint });
        Ok(())
    }

    /// Excludes an entry. In an excluded folder, only entries with a reason of their own are listed.
    fn leave_out(&mut self, place: WalkEntry, is_folder: bool, own: Option<ExclusionReason>) {
        if let Some(reason) = own {
            let path = if is_folder { format!("{}/", place.path) } else { place.path };
            self.tree.excluded.push(Excluded { path, reason });
        }
    }

    fn refuse(&mut self, path: String, what: PackErrorKind) {
        self.pack_errors.push(PackError { path, kind: what });
    }

    fn unreadable(&self, place: &WalkEntry, error: &io::Error) -> Error {
        self.unreadable_path(&place.disk, error)
    }

    fn unreadable_path(&self, path: &Path, error: &io::Error) -> Error {
        Error::io(format!("failed to read `{}`", relative_path(path, self.app)), error)
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Whether an ignore file excludes it, which the setting `allow` does not override.
fn is_by_ignore_file(reason: ExclusionReason) -> bool {
    matches!(reason, ExclusionReason::GitIgnored | ExclusionReason::BedrockIgnored)
}

fn special(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

//! The walk through the folder: what each entry is, and what becomes of it.

use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{Contents, File, LeftOut, Options, Tree, read_small};
use crate::allowed::Allowed;
use crate::ignored::Ignored;
use crate::left_out::{self, Reason};
use crate::links::follow;
use crate::names;
use crate::refusal::{Refusal, What};
use crate::secrets;
use bedrock_diagnostics::{Error, Result, relative_path};

/// What is in `root`, in the order of the disk, and what must not be packed. Both paths are real ones.
pub(super) fn walk(root: &Path, app: &Path, options: &Options) -> Result<(Tree, Vec<Refusal>)> {
    let mut walk = Walk {
        root,
        app,
        options,
        allowed: Allowed::parse(&options.allow, &options.settings)?,
        open: Vec::new(),
        tree: Tree { files: Vec::new(), left_out: Vec::new() },
        refusals: Vec::new(),
    };
    let ignored = match options.contents {
        Contents::Sources => Ignored::above(root, app)?,
        Contents::Dependencies => Ignored::default(),
    };
    walk.folder(&Place { path: String::new(), disk: root.to_owned(), left_out: None }, root, &ignored)?;
    Ok((walk.tree, walk.refusals))
}

struct Walk<'a> {
    root: &'a Path,
    app: &'a Path,
    options: &'a Options,
    allowed: Allowed,
    /// The real folders that the walk is in.
    open: Vec<PathBuf>,
    tree: Tree,
    refusals: Vec<Refusal>,
}

/// A file or folder on the way.
struct Place {
    /// In the artifact.
    path: String,
    /// As the walk came to it, links and all.
    disk: PathBuf,
    /// Why it stays out, unless it is allowed.
    left_out: Option<Reason>,
}

impl Walk<'_> {
    fn folder(&mut self, place: &Place, real: &Path, ignored: &Ignored) -> Result<()> {
        let ignored = match self.options.contents {
            Contents::Sources => ignored.with(&place.disk, self.app)?,
            Contents::Dependencies => ignored.clone(),
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

    fn entry(&mut self, folder: &Place, entry: &DirEntry, ignored: &Ignored) -> Result<()> {
        let disk = entry.path();
        let is_folder = disk.is_dir();
        if ignored.leaves_out(&disk, is_folder) {
            return Ok(());
        }
        let name = entry.file_name();
        let path = joined(&folder.path, &name.to_string_lossy());
        let Some(name) = name.to_str() else {
            self.refuse(path, What::NotUtf8);
            return Ok(());
        };
        let own = left_out::by_name(name, is_folder, self.options);
        let mut place = Place { path, disk, left_out: own.or(folder.left_out) };
        if place.left_out.is_some() {
            if self.allowed.has(&place.path) {
                place.left_out = None;
            } else if !is_folder || !self.allowed.may_reach_into(&place.path) {
                self.leave_out(place, is_folder, own);
                return Ok(());
            }
        }
        if let Some(what) = names::odd(&place.path) {
            self.refuse(place.path.escape_debug().to_string(), What::Odd(what));
            return Ok(());
        }
        let kind = entry.file_type().map_err(|error| self.unreadable(&place, &error))?;
        self.settle(place, kind, ignored)
    }

    fn settle(&mut self, place: Place, kind: FileType, ignored: &Ignored) -> Result<()> {
        let mut real = place.disk.clone();
        if kind.is_symlink() {
            let guards_secrets = self.options.contents == Contents::Sources && !self.allowed.has(&place.path);
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
            self.refuse(place.path, What::NoFile(special(metadata.file_type())));
            return Ok(());
        }
        self.file(place, real, &metadata)
    }

    fn file(&mut self, place: Place, real: PathBuf, metadata: &Metadata) -> Result<()> {
        // The owner's bit: the others' depend on the umask of who made the file.
        let (bytes, executable) = (metadata.len(), metadata.mode() & 0o100 != 0);
        if self.options.contents == Contents::Sources && !self.allowed.has(&place.path) {
            let text = read_small(&real, bytes, secrets::SCANNED).map_err(|error| self.unreadable(&place, &error))?;
            if let Some(found) = secrets::find(&text) {
                self.refuse(place.path, What::Secret { what: found.what, line: found.line });
                return Ok(());
            }
        }
        self.tree.files.push(File { path: place.path, source: real, bytes, executable });
        Ok(())
    }

    /// What lies in a folder that is left out is told of only where it has a reason of its own.
    fn leave_out(&mut self, place: Place, is_folder: bool, own: Option<Reason>) {
        if let Some(reason) = own {
            let path = if is_folder { format!("{}/", place.path) } else { place.path };
            self.tree.left_out.push(LeftOut { path, reason });
        }
    }

    fn refuse(&mut self, path: String, what: What) {
        self.refusals.push(Refusal { path, what });
    }

    fn unreadable(&self, place: &Place, error: &io::Error) -> Error {
        Error::io(format!("failed to read `{}`", relative_path(&place.disk, self.app)), error)
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
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

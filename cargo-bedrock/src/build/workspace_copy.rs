//! A copy of a workspace that has everything but its name, its times and the order of its files: nothing of that may
//! change what a build makes.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;

use crate::process::ToolRunner;
use bedrock_diagnostics::{Error, Result, relative_path};

/// All files: 2001-09-09.
const MODIFIED_TIME: Duration = Duration::from_secs(1_000_000_000);
/// What is made from the rest, and versions of it.
const EXCLUDED_FOLDERS: [&str; 4] = [".git", "node_modules", "__pycache__", ".venv"];

/// Copies `from` into the empty folder `to`, without what builds and version control left there.
pub(super) fn copy(from: &Path, to: &Path, tools: &ToolRunner) -> Result<()> {
    let mut walk = WalkBuilder::new(from);
    walk.standard_filters(false).sort_by_file_name(|one, other| other.cmp(one));
    walk.filter_entry(|entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        !is_folder || entry.depth() == 0 || !is_generated(entry.path())
    });
    for entry in walk.build() {
        tools.check()?;
        let entry = entry
            .map_err(|error| Error::call("failed to copy the workspace").cause(error.to_string().to_lowercase()))?;
        let place = to.join(entry.path().strip_prefix(from).unwrap_or(Path::new("")));
        let kind = entry.file_type();
        let copied = if kind.is_some_and(|kind| kind.is_dir()) {
            fs::create_dir_all(&place)
        } else if kind.is_some_and(|kind| kind.is_symlink()) {
            fs::read_link(entry.path()).and_then(|target| std::os::unix::fs::symlink(target, &place))
        } else {
            copy_file(entry.path(), &place)
        };
        copied.map_err(|error| Error::io(format!("failed to copy `{}`", relative_path(entry.path(), from)), &error))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    // Sockets and pipes that editors leave are no part of an app.
    if !fs::metadata(from)?.is_file() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::options().append(true).open(to)?.set_modified(SystemTime::UNIX_EPOCH + MODIFIED_TIME)
}

fn is_generated(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    // Cargo marks its folders; what only bears the name may be a module.
    let is_target = name == "target" && (folder.join("CACHEDIR.TAG").is_file() || folder.join("bedrock").is_dir());
    is_target || EXCLUDED_FOLDERS.contains(&name.as_ref())
}

//! Copies a workspace with a different name, different file times and a different order of files, none of which may affect
//! a build.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;

use crate::tools::ToolRunner;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Modification time of all files: 2001-09-09.
const MODIFIED_TIME: Duration = Duration::from_secs(1_000_000_000);
/// Generated folders and version control, which are not copied.
const EXCLUDED_FOLDERS: [&str; 4] = [".git", "node_modules", "__pycache__", ".venv"];

/// Copies `from` into the empty folder `to`, without build output and version control.
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
    // Skip sockets and pipes, which editors create.
    if !fs::metadata(from)?.is_file() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::options().append(true).open(to)?.set_modified(SystemTime::UNIX_EPOCH + MODIFIED_TIME)
}

fn is_generated(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    // Cargo marks its target folders. Another folder of that name may be a module.
    let is_target = name == "target" && (folder.join("CACHEDIR.TAG").is_file() || folder.join("bedrock").is_dir());
    is_target || EXCLUDED_FOLDERS.contains(&name.as_ref())
}

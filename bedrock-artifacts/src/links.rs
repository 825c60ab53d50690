//! Resolves symbolic links, and checks whether their targets may be packed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::exclusion;
use super::pack_error::PackErrorKind;

/// Returns the real path that a link leads to, or why the target is not packed.
///
/// `root` is the folder that is packed, `open` the folders that the walk has entered. Both are real paths.
pub(super) fn follow(
    link: &Path,
    root: &Path,
    open: &[PathBuf],
    guards_secrets: bool,
) -> Result<PathBuf, PackErrorKind> {
    let target = || fs::read_link(link).unwrap_or_default().display().to_string();
    let real = match link.canonicalize() {
        Ok(real) => real,
        Err(error) if is_link_cycle(&error) => return Err(PackErrorKind::LinkCycle),
        Err(_) => return Err(PackErrorKind::Dangling { target: target() }),
    };
    let Ok(inside) = real.strip_prefix(root) else { return Err(PackErrorKind::LeavesFolder { target: target() }) };
    if open.contains(&real) {
        return Err(PackErrorKind::LinkCycle);
    }
    if guards_secrets && passes_secret(root, inside) {
        return Err(PackErrorKind::LinksToSecret { target: target() });
    }
    Ok(real)
}

/// Returns whether the target or one of its folders is a secret: links must not pack it under a different name.
fn passes_secret(root: &Path, inside: &Path) -> bool {
    let mut path = root.to_owned();
    inside.components().any(|name| {
        path.push(name);
        exclusion::is_secret(&name.as_os_str().to_string_lossy(), path.is_dir())
    })
}

fn is_link_cycle(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

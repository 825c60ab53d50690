//! An import as it is written in a file, and paths of files in a worker's folder.

/// An import in a file, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// A module with dots in Python, a path or package in JavaScript.
    pub(crate) name: String,
    pub(crate) is_optional: bool,
}

/// Returns a path without `.` and `..`. `None` if it leaves the folder.
pub(crate) fn normalized(path: &str) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// Returns the folder of a file: empty, or with `/` at its end.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

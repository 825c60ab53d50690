//! What the fuzz targets in `fuzz/` call of this crate. Compiled only for them.

use crate::{javascript, python};

/// Reads the calls and the imports of a Python file.
pub fn python(text: &str) {
    let _ = (python::scan(text), python::imports(text));
}

/// Reads the calls and the imports of a JavaScript or TypeScript file, by its extension.
pub fn javascript(path: &str, text: &str) {
    let _ = (javascript::scan(path, text), javascript::imports(path, text));
    if let Some(replaced) = javascript::replace_imports(path, text, |name| Some(format!("./{name}"))) {
        let _ = javascript::imports(path, &replaced);
    }
}

//! What the fuzz targets in `fuzz/` call of this crate. Compiled only for them.

use crate::manifest::{Manifest, Table};
use crate::settings::Settings;

/// Reads a `Cargo.toml` as the settings of an app.
pub fn settings(text: &str) {
    let manifest = Manifest::of(text.to_owned(), "Cargo.toml");
    if let Ok(document) = manifest.parse() {
        let _ = Settings::read(Table { table: document.get_ref(), manifest: &manifest });
    }
}

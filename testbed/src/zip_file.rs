//! Packs folders to zips, and unpacks zips.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Writes all files in `folder` and its subfolders to a new zip, with their modes.
pub fn pack(folder: &Path, zip: &Path) {
    let mut writer = ZipWriter::new(File::create(zip).expect("the zip can be created"));
    add_folder(&mut writer, folder, folder);
    writer.finish().expect("the zip is written");
}

fn add_folder(writer: &mut ZipWriter<File>, folder: &Path, root: &Path) {
    let entries = fs::read_dir(folder).expect("a folder can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add_folder(writer, &path, root);
            continue;
        }
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        let name = path.strip_prefix(root).expect("below the folder").to_str().expect("a name in Unicode");
        let options = SimpleFileOptions::default().unix_permissions(mode);
        writer.start_file(name, options).expect("the zip can be written");
        io::copy(&mut File::open(&path).expect("a file"), writer).expect("the zip can be written");
    }
}

/// Unpacks a zip to `folder`. Existing files are overwritten.
pub fn unpack(zip: &Path, folder: &Path) {
    let file = File::open(zip).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
    let mut archive = ZipArchive::new(file).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
    fs::create_dir_all(folder).expect("the folder can be created");
    archive.extract(folder).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
}

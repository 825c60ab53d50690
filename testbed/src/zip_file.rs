//! Zips to and from folders, as plain as a test needs them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Writes all that is below `folder` into a new zip, modes included.
pub fn pack(folder: &Path, zip: &Path) {
    let mut writer = ZipWriter::new(File::create(zip).expect("a zip can be made"));
    add(&mut writer, folder, folder);
    writer.finish().expect("the zip is written");
}

fn add(writer: &mut ZipWriter<File>, folder: &Path, root: &Path) {
    let entries = fs::read_dir(folder).expect("a folder can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add(writer, &path, root);
            continue;
        }
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        let name = path.strip_prefix(root).expect("below the folder").to_str().expect("a name in Unicode");
        let options = SimpleFileOptions::default().unix_permissions(mode);
        writer.start_file(name, options).expect("the zip can be written");
        io::copy(&mut File::open(&path).expect("a file"), writer).expect("the zip can be written");
    }
}

/// Unpacks a zip into `folder`, over what is there.
pub fn unpack(zip: &Path, folder: &Path) {
    let file = File::open(zip).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
    let mut archive = ZipArchive::new(file).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
    fs::create_dir_all(folder).expect("a folder can be made");
    archive.extract(folder).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
}

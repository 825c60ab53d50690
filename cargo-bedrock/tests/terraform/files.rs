//! The files as texts: Terraform's own format, and nothing in them that belongs to one app.

use crate::folder::{Folder, said};

#[test]
fn terraform_finds_nothing_to_format() {
    let Some(folder) = Folder::new() else { return };
    let output = folder.command(".", &["fmt", "-check", "-recursive", "-diff"]).output().expect("Terraform starts");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_app_s_name_is_in_no_file_that_deploys_it() {
    let Some(folder) = Folder::new() else { return };
    let mut waiting = vec![folder.path("terraform"), folder.path(".github")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(path.read_dir().expect("folder").map(|entry| entry.expect("entry").path()));
        } else {
            let text = std::fs::read_to_string(&path).expect("text");
            assert!(!text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "space"), "{}", path.display());
        }
    }
}

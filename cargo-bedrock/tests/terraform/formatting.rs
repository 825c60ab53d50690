//! The format of the files, and that they do not contain the app's name.

use crate::terraform_app::{TerraformApp, output_text};

#[test]
fn terraform_finds_nothing_to_format() {
    let Some(app) = TerraformApp::new() else { return };
    let output = app.command(".", &["fmt", "-check", "-recursive", "-diff"]).output().expect("Terraform starts");
    assert!(output.status.success(), "{}", output_text(&output));
}

#[test]
fn template_does_not_contain_the_app_s_name() {
    let Some(app) = TerraformApp::new() else { return };
    let mut pending = vec![app.path("terraform"), app.path(".github")];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(path.read_dir().expect("folder").map(|entry| entry.expect("entry").path()));
        } else {
            let text = std::fs::read_to_string(&path).expect("text");
            assert!(!text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "space"), "{}", path.display());
        }
    }
}

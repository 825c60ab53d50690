//! The build script's half: hands the catalog to the compiler and tells cargo when it must be made anew.

use std::env;
use std::path::Path;

use crate::catalog::{Catalog, VARIABLE};
use crate::{App, Problem};

/// Call this from `build.rs` of the app and of every Rust worker that uses `invoke!("name", …)`.
///
/// Sets `BEDROCK_CATALOG`, `BEDROCK_APP` and `BEDROCK_ROOT` for the compiler. What is wrong with
/// the app is reported as errors of the build, all at once.
pub fn emit() {
    let dir = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    for line in lines(Path::new(&dir)) {
        // The standard output of a build script is how it talks to cargo.
        #[allow(clippy::print_stdout)]
        {
            println!("cargo::{line}");
        }
    }
}

fn lines(crate_dir: &Path) -> Vec<String> {
    let app = match App::find(crate_dir) {
        Ok(app) => app,
        Err(problems) => return errors(crate_dir, &problems),
    };
    let catalog = match Catalog::of(&app, crate_dir) {
        Ok(catalog) => catalog,
        Err(problem) => return errors(crate_dir, &[problem]),
    };
    let mut lines = vec![
        "rustc-check-cfg=cfg(bedrock_lambda)".to_owned(),
        format!("rustc-env={VARIABLE}={}", catalog.encode()),
        format!("rustc-env=BEDROCK_APP={}", app.name),
        format!("rustc-env=BEDROCK_ROOT={}", app.root.display()),
    ];
    lines.extend(watched(&app, crate_dir).into_iter().map(|path| format!("rerun-if-changed={path}")));
    lines
}

/// What makes cargo run the build script again.
///
/// The app's own package watches the whole workers folder, so that a folder added by hand is seen; cargo compares
/// the newest time in it. A worker's package watches one file of each worker instead: it sees renamed and deleted
/// folders, and editing one worker does not compile all the others.
fn watched(app: &App, crate_dir: &Path) -> Vec<String> {
    let mut paths = vec![app.root.join("Cargo.toml"), crate_dir.join("Cargo.toml")];
    let workers = app.root.join(&app.settings.workers_dir);
    // A path that does not exist would make cargo run the script on every build.
    if crate_dir == app.root && workers.is_dir() {
        paths.push(workers);
    } else {
        for worker in &app.workers {
            let dir = app.root.join(&worker.dir);
            let rarely_edited = ["Cargo.toml", "package.json", "__init__.py", "requirements.txt"];
            let marker = rarely_edited.into_iter().map(|file| dir.join(file)).find(|path| path.is_file());
            paths.push(marker.unwrap_or_else(|| dir.join(worker.entry)));
        }
    }
    paths.into_iter().map(|path| path.display().to_string()).collect()
}

fn errors(crate_dir: &Path, problems: &[Problem]) -> Vec<String> {
    let mut lines = vec![format!("rerun-if-changed={}", crate_dir.join("Cargo.toml").display())];
    for problem in problems {
        lines.push(format!("error={}", one_line(&problem.message)));
        lines.extend(problem.help.iter().map(|help| format!("error=help: {}", one_line(help))));
    }
    // The problem may be anywhere in the app, so look again next time whatever changed.
    lines.push("rerun-if-changed=bedrock-looks-again".to_owned());
    lines
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

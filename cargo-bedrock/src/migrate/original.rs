//! An app of the Python original on the disk: where its parts are, and the texts that a migration looks at.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::App;
use ignore::WalkBuilder;

use super::record;
use crate::terraform::{Copy, Texts, template};
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

/// Folders without code of the app, whatever `.gitignore` says of them.
const FOREIGN: [&str; 6] = ["__pycache__", "node_modules", "site-packages", "target", "terraform", "venv"];
/// Files in which commands are, beside those of GitHub.
const WORKFLOWS: [&str; 4] = [".circleci/config.yml", ".gitlab-ci.yml", "bitbucket-pipelines.yml", "buildspec.yml"];
const GITHUB: &str = ".github/workflows";
/// Longer ones were written by a machine.
const LONGEST: u64 = 1024 * 1024;

/// Everything that a plan is drawn up from.
#[derive(Debug)]
pub(crate) struct Original {
    /// Absolute, without symlinks.
    pub(crate) root: PathBuf,
    /// Of all Python files. All paths are relative to the root, with `/`.
    pub(super) python: Texts,
    pub(super) workflows: Texts,
    pub(super) gitignore: Option<String>,
    /// The one with the settings, if there is one.
    pub(super) config: Option<String>,
    pub(super) endpoints_dir: String,
    pub(super) workers_dir: String,
    /// What could not be read, with the reason.
    pub(super) unreadable: Vec<String>,
    /// The Rust half, where an earlier migration has made it.
    pub(super) app: Option<App>,
    pub(super) deployment: Copy,
    /// How many migrations there were.
    pub(super) records: usize,
}

impl Original {
    /// The app in `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let source = source(root)?;
        let inside = |name: &str| if source.is_empty() { name.to_owned() } else { format!("{source}/{name}") };
        let mut original = Self {
            root: root.to_owned(),
            python: Texts::new(),
            workflows: Texts::new(),
            gitignore: None,
            config: Some(inside("config/config.py")).filter(|path| root.join(path).is_file()),
            endpoints_dir: inside("endpoints"),
            workers_dir: inside("workers"),
            unreadable: Vec::new(),
            app: existing_app(root)?,
            deployment: Copy::read(root, &template())?,
            records: record::count(root),
        };
        original.read_python();
        original.read_workflows();
        original.gitignore = original.text(".gitignore");
        Ok(original)
    }

    /// The folder's own name.
    pub(super) fn folder(&self) -> String {
        self.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn read_python(&mut self) {
        let mut walk = WalkBuilder::new(&self.root);
        // A copy without Git is the same app.
        walk.require_git(false).sort_by_file_name(Ord::cmp);
        walk.filter_entry(|entry| !FOREIGN.iter().any(|name| entry.file_name() == *name));
        let is_python = |path: &Path| path.extension().is_some_and(|extension| extension == "py") && path.is_file();
        let found = walk.build().flatten().map(ignore::DirEntry::into_path).filter(|path| is_python(path));
        let paths: Vec<String> = found.map(|path| relative_path(&path, &self.root)).collect();
        for path in paths {
            if let Some(text) = self.text(&path) {
                self.python.insert(path, text);
            }
        }
    }

    fn read_workflows(&mut self) {
        let entries = fs::read_dir(self.root.join(GITHUB)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_yaml = |name: &String| [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        let of_github: Vec<String> = names.filter(is_yaml).map(|name| format!("{GITHUB}/{name}")).collect();
        for path in of_github.into_iter().chain(WORKFLOWS.map(str::to_owned)) {
            if let Some(text) = self.text(&path) {
                self.workflows.insert(path, text);
            }
        }
    }

    /// The text of a file, if it is there; one that cannot be read is noted.
    fn text(&mut self, path: &str) -> Option<String> {
        let place = self.root.join(path);
        let size = fs::metadata(&place).ok()?.len();
        if size > LONGEST {
            self.unreadable.push(format!("`{path}` is left alone: it has {size} bytes, the limit is {LONGEST}"));
            return None;
        }
        match fs::read_to_string(&place) {
            Ok(text) => Some(text),
            Err(error) => {
                let reason = bedrock_diagnostics::io_reason(&error);
                self.unreadable.push(format!("`{path}` is left alone: {reason}"));
                None
            }
        }
    }
}

/// The folder with the Python code, relative to the root: `app` in the specification, empty for the root itself.
fn source(root: &Path) -> Result<String> {
    let entries =
        fs::read_dir(root).map_err(|error| Error::io(format!("failed to read `{}`", root.display()), &error))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> = names.filter(|name| !name.starts_with('.') && is_source(&root.join(name))).collect();
    found.sort();
    if let Some(app) = found.iter().find(|name| *name == "app") {
        return Ok(app.clone());
    }
    match &found[..] {
        [] if is_source(root) => Ok(String::new()),
        [] => Err(Error::call(format!("`{}` is no app of Bedrock for Python", root.display()))
            .cause("it has neither `app/config/config.py` nor `app/endpoints` nor `app/workers`")
            .help("name its folder: `cargo bedrock migrate DIR`")),
        [only] => Ok(only.clone()),
        several => {
            let list = several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
            Err(Error::call(format!("`{}` has the code of more than one app: {list}", root.display()))
                .help(format!("migrate one of them: `cargo bedrock migrate {}`", several[0])))
        }
    }
}

fn is_source(folder: &Path) -> bool {
    let files = |name: &str| fs::read_dir(folder.join(name)).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_worker =
        |path: PathBuf| ["main.py", "main.js", "main.mjs", "main.cjs"].iter().any(|main| path.join(main).is_file());
    folder.join("config/config.py").is_file()
        || files("endpoints").any(|path| path.extension().is_some_and(|extension| extension == "py"))
        || files("workers").any(is_worker)
}

/// The app in exactly this folder. A `Cargo.toml` that is none is nothing to build on.
fn existing_app(root: &Path) -> Result<Option<App>> {
    if !root.join("Cargo.toml").exists() {
        return Ok(None);
    }
    App::open(root).map(Some).map_err(|problems| Error::problems(ExitKind::App, problems))
}

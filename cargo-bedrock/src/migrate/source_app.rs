//! An app of Bedrock for Python on disk: its folders, and the texts that a migration reads.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{App, shell_quoted};
use ignore::WalkBuilder;

use super::journal;
use crate::terraform::{AppFiles, FileMap, template};
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

/// Folders that contain no code of the app, even if `.gitignore` does not list them.
const IGNORED_FOLDERS: [&str; 6] = ["__pycache__", "node_modules", "site-packages", "target", "terraform", "venv"];
/// Workflow files of other CI systems than GitHub.
const OTHER_WORKFLOWS: [&str; 4] =
    [".circleci/config.yml", ".gitlab-ci.yml", "bitbucket-pipelines.yml", "buildspec.yml"];
const GITHUB_WORKFLOWS: &str = ".github/workflows";
/// Size limit of texts. Larger files are generated.
const MAX_TEXT_BYTES: u64 = 1024 * 1024;

/// Everything that a migration is planned from.
#[derive(Debug)]
pub(crate) struct SourceApp {
    /// Absolute, without symlinks.
    pub(crate) root: PathBuf,
    /// All Python files. Like all paths below, their paths are relative to the root and use `/`.
    pub(super) python: FileMap,
    pub(super) workflows: FileMap,
    pub(super) gitignore: Option<String>,
    /// Path of `config.py`, if it exists.
    pub(super) config: Option<String>,
    pub(super) endpoints_dir: String,
    pub(super) workers_dir: String,
    /// A message for each file that could not be read.
    pub(super) unreadable: Vec<String>,
    /// The Rust app, if an earlier migration has created it.
    pub(super) app: Option<App>,
    pub(super) deployment: AppFiles,
    /// Number of earlier migrations.
    pub(super) migrations: usize,
}

impl SourceApp {
    /// Reads the app in `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let source = source_folder(root)?;
        let inside = |name: &str| if source.is_empty() { name.to_owned() } else { format!("{source}/{name}") };
        let mut app = Self {
            root: root.to_owned(),
            python: FileMap::new(),
            workflows: FileMap::new(),
            gitignore: None,
            config: Some(inside("config/config.py")).filter(|path| root.join(path).is_file()),
            endpoints_dir: inside("endpoints"),
            workers_dir: inside("workers"),
            unreadable: Vec::new(),
            app: existing_app(root)?,
            deployment: AppFiles::read(root, &template())?,
            migrations: journal::count(root),
        };
        app.read_python();
        app.read_workflows();
        app.gitignore = app.text(".gitignore");
        Ok(app)
    }

    /// Returns the name of the app's folder.
    pub(super) fn folder_name(&self) -> String {
        self.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn read_python(&mut self) {
        let mut walk = WalkBuilder::new(&self.root);
        // A copy of the app without `.git` has the same ignored files.
        walk.require_git(false).sort_by_file_name(Ord::cmp);
        walk.filter_entry(|entry| !IGNORED_FOLDERS.iter().any(|name| entry.file_name() == *name));
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
        let entries = fs::read_dir(self.root.join(GITHUB_WORKFLOWS)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_yaml = |name: &String| [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        let github: Vec<String> = names.filter(is_yaml).map(|name| format!("{GITHUB_WORKFLOWS}/{name}")).collect();
        for path in github.into_iter().chain(OTHER_WORKFLOWS.map(str::to_owned)) {
            if let Some(text) = self.text(&path) {
                self.workflows.insert(path, text);
            }
        }
    }

    /// Returns the text of a file, or `None` if it does not exist or cannot be read. The latter is noted in
    /// `unreadable`.
    fn text(&mut self, path: &str) -> Option<String> {
        let absolute = self.root.join(path);
        let size = fs::metadata(&absolute).ok()?.len();
        if size > MAX_TEXT_BYTES {
            let reason = format!("it has {size} bytes, the limit is {MAX_TEXT_BYTES}");
            self.unreadable.push(format!("`{path}` is left unchanged: {reason}"));
            return None;
        }
        match fs::read_to_string(&absolute) {
            Ok(text) => Some(text),
            Err(error) => {
                let reason = bedrock_diagnostics::io_reason(&error);
                self.unreadable.push(format!("`{path}` is left unchanged: {reason}"));
                None
            }
        }
    }
}

/// Returns the folder with the Python code, relative to the root. It is usually `app`, and empty for the root itself.
fn source_folder(root: &Path) -> Result<String> {
    let entries =
        fs::read_dir(root).map_err(|error| Error::io(format!("failed to read `{}`", root.display()), &error))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> =
        names.filter(|name| !name.starts_with('.') && is_source_folder(&root.join(name))).collect();
    found.sort();
    if let Some(app) = found.iter().find(|name| *name == "app") {
        return Ok(app.clone());
    }
    match &found[..] {
        [] if is_source_folder(root) => Ok(String::new()),
        [] => Err(Error::call(format!("`{}` is not an app of Bedrock for Python", root.display()))
            .cause("it has neither `app/config/config.py` nor `app/endpoints` nor `app/workers`")
            .help("pass its folder: `cargo bedrock migrate DIR`")),
        [only] => Ok(only.clone()),
        several => {
            let list = several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
            Err(Error::call(format!("`{}` has the code of more than one app: {list}", root.display()))
                .help(format!("migrate one of them: `cargo bedrock migrate {}`", shell_quoted(&several[0]))))
        }
    }
}

fn is_source_folder(folder: &Path) -> bool {
    let files = |name: &str| fs::read_dir(folder.join(name)).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_worker =
        |path: PathBuf| ["main.py", "main.js", "main.mjs", "main.cjs"].iter().any(|main| path.join(main).is_file());
    folder.join("config/config.py").is_file()
        || files("endpoints").any(|path| path.extension().is_some_and(|extension| extension == "py"))
        || files("workers").any(is_worker)
}

/// Returns the Rust app in this folder, or `None` if there is no `Cargo.toml`. Any other `Cargo.toml` is an error.
fn existing_app(root: &Path) -> Result<Option<App>> {
    if !root.join("Cargo.toml").exists() {
        return Ok(None);
    }
    App::open(root).map(Some).map_err(|problems| Error::problems(ExitKind::App, problems))
}

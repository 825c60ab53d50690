//! Zips of workers with the layout of `cargo bedrock build`: the files of the worker and of the runtime at the root,
//! and dependencies in a layer. The dependencies are small packages from the package registries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::{Language, WorkerName};
use bedrock_local::{WorkerIdentity, identity_file, lambda_files, lambda_handler};
use tempfile::TempDir;
use testbed::{Function, find_on_path, pack, tool};

const WORKER_JS: &str = include_str!("../../../templates/files/worker/javascript/worker.js");

/// A temporary folder for the zips of one test.
pub(crate) struct WorkerZips {
    folder: TempDir,
}

impl WorkerZips {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Returns the function of the worker `name`, of the app `space` in the stage `dev`.
    pub(crate) fn worker(&self, name: &str, language: Language, files: &[(&str, &str)]) -> Function {
        let folder = self.folder.path().join(name);
        let class = WorkerName::parse(name).expect("a worker's name").class_name();
        let identity = WorkerIdentity { app: "space", worker: name, class: &class, durable: false };
        let (path, identity) = identity_file(&identity);
        let worker_js = (language == Language::JavaScript).then_some(("worker.js", WORKER_JS));
        let runtime_files = lambda_files(language).iter().copied().chain(worker_js).chain([(path, identity.as_str())]);
        for (path, text) in runtime_files.chain(files.iter().copied()) {
            write(&folder.join(path), text);
        }
        let zip = folder.with_extension("zip");
        pack(&folder, &zip);
        let runtime = if language == Language::Python { "python3.13" } else { "nodejs24.x" };
        Function::new(&format!("space-dev-{name}"), runtime, lambda_handler(language), zip)
    }

    /// Returns a layer with a package from PyPI, or `None` if uv is not installed.
    pub(crate) fn python_layer(&self, package: &str) -> Option<PathBuf> {
        let uv = tool("bin/uv")?;
        let mut install = Command::new(uv);
        install.args(["pip", "install", "--quiet", "--no-deps", package, "--target"]);
        Some(self.layer(package, "python", &mut install))
    }

    /// Returns a layer with a package from npm, or `None` if npm is not installed.
    pub(crate) fn node_layer(&self, package: &str) -> Option<PathBuf> {
        let npm = find_on_path("npm")?;
        let mut install = Command::new(npm);
        install.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", package, "--prefix"]);
        Some(self.layer(package, "nodejs", &mut install))
    }

    /// Returns a cached layer, or installs the package. The cache is never outdated, because packages have exact
    /// versions.
    fn layer(&self, package: &str, folder: &str, install: &mut Command) -> PathBuf {
        let name = package.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let zip = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layers").join(&name).with_extension("zip");
        if zip.exists() {
            return zip;
        }
        fs::create_dir_all(zip.parent().expect("a folder")).expect("a folder");
        let root = self.folder.path().join(&name);
        let target = root.join(folder);
        fs::create_dir_all(&target).expect("a folder");
        let output = install.arg(&target).output().expect("the installer starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Other tests may install the same package: each test writes its own file, and the last one replaces the
        // others.
        let temp_zip = zip.with_extension(format!("{}-{:?}", std::process::id(), std::thread::current().id()));
        pack(&root, &temp_zip);
        fs::rename(&temp_zip, &zip).expect("the layer can be renamed");
        zip
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

//! The folders that lists of each tool name, and what is reported of the others.

use std::fs;
use std::path::Path;

use super::{Language, PathDependencies};

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// Returns the folders and the problems, relative to the app in `root/app`.
fn of(root: &Path, language: Language) -> (Vec<String>, Vec<String>) {
    let app = root.join("app");
    let all = PathDependencies::of(&app, "workers/mail", language);
    let real = root.canonicalize().expect("a folder");
    let found = all.found.iter().map(|found| {
        let dir = found.dir.strip_prefix(&real).expect("in the folder").display();
        format!("{} {dir}", found.origin)
    });
    (found.collect(), all.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn requirements_name_folders_and_their_sources() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    write(
        root,
        "app/libs/money/pyproject.toml",
        "[project]\nname = \"money\"\ndependencies = [\"Base_Lib>=1\"]\n\n[tool.uv.sources]\nbase-lib = { path = \"../base\" }\nunused = { path = \"../../../outside\" }\n",
    );
    write(root, "app/libs/base/pyproject.toml", "[project]\nname = \"base-lib\"\n");
    write(root, "app/libs/extra/setup.py", "");
    write(root, "outside/setup.py", "");
    write(
        root,
        "app/workers/mail/requirements.txt",
        "-r base.txt\n-e ../../libs/money\n../../../outside\n../nothing\n",
    );
    write(root, "app/workers/mail/base.txt", "requests\n../../libs/extra[x]\n");
    let (found, problems) = of(root, Language::Python);
    assert_eq!(
        found,
        [
            "libs/money/pyproject.toml:6 app/libs/base",
            "workers/mail/base.txt:2 app/libs/extra",
            "workers/mail/requirements.txt:2 app/libs/money",
        ]
    );
    assert_eq!(
        problems,
        [
            "workers/mail/requirements.txt:3: `../../../outside` is outside of the app, and a build packs only files of the app",
            "workers/mail/requirements.txt:4: `../nothing` is not a folder",
        ]
    );
}

#[test]
fn projects_name_sources_and_workspace_members() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    let project = "[project]\nname = \"mail\"\ndependencies = [\"money\", \"dates ; os_name == 'posix'\"]\n[tool.uv.sources]\nmoney = { workspace = true }\ndates = [{ path = \"../../dates\", marker = \"os_name == 'posix'\" }]\n";
    write(root, "app/workers/mail/pyproject.toml", project);
    write(
        root,
        "app/pyproject.toml",
        "[tool.uv.workspace]\nmembers = [\"workers/*\", \"packages/*\"]\nexclude = [\"packages/old\"]\n",
    );
    write(root, "app/packages/cash/pyproject.toml", "[project]\nname = \"money\"\n");
    write(root, "app/packages/old/pyproject.toml", "[project]\nname = \"money\"\n");
    write(root, "app/dates/pyproject.toml", "[project]\nname = \"dates\"\n");
    let (found, problems) = of(root, Language::Python);
    assert_eq!(found, ["workers/mail/pyproject.toml:6 app/dates", "workers/mail/pyproject.toml:5 app/packages/cash"]);
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn packages_name_files_and_workspace_members() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    write(root, "app/package.json", "{\"workspaces\": [\"workers/*\", \"packages/*\", \"!packages/old\"]}");
    let package = "{\n\"dependencies\": {\n\"money\": \"*\",\n\"dates\": \"file:../../dates\",\n\"left\": \"1.0.0\",\n\"packed\": \"file:../a.tgz\",\n\"out\": \"file:../../../out\"\n}\n}";
    write(root, "app/workers/mail/package.json", package);
    write(
        root,
        "app/packages/cash/package.json",
        "{\"name\": \"money\", \"dependencies\": {\"base\": \"file:../../base\"}}",
    );
    write(root, "app/packages/old/package.json", "{\"name\": \"money\"}");
    write(root, "app/dates/package.json", "{}");
    write(root, "app/base/package.json", "{}");
    write(root, "out/package.json", "{}");
    let (found, problems) = of(root, Language::JavaScript);
    assert_eq!(
        found,
        [
            "packages/cash/package.json:1 app/base",
            "workers/mail/package.json:4 app/dates",
            "workers/mail/package.json:3 app/packages/cash",
        ]
    );
    assert_eq!(
        problems,
        [
            "workers/mail/package.json:7: `file:../../../out` is outside of the app, and a build packs only files of the app"
        ]
    );
}

#[test]
fn folders_of_worker_itself_and_cycles_are_found_once() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    write(root, "app/workers/mail/package.json", "{\"dependencies\": {\"a\": \"file:../../a\", \"self\": \"file:.\"}}");
    write(root, "app/a/package.json", "{\"dependencies\": {\"b\": \"file:../b\"}}");
    write(root, "app/b/package.json", "{\"dependencies\": {\"a\": \"file:../a\"}}");
    let (found, problems) = of(root, Language::JavaScript);
    assert_eq!(found, ["workers/mail/package.json:1 app/a", "a/package.json:1 app/b"]);
    assert!(problems.is_empty(), "{problems:?}");
}

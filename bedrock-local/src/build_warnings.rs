//! Warnings about what works on this machine, and `cargo bedrock build` refuses. Printed when a worker is started for the first
//! time, so that a user learns of it before the day of a deployment.

use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use bedrock_build::{Language, PathDependencies, read_requirements, shared_dir};

/// How deep in a worker's folder links are looked for.
const MAX_DEPTH: usize = 3;
/// Endings of files whose imports are read.
const SCRIPTS: [&str; 6] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];
/// Folders that are not packed.
const EXCLUDED_FOLDERS: [&str; 4] = ["node_modules", "__pycache__", "venv", "target"];
/// Beginnings of requirements that are built from source.
const REPOSITORIES: [&str; 4] = ["git+", "hg+", "svn+", "bzr+"];
/// Endings of packages that are built from source.
const SOURCE_ARCHIVES: [&str; 3] = [".tar.gz", ".tgz", ".zip"];

/// Returns what a build of a worker refuses, each with a help line. `worker_dir` is relative to the app in `root`.
pub(crate) fn build_warnings(root: &Path, worker_dir: &str, language: Language) -> Vec<String> {
    let mut found = Vec::new();
    for problem in PathDependencies::of(root, worker_dir, language).problems {
        found.push(warning(&problem.message, problem.help.first().map_or("", String::as_str)));
    }
    let shared = shared_dir(worker_dir, language).unwrap_or_default();
    let folder = root.join(worker_dir);
    let entries = entries(&folder, worker_dir, 1);
    if let Ok(real) = folder.canonicalize() {
        for path in links_outside(&entries, &real) {
            let what = format!("`{path}` is a link out of the worker's folder, which `cargo bedrock build` refuses");
            found.push(warning(&what, &format!("put code of several workers into `{shared}`")));
        }
    }
    if language == Language::JavaScript {
        for (place, import) in imports_outside(&entries, [worker_dir, &shared]) {
            let what = format!(
                "{place}: `{import}` is neither in the worker's folder nor in `{shared}`, and a build packs nothing else"
            );
            let help = format!("move the file into `{shared}`, or make a package of it that `package.json` names");
            found.push(warning(&what, &help));
        }
    }
    if language == Language::Python {
        let text = read_requirements(&folder.join("requirements.txt")).ok().flatten().unwrap_or_default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| is_built_from_source(line)) {
            let line = line.split_once("://").map_or(line, |(name, _)| name);
            let place = format!("{worker_dir}/requirements.txt:{}", at + 1);
            let what = format!("{place}: `{line}…` is built from source, which `cargo bedrock build` refuses");
            found.push(warning(&what, "build a wheel of it for Lambda's platform, and name the wheel's URL or path"));
        }
    }
    found
}

fn warning(what: &str, help: &str) -> String {
    format!("warning: {what}\n  help: {help}")
}

/// An entry of a worker's folder or of a folder in it.
struct Entry {
    path: PathBuf,
    /// Its path in the app.
    shown: String,
    kind: FileType,
}

/// Returns what a worker's folder, `shown` in the app, contains down to [`MAX_DEPTH`], sorted by path.
fn entries(folder: &Path, shown: &str, depth: usize) -> Vec<Entry> {
    let mut children: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    children.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for child in children {
        let name = child.file_name().to_string_lossy().into_owned();
        let Ok(kind) = child.file_type() else { continue };
        if name.starts_with('.') || EXCLUDED_FOLDERS.contains(&name.as_str()) {
            continue;
        }
        let shown = format!("{shown}/{name}");
        if kind.is_dir() && depth < MAX_DEPTH {
            found.extend(entries(&child.path(), &shown, depth + 1));
        }
        found.push(Entry { path: child.path(), shown, kind });
    }
    found
}

/// Returns the links that lead out of a folder. A build reports links to nothing, too, but they do not work here either.
fn links_outside<'e>(entries: &'e [Entry], real: &'e Path) -> impl Iterator<Item = &'e str> {
    let leads_outside = move |entry: &&Entry| entry.path.canonicalize().is_ok_and(|target| !target.starts_with(real));
    entries.iter().filter(|entry| entry.kind.is_symlink()).filter(leads_outside).map(|entry| entry.shown.as_str())
}

/// Returns the relative imports in scripts that lead out of the folders that are `packed`, as file with line, and path.
fn imports_outside(entries: &[Entry], packed: [&str; 2]) -> Vec<(String, String)> {
    let is_script = |entry: &&Entry| entry.kind.is_file() && SCRIPTS.iter().any(|suffix| entry.shown.ends_with(suffix));
    let mut found = Vec::new();
    for Entry { path, shown, .. } in entries.iter().filter(is_script) {
        let (folder, name) = shown.rsplit_once('/').unwrap_or_default();
        if name.contains(".test.") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        for (at, line) in text.lines().enumerate() {
            let outside = parent_imports(line).filter(|import| {
                let target = joined(folder, import);
                !packed.iter().any(|dir| target.as_deref().is_some_and(|target| Path::new(target).starts_with(dir)))
            });
            found.extend(outside.map(|import| (format!("{shown}:{}", at + 1), import.to_owned())));
        }
    }
    found
}

/// Returns the paths in a line of a script that it imports from a folder above.
fn parent_imports(line: &str) -> impl Iterator<Item = &str> {
    let code = if line.trim_start().starts_with(['/', '*']) { "" } else { line };
    ["require(", "import(", "from ", "import "].into_iter().flat_map(move |word| code.split(word).skip(1)).filter_map(
        |rest| {
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|first| ['\'', '"'].contains(first))?;
            let (path, _) = rest.get(1..)?.split_once(quote)?;
            (path.starts_with("../") || path.starts_with("./..")).then_some(path)
        },
    )
}

/// Returns a path relative to the app, or `None` if it leads out of the app.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_built_from_source(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or(line).trim();
    if line.starts_with(['#', '-']) {
        return false;
    }
    let place =
        line.split_once('@').filter(|(name, _)| !name.contains([':', '/'])).map_or(line, |(_, place)| place.trim());
    let file = place.split([';', '#', ' ']).next().unwrap_or(place);
    REPOSITORIES.iter().any(|scheme| place.starts_with(scheme))
        || (file.contains('/') && SOURCE_ARCHIVES.iter().any(|suffix| file.ends_with(suffix)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{Language, build_warnings};

    #[test]
    fn what_a_build_refuses_is_reported() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().join("app");
        fs::create_dir_all(root.join("workers/mail/lib")).expect("a folder");
        fs::create_dir_all(root.join("workers/_shared/python")).expect("a folder");
        fs::create_dir_all(scratch.path().join("outside")).expect("a folder");
        symlink("../_shared/python", root.join("workers/mail/common")).expect("a link");
        symlink("lib", root.join("workers/mail/inside")).expect("a link");
        let list = "-e ../../../outside\nrequests==2\ngit+https://me:secret@example.com/a\n./b-1.0.tar.gz\n# git+x\n";
        fs::write(root.join("workers/mail/requirements.txt"), list).expect("written");
        let warnings = build_warnings(&root, "workers/mail", Language::Python);
        let first: Vec<&str> = warnings.iter().filter_map(|text| text.lines().next()).collect();
        assert_eq!(
            first,
            [
                "warning: workers/mail/requirements.txt:1: `../../../outside` is outside of the app, and a build packs only \
                 files of the app",
                "warning: `workers/mail/common` is a link out of the worker's folder, which `cargo bedrock build` refuses",
                "warning: workers/mail/requirements.txt:3: `git+https…` is built from source, which `cargo bedrock build` \
                 refuses",
                "warning: workers/mail/requirements.txt:4: `./b-1.0.tar.gz…` is built from source, which `cargo bedrock \
                 build` refuses",
            ]
        );
        assert!(warnings[1].ends_with("help: put code of several workers into `workers/_shared/python`"));
        assert!(build_warnings(&root, "workers/other", Language::JavaScript).is_empty());
    }

    #[test]
    fn imports_that_leave_the_worker_are_reported() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().join("app");
        fs::create_dir_all(root.join("workers/mail/lib")).expect("a folder");
        fs::create_dir_all(root.join("workers/mail/node_modules/x")).expect("a folder");
        let main = "import { a } from '../_shared/javascript/a.js';\nconst b = require('../../src/b');\n// require('../../c')\nconst d = await import(\"../../../d.mjs\");\n";
        fs::write(root.join("workers/mail/main.mjs"), main).expect("written");
        fs::write(root.join("workers/mail/lib/e.ts"), "import '../main.mjs';\nimport f from '../../f.ts';\n")
            .expect("written");
        fs::write(root.join("workers/mail/node_modules/x/index.js"), "require('../../../../../x');\n")
            .expect("written");
        let warnings = build_warnings(&root, "workers/mail", Language::JavaScript);
        let first: Vec<&str> = warnings.iter().filter_map(|text| text.lines().next()).collect();
        let rest =
            "is neither in the worker's folder nor in `workers/_shared/javascript`, and a build packs nothing else";
        assert_eq!(
            first,
            [
                format!("warning: workers/mail/lib/e.ts:2: `../../f.ts` {rest}"),
                format!("warning: workers/mail/main.mjs:2: `../../src/b` {rest}"),
                format!("warning: workers/mail/main.mjs:4: `../../../d.mjs` {rest}"),
            ]
        );
        assert!(warnings[0].ends_with(
            "help: move the file into `workers/_shared/javascript`, or make a package of it that `package.json` names"
        ));
    }
}

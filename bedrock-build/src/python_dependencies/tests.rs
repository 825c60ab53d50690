//! Which list of dependencies a Python worker has, and the encodings of `requirements.txt`.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{ProjectFile, PythonDependencies, decode, parse_project, read_requirements};

/// Returns a folder with these files, which is deleted at the end of the test.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (file, text) in files {
        let file = dir.path().join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("written");
    }
    dir
}

const PROJECT: &str = "[project]\nname = \"p\"\ndependencies = [\"a\"]\n";
const TOOLS: &str =
    "[project]\nname = \"p\"\n[tool.ruff]\nline-length = 100\n[dependency-groups]\ndev = [\"pytest\"]\n";

fn found(dir: &Path) -> Result<PythonDependencies, String> {
    PythonDependencies::of(dir, "workers/p").map_err(|problem| format!("{problem}; {}", problem.help.join("; ")))
}

#[test]
fn project_file_is_a_list_only_with_dependencies() {
    for text in [
        PROJECT,
        "[tool.x]\na = 1\n[project]\nname = \"a\"\ndependencies=[\n  \"a\",\n]\n",
        "[ project ]\r\nname = \"a\"\r\ndependencies = ['a']\r\n",
        "project.dependencies = ['a']\n",
        "project = { name = 'a', dependencies = ['a'] }\n",
        "[project]\ndynamic = [\"version\", \"dependencies\"]\n",
    ] {
        assert_eq!(parse_project(text), Ok(ProjectFile::Listed), "{text}");
    }
    for text in [
        "",
        TOOLS,
        "[project]\ndependencies = []\n",
        "[tool.x]\ndependencies = [\"a\"]\n",
        "[project.optional-dependencies]\ndependencies = [\"a\"]\n",
        "[project]\ndynamic = [\"version\"]\ndescription = \"dependencies = ['a']\"\n",
        "[tool.poetry.dependencies]\npython = \"^3.9\"\n",
    ] {
        assert_eq!(parse_project(text), Ok(ProjectFile::Tools), "{text}");
    }
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.9\"\nrequests = \"^2\"\n";
    assert_eq!(parse_project(poetry), Ok(ProjectFile::Poetry));
    assert!(parse_project("[tool.ruff").is_err());
}

#[test]
fn locked_project_precedes_requirements_precede_project() {
    let of = |files: &[(&str, &str)]| found(folder(files).path());
    let requirements = ("requirements.txt", "a\n");
    assert_eq!(of(&[("main.py", "")]), Ok(PythonDependencies::None));
    assert_eq!(of(&[("pyproject.toml", TOOLS)]), Ok(PythonDependencies::None));
    assert_eq!(of(&[("pyproject.toml", TOOLS), requirements]), Ok(PythonDependencies::Requirements));
    assert_eq!(of(&[("pyproject.toml", "["), requirements]), Ok(PythonDependencies::Requirements));
    assert_eq!(of(&[("pyproject.toml", PROJECT), requirements]), Ok(PythonDependencies::Requirements));
    assert_eq!(of(&[("pyproject.toml", PROJECT)]), Ok(PythonDependencies::Project { lock: None }));
    let locked = folder(&[("pyproject.toml", PROJECT), requirements, ("uv.lock", "")]);
    assert_eq!(found(locked.path()), Ok(PythonDependencies::Project { lock: Some(locked.path().join("uv.lock")) }));
}

#[test]
fn lock_of_the_workspace_counts_for_its_members() {
    let workspace = "[tool.uv.workspace]\nmembers = [\"workers/*\"]\nexclude = [\"workers/other\"]\n";
    let root = folder(&[
        ("pyproject.toml", workspace),
        ("uv.lock", ""),
        ("workers/member/pyproject.toml", PROJECT),
        ("workers/other/pyproject.toml", PROJECT),
    ]);
    let lock = root.path().canonicalize().expect("a folder").join("uv.lock");
    let of = |worker: &str| found(&root.path().join("workers").join(worker));
    assert_eq!(of("member"), Ok(PythonDependencies::Project { lock: Some(lock) }));
    assert_eq!(of("other"), Ok(PythonDependencies::Project { lock: None }));
}

#[test]
fn lists_of_other_tools_are_named() {
    let poetry = folder(&[("pyproject.toml", "[tool.poetry.dependencies]\nrequests = \"^2\"\n")]);
    assert_eq!(
        found(poetry.path()),
        Err("`workers/p/pyproject.toml` lists dependencies for Poetry, which is not run here; run `poetry export \
             -o requirements.txt` in `workers/p`, or list them in `[project]` of `pyproject.toml`"
            .to_owned())
    );
    let pipenv = folder(&[("Pipfile", "[packages]\nrequests = \"*\"\n")]);
    assert!(
        found(pipenv.path()).is_err_and(|error| error.starts_with("`workers/p/Pipfile` lists dependencies for Pipenv"))
    );
    let broken = folder(&[("pyproject.toml", "[")]);
    assert!(found(broken.path()).is_err_and(|error| error.starts_with("failed to read `workers/p/pyproject.toml`: ")));
}

#[test]
fn requirements_are_decoded_like_pip_does() {
    let text = "foo==1.0 # größer\r\n";
    let utf_16: Vec<u16> = text.encode_utf16().collect();
    let le: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf_16.iter().flat_map(|unit| unit.to_le_bytes())).collect();
    let be: Vec<u8> = [0xfe, 0xff].into_iter().chain(utf_16.iter().flat_map(|unit| unit.to_be_bytes())).collect();
    let wide: Vec<u8> =
        [0xff, 0xfe, 0, 0].into_iter().chain(text.chars().flat_map(|letter| (letter as u32).to_le_bytes())).collect();
    let bom = ["\u{feff}", text].concat().into_bytes();
    for bytes in [text.as_bytes(), &le, &be, &wide, &bom] {
        assert_eq!(decode(bytes).ok().as_deref(), Some(text), "{bytes:?}");
    }
    assert_eq!(
        decode(b"# -*- coding: latin-1 -*-\n# gr\xf6\n").ok().as_deref(),
        Some("# -*- coding: latin-1 -*-\n# grö\n")
    );
    for bytes in [&b"gr\xf6"[..], b"\xff\xfe\x00", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\x00\x01"] {
        assert!(decode(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn only_regular_files_are_opened() {
    let folder = folder(&[("x", "")]);
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("requirements.txt")).expect("a link");
    assert!(read_requirements(&folder.path().join("requirements.txt")).is_err());
    assert_eq!(found(folder.path()), Ok(PythonDependencies::Requirements));
    assert!(read_requirements(&folder.path().join("nowhere")).is_ok_and(|text| text.is_none()));
}

//! Which packages and files the build packs, for lists of dependencies as people and tools write them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::test_app::{CommandOutput, TestApp};

/// Creates an app with a worker of this file name.
pub(crate) fn app(worker: &str) -> TestApp {
    let app = TestApp::without_rust();
    app.run_ok(&["new", "worker", worker]);
    app
}

pub(crate) fn write(app: &TestApp, path: &str, text: &str) {
    let folder = app.path(path).parent().expect("a folder").to_owned();
    fs::create_dir_all(folder).expect("a folder");
    app.write(path, text);
}

/// Adds a wheel with one module.
fn add_wheel(app: &TestApp, path: &str) {
    add_wheel_of(app, path, "X = 1\n");
}

/// Adds a wheel with one module, which has this text.
pub(crate) fn add_wheel_of(app: &TestApp, path: &str, text: &str) {
    let name = Path::new(path).file_name().expect("a name").to_string_lossy().into_owned();
    let parts: Vec<&str> = name.split('-').collect();
    let info = format!("{}-{}.dist-info", parts[0], parts[1]);
    let module = format!("{}.py", parts[0]);
    let files = [
        (module.clone(), text.to_owned()),
        (format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", parts[0], parts[1])),
        (format!("{info}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned()),
        (format!("{info}/RECORD"), format!("{module},,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")),
    ];
    fs::create_dir_all(app.path(path).parent().expect("a folder")).expect("a folder");
    let mut zip = ZipWriter::new(fs::File::create(app.path(path)).expect("a file"));
    for (path, text) in files {
        zip.start_file(path, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(text.as_bytes()).expect("an entry");
    }
    zip.finish().expect("a wheel");
}

/// Returns the `PATH` of this machine without folders that have uv, after `first`.
pub(crate) fn path_without_uv(first: Option<&Path>) -> String {
    let all = std::env::var_os("PATH").expect("a PATH");
    let dirs = first.into_iter().map(Path::to_owned).chain(std::env::split_paths(&all));
    let path = std::env::join_paths(dirs.filter(|dir| !dir.join("uv").exists())).expect("a PATH");
    path.into_string().expect("text")
}

/// Builds a part without uv. The installers have no network.
fn build(app: &TestApp, part: &str) -> CommandOutput {
    let mut command = app.command(&["build", part]);
    command.env("PATH", path_without_uv(None)).env("npm_config_registry", "http://127.0.0.1:1/");
    command.env("npm_config_fetch_retries", "0").env("PIP_NO_INDEX", "1");
    command.output().expect("the build starts").into()
}

/// Returns the names in a zip file. Empty if there is none.
pub(crate) fn names(app: &TestApp, zip: &str) -> Vec<String> {
    let Ok(file) = fs::File::open(app.path("target/bedrock").join(zip)) else { return Vec::new() };
    let archive = ZipArchive::new(file).expect("a zip");
    archive.file_names().map(|name| name.expect("a name").into_owned()).collect()
}

fn has(app: &TestApp, zip: &str, name: &str) -> bool {
    names(app, zip).iter().any(|found| found == name)
}

/// Serves the files of a folder on loopback until the tests end. Returns the URL.
pub(crate) fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            let path = line.split(' ').nth(1).unwrap_or_default().trim_matches('/').to_owned();
            let file = folder.join(&path);
            let is_page = file.is_dir();
            let body = fs::read(if is_page { file.join("index.html") } else { file });
            let status = if body.is_ok() { "200 OK" } else { "404 Not Found" };
            let kind = if is_page { "text/html" } else { "application/octet-stream" };
            let body = body.unwrap_or_default();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    url
}

#[test]
fn requirements_are_installed_in_every_form_of_pip() {
    let app = app("counter.py");
    add_wheel(&app, "workers/counter/wheels/foo-1.0-py3-none-any.whl");
    let utf_16: Vec<u8> = "wheels/foo-1.0-py3-none-any.whl\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (form, bytes) in [
        ("a path without `./`", b"wheels/foo-1.0-py3-none-any.whl\n".to_vec()),
        ("extras", b"./wheels/foo-1.0-py3-none-any.whl[more]\n".to_vec()),
        ("a tab before a comment", b"foo @ file:./wheels/foo-1.0-py3-none-any.whl\t# why\n".to_vec()),
        ("a mark of UTF-8", "\u{feff}--no-index\r\n--find-links wheels\r\nfoo==1.0\r\n".as_bytes().to_vec()),
        ("UTF-16", [b"\xff\xfe".to_vec(), utf_16].concat()),
    ] {
        fs::write(app.path("workers/counter/requirements.txt"), bytes).expect("written");
        let output = build(&app, "--worker-layer=counter");
        assert_eq!(output.code, Some(0), "{form}: {}", output.stderr);
        assert!(has(&app, "layers/counter.zip", "python/foo.py"), "{form}");
    }
    let no_hash = "0".repeat(64);
    for text in [
        format!("./wheels/foo-1.0-py3-none-any.whl --hash=sha256:{no_hash}\n"),
        "foo==1.0 --no-binary foo\n".to_owned(),
        "--no-bin :all:\n".to_owned(),
    ] {
        app.write("workers/counter/requirements.txt", &text);
        assert_eq!(build(&app, "--worker-layer=counter").code, Some(1), "{text}");
    }
}

#[test]
fn settings_of_pip_for_the_user_do_not_matter() {
    let app = app("counter.py");
    add_wheel(&app, "workers/counter/foo-1.0-py3-none-any.whl");
    app.write("workers/counter/requirements.txt", "./foo-1.0-py3-none-any.whl\n");
    for variable in ["PIP_USER", "PIP_REQUIRE_VIRTUALENV"] {
        let _ = fs::remove_dir_all(app.path("target/bedrock"));
        let mut command = app.command(&["build", "--worker-layer=counter"]);
        command.env("PATH", path_without_uv(None)).env("PIP_NO_INDEX", "1").env(variable, "1");
        let output: CommandOutput = command.output().expect("the build starts").into();
        assert_eq!(output.code, Some(0), "{variable}: {}", output.stderr);
        assert!(has(&app, "layers/counter.zip", "python/foo.py"), "{variable}");
    }
}

#[test]
fn pip_judges_markers_for_the_runtime() {
    let app = app("counter.py");
    for wheel in ["fornew", "forold"] {
        add_wheel(&app, &format!("workers/counter/wheels/{wheel}-1.0-py3-none-any.whl"));
    }
    let list = "--find-links wheels\nfornew ; python_version >= 'RUNTIME'\nforold ; python_version < 'RUNTIME'\n\
                wheels/forold-1.0-py3-none-any.whl ; sys_platform == 'win32'\n";
    for runtime in ["3.14", "3.12"] {
        app.write("workers/counter/requirements.txt", &list.replace("RUNTIME", runtime));
        let settings = format!("[package.metadata.bedrock.workers.counter]\nruntime = \"python{runtime}\"\n");
        let manifest = app.read("Cargo.toml");
        app.append("Cargo.toml", &format!("\n{settings}"));
        let output = build(&app, "--worker-layer=counter");
        app.write("Cargo.toml", &manifest);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(has(&app, "layers/counter.zip", "python/fornew.py"), "{runtime}");
        assert!(!has(&app, "layers/counter.zip", "python/forold.py"), "{runtime}");
    }
}

#[test]
fn project_file_without_dependencies_is_ignored() {
    let app = app("counter.py");
    add_wheel(&app, "workers/counter/foo-1.0-py3-none-any.whl");
    app.write("workers/counter/requirements.txt", "foo-1.0-py3-none-any.whl\n");
    app.write("workers/counter/pyproject.toml", "[tool.ruff]\nline-length = 100\n");
    let output = build(&app, "--worker-layer=counter");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(has(&app, "layers/counter.zip", "python/foo.py"));
}

#[test]
fn layer_without_bytecode_is_a_warning() {
    let app = app("counter.py");
    add_wheel(&app, "workers/counter/foo-1.0-py3-none-any.whl");
    app.write("workers/counter/requirements.txt", "foo-1.0-py3-none-any.whl\n");
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.counter]\nruntime = \"python3.14\"\n");
    // A shim for a version that is not installed.
    fs::create_dir_all(app.path("bin")).expect("a folder");
    let shim = app.path("bin/python3.14");
    fs::write(&shim, "#!/bin/sh\necho 'python3.14: command not found' >&2\nexit 127\n").expect("written");
    fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("executable");
    let mut command = app.command(&["build", "--worker-layer=counter"]);
    command.env("PATH", path_without_uv(Some(&app.path("bin")))).env("PIP_NO_INDEX", "1");
    command.env("PYENV_ROOT", app.path("none")).env("UV_PYTHON_INSTALL_DIR", app.path("none"));
    let output: CommandOutput = command.output().expect("the build starts").into();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let has_bytecode = names(&app, "layers/counter.zip")
        .iter()
        .any(|name| name.rsplit_once('.').is_some_and(|(_, extension)| extension == "pyc"));
    let warning = "the layer has no bytecode, so each cold start compiles its modules: the `python3.14` on the PATH";
    assert_eq!(output.stderr.contains(warning), !has_bytecode, "{}", output.stderr);
}

/// Answers as Python 3.14.2 does, and writes what is bytecode for a layer.
const PYTHON_3_14: &str = "#!/bin/sh
case \"$*\" in *-m\\ compileall*) ;; *) echo '3.14 3.14.2'; exit;; esac
for target; do :; done
mkdir -p \"$target/__pycache__\" && echo compiled > \"$target/__pycache__/foo.cpython-314.pyc\"
";

#[test]
fn layer_gets_bytecode_of_a_python_of_pyenv_or_uv() {
    for (variable, dir, root) in [
        ("PYENV_ROOT", "pythons/versions/3.14.2/bin", "pythons"),
        ("UV_PYTHON_INSTALL_DIR", "pythons/cpython-3.14.2-linux-x86_64-gnu/bin", "pythons"),
    ] {
        let app = app("counter.py");
        add_wheel(&app, "workers/counter/foo-1.0-py3-none-any.whl");
        app.write("workers/counter/requirements.txt", "foo-1.0-py3-none-any.whl\n");
        app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.counter]\nruntime = \"python3.14\"\n");
        write(&app, &format!("{dir}/python3.14"), PYTHON_3_14);
        let program = app.path(&format!("{dir}/python3.14"));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        let build = || -> CommandOutput {
            let mut command = app.command(&["build", "--worker-layer=counter"]);
            command.env("PATH", path_without_uv(None)).env("PIP_NO_INDEX", "1");
            command.env("PYENV_ROOT", app.path("none")).env("UV_PYTHON_INSTALL_DIR", app.path("none"));
            command.env(variable, app.path(root)).output().expect("the build starts").into()
        };
        let output = build();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(has(&app, "layers/counter.zip", "python/__pycache__/foo.cpython-314.pyc"), "{}", output.stderr);
        let note = format!("bytecode of Python 3.14.2, by `{}`", program.display());
        // A machine may have the version on its PATH.
        let is_on_path =
            Command::new("python3.14").arg("--version").output().is_ok_and(|output| output.status.success());
        assert!(is_on_path || output.stderr.contains(&note), "{}", output.stderr);
        // Without it, the layer is another one.
        fs::remove_file(&program).expect("removed");
        let output = build();
        let warning = "neither pyenv nor uv has one; `uv python install 3.14` installs it";
        assert!(is_on_path || output.stderr.contains(warning), "{}", output.stderr);
    }
}

#[test]
fn indexes_of_a_locked_project_are_used() {
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let app = app("counter.py");
    fs::remove_file(app.path("workers/counter/requirements.txt")).expect("removed");
    add_wheel(&app, "index/foo/foo-1.0-py3-none-any.whl");
    write(&app, "index/foo/index.html", "<a href=\"foo-1.0-py3-none-any.whl\">foo-1.0-py3-none-any.whl</a>");
    let url = serve(app.path("index"));
    let project = format!(
        "[project]\nname = \"counter\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [\"foo==1.0\"]\n\
         [[tool.uv.index]]\nname = \"company\"\nurl = \"{url}\"\nexplicit = true\n[tool.uv.sources]\nfoo = {{ index = \"company\" }}\n"
    );
    app.write("workers/counter/pyproject.toml", &project);
    let lock = Command::new(&uv).args(["lock", "--quiet"]).current_dir(app.path("workers/counter")).status();
    assert!(lock.is_ok_and(|status| status.success()));
    let mut command = app.command(&["build", "--worker-layer=counter"]);
    let path = format!("{}:{}", uv.parent().expect("a folder").display(), std::env::var("PATH").expect("a PATH"));
    let output: CommandOutput = command.env("PATH", path).output().expect("the build starts").into();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(has(&app, "layers/counter.zip", "python/foo.py"));
}

#[test]
fn imported_files_are_packed_although_git_ignores_them() {
    let app = app("counter.py");
    app.edit("workers/counter/main.py", "from bedrock", "import order_pb2\nfrom build import made\nfrom bedrock");
    app.write("workers/counter/.gitignore", "*_pb2.py\nbuild/\nlocal.py\n");
    for file in ["order_pb2.py", "unused_pb2.py", "build/__init__.py", "build/made.py", "build/template.html"] {
        write(&app, &format!("workers/counter/{file}"), "");
    }
    write(&app, "workers/counter/build/.env", "");
    let output = build(&app, "--worker=counter");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let found = names(&app, "workers/counter.zip");
    for (name, is_packed) in [
        ("order_pb2.py", true),
        ("build/made.py", true),
        ("build/template.html", true),
        ("unused_pb2.py", false),
        ("build/.env", false),
    ] {
        assert_eq!(found.iter().any(|found| found == name), is_packed, "{name}");
    }
    app.write("workers/counter/.bedrockignore", "order_pb2.py\n");
    let output = build(&app, "--worker=counter");
    assert_eq!(output.code, Some(1));
    let error = "error: `.bedrockignore` keeps `workers/counter/order_pb2.py` out of the zip";
    assert!(output.stderr.contains(error), "{}", output.stderr);
}

/// Neither a contract nor what checks it makes a zip larger, unless the worker is asked to check it.
#[test]
fn contract_is_packed_only_if_it_is_checked() {
    for (worker, validator) in [("counter.py", "bedrock/workers/contract.py"), ("reporter.js", "bedrock/validate.mjs")]
    {
        let app = app(worker);
        let (name, _) = worker.split_once('.').expect("an extension");
        let (zip, build_worker) = (format!("workers/{name}.zip"), format!("--worker={name}"));
        let bytes = || fs::metadata(app.path("target/bedrock").join(&zip)).expect("a zip").len();
        let build_ok = || {
            let output = build(&app, &build_worker);
            assert_eq!(output.code, Some(0), "{}", output.stderr);
        };
        build_ok();
        let without = bytes();
        app.run_ok(&["contracts"]);
        assert!(app.path(&format!("workers/{name}/contract.json")).is_file());
        build_ok();
        assert_eq!(bytes(), without, "{worker}");
        for path in ["contract.json", validator] {
            assert!(!has(&app, &zip, path), "{path}");
        }
        let table = format!("\n[package.metadata.bedrock.stages.dev.workers.{name}]\n");
        app.append("Cargo.toml", &(table + "env = { BEDROCK_CHECK_CONTRACTS = \"1\" }\n"));
        build_ok();
        for path in ["contract.json", validator] {
            assert!(has(&app, &zip, path), "{path}");
        }
    }
}

#[test]
fn main_file_is_packed_although_git_ignores_it() {
    let app = app("reporter.js");
    app.write("workers/reporter/.gitignore", "*.js\ntest/\n");
    app.append("workers/reporter/main.js", "\nrequire('./test/helper');\n");
    write(&app, "workers/reporter/test/helper.js", "");
    write(&app, "workers/reporter/other.js", "");
    let output = build(&app, "--worker=reporter");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let found = names(&app, "workers/reporter.zip");
    for (name, is_packed) in [("main.js", true), ("worker.js", true), ("test/helper.js", true), ("other.js", false)] {
        assert_eq!(found.iter().any(|found| found == name), is_packed, "{name}");
    }
}

#[test]
fn members_of_an_npm_workspace_are_copied_into_the_layer() {
    let app = app("reporter.js");
    app.write("package.json", r#"{ "private": true, "workspaces": ["workers/*", "packages/*"] }"#);
    let list = r#"{ "name": "reporter", "version": "1.0.0", "dependencies": { "our-lib": "^1.0.0" } }"#;
    app.write("workers/reporter/package.json", list);
    let lib = r#"{ "name": "our-lib", "version": "1.0.0", "main": "dist/index.js", "dependencies": { "@our/deep": "*" },
                   "scripts": { "postinstall": "node make.js" } }"#;
    write(&app, "packages/lib/package.json", lib);
    write(&app, "packages/lib/.gitignore", "dist/\n");
    write(&app, "packages/lib/dist/index.js", "module.exports = 'ours';");
    write(&app, "packages/deep/package.json", r#"{ "name": "@our/deep", "version": "2.0.0" }"#);
    write(&app, "packages/deep/index.js", "");
    write(&app, "packages/other/package.json", r#"{ "name": "other", "version": "1.0.0" }"#);
    let output = build(&app, "--worker-layer=reporter");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let found = names(&app, "layers/reporter.zip");
    for name in ["our-lib/dist/index.js", "@our/deep/index.js"] {
        assert!(found.contains(&format!("nodejs/node_modules/{name}")), "{name} in {found:?}");
    }
    assert!(!found.iter().any(|name| name.contains("other") || name.contains("reporter")), "{found:?}");
    let warning = "`our-lib` has an install script, which a build does not run: what `node make.js`";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
    app.write("packages/lib/dist/index.js", "module.exports = 'changed';");
    let output = build(&app, "--worker-layer=reporter");
    assert!(output.stderr.contains("our-lib"), "a change of a member builds the layer again: {}", output.stderr);
}

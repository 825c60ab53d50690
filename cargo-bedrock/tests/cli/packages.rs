//! The packages of the program for pip and npm, made from the program of these tests and installed into empty folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::find_on_path;

use crate::test_app::checkout;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Returns a copy of the program without debug information, which would take long to compress.
fn stripped_program(folder: &Path) -> PathBuf {
    let program = folder.join("stripped");
    fs::copy(env!("CARGO_BIN_EXE_cargo-bedrock"), &program).expect("a copy");
    // Without the tool the package is only larger.
    let _ = Command::new("strip").arg(&program).status();
    program
}

fn packaging(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-B").arg(checkout().join("packaging").join(script)).args(["--version", VERSION]);
    command
}

#[test]
fn wheel_installs_a_working_program() {
    let Some(_) = find_on_path("python3") else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let program = stripped_program(dir.path());
    let platform = run(Command::new("python3").args(["-c", "import sysconfig; print(sysconfig.get_platform())"]));
    let platform = platform.replace(['-', '.'], "_");
    let make = |out: &str| {
        let out = dir.path().join(out);
        run(packaging("wheel.py").arg("--binary").arg(&program).args(["--platform", &platform, "--out"]).arg(&out))
    };
    let wheel = make("first");
    assert_eq!(fs::read(&wheel).expect("a wheel"), fs::read(make("second")).expect("a wheel"), "the same bytes");
    let venv = dir.path().join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let pip = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"];
    run(Command::new(venv.join("bin/python")).args(pip).arg(&wheel));
    let installed = venv.join("bin/cargo-bedrock");
    assert_eq!(run(Command::new(&installed).arg("--version")), format!("cargo-bedrock {VERSION}"));
    run(Command::new(&installed).args(["bedrock", "new", "app", "shop"]).current_dir(dir.path()));
    assert!(dir.path().join("shop/Cargo.toml").is_file());
    let shown = run(Command::new(venv.join("bin/python")).args(["-m", "pip", "show", "--files", "cargo-bedrock"]));
    assert!(shown.contains("License: MIT OR Apache-2.0") && shown.contains("bin/cargo-bedrock"), "{shown}");
}

#[test]
fn npm_package_starts_the_program_of_its_platform() {
    let (Some(npm), Some(_)) = (find_on_path("npm"), find_on_path("python3")) else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let program = stripped_program(dir.path());
    let platform = run(Command::new("node").args(["-p", "`${process.platform}-${process.arch}`"]));
    let binary = format!("{platform}={}", program.display());
    run(packaging("npm.py").args(["--binary", &binary, "--out"]).arg(dir.path().join("packages")));
    let app = dir.path().join("app");
    fs::create_dir(&app).expect("a folder");
    fs::write(app.join("package.json"), "{}").expect("a file");
    let pack = |name: &str| {
        let folder = dir.path().join("packages").join(name);
        let file = run(Command::new(&npm).args(["pack", "--silent"]).current_dir(&folder));
        folder.join(file)
    };
    let main = pack("cargo-bedrock");
    // npm would look for the optional dependency in the registry; the folder has it already.
    let install = ["install", "--silent", "--no-audit", "--no-fund", "--offline", "--no-save"];
    run(Command::new(&npm).args(install).args(["--omit=optional"]).arg(&main).arg(pack(&platform)).current_dir(&app));
    let npx = |arguments: &[&str]| {
        let mut command = Command::new(app.join("node_modules/.bin/cargo-bedrock"));
        command.args(arguments).current_dir(&app).output().expect("it starts")
    };
    assert_eq!(String::from_utf8_lossy(&npx(&["--version"]).stdout), format!("cargo-bedrock {VERSION}\n"));
    assert_eq!(npx(&["bedrock", "list"]).status.code(), Some(2), "the exit code is that of the program");
    fs::remove_dir_all(app.join("node_modules/@cargo-bedrock")).expect("removed");
    let missing = npx(&["--version"]);
    assert_eq!(missing.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        stderr.starts_with(&format!("error: the package `@cargo-bedrock/{platform}` is not installed")),
        "{stderr}"
    );
}

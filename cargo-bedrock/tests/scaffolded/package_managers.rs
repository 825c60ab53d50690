//! JavaScript workers with a lock of Yarn, pnpm or Bun: their tool installs the layer and on this machine. All packages come from
//! a registry on loopback.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::packages::{names, serve, write};
use crate::test_app::{CommandOutput, TestApp};

/// Writes a registry with the packages of a JSON file into the current folder: for each one its versions and archives.
const MAKE_REGISTRY: &str = r#"
const fs = require("fs"), { execFileSync } = require("child_process"), { createHash } = require("crypto");
const [, url, list] = process.argv;
fs.mkdirSync("archives");
for (const manifest of JSON.parse(list)) {
  fs.mkdirSync("package");
  fs.writeFileSync("package/package.json", JSON.stringify(manifest));
  fs.writeFileSync("package/index.js", `exports.name = ${JSON.stringify(manifest.name)};`);
  const archive = `archives/${manifest.name}-${manifest.version}.tgz`;
  execFileSync("tar", ["czf", archive, "package"]);
  fs.rmSync("package", { recursive: true });
  const bytes = fs.readFileSync(archive);
  const digest = (name, form) => createHash(name).update(bytes).digest(form);
  const dist = { tarball: `${url}/${archive}`, shasum: digest("sha1", "hex"), integrity: "sha512-" + digest("sha512", "base64") };
  const known = fs.existsSync(manifest.name) ? JSON.parse(fs.readFileSync(manifest.name)).versions : {};
  const versions = { ...known, [manifest.version]: { ...manifest, dist } };
  // Yarn does not take what has just been published.
  const time = Object.fromEntries(Object.keys(versions).map((version) => [version, "2020-01-01T00:00:00.000Z"]));
  const document = { name: manifest.name, "dist-tags": { latest: manifest.version }, versions, time };
  fs.writeFileSync(manifest.name, JSON.stringify(document));
}
"#;

/// A tool, where it is in `target/tools`, its lock, and how it makes one.
struct Tool {
    name: &'static str,
    path: &'static str,
    lock: &'static str,
    make_lock: &'static [&'static str],
}

const TOOLS: [Tool; 4] = [
    Tool {
        name: "yarn",
        path: "yarn_classic/bin/yarn.js",
        lock: "yarn.lock",
        make_lock: &["install", "--ignore-platform"],
    },
    Tool {
        name: "yarn",
        path: "yarn/bin/yarn.js",
        lock: "yarn.lock",
        make_lock: &["install", "--mode=update-lockfile"],
    },
    Tool {
        name: "pnpm",
        path: "pnpm/bin/pnpm.cjs",
        lock: "pnpm-lock.yaml",
        make_lock: &["install", "--lockfile-only", "--ignore-workspace"],
    },
    Tool { name: "bun", path: "bun/bin/bun", lock: "bun.lock", make_lock: &["install", "--lockfile-only"] },
];

/// An app with the worker `reporter`, which returns the names of its dependencies, and a registry.
pub(crate) struct Project {
    pub(crate) app: TestApp,
    scratch: tempfile::TempDir,
    url: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        let app = crate::packages::app("reporter.js");
        let scratch = tempfile::tempdir().expect("a folder");
        let registry = scratch.path().join("registry");
        fs::create_dir_all(&registry).expect("a folder");
        let url = serve(registry.clone());
        let part = |cpu: &str| json!({ "name": format!("part-linux-{cpu}"), "version": "1.0.0", "os": ["linux"], "cpu": [cpu], "libc": ["glibc"] });
        let packages = json!([
            { "name": "tiny", "version": "1.0.0", "license": "MIT", "dependencies": { "inner": "^1.0.0" },
              "optionalDependencies": { "part-linux-x64": "1.0.0", "part-linux-arm64": "1.0.0" } },
            { "name": "inner", "version": "1.0.0", "scripts": { "postinstall": "touch made" } },
            { "name": "inner", "version": "2.0.0" },
            { "name": "tool", "version": "1.0.0" },
            part("x64"), part("arm64"),
        ]);
        let mut node = Command::new("node");
        node.args(["-e", MAKE_REGISTRY, &url, &packages.to_string()]).current_dir(&registry);
        assert!(node.status().expect("Node.js").success());
        let main = "const { Worker } = require(\"./worker.js\");\n\nclass Reporter extends Worker {\n  async execute() {\n    return require(\"tiny\").name;\n  }\n}\n\nmodule.exports = { Reporter };\n";
        app.write("workers/reporter/main.js", main);
        let project = Self { app, scratch, url };
        project.write_list("workers/reporter", &json!({ "tiny": "1.0.0" }));
        project
    }

    /// Writes the list of a package, and settings with the registry for each tool.
    fn write_list(&self, dir: &str, dependencies: &Value) {
        let name = dir.rsplit('/').next().unwrap_or(dir);
        let list = json!({
            "name": name, "version": "1.0.0", "dependencies": dependencies, "devDependencies": { "tool": "1.0.0" },
        });
        write(&self.app, &format!("{dir}/package.json"), &list.to_string());
        self.write_settings(dir);
    }

    fn write_settings(&self, dir: &str) {
        let url = &self.url;
        self.app.write(&format!("{dir}/.npmrc"), &format!("registry={url}/\n"));
        let yarn = format!("npmRegistryServer: \"{url}\"\nunsafeHttpWhitelist: [\"127.0.0.1\"]\n");
        self.app.write(&format!("{dir}/.yarnrc.yml"), &yarn);
    }

    /// Sets variables with which the tools keep no file outside of the scratch folder, and `bin` first on the PATH.
    pub(crate) fn prepare<'c>(&self, command: &'c mut Command, bin: &Path) -> &'c mut Command {
        let path = std::env::var_os("PATH").expect("a PATH");
        let others = std::env::split_paths(&path)
            .filter(|dir| !["yarn", "pnpm", "bun"].iter().any(|tool| dir.join(tool).exists()));
        let path = std::env::join_paths([bin.to_owned()].into_iter().chain(others)).expect("a PATH");
        let scratch = |name: &str| self.scratch.path().join(name);
        command.env("PATH", path).env("XDG_DATA_HOME", scratch("data")).env("XDG_CACHE_HOME", scratch("cache"));
        command.env("YARN_CACHE_FOLDER", scratch("yarn")).env("YARN_GLOBAL_FOLDER", scratch("yarn_global"));
        command.env("BUN_INSTALL_CACHE_DIR", scratch("bun_cache")).env("npm_config_cache", scratch("npm"));
        command.env("npm_config_registry", format!("{}/", self.url))
    }

    /// Returns a folder with the tool. `None` if the tool is not installed.
    fn bin(&self, tool: &Tool) -> Option<PathBuf> {
        let program = testbed::tool(tool.path)?;
        let bin = self.scratch.path().join(tool.path.replace('/', "-"));
        fs::create_dir_all(&bin).expect("a folder");
        // Files of packages are not always executable.
        let node = if program.extension().is_some() { "node " } else { "" };
        let shim = bin.join(tool.name);
        fs::write(&shim, format!("#!/bin/sh\nexec {node}'{}' \"$@\"\n", program.display())).expect("written");
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("executable");
        Some(bin)
    }

    fn make_lock(&self, tool: &Tool, dir: &str, bin: &Path) {
        if tool.path.starts_with("yarn/") {
            self.app.write(&format!("{dir}/yarn.lock"), "");
        }
        let mut command = Command::new(bin.join(tool.name));
        let output = self.prepare(&mut command, bin).args(tool.make_lock).current_dir(self.app.path(dir)).output();
        let output: CommandOutput = output.expect("it starts").into();
        assert_eq!(output.code, Some(0), "{}: {}{}", tool.path, output.stdout, output.stderr);
        assert!(self.app.path(&format!("{dir}/{}", tool.lock)).is_file(), "{}", tool.path);
        let _ = fs::remove_dir_all(self.app.path(&format!("{dir}/node_modules")));
    }

    fn run(&self, arguments: &[&str], bin: &Path) -> CommandOutput {
        let mut command = self.app.command(arguments);
        self.prepare(&mut command, bin).output().expect("it starts").into()
    }
}

const BUILD: [&str; 3] = ["build", "--worker-layer=reporter", "--sbom"];

/// Builds a layer with a tool, invokes the worker with what the tool installs here, and looks at what is refused.
fn check(tool: &Tool) {
    let project = Project::new();
    let app = &project.app;
    let Some(bin) = project.bin(tool) else { return };
    project.make_lock(tool, "workers/reporter", &bin);
    let before = app.read(&format!("workers/reporter/{}", tool.lock));

    let output = project.run(&BUILD, &bin);
    assert_eq!(output.code, Some(0), "{}: {}", tool.path, output.stderr);
    let mut found = names(app, "layers/reporter.zip");
    found.sort();
    let modules = ["inner/index.js", "inner/package.json", "part-linux-x64/index.js", "part-linux-x64/package.json"];
    let modules = modules.into_iter().chain(["tiny/index.js", "tiny/package.json"]);
    let expected: Vec<String> = modules.map(|path| format!("nodejs/node_modules/{path}")).collect();
    assert_eq!(found, expected, "{}", tool.path);
    assert!(output.stderr.contains("`inner` has an install script, which a build does not run"), "{}", output.stderr);
    let sbom: Value = serde_json::from_str(&app.read("target/bedrock/layers/reporter.cdx.json")).expect("JSON");
    let tiny = sbom["components"].as_array().expect("a list").iter().find(|found| found["name"] == "tiny");
    let tiny = tiny.expect("a component");
    assert_eq!(tiny["purl"], "pkg:npm/tiny@1.0.0", "{}", tool.path);
    assert_eq!(tiny["hashes"].is_array(), !tool.path.starts_with("yarn/"), "{}", tool.path);
    assert!(!app.path("workers/reporter/node_modules").exists(), "{}", tool.path);

    let output = project.run(&["invoke", "reporter", "--payload", "{}"], &bin);
    assert_eq!(output.stdout.trim(), "\"tiny\"", "{}: {}", tool.path, output.stderr);
    let installed = |path: &str| app.path(&format!("workers/reporter/node_modules/{path}")).exists();
    assert!(installed("inner") && !installed("tool"), "{}", tool.path);

    // A list that the lock does not fit.
    project.write_list("workers/reporter", &json!({ "tiny": "1.0.0", "inner": "2.0.0" }));
    let help = if tool.path.starts_with("yarn/") {
        "help: run `yarn install` in `workers/reporter`".to_owned()
    } else {
        let Tool { name, lock, .. } = tool;
        format!("help: if `{lock}` does not fit `package.json`, run `{name} install` in `workers/reporter`")
    };
    let output = project.run(&BUILD, &bin);
    assert_eq!(output.code, Some(1), "{}: {}", tool.path, output.stderr);
    assert!(output.stderr.contains(&help), "{}: {}", tool.path, output.stderr);
    let output = project.run(&["invoke", "reporter", "--payload", "{}"], &bin);
    assert_eq!(output.code, Some(2), "{}: {}", tool.path, output.stderr);
    let help =
        format!("if `{}` does not fit `package.json`, run `{} install` in `workers/reporter`", tool.lock, tool.name);
    assert!(output.stderr.contains(&help), "{}: {}", tool.path, output.stderr);
    assert_eq!(app.read(&format!("workers/reporter/{}", tool.lock)), before, "{}: the lock was changed", tool.path);

    // The tool is missing.
    let none = project.scratch.path().join("none");
    let output = project.run(&BUILD, &none);
    assert_eq!(output.code, Some(2), "{}: {}", tool.path, output.stderr);
    let missing = format!("`{}` is not on the PATH", tool.name);
    assert!(output.stderr.contains(&missing), "{}: {}", tool.path, output.stderr);
    assert!(output.stderr.contains("help: install it: `"), "{}: {}", tool.path, output.stderr);
    let output = project.run(&["invoke", "reporter", "--payload", "{}"], &none);
    assert!(output.stderr.contains(&missing), "{}: {}", tool.path, output.stderr);
}

#[test]
fn lock_of_yarn_1_is_used() {
    check(&TOOLS[0]);
}

#[test]
fn lock_of_yarn_is_used() {
    check(&TOOLS[1]);
}

#[test]
fn lock_of_pnpm_is_used() {
    check(&TOOLS[2]);
}

#[test]
fn lock_of_bun_is_used() {
    check(&TOOLS[3]);
}

#[test]
fn locks_of_workspaces_of_yarn_and_bun_are_used() {
    for tool in [&TOOLS[0], &TOOLS[1], &TOOLS[3]] {
        let project = Project::new();
        let app = &project.app;
        let Some(bin) = project.bin(tool) else { return };
        let range = if tool.path.starts_with("yarn_classic") { "^1.0.0" } else { "workspace:*" };
        app.write("package.json", r#"{ "name": "app", "private": true, "workspaces": ["workers/*", "packages/*"] }"#);
        project.write_list("workers/reporter", &json!({ "our-lib": range, "inner": "2.0.0" }));
        project.write_list("packages/our-lib", &json!({ "tiny": "1.0.0" }));
        write(app, "packages/our-lib/index.js", "");
        project.write_list("packages/other", &json!({ "inner": "1.0.0" }));
        project.write_settings(".");
        project.make_lock(tool, ".", &bin);
        let output = project.run(&BUILD, &bin);
        assert_eq!(output.code, Some(0), "{}: {}", tool.path, output.stderr);
        let found = names(app, "layers/reporter.zip");
        let has = |end: &str| found.iter().any(|name| name.ends_with(end));
        for name in ["our-lib/index.js", "tiny/index.js", "inner/index.js", "part-linux-x64/index.js"] {
            assert!(has(&format!("node_modules/{name}")), "{}: {name} in {found:?}", tool.path);
        }
        assert!(!has("tool/index.js") && !has("other/package.json"), "{}: {found:?}", tool.path);
        // What is not installed is a command of the user, and never of npm.
        let output = project.run(&["invoke", "reporter", "--payload", "{}"], &bin);
        let help = format!("help: run `{} install` in `.`", tool.name);
        assert!(output.stderr.contains(&help), "{}: {}", tool.path, output.stderr);
    }
}

/// Makes the worker a member of a workspace of pnpm at `root`, with a library that it depends on by a range, and one that it does
/// not depend on. Returns the folder with pnpm.
pub(crate) fn pnpm_workspace(project: &Project) -> Option<PathBuf> {
    let app = &project.app;
    let bin = project.bin(&TOOLS[2])?;
    app.write("package.json", r#"{ "name": "app", "private": true, "dependencies": { "tool": "1.0.0" } }"#);
    app.write("pnpm-workspace.yaml", "packages:\n  - workers/*\n  - 'packages/*'\nlinkWorkspacePackages: true\n");
    project.write_list("workers/reporter", &json!({ "our-lib": "^1.0.0", "inner": "2.0.0" }));
    project.write_list("packages/our-lib", &json!({ "tiny": "1.0.0", "@our/dates": "workspace:*" }));
    write(
        app,
        "packages/our-lib/index.js",
        "exports.names = () => [require('tiny').name, require('@our/dates').yes];\n",
    );
    project.write_list("packages/dates", &json!({}));
    let dates = r#"{ "name": "@our/dates", "version": "1.0.0" }"#;
    app.write("packages/dates/package.json", dates);
    write(app, "packages/dates/index.js", "exports.yes = true;\n");
    project.write_list("packages/other", &json!({ "other-part": "npm:tool@1.0.0" }));
    project.write_settings(".");
    let main = "const { Worker } = require(\"./worker.js\");\n\nclass Reporter extends Worker {\n  async execute() {\n    return [...require(\"our-lib\").names(), require(\"inner/package.json\").version];\n  }\n}\n\nmodule.exports = { Reporter };\n";
    app.write("workers/reporter/main.js", main);
    Some(bin)
}

#[test]
fn lock_of_a_workspace_of_pnpm_is_used() {
    let project = Project::new();
    let app = &project.app;
    let Some(bin) = pnpm_workspace(&project) else { return };
    let install = |arguments: &[&str]| {
        let mut command = Command::new(bin.join("pnpm"));
        let output = project.prepare(&mut command, &bin).args(arguments).current_dir(app.path(".")).output();
        let output: CommandOutput = output.expect("it starts").into();
        assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    };
    // Without a lock.
    let output = project.run(&BUILD, &bin);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for line in ["error: the pnpm workspace in `.` has no `pnpm-lock.yaml`", "help: run `pnpm install` in `.`"] {
        assert!(output.stderr.contains(line), "{}", output.stderr);
    }
    install(&["install", "--lockfile-only"]);

    let output = project.run(&["build", "--worker=reporter", "--worker-layer=reporter", "--verify"], &bin);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let mut found = names(app, "layers/reporter.zip");
    found.retain(|name| name.ends_with("/index.js") || name.ends_with("/package.json"));
    found.sort();
    let modules = ["@our/dates", "inner", "our-lib", "part-linux-x64", "tiny"];
    let files = modules.iter().flat_map(|name| ["index.js", "package.json"].map(|file| format!("{name}/{file}")));
    let mut expected: Vec<String> = files.map(|path| format!("nodejs/node_modules/{path}")).collect();
    // Two versions of `inner`: one of the worker, one of the library.
    let own = |name: &str| found.iter().any(|found| found.ends_with(&format!("node_modules/{name}/package.json")));
    assert!(modules.iter().all(|name| own(name)), "{found:?}");
    assert_eq!(found.iter().filter(|name| name.ends_with("node_modules/inner/package.json")).count(), 2, "{found:?}");
    expected.retain(|path| !path.contains("/inner/"));
    assert_eq!(found.iter().filter(|name| !name.contains("/inner/")).cloned().collect::<Vec<_>>(), expected);
    if let Some(response) = crate::shared_code::on_lambda(app, "reporter") {
        assert_eq!(response, json!(["tiny", true, "2.0.0"]));
    }

    // A changed member changes its dependents.
    let fresh = project.run(&["build", "--worker-layer=reporter", "--explain"], &bin);
    assert!(fresh.stderr.contains("none of its inputs changed"), "{}", fresh.stderr);
    app.write("packages/dates/index.js", "exports.yes = 1;\n");
    let changed = project.run(&["build", "--worker-layer=reporter", "--explain"], &bin);
    assert!(changed.stderr.contains("packages/dates/index.js"), "{}", changed.stderr);

    // What is not installed is a command of the user.
    let output = project.run(&["invoke", "reporter", "--payload", "{}"], &bin);
    assert!(output.stderr.contains("help: run `pnpm install` in `.`"), "{}", output.stderr);
    install(&["install", "--frozen-lockfile"]);
    let output = project.run(&["invoke", "reporter", "--payload", "{}"], &bin);
    assert_eq!(
        serde_json::from_str::<Value>(&output.stdout).ok(),
        Some(json!(["tiny", 1, "2.0.0"])),
        "{}",
        output.stderr
    );

    // A list that the lock does not fit.
    project.write_list("packages/our-lib", &json!({ "tiny": "1.0.0", "inner": "2.0.0", "@our/dates": "workspace:*" }));
    let output = project.run(&BUILD, &bin);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let help = "help: if `pnpm-lock.yaml` does not fit `package.json`, run `pnpm install` in `.`";
    assert!(output.stderr.contains(help), "{}", output.stderr);
}

#[test]
fn yarn_1_of_a_project_is_used() {
    let project = Project::new();
    let app = &project.app;
    let Some(bin) = project.bin(&TOOLS[0]) else { return };
    project.make_lock(&TOOLS[0], "workers/reporter", &bin);
    // The Yarn of the project says that it runs, and is the one on the PATH otherwise.
    let program = testbed::tool(TOOLS[0].path).expect("Yarn 1");
    let log = project.scratch.path().join("own_yarn");
    let own = format!(
        "require('fs').appendFileSync({:?}, process.argv.slice(2).join(' ') + '\\n');\nrequire({:?});\n",
        log.display().to_string(),
        program.display().to_string()
    );
    write(app, "workers/reporter/.yarn/releases/yarn-1.22.22.js", &own);
    app.write("workers/reporter/.yarnrc", "yarn-path \".yarn/releases/yarn-1.22.22.js\"\n");
    let output = project.run(&["build", "--worker=reporter", "--worker-layer=reporter"], &bin);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let ran = fs::read_to_string(log).unwrap_or_default();
    assert!(ran.contains("install --frozen-lockfile"), "{ran}");
    let code = names(app, "workers/reporter.zip");
    assert!(!code.is_empty() && code.iter().all(|name| !name.contains(".yarn")), "{code:?}");
    // It is an input of the layer.
    write(app, "workers/reporter/.yarn/releases/yarn-1.22.22.js", &format!("{own}// changed\n"));
    let output = project.run(&["build", "--worker-layer=reporter", "--explain"], &bin);
    assert!(output.stderr.contains(".yarn/releases/yarn-1.22.22.js changed"), "{}", output.stderr);
}

#[test]
fn locks_that_no_build_can_use_are_named() {
    let project = Project::new();
    let app = &project.app;
    let none = project.scratch.path().join("none");
    for (lock, text, cause) in [
        (
            "pnpm-lock.yaml",
            "",
            "`pnpm-lock.yaml` is a lock of pnpm, and a build reads only one that is in the worker's folder",
        ),
        (
            "workers/yarn.lock",
            "",
            "`workers/yarn.lock` is a lock of Yarn 1, and a build reads only one that is in the worker's folder",
        ),
        ("workers/reporter/bun.lockb", "", "`workers/reporter/bun.lockb` is a lock in Bun's old binary format"),
    ] {
        app.write(lock, text);
        let output = project.run(&BUILD, &none);
        fs::remove_file(app.path(lock)).expect("removed");
        assert_eq!(output.code, Some(1), "{lock}");
        assert!(output.stderr.contains(&format!("caused by: {cause}")), "{}", output.stderr);
    }
    let (Some(classic), Some(yarn)) = (project.bin(&TOOLS[0]), project.bin(&TOOLS[1])) else { return };
    for (text, bin, wanted) in [("__metadata:\n", classic, "Yarn 2 or newer"), ("# yarn lockfile v1\n", yarn, "Yarn 1")]
    {
        app.write("workers/reporter/yarn.lock", text);
        let cause = format!("`yarn.lock` is a lock of {wanted}, and `yarn` on the PATH is ");
        for command in [&BUILD[..], &["invoke", "reporter", "--payload", "{}"]] {
            let output = project.run(command, &bin);
            assert!(output.stderr.contains(&cause), "{}", output.stderr);
        }
    }
}

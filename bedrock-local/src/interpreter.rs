//! Finds `python3` and `node`. The program on the PATH may be a shim that adds 170 ms to each start, so the path of the
//! real program is determined once and cached.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_build::Language;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// How long a cached path is valid.
const MAX_CACHE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// An interpreter that is not a shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    /// Its version, for example `3.11.4` or `20.1.0`.
    pub(super) version: String,
}

/// Finds the interpreter of one language. A successful result is kept.
#[derive(Debug)]
pub(super) struct InterpreterFinder {
    name: &'static str,
    variable: &'static str,
    /// Code that prints the path and the version of the interpreter.
    probe: &'static str,
    min_version: (u32, u32),
    found: OnceCell<Interpreter>,
}

impl InterpreterFinder {
    pub(super) fn new(language: Language) -> Self {
        let found = OnceCell::new();
        match language {
            Language::JavaScript => Self {
                name: "node",
                variable: "BEDROCK_NODE",
                probe: "console.log(process.execPath + '\\n' + process.versions.node)",
                min_version: (18, 0),
                found,
            },
            _ => Self {
                name: "python3",
                variable: "BEDROCK_PYTHON",
                probe: "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))",
                min_version: (3, 9),
                found,
            },
        }
    }

    /// Returns the interpreter. The error is a message and how to fix the problem.
    pub(super) async fn get(&self, scratch: &Path) -> Result<&Interpreter, (String, String)> {
        self.found.get_or_try_init(|| self.find(scratch)).await
    }

    async fn find(&self, scratch: &Path) -> Result<Interpreter, (String, String)> {
        let configured = std::env::var_os(self.variable).map(PathBuf::from);
        let Some(program) = configured.or_else(|| find_on_path(self.name)) else {
            return Err((
                format!("`{}` is not on the PATH", self.name),
                format!("install {}, or set {} to its path", self.min_version_text(), self.variable),
            ));
        };
        let cache = scratch.join(format!("{}.interpreter", self.name));
        let key = key(&program);
        if let Some(interpreter) = load_cached(&cache, &key) {
            return Ok(interpreter);
        }
        let interpreter = self.probe(&program).await?;
        store_cached(&cache, &key, &interpreter);
        Ok(interpreter)
    }

    async fn probe(&self, program: &Path) -> Result<Interpreter, (String, String)> {
        let flag = if self.name == "node" { "-e" } else { "-c" };
        let shown = program.display();
        let help = format!("install {}, or set {} to its path", self.min_version_text(), self.variable);
        let output = Command::new(program).args([flag, self.probe]).kill_on_drop(true).output();
        let output = match tokio::time::timeout(Duration::from_secs(20), output).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err((format!("failed to start `{shown}`: {error}"), help)),
            Err(_) => return Err((format!("`{shown}` did not print its version within 20 s"), help)),
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines();
        let (Some(path), Some(version), true) = (lines.next(), lines.next(), output.status.success()) else {
            let message = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
            return Err((format!("`{shown}` is not a usable {}: {message}", self.name), help));
        };
        let interpreter = Interpreter { path: PathBuf::from(path), version: version.to_owned() };
        if parts(version) < self.min_version {
            return Err((
                format!("`{shown}` is version {version}, at least {} is needed", self.min_version_text()),
                help,
            ));
        }
        Ok(interpreter)
    }

    fn min_version_text(&self) -> String {
        match self.name {
            "node" => format!("Node.js {}", self.min_version.0),
            _ => format!("Python {}.{}", self.min_version.0, self.min_version.1),
        }
    }
}

fn parts(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Returns the first executable with this name on the PATH.
pub(super) fn find_on_path(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(executable)
}

/// Returns what the result depends on: the program itself and the variables of version managers.
fn key(program: &Path) -> String {
    let modified = fs::metadata(program).and_then(|m| m.modified()).ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos());
    let variables = ["PYENV_VERSION", "VIRTUAL_ENV", "ASDF_DIR", "VOLTA_HOME", "NVM_BIN"]
        .map(|name| std::env::var(name).unwrap_or_default())
        .join(",");
    format!("{} {modified} {variables}", program.display())
}

fn load_cached(cache: &Path, key: &str) -> Option<Interpreter> {
    let written = fs::metadata(cache).and_then(|m| m.modified()).ok()?;
    let text = fs::read_to_string(cache).ok()?;
    let [known, path, version] = <[&str; 3]>::try_from(text.lines().collect::<Vec<_>>()).ok()?;
    let is_fresh = SystemTime::now().duration_since(written).is_ok_and(|age| age < MAX_CACHE_AGE);
    let path = PathBuf::from(path);
    (is_fresh && known == key && path.is_file()).then(|| Interpreter { path, version: version.to_owned() })
}

/// Stores the result for the next start. Errors are ignored, because the cache only saves time.
fn store_cached(cache: &Path, key: &str, interpreter: &Interpreter) {
    let text = format!("{key}\n{}\n{}\n", interpreter.path.display(), interpreter.version);
    let partial = cache.with_extension(format!("{}.tmp", std::process::id()));
    let _ = cache.parent().map_or(Ok(()), fs::create_dir_all);
    let _ = fs::write(&partial, text).and_then(|()| fs::rename(&partial, cache));
}

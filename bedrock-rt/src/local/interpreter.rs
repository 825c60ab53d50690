//! Finding `python3` and `node`, once. What the PATH names may be a shim that costs 170 ms a start; the program behind
//! it is asked for once and remembered.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_build::Language;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// How long a remembered path is believed.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// A real interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    /// For example `3.11` or `20`.
    pub(super) version: String,
}

/// One language's interpreter, looked for at most once with success.
#[derive(Debug)]
pub(super) struct Finder {
    name: &'static str,
    variable: &'static str,
    ask: &'static str,
    oldest: (u32, u32),
    found: OnceCell<Interpreter>,
}

impl Finder {
    pub(super) fn new(language: Language) -> Self {
        let found = OnceCell::new();
        match language {
            Language::JavaScript => Self {
                name: "node",
                variable: "BEDROCK_NODE",
                ask: "console.log(process.execPath + '\\n' + process.versions.node)",
                oldest: (18, 0),
                found,
            },
            _ => Self {
                name: "python3",
                variable: "BEDROCK_PYTHON",
                ask: "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))",
                oldest: (3, 9),
                found,
            },
        }
    }

    /// The interpreter, or what is wrong and what to do about it.
    pub(super) async fn get(&self, scratch: &Path) -> Result<&Interpreter, (String, String)> {
        self.found.get_or_try_init(|| self.find(scratch)).await
    }

    async fn find(&self, scratch: &Path) -> Result<Interpreter, (String, String)> {
        let asked = std::env::var_os(self.variable).map(PathBuf::from);
        let on_path = asked.clone().or_else(|| on_path(self.name));
        let Some(program) = on_path else {
            return Err((
                format!("`{}` is not on the PATH", self.name),
                format!("install {}, or set {} to its path", self.wanted(), self.variable),
            ));
        };
        let memory = scratch.join(format!("{}.interpreter", self.name));
        let key = key(&program);
        if let Some(interpreter) = recall(&memory, &key) {
            return Ok(interpreter);
        }
        let interpreter = self.ask(&program).await?;
        remember(&memory, &key, &interpreter);
        Ok(interpreter)
    }

    async fn ask(&self, program: &Path) -> Result<Interpreter, (String, String)> {
        let flag = if self.name == "node" { "-e" } else { "-c" };
        let shown = program.display();
        let help = format!("install {}, or set {} to its path", self.wanted(), self.variable);
        let output = Command::new(program).args([flag, self.ask]).kill_on_drop(true).output();
        let output = match tokio::time::timeout(Duration::from_secs(20), output).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err((format!("failed to start `{shown}`: {error}"), help)),
            Err(_) => return Err((format!("`{shown}` did not tell its version within 20 s"), help)),
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines();
        let (Some(path), Some(version), true) = (lines.next(), lines.next(), output.status.success()) else {
            let said = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
            return Err((format!("`{shown}` is no usable {}: {said}", self.name), help));
        };
        let interpreter = Interpreter { path: PathBuf::from(path), version: version.to_owned() };
        if parts(version) < self.oldest {
            return Err((format!("`{shown}` is version {version}, at least {} is needed", self.wanted()), help));
        }
        Ok(interpreter)
    }

    fn wanted(&self) -> String {
        match self.name {
            "node" => format!("Node.js {}", self.oldest.0),
            _ => format!("Python {}.{}", self.oldest.0, self.oldest.1),
        }
    }
}

fn parts(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The first executable of that name on the PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(executable)
}

/// What the answer depends on: the program itself and what version managers look at.
fn key(program: &Path) -> String {
    let modified = fs::metadata(program).and_then(|m| m.modified()).ok();
    let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos());
    let variables = ["PYENV_VERSION", "VIRTUAL_ENV", "ASDF_DIR", "VOLTA_HOME", "NVM_BIN"]
        .map(|name| std::env::var(name).unwrap_or_default())
        .join(",");
    format!("{} {modified} {variables}", program.display())
}

fn recall(memory: &Path, key: &str) -> Option<Interpreter> {
    let written = fs::metadata(memory).and_then(|m| m.modified()).ok()?;
    let text = fs::read_to_string(memory).ok()?;
    let [known, path, version] = <[&str; 3]>::try_from(text.lines().collect::<Vec<_>>()).ok()?;
    let fresh = SystemTime::now().duration_since(written).is_ok_and(|age| age < FRESH);
    let path = PathBuf::from(path);
    (fresh && known == key && path.is_file()).then(|| Interpreter { path, version: version.to_owned() })
}

/// Remembering saves time next time; not being able to is no error.
fn remember(memory: &Path, key: &str, interpreter: &Interpreter) {
    let text = format!("{key}\n{}\n{}\n", interpreter.path.display(), interpreter.version);
    let aside = memory.with_extension(format!("{}.tmp", std::process::id()));
    let _ = memory.parent().map_or(Ok(()), fs::create_dir_all);
    let _ = fs::write(&aside, text).and_then(|()| fs::rename(&aside, memory));
}

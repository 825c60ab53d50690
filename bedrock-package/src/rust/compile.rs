//! Runs cargo once for all programs. Compiler output is passed through unchanged; failures are attributed to packages.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use bedrock_artifacts::Digest;
use bedrock_build::Architecture;
use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{CompilerMessage, Message};

use super::compiler::{self, Compiler};
use super::heartbeat::{Heartbeat, for_each_line, parse_progress};
use super::programs::{Program, Workspace};
use super::{flags, profile};
use crate::artifact::Function;
use crate::context::Context;
use crate::observer::Severity;
use crate::plan::Purpose;
use crate::tools;
use bedrock_diagnostics::{Error, Result};

/// First words of cargo's status lines.
const STATUS: [&str; 12] = [
    "Adding",
    "Blocking",
    "Building",
    "Compiling",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Updating",
    "Dirty",
    "Removed",
];

/// Receives finished programs while cargo compiles. Not called for other compilers, which move the programs afterwards.
pub trait CompileObserver: Sync {
    /// The program of a function has been compiled.
    fn program(&self, function: &Function, path: &Path);

    /// All programs have been compiled.
    fn all(&self);
}

impl CompileObserver for () {
    fn program(&self, _: &Function, _: &Path) {}

    fn all(&self) {}
}

/// Errors by function, or of the whole app if the function is `None`.
#[derive(Debug)]
pub(crate) struct Failures(pub(crate) Vec<(Option<Function>, Error)>);

impl From<Error> for Failures {
    fn from(error: Error) -> Self {
        Self(vec![(None, error)])
    }
}

/// Compiles the programs, and returns the path of each executable.
pub(crate) fn compile(
    context: &Context<'_>,
    workspace: &Workspace,
    programs: &[Program],
    architecture: Architecture,
    compiler: Compiler,
    compile_observer: &dyn CompileObserver,
) -> std::result::Result<BTreeMap<Function, PathBuf>, Failures> {
    let compile_observer = if compiler == Compiler::Cargo { compile_observer } else { &() };
    let mut command = command(context, workspace, programs, architecture, compiler)?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = context.tools.start(&mut command)?;
    let stderr = child.stderr.take();
    let mut output = CargoOutput::default();
    let heartbeat = Heartbeat::default();
    let said = thread::scope(|scope| {
        let said = scope.spawn(|| {
            let said = stderr.map(|stderr| forward_stderr(context, BufReader::new(stderr), &heartbeat));
            // Cargo closes its standard error when it exits.
            heartbeat.end();
            said.unwrap_or_default()
        });
        scope.spawn(|| heartbeat.run(context.observer));
        if let Some(stdout) = child.stdout.take() {
            output.read_messages(context, BufReader::new(stdout), programs, compile_observer);
        }
        said.join().unwrap_or_default()
    });
    if context.tools.finish(&mut child, &command)? {
        let mut found = output.executables(programs)?;
        if compiler == Compiler::CargoLambda {
            // It takes the programs away from where cargo says that they are.
            for program in programs {
                let moved = lambda_folder(workspace).join(&program.binary).join("bootstrap");
                found.insert(program.function.clone(), moved);
            }
        }
        return Ok(found);
    }
    Err(failure(&output.failed, programs, &said, &command))
}

/// Returns the folder with what the build scripts of an app depend on. Each app has its own: cargo takes workers of the same
/// name in two apps that share a target folder for the same package, and would use the result of the other one's script. The
/// folder is in a variable of the scripts, whose change makes cargo run them again.
fn inputs_folder(target: &Path, app: &Path) -> PathBuf {
    let digest = Digest::of(app.as_os_str().as_bytes()).to_string();
    target.join("build-inputs").join(digest.get(..16).unwrap_or(&digest))
}

fn command(
    context: &Context<'_>,
    workspace: &Workspace,
    programs: &[Program],
    architecture: Architecture,
    compiler: Compiler,
) -> Result<Command> {
    let (target, debugged) = match context.request.purpose {
        Purpose::Lambda => (compiler::target(architecture), false),
        Purpose::Here { debugged } => (compiler::host(&workspace.root)?, debugged),
    };
    // The oldest of their runtimes: one invocation, one C library.
    let libc = programs.iter().map(|program| context.runtime(&program.function).glibc).min().unwrap_or((2, 34));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(compiler.arguments(&target, libc));
    // A folder of its own: the user's builds stay as they are, and neither waits for the other.
    let folder = workspace.target.join("bedrock").join(compiler.name());
    if compiler == Compiler::CargoLambda {
        command.arg("--lambda-dir").arg(lambda_folder(workspace));
    }
    let inputs = inputs_folder(&folder, &context.app.root);
    bedrock_build::build_inputs::write(context.app, &inputs)
        .map_err(|error| Error::io(format!("failed to write `{}`", inputs.display()), &error))?;
    command.env(bedrock_build::build_inputs::ENV_VARIABLE, inputs);
    // By its variable: `cargo lambda` hands such a flag on to `cargo metadata`, which has none.
    command.env("CARGO_TARGET_DIR", folder);
    command.arg("--message-format=json-diagnostic-rendered-ansi");
    if context.request.release {
        command.arg("--release");
    }
    if context.request.locked {
        command.arg("--locked");
    }
    for program in programs {
        command.args(["--package", &program.package, "--bin", &program.binary]);
    }
    for setting in profile::arguments(&workspace.root, context.request.release, debugged) {
        command.args(["--config", &setting]);
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags::encoded(&workspace.root, &target)?).env_remove("RUSTFLAGS");
    // Its progress bar is the only place where cargo tells how many crates there are.
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "100");
    command.current_dir(&context.app.root);
    Ok(command)
}

/// Where `cargo lambda` puts programs, each in a folder of its own.
fn lambda_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bedrock").join(Compiler::CargoLambda.name()).join("lambda")
}

/// The messages on cargo's standard output.
#[derive(Default)]
struct CargoOutput {
    executables: BTreeMap<(String, String), PathBuf>,
    /// Names of packages that did not compile.
    failed: BTreeSet<String>,
}

impl CargoOutput {
    fn read_messages(
        &mut self,
        context: &Context<'_>,
        stream: impl BufRead,
        programs: &[Program],
        compile_observer: &dyn CompileObserver,
    ) {
        for message in Message::parse_stream(stream).flatten() {
            match message {
                Message::CompilerMessage(message) => self.diagnostic(context, &message),
                Message::CompilerArtifact(artifact) => {
                    if !artifact.fresh {
                        context.observer.compiled(&artifact.target.name);
                    }
                    if let Some(path) = artifact.executable {
                        let package = package_name(&artifact.package_id.repr, &artifact.target.name);
                        let is_it =
                            |program: &&Program| program.package == package && program.binary == artifact.target.name;
                        if let Some(program) = programs.iter().find(is_it).filter(|_| !artifact.fresh) {
                            compile_observer.program(&program.function, path.as_std_path());
                        }
                        self.executables.insert((package, artifact.target.name), path.into_std_path_buf());
                    }
                }
                Message::BuildFinished(finished) if finished.success => compile_observer.all(),
                _ => {}
            }
        }
    }

    fn diagnostic(&mut self, context: &Context<'_>, message: &CompilerMessage) {
        let package = package_name(&message.package_id.repr, &message.target.name);
        let severity = match message.message.level {
            DiagnosticLevel::Error | DiagnosticLevel::Ice => Severity::Error,
            DiagnosticLevel::Warning => Severity::Warning,
            _ => Severity::Other,
        };
        if let Some(text) = &message.message.rendered {
            context.observer.compiler_message(&package, severity, text);
        }
        if severity == Severity::Error {
            self.failed.insert(package);
        }
    }

    fn executables(mut self, programs: &[Program]) -> Result<BTreeMap<Function, PathBuf>> {
        let mut found = BTreeMap::new();
        for program in programs {
            let key = (program.package.clone(), program.binary.clone());
            let path = self.executables.remove(&key).ok_or_else(|| {
                Error::app(format!("failed to build {}", program.function))
                    .cause(format!("cargo made no program `{}`", program.binary))
            })?;
            found.insert(program.function.clone(), path);
        }
        Ok(found)
    }
}

/// The name in a package id: `path+file:///app/workers/resizer#0.1.0` has the folder's, `…#resizer@0.1.0` its own.
fn package_name(id: &str, target: &str) -> String {
    let (before, after) = id.rsplit_once('#').unwrap_or((id, target));
    let name = after.split_once('@').map(|(name, _)| name);
    name.or_else(|| before.rsplit('/').next()).unwrap_or(target).to_owned()
}

/// Reports cargo's progress and its status lines, and returns all other lines.
fn forward_stderr(context: &Context<'_>, stream: impl BufRead, heartbeat: &Heartbeat) -> Vec<String> {
    let mut said = Vec::new();
    for_each_line(stream, |line| {
        let line = anstream::adapter::strip_str(line).to_string();
        let word = line.trim_start().split(' ').next().unwrap_or_default();
        if let Some((done, total)) = parse_progress(&line) {
            heartbeat.set(done, total);
            context.observer.compile_progress(done, total);
        } else if line.starts_with(' ') && STATUS.contains(&word) {
            context.observer.status(line.trim());
        } else if !line.trim().is_empty() {
            said.push(line);
        }
    });
    said
}

fn failure(failed: &BTreeSet<String>, programs: &[Program], said: &[String], command: &Command) -> Failures {
    let ours: Vec<&Program> = programs.iter().filter(|program| failed.contains(&program.package)).collect();
    if ours.is_empty() {
        let said = said.iter().filter(|line| !line.starts_with("warning: build failed")).cloned().collect::<Vec<_>>();
        let cause = format!("`{}` failed\n{}", tools::command_line(command), said.join("\n"));
        return Error::app("failed to compile the app").cause(cause).into();
    }
    let errors = ours.into_iter().map(|program| {
        let error = Error::app(format!("failed to compile {}", program.function));
        (Some(program.function.clone()), error.cause("the errors of the compiler are above"))
    });
    Failures(errors.collect())
}

#[cfg(test)]
mod tests {
    use super::{inputs_folder, package_name};
    use std::path::Path;

    #[test]
    fn apps_with_one_target_folder_have_inputs_of_their_own() {
        let folder = |app: &str| inputs_folder(Path::new("/target"), Path::new(app));
        assert_eq!(folder("/code/shop"), folder("/code/shop"));
        assert_ne!(folder("/code/shop"), folder("/copy/shop"));
        assert!(folder("/code/shop").starts_with("/target/build-inputs"));
    }

    #[test]
    fn package_name_is_part_of_the_id() {
        for (id, name) in [
            ("path+file:///app/workers/resizer#0.1.0", "resizer"),
            ("path+file:///app/somewhere#resizer@0.1.0", "resizer"),
            ("registry+https://example.com/index#serde@1.0.0", "serde"),
        ] {
            assert_eq!(package_name(id, "main"), name);
        }
    }
}

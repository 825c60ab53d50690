//! Selects the compiler: cargo if this machine can link for the target, otherwise a cross compiler, which is an external tool.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use bedrock_build::Architecture;
use cargo_config2::Config;

use crate::tools::{ToolRunner, find_on_path};
use bedrock_diagnostics::{Error, Result};

/// A way to compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiler {
    /// `cargo build`
    Cargo,
    /// `cargo zigbuild`
    Zigbuild,
    /// `cargo lambda build`
    CargoLambda,
}

impl Compiler {
    /// The compilers with a linker and a C library for every target. The first one is preferred.
    const CROSS: [Self; 2] = [Self::Zigbuild, Self::CargoLambda];

    /// Returns the arguments of cargo that select the compiler and the target. `glibc` is the version of the C library.
    pub fn arguments(self, target: &str, glibc: (u32, u32)) -> Vec<String> {
        let (major, minor) = glibc;
        let with_libc = format!("{target}.{major}.{minor}");
        let words: &[&str] = match self {
            Self::Cargo => &["build", "--target", target],
            Self::Zigbuild => &["zigbuild", "--target", &with_libc],
            // The profile already makes programs small.
            Self::CargoLambda => &["lambda", "build", "--disable-optimizations", "--target", &with_libc],
        };
        words.iter().map(ToString::to_string).collect()
    }

    /// Returns its name on the command line, which is also the name of its target folder. Compilers do not share a folder: each
    /// would compile again what another one has compiled for an older C library.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Zigbuild => "zigbuild",
            Self::CargoLambda => "cargo-lambda",
        }
    }

    fn is_installed(self) -> bool {
        match self {
            Self::Cargo => true,
            Self::Zigbuild => find_on_path("cargo-zigbuild").is_some(),
            Self::CargoLambda => find_on_path("cargo-lambda").is_some(),
        }
    }
}

/// The target triple of an architecture.
pub(crate) fn target(architecture: Architecture) -> String {
    format!("{}-unknown-linux-gnu", architecture.machine())
}

/// The target triple of this machine, by its compiler.
pub(crate) fn host(root: &Path) -> Result<String> {
    static HOST: OnceLock<String> = OnceLock::new();
    if let Some(known) = HOST.get() {
        return Ok(known.clone());
    }
    let config = Config::load_with_cwd(root);
    let host = config.and_then(|config| config.host_triple().map(str::to_owned));
    let host = host.map_err(|error| Error::app("failed to ask rustc for its target").cause(error.to_string()))?;
    Ok(HOST.get_or_init(|| host).clone())
}

/// A compiler for an older C library than this machine's, if there is one.
pub(crate) fn cross() -> Option<Compiler> {
    Compiler::CROSS.into_iter().find(|compiler| compiler.is_installed())
}

/// The compiler for `architecture`, checked: its tool and the target are there.
pub(crate) fn choose(wanted: Option<Compiler>, architecture: Architecture, tools: &ToolRunner) -> Result<Compiler> {
    let is_native = std::env::consts::OS == "linux" && std::env::consts::ARCH == architecture.machine();
    if !is_native {
        check_target(architecture, tools)?;
    }
    match wanted {
        Some(compiler) if compiler.is_installed() => Ok(compiler),
        Some(Compiler::CargoLambda) => {
            Err(failed(architecture).cause("`cargo-lambda` is not on the PATH").help("run `pip install cargo-lambda`"))
        }
        Some(_) => Err(failed(architecture)
            .cause("`cargo-zigbuild` is not on the PATH")
            .help("run `pip install cargo-zigbuild ziglang`")),
        None if is_native => Ok(Compiler::Cargo),
        None => cross().ok_or_else(|| {
            failed(architecture)
                .cause(
                    "neither `cargo-zigbuild` nor `cargo-lambda` is on the PATH, and cargo alone has no linker for it",
                )
                .help("run `pip install cargo-zigbuild ziglang`")
        }),
    }
}

fn check_target(architecture: Architecture, tools: &ToolRunner) -> Result<()> {
    let target = target(architecture);
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", &target]);
    let folder = tools.run(&mut rustc, &format!("failed to look for the target `{target}`"))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    Err(failed(architecture)
        .cause(format!("target `{target}` is not installed"))
        .help(format!("run `rustup target add {target}`")))
}

fn failed(architecture: Architecture) -> Error {
    Error::call(format!("failed to build for {}", architecture.machine()))
}

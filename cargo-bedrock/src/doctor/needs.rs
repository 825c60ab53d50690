//! Which tools the app takes, and which are useful; how each is asked for its version, and how it is installed.

use bedrock_build::Language;

use super::facts::Facts;

/// The oldest compiler that this project's crates take.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// A tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// What it is called in the report.
    pub(super) name: &'static str,
    /// Ways to ask it, the best first; one that answers is enough.
    pub(super) asks: Vec<Ask>,
    /// The oldest version that will do.
    pub(super) oldest: &'static str,
    /// Why the app needs it; None where it does not.
    pub(super) why: Option<String>,
    /// What it would be good for where it is not needed.
    pub(super) use_of_it: &'static str,
    pub(super) install: String,
}

/// A command that tells something about a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) program: String,
    /// The variable that may name another program.
    pub(super) variable: Option<&'static str>,
    pub(super) arguments: Vec<String>,
    pub(super) tells: Tells,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    Version,
    /// A folder, which is there if the tool is.
    Folder,
}

/// In the order of the report.
pub(super) fn of(facts: &Facts) -> Vec<Need> {
    let mut needs = rust(facts);
    needs.extend(cross(facts));
    needs.extend(python(facts));
    needs.extend(javascript(facts));
    let terraform = facts.has_terraform.then(|| "the app has `terraform/`".to_owned());
    needs.push(Need {
        name: "terraform",
        asks: vec![ask("terraform", &["version"])],
        oldest: "1.6",
        why: terraform,
        use_of_it: "deploys an app that has `terraform/`",
        install: "see `https://developer.hashicorp.com/terraform/install`".to_owned(),
    });
    needs
}

fn rust(_: &Facts) -> Vec<Need> {
    let need = |name, variable| Need {
        name,
        asks: vec![Ask { variable: Some(variable), ..ask(name, &["--version"]) }],
        oldest: RUST,
        why: Some("every app is in Rust".to_owned()),
        use_of_it: "",
        install: "run `rustup update stable`, or install Rust from `https://rustup.rs`".to_owned(),
    };
    vec![need("cargo", "CARGO"), need("rustc", "RUSTC")]
}

/// What compiles for a processor or a system that is not this machine's.
fn cross(facts: &Facts) -> Vec<Need> {
    let Some(app) = &facts.app else { return Vec::new() };
    let machine = app.settings.architecture.machine();
    let target = format!("{machine}-unknown-linux-gnu");
    let is_native = facts.machine == ("linux", machine);
    let why =
        (!is_native).then(|| format!("the app is built for {machine} here on {} {}", facts.machine.0, facts.machine.1));
    let folder = Ask {
        variable: Some("RUSTC"),
        tells: Tells::Folder,
        ..ask("rustc", &["--print", "target-libdir", "--target", &target])
    };
    let of_target = Need {
        name: "rust target",
        asks: vec![folder],
        oldest: "0",
        why: why.clone(),
        use_of_it: "",
        install: format!("run `rustup target add {target}`"),
    };
    let zigbuild = Need {
        name: "cargo-zigbuild",
        asks: vec![ask("cargo-zigbuild", &["--version"])],
        oldest: "0.19",
        why: why.clone(),
        use_of_it: "builds for another processor, and with `--compiler zigbuild` for older systems",
        install: "run `pip install cargo-zigbuild`, or `cargo install --locked cargo-zigbuild`".to_owned(),
    };
    let zig = Need {
        name: "zig",
        asks: vec![ask("zig", &["version"]), ask("python3", &["-m", "ziglang", "version"])],
        oldest: "0.11",
        why: why.clone(),
        use_of_it: "is what `cargo-zigbuild` links with",
        install: "run `pip install ziglang`, or see `https://ziglang.org/download`".to_owned(),
    };
    let lambda = Need {
        name: "cargo-lambda",
        asks: vec![ask("cargo-lambda", &["lambda", "--version"])],
        oldest: "1.0",
        why: None,
        use_of_it: "has other commands for Rust functions on Lambda",
        install: "run `pip install cargo-lambda`, or `cargo install --locked cargo-lambda`".to_owned(),
    };
    // Nobody misses the target of the machine: the compiler comes with it.
    let of_target = (!is_native).then_some(of_target);
    of_target.into_iter().chain([zigbuild, zig, lambda]).collect()
}

fn python(facts: &Facts) -> Vec<Need> {
    let worker = facts.worker(Language::Python);
    let interpreter = Need {
        name: "python3",
        asks: vec![Ask { variable: Some("BEDROCK_PYTHON"), ..ask("python3", &["--version"]) }],
        oldest: "3.9",
        why: worker.map(|worker| format!("worker `{worker}` is in Python")),
        use_of_it: "runs workers in Python",
        install: "install Python from `https://www.python.org/downloads`, or run `uv python install`".to_owned(),
    };
    let installer = Need {
        name: "uv or pip",
        asks: vec![ask("uv", &["--version"]), ask("python3", &["-m", "pip", "--version"])],
        oldest: "0",
        why: facts.requirements.as_ref().map(|worker| format!("worker `{worker}` has requirements")),
        use_of_it: "installs what workers in Python require",
        install: "run `python3 -m ensurepip`, or see `https://docs.astral.sh/uv`".to_owned(),
    };
    vec![interpreter, installer]
}

fn javascript(facts: &Facts) -> Vec<Need> {
    let worker = facts.worker(Language::JavaScript);
    let interpreter = Need {
        name: "node",
        asks: vec![Ask { variable: Some("BEDROCK_NODE"), ..ask("node", &["--version"]) }],
        oldest: "18.19",
        why: worker.map(|worker| format!("worker `{worker}` is in JavaScript")),
        use_of_it: "runs workers in JavaScript",
        install: "install Node.js from `https://nodejs.org`".to_owned(),
    };
    let installer = Need {
        name: "npm",
        asks: vec![ask("npm", &["--version"])],
        oldest: "8",
        why: facts.dependencies.as_ref().map(|worker| format!("worker `{worker}` has dependencies")),
        use_of_it: "installs the dependencies of workers in JavaScript",
        install: "install Node.js with npm from `https://nodejs.org`".to_owned(),
    };
    vec![interpreter, installer]
}

fn ask(program: &str, arguments: &[&str]) -> Ask {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Ask { program: program.to_owned(), variable: None, arguments, tells: Tells::Version }
}

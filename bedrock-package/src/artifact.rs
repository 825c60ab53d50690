//! The artifacts of an app: the code of each function, and the layer of each worker that has dependencies.

use std::fmt;

use bedrock_build::WorkerName;

/// A function of the app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// The HTTP endpoint.
    Endpoint,
    /// The worker with this name.
    Worker(WorkerName),
}

impl Function {
    /// Returns the worker's name, or `endpoint`, which is not a valid worker name.
    pub fn name(&self) -> &str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Worker(name) => name.as_str(),
        }
    }

    /// Returns the table of its settings in `Cargo.toml`, for help lines.
    pub fn settings_table(&self) -> String {
        match self {
            Self::Endpoint => "[package.metadata.bedrock.endpoint]".to_owned(),
            Self::Worker(name) => format!("[package.metadata.bedrock.workers.{name}]"),
        }
    }
}

/// In messages: ``worker `resizer` `` or `the endpoint`.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint => f.write_str("the endpoint"),
            Self::Worker(name) => write!(f, "worker `{name}`"),
        }
    }
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artifact {
    /// The zip file of a function's code.
    Code(Function),
    /// The zip file of a worker's dependencies.
    Layer(WorkerName),
}

impl Artifact {
    /// Returns its id in progress events, in the state and on the disk: `endpoint`, `workers/NAME`, `layers/NAME`.
    pub fn id(&self) -> String {
        match self {
            Self::Code(Function::Endpoint) => "endpoint".to_owned(),
            Self::Code(Function::Worker(name)) => format!("workers/{name}"),
            Self::Layer(name) => format!("layers/{name}"),
        }
    }

    /// Returns the path of the zip file, relative to the artifact directory.
    pub fn file(&self) -> String {
        self.id() + ".zip"
    }

    /// Returns the path of its SBOM, relative to the artifact directory.
    pub fn sbom_file(&self) -> String {
        self.id() + ".cdx.json"
    }

    /// Returns the function that it belongs to.
    pub fn function(&self) -> Function {
        match self {
            Self::Code(function) => function.clone(),
            Self::Layer(name) => Function::Worker(name.clone()),
        }
    }

    /// Returns the worker that it belongs to, or `None` for the endpoint.
    pub fn worker(&self) -> Option<&WorkerName> {
        match self {
            Self::Code(Function::Endpoint) => None,
            Self::Code(Function::Worker(name)) | Self::Layer(name) => Some(name),
        }
    }
}

/// In messages: ``worker `resizer` ``, ``the layer of worker `resizer` ``.
impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(function) => function.fmt(f),
            Self::Layer(name) => write!(f, "the layer of worker `{name}`"),
        }
    }
}

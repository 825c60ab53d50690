//! How the crates of an app depend on the crates of this project.

/// Lines for the manifest of a crate of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// A line for `[dependencies]`, for example `bedrock = { package = "bedrock-rt", version = "0.1.0" }`.
    pub runtime: String,
    /// A line for `[build-dependencies]`, for example `bedrock-build = "0.1.0"`.
    pub build: String,
}

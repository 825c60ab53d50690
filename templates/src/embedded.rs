//! The files in `files/`, in the order in which they are written.
//!
//! Files whose names have a meaning for cargo or git inside this package are stored under different names: `Cargo.toml`
//! would make a folder a separate package, which cargo does not publish, and `.gitignore` would hide files.

/// A file of a template.
pub(crate) struct TemplateFile {
    /// The path of the rendered file, relative to the folder of the app or worker.
    pub(crate) path: &'static str,
    /// The text before rendering.
    pub(crate) text: &'static str,
    /// Whether the text is a minijinja template.
    pub(crate) is_template: bool,
}

macro_rules! template {
    ($path:literal, $file:literal) => {
        TemplateFile { path: $path, text: include_str!(concat!("../files/", $file)), is_template: true }
    };
}

macro_rules! verbatim {
    ($path:literal, $file:literal) => {
        TemplateFile { path: $path, text: include_str!(concat!("../files/", $file)), is_template: false }
    };
}

pub(crate) const APP: &[TemplateFile] = &[
    template!("Cargo.toml", "app/Cargo.toml.j2"),
    template!("build.rs", "app/build.rs.j2"),
    template!("src/main.rs", "app/src/main.rs.j2"),
    template!("src/endpoints/mod.rs", "app/src/endpoints/mod.rs.j2"),
    template!("src/endpoints/hello.rs", "app/src/endpoints/hello.rs.j2"),
    template!(".gitignore", "app/gitignore.j2"),
    template!("AGENTS.md", "app/AGENTS.md.j2"),
    template!("README.md", "app/README.md.j2"),
];

/// The Rust files of an app that is migrated from Bedrock for Python.
pub(crate) const MIGRATED_APP: &[TemplateFile] = &[
    template!("Cargo.toml", "migrate/Cargo.toml.j2"),
    template!("build.rs", "app/build.rs.j2"),
    template!("src/main.rs", "app/src/main.rs.j2"),
    template!("src/endpoints/mod.rs", "migrate/src/endpoints/mod.rs.j2"),
];

/// A module of endpoints that is still to be ported from Python.
pub(crate) const PORTED_ENDPOINT: &[TemplateFile] = &[template!("endpoint.rs", "migrate/src/endpoints/endpoint.rs.j2")];

/// The files for the deployment of an app. They are the same for every app, and read everything else from the manifest.
/// They are not minijinja templates, because Terraform and GitHub use `${…}` themselves.
pub(crate) const TERRAFORM: &[TemplateFile] = &[
    verbatim!("terraform/main.tf", "terraform/main.tf"),
    verbatim!("terraform/ownership.tf", "terraform/ownership.tf"),
    verbatim!("terraform/secrets.tf", "terraform/secrets.tf"),
    verbatim!("terraform/resources.tf", "terraform/resources.tf"),
    verbatim!("terraform/schedules.tf", "terraform/schedules.tf"),
    verbatim!("terraform/queues.tf", "terraform/queues.tf"),
    verbatim!("terraform/events.tf", "terraform/events.tf"),
    verbatim!("terraform/streams.tf", "terraform/streams.tf"),
    verbatim!("terraform/http_api.tf", "terraform/http_api.tf"),
    verbatim!("terraform/alarms.tf", "terraform/alarms.tf"),
    verbatim!("terraform/buckets.tf", "terraform/buckets.tf"),
    verbatim!("terraform/variables.tf", "terraform/variables.tf"),
    verbatim!("terraform/outputs.tf", "terraform/outputs.tf"),
    verbatim!("terraform/versions.tf", "terraform/versions.tf"),
    verbatim!("terraform/backend.tf.example", "terraform/backend.tf.example"),
    verbatim!("terraform/lambda/durable_override.tf.example", "terraform/lambda/durable_override.tf.example"),
    verbatim!("terraform/lambda/main.tf", "terraform/lambda/main.tf"),
    verbatim!("terraform/lambda/role.tf", "terraform/lambda/role.tf"),
    verbatim!("terraform/lambda/url.tf", "terraform/lambda/url.tf"),
    verbatim!("terraform/lambda/variables.tf", "terraform/lambda/variables.tf"),
    verbatim!("terraform/lambda/outputs.tf", "terraform/lambda/outputs.tf"),
    verbatim!("terraform/lambda/versions.tf", "terraform/lambda/versions.tf"),
    verbatim!("terraform/lambda-layer/main.tf", "terraform/lambda-layer/main.tf"),
    verbatim!("terraform/lambda-layer/variables.tf", "terraform/lambda-layer/variables.tf"),
    verbatim!("terraform/lambda-layer/outputs.tf", "terraform/lambda-layer/outputs.tf"),
    verbatim!("terraform/lambda-layer/versions.tf", "terraform/lambda-layer/versions.tf"),
    verbatim!("terraform/manifest/main.tf", "terraform/manifest/main.tf"),
    verbatim!("terraform/manifest/lambda.tf", "terraform/manifest/lambda.tf"),
    verbatim!("terraform/manifest/environment.tf", "terraform/manifest/environment.tf"),
    verbatim!("terraform/manifest/policies.tf", "terraform/manifest/policies.tf"),
    verbatim!("terraform/manifest/refusals.tf", "terraform/manifest/refusals.tf"),
    verbatim!("terraform/manifest/triggers.tf", "terraform/manifest/triggers.tf"),
    verbatim!("terraform/manifest/uses.tf", "terraform/manifest/uses.tf"),
    verbatim!("terraform/manifest/alarms.tf", "terraform/manifest/alarms.tf"),
    verbatim!("terraform/manifest/variables.tf", "terraform/manifest/variables.tf"),
    verbatim!("terraform/manifest/outputs.tf", "terraform/manifest/outputs.tf"),
    verbatim!(".github/workflows/deploy.yml", "workflow/deploy.yml"),
    verbatim!(".github/workflows/pull-request.yml", "workflow/pull-request.yml"),
];

pub(crate) const ENDPOINT: &[TemplateFile] = &[template!("endpoint.rs", "endpoint/endpoint.rs.j2")];

pub(crate) const PYTHON: &[TemplateFile] = &[
    verbatim!("__init__.py", "worker/python/__init__.py"),
    template!("main.py", "worker/python/main.py.j2"),
    verbatim!("requirements.txt", "worker/python/requirements.txt"),
    template!("test_main.py", "worker/python/test_main.py.j2"),
];

/// The types of the module `bedrock`, and the settings of type checkers. They are the same for every app.
pub(crate) const PYTHON_TYPES: &[TemplateFile] = &[
    verbatim!("pyrightconfig.json", "typings/pyrightconfig.json"),
    verbatim!("typings/bedrock/__init__.pyi", "typings/bedrock/__init__.pyi"),
    verbatim!("typings/bedrock/testing.pyi", "typings/bedrock/testing.pyi"),
    verbatim!("typings/bedrock/workers/__init__.pyi", "typings/bedrock/workers/__init__.pyi"),
    verbatim!("typings/bedrock/workers/errors.pyi", "typings/bedrock/workers/errors.pyi"),
    verbatim!("typings/bedrock/workers/invoker.pyi", "typings/bedrock/workers/invoker.pyi"),
    verbatim!("typings/bedrock/workers/metrics.pyi", "typings/bedrock/workers/metrics.pyi"),
    verbatim!("typings/bedrock/workers/resources.pyi", "typings/bedrock/workers/resources.pyi"),
    verbatim!("typings/bedrock/workers/worker.pyi", "typings/bedrock/workers/worker.pyi"),
];

/// The types of what JavaScript workers import. `contracts` writes the types of the app's workers into them.
pub(crate) const JAVASCRIPT_TYPES: &str = include_str!("../files/worker/javascript/worker.d.ts");

pub(crate) const JAVASCRIPT: &[TemplateFile] = &[
    verbatim!("jsconfig.json", "worker/javascript/jsconfig.json"),
    template!("main.js", "worker/javascript/main.js.j2"),
    template!("main.test.js", "worker/javascript/main.test.js.j2"),
    template!("package.json", "worker/javascript/package.json.j2"),
    verbatim!("worker.d.ts", "worker/javascript/worker.d.ts"),
    verbatim!("worker.js", "worker/javascript/worker.js"),
];

pub(crate) const TYPESCRIPT: &[TemplateFile] = &[
    template!("main.test.ts", "worker/typescript/main.test.ts.j2"),
    template!("main.ts", "worker/typescript/main.ts.j2"),
    template!("package.json", "worker/typescript/package.json.j2"),
    verbatim!("tsconfig.json", "worker/typescript/tsconfig.json"),
    // The package is one of ES modules, where only these suffixes are those of a CommonJS module and its types.
    verbatim!("worker.cjs", "worker/javascript/worker.js"),
    verbatim!("worker.d.cts", "worker/javascript/worker.d.ts"),
];

pub(crate) const DURABLE_PYTHON: &[TemplateFile] = &[
    verbatim!("__init__.py", "worker/python/__init__.py"),
    template!("main.py", "worker/durable/main.py.j2"),
    verbatim!("requirements.txt", "worker/durable/requirements.txt"),
    template!("test_main.py", "worker/durable/test_main.py.j2"),
];

pub(crate) const DURABLE_JAVASCRIPT: &[TemplateFile] = &[
    verbatim!("jsconfig.json", "worker/durable/jsconfig.json"),
    template!("main.js", "worker/durable/main.js.j2"),
    template!("main.test.js", "worker/durable/main.test.js.j2"),
    template!("package.json", "worker/durable/package.json.j2"),
    verbatim!("worker.d.ts", "worker/javascript/worker.d.ts"),
    verbatim!("worker.js", "worker/javascript/worker.js"),
];

pub(crate) const DURABLE_TYPESCRIPT: &[TemplateFile] = &[
    template!("main.test.ts", "worker/durable/main.test.ts.j2"),
    template!("main.ts", "worker/durable/main.ts.j2"),
    template!("package.json", "worker/durable/typescript_package.json.j2"),
    verbatim!("tsconfig.json", "worker/typescript/tsconfig.json"),
    verbatim!("worker.cjs", "worker/javascript/worker.js"),
    verbatim!("worker.d.cts", "worker/javascript/worker.d.ts"),
];

pub(crate) const DURABLE_RUST: &[TemplateFile] = &[
    template!("Cargo.toml", "worker/durable/Cargo.toml.j2"),
    template!("build.rs", "worker/rust/build.rs.j2"),
    template!("src/lib.rs", "worker/durable/lib.rs.j2"),
    template!("src/main.rs", "worker/rust/src/main.rs.j2"),
];

pub(crate) const RUST: &[TemplateFile] = &[
    template!("Cargo.toml", "worker/rust/Cargo.toml.j2"),
    template!("build.rs", "worker/rust/build.rs.j2"),
    template!("src/lib.rs", "worker/rust/src/lib.rs.j2"),
    template!("src/main.rs", "worker/rust/src/main.rs.j2"),
];

//! The files that the zip of a Python or JavaScript worker contains in addition to the worker's own, so that AWS's
//! managed runtimes can run it: our modules, `bedrock.json` and the handler. `cargo bedrock build` makes the zip.

use bedrock_build::Language;
use serde::Serialize;

/// Version of `bedrock.json`. The Python and the JavaScript code reject any other version.
const VERSION: u32 = 1;

macro_rules! embed {
    ($name:ident: $($path:literal from $file:literal),* $(,)?) => {
        const $name: &[(&str, &str)] = &[$(($path, include_str!(concat!("../", $file)))),*];
    };
}

embed![PYTHON:
    "bedrock/__init__.py" from "python/bedrock/__init__.py",
    "bedrock/bootstrap.py" from "python/bedrock/bootstrap.py",
    "bedrock/workers/__init__.py" from "python/bedrock/workers/__init__.py",
    "bedrock/workers/contract.py" from "python/bedrock/workers/contract.py",
    "bedrock/workers/durable.py" from "python/bedrock/workers/durable.py",
    "bedrock/workers/errors.py" from "python/bedrock/workers/errors.py",
    "bedrock/workers/event_loop.py" from "python/bedrock/workers/event_loop.py",
    "bedrock/workers/identity.py" from "python/bedrock/workers/identity.py",
    "bedrock/workers/invoker.py" from "python/bedrock/workers/invoker.py",
    "bedrock/workers/lambda_api.py" from "python/bedrock/workers/lambda_api.py",
    "bedrock/workers/loader.py" from "python/bedrock/workers/loader.py",
    "bedrock/workers/metrics.py" from "python/bedrock/workers/metrics.py",
    "bedrock/workers/resources.py" from "python/bedrock/workers/resources.py",
    "bedrock/workers/retry.py" from "python/bedrock/workers/retry.py",
    "bedrock/workers/runtime_errors.py" from "python/bedrock/workers/runtime_errors.py",
    "bedrock/workers/worker.py" from "python/bedrock/workers/worker.py",
];

embed![JAVASCRIPT:
    "bedrock/durable.mjs" from "javascript/durable.mjs",
    "bedrock/errors.mjs" from "javascript/errors.mjs",
    "bedrock/function_name.mjs" from "javascript/function_name.mjs",
    "bedrock/hooks.mjs" from "javascript/hooks.mjs",
    "bedrock/lambda.mjs" from "javascript/lambda.mjs",
    "bedrock/load.mjs" from "javascript/load.mjs",
    "bedrock/typescript.mjs" from "javascript/typescript.mjs",
    "bedrock/uncaught.mjs" from "javascript/uncaught.mjs",
    "bedrock/validate.mjs" from "javascript/validate.mjs",
];

/// Returns path in the zip and contents of the files of cargo bedrock, sorted by path. Empty for Rust.
/// [`identity_file`] returns one more file. The paths of the worker's own files must not be [`is_reserved`].
pub fn lambda_files(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Python => PYTHON,
        Language::JavaScript => JAVASCRIPT,
        Language::Rust => &[],
    }
}

/// Whether only durable workers import a file of [`lambda_files`]: others have fewer bytes in their zips.
pub fn is_for_durable_workers(path: &str) -> bool {
    matches!(path, "bedrock/durable.mjs" | "bedrock/function_name.mjs" | "bedrock/workers/durable.py")
}

/// Returns path in the zip and contents of the file that contains the names of the worker and its app.
pub fn identity_file(identity: &WorkerIdentity<'_>) -> (&'static str, String) {
    #[derive(Serialize)]
    struct Versioned<'a> {
        version: u32,
        #[serde(flatten)]
        identity: &'a WorkerIdentity<'a>,
    }
    // A struct of strings can always be serialized.
    let text = serde_json::to_string(&Versioned { version: VERSION, identity }).unwrap_or_default();
    ("bedrock.json", text + "\n")
}

/// What the code in a zip knows of its worker.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WorkerIdentity<'a> {
    /// Name of the app.
    pub app: &'a str,
    /// Name of the worker.
    pub worker: &'a str,
    /// Name of the worker's class, [`bedrock_build::WorkerName::class_name`].
    pub class: &'a str,
    /// Whether AWS's SDK for durable functions calls the worker. Absent for other workers, whose zips stay as they were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
}

/// Returns the `Handler` of the Lambda function. Custom runtimes, which Rust workers use, ignore it.
pub fn lambda_handler(language: Language) -> &'static str {
    match language {
        Language::Python => "bedrock.bootstrap.handler",
        Language::JavaScript => "bedrock/lambda.handler",
        Language::Rust => "bootstrap",
    }
}

/// Whether the path of a worker's file, relative to the worker's folder and with `/` as separator, would conflict with
/// ours: `bedrock` and `bedrock.*` in the worker's folder, and everything below them, are reserved in every language.
pub fn is_reserved(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    first == "bedrock" || first.starts_with("bedrock.")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn is_source(path: &str, extension: &str) -> bool {
        Path::new(path).extension().is_some_and(|found| found == extension)
    }

    fn paths(language: Language) -> Vec<&'static str> {
        lambda_files(language).iter().map(|(path, _)| *path).collect()
    }

    #[test]
    fn python_zip_contains_all_modules_except_local_ones() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let mut on_disk = Vec::new();
        for folder in ["bedrock", "bedrock/workers"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("the folder") {
                let path = entry.expect("an entry").path();
                let path = path.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
                let is_local = path.ends_with("/local_api.py") || path.ends_with("/testing.py");
                if is_source(&path, "py") && !is_local {
                    on_disk.push(path);
                }
            }
        }
        on_disk.sort();
        assert_eq!(paths(Language::Python), on_disk);
    }

    #[test]
    fn javascript_zip_contains_exactly_the_imported_files() {
        let files = lambda_files(Language::JavaScript);
        let mut reached = vec!["bedrock/lambda.mjs".to_owned()];
        for at in 0.. {
            let Some(path) = reached.get(at).cloned() else { break };
            let (_, text) = files.iter().find(|(known, _)| *known == path).expect("every imported file is in the zip");
            let quoted = text.split('\'').filter_map(|part| part.strip_prefix("./"));
            let imported = quoted.filter(|name| is_source(name, "mjs")).map(|name| format!("bedrock/{name}"));
            let new: Vec<_> = imported.filter(|path| !reached.contains(path)).collect();
            reached.extend(new);
        }
        reached.sort();
        reached.dedup();
        assert_eq!(paths(Language::JavaScript), reached);
    }

    #[test]
    fn files_that_each_zip_contains_have_few_bytes() {
        // Lambda reads them from a cold disk. A limit that is raised needs a reason: causes of errors are
        // logged, which took 2 KB in Python and 1.6 KB in JavaScript.
        for (language, most) in [(Language::Python, 47_300), (Language::JavaScript, 38_800)] {
            let files = lambda_files(language).iter().filter(|(path, _)| !is_for_durable_workers(path));
            let bytes: usize = files.map(|(_, text)| text.len()).sum();
            assert!(bytes <= most, "{language:?}: {bytes} bytes, {most} are allowed");
        }
    }

    #[test]
    fn only_durable_workers_import_their_files() {
        let files: Vec<_> = [Language::Python, Language::JavaScript].into_iter().flat_map(lambda_files).collect();
        let durable = files.iter().filter(|(path, _)| is_for_durable_workers(path));
        let names: Vec<&str> = durable.map(|(path, _)| path.rsplit('/').next().unwrap_or_default()).collect();
        assert_eq!(names, ["durable.py", "durable.mjs", "function_name.mjs"]);
        for (path, text) in files.iter().filter(|(path, _)| !is_for_durable_workers(path)) {
            let at_start = text.lines().filter(|line| line.starts_with("import ") || line.starts_with("from "));
            let mut imported = at_start.filter(|line| names.iter().any(|name| line.contains(&format!("/{name}"))));
            assert_eq!(imported.next(), None, "{path}");
            assert!(
                !text.contains("\nfrom .durable import") && !text.contains("\nfrom .workers.durable import"),
                "{path}"
            );
        }
    }

    #[test]
    fn rust_zip_contains_no_additional_files() {
        assert_eq!((lambda_files(Language::Rust), lambda_handler(Language::Rust)), (&[][..], "bootstrap"));
    }

    #[test]
    fn handlers_exist_in_the_files_of_the_zip() {
        for (language, extension, definition) in [
            (Language::Python, "py", "\ndef handler("),
            (Language::JavaScript, "mjs", "\nexport async function handler("),
        ] {
            let (module, function) = lambda_handler(language).rsplit_once('.').expect("module and function");
            let path = format!("{}.{extension}", module.replace('.', "/"));
            let (_, text) = lambda_files(language).iter().find(|(known, _)| *known == path).expect("the module");
            assert!(function == "handler" && text.contains(definition), "{path}");
        }
    }

    #[test]
    fn identity_file_has_the_version_that_both_languages_read() {
        let identity =
            WorkerIdentity { app: "space", worker: "system_fetcher", class: "SystemFetcher", durable: false };
        let (path, text) = identity_file(&identity);
        let expected = r#"{"version":1,"app":"space","worker":"system_fetcher","class":"SystemFetcher"}"#;
        assert_eq!((path, text.trim_end()), ("bedrock.json", expected));
        let (_, text) = identity_file(&WorkerIdentity { durable: true, ..identity });
        assert!(text.ends_with("\"class\":\"SystemFetcher\",\"durable\":true}\n"), "{text}");
        let reads = |language, line: &str| lambda_files(language).iter().any(|(_, text)| text.contains(line));
        assert!(reads(Language::Python, &format!("\nVERSION = {VERSION}\n")));
        assert!(reads(Language::JavaScript, &format!("\nconst VERSION = {VERSION};\n")));
    }

    #[test]
    fn reserved_paths_include_all_our_files() {
        let (identity, _) = identity_file(&WorkerIdentity { app: "a", worker: "b", class: "C", durable: false });
        let ours = [Language::Python, Language::JavaScript].into_iter().flat_map(paths).chain([identity]);
        assert!(ours.chain(["bedrock.py", "bedrock/mine.py", "bedrock"]).all(is_reserved));
        let theirs = ["main.py", "worker.js", "lib/bedrock.py", "bedrock_tools.py", "my/bedrock/x.js", ".bedrock"];
        assert!(!theirs.into_iter().any(is_reserved));
    }
}

//! The main file of a Python or JavaScript worker that calls the handler of a function as it is.

use bedrock_build::{Language, WorkerName};

use super::source_files::CopiedFile;

/// A handler: `src/app.lambda_handler` is the function `lambda_handler` in the file `src/app.py`.
#[derive(Debug, PartialEq, Eq)]
struct Handler<'a> {
    /// With `/` between folders.
    module: String,
    function: &'a str,
}

impl<'a> Handler<'a> {
    fn parse(text: &'a str, language: Language) -> Option<Self> {
        let (module, function) = text.rsplit_once('.')?;
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let module = if language == Language::Python { module.replace('.', "/") } else { module.to_owned() };
        let module = module.trim_start_matches("./").to_owned();
        let parts =
            module.split('/').all(|part| if language == Language::Python { is_name(part) } else { !part.is_empty() });
        (parts && is_name(function) && !module.contains(['\'', '\\', '\n'])).then_some(Self { module, function })
    }
}

/// Adds the main file to the files of a worker, and returns its path. A file with its name is renamed. The error is the reason
/// why it cannot be done.
pub(super) fn add_main(
    files: &mut Vec<CopiedFile>,
    name: &WorkerName,
    language: Language,
    handler: &str,
) -> Result<String, String> {
    let handler = Handler::parse(handler, language)
        .ok_or_else(|| format!("`Handler` is `{handler}`, which names no function of a file"))?;
    let (path, contents) = match language {
        Language::Python => python(files, name, &handler)?,
        _ => javascript(files, name, &handler)?,
    };
    files.retain(|file| file.path != path);
    files.push(CopiedFile { path: path.clone(), contents });
    Ok(path)
}

fn python(files: &mut [CopiedFile], name: &WorkerName, handler: &Handler<'_>) -> Result<(String, String), String> {
    let mut module = handler.module.clone();
    let file = format!("{module}.py");
    if !files.iter().any(|file_of| file_of.path == file) {
        return Err(format!("it has no file `{file}`"));
    }
    if module == "main" {
        "handler_main".clone_into(&mut module);
        rename(files, "main.py", "handler_main.py")?;
    }
    let class = name.class_name();
    let function = handler.function;
    let module = module.replace('/', ".");
    let text = format!(
        "\"\"\"The worker `{name}`: calls the handler of the function that it was.\"\"\"\n\nfrom bedrock.workers.worker import Worker\n\nfrom {module} import {function}\n\n\nclass {class}(Worker):\n    def execute(self, event, context):\n        return {function}(event, context)\n"
    );
    Ok(("main.py".to_owned(), text))
}

fn javascript(files: &mut [CopiedFile], name: &WorkerName, handler: &Handler<'_>) -> Result<(String, String), String> {
    let module = &handler.module;
    let found = ["js", "mjs", "cjs"].map(|extension| format!("{module}.{extension}"));
    let has = |path: &String| files.iter().any(|file| file.path == *path);
    // What `BuildMethod: esbuild` compiles.
    if let Some(file) = ["ts", "mts"].map(|extension| format!("{module}.{extension}")).into_iter().find(has) {
        return typescript(files, name, handler, file);
    }
    let Some(mut file) = found.into_iter().find(has) else {
        return Err(format!("it has no file `{module}.js` and no file `{module}.ts`"));
    };
    let package = files.iter().find(|file| file.path == "package.json");
    let package: serde_json::Value =
        package.and_then(|file| serde_json::from_str(&file.contents).ok()).unwrap_or_default();
    let is_module = match file.rsplit_once('.') {
        Some((_, "mjs")) => true,
        Some((_, "js")) => package["type"] == "module",
        _ => false,
    };
    let extension = if is_module { "mjs" } else { "js" };
    for taken in ["main.js", "main.mjs", "main.cjs"] {
        if files.iter().any(|file| file.path == taken) {
            let renamed = taken.replace("main", "handler_main");
            rename(files, taken, &renamed)?;
            if file == taken {
                file = renamed;
            }
        }
    }
    let has_callback = files.iter().any(|copied| copied.path == file && copied.contents.contains("callback"));
    let function = handler.function;
    let class = name.class_name();
    let call = if has_callback {
        format!(
            "    // A handler with a third parameter responds through it.\n    if (original.{function}.length < 3) return original.{function}(event, context);\n    return new Promise((resolve, reject) => {{\n      original.{function}(event, context, (error, response) => (error ? reject(error) : resolve(response)));\n    }});\n"
        )
    } else {
        format!("    return original.{function}(event, context);\n")
    };
    let comment = format!("// The worker `{name}`: calls the handler of the function that it was.\n");
    let text = if is_module {
        format!(
            "{comment}import * as original from './{file}';\nimport {{ Worker }} from './worker.js';\n\nexport class {class} extends Worker {{\n  async execute(event, context) {{\n{call}  }}\n}}\n"
        )
    } else {
        format!(
            "{comment}const original = require('./{file}');\nconst {{ Worker }} = require('./worker');\n\nclass {class} extends Worker {{\n  async execute(event, context) {{\n{call}  }}\n}}\n\nmodule.exports = {{ {class} }};\n"
        )
    };
    Ok((format!("main.{extension}"), text))
}

/// Returns the main file of a TypeScript worker, which is an ES module.
fn typescript(
    files: &mut [CopiedFile],
    name: &WorkerName,
    handler: &Handler<'_>,
    mut file: String,
) -> Result<(String, String), String> {
    if file == "main.ts" {
        "handler_main.ts".clone_into(&mut file);
        rename(files, "main.ts", &file)?;
    }
    let function = handler.function;
    let class = name.class_name();
    // The types of events and of contexts are those of the package that the function used.
    let text = format!(
        "// The worker `{name}`: calls the handler of the function that it was.\nimport * as original from './{file}';\nimport {{ Worker, type Context }} from './worker.cjs';\n\ntype Handler = (event: unknown, context: Context) => unknown;\n\nexport class {class} extends Worker<unknown, unknown> {{\n  override async execute(event: unknown, context: Context): Promise<unknown> {{\n    return (original.{function} as unknown as Handler)(event, context);\n  }}\n}}\n"
    );
    Ok(("main.ts".to_owned(), text))
}

/// Returns a line for each import in TypeScript that esbuild accepts, and Node.js does not, which only removes types. `dir` is the
/// worker's folder.
pub(super) fn problems_of_typescript(files: &[CopiedFile], dir: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| Language::is_typescript(&file.path) && !file.path.ends_with(".d.ts")) {
        for (at, line) in file.contents.lines().enumerate() {
            let place = format!("{dir}/{}:{}", file.path, at + 1);
            let Some((_, path)) = line.split_once(" from ").filter(|_| line.starts_with("import ")) else { continue };
            let path = path.trim_matches([' ', ';', '\'', '"']);
            let has_extension = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
            if path == "aws-lambda" && !line.starts_with("import type") {
                problems.push(format!(
                    "{place}: write `import type`: `aws-lambda` has only types, and Node.js loads it otherwise"
                ));
            } else if path.starts_with('.') && !has_extension {
                problems
                    .push(format!("{place}: write `{path}.ts`: Node.js finds files of ES modules by their whole name"));
            }
        }
    }
    problems
}

fn rename(files: &mut [CopiedFile], from: &str, to: &str) -> Result<(), String> {
    if files.iter().any(|file| file.path == to) {
        return Err(format!("`{from}` cannot be renamed to `{to}`, which exists"));
    }
    for file in files.iter_mut().filter(|file| file.path == from) {
        to.clone_into(&mut file.path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CopiedFile, Language, WorkerName, add_main, problems_of_typescript};

    fn added(language: Language, handler: &str, files: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let name = WorkerName::parse("send_mail").expect("a name");
        let copied =
            |(path, text): &(&str, &str)| CopiedFile { path: (*path).to_owned(), contents: (*text).to_owned() };
        let mut files: Vec<CopiedFile> = files.iter().map(copied).collect();
        add_main(&mut files, &name, language, handler)?;
        Ok(files.into_iter().map(|file| (file.path, file.contents)).collect())
    }

    #[test]
    fn main_file_calls_the_handler() {
        let files = added(Language::Python, "main.lambda_handler", &[("main.py", "x")]).expect("a worker");
        assert_eq!(files[0], ("handler_main.py".to_owned(), "x".to_owned()));
        assert!(files[1].1.contains("from handler_main import lambda_handler\n\n\nclass SendMail(Worker):"));
        let files = added(Language::Python, "src.app.run", &[("src/app.py", "")]).expect("a worker");
        assert!(files[1].1.contains("from src.app import run\n"), "{files:?}");
        let files =
            added(Language::JavaScript, "src/index.handler", &[("src/index.js", "callback()")]).expect("a worker");
        assert_eq!(files[1].0, "main.js");
        assert!(files[1].1.contains("require('./src/index.js')") && files[1].1.contains("new Promise"), "{files:?}");
        let package = ("package.json", "{\"type\": \"module\"}");
        let files = added(Language::JavaScript, "main.handler", &[("main.js", ""), package]).expect("a worker");
        assert_eq!((files[0].0.as_str(), files[2].0.as_str()), ("handler_main.js", "main.mjs"));
        assert!(files[2].1.contains("import * as original from './handler_main.js';"));
    }

    #[test]
    fn typescript_becomes_a_typescript_worker() {
        let files = added(Language::JavaScript, "main.lambdaHandler", &[("main.ts", "x")]).expect("a worker");
        assert_eq!(files[0], ("handler_main.ts".to_owned(), "x".to_owned()));
        assert_eq!(files[1].0, "main.ts");
        for line in [
            "import * as original from './handler_main.ts';",
            "export class SendMail extends Worker<unknown, unknown> {",
        ] {
            assert!(files[1].1.lines().any(|found| found == line), "{}", files[1].1);
        }
        let copied = |path: &str, text: &str| CopiedFile { path: path.to_owned(), contents: text.to_owned() };
        let text = "import { Event } from 'aws-lambda';\nimport type { B } from 'aws-lambda';\nimport { a } from './lib/a';\nimport b from \"./b.ts\";\nimport c from 'c';\n";
        assert_eq!(
            problems_of_typescript(&[copied("app.ts", text), copied("app.js", text)], "workers/w"),
            [
                "workers/w/app.ts:1: write `import type`: `aws-lambda` has only types, and Node.js loads it otherwise",
                "workers/w/app.ts:3: write `./lib/a.ts`: Node.js finds files of ES modules by their whole name",
            ]
        );
    }

    #[test]
    fn handlers_without_a_file_have_a_reason() {
        let reason =
            |language, handler: &str, files: &[(&str, &str)]| added(language, handler, files).expect_err("a reason");
        assert_eq!(reason(Language::Python, "app.run", &[]), "it has no file `app.py`");
        assert_eq!(reason(Language::Python, "run", &[]), "`Handler` is `run`, which names no function of a file");
        assert_eq!(
            reason(Language::JavaScript, "app.it's", &[]),
            "`Handler` is `app.it's`, which names no function of a file"
        );
        assert_eq!(
            reason(Language::JavaScript, "app.run", &[("app.css", "")]),
            "it has no file `app.js` and no file `app.ts`"
        );
    }
}

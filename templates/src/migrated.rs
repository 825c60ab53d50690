//! The Rust half of an app that was made for the Python original: what replaces its endpoints, its workers stay as they
//! are. Which endpoints there are is the caller's to find out.

use std::collections::BTreeMap;

use bedrock_build::{AppName, EndpointName};
use minijinja::Value;

use crate::embedded::{MIGRATED, PORTED};
use crate::render::{TemplateError, Variables, render};
use crate::{Dependencies, File};

/// Columns of a line, and of the arguments of a call or a chain in one, for rustfmt.
const LONG: usize = 100;
const SHORT: usize = 60;

/// A file of endpoints that is to be ported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The module that it becomes.
    pub module: EndpointName,
    /// The Python file, relative to the app.
    pub source: String,
    /// In the order in which they are registered.
    pub routes: Vec<Route>,
    /// In the order of the Python file.
    pub handlers: Vec<Handler>,
}

/// A path and what answers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// As axum writes it: `/systems/{id}`.
    pub path: String,
    /// HTTP methods in lower case, and the handlers that answer them; at least one.
    pub methods: Vec<(&'static str, String)>,
}

/// One method of a Python class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// The function that it becomes.
    pub name: String,
    /// `SystemsEndpoint.get_global`
    pub original: String,
    /// Where it begins in the Python file, from 1.
    pub line: usize,
    /// The parts of the path that vary, by their names in it.
    pub parameters: Vec<String>,
    /// Whether it takes a body.
    pub has_body: bool,
    /// Names of workers that it calls.
    pub invokes: Vec<String>,
}

/// All files of the Rust half. `ports` are sorted by module.
pub fn migrated(
    app: &AppName,
    workers_dir: &str,
    ports: &[Port],
    uses: &Dependencies,
) -> Result<Vec<File>, TemplateError> {
    let modules: Vec<Value> = ports.iter().map(|port| Value::from(port.module.as_str())).collect();
    let variables = Variables::from([
        ("app", app.as_str().into()),
        ("workers_dir", workers_dir.into()),
        ("modules", modules.into()),
        ("runtime", uses.runtime.clone().into()),
        ("build", uses.build.clone().into()),
    ]);
    let mut files = render(MIGRATED, &variables)?;
    for port in ports {
        for mut file in render(PORTED, &skeleton(port))? {
            file.path = format!("src/endpoints/{}.rs", port.module);
            files.push(file);
        }
    }
    Ok(files)
}

fn skeleton(port: &Port) -> Variables {
    let mut first: Vec<&str> = port.routes.iter().filter_map(|route| Some(route.methods.first()?.0)).collect();
    first.sort_unstable();
    first.dedup();
    let routing = if let [only] = first[..] { only.to_owned() } else { format!("{{{}}}", first.join(", ")) };
    let has_path = port.handlers.iter().any(|handler| !handler.parameters.is_empty());
    Variables::from([
        ("source", port.source.clone().into()),
        ("has_path", has_path.into()),
        ("routing", routing.into()),
        ("routes", port.routes.iter().map(route).collect::<Vec<_>>().into()),
        ("handlers", port.handlers.iter().map(handler).collect::<Vec<_>>().into()),
    ])
}

/// A call of `route`, laid out as rustfmt does. The first method is a function of axum, and the others are methods of
/// what it gives.
fn route(route: &Route) -> Value {
    let methods: Vec<String> = route.methods.iter().map(|(method, handler)| format!("{method}({handler})")).collect();
    let (path, chain) = (&route.path, methods.join("."));
    let arguments = format!("\"{path}\", {chain}");
    if arguments.len() <= SHORT {
        return format!(".route({arguments})").into();
    }
    let chain = if chain.len() <= SHORT { chain } else { methods.join("\n                .") };
    format!(".route(\n            \"{path}\",\n            {chain},\n        )").into()
}

fn handler(handler: &Handler) -> Value {
    Value::from(BTreeMap::from([
        ("signature", Value::from(signature(handler))),
        ("original", handler.original.clone().into()),
        ("line", handler.line.into()),
        ("invokes", handler.invokes.clone().into()),
    ]))
}

fn signature(handler: &Handler) -> String {
    let (name, arguments) = (&handler.name, arguments(handler));
    let whole = format!("async fn {name}({}) -> (StatusCode, Json<Value>) {{", arguments.join(", "));
    if whole.len() <= LONG {
        return whole;
    }
    let lines: String = arguments.iter().flat_map(|argument| ["    ", argument, ",\n"]).collect();
    format!("async fn {name}(\n{lines}) -> (StatusCode, Json<Value>) {{")
}

/// Extractors of axum whose names begin with `_`: nothing uses them yet.
fn arguments(handler: &Handler) -> Vec<String> {
    let path = match &handler.parameters[..] {
        [] => None,
        [only] => Some(format!("Path(_{only}): Path<String>")),
        several => {
            let names = several.iter().map(|name| format!("_{name}")).collect::<Vec<_>>().join(", ");
            let types = vec!["String"; several.len()].join(", ");
            Some(format!("Path(({names})): Path<({types})>"))
        }
    };
    let body = handler.has_body.then(|| "Json(_body): Json<Value>".to_owned());
    path.into_iter().chain(body).collect()
}

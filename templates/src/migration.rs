//! Renders the Rust files of an app that is migrated from Bedrock for Python: its manifest, and a skeleton for each of
//! its endpoints. The workers are kept unchanged. The caller finds the endpoints.

use std::collections::BTreeMap;

use bedrock_build::{AppName, EndpointName};
use minijinja::Value;

use crate::dependencies::Dependencies;
use crate::embedded::{MIGRATED_APP, PORTED_ENDPOINT};
use crate::render::{RenderedFile, TemplateError, Variables, render};

/// The width of a line in columns, as in rustfmt.
const MAX_LINE_WIDTH: usize = 100;
/// The width of the arguments of a call, and of a method chain, in columns, as in rustfmt.
const MAX_CALL_WIDTH: usize = 60;

/// A Python file of endpoints that is to be ported to a Rust module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPort {
    /// The name of the Rust module.
    pub module: EndpointName,
    /// The path of the Python file, relative to the app.
    pub source: String,
    /// The routes, in the order in which they are registered.
    pub routes: Vec<Route>,
    /// The handlers, in the order of the Python file.
    pub handlers: Vec<HandlerPort>,
}

/// A path and its handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The path in the syntax of axum: `/systems/{id}`.
    pub path: String,
    /// The HTTP methods in lower case, each with the name of its handler; at least one.
    pub methods: Vec<(&'static str, String)>,
}

/// A method of a Python class that is to be ported to a Rust function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerPort {
    /// The name of the Rust function.
    pub name: String,
    /// The class and method in Python: `SystemsEndpoint.get_global`.
    pub original: String,
    /// The first line in the Python file, starting at 1.
    pub line: usize,
    /// The names of the path parameters.
    pub parameters: Vec<String>,
    /// Whether the handler reads the request body.
    pub has_body: bool,
    /// The names of the workers that the handler calls.
    pub invokes: Vec<String>,
}

/// Renders all Rust files of a migrated app. `ports` must be sorted by module.
pub fn migrated_app(
    app: &AppName,
    workers_dir: &str,
    ports: &[EndpointPort],
    dependencies: &Dependencies,
) -> Result<Vec<RenderedFile>, TemplateError> {
    let modules: Vec<Value> = ports.iter().map(|port| Value::from(port.module.as_str())).collect();
    let variables = Variables::from([
        ("app", app.as_str().into()),
        ("workers_dir", workers_dir.into()),
        ("modules", modules.into()),
        ("runtime", dependencies.runtime.clone().into()),
        ("build", dependencies.build.clone().into()),
    ]);
    let mut files = render(MIGRATED_APP, &variables)?;
    for port in ports {
        for mut file in render(PORTED_ENDPOINT, &port_variables(port))? {
            file.path = format!("src/endpoints/{}.rs", port.module);
            files.push(file);
        }
    }
    Ok(files)
}

fn port_variables(port: &EndpointPort) -> Variables {
    let mut functions: Vec<&str> = port.routes.iter().filter_map(|route| Some(route.methods.first()?.0)).collect();
    functions.sort_unstable();
    functions.dedup();
    let routing =
        if let [function] = functions[..] { function.to_owned() } else { format!("{{{}}}", functions.join(", ")) };
    let has_path = port.handlers.iter().any(|handler| !handler.parameters.is_empty());
    Variables::from([
        ("source", port.source.clone().into()),
        ("has_path", has_path.into()),
        ("routing", routing.into()),
        ("routes", port.routes.iter().map(route_call).collect::<Vec<_>>().into()),
        ("handlers", port.handlers.iter().map(handler_value).collect::<Vec<_>>().into()),
    ])
}

/// Returns a call of `route`, formatted as by rustfmt. The first HTTP method is a function of axum, and the others are
/// methods of the value that it returns.
fn route_call(route: &Route) -> Value {
    let methods: Vec<String> = route.methods.iter().map(|(method, handler)| format!("{method}({handler})")).collect();
    let path = &route.path;
    let chain = methods.join(".");
    let arguments = format!("\"{path}\", {chain}");
    if arguments.len() <= MAX_CALL_WIDTH {
        return format!(".route({arguments})").into();
    }
    let chain = if chain.len() <= MAX_CALL_WIDTH { chain } else { methods.join("\n                .") };
    format!(".route(\n            \"{path}\",\n            {chain},\n        )").into()
}

fn handler_value(handler: &HandlerPort) -> Value {
    Value::from(BTreeMap::from([
        ("signature", Value::from(handler_signature(handler))),
        ("original", handler.original.clone().into()),
        ("line", handler.line.into()),
        ("invokes", handler.invokes.clone().into()),
    ]))
}

fn handler_signature(handler: &HandlerPort) -> String {
    let name = &handler.name;
    let arguments = handler_arguments(handler);
    let line = format!("async fn {name}({}) -> (StatusCode, Json<Value>) {{", arguments.join(", "));
    if line.len() <= MAX_LINE_WIDTH {
        return line;
    }
    let lines: String = arguments.iter().flat_map(|argument| ["    ", argument, ",\n"]).collect();
    format!("async fn {name}(\n{lines}) -> (StatusCode, Json<Value>) {{")
}

/// Returns the arguments, which are extractors of axum. Their names start with `_`, because the skeleton does not use
/// them.
fn handler_arguments(handler: &HandlerPort) -> Vec<String> {
    let path = match &handler.parameters[..] {
        [] => None,
        [name] => Some(format!("Path(_{name}): Path<String>")),
        names => {
            let types = vec!["String"; names.len()].join(", ");
            let names = names.iter().map(|name| format!("_{name}")).collect::<Vec<_>>().join(", ");
            Some(format!("Path(({names})): Path<({types})>"))
        }
    };
    let body = handler.has_body.then(|| "Json(_body): Json<Value>".to_owned());
    path.into_iter().chain(body).collect()
}

//! From endpoint classes to modules with routes: names that Rust takes, paths that axum takes, and no route twice, which
//! axum answers with a panic.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::{EndpointName, WorkerName};
use bedrock_templates::{Handler, Port, Route};

use super::endpoints::{Class, Method};

/// What the part of a path is called that nobody named.
const PARAMETER: &str = "id";
/// Crates that a module of the same name would hide.
const CRATES: [&str; 2] = ["axum", "serde_json"];

/// What is to be ported.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Sorted by module.
    pub(crate) ports: Vec<Port>,
    /// What has no skeleton or not the right path, and why.
    pub(crate) by_hand: Vec<String>,
}

/// `files` are the Python files with endpoint classes, by their paths; `folder` is the one they are in.
pub(super) fn ports(files: &BTreeMap<String, Vec<Class>>, folder: &str) -> Ports {
    let mut made = Ports::default();
    let mut taken = Taken::default();
    // The files right in the folder have the first choice of names.
    let mut files: Vec<_> = files.iter().collect();
    files.sort_by_key(|(path, _)| path.matches('/').count());
    for (source, classes) in files {
        let Some(module) = taken.module(source, folder, classes) else {
            made.by_hand.push(format!("`{source}` has no skeleton: no name of a module can be made of its own"));
            continue;
        };
        let mut port = Port { module, source: source.clone(), routes: Vec::new(), handlers: Vec::new() };
        for class in classes {
            add(&mut port, class, classes.len() > 1, &mut taken, &mut made.by_hand);
        }
        if port.handlers.is_empty() {
            taken.modules.remove(port.module.as_str());
        } else {
            made.ports.push(port);
        }
    }
    made.ports.sort_by(|a, b| a.module.as_str().cmp(b.module.as_str()));
    made
}

fn add(port: &mut Port, class: &Class, has_siblings: bool, taken: &mut Taken, by_hand: &mut Vec<String>) {
    let source = port.source.clone();
    let path = class.resource.as_deref().and_then(path);
    if path.is_none() {
        let module = &port.module;
        by_hand.push(format!(
            "`{source}:{}`: the path of `{}` is not written there, check `/{module}`",
            class.line, class.name
        ));
    }
    let path = path.unwrap_or_else(|| format!("/{}", port.module));
    for method in &class.methods {
        let original = format!("{}.{}", class.name, method.name);
        let full = if method.is_single { single(&path, class.parameter.as_deref()) } else { path.clone() };
        let Some(full) = taken.route(&full, method.verb) else {
            by_hand.push(format!(
                "`{source}:{}`: `{original}` has no skeleton, another method answers `{} {full}`",
                method.line,
                method.verb.to_uppercase()
            ));
            continue;
        };
        let name = if has_siblings { format!("{}_{}", stem(&class.name), method.name) } else { method.name.clone() };
        port.handlers.push(handler(name.clone(), original, method, &full));
        match port.routes.iter_mut().find(|route| route.path == full) {
            Some(route) => route.methods.push((method.verb, name)),
            None => port.routes.push(Route { path: full, methods: vec![(method.verb, name)] }),
        }
    }
    for (name, line) in &class.others {
        by_hand
            .push(format!("`{source}:{line}`: `{}.{name}` has no skeleton, its name says no HTTP method", class.name));
    }
}

fn handler(name: String, original: String, method: &Method, path: &str) -> Handler {
    let parameters = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    Handler {
        name,
        original,
        line: method.line,
        parameters: parameters.map(|name| name.trim_start_matches('*').to_owned()).collect(),
        has_body: matches!(method.verb, "post" | "put" | "patch"),
        // What is no worker's name may be anything.
        invokes: method.invokes.iter().filter(|name| WorkerName::parse(name).is_ok()).cloned().collect(),
    }
}

/// A path as axum takes it; None for one that it does not.
fn path(written: &str) -> Option<String> {
    let parts: Vec<&str> = written.split('/').filter(|part| !part.is_empty()).collect();
    let last = parts.len().saturating_sub(1);
    let mut names = BTreeSet::new();
    let part = |(index, part): (usize, &&str)| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            let is_plain = part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
            return is_plain.then(|| (*part).to_owned());
        };
        let (name, rest) = name.strip_suffix('+').map_or((name, ""), |name| (name, "*"));
        let name = snake(name);
        let is_right = is_name(&name) && names.insert(name.clone()) && (rest.is_empty() || index == last);
        is_right.then(|| format!("{{{rest}{name}}}"))
    };
    let parts: Option<Vec<String>> = parts.iter().enumerate().map(part).collect();
    parts.map(|parts| format!("/{}", parts.join("/")))
}

/// The path of one thing below the path of all; nothing comes below a path that takes all the rest.
fn single(path: &str, parameter: Option<&str>) -> String {
    if path.contains("{*") {
        return path.to_owned();
    }
    let name = parameter.map(snake).filter(|name| is_name(name)).unwrap_or_else(|| PARAMETER.to_owned());
    let is_free = |name: &str| !path.contains(&format!("{{{name}}}"));
    let name = if is_free(&name) { name } else { format!("{name}_2") };
    format!("{}/{{{name}}}", path.trim_end_matches('/'))
}

fn is_name(name: &str) -> bool {
    WorkerName::parse(name).is_ok() || name == PARAMETER
}

/// Names and routes that are given away.
#[derive(Default)]
struct Taken {
    modules: BTreeSet<String>,
    /// By what they match; with the spelling that came first, because axum wants one.
    paths: BTreeMap<String, (String, BTreeSet<&'static str>)>,
}

impl Taken {
    /// `app/endpoints/admin/systems.py` is `systems`, or `admin_systems` where that is taken.
    fn module(&mut self, source: &str, folder: &str, classes: &[Class]) -> Option<EndpointName> {
        let inside = source.strip_prefix(folder).unwrap_or(source).trim_start_matches('/').trim_end_matches(".py");
        let parts: Vec<&str> = inside.split('/').filter(|part| *part != "__init__").collect();
        let from_class = classes.first().map(|class| stem(&class.name)).unwrap_or_default();
        let stem = parts.last().map_or(from_class.clone(), |stem| snake(stem));
        let candidates = [stem.clone(), snake(&parts.join("_")), from_class, format!("{stem}_endpoint")];
        let is_free = |name: &EndpointName| {
            !self.modules.contains(name.as_str()) && !CRATES.contains(&name.as_str()) && name.as_str() != "router"
        };
        let found = candidates.iter().filter_map(|name| EndpointName::parse(name).ok()).find(is_free)?;
        self.modules.insert(found.to_string());
        Some(found)
    }

    /// The path to register, if nobody answers that method there yet.
    fn route(&mut self, path: &str, verb: &'static str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        let known = self.paths.entry(parts.join("/")).or_insert_with(|| (path.to_owned(), BTreeSet::new()));
        known.1.insert(verb).then(|| known.0.clone())
    }
}

/// `SystemsEndpoint` is `systems`.
fn stem(class: &str) -> String {
    let name = snake(class);
    name.strip_suffix("_endpoint").map(str::to_owned).unwrap_or(name)
}

/// `SystemsEndpoint` and `systems-endpoint` are `systems_endpoint`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for c in name.chars() {
        let is_edge = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if is_edge || !c.is_ascii_alphanumeric() && before != '_' {
            out.push('_');
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        }
        before = if c.is_ascii_alphanumeric() { c } else { '_' };
    }
    out.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests;

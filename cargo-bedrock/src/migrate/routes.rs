//! Converts endpoint classes to modules with routes. Names are valid in Rust, paths are valid in axum, and no route
//! occurs twice, because axum panics on duplicate routes.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::{EndpointName, WorkerName};
use bedrock_templates::{EndpointPort, HandlerPort, Route};

use super::endpoints::{EndpointClass, EndpointMethod};

/// Default name of the path parameter of one item.
const DEFAULT_PARAMETER: &str = "id";
/// Crates that a module of the same name would hide.
const CRATES: [&str; 2] = ["axum", "serde_json"];

/// The endpoints to port.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EndpointPorts {
    /// Sorted by module.
    pub(crate) ports: Vec<EndpointPort>,
    /// What has no skeleton or no certain path, and why.
    pub(crate) manual_steps: Vec<String>,
}

/// Plans the ports. `files` are the Python files with endpoint classes by path, and `folder` is the folder that
/// contains them.
pub(super) fn plan_ports(files: &BTreeMap<String, Vec<EndpointClass>>, folder: &str) -> EndpointPorts {
    let mut result = EndpointPorts::default();
    let mut used_names = UsedNames::default();
    // Files directly in the folder choose their names first.
    let mut files: Vec<_> = files.iter().collect();
    files.sort_by_key(|(path, _)| path.matches('/').count());
    for (source, classes) in files {
        let Some(module) = used_names.claim_module(source, folder, classes) else {
            result.manual_steps.push(format!("`{source}` has no skeleton: no module name can be derived from it"));
            continue;
        };
        let mut port = EndpointPort { module, source: source.clone(), routes: Vec::new(), handlers: Vec::new() };
        for class in classes {
            add_class(&mut port, class, classes.len() > 1, &mut used_names, &mut result.manual_steps);
        }
        if port.handlers.is_empty() {
            used_names.modules.remove(port.module.as_str());
        } else {
            result.ports.push(port);
        }
    }
    result.ports.sort_by(|a, b| a.module.as_str().cmp(b.module.as_str()));
    result
}

fn add_class(
    port: &mut EndpointPort,
    class: &EndpointClass,
    has_siblings: bool,
    used_names: &mut UsedNames,
    manual_steps: &mut Vec<String>,
) {
    let source = port.source.clone();
    let path = class.resource.as_deref().and_then(axum_path);
    if path.is_none() {
        let module = &port.module;
        manual_steps
            .push(format!("`{source}:{}`: the path of `{}` is computed, check `/{module}`", class.line, class.name));
    }
    let path = path.unwrap_or_else(|| format!("/{}", port.module));
    for method in &class.methods {
        let original = format!("{}.{}", class.name, method.name);
        let full_path = if method.is_single { item_path(&path, class.parameter.as_deref()) } else { path.clone() };
        let Some(full_path) = used_names.claim_route(&full_path, method.verb) else {
            manual_steps.push(format!(
                "`{source}:{}`: `{original}` has no skeleton, another method responds to `{} {full_path}`",
                method.line,
                method.verb.to_uppercase()
            ));
            continue;
        };
        let name = if has_siblings { format!("{}_{}", stem(&class.name), method.name) } else { method.name.clone() };
        port.handlers.push(handler(name.clone(), original, method, &full_path));
        match port.routes.iter_mut().find(|route| route.path == full_path) {
            Some(route) => route.methods.push((method.verb, name)),
            None => port.routes.push(Route { path: full_path, methods: vec![(method.verb, name)] }),
        }
    }
    for (name, line) in &class.other_methods {
        let method = format!("`{}.{name}`", class.name);
        manual_steps.push(format!("`{source}:{line}`: {method} has no skeleton, its name is not an HTTP method"));
    }
}

fn handler(name: String, original: String, method: &EndpointMethod, path: &str) -> HandlerPort {
    let parameters = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    HandlerPort {
        name,
        original,
        line: method.line,
        parameters: parameters.map(|name| name.trim_start_matches('*').to_owned()).collect(),
        has_body: matches!(method.verb, "post" | "put" | "patch"),
        // A string that is not a valid worker name may be anything.
        invokes: method.invokes.iter().filter(|name| WorkerName::parse(name).is_ok()).cloned().collect(),
    }
}

/// Converts a path to axum's syntax. Returns `None` if axum does not support it.
fn axum_path(written: &str) -> Option<String> {
    let parts: Vec<&str> = written.split('/').filter(|part| !part.is_empty()).collect();
    let last = parts.len().saturating_sub(1);
    let mut names = BTreeSet::new();
    let axum_part = |(index, part): (usize, &&str)| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            let is_plain = part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
            return is_plain.then(|| (*part).to_owned());
        };
        let (name, wildcard) = name.strip_suffix('+').map_or((name, ""), |name| (name, "*"));
        let name = snake_case(name);
        let is_valid = is_valid_name(&name) && names.insert(name.clone()) && (wildcard.is_empty() || index == last);
        is_valid.then(|| format!("{{{wildcard}{name}}}"))
    };
    let parts: Option<Vec<String>> = parts.iter().enumerate().map(axum_part).collect();
    parts.map(|parts| format!("/{}", parts.join("/")))
}

/// Returns the path of one item below the path of all items. A path that ends with a wildcard stays unchanged.
fn item_path(path: &str, parameter: Option<&str>) -> String {
    if path.contains("{*") {
        return path.to_owned();
    }
    let name = parameter.map(snake_case).filter(|name| is_valid_name(name));
    let name = name.unwrap_or_else(|| DEFAULT_PARAMETER.to_owned());
    let is_free = |name: &str| !path.contains(&format!("{{{name}}}"));
    let name = if is_free(&name) { name } else { format!("{name}_2") };
    format!("{}/{{{name}}}", path.trim_end_matches('/'))
}

fn is_valid_name(name: &str) -> bool {
    WorkerName::parse(name).is_ok() || name == DEFAULT_PARAMETER
}

/// Names of modules and routes that are in use.
#[derive(Default)]
struct UsedNames {
    modules: BTreeSet<String>,
    /// HTTP methods by what the path matches, with the first spelling of the path, because axum accepts only one.
    paths: BTreeMap<String, (String, BTreeSet<&'static str>)>,
}

impl UsedNames {
    /// Chooses the name of a module. `app/endpoints/admin/systems.py` becomes `systems`, or `admin_systems` if that is
    /// in use.
    fn claim_module(&mut self, source: &str, folder: &str, classes: &[EndpointClass]) -> Option<EndpointName> {
        let inside = source.strip_prefix(folder).unwrap_or(source).trim_start_matches('/').trim_end_matches(".py");
        let parts: Vec<&str> = inside.split('/').filter(|part| *part != "__init__").collect();
        let class_stem = classes.first().map(|class| stem(&class.name)).unwrap_or_default();
        let stem = parts.last().map_or(class_stem.clone(), |part| snake_case(part));
        let candidates = [stem.clone(), snake_case(&parts.join("_")), class_stem, format!("{stem}_endpoint")];
        let is_free = |name: &EndpointName| {
            !self.modules.contains(name.as_str()) && !CRATES.contains(&name.as_str()) && name.as_str() != "router"
        };
        let found = candidates.iter().filter_map(|name| EndpointName::parse(name).ok()).find(is_free)?;
        self.modules.insert(found.to_string());
        Some(found)
    }

    /// Returns the path to register, or `None` if another method already responds to this HTTP method there.
    fn claim_route(&mut self, path: &str, verb: &'static str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
        let (spelling, verbs) = self.paths.entry(parts.join("/")).or_insert_with(|| (path.to_owned(), BTreeSet::new()));
        verbs.insert(verb).then(|| spelling.clone())
    }
}

/// Returns `systems` for `SystemsEndpoint`.
fn stem(class: &str) -> String {
    let name = snake_case(class);
    name.strip_suffix("_endpoint").map(str::to_owned).unwrap_or(name)
}

/// Returns `systems_endpoint` for `SystemsEndpoint` and for `systems-endpoint`.
fn snake_case(name: &str) -> String {
    let mut result = String::new();
    let mut previous = '_';
    for c in name.chars() {
        let is_word_start = c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        if is_word_start || !c.is_ascii_alphanumeric() && previous != '_' {
            result.push('_');
        }
        if c.is_ascii_alphanumeric() {
            result.push(c.to_ascii_lowercase());
        }
        previous = if c.is_ascii_alphanumeric() { c } else { '_' };
    }
    result.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests;

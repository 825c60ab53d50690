//! Finds the endpoint classes of a Python file: a subclass of `Endpoint`, or a class with methods such as `get_global`.
//! The arguments of `super().__init__("/systems")` are read from the source text; computed values are unknown.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::syntax::{children, descendants, field, line_of, parse, string_value, text_of};

const HTTP_METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// A class that responds to HTTP requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EndpointClass {
    pub(super) name: String,
    pub(super) line: usize,
    /// Prefix and resource as written in the source, or `None` if they are computed.
    pub(super) resource: Option<String>,
    /// Name of the path parameter that identifies one item.
    pub(super) parameter: Option<String>,
    pub(super) methods: Vec<EndpointMethod>,
    /// Name and line of public methods that are not named like an HTTP method. They may be more than helpers.
    pub(super) other_methods: Vec<(String, usize)>,
}

/// A Python method that responds to one HTTP method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EndpointMethod {
    pub(super) name: String,
    pub(super) verb: &'static str,
    /// Whether it is about one item (`get_single`) instead of all items (`get_global`).
    pub(super) is_single: bool,
    pub(super) line: usize,
    /// Names of the workers that it calls.
    pub(super) invokes: Vec<String>,
}

/// Returns all endpoint classes of a text, or `None` if it is not valid Python.
pub(super) fn endpoint_classes(text: &str) -> Option<Vec<EndpointClass>> {
    let tree = parse(text)?;
    let nodes = descendants(tree.root_node()).into_iter().filter(|node| node.kind() == "class_definition");
    Some(nodes.filter_map(|node| endpoint_class(node, text)).collect())
}

fn endpoint_class(node: Node<'_>, text: &str) -> Option<EndpointClass> {
    let name = text_of(field(node, "name")?, text).to_owned();
    let functions = functions(node);
    let name_of = |function: &Node<'_>| field(*function, "name").map_or("", |name| text_of(name, text)).to_owned();
    let methods: Vec<EndpointMethod> =
        functions.iter().filter_map(|function| endpoint_method(*function, text)).collect();
    let superclasses = field(node, "superclasses").map(children).unwrap_or_default();
    let is_subclass = superclasses.iter().any(|superclass| text_of(*superclass, text).ends_with("Endpoint"));
    if !is_subclass && !methods.iter().any(|method| method.name != method.verb) {
        return None;
    }
    let is_other = |function: &&Node<'_>| {
        let name = name_of(function);
        // Lambda calls `handle`. In Rust, axum has that role.
        !name.starts_with('_') && name != "handle" && !methods.iter().any(|method| method.name == name)
    };
    let other_methods =
        functions.iter().filter(is_other).map(|function| (name_of(function), line_of(*function))).collect();
    let init = functions.iter().find(|function| name_of(function) == "__init__");
    let (resource, parameter) = init.and_then(|init| super_init_arguments(*init, text)).unwrap_or_default();
    Some(EndpointClass { name, line: line_of(node), resource, parameter, methods, other_methods })
}

/// Returns the functions directly in a class, including decorated ones.
fn functions(class: Node<'_>) -> Vec<Node<'_>> {
    let body = field(class, "body").map(children).unwrap_or_default();
    let undecorated = body.into_iter().map(|node| match node.kind() {
        "decorated_definition" => field(node, "definition").unwrap_or(node),
        _ => node,
    });
    undecorated.filter(|node| node.kind() == "function_definition").collect()
}

fn endpoint_method(function: Node<'_>, text: &str) -> Option<EndpointMethod> {
    let name = text_of(field(function, "name")?, text);
    let (prefix, suffix) = name.split_once('_').map_or((name, None), |(prefix, suffix)| (prefix, Some(suffix)));
    let verb = HTTP_METHODS.into_iter().find(|verb| *verb == prefix)?;
    let is_single = match suffix {
        None | Some("global") => false,
        Some("single") => true,
        Some(_) => return None,
    };
    let invokes = invoked_workers(function, text);
    Some(EndpointMethod { name: name.to_owned(), verb, is_single, line: line_of(function), invokes })
}

/// Returns the string literals that `invoke` is called with.
fn invoked_workers(function: Node<'_>, text: &str) -> Vec<String> {
    let names = descendants(function).into_iter().filter(|node| node.kind() == "call").filter_map(|call| {
        let function = text_of(field(call, "function")?, text);
        let first = field(call, "arguments").map(children)?.first().copied()?;
        (function.rsplit('.').next() == Some("invoke")).then(|| string_value(first, text)).flatten()
    });
    names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the resource and its parameter from the arguments of `super().__init__(…)`.
fn super_init_arguments(init: Node<'_>, text: &str) -> Option<(Option<String>, Option<String>)> {
    let is_super_init = |node: &Node<'_>| {
        let function = field(*node, "function").filter(|_| node.kind() == "call");
        function.is_some_and(|function| text_of(function, text).replace(' ', "") == "super().__init__")
    };
    let call = descendants(init).into_iter().find(is_super_init)?;
    let arguments = field(call, "arguments").map(children).unwrap_or_default();
    let keyword_argument = |names: &[&str]| {
        let has_name =
            |node: &&Node<'_>| field(**node, "name").is_some_and(|name| names.contains(&text_of(name, text)));
        arguments.iter().find(has_name).and_then(|node| field(*node, "value"))
    };
    let first = arguments.first().filter(|node| node.kind() != "keyword_argument").copied();
    let resource = keyword_argument(&["resource"]).or(first).and_then(|node| string_value(node, text));
    let prefix = match keyword_argument(&["prefix"]) {
        Some(node) => string_value(node, text),
        None => Some(""),
    };
    let path = resource.zip(prefix).map(|(resource, prefix)| format!("{prefix}/{resource}"));
    let parameter = keyword_argument(&["param", "param_key"]).and_then(|node| string_value(node, text));
    Some((path, parameter.map(|name| name.trim_matches(['{', '}']).to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEMS: &str = r#"
from bedrock.endpoints.endpoint import Endpoint
from bedrock.workers.invoker import invoke


class SystemsEndpoint(Endpoint):
    def __init__(self):
        super().__init__("/systems", prefix="/v1", param="system_id")

    @protected
    def get_global(self, event, context):
        return 200, invoke("system_fetcher", {}, True)

    def put_single(self, event, context):
        invoke(name, {})
        bedrock.workers.invoker.invoke("mailer", {})

    def get_many(self, event): ...

    def handle(self, event): ...

    def _load(self): ...


class Helper:
    def get(self): ...
"#;

    #[test]
    fn class_has_path_methods_and_called_workers() {
        let classes = endpoint_classes(SYSTEMS).expect("Python");
        let [class] = &classes[..] else { panic!("{classes:?}") };
        assert_eq!((class.name.as_str(), class.line), ("SystemsEndpoint", 6));
        assert_eq!(class.resource.as_deref(), Some("/v1//systems"));
        assert_eq!(class.parameter.as_deref(), Some("system_id"));
        let methods: Vec<_> = class.methods.iter().map(|m| (m.name.as_str(), m.verb, m.is_single, m.line)).collect();
        assert_eq!(methods, [("get_global", "get", false, 11), ("put_single", "put", true, 14)]);
        assert_eq!(class.methods[0].invokes, ["system_fetcher"]);
        assert_eq!(class.methods[1].invokes, ["mailer"]);
        assert_eq!(class.other_methods, [("get_many".to_owned(), 18)]);
    }

    #[test]
    fn class_is_an_endpoint_by_superclass_or_by_methods() {
        let names =
            |text| endpoint_classes(text).map(|found| found.into_iter().map(|class| class.name).collect::<Vec<_>>());
        let text = "class A(base.Endpoint):\n  def get(self): ...\nclass B(C):\n  def get_single(self): ...\n";
        assert_eq!(names(text), Some(vec!["A".to_owned(), "B".to_owned()]));
        assert_eq!(names("class A(B):\n  def get(self): ...\n"), Some(Vec::new()));
        assert_eq!(names("class A(\n"), None);
    }

    #[test]
    fn computed_path_is_unknown() {
        for call in ["NAME", "f\"{a}\"", "", "\"x\", prefix=P"] {
            let text = format!("class A(Endpoint):\n  def __init__(self):\n    super().__init__({call})\n");
            assert_eq!(endpoint_classes(&text).expect("Python")[0].resource, None, "{call}");
        }
    }
}

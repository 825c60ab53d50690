//! The endpoint classes of a Python file: a class below `Endpoint`, or one with methods such as `get_global`. What is said
//! of its path (`super().__init__("/systems")`) is read as it is written; what is computed stays unknown.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::syntax::{below, children, field, line, parse, string, text_of};

const VERBS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// A class that answers HTTP requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) line: usize,
    /// Prefix and resource, as they are written.
    pub(super) resource: Option<String>,
    /// What the last part of the path of one thing is called.
    pub(super) parameter: Option<String>,
    pub(super) methods: Vec<Method>,
    /// Methods that may be more than helpers, which nothing says.
    pub(super) others: Vec<(String, usize)>,
}

/// A method that answers one HTTP method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) verb: &'static str,
    /// Whether it is about one thing (`get_single`), or about all.
    pub(super) is_single: bool,
    pub(super) line: usize,
    /// Names of workers that it calls.
    pub(super) invokes: Vec<String>,
}

/// All endpoint classes of a text; None where it is not Python.
pub(super) fn classes(text: &str) -> Option<Vec<Class>> {
    let tree = parse(text)?;
    let nodes = below(tree.root_node()).into_iter().filter(|node| node.kind() == "class_definition");
    Some(nodes.filter_map(|node| class(node, text)).collect())
}

fn class(node: Node<'_>, text: &str) -> Option<Class> {
    let name = text_of(field(node, "name")?, text).to_owned();
    let functions = functions(node);
    let name_of = |function: &Node<'_>| field(*function, "name").map_or("", |name| text_of(name, text)).to_owned();
    let methods: Vec<Method> = functions.iter().filter_map(|function| method(*function, text)).collect();
    let supers = field(node, "superclasses").map(children).unwrap_or_default();
    let is_below = supers.iter().any(|of| text_of(*of, text).ends_with("Endpoint"));
    if !is_below && !methods.iter().any(|method| method.name != method.verb) {
        return None;
    }
    let is_other = |function: &&Node<'_>| {
        let name = name_of(function);
        // `handle` is what Lambda calls; axum does that.
        !name.starts_with('_') && name != "handle" && !methods.iter().any(|method| method.name == name)
    };
    let others = functions.iter().filter(is_other).map(|function| (name_of(function), line(*function))).collect();
    let init = functions.iter().find(|function| name_of(function) == "__init__");
    let told = init.and_then(|init| super_call(*init, text)).unwrap_or_default();
    Some(Class { name, line: line(node), resource: told.0, parameter: told.1, methods, others })
}

/// The functions right in a class, below decorators too.
fn functions(class: Node<'_>) -> Vec<Node<'_>> {
    let body = field(class, "body").map(children).unwrap_or_default();
    let plain = body.into_iter().map(|node| match node.kind() {
        "decorated_definition" => field(node, "definition").unwrap_or(node),
        _ => node,
    });
    plain.filter(|node| node.kind() == "function_definition").collect()
}

fn method(function: Node<'_>, text: &str) -> Option<Method> {
    let name = text_of(field(function, "name")?, text);
    let (word, rest) = name.split_once('_').map_or((name, None), |(word, rest)| (word, Some(rest)));
    let verb = VERBS.into_iter().find(|verb| *verb == word)?;
    let is_single = match rest {
        None | Some("global") => false,
        Some("single") => true,
        Some(_) => return None,
    };
    let invokes = invokes(function, text);
    Some(Method { name: name.to_owned(), verb, is_single, line: line(function), invokes })
}

/// Names that `invoke` is called with, as far as they are written there.
fn invokes(function: Node<'_>, text: &str) -> Vec<String> {
    let names = below(function).into_iter().filter(|node| node.kind() == "call").filter_map(|call| {
        let function = text_of(field(call, "function")?, text);
        let first = field(call, "arguments").map(children)?.first().copied()?;
        (function.rsplit('.').next() == Some("invoke")).then(|| string(first, text)).flatten()
    });
    names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What `super().__init__(…)` says of the resource and of its parameter.
fn super_call(init: Node<'_>, text: &str) -> Option<(Option<String>, Option<String>)> {
    let is_it = |node: &Node<'_>| {
        let function = field(*node, "function").filter(|_| node.kind() == "call");
        function.is_some_and(|function| text_of(function, text).replace(' ', "") == "super().__init__")
    };
    let call = below(init).into_iter().find(is_it)?;
    let arguments = field(call, "arguments").map(children).unwrap_or_default();
    let named = |names: &[&str]| {
        let is_named =
            |node: &&Node<'_>| field(**node, "name").is_some_and(|name| names.contains(&text_of(name, text)));
        arguments.iter().find(is_named).and_then(|node| field(*node, "value"))
    };
    let first = arguments.first().filter(|node| node.kind() != "keyword_argument").copied();
    let resource = named(&["resource"]).or(first).and_then(|node| string(node, text));
    let prefix = match named(&["prefix"]) {
        Some(node) => string(node, text),
        None => Some(""),
    };
    let path = resource.zip(prefix).map(|(resource, prefix)| format!("{prefix}/{resource}"));
    let parameter = named(&["param", "param_key"]).and_then(|node| string(node, text));
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
    fn a_class_has_its_path_its_methods_and_who_they_call() {
        let classes = classes(SYSTEMS).expect("Python");
        let [class] = &classes[..] else { panic!("{classes:?}") };
        assert_eq!((class.name.as_str(), class.line), ("SystemsEndpoint", 6));
        assert_eq!(class.resource.as_deref(), Some("/v1//systems"));
        assert_eq!(class.parameter.as_deref(), Some("system_id"));
        let methods: Vec<_> = class.methods.iter().map(|m| (m.name.as_str(), m.verb, m.is_single, m.line)).collect();
        assert_eq!(methods, [("get_global", "get", false, 11), ("put_single", "put", true, 14)]);
        assert_eq!(class.methods[0].invokes, ["system_fetcher"]);
        assert_eq!(class.methods[1].invokes, ["mailer"]);
        assert_eq!(class.others, [("get_many".to_owned(), 18)]);
    }

    #[test]
    fn a_class_is_an_endpoint_by_what_it_is_below_or_by_its_methods() {
        let names = |text| classes(text).map(|found| found.into_iter().map(|class| class.name).collect::<Vec<_>>());
        let text = "class A(base.Endpoint):\n  def get(self): ...\nclass B(C):\n  def get_single(self): ...\n";
        assert_eq!(names(text), Some(vec!["A".to_owned(), "B".to_owned()]));
        assert_eq!(names("class A(B):\n  def get(self): ...\n"), Some(Vec::new()));
        assert_eq!(names("class A(\n"), None);
    }

    #[test]
    fn a_path_that_is_computed_is_not_known() {
        for call in ["NAME", "f\"{a}\"", "", "\"x\", prefix=P"] {
            let text = format!("class A(Endpoint):\n  def __init__(self):\n    super().__init__({call})\n");
            assert_eq!(classes(&text).expect("Python")[0].resource, None, "{call}");
        }
    }
}

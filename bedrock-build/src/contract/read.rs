//! Reads a contract from JSON Schema: the document, its two roots, and the problems with their places.
//!
//! `read_type` reads types, `read_object` objects and unions, `scope` joins the types of both roots.

use std::collections::{BTreeMap, BTreeSet};

use super::json::{self, Node, Value};
use super::model::{Contract, Definition, Type};
use super::names::{EVENT, RESPONSE};
use super::schema_kind::is_named;
use super::scope;
use crate::problem::Problem;

/// The value of `x-contract`.
pub(super) const VERSION: &str = "1";

/// Where a schema comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// A `contract.json` with this path, in which every keyword must have a meaning.
    File(&'a str),
    /// What a schema library writes for the types of the code in the file with this path. Its annotations, defaults and
    /// checks of values are left out.
    Code(&'a str),
}

/// Reads a contract. Returns all problems at once.
///
/// Different spellings of the same type are the same contract: `["string", "null"]` and `anyOf` with `null`, types
/// that are written inline and in `$defs`.
pub fn read(text: &str, source: &Source<'_>) -> Result<Contract, Vec<Problem>> {
    let document = json::parse(text).map_err(|error| {
        let place = match source {
            Source::File(path) => format!("{path}:{}", error.line),
            Source::Code(path) => (*path).to_owned(),
        };
        vec![Problem::new(format!("{place}: not JSON: {}", error.message))]
    })?;
    let mut problems = Vec::new();
    let mut event = Reader::new(source, &document, EVENT);
    if matches!(source, Source::File(_)) {
        event.check_document();
    }
    let roots = document.get("properties").unwrap_or(&document);
    let event_type = event.read_root(roots.get("event"));
    problems.append(&mut event.problems);
    let mut response = Reader::new(source, &document, RESPONSE);
    let response_type = response.read_root(roots.get("response"));
    for problem in std::mem::take(&mut response.problems) {
        // A type that both roots use is read twice.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    let event = scope::RootTypes { root: event_type, definitions: event.definitions };
    let response = scope::RootTypes { root: response_type, definitions: response.definitions };
    match scope::join(event, response) {
        Ok(contract) if problems.is_empty() => Ok(contract),
        Ok(_) => Err(problems),
        Err(message) => {
            problems.push(Problem::new(format!("{}: {message}", source.path())));
            Err(problems)
        }
    }
}

impl Source<'_> {
    fn path(&self) -> &str {
        match self {
            Self::File(path) | Self::Code(path) => path,
        }
    }
}

/// Reads one root and the types that it uses.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
    document: &'a Node,
    /// The schema of the root, which may have `$defs` of its own.
    root: Option<&'a Node>,
    root_name: &'static str,
    pub(super) definitions: BTreeMap<String, Definition>,
    /// Names of references that were met, and their schemas that are not read yet.
    met: BTreeSet<String>,
    open: Vec<OpenReference<'a>>,
    /// References to types that are not objects, which are being read.
    pub(super) aliases: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

struct OpenReference<'a> {
    name: String,
    node: &'a Node,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source<'a>, document: &'a Node, root_name: &'static str) -> Self {
        Self {
            source,
            document,
            root: None,
            root_name,
            definitions: BTreeMap::new(),
            met: BTreeSet::new(),
            open: Vec::new(),
            aliases: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn read_root(&mut self, root: Option<&'a Node>) -> Type {
        let Some(root) = root else { return Type::Any };
        self.root = Some(root);
        let path = self.root_name.to_lowercase();
        let ty = self.read_type(root, &path, self.root_name);
        while let Some(OpenReference { name, node }) = self.open.pop() {
            let ty = self.read_type(node, &name.clone(), &name);
            if ty != Type::Reference(name.clone()) {
                self.problem(node, &name, "a type that refers to itself must be an object", None);
            }
        }
        ty
    }

    /// Returns the schema in `$defs`: of the root if it has one with that name, otherwise of the document.
    pub(super) fn find_definition(&self, name: &str) -> Option<&'a Node> {
        let of = |node: &'a Node| node.get("$defs").or_else(|| node.get("definitions")).and_then(|defs| defs.get(name));
        self.root.and_then(of).or_else(|| of(self.document))
    }

    /// Returns the name of the root if it is an object, an enum or a union, to which `#` refers.
    pub(super) fn named_root(&self) -> Option<&'static str> {
        let is_code = matches!(self.source, Source::Code(_));
        self.root.filter(|root| is_code && is_named(root)).map(|_| self.root_name)
    }

    /// Notes that the named type must be read, unless it was.
    pub(super) fn meet(&mut self, name: &str, node: &'a Node) {
        if self.met.insert(name.to_owned()) {
            self.open.push(OpenReference { name: name.to_owned(), node });
        }
    }

    /// Adds a named type, and returns the reference to it.
    pub(super) fn define(&mut self, node: &Node, path: &str, name: &str, definition: Definition) -> Type {
        match self.definitions.get(name) {
            Some(known) if *known != definition => {
                let message = format!("two different types are called `{name}`");
                self.problem(node, path, &message, Some("write one of them in `$defs` with a name of its own"));
            }
            _ => {
                self.definitions.insert(name.to_owned(), definition);
            }
        }
        Type::Reference(name.to_owned())
    }

    /// Adds a problem at a schema.
    pub(super) fn problem(&mut self, node: &Node, path: &str, message: &str, help: Option<&str>) {
        let place = match self.source {
            Source::File(file) => format!("{file}:{}", node.line),
            Source::Code(file) => (*file).to_owned(),
        };
        let problem = Problem::new(format!("{place}: `{}`: {message}", path.escape_debug()));
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    /// Checks what a file has in addition to its types.
    fn check_document(&mut self) {
        let document = self.document;
        if !matches!(document.value, Value::Object(_)) {
            let message = format!("a contract is an object, not {}", document.value.kind());
            self.problem(document, "$", &message, None);
            return;
        }
        let known = ["$defs", "$schema", "properties", "required", "type", "x-contract", "$comment"];
        for member in document.members().iter().filter(|member| !known.contains(&member.name.as_str())) {
            let message = format!("unknown key `{}`", member.name.escape_debug());
            let help = "the types are in `properties.event`, `properties.response` and `$defs`";
            self.problem(&member.node, "$", &message, Some(help));
        }
        match document.get("x-contract").map(|node| (node, &node.value)) {
            Some((_, Value::Number(version))) if version == VERSION => {}
            Some((node, _)) => {
                self.problem(node, "x-contract", "the file has a newer format", Some("update `cargo bedrock`"));
            }
            None => {
                let help = format!("write `\"x-contract\": {VERSION}` into it");
                self.problem(document, "$", "the key `x-contract` is missing", Some(&help));
            }
        }
        let Some(roots) = document.get("properties") else {
            let help = "write `\"properties\": { \"event\": {…}, \"response\": {…} }`";
            self.problem(document, "$", "the key `properties` is missing", Some(help));
            return;
        };
        for member in roots.members().iter().filter(|member| !["event", "response"].contains(&member.name.as_str())) {
            let message = format!("unknown root `{}`", member.name.escape_debug());
            self.problem(&member.node, "properties", &message, Some("the roots are `event` and `response`"));
        }
    }
}

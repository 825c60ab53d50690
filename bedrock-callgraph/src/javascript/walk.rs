//! The walk over a JavaScript syntax tree: which names are bound where, and which are used. Names that are bound by
//! taking values apart are `pattern`'s part.

use tree_sitter::{Node, Tree};

use super::pattern::{Owner, Source};
use super::{JavaScript, MODULE, quoted};
use crate::syntax::{Base, Binding, Grammar, Kind, ROOT, Reading, Role, ScopeId, children, field, text_of};

/// Everything that matters in the tree.
pub(super) fn read<'t>(tree: &'t Tree, text: &'t str, grammar: &JavaScript<'_>) -> Reading<'t> {
    let mut walk = Walk { text, grammar, reading: Reading::new(text), todo: vec![(tree.root_node(), ROOT)] };
    while let Some((node, scope)) = walk.todo.pop() {
        walk.visit(node, scope);
    }
    walk.reading
}

/// A list of things to do instead of recursion: machine-made files nest deeper than a stack is.
pub(super) struct Walk<'t, 'g> {
    pub(super) text: &'t str,
    pub(super) grammar: &'g JavaScript<'g>,
    pub(super) reading: Reading<'t>,
    /// The last is the next.
    todo: Vec<(Node<'t>, ScopeId)>,
}

impl<'t> Walk<'t, '_> {
    fn visit(&mut self, node: Node<'t>, scope: ScopeId) {
        match node.kind() {
            "call_expression" => self.call(node, scope),
            kind if is_chain(kind) => self.value(node, scope, Role::Passed),
            "expression_statement" => self.statement(node, scope),
            "import_statement" => self.import(node, scope),
            "export_statement" => self.export(node, scope),
            "variable_declaration" | "lexical_declaration" | "using_declaration" => self.declaration(node, scope),
            "function_declaration" | "generator_function_declaration" => {
                self.own_name(node, scope);
                self.function(node, scope);
            }
            "function_expression" | "generator_function" | "arrow_function" | "method_definition" => {
                self.function(node, scope);
            }
            "class_declaration" | "class" => {
                let inside = self.reading.open(scope, Kind::Block);
                self.own_name(node, if node.kind() == "class" { inside } else { scope });
                let name = field(node, "name");
                self.later(inside, children(node).into_iter().filter(|child| Some(*child) != name));
            }
            "class_static_block" => {
                let inside = self.reading.open(scope, Kind::Function);
                self.later(inside, children(node));
            }
            "statement_block" | "switch_body" | "for_statement" => {
                let inside = self.reading.open(scope, Kind::Block);
                self.later(inside, children(node));
            }
            "for_in_statement" => self.for_in(node, scope),
            "catch_clause" => {
                let inside = self.reading.open(scope, Kind::Block);
                let parameter = field(node, "parameter");
                if let Some(name) = parameter {
                    self.pattern(name, Owner::Is(inside), Source::unknown(), inside);
                }
                self.later(inside, field(node, "body"));
            }
            "assignment_expression" => self.assignment(node, scope),
            "augmented_assignment_expression" | "update_expression" => {
                let target = field(node, "left").or_else(|| field(node, "argument"));
                if let Some(name) = target {
                    self.pattern(name, Owner::Above(scope), Source::unknown(), scope);
                }
                self.later(scope, field(node, "right"));
            }
            _ => self.later(scope, children(node)),
        }
    }

    pub(super) fn later(&mut self, scope: ScopeId, nodes: impl IntoIterator<Item = Node<'t>>) {
        let nodes: Vec<_> = nodes.into_iter().collect();
        self.todo.extend(nodes.into_iter().rev().map(|node| (node, scope)));
    }

    pub(super) fn name(&self, node: Node<'t>) -> &'t str {
        text_of(node, self.text)
    }

    /// An expression of which the outermost chain is known to be used in this way.
    fn value(&mut self, node: Node<'t>, scope: ScopeId, role: Role<'t>) {
        match self.grammar.chain(node, self.text) {
            Some(chain) => self.reading.note(node, chain, scope, role),
            None if is_chain(node.kind()) => self.later(scope, children(node)),
            None => self.later(scope, [node]),
        }
    }

    fn call(&mut self, node: Node<'t>, scope: ScopeId) {
        if let Some(chain) = self.grammar.chain(node, self.text) {
            self.reading.note(node, chain, scope, Role::Passed);
            return;
        }
        self.later(scope, field(node, "arguments"));
        if let Some(function) = field(node, "function") {
            self.value(function, scope, Role::Called(node));
        }
    }

    /// `require('./worker');` alone does nothing with what it loads.
    fn statement(&mut self, node: Node<'t>, scope: ScopeId) {
        let is_load = |node: &Node<'t>| {
            let chain = self.grammar.chain(*node, self.text);
            chain.is_some_and(|chain| matches!(chain.base, Base::Bedrock(_)) && chain.names.is_empty())
        };
        let others: Vec<_> = children(node).into_iter().filter(|child| !is_load(child)).collect();
        self.later(scope, others);
    }

    fn import(&mut self, node: Node<'t>, scope: ScopeId) {
        let is_bedrock = self.is_source_bedrock(node);
        let of = |path| if is_bedrock { Binding::Bedrock(path) } else { Binding::Other };
        let clause = children(node).into_iter().find(|child| child.kind() == "import_clause");
        for part in clause.map(children).unwrap_or_default() {
            match part.kind() {
                "identifier" => self.reading.bind(scope, self.name(part), of(MODULE)),
                "namespace_import" => {
                    for name in children(part) {
                        self.reading.bind(scope, self.name(name), of(MODULE));
                    }
                }
                _ => {
                    for specifier in children(part) {
                        let name = field(specifier, "name");
                        let Some(alias) = field(specifier, "alias").or(name) else { continue };
                        let binding = match name.map(|name| quoted(name, self.text).unwrap_or(self.name(name))) {
                            // `default` is no name of the grammar's.
                            None | Some("default") => of(MODULE),
                            Some("invoke") => of(&[]),
                            Some(_) => Binding::Other,
                        };
                        self.reading.bind(scope, self.name(alias), binding);
                    }
                }
            }
        }
    }

    fn export(&mut self, node: Node<'t>, scope: ScopeId) {
        let clause = children(node).into_iter().find(|child| child.kind() == "export_clause");
        let specifiers = clause.map(children).unwrap_or_default();
        if field(node, "source").is_none() {
            for specifier in specifiers {
                if let Some(name) = field(specifier, "name") {
                    self.value(name, scope, Role::Passed);
                }
            }
            self.later(scope, children(node).into_iter().filter(|child| Some(*child) != clause));
        } else if self.is_source_bedrock(node) {
            let mut names = specifiers.iter().filter_map(|specifier| field(*specifier, "name"));
            // Without a clause it is `*`.
            if clause.is_none() || names.any(|name| self.name(name) == "invoke") {
                self.reading.note_passed(node.start_position().row + 1);
            }
        }
    }

    fn is_source_bedrock(&self, node: Node<'t>) -> bool {
        let source = field(node, "source").and_then(|source| quoted(source, self.text));
        source.is_some_and(|source| self.grammar.is_bedrock(source))
    }

    fn declaration(&mut self, node: Node<'t>, scope: ScopeId) {
        let owner = if node.kind() == "variable_declaration" { self.reading.function(scope) } else { scope };
        for declarator in children(node) {
            let Some(name) = field(declarator, "name") else { continue };
            match field(declarator, "value") {
                Some(value) => self.give(name, Owner::Is(owner), value, scope),
                None if name.kind() == "identifier" => self.reading.declare(owner, self.name(name)),
                None => self.pattern(name, Owner::Is(owner), Source::unknown(), scope),
            }
        }
    }

    fn assignment(&mut self, node: Node<'t>, scope: ScopeId) {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else { return };
        self.give(left, Owner::Above(scope), right, scope);
    }

    /// The names on the left stand for what is on the right.
    fn give(&mut self, left: Node<'t>, owner: Owner, right: Node<'t>, scope: ScopeId) {
        self.pattern(left, owner, Source::value(right, scope), scope);
        let is_followed = matches!(left.kind(), "identifier" | "object_pattern");
        self.value(right, scope, if is_followed { Role::Followed } else { Role::Passed });
    }

    fn for_in(&mut self, node: Node<'t>, scope: ScopeId) {
        let inside = self.reading.open(scope, Kind::Block);
        let owner = match field(node, "kind").map(|kind| kind.kind()) {
            None => Owner::Above(scope),
            Some("var") => Owner::Is(self.reading.function(scope)),
            Some(_) => Owner::Is(inside),
        };
        if let Some(left) = field(node, "left") {
            self.pattern(left, owner, Source::unknown(), inside);
        }
        self.later(inside, ["right", "body"].into_iter().filter_map(|name| field(node, name)));
    }

    fn own_name(&mut self, node: Node<'t>, scope: ScopeId) {
        if let Some(name) = field(node, "name") {
            self.reading.bind(scope, self.name(name), Binding::Other);
        }
    }

    fn function(&mut self, node: Node<'t>, scope: ScopeId) {
        let inside = self.reading.open(scope, Kind::Function);
        match field(node, "name") {
            Some(name) if name.kind() == "identifier" => self.own_name(node, inside),
            // `[name]() {}`
            Some(name) => self.later(scope, [name]),
            None => {}
        }
        self.later(inside, field(node, "body"));
        let parameters = field(node, "parameters").map(children).unwrap_or_default();
        for parameter in parameters.into_iter().chain(field(node, "parameter")) {
            self.pattern(parameter, Owner::Is(inside), Source::unknown(), inside);
        }
    }
}

/// Nodes that are a part of a chain, if they are one.
fn is_chain(kind: &str) -> bool {
    matches!(
        kind,
        "identifier"
            | "shorthand_property_identifier"
            | "member_expression"
            | "subscript_expression"
            | "parenthesized_expression"
            | "await_expression"
    )
}

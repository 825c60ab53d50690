//! Traverses a Python syntax tree and collects where names are bound and used.

use tree_sitter::{Node, Tree};

use super::grammar::{INVOKE, chain};
use crate::name_resolution::{Binding, ROOT, Resolver, ScopeId, ScopeKind, Usage, children, field, text_of};

/// Collects the bindings and references in the tree.
pub(super) fn read<'t>(tree: &'t Tree, text: &'t str) -> Resolver<'t> {
    let mut walk = TreeWalk { text, resolver: Resolver::new(text), pending: vec![(tree.root_node(), ROOT)] };
    while let Some((node, scope)) = walk.pending.pop() {
        walk.visit(node, scope);
    }
    walk.resolver
}

/// Uses a list of pending nodes instead of recursion: generated files can be nested deeper than the stack allows.
struct TreeWalk<'t> {
    text: &'t str,
    resolver: Resolver<'t>,
    /// The last node is visited next.
    pending: Vec<(Node<'t>, ScopeId)>,
}

impl<'t> TreeWalk<'t> {
    fn visit(&mut self, node: Node<'t>, scope: ScopeId) {
        match node.kind() {
            "identifier" | "attribute" => self.value(node, scope, Usage::Passed),
            "call" => self.call(node, scope),
            "import_statement" => self.import(node, scope),
            "import_from_statement" => self.import_from(node, scope),
            "function_definition" => self.function(node, scope),
            "class_definition" => self.class(node, scope),
            "lambda" => self.lambda(node, scope),
            "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
                let inside = self.resolver.open(scope, ScopeKind::Block);
                self.push(inside, children(node));
            }
            "assignment" => self.assignment(node, scope),
            "named_expression" => {
                // It binds the name outside of the comprehension that contains it.
                let body = self.resolver.body(scope);
                let (Some(name), Some(value)) = (field(node, "name"), field(node, "value")) else { return };
                self.bind_value(body, name, value, scope);
                self.visit_value(value, scope);
            }
            "for_statement" | "for_in_clause" | "augmented_assignment" | "type_alias_statement" => {
                let left = field(node, "left");
                if let Some(left) = left {
                    self.targets(left, scope);
                }
                self.push(scope, children(node).into_iter().filter(|child| Some(*child) != left));
            }
            "as_pattern" => self.alias(node, scope),
            "case_pattern" | "keyword_pattern" => self.pattern(node, scope),
            "splat_pattern" | "delete_statement" => self.targets(node, scope),
            "global_statement" | "nonlocal_statement" => self.redirected(node, scope),
            "keyword_argument" => self.push(scope, field(node, "value")),
            // Its names are not expressions.
            "dotted_name" => {}
            _ => self.push(scope, children(node)),
        }
    }

    fn push(&mut self, scope: ScopeId, nodes: impl IntoIterator<Item = Node<'t>>) {
        let nodes: Vec<_> = nodes.into_iter().collect();
        self.pending.extend(nodes.into_iter().rev().map(|node| (node, scope)));
    }

    fn name(&self, node: Node<'t>) -> &'t str {
        text_of(node, self.text)
    }

    /// Visits an expression whose outermost chain is used as `usage`.
    fn value(&mut self, node: Node<'t>, scope: ScopeId, usage: Usage<'t>) {
        match chain(node, self.text) {
            Some(chain) => self.resolver.add_reference(node, chain, scope, usage),
            None if node.kind() == "attribute" => self.push(scope, field(node, "object")),
            None => self.push(scope, [node]),
        }
    }

    /// Visits the right-hand side of an assignment to a name.
    fn visit_value(&mut self, value: Node<'t>, scope: ScopeId) {
        self.value(value, scope, Usage::Followed);
    }

    fn call(&mut self, node: Node<'t>, scope: ScopeId) {
        self.push(scope, field(node, "arguments"));
        if let Some(function) = field(node, "function") {
            self.value(function, scope, Usage::CallTargets(node));
        }
    }

    fn assignment(&mut self, node: Node<'t>, scope: ScopeId) {
        self.push(scope, field(node, "type"));
        let Some(left) = field(node, "left") else { return };
        let Some(right) = field(node, "right") else {
            // `name: str` without a value.
            if left.kind() == "identifier" {
                self.resolver.declare(scope, self.name(left));
            }
            return;
        };
        if left.kind() == "identifier" {
            self.bind_value(scope, left, right, scope);
            self.visit_value(right, scope);
        } else {
            self.targets(left, scope);
            self.push(scope, [right]);
        }
    }

    fn bind_value(&mut self, scope: ScopeId, name: Node<'t>, node: Node<'t>, seen_from: ScopeId) {
        self.resolver.bind(scope, self.name(name), Binding::Value { node, scope: seen_from, picks: Vec::new() });
    }

    /// Binds names to an unknown value, also in tuples, lists and starred expressions.
    fn targets(&mut self, node: Node<'t>, scope: ScopeId) {
        self.bind_all(node, scope, &Binding::Other);
    }

    fn bind_all(&mut self, node: Node<'t>, scope: ScopeId, binding: &Binding<'t>) {
        let mut nodes = vec![node];
        while let Some(node) = nodes.pop() {
            match node.kind() {
                "identifier" => self.resolver.bind(scope, self.name(node), binding.clone()),
                "attribute" | "subscript" => self.push(scope, [node]),
                _ => nodes.extend(children(node)),
            }
        }
    }

    /// Visits `value as name`, in `with`, `except` and `case`.
    fn alias(&mut self, node: Node<'t>, scope: ScopeId) {
        let mut parts = children(node);
        if let Some(name) = field(node, "alias").or_else(|| parts.last().copied()) {
            parts.retain(|part| *part != name);
            self.targets(name, scope);
        }
        self.push(scope, parts);
    }

    /// Visits a pattern of `case`: a single name is bound, a name with a dot is compared.
    fn pattern(&mut self, node: Node<'t>, scope: ScopeId) {
        for part in children(node) {
            match part.kind() {
                "dotted_name" if part.named_child_count() == 1 => self.targets(part, scope),
                // The name of a keyword.
                "identifier" => {}
                _ => self.push(scope, [part]),
            }
        }
    }

    fn redirected(&mut self, node: Node<'t>, scope: ScopeId) {
        let body = self.resolver.body(scope);
        let to = if node.kind() == "global_statement" { ROOT } else { self.resolver.parent(body) };
        for name in children(node) {
            self.resolver.redirect(body, self.name(name), to);
        }
    }

    fn function(&mut self, node: Node<'t>, scope: ScopeId) {
        self.bind_own_name(node, scope);
        let inside = self.resolver.open(scope, ScopeKind::Function);
        self.parameters(node, scope, inside);
        self.push(scope, field(node, "return_type"));
        self.push(inside, field(node, "body"));
    }

    fn lambda(&mut self, node: Node<'t>, scope: ScopeId) {
        let inside = self.resolver.open(scope, ScopeKind::Function);
        self.parameters(node, scope, inside);
        self.push(inside, field(node, "body"));
    }

    fn class(&mut self, node: Node<'t>, scope: ScopeId) {
        self.bind_own_name(node, scope);
        let inside = self.resolver.open(scope, ScopeKind::Class);
        self.push(inside, field(node, "body"));
        self.push(scope, field(node, "superclasses"));
    }

    fn bind_own_name(&mut self, node: Node<'t>, scope: ScopeId) {
        if let Some(name) = field(node, "name") {
            self.resolver.bind(scope, self.name(name), Binding::Other);
        }
    }

    /// Visits parameters: their names belong to the function, their defaults and types to the surrounding scope.
    fn parameters(&mut self, function: Node<'t>, scope: ScopeId, inside: ScopeId) {
        for parameter in field(function, "parameters").map(children).unwrap_or_default() {
            self.push(scope, ["type", "value"].into_iter().filter_map(|name| field(parameter, name)));
            match (parameter.kind(), field(parameter, "name")) {
                (_, Some(name)) => self.bind_all(name, inside, &Binding::Parameter),
                // `a: int` has no field for its name.
                ("typed_parameter", None) => {
                    for name in children(parameter).into_iter().take(1) {
                        self.bind_all(name, inside, &Binding::Parameter);
                    }
                }
                (_, None) => self.bind_all(parameter, inside, &Binding::Parameter),
            }
        }
    }

    fn import(&mut self, node: Node<'t>, scope: ScopeId) {
        for imported in children(node) {
            match (field(imported, "name"), field(imported, "alias")) {
                (Some(module), Some(alias)) => {
                    let binding = binding_of(&self.parts(module));
                    self.resolver.bind(scope, self.name(alias), binding);
                }
                // `import a.b` binds `a`.
                _ => {
                    if let Some(first) = self.parts(imported).first().copied() {
                        let binding = binding_of(&[first]);
                        self.resolver.bind(scope, first, binding);
                    }
                }
            }
        }
    }

    fn import_from(&mut self, node: Node<'t>, scope: ScopeId) {
        let Some(module) = field(node, "module_name") else { return };
        // Relative imports never refer to bedrock.
        let module = if module.kind() == "dotted_name" { self.parts(module) } else { vec!["."] };
        for name in node.children_by_field_name("name", &mut node.walk()) {
            let (name, alias) = match (field(name, "name"), field(name, "alias")) {
                (Some(name), Some(alias)) => (self.name(name), self.name(alias)),
                _ => (self.name(name), self.name(name)),
            };
            let binding = binding_of(&[&module[..], &[name]].concat());
            self.resolver.bind(scope, alias, binding);
        }
        let is_wildcard = children(node).last().is_some_and(|last| last.kind() == "wildcard_import");
        if let (true, [all @ .., last]) = (is_wildcard, INVOKE)
            && module == all
        {
            self.resolver.bind(scope, last, Binding::Bedrock(&[]));
        }
    }

    fn parts(&self, dotted_name: Node<'t>) -> Vec<&'t str> {
        children(dotted_name).into_iter().map(|part| self.name(part)).collect()
    }
}

/// Returns the binding of an import path.
fn binding_of<'t>(path: &[&str]) -> Binding<'t> {
    let is_on_the_way = INVOKE.get(..path.len()).is_some_and(|begin| begin == path);
    if is_on_the_way { Binding::Bedrock(&INVOKE[path.len()..]) } else { Binding::Other }
}

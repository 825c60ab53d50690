//! Traverses a JavaScript or TypeScript syntax tree and collects where names are bound and used, including
//! destructuring: `{ invoke: call, ...rest }`, `[a, b = 1]`. Types are left out.

use tree_sitter::{Node, Tree};

use super::grammar::{JavaScript, MODULE, is_typed, quoted, without_type};
use crate::name_resolution::{
    Binding, ChainBase, Grammar, ROOT, Resolver, ScopeId, ScopeKind, Usage, children, field, text_of,
};

/// Collects the bindings and references in the tree.
pub(super) fn read<'t>(tree: &'t Tree, text: &'t str, grammar: &JavaScript<'_>) -> Resolver<'t> {
    let mut walk = TreeWalk { text, grammar, resolver: Resolver::new(text), pending: vec![(tree.root_node(), ROOT)] };
    while let Some((node, scope)) = walk.pending.pop() {
        walk.visit(node, scope);
    }
    walk.resolver
}

/// Uses a list of pending nodes instead of recursion: generated files can be nested deeper than the stack allows.
pub(super) struct TreeWalk<'t, 'g> {
    pub(super) text: &'t str,
    pub(super) grammar: &'g JavaScript<'g>,
    pub(super) resolver: Resolver<'t>,
    /// The last node is visited next.
    pending: Vec<(Node<'t>, ScopeId)>,
}

impl<'t> TreeWalk<'t, '_> {
    fn visit(&mut self, node: Node<'t>, scope: ScopeId) {
        match node.kind() {
            "call_expression" => self.call(node, scope),
            kind if is_chain(kind) => self.value(node, scope, Usage::Passed),
            "expression_statement" => self.statement(node, scope),
            "import_statement" => self.import(node, scope),
            "export_statement" => self.export(node, scope),
            "variable_declaration" | "lexical_declaration" | "using_declaration" => self.declaration(node, scope),
            "function_declaration" | "generator_function_declaration" => {
                self.bind_own_name(node, scope);
                self.function(node, scope);
            }
            "function_expression" | "generator_function" | "arrow_function" | "method_definition" => {
                self.function(node, scope);
            }
            kind if is_type(kind) => {}
            "enum_declaration" => {
                self.bind_own_name(node, scope);
                self.push(scope, field(node, "body"));
            }
            "class_declaration" | "abstract_class_declaration" | "class" => {
                let inside = self.resolver.open(scope, ScopeKind::Block);
                self.bind_own_name(node, if node.kind() == "class" { inside } else { scope });
                let name = field(node, "name");
                self.push(inside, children(node).into_iter().filter(|child| Some(*child) != name));
            }
            "class_static_block" => {
                let inside = self.resolver.open(scope, ScopeKind::Function);
                self.push(inside, children(node));
            }
            "statement_block" | "switch_body" | "for_statement" => {
                let inside = self.resolver.open(scope, ScopeKind::Block);
                self.push(inside, children(node));
            }
            "for_in_statement" => self.for_in(node, scope),
            "catch_clause" => {
                let inside = self.resolver.open(scope, ScopeKind::Block);
                let parameter = field(node, "parameter");
                if let Some(name) = parameter {
                    self.pattern(name, BindingScope::Is(inside), Source::Unknown, inside);
                }
                self.push(inside, field(node, "body"));
            }
            "assignment_expression" => self.assignment(node, scope),
            "augmented_assignment_expression" | "update_expression" => {
                let target = field(node, "left").or_else(|| field(node, "argument"));
                if let Some(name) = target {
                    self.pattern(name, BindingScope::Above(scope), Source::Unknown, scope);
                }
                self.push(scope, field(node, "right"));
            }
            _ => self.push(scope, children(node)),
        }
    }

    pub(super) fn push(&mut self, scope: ScopeId, nodes: impl IntoIterator<Item = Node<'t>>) {
        let nodes: Vec<_> = nodes.into_iter().collect();
        self.pending.extend(nodes.into_iter().rev().map(|node| (node, scope)));
    }

    pub(super) fn name(&self, node: Node<'t>) -> &'t str {
        text_of(node, self.text)
    }

    /// Visits an expression whose outermost chain is used as `usage`.
    fn value(&mut self, node: Node<'t>, scope: ScopeId, usage: Usage<'t>) {
        match self.grammar.chain(node, self.text) {
            Some(chain) => self.resolver.add_reference(node, chain, scope, usage),
            None if is_typed(node.kind()) => self.push(scope, without_type(node)),
            None if is_chain(node.kind()) => self.push(scope, children(node)),
            None => self.push(scope, [node]),
        }
    }

    fn call(&mut self, node: Node<'t>, scope: ScopeId) {
        if let Some(chain) = self.grammar.chain(node, self.text) {
            self.resolver.add_reference(node, chain, scope, Usage::Passed);
            return;
        }
        self.push(scope, field(node, "arguments"));
        if let Some(function) = field(node, "function") {
            self.value(function, scope, Usage::CallTargets(node));
        }
    }

    /// Visits a statement. A bare `require('./worker');` does not use the module.
    fn statement(&mut self, node: Node<'t>, scope: ScopeId) {
        let is_load = |node: &Node<'t>| {
            let chain = self.grammar.chain(*node, self.text);
            chain.is_some_and(|chain| matches!(chain.base, ChainBase::Bedrock(_)) && chain.names.is_empty())
        };
        let others: Vec<_> = children(node).into_iter().filter(|child| !is_load(child)).collect();
        self.push(scope, others);
    }

    fn import(&mut self, node: Node<'t>, scope: ScopeId) {
        // `import worker = require('./worker')`
        if let Some(clause) = children(node).into_iter().find(|child| child.kind() == "import_require_clause") {
            let binding = if self.is_source_bedrock(clause) { Binding::Bedrock(MODULE) } else { Binding::Other };
            for name in children(clause).into_iter().filter(|child| child.kind() == "identifier") {
                self.resolver.bind(scope, self.name(name), binding.clone());
            }
            return;
        }
        let is_bedrock = self.is_source_bedrock(node);
        let of = |path| if is_bedrock { Binding::Bedrock(path) } else { Binding::Other };
        let clause = children(node).into_iter().find(|child| child.kind() == "import_clause");
        for part in clause.map(children).unwrap_or_default() {
            match part.kind() {
                "identifier" => self.resolver.bind(scope, self.name(part), of(MODULE)),
                "namespace_import" => {
                    for name in children(part) {
                        self.resolver.bind(scope, self.name(name), of(MODULE));
                    }
                }
                _ => {
                    for specifier in children(part) {
                        let name = field(specifier, "name");
                        let Some(alias) = field(specifier, "alias").or(name) else { continue };
                        let binding = match name.map(|name| quoted(name, self.text).unwrap_or(self.name(name))) {
                            // The grammar does not treat `default` as a name.
                            None | Some("default") => of(MODULE),
                            Some("invoke") => of(&[]),
                            Some(_) => Binding::Other,
                        };
                        self.resolver.bind(scope, self.name(alias), binding);
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
                    self.value(name, scope, Usage::Passed);
                }
            }
            self.push(scope, children(node).into_iter().filter(|child| Some(*child) != clause));
        } else if self.is_source_bedrock(node) {
            let mut names = specifiers.iter().filter_map(|specifier| field(*specifier, "name"));
            // An export without a clause is `export *`.
            if clause.is_none() || names.any(|name| self.name(name) == "invoke") {
                self.resolver.add_passed(node.start_position().row + 1);
            }
        }
    }

    fn is_source_bedrock(&self, node: Node<'t>) -> bool {
        let source = field(node, "source").and_then(|source| quoted(source, self.text));
        source.is_some_and(|source| self.grammar.is_bedrock(source))
    }

    fn declaration(&mut self, node: Node<'t>, scope: ScopeId) {
        let owner = if node.kind() == "variable_declaration" { self.resolver.function(scope) } else { scope };
        for declarator in children(node) {
            let Some(name) = field(declarator, "name") else { continue };
            match field(declarator, "value") {
                Some(value) => self.bind_value(name, BindingScope::Is(owner), value, scope),
                None if name.kind() == "identifier" => self.resolver.declare(owner, self.name(name)),
                None => self.pattern(name, BindingScope::Is(owner), Source::Unknown, scope),
            }
        }
    }

    fn assignment(&mut self, node: Node<'t>, scope: ScopeId) {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else { return };
        self.bind_value(left, BindingScope::Above(scope), right, scope);
    }

    /// Binds the names on the left to the value on the right.
    fn bind_value(&mut self, left: Node<'t>, owner: BindingScope, right: Node<'t>, scope: ScopeId) {
        self.pattern(left, owner, Source::value(right, scope), scope);
        let is_followed = matches!(left.kind(), "identifier" | "object_pattern");
        self.value(right, scope, if is_followed { Usage::Followed } else { Usage::Passed });
    }

    fn for_in(&mut self, node: Node<'t>, scope: ScopeId) {
        let inside = self.resolver.open(scope, ScopeKind::Block);
        let owner = match field(node, "kind").map(|kind| kind.kind()) {
            None => BindingScope::Above(scope),
            Some("var") => BindingScope::Is(self.resolver.function(scope)),
            Some(_) => BindingScope::Is(inside),
        };
        if let Some(left) = field(node, "left") {
            self.pattern(left, owner, Source::Unknown, inside);
        }
        self.push(inside, ["right", "body"].into_iter().filter_map(|name| field(node, name)));
    }

    fn bind_own_name(&mut self, node: Node<'t>, scope: ScopeId) {
        if let Some(name) = field(node, "name") {
            self.resolver.bind(scope, self.name(name), Binding::Other);
        }
    }

    fn function(&mut self, node: Node<'t>, scope: ScopeId) {
        let inside = self.resolver.open(scope, ScopeKind::Function);
        match field(node, "name") {
            Some(name) if name.kind() == "identifier" => self.bind_own_name(node, inside),
            // `[name]() {}`
            Some(name) => self.push(scope, [name]),
            None => {}
        }
        self.push(inside, field(node, "body"));
        let parameters = field(node, "parameters").map(children).unwrap_or_default();
        for parameter in parameters.into_iter().chain(field(node, "parameter")) {
            self.pattern(parameter, BindingScope::Is(inside), Source::Parameter, inside);
        }
    }
}

/// The scope that bound names belong to.
#[derive(Debug, Clone, Copy)]
pub(super) enum BindingScope {
    /// Exactly this scope.
    Is(ScopeId),
    /// The scope that declares the name, looked up from here.
    Above(ScopeId),
}

/// The value that is destructured.
#[derive(Debug, Clone)]
pub(super) enum Source<'t> {
    /// The part of an expression that these properties lead to.
    Value {
        node: Node<'t>,
        scope: ScopeId,
        picks: Vec<&'t str>,
    },
    /// An argument of a function.
    Parameter,
    Unknown,
}

impl<'t> Source<'t> {
    pub(super) fn value(node: Node<'t>, scope: ScopeId) -> Self {
        Self::Value { node, scope, picks: Vec::new() }
    }

    fn pick(&self, name: Option<&'t str>) -> Self {
        match (self, name) {
            // The default export of a CommonJS module is the module.
            (_, Some("default")) => self.clone(),
            (Self::Value { node, scope, picks }, Some(name)) => {
                Self::Value { node: *node, scope: *scope, picks: [&picks[..], &[name]].concat() }
            }
            _ => Self::Unknown,
        }
    }

    fn binding(&self) -> Binding<'t> {
        match self {
            Self::Value { node, scope, picks } => Binding::Value { node: *node, scope: *scope, picks: picks.clone() },
            Self::Parameter => Binding::Parameter,
            Self::Unknown => Binding::Other,
        }
    }
}

impl<'t> TreeWalk<'t, '_> {
    /// Binds the names in `node`; expressions in it, like defaults, belong to `scope`.
    pub(super) fn pattern(&mut self, node: Node<'t>, owner: BindingScope, source: Source<'t>, scope: ScopeId) {
        let mut parts = vec![(node, source)];
        while let Some((part, source)) = parts.pop() {
            match part.kind() {
                "identifier" | "shorthand_property_identifier_pattern" => {
                    let name = self.name(part);
                    match owner {
                        BindingScope::Is(scope) => self.resolver.bind(scope, name, source.binding()),
                        BindingScope::Above(scope) => self.resolver.bind_deferred(scope, name, source.binding()),
                    }
                }
                "object_pattern" => {
                    parts.extend(children(part).into_iter().filter_map(|child| self.picked(child, &source)));
                }
                "array_pattern" => parts.extend(children(part).into_iter().map(|child| (child, Source::Unknown))),
                "assignment_pattern" | "object_assignment_pattern" => {
                    self.push(scope, field(part, "right"));
                    parts.extend(field(part, "left").map(|left| (left, source)));
                }
                "required_parameter" | "optional_parameter" => {
                    self.push(scope, field(part, "value"));
                    parts.extend(field(part, "pattern").map(|pattern| (pattern, source)));
                }
                "rest_pattern" => parts.extend(children(part).into_iter().map(|child| (child, Source::Unknown))),
                // `a.b = 1`
                _ => self.push(scope, [part]),
            }
        }
    }

    /// Returns a part of `{ … }` and its value.
    fn picked(&self, part: Node<'t>, source: &Source<'t>) -> Option<(Node<'t>, Source<'t>)> {
        match part.kind() {
            "pair_pattern" => {
                let key = field(part, "key")?;
                let name = match key.kind() {
                    "property_identifier" => Some(self.name(key)),
                    _ => quoted(key, self.text),
                };
                Some((field(part, "value")?, source.pick(name)))
            }
            "object_assignment_pattern" => {
                let name = field(part, "left").map(|left| self.name(left));
                Some((part, source.pick(name)))
            }
            "shorthand_property_identifier_pattern" => Some((part, source.pick(Some(self.name(part))))),
            // `...rest` contains all properties that are not named.
            "rest_pattern" => Some((children(part).first().copied()?, source.clone())),
            _ => Some((part, Source::Unknown)),
        }
    }
}

/// Returns whether nodes of this kind are types, which exist only for the compiler.
fn is_type(kind: &str) -> bool {
    matches!(
        kind,
        "type_annotation"
            | "type_arguments"
            | "type_parameters"
            | "type_predicate_annotation"
            | "asserts_annotation"
            | "type_alias_declaration"
            | "interface_declaration"
            | "ambient_declaration"
            | "function_signature"
            | "method_signature"
            | "abstract_method_signature"
            | "index_signature"
            | "implements_clause"
    )
}

/// Returns whether nodes of this kind can be part of a chain of names.
fn is_chain(kind: &str) -> bool {
    is_typed(kind)
        || matches!(
            kind,
            "identifier"
                | "shorthand_property_identifier"
                | "member_expression"
                | "subscript_expression"
                | "parenthesized_expression"
                | "await_expression"
        )
}

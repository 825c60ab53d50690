//! Which name means what, where: scopes within scopes, and what their names are bound to.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::grammar::Path;

pub type ScopeId = usize;

/// The scope of the whole file.
pub const ROOT: ScopeId = 0;

/// What makes a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Function,
    /// Its names cannot be seen from the functions in it.
    Class,
    /// A block, or the inside of a comprehension.
    Block,
}

/// One of the things that a name is made to stand for.
#[derive(Debug, Clone)]
pub enum Binding<'t> {
    /// Something of bedrock's.
    Bedrock(Path),
    /// The value of an expression, or what `picks` pick out of it.
    Value { node: Node<'t>, scope: ScopeId, picks: Vec<&'t str> },
    /// Something else, or something unknown.
    Other,
}

#[derive(Debug)]
pub(super) struct Scopes<'t>(Vec<Scope<'t>>);

#[derive(Debug)]
struct Scope<'t> {
    parent: Option<ScopeId>,
    kind: Kind,
    names: BTreeMap<&'t str, Vec<Binding<'t>>>,
    /// Names that are bound here but belong to that scope or one above it.
    elsewhere: BTreeMap<&'t str, ScopeId>,
}

impl<'t> Scopes<'t> {
    pub(super) fn new() -> Self {
        let mut scopes = Self(Vec::new());
        scopes.add(None, Kind::Function);
        scopes
    }

    pub(super) fn open(&mut self, parent: ScopeId, kind: Kind) -> ScopeId {
        self.add(Some(parent), kind)
    }

    fn add(&mut self, parent: Option<ScopeId>, kind: Kind) -> ScopeId {
        self.0.push(Scope { parent, kind, names: BTreeMap::new(), elsewhere: BTreeMap::new() });
        self.0.len() - 1
    }

    /// The nearest scope, from `scope` upwards, of that kind.
    pub(super) fn nearest(&self, scope: ScopeId, is: impl Fn(Kind) -> bool) -> ScopeId {
        self.upwards(scope).find(|at| is(self.0[*at].kind)).unwrap_or(ROOT)
    }

    pub(super) fn parent(&self, scope: ScopeId) -> ScopeId {
        self.0[scope].parent.unwrap_or(ROOT)
    }

    pub(super) fn send_elsewhere(&mut self, scope: ScopeId, name: &'t str, to: ScopeId) {
        self.0[scope].elsewhere.insert(name, to);
    }

    pub(super) fn elsewhere(&self, scope: ScopeId, name: &str) -> Option<ScopeId> {
        self.0[scope].elsewhere.get(name).copied()
    }

    /// The name belongs to this scope, whatever it will be bound to.
    pub(super) fn declare(&mut self, scope: ScopeId, name: &'t str) -> &mut Vec<Binding<'t>> {
        self.0[scope].names.entry(name).or_default()
    }

    /// The scope that `name` belongs to when it is used in `scope`.
    pub(super) fn owner(&self, scope: ScopeId, name: &str) -> Option<ScopeId> {
        let is_visible = |at: &ScopeId| *at == scope || self.0[*at].kind != Kind::Class;
        self.upwards(scope).filter(is_visible).find(|at| self.0[*at].names.contains_key(name))
    }

    /// All that `name` is bound to where it is used in `scope`.
    pub(super) fn lookup(&self, scope: ScopeId, name: &str) -> &[Binding<'t>] {
        let bindings = self.owner(scope, name).and_then(|owner| self.0[owner].names.get(name));
        bindings.map_or(&[], Vec::as_slice)
    }

    fn upwards(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(scope), |at| self.0[*at].parent)
    }
}

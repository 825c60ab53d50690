//! What a walk over a tree has noted, names bound and names used, and the calls that follow from it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use tree_sitter::Node;

use super::calls::{Calls, Named};
use super::grammar::{Base, Chain, Grammar, Path, Shape};
use super::scope::{Binding, Kind, ScopeId, Scopes};

/// How deep a name may be hidden in conditions within conditions: nobody writes more.
const DEPTH: usize = 64;

/// Filled by a language's walk, in the order of the text.
#[derive(Debug)]
pub struct Reading<'t> {
    text: &'t str,
    scopes: Scopes<'t>,
    /// Bindings of names that belong to a scope further up, to be found when all scopes are known.
    late: Vec<(ScopeId, &'t str, Binding<'t>)>,
    uses: Vec<Use<'t>>,
    passed: BTreeSet<usize>,
}

#[derive(Debug)]
struct Use<'t> {
    chain: Chain<'t>,
    scope: ScopeId,
    role: Role<'t>,
    line: usize,
}

/// What is done with a chain.
#[derive(Debug, Clone, Copy)]
pub enum Role<'t> {
    /// It is called, by this node.
    Called(Node<'t>),
    /// It is given a name, which is followed.
    Followed,
    /// Anything else.
    Passed,
}

/// Names, each with the scope it belongs to.
type Seen<'t> = BTreeSet<(ScopeId, &'t str)>;

#[derive(Default)]
struct Names<'t> {
    found: BTreeSet<String>,
    seen: Seen<'t>,
}

/// What a chain turned out to be.
enum Reach {
    /// A module on the way to `invoke`.
    Towards,
    Invoke,
    /// `invoke.something`.
    Beyond,
}

impl<'t> Reading<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, scopes: Scopes::new(), late: Vec::new(), uses: Vec::new(), passed: BTreeSet::new() }
    }

    pub fn open(&mut self, parent: ScopeId, kind: Kind) -> ScopeId {
        self.scopes.open(parent, kind)
    }

    pub fn parent(&self, scope: ScopeId) -> ScopeId {
        self.scopes.parent(scope)
    }

    /// The scope of the function, or of the file, that `scope` is a part of.
    pub fn function(&self, scope: ScopeId) -> ScopeId {
        self.scopes.nearest(scope, |kind| kind == Kind::Function)
    }

    /// The nearest scope that is no block.
    pub fn body(&self, scope: ScopeId) -> ScopeId {
        self.scopes.nearest(scope, |kind| kind != Kind::Block)
    }

    /// The name belongs to `scope` and has no value yet.
    pub fn declare(&mut self, scope: ScopeId, name: &'t str) {
        self.scopes.declare(scope, name);
    }

    /// The name is bound in `scope`, or where [`Reading::send_elsewhere`] said.
    pub fn bind(&mut self, scope: ScopeId, name: &'t str, binding: Binding<'t>) {
        match self.scopes.elsewhere(scope, name) {
            Some(to) => self.bind_later(to, name, binding),
            None => self.scopes.declare(scope, name).push(binding),
        }
    }

    /// The name is bound in the scope it belongs to, seen from `scope`.
    pub fn bind_later(&mut self, scope: ScopeId, name: &'t str, binding: Binding<'t>) {
        self.late.push((scope, name, binding));
    }

    /// From here on, binding the name in `scope` binds it in `to` or above.
    pub fn send_elsewhere(&mut self, scope: ScopeId, name: &'t str, to: ScopeId) {
        self.scopes.send_elsewhere(scope, name, to);
    }

    pub fn note(&mut self, node: Node<'t>, chain: Chain<'t>, scope: ScopeId, role: Role<'t>) {
        self.uses.push(Use { chain, scope, role, line: node.end_position().row + 1 });
    }

    /// `invoke` is handed on in this line.
    pub fn note_passed(&mut self, line: usize) {
        self.passed.insert(line);
    }

    /// The calls; syntax errors are not looked for.
    pub fn calls(mut self, grammar: &impl Grammar) -> Calls {
        for (scope, name, binding) in std::mem::take(&mut self.late) {
            let owner = self.scopes.owner(scope, name).unwrap_or(super::ROOT);
            self.scopes.declare(owner, name).push(binding);
        }
        let mut calls = Calls { computed: std::mem::take(&mut self.passed), ..Calls::default() };
        for used in &self.uses {
            match (self.reach(grammar, &used.chain, used.scope, &mut Seen::new()), used.role) {
                (None, _) | (Some(Reach::Towards), Role::Followed) => {}
                // `const send = worker.invoke` is as good as an import; `const send = invoke` is a habit of hiding calls.
                (Some(Reach::Invoke), Role::Followed) if !used.chain.names.is_empty() => {}
                (Some(Reach::Invoke), Role::Called(call)) => self.add_call(grammar, call, used, &mut calls),
                _ => {
                    calls.computed.insert(used.line);
                }
            }
        }
        calls
    }

    fn add_call(&self, grammar: &impl Grammar, call: Node<'t>, used: &Use<'t>, calls: &mut Calls) {
        let mut names = Names::default();
        let target = grammar.target(call, self.text);
        let all = target.is_some_and(|target| self.names(grammar, target, used.scope, DEPTH, &mut names));
        if !all || names.found.is_empty() {
            calls.computed.insert(used.line);
        }
        calls.named.extend(names.found.into_iter().map(|name| Named { line: used.line, name }));
    }

    /// Adds the names that an expression can be, and says whether these are all.
    fn names(
        &self,
        grammar: &impl Grammar,
        node: Node<'t>,
        scope: ScopeId,
        depth: usize,
        into: &mut Names<'t>,
    ) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match grammar.shape(node, self.text) {
            Shape::Text(name) => {
                into.found.insert(name);
                true
            }
            Shape::OneOf(nodes) => {
                // Not `all` right away, which stops at the first that is computed.
                let known: Vec<bool> =
                    nodes.into_iter().map(|node| self.names(grammar, node, scope, depth, into)).collect();
                known.into_iter().all(|is_known| is_known)
            }
            Shape::Name(name) => {
                let Some(owner) = self.scopes.owner(scope, name) else { return false };
                if !into.seen.insert((owner, name)) {
                    return true;
                }
                match self.scopes.lookup(owner, name) {
                    [Binding::Value { node, scope, picks }] if picks.is_empty() => {
                        self.names(grammar, *node, *scope, depth, into)
                    }
                    _ => false,
                }
            }
            Shape::Computed => false,
        }
    }

    /// `seen` are the names that were looked up on the way: circles end there.
    fn reach(&self, grammar: &impl Grammar, chain: &Chain<'t>, scope: ScopeId, seen: &mut Seen<'t>) -> Option<Reach> {
        let name = match chain.base {
            Base::Bedrock(path) => return follow(path, &chain.names),
            Base::Name(name) => name,
        };
        let owner = self.scopes.owner(scope, name)?;
        if !seen.insert((owner, name)) {
            return None;
        }
        // Where a name may be bedrock's or something else (an import that may fail), it is taken for bedrock's.
        self.scopes.lookup(owner, name).iter().find_map(|binding| match binding {
            Binding::Bedrock(path) => follow(path, &chain.names),
            Binding::Value { node, scope, picks } => {
                let mut value = grammar.chain(*node, self.text)?;
                value.names.extend(picks.iter().chain(&chain.names));
                self.reach(grammar, &value, *scope, seen)
            }
            Binding::Other => None,
        })
    }
}

fn follow(path: Path, names: &[&str]) -> Option<Reach> {
    let shared = path.len().min(names.len());
    if path[..shared] != names[..shared] {
        return None;
    }
    Some(match names.len().cmp(&path.len()) {
        Ordering::Less => Reach::Towards,
        Ordering::Equal => Reach::Invoke,
        Ordering::Greater => Reach::Beyond,
    })
}

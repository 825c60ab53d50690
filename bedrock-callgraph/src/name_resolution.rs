//! Calls of `invoke` in the syntax tree of one source file, for all languages: which names refer to `invoke`, and with
//! which function name it is called. A language implements [`Grammar`] and fills a [`Resolver`] while it walks the tree.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use tree_sitter::{Language, Node, Parser, Tree};

/// The calls of `invoke` in one file. Lines count from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileCalls {
    /// Calls whose name is written in the file.
    pub named: BTreeSet<NamedCall>,
    /// Lines of calls whose name is computed, and of places where `invoke` itself is handed on.
    pub computed: BTreeSet<usize>,
    /// The line where the file stops being readable in its language; calls after it may be missing.
    pub unreadable: Option<usize>,
}

/// A call of a function whose name is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedCall {
    pub line: usize,
    /// As it is written: a worker's name, a function's name or an ARN.
    pub name: String,
}

/// What is still to be named until it is `invoke`: nothing for `invoke` itself, `invoke` for the module that has it.
pub(crate) type InvokePath = &'static [&'static str];

/// `base.a.b.c`.
#[derive(Debug, Clone)]
pub(crate) struct Chain<'t> {
    pub base: ChainBase<'t>,
    pub names: Vec<&'t str>,
}

/// What a chain begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ChainBase<'t> {
    /// A name, to be looked up.
    Name(&'t str),
    /// bedrock itself, for example `require('./worker')`.
    Bedrock(InvokePath),
}

/// An expression, as far as it can be a name that is known before the program runs.
#[derive(Debug)]
pub(crate) enum NameExpression<'t> {
    Text(String),
    /// It is one of these.
    OneOf(Vec<Node<'t>>),
    /// It is what this name stands for.
    Name(&'t str),
    Computed,
}

pub(crate) trait Grammar {
    /// The chain that an expression is, if it is one.
    fn chain<'t>(&self, node: Node<'t>, text: &'t str) -> Option<Chain<'t>>;

    fn name_expression<'t>(&self, node: Node<'t>, text: &'t str) -> NameExpression<'t>;

    /// The expression that names the called function, in a call of `invoke`.
    fn target<'t>(&self, call: Node<'t>, text: &'t str) -> Option<Node<'t>>;

    /// The same in a call of the method `invoke` of a parameter, if that can be the context of a durable function: the
    /// first of these expressions that is a name, or the last one.
    fn context_targets<'t>(&self, call: Node<'t>, text: &'t str) -> Vec<Node<'t>>;
}

pub(crate) type ScopeId = usize;

/// The scope of the file.
pub(crate) const ROOT: ScopeId = 0;

/// The kind of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Function,
    /// Its names are not visible in the functions in it.
    Class,
    /// A block, or the inside of a comprehension.
    Block,
}

/// A value that a name is bound to.
#[derive(Debug, Clone)]
pub(crate) enum Binding<'t> {
    /// A module or function of bedrock.
    Bedrock(InvokePath),
    /// The value of an expression, or the property of it that `picks` lead to.
    Value { node: Node<'t>, scope: ScopeId, picks: Vec<&'t str> },
    /// The parameter of a function.
    Parameter,
    /// A different or an unknown value.
    Other,
}

#[derive(Debug)]
pub(crate) struct Scopes<'t>(Vec<Scope<'t>>);

#[derive(Debug)]
struct Scope<'t> {
    parent: Option<ScopeId>,
    kind: ScopeKind,
    names: BTreeMap<&'t str, Vec<Binding<'t>>>,
    /// Names that are bound here but belong to that scope or one of its parents.
    redirected: BTreeMap<&'t str, ScopeId>,
}

impl<'t> Scopes<'t> {
    pub(crate) fn new() -> Self {
        let mut scopes = Self(Vec::new());
        scopes.add(None, ScopeKind::Function);
        scopes
    }

    pub(crate) fn open(&mut self, parent: ScopeId, kind: ScopeKind) -> ScopeId {
        self.add(Some(parent), kind)
    }

    fn add(&mut self, parent: Option<ScopeId>, kind: ScopeKind) -> ScopeId {
        self.0.push(Scope { parent, kind, names: BTreeMap::new(), redirected: BTreeMap::new() });
        self.0.len() - 1
    }

    /// Returns the nearest scope of a kind, starting at `scope`.
    pub(crate) fn nearest(&self, scope: ScopeId, is: impl Fn(ScopeKind) -> bool) -> ScopeId {
        self.upwards(scope).find(|at| is(self.0[*at].kind)).unwrap_or(ROOT)
    }

    pub(crate) fn parent(&self, scope: ScopeId) -> ScopeId {
        self.0[scope].parent.unwrap_or(ROOT)
    }

    pub(crate) fn redirect(&mut self, scope: ScopeId, name: &'t str, to: ScopeId) {
        self.0[scope].redirected.insert(name, to);
    }

    pub(crate) fn redirected(&self, scope: ScopeId, name: &str) -> Option<ScopeId> {
        self.0[scope].redirected.get(name).copied()
    }

    /// Declares a name in the scope, and returns its bindings.
    pub(crate) fn declare(&mut self, scope: ScopeId, name: &'t str) -> &mut Vec<Binding<'t>> {
        self.0[scope].names.entry(name).or_default()
    }

    /// Returns the scope that `name` belongs to when it is used in `scope`.
    pub(crate) fn owner(&self, scope: ScopeId, name: &str) -> Option<ScopeId> {
        let is_visible = |at: &ScopeId| *at == scope || self.0[*at].kind != ScopeKind::Class;
        self.upwards(scope).filter(is_visible).find(|at| self.0[*at].names.contains_key(name))
    }

    /// Returns all bindings of `name` that are visible in `scope`.
    pub(crate) fn lookup(&self, scope: ScopeId, name: &str) -> &[Binding<'t>] {
        let bindings = self.owner(scope, name).and_then(|owner| self.0[owner].names.get(name));
        bindings.map_or(&[], Vec::as_slice)
    }

    fn upwards(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(scope), |at| self.0[*at].parent)
    }
}

/// Returns the syntax tree of `text`, which exists even for invalid code. `None` if the versions of grammar and parser do not
/// match.
pub(crate) fn parse(language: &Language, text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    parser.parse(text, None)
}

/// Returns the line of the first syntax error, starting at 1.
pub(crate) fn first_error(tree: &Tree) -> Option<usize> {
    let mut at = tree.root_node();
    while !at.is_error() && !at.is_missing() {
        // `has_error` is true for all ancestors of an error.
        at = at.children(&mut at.walk()).find(Node::has_error)?;
    }
    Some(at.start_position().row + 1)
}

pub(crate) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

pub(crate) fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// Returns the named children, without punctuation and comments.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).filter(|child| !child.is_extra()).collect()
}

/// Maximum nesting of conditions that are searched for names.
const DEPTH: usize = 64;

/// Collects the bindings and references of a file, and resolves them to calls. A language adds them in the order of the text.
#[derive(Debug)]
pub(crate) struct Resolver<'t> {
    text: &'t str,
    scopes: Scopes<'t>,
    /// Bindings of names that belong to an outer scope, which is looked up when all scopes are complete.
    deferred: Vec<(ScopeId, &'t str, Binding<'t>)>,
    uses: Vec<Reference<'t>>,
    passed: BTreeSet<usize>,
}

#[derive(Debug)]
struct Reference<'t> {
    chain: Chain<'t>,
    scope: ScopeId,
    usage: Usage<'t>,
    line: usize,
}

/// How a chain of names is used.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Usage<'t> {
    /// It is called, by this node.
    CallTargets(Node<'t>),
    /// It is assigned to a name that the resolver tracks.
    Followed,
    /// Any other use.
    Passed,
}

/// Names with the scopes that they belong to.
type VisitedNames<'t> = BTreeSet<(ScopeId, &'t str)>;

#[derive(Default)]
struct CandidateNames<'t> {
    found: BTreeSet<String>,
    seen: VisitedNames<'t>,
}

/// What a chain of names refers to.
enum Resolution {
    /// A module that contains `invoke`.
    Towards,
    Invoke,
    /// `invoke.something`.
    Beyond,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, scopes: Scopes::new(), deferred: Vec::new(), uses: Vec::new(), passed: BTreeSet::new() }
    }

    pub(crate) fn open(&mut self, parent: ScopeId, kind: ScopeKind) -> ScopeId {
        self.scopes.open(parent, kind)
    }

    pub(crate) fn parent(&self, scope: ScopeId) -> ScopeId {
        self.scopes.parent(scope)
    }

    /// Returns the scope of the function or file that contains `scope`.
    pub(crate) fn function(&self, scope: ScopeId) -> ScopeId {
        self.scopes.nearest(scope, |kind| kind == ScopeKind::Function)
    }

    /// Returns the nearest scope that is not a block.
    pub(crate) fn body(&self, scope: ScopeId) -> ScopeId {
        self.scopes.nearest(scope, |kind| kind != ScopeKind::Block)
    }

    /// Declares a name in `scope`, without a value.
    pub(crate) fn declare(&mut self, scope: ScopeId, name: &'t str) {
        self.scopes.declare(scope, name);
    }

    /// The name is bound in `scope`, or where [`Resolver::redirect`] said.
    pub(crate) fn bind(&mut self, scope: ScopeId, name: &'t str, binding: Binding<'t>) {
        match self.scopes.redirected(scope, name) {
            Some(to) => self.bind_deferred(to, name, binding),
            None => self.scopes.declare(scope, name).push(binding),
        }
    }

    /// Binds a name in the scope that declares it, looked up from `scope`.
    pub(crate) fn bind_deferred(&mut self, scope: ScopeId, name: &'t str, binding: Binding<'t>) {
        self.deferred.push((scope, name, binding));
    }

    /// Makes later bindings of the name in `scope` bind it in `to` or an outer scope.
    pub(crate) fn redirect(&mut self, scope: ScopeId, name: &'t str, to: ScopeId) {
        self.scopes.redirect(scope, name, to);
    }

    pub(crate) fn add_reference(&mut self, node: Node<'t>, chain: Chain<'t>, scope: ScopeId, usage: Usage<'t>) {
        self.uses.push(Reference { chain, scope, usage, line: node.end_position().row + 1 });
    }

    /// Records a line that passes `invoke` to other code.
    pub(crate) fn add_passed(&mut self, line: usize) {
        self.passed.insert(line);
    }

    /// Resolves all references and returns the calls. Does not look for syntax errors.
    pub(crate) fn calls(mut self, grammar: &impl Grammar) -> FileCalls {
        for (scope, name, binding) in std::mem::take(&mut self.deferred) {
            let owner = self.scopes.owner(scope, name).unwrap_or(ROOT);
            self.scopes.declare(owner, name).push(binding);
        }
        let mut calls = FileCalls { computed: std::mem::take(&mut self.passed), ..FileCalls::default() };
        let mut known = KnownTargets::new();
        for used in &self.uses {
            match (self.resolve(grammar, &used.chain, used.scope, &mut known), used.usage) {
                (None, Usage::CallTargets(call))
                    if used.chain.names == ["invoke"] && self.is_parameter(grammar, used) =>
                {
                    let targets = grammar.context_targets(call, self.text);
                    let is_name = |target: &&Node<'t>| {
                        self.names(grammar, **target, used.scope, DEPTH, &mut CandidateNames::default())
                    };
                    if let Some(target) = targets.iter().find(is_name).or(targets.last()) {
                        self.add_names(grammar, Some(*target), used, &mut calls);
                    }
                }
                (None, _) | (Some(Resolution::Towards), Usage::Followed) => {}
                // `const send = worker.invoke` is equivalent to an import; `const send = invoke` hides the call.
                (Some(Resolution::Invoke), Usage::Followed) if !used.chain.names.is_empty() => {}
                (Some(Resolution::Invoke), Usage::CallTargets(call)) => {
                    self.add_names(grammar, grammar.target(call, self.text), used, &mut calls);
                }
                _ => {
                    calls.computed.insert(used.line);
                }
            }
        }
        calls
    }

    /// Returns whether a chain begins with a parameter, or with a name that a parameter is assigned to.
    fn is_parameter(&self, grammar: &impl Grammar, used: &Reference<'t>) -> bool {
        let mut pending = vec![(used.chain.base, used.scope)];
        let mut seen = VisitedNames::new();
        while let Some((base, scope)) = pending.pop() {
            let ChainBase::Name(name) = base else { continue };
            let Some(owner) = self.scopes.owner(scope, name).filter(|owner| seen.insert((*owner, name))) else {
                continue;
            };
            for binding in self.scopes.lookup(owner, name) {
                match binding {
                    Binding::Parameter => return true,
                    Binding::Value { node, scope, picks } if picks.is_empty() => {
                        let value = grammar.chain(*node, self.text).filter(|value| value.names.is_empty());
                        pending.extend(value.map(|value| (value.base, *scope)));
                    }
                    _ => {}
                }
            }
        }
        false
    }

    /// Adds a call of each function that `target` can name.
    fn add_names(&self, grammar: &impl Grammar, target: Option<Node<'t>>, used: &Reference<'t>, calls: &mut FileCalls) {
        let mut names = CandidateNames::default();
        let all = target.is_some_and(|target| self.names(grammar, target, used.scope, DEPTH, &mut names));
        if !all || names.found.is_empty() {
            calls.computed.insert(used.line);
        }
        calls.named.extend(names.found.into_iter().map(|name| NamedCall { line: used.line, name }));
    }

    /// Adds the names that an expression can evaluate to. Returns whether the list is complete.
    fn names(
        &self,
        grammar: &impl Grammar,
        node: Node<'t>,
        scope: ScopeId,
        depth: usize,
        into: &mut CandidateNames<'t>,
    ) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match grammar.name_expression(node, self.text) {
            NameExpression::Text(name) => {
                into.found.insert(name);
                true
            }
            NameExpression::OneOf(nodes) => {
                // Collect first: `all` would stop at the first computed name.
                let known: Vec<bool> =
                    nodes.into_iter().map(|node| self.names(grammar, node, scope, depth, into)).collect();
                known.into_iter().all(|is_known| is_known)
            }
            NameExpression::Name(name) => {
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
            NameExpression::Computed => false,
        }
    }

    fn resolve(
        &self,
        grammar: &impl Grammar,
        chain: &Chain<'t>,
        scope: ScopeId,
        known: &mut KnownTargets<'t>,
    ) -> Option<Resolution> {
        let name = match chain.base {
            ChainBase::Bedrock(path) => return follow(path, &chain.names),
            ChainBase::Name(name) => name,
        };
        let owner = self.scopes.owner(scope, name)?;
        let mut search = TargetSearch { known, seen: VisitedNames::new() };
        let found = self.targets(grammar, owner, name, &mut search);
        // A name that may refer to bedrock or to something else (an import that may fail) is treated as bedrock's.
        found.targets.iter().find_map(|target| follow(target.path, &[&target.names[..], &chain.names[..]].concat()))
    }

    /// Returns what a name stands for, followed through assignments.
    fn targets(
        &self,
        grammar: &impl Grammar,
        owner: ScopeId,
        name: &'t str,
        search: &mut TargetSearch<'_, 't>,
    ) -> FoundTargets<'t> {
        if let Some(targets) = search.known.get(&(owner, name)) {
            return FoundTargets { targets: Rc::clone(targets), is_complete: true };
        }
        if !search.seen.insert((owner, name)) {
            return FoundTargets { targets: Rc::default(), is_complete: false };
        }
        let mut targets = Vec::new();
        let mut is_complete = true;
        for binding in self.scopes.lookup(owner, name) {
            match binding {
                Binding::Bedrock(path) => add_target(&mut targets, path, Vec::new()),
                Binding::Value { node, scope, picks } => {
                    let Some(mut value) = grammar.chain(*node, self.text) else { continue };
                    value.names.extend(picks);
                    is_complete &= self.add_targets_of(grammar, &value, *scope, &mut targets, search);
                }
                Binding::Parameter | Binding::Other => {}
            }
        }
        let targets: Rc<[Target<'t>]> = targets.into();
        if is_complete {
            search.known.insert((owner, name), Rc::clone(&targets));
        }
        FoundTargets { targets, is_complete }
    }

    /// Adds what a chain stands for. Returns whether no circle was cut.
    fn add_targets_of(
        &self,
        grammar: &impl Grammar,
        chain: &Chain<'t>,
        scope: ScopeId,
        targets: &mut Vec<Target<'t>>,
        search: &mut TargetSearch<'_, 't>,
    ) -> bool {
        let name = match chain.base {
            ChainBase::Bedrock(path) => {
                add_target(targets, path, chain.names.clone());
                return true;
            }
            ChainBase::Name(name) => name,
        };
        let Some(owner) = self.scopes.owner(scope, name) else { return true };
        let found = self.targets(grammar, owner, name, search);
        for target in found.targets.iter() {
            add_target(targets, target.path, [&target.names[..], &chain.names[..]].concat());
        }
        found.is_complete
    }
}

/// A module or function of bedrock, and the names that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target<'t> {
    path: InvokePath,
    names: Vec<&'t str>,
}

/// The targets of names that were looked up. A name may be assigned to another one thousands of times in a row.
type KnownTargets<'t> = HashMap<(ScopeId, &'t str), Rc<[Target<'t>]>>;

struct TargetSearch<'k, 't> {
    known: &'k mut KnownTargets<'t>,
    /// The names that were looked up on the way: circles end there.
    seen: VisitedNames<'t>,
}

struct FoundTargets<'t> {
    targets: Rc<[Target<'t>]>,
    /// No circle was cut, so other searches find the same.
    is_complete: bool,
}

/// Adds a target that may lead to `invoke`. Names after it do not matter.
fn add_target<'t>(targets: &mut Vec<Target<'t>>, path: InvokePath, mut names: Vec<&'t str>) {
    names.truncate(path.len() + 1);
    let target = Target { path, names };
    if follow(target.path, &target.names).is_some() && !targets.contains(&target) {
        targets.push(target);
    }
}

fn follow(path: InvokePath, names: &[&str]) -> Option<Resolution> {
    let shared = path.len().min(names.len());
    if path[..shared] != names[..shared] {
        return None;
    }
    Some(match names.len().cmp(&path.len()) {
        Ordering::Less => Resolution::Towards,
        Ordering::Equal => Resolution::Invoke,
        Ordering::Greater => Resolution::Beyond,
    })
}

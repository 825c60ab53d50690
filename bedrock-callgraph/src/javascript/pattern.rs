//! Names that are bound by taking a value apart: `{ invoke: call, ...rest }`, `[a, b = 1]`.

use tree_sitter::Node;

use super::quoted;
use super::walk::Walk;
use crate::syntax::{Binding, ScopeId, children, field};

/// Which scope the names belong to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// This one.
    Is(ScopeId),
    /// The one that has them, seen from here.
    Above(ScopeId),
}

/// What is taken apart.
#[derive(Debug, Clone)]
pub(super) struct Source<'t> {
    /// The expression and where it stands; none if nothing is known of the value.
    value: Option<(Node<'t>, ScopeId)>,
    /// What has been picked out of it so far.
    picks: Vec<&'t str>,
}

impl<'t> Source<'t> {
    pub(super) fn unknown() -> Self {
        Self { value: None, picks: Vec::new() }
    }

    pub(super) fn value(node: Node<'t>, scope: ScopeId) -> Self {
        Self { value: Some((node, scope)), picks: Vec::new() }
    }

    fn pick(&self, name: Option<&'t str>) -> Self {
        match name {
            // The default export of a CommonJS module is the module.
            Some("default") => self.clone(),
            Some(name) => Self { value: self.value, picks: [&self.picks[..], &[name]].concat() },
            None => Self::unknown(),
        }
    }

    fn binding(&self) -> Binding<'t> {
        match self.value {
            Some((node, scope)) => Binding::Value { node, scope, picks: self.picks.clone() },
            None => Binding::Other,
        }
    }
}

impl<'t> Walk<'t, '_> {
    /// Binds the names in `node`; expressions in it, like defaults, belong to `scope`.
    pub(super) fn pattern(&mut self, node: Node<'t>, owner: Owner, source: Source<'t>, scope: ScopeId) {
        let mut parts = vec![(node, source)];
        while let Some((part, source)) = parts.pop() {
            match part.kind() {
                "identifier" | "shorthand_property_identifier_pattern" => {
                    let name = self.name(part);
                    match owner {
                        Owner::Is(scope) => self.reading.bind(scope, name, source.binding()),
                        Owner::Above(scope) => self.reading.bind_later(scope, name, source.binding()),
                    }
                }
                "object_pattern" => {
                    parts.extend(children(part).into_iter().filter_map(|child| self.picked(child, &source)));
                }
                "array_pattern" => parts.extend(children(part).into_iter().map(|child| (child, Source::unknown()))),
                "assignment_pattern" | "object_assignment_pattern" => {
                    self.later(scope, field(part, "right"));
                    parts.extend(field(part, "left").map(|left| (left, source)));
                }
                "rest_pattern" => parts.extend(children(part).into_iter().map(|child| (child, Source::unknown()))),
                // `a.b = 1`
                _ => self.later(scope, [part]),
            }
        }
    }

    /// A part of `{ … }` and what it stands for.
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
            // `...rest` still has all that was not picked.
            "rest_pattern" => Some((children(part).first().copied()?, source.clone())),
            _ => Some((part, Source::unknown())),
        }
    }
}

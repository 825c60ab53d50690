//! Calls of `invoke` in the syntax tree of one source file, for every language alike: which names mean `invoke`, and
//! which name it is called with. What a grammar's nodes are called is `python`'s and `javascript`'s part.

mod calls;
mod grammar;
mod reading;
mod scope;
mod tree;

pub use calls::Calls;
pub(super) use grammar::{Base, Chain, Grammar, Path, Shape};
pub(super) use reading::{Reading, Role};
pub(super) use scope::{Binding, Kind, ROOT, ScopeId};
pub(super) use tree::{children, field, first_error, parse, text_of};

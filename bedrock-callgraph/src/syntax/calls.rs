//! What was found in one source file.

use std::collections::BTreeSet;

/// The calls of `invoke` in one file. Lines count from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls whose name is written in the file.
    pub named: BTreeSet<Named>,
    /// Lines of calls whose name is computed, and of places where `invoke` itself is handed on.
    pub computed: BTreeSet<usize>,
    /// The line where the file stops being readable in its language; calls behind it may be missing.
    pub unreadable: Option<usize>,
}

/// A call of a function whose name is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub line: usize,
    /// As it is written: a worker's name, a function's name or an ARN.
    pub name: String,
}

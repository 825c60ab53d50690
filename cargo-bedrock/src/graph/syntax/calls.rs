//! What was found in one source file.

use std::collections::BTreeSet;

/// The calls of `invoke` in one file. Lines count from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Calls whose name is written in the file.
    pub(crate) named: BTreeSet<Named>,
    /// Lines of calls whose name is computed, and of places where `invoke` itself is handed on.
    pub(crate) computed: BTreeSet<usize>,
    /// The line where the file stops being readable in its language; calls behind it may be missing.
    pub(crate) unreadable: Option<usize>,
}

/// A call of a function whose name is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) line: usize,
    /// As it is written: a worker's name, a function's name or an ARN.
    pub(crate) name: String,
}

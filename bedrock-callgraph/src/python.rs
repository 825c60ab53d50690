//! Finds the calls in a Python file by static analysis. `walk` traverses the syntax tree, `grammar` reads expressions.

use super::name_resolution::{FileCalls, first_error, parse};
use grammar::Python;

mod grammar;
mod imports;
mod walk;

pub(crate) use imports::{imports, resolve};

/// Returns the calls of `invoke` in a file, and in a durable worker those of `context.invoke`.
pub(crate) fn scan(text: &str, is_durable: bool) -> FileCalls {
    let Some(tree) = parse(&tree_sitter_python::LANGUAGE.into(), text) else { return FileCalls::default() };
    let calls = walk::read(&tree, text).calls(&Python { is_durable });
    FileCalls { unreadable: first_error(&tree), ..calls }
}

#[cfg(test)]
mod tests;

//! Finds the calls in a JavaScript or TypeScript file by static analysis. `walk` traverses the syntax tree, `grammar` reads expressions.

use super::name_resolution::{FileCalls, first_error, parse};
use grammar::{JavaScript, language};

mod grammar;
mod imports;
mod walk;

pub(crate) use imports::{imports, replace_imports, resolve};

/// Returns the calls of `invoke` in a file. `path` is its path in the worker's folder, for example `lib/send.js`.
pub(crate) fn scan(path: &str, text: &str) -> FileCalls {
    let Some(tree) = parse(&language(path), text) else { return FileCalls::default() };
    let grammar = JavaScript { folder: path.rsplit_once('/').map_or("", |(folder, _)| folder) };
    let calls = walk::read(&tree, text, &grammar).calls(&grammar);
    FileCalls { unreadable: first_error(&tree), ..calls }
}

#[cfg(test)]
mod tests;

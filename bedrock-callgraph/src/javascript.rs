//! Finds the calls in a JavaScript or TypeScript file by static analysis. `walk` traverses the syntax tree, `grammar` reads expressions.

use super::name_resolution::{FileCalls, first_error, parse};
use grammar::{JavaScript, language};

mod grammar;
mod imports;
mod walk;

pub(crate) use imports::{imports, replace_imports, resolve};

/// Returns the calls of `invoke` in a file, and in a durable worker those of `context.invoke`. `path` is its path in the worker's folder, for example `lib/send.js`.
pub(crate) fn scan(path: &str, text: &str, is_durable: bool) -> FileCalls {
    let Some(tree) = parse(&language(path), text) else { return FileCalls::default() };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let grammar = JavaScript { folder, is_durable };
    let calls = walk::read(&tree, text, &grammar).calls(&grammar);
    FileCalls { unreadable: first_error(&tree), ..calls }
}

#[cfg(test)]
mod tests;

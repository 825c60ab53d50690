//! Parses a `Cargo.toml`: a thin layer over the `toml` parser that keeps line numbers for messages.

use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Problem;

/// A table of a manifest, with the manifest to look up line numbers in.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) table: &'a DeTable<'a>,
    pub(crate) manifest: &'a Manifest,
}

/// The text of a `Cargo.toml`, and the path that messages show.
pub(crate) struct Manifest {
    pub(crate) text: String,
    pub(crate) display_path: String,
    /// Where the line feeds are, so that the line of each of many values is found quickly.
    line_ends: Vec<usize>,
}

impl Manifest {
    pub(crate) fn read(path: &Path, display_path: &str) -> Result<Self, Problem> {
        let text = fs::read_to_string(path)
            .map_err(|error| Problem::new(format!("failed to read `{display_path}`: {error}")))?;
        Ok(Self::of(text, display_path))
    }

    pub(crate) fn of(text: String, display_path: &str) -> Self {
        let line_ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { text, display_path: display_path.to_owned(), line_ends }
    }

    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'_>>, Problem> {
        DeTable::parse(&self.text).map_err(|error| {
            let location = error.span().map_or_else(|| self.display_path.clone(), |span| self.location(&span));
            Problem::new(format!("{location}: {}", error.message()))
        })
    }

    /// Returns path and line of the start of `span`: `Cargo.toml:12`.
    pub(crate) fn location(&self, span: &Range<usize>) -> String {
        let line = self.line_ends.partition_point(|end| *end < span.start) + 1;
        format!("{}:{line}", self.display_path)
    }
}

impl<'a> Table<'a> {
    /// Returns the table at `key`, or `None` if the key is absent or its value is not a table.
    pub(crate) fn table(self, key: &str) -> Option<Table<'a>> {
        let table = self.table.get(key)?.get_ref().as_table()?;
        Some(Table { table, manifest: self.manifest })
    }

    /// Returns the string at `key`, or `None` if the key is absent or its value is not a string.
    pub(crate) fn string(self, key: &str) -> Option<&'a str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// Iterates over the entries: key, span of the key, value.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }
}

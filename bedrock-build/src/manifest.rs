//! Reading a `Cargo.toml`: a thin layer over the `toml` parser that remembers lines for messages.

use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Problem;

/// A table of the file together with what is needed to point into the file.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) table: &'a DeTable<'a>,
    pub(crate) file: &'a File,
}

/// The text of a manifest and the name it has in messages.
pub(crate) struct File {
    pub(crate) text: String,
    pub(crate) shown: String,
}

impl File {
    pub(crate) fn read(path: &Path, shown: &str) -> Result<Self, Problem> {
        let text =
            fs::read_to_string(path).map_err(|error| Problem::new(format!("failed to read `{shown}`: {error}")))?;
        Ok(Self { text, shown: shown.to_owned() })
    }

    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'_>>, Problem> {
        DeTable::parse(&self.text).map_err(|error| {
            let place = error.span().map_or_else(|| self.shown.clone(), |span| self.place(&span));
            Problem::new(format!("{place}: {}", error.message()))
        })
    }

    /// `Cargo.toml:12`.
    pub(crate) fn place(&self, span: &Range<usize>) -> String {
        let line = self.text.get(..span.start).unwrap_or_default().bytes().filter(|b| *b == b'\n').count() + 1;
        format!("{}:{line}", self.shown)
    }
}

impl<'a> Table<'a> {
    /// The table under `key`, or nothing when it is absent or no table.
    pub(crate) fn table(self, key: &str) -> Option<Table<'a>> {
        let table = self.table.get(key)?.get_ref().as_table()?;
        Some(Table { table, file: self.file })
    }

    pub(crate) fn text(self, key: &str) -> Option<&'a str> {
        self.table.get(key)?.get_ref().as_str()
    }

    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }
}

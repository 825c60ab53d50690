//! Values in TOML files of other tools, which are read as far as they are known.

use toml::de::{DeTable, DeValue};

/// Returns the value at a path of keys.
pub(crate) fn value_at<'t, 'a>(table: &'t DeTable<'a>, keys: &[&str]) -> Option<&'t DeValue<'a>> {
    let (last, tables) = keys.split_last()?;
    let table = tables.iter().try_fold(table, |table, key| table.get(*key)?.get_ref().as_table())?;
    table.get(*last).map(toml::Spanned::get_ref)
}

/// Returns the text at a path of keys.
pub(crate) fn text_at<'t>(table: &'t DeTable<'_>, keys: &[&str]) -> Option<&'t str> {
    value_at(table, keys).and_then(DeValue::as_str)
}

/// Returns the items of the list at a path of keys. Empty if there is none.
pub(crate) fn items_at<'t, 'a>(table: &'t DeTable<'a>, keys: &[&str]) -> Vec<&'t DeValue<'a>> {
    let list = value_at(table, keys).and_then(DeValue::as_array);
    list.into_iter().flat_map(|list| list.iter()).map(toml::Spanned::get_ref).collect()
}

/// Returns the texts in the list at a path of keys.
pub(crate) fn texts_at<'t>(table: &'t DeTable<'_>, keys: &[&str]) -> Vec<&'t str> {
    items_at(table, keys).into_iter().filter_map(DeValue::as_str).collect()
}

//! The paths that a file names: imports, types, calls and what macros are given.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ImplItemFn, Item, ItemMod, ItemUse, Macro, Path, UseTree, Visibility};

use super::super::syntax::{attributes, is_for_tests, line};

/// A path as it is written, for example `["super", "a", "B"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) segments: Vec<String>,
    /// The modules within the file that it is written in.
    pub(super) inner_modules: usize,
    pub(super) line: usize,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UsePath {
    pub(super) path: NamedPath,
    /// The name that it has in the file; `None` for `*` and `_`.
    pub(super) name: Option<String>,
    pub(super) is_glob: bool,
    /// Whether other files can import it from here.
    pub(super) is_exported: bool,
}

/// What a file names, without its tests.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) uses: Vec<UsePath>,
    pub(super) paths: Vec<NamedPath>,
    /// The modules that it declares in files of their own, and which of them are for tests.
    pub(super) modules: Vec<(String, bool)>,
    /// The items that it defines outside of inner modules.
    pub(super) items: Vec<String>,
    /// Whether it has anything but imports and declarations of modules.
    pub(super) has_code: bool,
    inner_modules: usize,
}

impl Names {
    pub(super) fn of(file: &syn::File) -> Self {
        let mut names = Self::default();
        names.visit_file(file);
        names
    }

    fn add_uses(&mut self, prefix: &[String], tree: &UseTree, is_exported: bool, place: usize) {
        let extended = |name: &str| prefix.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
        let (segments, name, is_glob) = match tree {
            UseTree::Path(path) => {
                return self.add_uses(&extended(&path.ident.to_string()), &path.tree, is_exported, place);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_uses(prefix, tree, is_exported, place);
                }
                return;
            }
            UseTree::Name(name) if name.ident == "self" => (prefix.to_vec(), prefix.last().cloned(), false),
            UseTree::Name(name) => (extended(&name.ident.to_string()), Some(name.ident.to_string()), false),
            UseTree::Rename(rename) if rename.ident == "self" => {
                (prefix.to_vec(), Some(rename.rename.to_string()), false)
            }
            UseTree::Rename(rename) => (extended(&rename.ident.to_string()), Some(rename.rename.to_string()), false),
            UseTree::Glob(_) => (prefix.to_vec(), None, true),
        };
        let path = NamedPath { segments, inner_modules: self.inner_modules, line: place };
        self.uses.push(UsePath { path, name, is_glob, is_exported });
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut start = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add_path(std::mem::take(&mut segments), start);
                        start = line(ident.span());
                    }
                    segments.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.add_path(std::mem::take(&mut segments), start);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.add_path(segments, start);
    }

    /// A single name is in scope because of an import or of the file itself.
    fn add_path(&mut self, segments: Vec<String>, line: usize) {
        if segments.len() > 1 {
            self.paths.push(NamedPath { segments, inner_modules: self.inner_modules, line });
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            if let Item::Mod(ItemMod { ident, content: None, .. }) = item {
                self.modules.push((ident.to_string(), true));
            }
            return;
        }
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Union(item) => Some(&item.ident),
            Item::Macro(item) => item.ident.as_ref(),
            _ => None,
        };
        if self.inner_modules == 0 {
            self.items.extend(name.map(ToString::to_string));
        }
        self.has_code |= !matches!(item, Item::Use(_) | Item::Mod(ItemMod { content: None, .. }));
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.content.is_none() {
            self.modules.push((module.ident.to_string(), false));
            return;
        }
        self.inner_modules += 1;
        visit::visit_item_mod(self, module);
        self.inner_modules -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_exported = !matches!(item.vis, Visibility::Inherited);
        let place = line(item.use_token.span);
        self.add_uses(&[], &item.tree, is_exported, place);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.add_path(segments, line(first.ident.span()));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Names {
        Names::of(&syn::parse_file(text).expect("Rust"))
    }

    #[test]
    fn imports_are_listed_with_their_names() {
        let names = names("pub(crate) use super::a::{self, B, c::D as E};\nuse crate::f::*;\n");
        let found: Vec<_> = names
            .uses
            .iter()
            .map(|import| (import.path.segments.join("::"), import.name.as_deref(), import.is_exported))
            .collect();
        assert_eq!(
            found,
            [
                ("super::a".to_owned(), Some("a"), true),
                ("super::a::B".to_owned(), Some("B"), true),
                ("super::a::c::D".to_owned(), Some("E"), true),
                ("crate::f".to_owned(), None, false),
            ]
        );
        assert!(names.uses[3].is_glob && !names.has_code);
    }

    #[test]
    fn paths_in_types_calls_and_macros_are_listed() {
        let names =
            names("fn f(a: super::A) {\n    b::c();\n    format!(\"{}\", crate::d::E { x: 1 });\n    local();\n}\n");
        let found: Vec<_> = names.paths.iter().map(|path| (path.segments.join("::"), path.line)).collect();
        assert_eq!(found, [("super::A".to_owned(), 1), ("b::c".to_owned(), 2), ("crate::d::E".to_owned(), 3)]);
        assert!(names.has_code);
        assert_eq!(names.items, ["f"]);
    }

    #[test]
    fn tests_are_left_out() {
        let names = names("mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\nmod tests { use crate::x::Y; }\n");
        assert_eq!(names.modules, [("a".to_owned(), false), ("b".to_owned(), true)]);
        assert!(names.uses.is_empty() && names.paths.is_empty());
    }
}

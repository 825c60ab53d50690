//! The items of a crate that a contract needs, from its files: types with `#[bedrock::contract]`, and `impl Worker`.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, ItemImpl, ItemMod};
use toml::de::{DeTable, DeValue};

use crate::item::is_contract;

/// How many crates are read.
const MAX_CRATES: usize = 64;

/// The library of the attribute, which has no types of a contract.
const RUNTIME: &str = "bedrock";

/// The traits whose implementations have the types of the event and the response.
const WORKER_TRAITS: [&str; 2] = ["Worker", "DurableWorker"];

/// The items of one file.
pub(crate) struct SourceFile {
    /// The path in messages.
    pub(crate) display_path: String,
    /// The types with `#[bedrock::contract]`.
    pub(crate) types: Vec<Item>,
    /// The implementations of a trait in [`WORKER_TRAITS`].
    pub(crate) workers: Vec<ItemImpl>,
}

/// A file that may have types of a contract, and that is not Rust.
pub(crate) struct SourceError {
    pub(crate) display_path: String,
    pub(crate) error: syn::Error,
}

/// The files of a crate that were read.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) errors: Vec<SourceError>,
}

impl Sources {
    /// Reads the crate in `dir`, as far as its modules can be followed without expanding macros.
    pub(crate) fn of_crate(app_root: &Path, dir: &Path) -> Self {
        let mut sources = Self::default();
        let manifest = Manifest::read(dir);
        let root = dir.join(manifest.lib.as_deref().unwrap_or("src/lib.rs"));
        let folder = root.parent().unwrap_or(dir).to_path_buf();
        sources.read_file(app_root, &root, &folder);
        sources
    }

    /// `folder`: where the modules are that the file declares.
    fn read_file(&mut self, app_root: &Path, path: &Path, folder: &Path) {
        let shown = path.strip_prefix(app_root).unwrap_or(path).display().to_string();
        let display_path = shown.replace('\\', "/");
        let Ok(text) = fs::read_to_string(path) else { return };
        match syn::parse_file(&text) {
            Ok(file) => {
                let mut modules = Vec::new();
                let mut source = SourceFile { display_path, types: Vec::new(), workers: Vec::new() };
                source.take(file.items, folder, &mut modules);
                self.files.push(source);
                for Module { path, folder } in modules {
                    self.read_file(app_root, &path, &folder);
                }
            }
            // The compiler reports the others better.
            Err(error) if text.contains("contract") => self.errors.push(SourceError { display_path, error }),
            Err(_) => {}
        }
    }
}

/// A module in a file of its own.
struct Module {
    path: PathBuf,
    folder: PathBuf,
}

impl SourceFile {
    fn take(&mut self, items: Vec<Item>, folder: &Path, modules: &mut Vec<Module>) {
        for item in items {
            match item {
                Item::Struct(ref one) if is_contract(&one.attrs) => self.types.push(item),
                Item::Enum(ref one) if is_contract(&one.attrs) => self.types.push(item),
                Item::Impl(item) => {
                    let last = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
                    if last.is_some_and(|last| WORKER_TRAITS.iter().any(|name| last.ident == *name)) {
                        self.workers.push(item);
                    }
                }
                Item::Mod(module) if !is_test(&module.attrs) => self.take_module(module, folder, modules),
                _ => {}
            }
        }
    }

    fn take_module(&mut self, module: ItemMod, folder: &Path, modules: &mut Vec<Module>) {
        let name = module.ident.to_string();
        let name = name.trim_start_matches("r#");
        let inner = folder.join(name);
        if let Some((_, items)) = module.content {
            self.take(items, &inner, modules);
            return;
        }
        let path = module.attrs.iter().find_map(path_attribute).map(|path| folder.join(path));
        let path = path.unwrap_or_else(|| {
            let file = folder.join(format!("{name}.rs"));
            if file.is_file() { file } else { inner.join("mod.rs") }
        });
        modules.push(Module { path, folder: inner });
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |list: &syn::MetaList| list.path.is_ident("cfg") && list.tokens.to_string() == "test";
    attributes.iter().any(|attribute| matches!(&attribute.meta, syn::Meta::List(list) if is_test(list)))
}

/// Returns the value of `#[path = "…"]`.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) if pair.path.is_ident("path") => {
            Some(path.value())
        }
        _ => None,
    }
}

/// Returns the folders of the crates that the crate in `dir` depends on by path, and of those that they depend on.
pub(crate) fn path_dependencies(dir: &Path) -> Vec<PathBuf> {
    let canonical = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let mut all: Vec<PathBuf> = vec![canonical(dir.to_owned())];
    let mut next = 0;
    while let Some(dir) = all.get(next).cloned() {
        next += 1;
        for dependency in Manifest::read(&dir).dependencies {
            let path = match dependency {
                Dependency::Path(path) => Some(dir.join(path)),
                Dependency::Inherited(name) => workspace_dependency(&dir, &name),
            };
            let path = path.map(canonical).filter(|path| !all.contains(path));
            if all.len() < MAX_CRATES {
                all.extend(path);
            }
        }
    }
    all.split_off(1)
}

/// Returns the folder of a dependency in `[workspace.dependencies]` of the nearest workspace.
fn workspace_dependency(dir: &Path, name: &str) -> Option<PathBuf> {
    for folder in dir.ancestors().skip(1) {
        let text = read_manifest(folder);
        let Ok(manifest) = DeTable::parse(&text) else { continue };
        if let Some(workspace) = value(manifest.get_ref(), &["workspace"]) {
            let path = value(workspace.as_table()?, &["dependencies", name, "path"])?;
            return Some(folder.join(path.as_str()?));
        }
    }
    None
}

/// What is read from a manifest.
#[derive(Default)]
struct Manifest {
    /// The path of the library.
    lib: Option<String>,
    dependencies: Vec<Dependency>,
}

enum Dependency {
    Path(String),
    /// A dependency of the workspace with this name.
    Inherited(String),
}

impl Manifest {
    /// Reads the manifest in `dir`. It is empty if it cannot be read: cargo reports that better.
    fn read(dir: &Path) -> Self {
        let text = read_manifest(dir);
        let Ok(manifest) = DeTable::parse(&text) else { return Self::default() };
        let manifest = manifest.get_ref();
        let lib = value(manifest, &["lib", "path"]).and_then(DeValue::as_str).map(str::to_owned);
        let mut dependencies = Vec::new();
        let all = value(manifest, &["dependencies"]).and_then(DeValue::as_table).into_iter().flatten();
        for (name, dependency) in all.filter(|(name, _)| name.get_ref() != RUNTIME) {
            let key = |key: &str| dependency.get_ref().as_table().and_then(|table| value(table, &[key]));
            match key("path").and_then(DeValue::as_str) {
                Some(path) => dependencies.push(Dependency::Path(path.to_owned())),
                None if key("workspace").and_then(DeValue::as_bool) == Some(true) => {
                    dependencies.push(Dependency::Inherited(name.get_ref().to_string()));
                }
                None => {}
            }
        }
        Self { lib, dependencies }
    }
}

fn read_manifest(dir: &Path) -> String {
    fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default()
}

/// Returns the value at a path of keys.
fn value<'t, 'a>(table: &'t DeTable<'a>, keys: &[&str]) -> Option<&'t DeValue<'a>> {
    let (last, tables) = keys.split_last()?;
    let table = tables.iter().try_fold(table, |table, key| table.get(*key)?.get_ref().as_table())?;
    table.get(*last).map(toml::Spanned::get_ref)
}

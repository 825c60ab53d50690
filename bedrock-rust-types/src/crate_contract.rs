//! The contract of a worker's crate: from `impl Worker` or `impl DurableWorker`, and the types with `#[bedrock::contract]`
//! that it uses.

use std::collections::BTreeMap;
use std::path::Path;

use bedrock_build::contract::{Contract, Definition, Field, Root, RootTypes, Struct, Type, Union, join};
use bedrock_build::{Problem, WorkerName};
use proc_macro2::Span;
use syn::{ImplItem, Item, ItemImpl};

use crate::field_type::{help_for, read_plain_type};
use crate::item::{ContractItem, Form, VariantForm, read_item};
use crate::source_files::{SourceFile, Sources, path_dependencies};

/// How many types that are another name for a type may refer to each other.
const MAX_ALIASES: usize = 32;

/// Returns the line of a place in a file. Only programs outside of the compiler know it.
pub type SpanLine = fn(Span) -> Option<usize>;

/// Reads the contract of the worker in the folder `dir` of the app. Returns `None` if its crate has no type with
/// `#[bedrock::contract]`, or no `impl Worker`.
///
/// Types are also found in the crates that it depends on by path.
pub fn read_crate(app_root: &Path, dir: &Path, worker: &str, line: SpanLine) -> Result<Option<Contract>, Vec<Problem>> {
    let own = Sources::of_crate(app_root, dir);
    let mut reader = CrateReader { line, items: BTreeMap::new(), problems: Vec::new() };
    for error in &own.errors {
        reader.add_error(&error.display_path, &error.error);
    }
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let Some(worker_impl) = find_worker(&own.files, worker) else { return Ok(None) };
    let others: Vec<Sources> =
        path_dependencies(dir).iter().map(|folder| Sources::of_crate(app_root, folder)).collect();
    let files = own.files.iter().chain(others.iter().flat_map(|sources| &sources.files));
    if files.clone().all(|file| file.types.is_empty()) {
        return Ok(None);
    }
    for file in files {
        reader.add_file(file);
    }
    let has_own_types = own.files.iter().any(|file| !file.types.is_empty());
    let [event, response] = ["Event", "Response"].map(|name| reader.read_root(&worker_impl, name));
    if !has_own_types && ![&event, &response].into_iter().any(|ty| reader.mentions_known(ty)) {
        return Ok(None);
    }
    let event = reader.read_types(event, Root::Event, &worker_impl);
    let response = reader.read_types(response, Root::Response, &worker_impl);
    if reader.problems.is_empty() {
        let place = format!("{}: ", worker_impl.file.display_path);
        join(event, response).map(Some).map_err(|message| vec![Problem::new(place + &message)])
    } else {
        Err(reader.problems)
    }
}

/// The implementation of the trait, and the file that it is in.
struct WorkerImpl<'a> {
    item: &'a ItemImpl,
    file: &'a SourceFile,
}

/// Finds the implementation for the struct that is called after the worker.
fn find_worker<'a>(files: &'a [SourceFile], worker: &str) -> Option<WorkerImpl<'a>> {
    let class = WorkerName::parse(worker).ok()?.class_name();
    let is_class = |item: &&ItemImpl| matches!(&*item.self_ty, syn::Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == class));
    files.iter().find_map(|file| Some(WorkerImpl { item: file.workers.iter().find(is_class)?, file }))
}

/// A type with `#[bedrock::contract]` and where it is.
struct KnownItem<'a> {
    file: &'a SourceFile,
    source: &'a Item,
    /// The file and the line of another type with the same name.
    other: Option<String>,
}

struct CrateReader<'a> {
    line: SpanLine,
    items: BTreeMap<String, KnownItem<'a>>,
    problems: Vec<Problem>,
}

/// The forms of the types of one direction, while aliases are not replaced yet.
type Forms = BTreeMap<String, Form>;

impl<'a> CrateReader<'a> {
    fn place(&self, display_path: &str, span: Span) -> String {
        (self.line)(span).map_or_else(|| display_path.to_owned(), |line| format!("{display_path}:{line}"))
    }

    fn add_error(&mut self, display_path: &str, error: &syn::Error) {
        for one in error {
            let text = one.to_string();
            let mut lines = text.lines();
            let place = self.place(display_path, one.span());
            let mut problem = Problem::new(format!("{place}: {}", lines.next().unwrap_or_default()));
            for line in lines {
                problem = problem.help(line.strip_prefix("help: ").unwrap_or(line));
            }
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    fn add_file(&mut self, file: &'a SourceFile) {
        for source in &file.types {
            let (Item::Struct(syn::ItemStruct { ident, .. }) | Item::Enum(syn::ItemEnum { ident, .. })) = source else {
                continue;
            };
            let place = self.place(&file.display_path, ident.span());
            match self.items.get_mut(&ident.to_string()) {
                Some(known) => known.other = Some(place),
                None => {
                    self.items.insert(ident.to_string(), KnownItem { file, source, other: None });
                }
            }
        }
    }

    /// Returns the type of `type Event = …;`.
    fn read_root(&mut self, worker: &WorkerImpl<'_>, name: &str) -> Type {
        let found = worker.item.items.iter().find_map(|item| match item {
            ImplItem::Type(item) if item.ident == name => Some(&item.ty),
            _ => None,
        });
        let Some(ty) = found else { return Type::Any };
        match read_plain_type(ty) {
            Ok(read) => read.ty,
            Err(error) => {
                self.add_error(&worker.file.display_path, &error);
                Type::Any
            }
        }
    }

    fn mentions_known(&self, ty: &Type) -> bool {
        let mut names = Vec::new();
        add_references(ty, &mut names);
        names.iter().any(|name| self.items.contains_key(name))
    }

    /// Reads the types that a root uses.
    fn read_types(&mut self, root: Type, direction: Root, worker: &WorkerImpl<'_>) -> RootTypes {
        let mut forms = Forms::new();
        let mut open = Vec::new();
        let at_root = self.place(&worker.file.display_path, impl_span(worker.item));
        let mut names = Vec::new();
        add_references(&root, &mut names);
        open.extend(names.into_iter().map(|name| OpenType { name, used_at: at_root.clone() }));
        while let Some(OpenType { name, used_at }) = open.pop() {
            if forms.contains_key(&name) {
                continue;
            }
            let Some(item) = self.read_known(&name, &used_at) else {
                forms.insert(name, Form::Alias(Type::Any));
                continue;
            };
            let used_at = self.items.get(&name).map(|known| self.place(&known.file.display_path, item.ident.span()));
            let form = item.form(direction).clone();
            for name in form.references() {
                open.push(OpenType { name, used_at: used_at.clone().unwrap_or_default() });
            }
            forms.insert(name, form);
        }
        self.resolve(root, &forms, &at_root)
    }

    fn read_known(&mut self, name: &str, used_at: &str) -> Option<ContractItem> {
        let Some(known) = self.items.get(name) else {
            let message = format!("{used_at}: the type `{name}` has no `#[bedrock::contract]`");
            self.add_problem(Problem::new(message).help(help_for(name)));
            return None;
        };
        let file = known.file;
        if let Some(other) = &known.other {
            let message = format!("{}: a second type is called `{name}`, in {other}", file.display_path);
            let problem = Problem::new(message).help("rename one of them: a contract has one type of a name");
            self.add_problem(problem);
            return None;
        }
        read_item(known.source).map_err(|error| self.add_error(&file.display_path, &error)).ok()
    }

    fn add_problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Replaces the names of types that are another name for a type.
    fn resolve(&mut self, root: Type, forms: &Forms, place: &str) -> RootTypes {
        let mut resolver = Resolver { forms, problem: None };
        let root = resolver.ty(root, 0);
        let mut definitions = BTreeMap::new();
        for (name, form) in forms {
            let definition = match form {
                Form::Alias(_) => continue,
                Form::Struct(one) => Definition::Struct(resolver.fields(one)),
                Form::Enum(values) => Definition::Enum(values.clone()),
                Form::Union { tag, variants } => Definition::Union(resolver.union(tag, variants)),
            };
            definitions.insert(name.clone(), definition);
        }
        if let Some(message) = resolver.problem {
            self.add_problem(Problem::new(format!("{place}: {message}")));
        }
        RootTypes { root, definitions }
    }
}

struct OpenType {
    name: String,
    used_at: String,
}

struct Resolver<'a> {
    forms: &'a Forms,
    problem: Option<String>,
}

impl Resolver<'_> {
    fn ty(&mut self, ty: Type, depth: usize) -> Type {
        match ty {
            Type::Reference(name) => match self.forms.get(&name) {
                Some(Form::Alias(_)) if depth >= MAX_ALIASES => {
                    self.problem = Some(format!("the type `{name}` refers to itself, and is not an object"));
                    Type::Any
                }
                Some(Form::Alias(inner)) => self.ty(inner.clone(), depth + 1),
                _ => Type::Reference(name),
            },
            Type::List(inner) => Type::List(Box::new(self.ty(*inner, depth))),
            Type::Map(inner) => Type::Map(Box::new(self.ty(*inner, depth))),
            Type::Nullable(inner) => self.ty(*inner, depth).nullable(),
            other => other,
        }
    }

    fn fields(&mut self, one: &Struct) -> Struct {
        let field = |(name, field): (&String, &Field)| {
            (name.clone(), Field { ty: self.ty(field.ty.clone(), 0), is_required: field.is_required })
        };
        Struct { fields: one.fields.iter().map(field).collect() }
    }

    fn union(&mut self, tag: &str, variants: &BTreeMap<String, VariantForm>) -> Union {
        let mut all = BTreeMap::new();
        for (value, variant) in variants {
            let one = match variant {
                VariantForm::Fields(one) => self.fields(one),
                VariantForm::FieldsOf(name) => self.fields_of(name, tag),
            };
            all.insert(value.clone(), one);
        }
        Union { tag: tag.to_owned(), variants: all }
    }

    /// Returns the fields of a struct that are in an object with the tag.
    fn fields_of(&mut self, name: &str, tag: &str) -> Struct {
        let forms = self.forms;
        let target = match self.ty(Type::Reference(name.to_owned()), 0) {
            Type::Reference(target) => target,
            _ => name.to_owned(),
        };
        match forms.get(&target) {
            Some(Form::Struct(one)) if one.fields.contains_key(tag) => {
                self.problem = Some(format!("the type `{target}` has a field with the name of the tag, `{tag}`"));
                Struct::default()
            }
            Some(Form::Struct(one)) => self.fields(one),
            // A type that is not known is reported already.
            Some(Form::Alias(Type::Any)) => Struct::default(),
            _ => {
                self.problem = Some(format!("the type `{name}` has no fields, in which the tag `{tag}` could be"));
                Struct::default()
            }
        }
    }
}

impl Form {
    /// Returns the names of the types that it uses.
    fn references(&self) -> Vec<String> {
        let mut names = Vec::new();

        match self {
            Self::Alias(ty) => add_references(ty, &mut names),
            Self::Struct(one) => one.fields.values().for_each(|field| add_references(&field.ty, &mut names)),
            Self::Enum(_) => {}
            Self::Union { variants, .. } => {
                for variant in variants.values() {
                    match variant {
                        VariantForm::Fields(one) => {
                            one.fields.values().for_each(|field| add_references(&field.ty, &mut names));
                        }
                        VariantForm::FieldsOf(name) => names.push(name.clone()),
                    }
                }
            }
        }
        names
    }
}

fn add_references(ty: &Type, names: &mut Vec<String>) {
    match ty {
        Type::Reference(name) => names.push(name.clone()),
        Type::List(inner) | Type::Map(inner) | Type::Nullable(inner) => add_references(inner, names),
        _ => {}
    }
}

fn impl_span(item: &ItemImpl) -> Span {
    item.impl_token.span
}

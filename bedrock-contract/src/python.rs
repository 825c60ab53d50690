//! Type stubs for Python: the module `bedrock`, and for each worker its types and an overload of `invoke`.
//!
//! Type checkers read them only; nothing of it exists when a worker runs.

use std::fmt::Write as _;

use bedrock_build::contract::{Contract, Definition, Field, Struct, Type};

use crate::WorkerContract;

/// The first line of each file.
pub const HEADER: &str = "# Written by `cargo bedrock contracts`. Do not edit.\n";

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// What `invoke` takes for a function that is not a worker with a contract.
const UNTYPED: &str = "Any";

/// Returns the type as Python writes it. Named types are in the module of the worker.
pub fn python_type(ty: &Type) -> String {
    match ty {
        Type::Any => "Any".to_owned(),
        Type::Null => "None".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Integer(_) => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::String(_) => "str".to_owned(),
        Type::List(inner) => format!("list[{}]", python_type(inner)),
        Type::Map(inner) => format!("dict[str, {}]", python_type(inner)),
        Type::Reference(name) => format!("\"{name}\""),
        Type::Nullable(inner) => format!("Optional[{}]", python_type(inner)),
    }
}

/// Returns the stub of the module with the types of a worker, `bedrock/workers/types/NAME.pyi`.
pub fn worker_stub(contract: &Contract) -> String {
    let mut out = format!(
        "{HEADER}from typing import Any, Literal, Optional, Union\nfrom typing_extensions import NotRequired, TypeAlias, TypedDict\n"
    );
    for (name, definition) in &contract.definitions {
        match definition {
            Definition::Struct(one) => write_struct(&mut out, name, one, None),
            Definition::Enum(values) => {
                let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
                let _ = write!(out, "\n{name}: TypeAlias = Literal[{}]\n", values.join(", "));
            }
            Definition::Union(union) => {
                let mut variants = Vec::new();
                for (number, (value, one)) in union.variants.iter().enumerate() {
                    let variant = format!("_{name}{number}");
                    write_struct(&mut out, &variant, one, Some([&union.tag, value]));
                    variants.push(variant);
                }
                let _ = write!(out, "\n{name}: TypeAlias = Union[{}]\n", variants.join(", "));
            }
        }
    }
    for (name, root) in [("Event", &contract.event), ("Response", &contract.response)] {
        if *root != Type::Reference(name.to_owned()) {
            let _ = write!(out, "\n{name}: TypeAlias = {}\n", python_type(root));
        }
    }
    out
}

/// `tag`: the name of a further field and its value.
fn write_struct(out: &mut String, name: &str, one: &Struct, tag: Option<[&str; 2]>) {
    let field_type = |field: &Field| {
        let ty = python_type(&field.ty);
        if field.is_required { ty } else { format!("NotRequired[{ty}]") }
    };
    let tag = tag.map(|[name, value]| (name.to_owned(), format!("Literal[{}]", literal(value))));
    let own = one.fields.iter().map(|(name, field)| (name.clone(), field_type(field)));
    let fields: Vec<(String, String)> = tag.into_iter().chain(own).collect();
    if fields.is_empty() {
        let _ = write!(out, "\nclass {name}(TypedDict): ...\n");
    } else if fields.iter().all(|(field, _)| is_attribute(field)) {
        let lines: Vec<String> = fields.iter().map(|(field, ty)| format!("    {field}: {ty}\n")).collect();
        let _ = write!(out, "\nclass {name}(TypedDict):\n{}", lines.concat());
    } else {
        // Only this form has fields such as `from` and `content-type`.
        let lines: Vec<String> = fields.iter().map(|(field, ty)| format!("    {}: {ty},\n", literal(field))).collect();
        let _ = write!(out, "\n{name} = TypedDict(\"{name}\", {{\n{}}})\n", lines.concat());
    }
}

/// Returns the stub of `bedrock/workers/invoker.pyi`.
pub fn invoker_stub(workers: &[WorkerContract]) -> String {
    let mut out = format!(
        "{HEADER}from typing import Any, Literal, Optional, overload\n\nfrom .errors import InvocationError as InvocationError\n"
    );
    let typed = || workers.iter().filter(|worker| worker.contract.is_some());
    for WorkerContract { worker, .. } in typed() {
        let _ = writeln!(out, "from .types import {worker} as _{worker}");
    }
    let mut overload = |name: &str, event: &str, response: &str| {
        let optional = format!("Optional[{response}]");
        for [parameter, returned] in [
            ["require_response: Literal[False] = ...", "None"],
            ["require_response: Literal[True]", response],
            ["require_response: bool", &optional],
        ] {
            let _ = write!(
                out,
                "\n@overload\ndef invoke(name_or_arn: {name}, payload: {event}, {parameter}) -> {returned}: ...\n"
            );
        }
    };
    for WorkerContract { worker, contract } in workers {
        let name = format!("Literal[\"{worker}\"]");
        if contract.is_some() {
            overload(&name, &format!("_{worker}.Event"), &format!("_{worker}.Response"));
        } else {
            overload(&name, UNTYPED, UNTYPED);
        }
    }
    out
}

/// The module with the types of all workers, below `typings/bedrock`.
pub const TYPES_MODULE: &str = "workers/types/__init__.pyi";

/// Returns a stub that does not depend on the app. `template` is the file of a new worker, whose first line is a comment.
pub fn library_stub(template: &str) -> String {
    format!("{HEADER}{}", template.split_once('\n').map_or("", |(_, text)| text))
}

/// Returns whether a name can be written as an attribute of a class.
fn is_attribute(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        // Names with two underscores are changed within a class.
        && !name.starts_with("__")
        && !KEYWORDS.contains(&name)
}

/// Returns a string literal. JSON's escapes are also Python's.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

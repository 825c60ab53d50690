//! Declarations for TypeScript, and for JavaScript that TypeScript checks: `worker.d.ts` next to `worker.js`.

use std::fmt::Write as _;

use bedrock_build::WorkerName;
use bedrock_build::contract::{Contract, Definition, Struct, Type};

use crate::WorkerContract;

/// The first line of each file.
pub const HEADER: &str = "// Written by `cargo bedrock contracts`. Do not edit.\n";

/// The declaration of `invoke`. It is one signature, because the compiler names the wrong field of one only, not of
/// overloads.
const INVOKE: &str = include_str!("../stubs/invoke.d.ts");

/// The type of the names that `invoke` takes in addition to those of workers.
const OTHER_FUNCTION: &str = include_str!("../stubs/other_function.d.ts");

/// Returns the type as TypeScript writes it. Named types are in the namespace of the worker.
pub fn typescript_type(ty: &Type) -> String {
    match ty {
        Type::Any => "any".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Integer(_) | Type::Number => "number".to_owned(),
        Type::String(_) => "string".to_owned(),
        Type::List(inner) => match &**inner {
            Type::Nullable(_) => format!("({})[]", typescript_type(inner)),
            _ => format!("{}[]", typescript_type(inner)),
        },
        Type::Map(inner) => format!("{{ [name: string]: {} }}", typescript_type(inner)),
        Type::Reference(name) => name.clone(),
        Type::Nullable(inner) => format!("{} | null", typescript_type(inner)),
    }
}

/// The start of the declarations of `invoke` in the library.
const LIBRARY_INVOKE: &str = "export declare function invoke";
/// The parameters of the base class in the library, and what they are if the app has contracts.
const GENERIC_WORKER: [&str; 2] =
    ["Worker<Event = any, Response = any,", "Worker<Event = Contract['event'], Response = Contract['response'],"];

/// Returns the text of `worker.d.ts` for the worker called `own`. `library` declares what does not depend on the app: it
/// is the file of a new worker.
pub fn declarations(library: &str, own: &str, workers: &[WorkerContract]) -> String {
    let mut out = HEADER.to_owned();
    for block in library_blocks(library) {
        out.push_str(&block);
        out.push_str("\n\n");
    }
    out.push_str(OTHER_FUNCTION);
    let own_contract = workers.iter().find(|worker| worker.worker == own).and_then(|worker| worker.contract.as_ref());
    let (event, response) = match own_contract {
        Some(_) => (format!("{}.Event", namespace(own)), format!("{}.Response", namespace(own))),
        None => ("any".to_owned(), "any".to_owned()),
    };
    let _ = write!(
        out,
        "/** The event and the response of this worker. */\nexport type Contract = {{ event: {event}; response: {response} }};\n\n"
    );
    out.push_str("/** The workers of the app: what each of them takes and returns. */\nexport interface Workers {\n");
    for WorkerContract { worker, contract } in workers {
        let namespace = namespace(worker);
        let _ = match contract {
            Some(_) => writeln!(out, "  {worker}: {{ event: {namespace}.Event; response: {namespace}.Response }};"),
            None => writeln!(out, "  {worker}: {{ event: any; response: any }};"),
        };
    }
    out.push_str("}\n\n");
    out.push_str(INVOKE);
    for WorkerContract { worker, contract } in workers {
        if let Some(contract) = contract {
            write_namespace(&mut out, worker, contract);
        }
    }
    out
}

/// Returns the declarations of the library without its first line and without `invoke`.
fn library_blocks(library: &str) -> impl Iterator<Item = String> {
    let blocks = library.trim_end().split("\n\n").skip(1);
    let other = blocks.filter(|block| !block.lines().any(|line| line.starts_with(LIBRARY_INVOKE)));
    other.map(|block| {
        let [generic, of_app] = GENERIC_WORKER;
        block.replace(generic, of_app)
    })
}

/// Returns the name of the namespace with the types of a worker.
fn namespace(worker: &str) -> String {
    WorkerName::parse(worker).map_or_else(|_| worker.to_owned(), |name| name.class_name())
}

fn write_namespace(out: &mut String, worker: &str, contract: &Contract) {
    let _ = write!(out, "\n/** The types of the worker `{worker}`. */\nexport namespace {} {{\n", namespace(worker));
    for (name, root) in [("Event", &contract.event), ("Response", &contract.response)] {
        if *root != Type::Reference(name.to_owned()) {
            let _ = writeln!(out, "  type {name} = {};", typescript_type(root));
        }
    }
    for (name, definition) in &contract.definitions {
        let _ = match definition {
            Definition::Struct(one) => write!(out, "  interface {name} {{\n{}  }}\n", fields(one, None)),
            Definition::Enum(values) => {
                let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
                writeln!(out, "  type {name} = {};", values.join(" | "))
            }
            Definition::Union(union) => {
                let variants = union.variants.iter();
                let variants =
                    variants.map(|(value, one)| format!("{{\n{}  }}", fields(one, Some([&union.tag, value]))));
                writeln!(out, "  type {name} = {};", variants.collect::<Vec<_>>().join(" | "))
            }
        };
    }
    out.push_str("}\n");
}

/// `tag`: the name of a further field and its value.
fn fields(one: &Struct, tag: Option<[&str; 2]>) -> String {
    let tag = tag.map(|[name, value]| format!("    {}: {};\n", field_name(name), literal(value)));
    let own = one.fields.iter().map(|(name, field)| {
        let mark = if field.is_required { "" } else { "?" };
        format!("    {}{mark}: {};\n", field_name(name), typescript_type(&field.ty))
    });
    tag.into_iter().chain(own).collect()
}

/// Returns the name of a field, in quotes if it is not a word.
fn field_name(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word { name.to_owned() } else { literal(name) }
}

/// Returns a string literal. JSON's escapes are also TypeScript's.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

//! Writes the Rust types of a contract, which `bedrock::workers!()` puts into the caller's crate.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Contract, Definition, Range, Struct, Type, Union, references};
use super::names::{EVENT, RESPONSE};
use super::rust_names::{UniqueNames, field_name, variant_name};

const SERDE: &str = "::bedrock::__private::v1::serde";

/// Returns the Rust type, as it is written in the module of the worker.
pub fn rust_type(ty: &Type) -> String {
    match ty {
        Type::Any => "::bedrock::__private::v1::serde_json::Value".to_owned(),
        Type::Null => "()".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Integer(range) => integer_type(*range).to_owned(),
        Type::Number => "f64".to_owned(),
        Type::String(_) => "::std::string::String".to_owned(),
        Type::List(inner) => format!("::std::vec::Vec<{}>", rust_type(inner)),
        Type::Map(inner) => {
            format!("::std::collections::BTreeMap<::std::string::String, {}>", rust_type(inner))
        }
        Type::Reference(name) => name.clone(),
        Type::Nullable(inner) => format!("::core::option::Option<{}>", rust_type(inner)),
    }
}

fn integer_type(range: Range) -> &'static str {
    let Range { min, max } = range;
    let fits = |low: i64, high: i64| min >= low && max <= high;
    if min >= 0 {
        match max {
            0..=0xff => "u8",
            0x100..=0xffff => "u16",
            0x1_0000..=0xffff_ffff => "u32",
            _ => "u64",
        }
    } else if fits(i64::from(i8::MIN), i64::from(i8::MAX)) {
        "i8"
    } else if fits(i64::from(i16::MIN), i64::from(i16::MAX)) {
        "i16"
    } else if fits(i64::from(i32::MIN), i64::from(i32::MAX)) {
        "i32"
    } else {
        "i64"
    }
}

/// Returns the module with the types of the contract of `worker`.
pub fn rust_module(worker: &str, contract: &Contract) -> String {
    let mut out = format!("/// The types of the worker `{worker}`, from its contract.\npub mod {worker} {{\n");
    for (root, name, what) in [(&contract.event, EVENT, "event"), (&contract.response, RESPONSE, "response")] {
        if *root != Type::Reference(name.to_owned()) {
            let _ = writeln!(out, "/// The {what} of the worker `{worker}`.\npub type {name} = {};", rust_type(root));
        }
    }
    for (name, definition) in &contract.definitions {
        match definition {
            Definition::Struct(one) => write_struct(&mut out, contract, name, one),
            Definition::Enum(values) => write_enum(&mut out, name, values),
            Definition::Union(union) => write_union(&mut out, contract, name, union),
        }
    }
    out + "}\n"
}

fn write_derives(out: &mut String, more: &str) {
    let _ = writeln!(
        out,
        "#[derive(Debug, Clone, PartialEq, {more}{SERDE}::Serialize, {SERDE}::Deserialize)]\n#[serde(crate = \"{SERDE}\")]"
    );
}

fn write_struct(out: &mut String, contract: &Contract, name: &str, one: &Struct) {
    let can_be_empty = one.fields.values().all(|field| !field.is_required || matches!(field.ty, Type::Nullable(_)));
    write_derives(out, if can_be_empty { "Default, " } else { "" });
    let _ = writeln!(out, "pub struct {name} {{\n{}}}", fields(contract, name, one, "pub "));
}

fn write_enum(out: &mut String, name: &str, values: &[String]) {
    write_derives(out, "Copy, Eq, PartialOrd, Ord, Hash, ");
    let _ = writeln!(out, "pub enum {name} {{");
    let mut names = UniqueNames::new();
    for value in values {
        let _ = writeln!(out, "#[serde(rename = {value:?})]\n{},", names.add(variant_name(value)));
    }
    out.push_str("}\n");
}

fn write_union(out: &mut String, contract: &Contract, name: &str, union: &Union) {
    write_derives(out, "");
    let _ = writeln!(out, "#[serde(tag = {:?})]\npub enum {name} {{", union.tag);
    let mut names = UniqueNames::new();
    for (value, one) in &union.variants {
        let variant = names.add(variant_name(value));
        let _ = writeln!(out, "#[serde(rename = {value:?})]\n{variant} {{\n{}}},", fields(contract, name, one, ""));
    }
    out.push_str("}\n");
}

fn fields(contract: &Contract, owner: &str, one: &Struct, visibility: &str) -> String {
    let mut out = String::new();
    let mut names = UniqueNames::new();
    for (name, field) in &one.fields {
        let own_name = names.add(field_name(name));
        if own_name.trim_start_matches("r#") != name {
            let _ = writeln!(out, "#[serde(rename = {name:?})]");
        }
        let is_nullable = matches!(field.ty, Type::Nullable(_));
        let is_recursive = direct_reference(&field.ty).is_some_and(|target| reaches(contract, target, owner));
        let mut ty = if is_recursive { boxed_type(&field.ty) } else { rust_type(&field.ty) };
        if !field.is_required {
            ty = format!("::core::option::Option<{ty}>");
            let nullable = ", deserialize_with = \"::bedrock::__private::v1::present\"";
            let nullable = if is_nullable { nullable } else { "" };
            let _ =
                writeln!(out, "#[serde(default, skip_serializing_if = \"::core::option::Option::is_none\"{nullable})]");
        }
        let _ = writeln!(out, "{visibility}{own_name}: {ty},");
    }
    out
}

/// Returns the type of a field through which its struct contains itself.
fn boxed_type(ty: &Type) -> String {
    match ty {
        Type::Nullable(inner) => format!("::core::option::Option<{}>", boxed_type(inner)),
        other => format!("::std::boxed::Box<{}>", rust_type(other)),
    }
}

/// Returns the name of the type that a value of `ty` contains without a list or a map around it.
fn direct_reference(ty: &Type) -> Option<&str> {
    match ty {
        Type::Reference(name) => Some(name),
        Type::Nullable(inner) => direct_reference(inner),
        _ => None,
    }
}

/// Returns whether a value of the type `from` can contain one of the type `to` without a list or a map around it.
fn reaches(contract: &Contract, from: &str, to: &str) -> bool {
    let mut visited = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if visited.insert(name.clone()) {
            for ty in contract.definition(&name).into_iter().flat_map(Definition::types) {
                if direct_reference(ty).is_some() {
                    references(ty, &mut open);
                }
            }
        }
    }
    false
}

//! Joins the types of event and response, which a schema library may have written with the same names.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Contract, Definition, Struct, Type, references};
use super::names::{EVENT, RESPONSE};

/// What is added to the name of a type that the response has in another form than the event.
const OUTPUT: &str = "Output";

/// What is added to the name of a type that is called like a root.
const ITEM: &str = "Item";

/// A root and the named types that it uses.
#[derive(Debug, Clone)]
pub struct RootTypes {
    /// The type of the root.
    pub root: Type,
    /// The named types.
    pub definitions: BTreeMap<String, Definition>,
}

/// Returns the contract. A type with the same name and another form is renamed in the response.
pub fn join(event: RootTypes, response: RootTypes) -> Result<Contract, String> {
    let renamed = conflicts(&event, &response);
    let new_name = |name: &str| if renamed.contains(name) { format!("{name}{OUTPUT}") } else { name.to_owned() };
    let mut definitions = event.definitions;
    for (name, definition) in response.definitions {
        let name = new_name(&name);
        let definition = rename_definition(definition, &new_name);
        if definitions.get(&name).is_some_and(|known| *known != definition) {
            return Err(format!("two different types are called `{name}`"));
        }
        definitions.insert(name, definition);
    }
    let response = rename(response.root, &new_name);
    let mut contract = Contract { event: event.root, response, definitions };
    for name in [EVENT, RESPONSE] {
        let root = if name == EVENT { &contract.event } else { &contract.response };
        if *root != Type::Reference(name.to_owned()) && contract.definitions.contains_key(name) {
            contract = without_name(contract, name)?;
        }
    }
    contract.remove_unused();
    Ok(contract)
}

/// Renames a type that has the name of a root without being it, for example the items of an event that is a list.
fn without_name(contract: Contract, name: &str) -> Result<Contract, String> {
    let item = format!("{name}{ITEM}");
    if contract.definitions.contains_key(&item) {
        return Err(format!("two different types are called `{item}`"));
    }
    let new_name = |known: &str| if known == name { item.clone() } else { known.to_owned() };
    let definitions = contract.definitions.into_iter();
    Ok(Contract {
        event: rename(contract.event, &new_name),
        response: rename(contract.response, &new_name),
        definitions: definitions
            .map(|(name, definition)| (new_name(&name), rename_definition(definition, &new_name)))
            .collect(),
    })
}

/// Returns the names of the types whose form differs, and of the types that use them.
fn conflicts(event: &RootTypes, response: &RootTypes) -> BTreeSet<String> {
    let shared =
        || response.definitions.iter().filter_map(|(name, own)| Some((name, own, event.definitions.get(name)?)));
    let differs = shared().filter(|(_, own, other)| own != other).map(|(name, _, _)| name.clone());
    let mut renamed: BTreeSet<String> = differs.collect();
    loop {
        let uses_renamed = |definition: &Definition| {
            let mut names = Vec::new();
            definition.types().into_iter().for_each(|ty| references(ty, &mut names));
            names.iter().any(|name| renamed.contains(name))
        };
        let more: Vec<String> = shared()
            .filter(|(name, own, _)| !renamed.contains(*name) && uses_renamed(own))
            .map(|(name, _, _)| name.clone())
            .collect();
        if more.is_empty() {
            return renamed;
        }
        renamed.extend(more);
    }
}

fn rename(ty: Type, new_name: &dyn Fn(&str) -> String) -> Type {
    match ty {
        Type::Reference(name) => Type::Reference(new_name(&name)),
        Type::List(inner) => Type::List(Box::new(rename(*inner, new_name))),
        Type::Map(inner) => Type::Map(Box::new(rename(*inner, new_name))),
        Type::Nullable(inner) => Type::Nullable(Box::new(rename(*inner, new_name))),
        other => other,
    }
}

fn rename_definition(definition: Definition, new_name: &dyn Fn(&str) -> String) -> Definition {
    let rename_struct = |mut one: Struct| {
        for field in one.fields.values_mut() {
            field.ty = rename(std::mem::replace(&mut field.ty, Type::Any), new_name);
        }
        one
    };
    match definition {
        Definition::Struct(one) => Definition::Struct(rename_struct(one)),
        Definition::Enum(values) => Definition::Enum(values),
        Definition::Union(mut union) => {
            union.variants = union.variants.into_iter().map(|(value, one)| (value, rename_struct(one))).collect();
            Definition::Union(union)
        }
    }
}

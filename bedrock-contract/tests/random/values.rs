//! Random values of the types of a contract, as JSON.

use bedrock_build::contract::{Contract, Definition, Range, StringFormat, Struct, Type};
use serde_json::{Map, Value, json};

/// How deep a value is nested. A type that contains itself without an end has no values.
const MAX_DEPTH: usize = 12;

/// Random numbers that follow from a seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("a small number")
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// Returns a value of a type, or `None` if the value would be too deep.
pub(crate) fn value(contract: &Contract, ty: &Type, depth: usize, random: &mut Random) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = |ty: &Type, random: &mut Random| value(contract, ty, depth + 1, random);
    Some(match ty {
        Type::Any => {
            let values =
                [json!(null), json!([1, "a", null]), json!({ "a": { "b": true } }), json!(1.5), json!("\u{0}")];
            values[random.below(values.len())].clone()
        }
        Type::Null => Value::Null,
        Type::Bool => json!(random.below(2) == 0),
        Type::Integer(Range { min, max }) => {
            let numbers = [*min, *max, 0.clamp(*min, *max), min.midpoint(*max)];
            json!(numbers[random.below(numbers.len())])
        }
        Type::Number => {
            let numbers = [0.0, -1.5, 1e300, 5e-324, 0.1, 9_007_199_254_740_991.0, -123_456_789.125];
            json!(numbers[random.below(numbers.len())])
        }
        Type::String(format) => json!(text(*format, random)),
        Type::List(ty) => {
            // Far down lists and maps are empty.
            let count = if depth > 6 { 0 } else { random.below(3) };
            Value::Array((0..count).map(|_| inner(ty, random)).collect::<Option<_>>()?)
        }
        Type::Map(ty) => {
            let mut members = Map::new();
            for _ in 0..if depth > 6 { 0 } else { random.below(3) } {
                let name =
                    random.pick(&["", "a", "A", "from", "größe", "日本", "1", "a b", "\u{1f600}", "constructor"]);
                members.insert(name.to_owned(), inner(ty, random)?);
            }
            Value::Object(members)
        }
        Type::Nullable(_) if depth > 6 || random.below(3) == 0 => Value::Null,
        Type::Nullable(ty) => inner(ty, random)?,
        Type::Reference(name) => match contract.definition(name)? {
            Definition::Enum(values) => json!(values[random.below(values.len())]),
            Definition::Struct(one) => Value::Object(fields(contract, one, depth, random)?),
            Definition::Union(union) => {
                let variants: Vec<_> = union.variants.iter().collect();
                let (tag, one) = variants[random.below(variants.len())];
                let mut members = fields(contract, one, depth, random)?;
                members.insert(union.tag.clone(), json!(tag));
                Value::Object(members)
            }
        },
    })
}

fn fields(contract: &Contract, one: &Struct, depth: usize, random: &mut Random) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for (name, field) in &one.fields {
        if field.is_required || (depth < 6 && random.below(2) == 0) {
            members.insert(name.clone(), value(contract, &field.ty, depth + 1, random)?);
        }
    }
    Some(members)
}

fn text(format: StringFormat, random: &mut Random) -> &'static str {
    match format {
        StringFormat::Base64 => random.pick(&["", "AA==", "+/+/"]),
        other => match other.name() {
            "date-time" => random.pick(&["2026-11-29T23:59:59.123456789-11:30", "2024-02-29T00:00:00Z"]),
            "date" => random.pick(&["2024-02-29", "1999-12-31"]),
            "uuid" => "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "uri" => "https://example.com/a?b=%20#c",
            "email" => "größe@example.com",
            "decimal" => random.pick(&["0.10", "-12345678901234567890.000000000000000001", "+7"]),
            _ => random.pick(&["", "a", "größe", "日本語", "\u{1f600}\u{2028}", "\"\\/\n\u{0}", "null", "1E+3"]),
        },
    }
}

/// Replaces a random part of a value, which then often does not have its type any more.
pub(crate) fn damage(value: &mut Value, random: &mut Random) {
    let inner: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    if !inner.is_empty() && random.below(3) > 0 {
        let at = random.below(inner.len());
        if let Some(part) = inner.into_iter().nth(at) {
            damage(part, random);
        }
        return;
    }
    let others = [
        json!(null),
        json!(true),
        json!(9_007_199_254_740_993_u64),
        json!(-9_007_199_254_740_992_i64),
        json!(-1.5),
        json!("x"),
        json!([]),
        json!({}),
        json!({ "more": 1 }),
    ];
    *value = others[random.below(others.len())].clone();
}

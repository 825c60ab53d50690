//! Writes a TOML value as JSON text: this crate is part of every build script, and a JSON library for that would be too much.

use std::fmt::Write as _;

use toml::de::DeValue;

/// The text of a table, keys in their order; nothing for another value, or for one that JSON does not have.
pub(super) fn object(value: &DeValue<'_>) -> Option<String> {
    value.as_table()?;
    let mut text = String::new();
    write(value, &mut text)?;
    Some(text)
}

fn write(value: &DeValue<'_>, out: &mut String) -> Option<()> {
    match value {
        DeValue::String(text) => quote(text, out),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            out.push_str(&number.to_string());
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().ok().filter(|number: &f64| number.is_finite())?;
            // With a point or an exponent, so that it stays a number of that kind: `1.0`, `1e300`.
            write!(out, "{number:?}").ok()?;
        }
        DeValue::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        DeValue::Datetime(moment) => quote(&moment.to_string(), out),
        DeValue::Array(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value.get_ref(), out)?;
            }
            out.push(']');
        }
        DeValue::Table(table) => {
            out.push('{');
            for (at, (key, value)) in table.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(key.get_ref(), out);
                out.push(':');
                write(value.get_ref(), out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

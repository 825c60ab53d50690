//! Writes a TOML value as JSON text. A JSON library would be too large a dependency, because every app's build script
//! compiles this crate.

use std::fmt::Write as _;

use toml::de::DeValue;

/// Returns the JSON text of a table, with its keys in order. Returns `None` if `value` is not a table, or contains a
/// value that JSON cannot represent.
pub(super) fn object_text(value: &DeValue<'_>) -> Option<String> {
    value.as_table()?;
    value_text(value)
}

/// Returns the JSON text of a value, or `None` if it contains a value that JSON cannot represent.
pub(super) fn value_text(value: &DeValue<'_>) -> Option<String> {
    let mut text = String::new();
    write_value(value, &mut text)?;
    Some(text)
}

fn write_value(value: &DeValue<'_>, out: &mut String) -> Option<()> {
    match value {
        DeValue::String(text) => write_string(text, out),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            out.push_str(&number.to_string());
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().ok().filter(|number: &f64| number.is_finite())?;
            // `Debug` always writes a point or an exponent, so that the number stays a float: `1.0`, `1e300`.
            write!(out, "{number:?}").ok()?;
        }
        DeValue::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        DeValue::Datetime(date_time) => write_string(&date_time.to_string(), out),
        DeValue::Array(list) => {
            out.push('[');
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(value.get_ref(), out)?;
            }
            out.push(']');
        }
        DeValue::Table(table) => {
            out.push('{');
            for (i, (key, value)) in table.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(key.get_ref(), out);
                out.push(':');
                write_value(value.get_ref(), out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

fn write_string(text: &str, out: &mut String) {
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

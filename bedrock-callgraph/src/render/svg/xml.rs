//! Formats text and numbers for XML.

/// Escapes text and attribute values. Characters that XML does not allow are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Formats a number, rounded to a tenth of a pixel.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{escape, number};

    #[test]
    fn markup_in_text_is_escaped() {
        assert_eq!(escape("<a b=\"&\">\u{0}\u{1b}\n'é"), "&lt;a b=&quot;&amp;&quot;&gt; 'é");
    }

    #[test]
    fn numbers_are_rounded_to_one_decimal() {
        assert_eq!([1.0, 0.26, -0.04, 12.949].map(number), ["1", "0.3", "0", "12.9"]);
    }
}

//! Text and numbers as XML takes them.

/// For text and for values between quotes. Characters that XML has no word for are left out.
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

/// To a tenth of a pixel.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{escape, number};

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escape("<a b=\"&\">\u{0}\u{1b}\n'é"), "&lt;a b=&quot;&amp;&quot;&gt; 'é");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([1.0, 0.26, -0.04, 12.949].map(number), ["1", "0.3", "0", "12.9"]);
    }
}

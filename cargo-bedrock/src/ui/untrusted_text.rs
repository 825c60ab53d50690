//! Text that others wrote, such as log lines and error messages of functions, for a terminal. Colours are kept; every other
//! control character is shown instead of sent, so that a line can neither move the cursor nor set the title or clipboard.

use std::borrow::Cow;
use std::fmt::Write as _;

const ESCAPE: char = '\u{1b}';
/// Ends all colours.
const RESET: &str = "\u{1b}[0m";

/// Returns the text with colours, tabs and newlines as they are, and other control characters as `\x1b` or `\u{202e}`.
/// Colours that the text leaves on are ended.
pub(crate) fn displayable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + RESET.len());
    let mut is_colored = false;
    let mut rest = text;
    while let Some(at) = rest.find(is_hidden) {
        let (plain, hidden) = rest.split_at(at);
        shown.push_str(plain);
        if let Some(length) = color_sequence_length(hidden) {
            let (sequence, after) = hidden.split_at(length);
            shown.push_str(sequence);
            is_colored = true;
            rest = after;
            continue;
        }
        let mut characters = hidden.chars();
        if let Some(control) = characters.next() {
            let code = u32::from(control);
            // Writing to a string cannot fail.
            let _ = if control.is_ascii() { write!(shown, "\\x{code:02x}") } else { write!(shown, "\\u{{{code:x}}}") };
        }
        rest = characters.as_str();
    }
    shown.push_str(rest);
    if is_colored {
        shown.push_str(RESET);
    }
    Cow::Owned(shown)
}

/// Whether a terminal does something else with the character than to print it: control characters, and those that change
/// the direction of the text around them.
fn is_hidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the length in bytes of the sequence that sets colours or styles (SGR, ECMA-48) at the start of the text. `None` if
/// there is none.
fn color_sequence_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix(ESCAPE)?.strip_prefix('[')?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && !matches!(c, ';' | ':'))?;
    parameters[end..].starts_with('m').then_some(ESCAPE.len_utf8() + 1 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::displayable;
    use std::borrow::Cow;

    #[test]
    fn plain_text_is_unchanged() {
        for text in ["", "tab\tand\nnewline", "größer 日本 \u{1f980}"] {
            assert!(matches!(displayable(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn colours_are_kept_and_ended() {
        for text in ["\u{1b}[31mred", "\u{1b}[1;38:5:208mbold", "\u{1b}[mplain"] {
            assert_eq!(displayable(text), format!("{text}\u{1b}[0m"));
        }
    }

    #[test]
    fn other_controls_are_shown_instead_of_sent() {
        for (text, shown) in [
            ("\u{1b}[2Jgone", "\\x1b[2Jgone"),
            ("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07"),
            ("\u{1b}]52;c;aGk=\u{1b}\\", "\\x1b]52;c;aGk=\\x1b\\"),
            ("real\rforged", "real\\x0dforged"),
            ("back\u{8}\u{7f}\0", "back\\x08\\x7f\\x00"),
            ("\u{9b}2J \u{90}", "\\u{9b}2J \\u{90}"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("\u{1b}[31", "\\x1b[31"),
            ("\u{1b}", "\\x1b"),
        ] {
            assert_eq!(displayable(text), shown, "{text:?}");
        }
    }
}

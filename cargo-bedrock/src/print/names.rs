//! Colours by which functions are told apart in lines of several of them.

use anstyle::{AnsiColor, Style};

/// In turn. Red is for errors.
const COLORS: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Of the function with this number, from 0.
pub(crate) fn style_of(number: usize) -> Style {
    COLORS.get(number % COLORS.len()).map(|color| color.on_default()).unwrap_or_default()
}

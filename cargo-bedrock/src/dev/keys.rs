//! Actions of keys while the app runs. Reading keys is left to `terminal`.

use super::browser;
use super::output::Output;
use super::terminal::Keyboard;
use crate::ui::Printer;
use bedrock_diagnostics::Result;

/// Printed below the addresses, and for `?`.
pub(super) const HELP: &str = "r restart · c clear · g graph · o open · q quit · ? help";

/// Meaning of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Restart,
    Clear,
    Graph,
    Open,
    Quit,
    Help,
}

/// Action of a key that ends the dev server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyAction {
    /// Recompile the app and start a new server.
    Restart,
    Quit,
}

impl Key {
    /// Returns `None` for a key without a meaning.
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte.to_ascii_lowercase() {
            b'r' => Self::Restart,
            b'c' => Self::Clear,
            b'g' => Self::Graph,
            b'o' => Self::Open,
            b'q' => Self::Quit,
            b'h' | b'?' => Self::Help,
            _ => return None,
        })
    }
}

/// Handles keys.
pub(super) struct KeyHandler<'a> {
    pub(super) output: &'a Output,
    pub(super) print: Printer,
    /// URL of the page that `o` opens.
    pub(super) page: String,
}

impl KeyHandler<'_> {
    /// Handles keys until one ends the server. `graph` draws the call graph. Without a keyboard, this never ends.
    pub(super) async fn run<F>(&self, keyboard: &mut Option<Keyboard>, graph: impl Fn() -> F) -> KeyAction
    where
        F: Future<Output = Result<String>>,
    {
        while let Some(keyboard) = keyboard {
            let Some(byte) = keyboard.next_key().await else { break };
            match Key::from_byte(byte) {
                Some(Key::Restart) => return KeyAction::Restart,
                Some(Key::Quit) => return KeyAction::Quit,
                Some(Key::Clear) => self.output.clear(),
                Some(Key::Help) => self.output.text(HELP),
                Some(Key::Graph) => match graph().await {
                    Ok(text) => self.output.text(text.trim_end()),
                    Err(error) => self.print.error(&error),
                },
                Some(Key::Open) => match browser::open(&self.page) {
                    Ok(program) => self.output.text(&format!("opened {} with `{program}`", self.page)),
                    Err(message) => self.output.text(&message),
                },
                None => {}
            }
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::{HELP, Key};

    #[test]
    fn every_key_of_the_help_line_has_a_meaning() {
        for key in HELP.split(" · ").filter_map(|part| part.bytes().next()) {
            assert!(Key::from_byte(key).is_some(), "{}", char::from(key));
        }
        assert_eq!(Key::from_byte(b'x'), None);
        assert_eq!((Key::from_byte(b'R'), Key::from_byte(b'h')), (Some(Key::Restart), Some(Key::Help)));
    }
}

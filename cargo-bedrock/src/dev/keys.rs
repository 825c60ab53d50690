//! What keys mean while the app runs, and doing it. Where they come from is left to `terminal`.

use crate::print::Printer;
use bedrock_diagnostics::Result;

use super::browser;
use super::show::Show;
use super::terminal::Keyboard;

/// Shown below the addresses, and when somebody asks.
pub(super) const HELP: &str = "r restart · c clear · g graph · o open · q quit · ? this line";

/// What one key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Restart,
    Clear,
    Graph,
    Open,
    Quit,
    Help,
}

/// What is not done while the app runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To compile anew and replace all processes.
    Restart,
    /// To stop.
    Quit,
}

impl Key {
    fn of(byte: u8) -> Option<Self> {
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

/// What keys work on.
pub(super) struct Keys<'a> {
    pub(super) show: &'a Show,
    pub(super) print: Printer,
    /// Of the page that is opened.
    pub(super) page: String,
}

impl Keys<'_> {
    /// Does what keys ask for until one asks for an end. `graph` draws who calls whom. Without a keyboard nothing is asked.
    pub(super) async fn obey<F>(&self, keyboard: &mut Option<Keyboard>, graph: impl Fn() -> F) -> Asked
    where
        F: Future<Output = Result<String>>,
    {
        while let Some(keys) = keyboard {
            let Some(byte) = keys.next().await else { break };
            match Key::of(byte) {
                Some(Key::Restart) => return Asked::Restart,
                Some(Key::Quit) => return Asked::Quit,
                Some(Key::Clear) => self.show.clear(),
                Some(Key::Help) => self.show.text(HELP),
                Some(Key::Graph) => match graph().await {
                    Ok(picture) => self.show.text(picture.trim_end()),
                    Err(error) => self.print.error(&error),
                },
                Some(Key::Open) => match browser::open(&self.page) {
                    Ok(program) => self.show.text(&format!("opens {} with `{program}`", self.page)),
                    Err(why) => self.show.text(&why),
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
    fn each_key_of_the_help_line_means_something() {
        for key in HELP.split(" · ").filter_map(|part| part.bytes().next()) {
            assert!(Key::of(key).is_some(), "{}", char::from(key));
        }
        assert_eq!(Key::of(b'x'), None);
        assert_eq!((Key::of(b'R'), Key::of(b'h')), (Some(Key::Restart), Some(Key::Help)));
    }
}

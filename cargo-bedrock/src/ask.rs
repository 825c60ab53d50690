//! Asking the user, which is done on a terminal alone and never in CI.

use std::io::{self, IsTerminal};

use bedrock_build::Language;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;

use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// Whether somebody is there to answer.
pub(crate) fn is_possible() -> bool {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    io::stdin().is_terminal() && io::stderr().is_terminal() && !in_ci
}

/// The language of a new worker. The caller watches for Ctrl-C, which ends the question with an error.
pub(crate) fn language(worker: &str) -> Result<Language> {
    let choices = [Language::Rust, Language::Python, Language::JavaScript];
    let term = Term::stderr();
    let answer = dialoguer::Select::with_theme(&SimpleTheme)
        .with_prompt(format!("language of worker `{worker}`"))
        .items(choices.map(Language::as_str))
        .default(0)
        .interact_on_opt(&term);
    match answer {
        Ok(Some(index)) => Ok(choices[index]),
        // Escape or `q`.
        Ok(None) => Err(Interrupt::error()),
        Err(error) => {
            // The question hides the cursor and does not show it again when it is interrupted.
            let _ = term.show_cursor();
            match io::Error::from(error) {
                error if error.kind() == io::ErrorKind::Interrupted => Err(Interrupt::error()),
                error => Err(Error::io("failed to ask for the language", &error)),
            }
        }
    }
}

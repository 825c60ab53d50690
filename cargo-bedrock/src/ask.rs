//! Asking the user, which is done on a terminal alone and never in CI.

use std::io::{self, IsTerminal};

use bedrock_build::Language;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;

use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, Result};

/// Whether somebody is there to answer.
pub(crate) fn is_possible() -> bool {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    io::stdin().is_terminal() && io::stderr().is_terminal() && !in_ci
}

/// An error unless the user says yes.
pub(crate) fn agreed(question: &str) -> Result<()> {
    refuse_unasked(question)?;
    let answer = dialoguer::Confirm::with_theme(&SimpleTheme).with_prompt(question).default(false);
    match answer.interact_on_opt(&Term::stderr()) {
        Ok(Some(true)) => Ok(()),
        Ok(_) => Err(Interrupt::error()),
        Err(error) => Err(unanswered(error)),
    }
}

/// An error unless the user types `name`.
pub(crate) fn typed(name: &str, question: &str) -> Result<()> {
    refuse_unasked(question)?;
    let prompt = format!("{question} type `{name}`");
    let answer = dialoguer::Input::<String>::with_theme(&SimpleTheme).with_prompt(prompt).allow_empty(true);
    match answer.interact_text_on(&Term::stderr()) {
        Ok(answer) if answer.trim() == name => Ok(()),
        Ok(_) => Err(Error::call(format!("that is not `{name}`, nothing was changed"))),
        Err(error) => Err(unanswered(error)),
    }
}

fn refuse_unasked(question: &str) -> Result<()> {
    if is_possible() {
        return Ok(());
    }
    Err(Error::call(format!("nobody is there to answer: {question}"))
        .help("`--yes` says yes, `--dry-run` shows what would be done"))
}

/// The question hides the cursor and does not show it again when it is interrupted.
fn unanswered(error: dialoguer::Error) -> Error {
    let _ = Term::stderr().show_cursor();
    match io::Error::from(error) {
        error if error.kind() == io::ErrorKind::Interrupted => Interrupt::error(),
        error => Error::io("failed to ask", &error),
    }
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

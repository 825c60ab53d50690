//! Prompts. They need a terminal and are never shown in CI.

use std::io::{self, IsTerminal};

use bedrock_templates::WorkerTemplate;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;

use bedrock_diagnostics::{Error, Interrupt, Result};

/// Whether the user can be asked.
pub(crate) fn is_possible() -> bool {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    io::stdin().is_terminal() && io::stderr().is_terminal() && !is_ci
}

/// Asks a yes/no question. Returns an error unless the user answers yes.
pub(crate) fn confirm(question: &str) -> Result<()> {
    require_terminal(question)?;
    let prompt = dialoguer::Confirm::with_theme(&SimpleTheme).with_prompt(question).default(false);
    match prompt.interact_on_opt(&Term::stderr()) {
        Ok(Some(true)) => Ok(()),
        Ok(_) => Err(Interrupt::error()),
        Err(error) => Err(prompt_error(error)),
    }
}

/// Asks the user to type `name`. Returns an error for any other text.
pub(crate) fn confirm_by_typing(name: &str, question: &str) -> Result<()> {
    require_terminal(question)?;
    let text = format!("{question} type `{name}`");
    let prompt = dialoguer::Input::<String>::with_theme(&SimpleTheme).with_prompt(text).allow_empty(true);
    match prompt.interact_text_on(&Term::stderr()) {
        Ok(answer) if answer.trim() == name => Ok(()),
        Ok(_) => Err(Error::call(format!("the answer is not `{name}`, nothing was changed"))),
        Err(error) => Err(prompt_error(error)),
    }
}

/// Asks for the language of a new worker. The caller watches for Ctrl-C, which ends the prompt with an error.
pub(crate) fn select_language(worker: &str) -> Result<WorkerTemplate> {
    let choices = WorkerTemplate::ALL;
    let prompt = dialoguer::Select::with_theme(&SimpleTheme)
        .with_prompt(format!("language of worker `{worker}`"))
        .items(choices.map(WorkerTemplate::as_str))
        .default(0);
    match prompt.interact_on_opt(&Term::stderr()) {
        Ok(Some(index)) => Ok(choices[index]),
        // Escape or `q`.
        Ok(None) => Err(Interrupt::error()),
        Err(error) => Err(prompt_error(error)),
    }
}

fn require_terminal(question: &str) -> Result<()> {
    if is_possible() {
        return Ok(());
    }
    Err(Error::call(format!("cannot ask for confirmation without a terminal: {question}"))
        .help("use `--yes` to confirm, or `--dry-run` to show the plan"))
}

fn prompt_error(error: dialoguer::Error) -> Error {
    // The prompt hides the cursor and does not show it again when it is interrupted.
    let _ = Term::stderr().show_cursor();
    match io::Error::from(error) {
        error if error.kind() == io::ErrorKind::Interrupted => Interrupt::error(),
        error => Error::io("failed to read the answer to a prompt", &error),
    }
}

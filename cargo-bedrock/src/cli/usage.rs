//! Mistakes in the command line, told in the form of all other messages.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use bedrock_diagnostics::Error;

/// Whether `error` is one; else it is help or the version.
pub(super) fn is_mistake(error: &clap::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::MissingSubcommand
    )
}

/// The mistake, what was probably meant, and how the command is used.
pub(super) fn explain(error: &clap::Error) -> Error {
    let told = Error::call(message(error));
    let told = suggestion(error).into_iter().fold(told, Error::help);
    match text(error, ContextKind::Usage) {
        Some(usage) => told.help(format!("usage: `{}`", usage.trim_start_matches("Usage:").trim())),
        None => told.help("`cargo bedrock --help` lists the commands"),
    }
}

fn message(error: &clap::Error) -> String {
    let argument = || text(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = || text(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            format!("no command named `{}`", text(error, ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument => format!("unexpected argument `{}`", argument()),
        ErrorKind::MissingRequiredArgument => format!("missing argument `{}`", argument()),
        ErrorKind::InvalidValue if value().is_empty() => format!("missing value of `{}`", argument()),
        ErrorKind::InvalidValue => format!("`{}` cannot be the value of `{}`", value(), argument()),
        ErrorKind::ArgumentConflict => match text(error, ContextKind::PriorArg) {
            Some(other) if other != argument() => format!("`{}` does not go with `{other}`", argument()),
            _ => format!("`{}` is given twice", argument()),
        },
        // Whatever clap says in its first line, in our form.
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error:").trim().replace('\'', "`")
        }
    }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    if let Some(near) = text(error, ContextKind::SuggestedSubcommand) {
        return Some(format!("a command with a similar name exists: {}", quoted(&near)));
    }
    if let Some(near) = text(error, ContextKind::SuggestedArg) {
        return Some(format!("an argument with a similar name exists: `{near}`"));
    }
    text(error, ContextKind::ValidValue)
        .filter(|values| !values.is_empty())
        .map(|values| format!("the values are {}", quoted(&values)))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        _ => None,
    }
}

fn quoted(list: &str) -> String {
    list.split(", ").map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}

//! Usage errors in the format of all other messages.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use bedrock_diagnostics::Error;

/// Whether `error` is a usage error. Otherwise it is the help text or the version.
pub(super) fn is_usage_error(error: &clap::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::MissingSubcommand
    )
}

/// Converts a usage error of clap. The help lines have a suggestion, if there is one, and the usage of the command.
pub(super) fn to_error(usage_error: &clap::Error) -> Error {
    let error = Error::call(message(usage_error));
    let error = suggestion(usage_error).into_iter().fold(error, Error::help);
    match text(usage_error, ContextKind::Usage) {
        Some(usage) => error.help(format!("usage: `{}`", usage.trim_start_matches("Usage:").trim())),
        None => error.help("`cargo bedrock --help` lists the commands"),
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
        ErrorKind::InvalidValue => format!("invalid value `{}` of `{}`", value(), argument()),
        ErrorKind::ArgumentConflict => match text(error, ContextKind::PriorArg) {
            Some(other) if other != argument() => format!("`{}` cannot be used with `{other}`", argument()),
            _ => format!("`{}` is given twice", argument()),
        },
        // Use the first line of clap's message.
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error:").trim().replace('\'', "`")
        }
    }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    if let Some(similar) = text(error, ContextKind::SuggestedSubcommand) {
        return Some(format!("a command with a similar name exists: {}", quoted(&similar)));
    }
    if let Some(similar) = text(error, ContextKind::SuggestedArg) {
        return Some(format!("an argument with a similar name exists: `{similar}`"));
    }
    text(error, ContextKind::ValidValue)
        .filter(|values| !values.is_empty())
        .map(|values| format!("possible values: {}", quoted(&values)))
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

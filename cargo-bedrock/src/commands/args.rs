//! Arguments that several commands share. A command flattens them into its own.

use clap::{Args, ValueEnum};

/// Flags of commands that show a plan and ask for confirmation before they carry it out.
#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Show the plan without carrying it out
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Output format of commands that print a stream of events.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Output format: human-readable, or newline-delimited JSON
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: MessageFormat,
}

impl OutputArgs {
    /// Whether the output is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.message_format.is_json()
    }
}

/// Value of `--message-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    Human,
    Json,
}

impl MessageFormat {
    /// Whether the output is JSON.
    pub(crate) fn is_json(self) -> bool {
        self == Self::Json
    }
}

//! `cargo bedrock man`: writes manual pages, one for each command.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;

use crate::session::Session;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock man | man -l -
  cargo bedrock man --dir ~/.local/share/man/man1";

/// Print the manual page, or write the pages of all commands
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Man {
    /// Write one page for each command to this folder, replacing pages of the same name
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    /// `command` is the complete command line.
    pub(crate) fn run(self, session: &Session, mut command: clap::Command) -> Result<()> {
        command.build();
        let Some(dir) = self.dir else {
            return Printer::data(&String::from_utf8_lossy(&render(command)?));
        };
        let folder = session.dir.join(&dir);
        fs::create_dir_all(&folder)
            .map_err(|error| Error::io(format!("failed to create the folder `{}`", dir.display()), &error))?;
        let mut pages = Vec::new();
        collect(&command, &mut pages);
        for command in &pages {
            let name = format!("{}.1", command.get_display_name().unwrap_or(command.get_name()));
            fs::write(folder.join(&name), render(command.clone())?)
                .map_err(|error| Error::io(format!("failed to write `{}`", dir.join(&name).display()), &error))?;
        }
        session.print.done(&format!("wrote {} pages to `{}`", pages.len(), dir.display()));
        Ok(())
    }
}

/// Collects `command` and all of its subcommands, except `help`, which has no page of its own, and those that only programs call.
fn collect(command: &clap::Command, pages: &mut Vec<clap::Command>) {
    pages.push(command.clone());
    let has_page = |subcommand: &&clap::Command| subcommand.get_name() != "help" && !subcommand.is_hide_set();
    for subcommand in command.get_subcommands().filter(has_page) {
        collect(subcommand, pages);
    }
}

fn render(command: clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page).map_err(|error| Error::io("failed to render a manual page", &error))?;
    Ok(page)
}

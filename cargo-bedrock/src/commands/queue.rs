//! `cargo bedrock queue`: the events that a local app has accepted and not finished, and what can be done with them by hand.

use std::time::Duration;

use bedrock_dev::{Listed, State};
use clap::{Args, Subcommand};

use crate::print::Printer;
use crate::queued::{self, Queued, delivered};
use crate::session::Session;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock queue ls
  cargo bedrock queue show 0b1c2d3e
  cargo bedrock queue retry --all
  cargo bedrock queue ls --delivered

An event is named by its request id, or by the first characters of it. The queue is a file in `target/bedrock`; it can be
changed while the app runs.";

/// How often to look whether the queue is empty.
const LOOK: Duration = Duration::from_millis(100);

/// Look at the events that wait or were given up, and change them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Queue {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show all events
    Ls {
        /// Show what went to destinations that are not of this app, which is kept here, and not sent
        #[arg(long)]
        delivered: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one event as JSON, with its payload and what its last attempt came to
    Show {
        /// The event
        #[arg(value_name = "EVENT")]
        id: String,
    },
    /// Run events again, as if they were new
    Retry(Chosen),
    /// Forget events
    Drop(Chosen),
    /// Run everything that waits at once, and wait until it is done
    Drain,
}

#[derive(Debug, Args)]
struct Chosen {
    /// The events
    #[arg(value_name = "EVENT", required_unless_present = "all")]
    ids: Vec<String>,
    /// All that were given up
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

impl Queue {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let queued = Queued::of(&session.app()?)?;
        match self.command {
            Command::Ls { delivered: true, json: true } => Printer::data(&delivered::json(&queued.delivered()?)?),
            Command::Ls { delivered: true, json: false } => match queued.delivered()?.as_slice() {
                [] => {
                    session.print.note("nothing went to a destination");
                    Ok(())
                }
                all => Printer::data(&delivered::table(all)),
            },
            Command::Ls { json: true, .. } => Printer::data(&queued::json(&queued.list()?)?),
            Command::Ls { json: false, .. } => match queued.list()?.as_slice() {
                [] => {
                    session.print.note("no events");
                    Ok(())
                }
                events => Printer::data(&queued::table(events)),
            },
            Command::Show { id } => Printer::data(&queued::json_of(&queued.one(&id)?)?),
            Command::Retry(chosen) => {
                let changed = chosen.change(&queued, Queued::retry)?;
                session.print.done(&format!("made {} due now", queued::count(changed)));
                Ok(())
            }
            Command::Drop(chosen) => {
                let changed = chosen.change(&queued, Queued::forget)?;
                session.print.done(&format!("forgot {}", queued::count(changed)));
                Ok(())
            }
            Command::Drain => drain(&queued, session),
        }
    }
}

impl Chosen {
    /// Changes each of them; gives their number.
    fn change(&self, queued: &Queued, how: impl Fn(&Queued, &Listed) -> Result<bool>) -> Result<usize> {
        let events = if self.all {
            let is_dead = |listed: &Listed| matches!(listed.state, State::Dead(_));
            queued.list()?.into_iter().filter(is_dead).collect()
        } else {
            // All of them are known before one is changed.
            self.ids.iter().map(|id| queued.one(id)).collect::<Result<Vec<_>>>()?
        };
        for listed in &events {
            if !how(queued, listed)? {
                let message = format!("event `{}` is being run", listed.event.id);
                return Err(Error::call(message).help("wait until it is done: `cargo bedrock queue ls`"));
            }
        }
        Ok(events.len())
    }
}

fn drain(queued: &Queued, session: &Session) -> Result<()> {
    if !queued.is_run()? {
        return Err(Error::call("no program runs the events of this app"));
    }
    let open = |queued: &Queued| -> Result<usize> {
        Ok(queued.list()?.iter().filter(|listed| !matches!(listed.state, State::Dead(_))).count())
    };
    let begun = open(queued)?;
    while open(queued)? > 0 {
        // What fails waits for its next attempt, which is due now, too.
        queued.hurry()?;
        std::thread::sleep(LOOK);
    }
    session.print.done(&format!("ran {}", queued::count(begun)));
    Ok(())
}

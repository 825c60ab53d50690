//! `cargo bedrock queue`: lists and changes the events that a local app has accepted and not finished.

use std::time::Duration;

use bedrock_dev::event_log::Redactions;
use bedrock_dev::{EventRecord, EventState};
use clap::{Args, Subcommand};

use crate::event_queue::{self, QueueFile};
use crate::session::Session;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
An event is identified by its request id, or by the first characters of it. The queue is a file in `target/bedrock`; it \
can be changed while the app runs.

Examples:
  cargo bedrock queue ls
  cargo bedrock queue show 0b1c2d3e
  cargo bedrock queue retry --all
  cargo bedrock queue ls --delivered";

const LS_EXAMPLES: &str = "\
Examples:
  cargo bedrock queue ls
  cargo bedrock queue ls --json | jq -r '.events[].id'
  cargo bedrock queue ls --delivered";

const SHOW_EXAMPLES: &str = "\
Examples:
  cargo bedrock queue show 0b1c2d3e
  cargo bedrock queue show 0b1c2d3e | jq .payload";

const RETRY_EXAMPLES: &str = "\
Examples:
  cargo bedrock queue retry 0b1c2d3e
  cargo bedrock queue retry --all";

const DROP_EXAMPLES: &str = "\
Examples:
  cargo bedrock queue drop 0b1c2d3e
  cargo bedrock queue drop --all";

const DRAIN_EXAMPLES: &str = "\
Examples:
  cargo bedrock queue drain";

/// Interval between two checks of whether the queue is empty.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// List, retry or delete pending and failed events
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Queue {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// List all events
    #[command(after_help = LS_EXAMPLES)]
    Ls {
        /// List the deliveries to destinations outside the app, which are stored here instead of being sent
        #[arg(long)]
        delivered: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one event as JSON, with its payload and the error of its last attempt
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// Request id of the event, or its first characters
        #[arg(value_name = "EVENT")]
        id: String,
    },
    /// Run events again, as if they were new
    #[command(after_help = RETRY_EXAMPLES)]
    Retry(EventSelection),
    /// Delete events
    #[command(after_help = DROP_EXAMPLES)]
    Drop(EventSelection),
    /// Run all waiting events at once, and wait until they are finished
    #[command(after_help = DRAIN_EXAMPLES)]
    Drain,
}

#[derive(Debug, Args)]
struct EventSelection {
    /// Request ids of the events, or their first characters
    #[arg(value_name = "EVENT", required_unless_present = "all")]
    ids: Vec<String>,
    /// Select all events that have failed permanently
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

impl Queue {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let redactions = Redactions::of(&app);
        let queue = QueueFile::open(&app)?;
        match self.command {
            QueueCommand::Ls { delivered: true, json: true } => {
                Printer::data(&event_queue::deliveries_json(&queue.deliveries()?, &redactions)?)
            }
            QueueCommand::Ls { delivered: true, json: false } => match queue.deliveries()?.as_slice() {
                [] => {
                    session.print.note("no deliveries to destinations");
                    Ok(())
                }
                deliveries => Printer::data(&event_queue::deliveries_table(deliveries)),
            },
            QueueCommand::Ls { json: true, .. } => {
                Printer::data(&event_queue::events_json(&queue.list()?, &redactions)?)
            }
            QueueCommand::Ls { json: false, .. } => match queue.list()?.as_slice() {
                [] => {
                    session.print.note("no events");
                    Ok(())
                }
                events => Printer::data(&event_queue::events_table(events)),
            },
            QueueCommand::Show { id } => Printer::data(&event_queue::event_json(&queue.find(&id)?, &redactions)?),
            QueueCommand::Retry(selection) => {
                let count = selection.change(&queue, QueueFile::retry)?;
                session.print.done(&format!("made {} due now", event_queue::count_text(count)));
                Ok(())
            }
            QueueCommand::Drop(selection) => {
                let count = selection.change(&queue, QueueFile::delete)?;
                session.print.done(&format!("deleted {}", event_queue::count_text(count)));
                Ok(())
            }
            QueueCommand::Drain => drain(&queue, session),
        }
    }
}

impl EventSelection {
    /// Applies `change` to each selected event. Returns the number of events.
    fn change(&self, queue: &QueueFile, change: impl Fn(&QueueFile, &EventRecord) -> Result<bool>) -> Result<usize> {
        let events = if self.all {
            let is_dead = |event: &EventRecord| matches!(event.state, EventState::Dead(_));
            queue.list()?.into_iter().filter(is_dead).collect()
        } else {
            // Find all events before the first one is changed.
            self.ids.iter().map(|id| queue.find(id)).collect::<Result<Vec<_>>>()?
        };
        for event in &events {
            if !change(queue, event)? {
                let message = format!("event `{}` is running", event.event.id);
                return Err(Error::call(message).help("wait until it is finished: `cargo bedrock queue ls`"));
            }
        }
        Ok(events.len())
    }
}

fn drain(queue: &QueueFile, session: &Session) -> Result<()> {
    if !queue.has_runner()? {
        return Err(Error::call("no running program processes the events of this app")
            .help("start `cargo bedrock dev` in another terminal"));
    }
    let count_pending = || -> Result<usize> {
        Ok(queue.list()?.iter().filter(|event| !matches!(event.state, EventState::Dead(_))).count())
    };
    let pending = count_pending()?;
    while count_pending()? > 0 {
        // An event that fails waits for its next attempt, so make all of them due again.
        queue.make_due()?;
        std::thread::sleep(POLL_INTERVAL);
    }
    session.print.done(&format!("ran {}", event_queue::count_text(pending)));
    Ok(())
}

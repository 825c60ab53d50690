//! What `doctor` looks at: whether this machine and the app's settings are fit for what the app is.
//!
//! | module | holds |
//! | --- | --- |
//! | [`facts`] | what the app has, as far as tools depend on it |
//! | [`needs`] | which tools that takes, and which are useful |
//! | [`probe`] | asking a tool for its version, within a limit of time |
//! | [`verdict`] | what an answer means: fine, worth a note, an error |
//! | [`limits`], [`credentials`] | findings that take no tool |
//! | [`finding`] | the result, for people and for machines |
//!
//! AWS is asked only with `--online`.

mod credentials;
mod facts;
mod finding;
mod limits;
mod needs;
mod probe;
mod verdict;

use std::thread;
use std::time::Duration;

use crate::aws::{self, Access};
use crate::session::Session;
use crate::tool::Tools;
use bedrock_diagnostics::{Error, Result};
pub(crate) use facts::Facts;
pub(crate) use finding::{Finding, Report};

/// How to look.
#[derive(Debug)]
pub(crate) struct Options {
    /// How long a tool may take to say its version.
    pub(crate) limit: Duration,
    /// Ask AWS whose credentials these are.
    pub(crate) online: bool,
    pub(crate) access: Access,
}

/// Everything that is to be said, in the order in which it is.
pub(crate) fn examine(session: &Session, options: &Options) -> Result<Report> {
    let (facts, mut findings) = Facts::of(session);
    let tools = Tools::watch()?;
    let needs = needs::of(&facts);
    let answers = thread::scope(|scope| {
        let (facts, tools) = (&facts, &tools);
        let ask = |need| scope.spawn(move || probe::ask(need, &facts.root, options.limit, tools));
        let asked: Vec<_> = needs.iter().map(ask).collect();
        asked.into_iter().map(|thread| thread.join().unwrap_or(probe::Answer::Missing)).collect::<Vec<_>>()
    });
    tools.check()?;
    findings.extend(needs.iter().zip(&answers).map(|(need, answer)| verdict::of(need, answer)));
    findings.extend(limits::of(&facts, &aws::day(std::time::SystemTime::now())));
    findings.push(if options.online { online(&options.access)? } else { credentials::present(&options.access) });
    Ok(Report { app: facts.name(), findings })
}

/// A machine without credentials is a finding; a Ctrl-C is none.
fn online(access: &Access) -> Result<Finding> {
    let asked = aws::run(access, async |aws| Ok(aws.place));
    match asked {
        Ok(place) => {
            Ok(Finding::fine("credentials", format!("AWS knows them: account {}, {}", place.account, place.region)))
        }
        Err(error) if error.kind == bedrock_diagnostics::ExitKind::Interrupted => Err(error),
        Err(error) => Ok(of_error("credentials", error)),
    }
}

/// The first report of an error, as a finding.
fn of_error(subject: &str, error: Error) -> Finding {
    let report = error.reports.into_iter().next().unwrap_or_default();
    let message = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
    Finding { help: report.help, ..Finding::error(subject, message) }
}

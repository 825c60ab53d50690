//! The logs of all functions together: asked for side by side, shown in the order of time, once or until Ctrl-C.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::event::{Event, Invocations};
use super::fetch;
use super::show::Form;
use super::window::Window;
use crate::aws::{self, Access, Aws, Failure};
use crate::deploy::Stage;
use crate::print::Printer;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, Result};

/// Questions in flight: an account may ask some ten times a second.
const SIDE_BY_SIDE: usize = 5;
/// Between two looks at the logs.
const PAUSE: Duration = Duration::from_secs(2);

/// A function whose log is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The worker's name, or `endpoint`.
    pub(crate) name: String,
    /// Of its log.
    pub(crate) group: String,
}

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) sources: Vec<Source>,
    pub(crate) stage: Stage,
    pub(crate) since: Duration,
    pub(crate) follow: bool,
    pub(crate) json: bool,
}

/// Shows the logs. Ctrl-C is the ordinary end of following, and an error of everything else.
pub(crate) fn tail(request: &Request, access: &Access, interrupt: &Interrupt, print: Printer) -> Result<()> {
    let shown = aws::run(access, async |aws| {
        tokio::select! {
            shown = show(request, &aws, print) => shown,
            () = interrupt.requested() => Ok(Some(Interrupted)),
        }
    })?;
    match shown {
        Some(Interrupted) if !request.follow => Err(Interrupt::error()),
        _ => Ok(()),
    }
}

struct Interrupted;

/// What is known of one function.
struct Known {
    window: Window,
    invocations: Invocations,
    is_missing: bool,
}

async fn show(request: &Request, aws: &Aws, print: Printer) -> Result<Option<Interrupted>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = i64::try_from(now.saturating_sub(request.since).as_millis()).unwrap_or_default();
    let known = || Known { window: Window::new(since), invocations: Invocations::default(), is_missing: false };
    let mut all: Vec<Known> = request.sources.iter().map(|_| known()).collect();
    let form = Form::new(request.json, request.sources.iter().map(|source| source.name.clone()).collect());
    let (mut is_first, mut is_cut) = (true, false);
    loop {
        let starts: Vec<i64> = all.iter().map(|known| known.window.start()).collect();
        let answers = match ask(request, aws, &starts).await {
            Ok(answers) => answers,
            // Whoever follows for hours does not want to begin again because the network was away for a minute.
            Err((source, failure)) if !is_first && may_pass(&failure) => {
                if !is_cut {
                    let error = failed(&source, failure);
                    print.warning(&format!("{}, trying again", error.reports[0].message));
                }
                is_cut = true;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err((source, failure)) => return Err(failed(&source, failure)),
        };
        is_cut = false;
        for (known, answer) in all.iter_mut().zip(&answers) {
            known.is_missing = answer.is_none();
        }
        if is_first {
            say_missing(request, &all, print)?;
        }
        let text = lines(&form, &mut all, answers);
        let is_read = text.is_empty() || print.colored_data(&text)?;
        if !request.follow || !is_read {
            return Ok(None);
        }
        is_first = false;
        tokio::time::sleep(PAUSE).await;
    }
}

/// The answer for each function, in their order.
async fn ask(
    request: &Request,
    aws: &Aws,
    starts: &[i64],
) -> std::result::Result<Vec<Option<Vec<Event>>>, (Source, Failure)> {
    let room = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut asked = JoinSet::new();
    for (index, (source, start)) in request.sources.iter().zip(starts).enumerate() {
        let (aws, group, start, room) = (aws.clone(), source.group.clone(), *start, Arc::clone(&room));
        asked.spawn(async move {
            // The semaphore is never closed.
            let _turn = room.acquire().await;
            (index, fetch::events(&aws, &group, start).await)
        });
    }
    let mut answers: Vec<Option<Vec<Event>>> = vec![None; request.sources.len()];
    // None of these tasks panics or is ended early.
    while let Some(Ok((index, answer))) = asked.join_next().await {
        answers[index] = answer.map_err(|failure| (request.sources[index].clone(), failure))?;
    }
    Ok(answers)
}

fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::NotSent(_) | Failure::Lost(_) => true,
        Failure::Refused { status, .. } => *status >= 500 || failure.is("ThrottlingException"),
        Failure::NoCredentials(_) => false,
    }
}

fn failed(source: &Source, failure: Failure) -> Error {
    failure.app(format!("failed to read the log `{}`", source.group))
}

/// The new events of all functions, the oldest first.
fn lines(form: &Form, all: &mut [Known], answers: Vec<Option<Vec<Event>>>) -> String {
    let mut shown: Vec<(i64, usize, String)> = Vec::new();
    for (index, (known, answer)) in all.iter_mut().zip(answers).enumerate() {
        for event in known.window.take(answer.unwrap_or_default()) {
            let id = known.invocations.of(&event);
            shown.push((event.time, index, form.lines(index, &event, id.as_deref())));
        }
    }
    // Events of one time stay in the order of their function.
    shown.sort_by_key(|(time, index, _)| (*time, *index));
    shown.into_iter().map(|(_, _, text)| text).collect()
}

/// Functions without a log; that none has one is an error, unless somebody waits for it.
fn say_missing(request: &Request, all: &[Known], print: Printer) -> Result<()> {
    let missing = request.sources.iter().zip(all).filter(|(_, known)| known.is_missing);
    let missing: Vec<&str> = missing.map(|(source, _)| source.name.as_str()).collect();
    if missing.len() == all.len() && !request.follow {
        let group = request.sources.first().map_or("", |source| source.group.as_str());
        return Err(Error::app(format!("stage `{}` has no logs", request.stage.as_str()))
            .cause(format!(
                "there is no log group `{group}`{}",
                if all.len() > 1 { ", nor any of the others" } else { "" }
            ))
            .help("deploy the stage first, or look at its name, the profile and the region"));
    }
    if !missing.is_empty() {
        let list = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        print.note(&format!("no log yet: {list}"));
    }
    Ok(())
}

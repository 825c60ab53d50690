//! Checks the calls of an app: unknown names, computed names without a declaration, and declarations that contradict the
//! code.

use bedrock_build::{App, Language, Problem};

use super::call_targets::CallTargets;
use super::model::invokes;
use super::node::{NodeName, SourceLine};

/// An error or a warning about the calls of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The severity.
    pub level: Level,
    /// Message and help.
    pub problem: Problem,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The graph would be wrong.
    Error,
    /// The graph is correct, but the code is suspicious.
    Warning,
}

/// Returns all findings about the calls of `caller`. `unreadable` are the lines of syntax errors in its files.
pub(crate) fn check(app: &App, caller: &NodeName, calls: &CallTargets, unreadable: &[SourceLine]) -> Vec<Finding> {
    let language = language(app, caller);
    let warning = |problem| Finding { level: Level::Warning, problem };
    let error = |problem| Finding { level: Level::Error, problem };
    let mut findings: Vec<Finding> = unreadable.iter().map(|place| warning(unparsable(place, language))).collect();
    findings.extend(calls.unknown.iter().map(|(name, places)| error(unknown_name(app, caller, name, places))));
    let listed = invokes(app, caller);
    if let (Some(first), None) = (calls.computed.first(), listed) {
        findings.push(error(undeclared_names(app, caller, first, calls.computed.len() - 1)));
    }
    // Binaries contain no information about computed names, so every declaration may be needed.
    if calls.computed.is_empty() {
        let names = listed.unwrap_or_default().iter();
        // Neither are all calls of a durable worker found: its context may come from anywhere.
        let is_complete = language != Language::Rust && !is_durable(app, caller);
        let contradicted = |name: &String| contradicted_declaration(caller, calls, name, is_complete);
        findings.extend(names.filter_map(contradicted).map(warning));
    }
    findings
}

fn language(app: &App, caller: &NodeName) -> Language {
    let NodeName::Worker(name) = caller else { return Language::Rust };
    app.workers.iter().find(|worker| worker.name == *name).map_or(Language::Rust, |worker| worker.language)
}

fn unparsable(place: &SourceLine, language: Language) -> Problem {
    let language = match language {
        Language::Python => "Python",
        Language::JavaScript => "JavaScript",
        Language::Rust => "Rust",
    };
    Problem::new(format!("{place}: this is not understood as {language}, so calls from here on may be missing"))
}

fn unknown_name(app: &App, caller: &NodeName, name: &str, places: &[SourceLine]) -> Problem {
    let shown = name.escape_debug();
    let Some(place) = places.first() else {
        return Problem::new(format!(
            "the program of {} calls `{shown}`, which is not a worker of this app",
            subject(caller)
        ))
        .help("compile it again");
    };
    let more = and_more(places.len() - 1);
    if name.contains([':', '-']) || name.is_empty() {
        let what = "is neither a worker nor the name or ARN of a function";
        return Problem::new(format!("{place}: `{shown}` {what}{more}"));
    }
    let suggestion = app.worker(name).err().map(|problem| problem.help).unwrap_or_default();
    let problem = Problem::new(format!("{place}: no worker named `{shown}` in this app{more}"));
    suggestion.into_iter().take(1).fold(problem, Problem::help).help("if it is another function, call it by its ARN")
}

/// Returns ``worker `a` `` or `the endpoint`.
fn subject(caller: &NodeName) -> String {
    match caller {
        NodeName::Endpoint => "the endpoint".to_owned(),
        NodeName::Worker(name) => format!("worker `{name}`"),
    }
}

/// Returns the end of a message about the first of several places.
fn and_more(places: usize) -> String {
    match places {
        0 => String::new(),
        1 => " (and in another place)".to_owned(),
        more => format!(" (and in {more} other places)"),
    }
}

/// Returns the table of the settings of `caller`.
fn table(caller: &NodeName) -> String {
    match caller {
        NodeName::Endpoint => "[package.metadata.bedrock.endpoint]".to_owned(),
        NodeName::Worker(name) => format!("[package.metadata.bedrock.workers.{name}]"),
    }
}

fn undeclared_names(app: &App, caller: &NodeName, first: &SourceLine, more: usize) -> Problem {
    let has_table = app.settings.workers.contains_key(caller.as_str());
    let what = if has_table { "add to its table in `Cargo.toml`" } else { "add to `Cargo.toml`" };
    Problem::new(format!(
        "{first}: {} computes the name that it calls here, and no setting says which workers that may be{}",
        subject(caller),
        and_more(more)
    ))
    .help(format!("{what}, `[]` for none of this app's workers:\n{}\ninvokes = [\"NAME\"]", table(caller)))
}

fn is_durable(app: &App, caller: &NodeName) -> bool {
    app.workers.iter().any(|worker| worker.name.as_str() == caller.as_str() && worker.settings.durable.is_some())
}

/// `is_complete` says whether all calls with a computed name are known.
fn contradicted_declaration(caller: &NodeName, calls: &CallTargets, name: &str, is_complete: bool) -> Option<Problem> {
    let is_named = calls.workers.keys().any(|worker| worker.as_str() == name);
    let reason = match (is_named, is_complete) {
        (true, _) => "whose name is written in its code",
        (false, false) => return None,
        (false, true) => "but no call in its code has a computed name",
    };
    let problem = Problem::new(format!("`invokes` of {} lists `{name}`, {reason}", subject(caller)));
    Some(problem.help(format!("take it out of `{}` in `Cargo.toml`", table(caller))))
}

#[cfg(test)]
mod tests;

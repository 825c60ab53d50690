//! `doctor`: checks whether this machine has the tools that the app needs, and whether its settings fit Lambda's
//! limits.
//!
//! | module | contents |
//! | --- | --- |
//! | [`facts`] | what the app has that determines which tools it needs |
//! | [`requirements`] | the tools that are required or useful |
//! | [`probe`] | running a tool's version command, with a timeout |
//! | [`verdict`] | from the result of a probe to a finding |
//! | [`limits`], [`credentials`] | checks that need no tool |
//! | [`finding`] | findings, and the report as text and JSON |
//!
//! Only `--online` and `--stage` send requests to AWS.

mod credentials;
mod facts;
mod finding;
mod limits;
mod probe;
mod requirements;
mod verdict;

use std::thread;
use std::time::Duration;

use crate::session::Session;
use bedrock_build::App;
use bedrock_deploy::aws::{self, AwsOptions};
use bedrock_deploy::{CheckLevel, Stage, StageFinding};
use bedrock_diagnostics::{Error, ExitKind, Result};
use bedrock_package::tools::ToolRunner;
pub(crate) use facts::AppFacts;
use finding::Level;
pub(crate) use finding::{Finding, Report};
use probe::ProbeResult;

/// Options of the checks.
#[derive(Debug)]
pub(crate) struct Options {
    /// Timeout of each version command.
    pub(crate) timeout: Duration,
    /// Ask AWS which account the credentials belong to.
    pub(crate) online: bool,
    /// The app is deployed with Terraform.
    pub(crate) terraform: bool,
    /// Check whether this stage can be deployed.
    pub(crate) stage: Option<Stage>,
    pub(crate) aws: AwsOptions,
}

/// Runs all checks. The findings are in the order of the report.
pub(crate) fn examine(session: &Session, options: &Options) -> Result<Report> {
    let (facts, mut findings) = AppFacts::collect(session);
    let tools = ToolRunner::with_signal_handler()?;
    let requirements = requirements::requirements_of(&facts, options.terraform);
    let results = thread::scope(|scope| {
        let facts = &facts;
        let tools = &tools;
        let start_probe =
            |requirement| scope.spawn(move || probe::run_probes(requirement, &facts.root, options.timeout, tools));
        let probes: Vec<_> = requirements.iter().map(start_probe).collect();
        probes.into_iter().map(|thread| thread.join().unwrap_or(ProbeResult::Missing)).collect::<Vec<_>>()
    });
    tools.check()?;
    let assessed = requirements.iter().zip(&results);
    findings.extend(assessed.map(|(requirement, result)| verdict::assess(requirement, result)));
    findings.extend(limits::check_limits(&facts, &aws::date(std::time::SystemTime::now())));
    let credentials =
        if options.online { online_finding(&options.aws)? } else { credentials::local_finding(&options.aws) };
    let is_online = options.online && credentials.level != Level::Error;
    findings.push(credentials);
    if let (Some(stage), Some(app), true) = (&options.stage, &facts.app, is_online) {
        findings.extend(stage_findings(app, stage, &options.aws)?);
    }
    Ok(Report { app: facts.name(), findings })
}

/// Asks AWS for the account of the credentials. Returns an error only for Ctrl-C; invalid credentials are a finding.
fn online_finding(options: &AwsOptions) -> Result<Finding> {
    match aws::run(options, async |aws| Ok(aws.env)) {
        Ok(env) => {
            let message = format!("AWS accepts them: account {}, {}", env.account, env.region);
            Ok(Finding::ok("credentials", message))
        }
        Err(error) if error.kind == ExitKind::Interrupted => Err(error),
        Err(error) => Ok(error_finding("credentials", error)),
    }
}

/// Checks whether a stage can be deployed. Returns an error only for Ctrl-C.
fn stage_findings(app: &App, stage: &Stage, options: &AwsOptions) -> Result<Vec<Finding>> {
    let found = match bedrock_deploy::check_stage(app, stage, options) {
        Ok(found) => found,
        Err(error) if error.kind == ExitKind::Interrupted => return Err(error),
        Err(error) => return Ok(vec![error_finding("stage", error)]),
    };
    let finding = |found: StageFinding| {
        let finding = match found.level {
            CheckLevel::Ok => Finding::ok(found.subject, found.message),
            CheckLevel::Note => Finding::note(found.subject, found.message),
            CheckLevel::Error => Finding::error(found.subject, found.message),
        };
        Finding { help: found.help.into_iter().collect(), ..finding }
    };
    Ok(found.into_iter().map(finding).collect())
}

/// Returns the first report of an error as a finding.
fn error_finding(subject: &str, error: Error) -> Finding {
    let report = error.reports.into_iter().next().unwrap_or_default();
    let message = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
    Finding { help: report.help, ..Finding::error(subject, message) }
}

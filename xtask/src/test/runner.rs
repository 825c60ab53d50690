//! Runs the stages in two lanes at the same time, all of them however many fail, and reports at the end. The last line is
//! always `N passed, N failed`: the tests, and one failure for each other stage that failed.

use std::fs;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};

use super::build;
use super::command::Output;
use super::dashboard;
use super::fuzz;
use super::options::{Profile, TestOptions};
use super::report::{Counts, Report, TestCase};
use super::stage::{Lane, Stage};
use super::suites;
use super::timings::{self, StageTiming};
use crate::workspace::{Workspace, is_ci};
use crate::{setup, tidy, tools};

/// Crates with documentation that users read.
const PUBLIC_CRATES: [&str; 3] = ["bedrock-build", "bedrock-macros", "bedrock-rt"];

/// How a stage ended.
#[derive(Debug)]
enum Outcome {
    Passed(Report),
    Failed(Report),
    /// Why it could not run.
    Skipped(String),
}

/// A stage that has ended.
#[derive(Debug)]
struct Finished {
    stage: Stage,
    outcome: Outcome,
    timing: StageTiming,
}

/// The state that both lanes share.
struct TestRun<'a> {
    workspace: &'a Workspace,
    options: &'a TestOptions,
    stages: Vec<Stage>,
    is_ci: bool,
    started: Instant,
    finished: Mutex<Vec<Finished>>,
    /// Notified when `finished` has one more.
    changed: Condvar,
    /// Whether the stage [`Stage::Build`] has made all programs and tests.
    is_compiled: Mutex<bool>,
}

/// Runs the tests and returns whether all of them passed.
pub(crate) fn run(workspace: &Workspace, options: &TestOptions) -> bool {
    let run = TestRun {
        workspace,
        options,
        stages: Stage::of(options.only, options.profile == Profile::Nightly),
        is_ci: is_ci(),
        started: Instant::now(),
        finished: Mutex::default(),
        changed: Condvar::new(),
        is_compiled: Mutex::new(false),
    };
    thread::scope(|scope| {
        scope.spawn(|| run.run_lane(Lane::Background));
        run.run_lane(Lane::Foreground);
    });
    let finished = run.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
    print_summary(&finished, options.has_timings)
}

impl TestRun<'_> {
    fn run_lane(&self, lane: Lane) {
        for stage in self.stages.iter().copied().filter(|stage| stage.lane() == lane) {
            self.wait_for(stage.needs());
            let started = self.started.elapsed().as_secs_f64();
            let outcome = match lane {
                Lane::Foreground => {
                    print(&format!("\n=== {}", stage.title()));
                    panic::catch_unwind(AssertUnwindSafe(|| self.outcome(stage, &mut Output::Inherited)))
                }
                Lane::Background => panic::catch_unwind(AssertUnwindSafe(|| self.logged_outcome(stage))),
            };
            // The other lane may wait for this stage.
            let outcome = outcome.unwrap_or_else(|_| Outcome::Failed(Report::default()));
            let timing =
                StageTiming { title: stage.title(), started, seconds: self.started.elapsed().as_secs_f64() - started };
            let result = match &outcome {
                Outcome::Passed(_) => format!("ok in {:.1} s", timing.seconds),
                Outcome::Failed(_) => format!("FAILED in {:.1} s", timing.seconds),
                Outcome::Skipped(reason) => format!("skipped: {reason}"),
            };
            print(&format!("=== {}: {result}", stage.title()));
            lock(&self.finished).push(Finished { stage, outcome, timing });
            self.changed.notify_all();
        }
    }

    /// Waits until those of `stages` that run at all have ended.
    fn wait_for(&self, stages: &[Stage]) {
        let is_pending = |finished: &mut Vec<Finished>| {
            let has_ended = |stage: &Stage| finished.iter().any(|other| other.stage == *stage);
            stages.iter().any(|stage| self.stages.contains(stage) && !has_ended(stage))
        };
        let guard = self.changed.wait_while(lock(&self.finished), is_pending);
        drop(guard);
    }

    /// Runs a stage with its output in a file, and prints the file.
    fn logged_outcome(&self, stage: Stage) -> Outcome {
        let path = self.workspace.logs().join(stage.file_name()).with_extension("log");
        let mut output = match Output::log(&path) {
            Ok(output) => output,
            Err(error) => return failed(&format!("error: {error:#}"), &mut Output::Inherited),
        };
        let outcome = self.outcome(stage, &mut output);
        let log = fs::read(&path).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        // In one piece: the other lane prints, too.
        print(&format!("\n=== {}\n{}", stage.title(), log.trim_end()));
        outcome
    }

    fn outcome(&self, stage: Stage, output: &mut Output) -> Outcome {
        if let Some(interpreter) = stage.interpreter()
            && tools::on_path(interpreter).is_none()
        {
            let reason = format!("`{interpreter}` is not on the PATH");
            return if self.is_ci {
                failed(&format!("{reason}, and with CI set nothing may be skipped"), output)
            } else {
                Outcome::Skipped(reason)
            };
        }
        match self.perform(stage, output) {
            Ok((true, report)) => Outcome::Passed(report),
            Ok((false, report)) => Outcome::Failed(report),
            Err(error) => failed(&format!("error: {error:#}"), output),
        }
    }

    /// Runs a stage; returns whether it succeeded, and the results of its tests.
    fn perform(&self, stage: Stage, output: &mut Output) -> Result<(bool, Report)> {
        let workspace = self.workspace;
        let without_tests = |is_success: bool| (is_success, Report::default());
        match stage {
            Stage::Format => output.run(workspace.cargo().args(["fmt", "--all", "--check"])).map(without_tests),
            Stage::Setup => setup::run(workspace, output).map(|()| without_tests(true)),
            Stage::Deny => suites::deny(workspace, output).map(without_tests),
            Stage::Build => {
                let result = build::build(workspace, self.options.has_timings, output)?;
                *lock(&self.is_compiled) = result.is_compiled;
                Ok(without_tests(result.is_compiled && result.warnings == 0))
            }
            Stage::Tidy => tidy::run(workspace, output).map(without_tests),
            Stage::Nextest => {
                self.check_is_compiled()?;
                suites::nextest(workspace, self.options, output)
            }
            Stage::DocTests => {
                self.check_is_compiled()?;
                suites::doc_tests(workspace, output)
            }
            Stage::Pytest => suites::pytest(workspace, output),
            Stage::NodeTests => {
                let files = suites::node_test_files(&workspace.root, "bedrock-local/javascript/test")?;
                let mut node = workspace.command("node");
                let junit = workspace.logs().join("node.xml");
                suites::node(suites::with_tools(workspace, &mut node)?, &junit, &files, output)
            }
            Stage::Dashboard => dashboard::check(workspace, output),
            Stage::Browser => {
                let is_build_selected = self.stages.contains(&Stage::Build);
                if is_build_selected {
                    self.check_is_compiled()?;
                }
                dashboard::browser(workspace, is_build_selected, output)
            }
            Stage::Fuzz => fuzz::run(workspace, output).map(without_tests),
            Stage::Docs => self.docs(output).map(without_tests),
        }
    }

    fn check_is_compiled(&self) -> Result<()> {
        if !*lock(&self.is_compiled) {
            bail!("`{}` failed", Stage::Build.title());
        }
        Ok(())
    }

    fn docs(&self, output: &Output) -> Result<bool> {
        let mut doc = self.workspace.cargo();
        doc.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings");
        // A folder of its own: the tests that call cargo must not wait for this.
        doc.arg("--target-dir").arg(self.workspace.target.join("docs"));
        match self.options.profile {
            Profile::Push => doc.args(PUBLIC_CRATES.iter().flat_map(|name| ["--package", name])),
            Profile::Nightly => doc.arg("--workspace"),
        };
        output.run(&mut doc)
    }
}

/// Prints a line. A closed output must not stop the tests.
fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn failed(message: &str, output: &mut Output) -> Outcome {
    // A closed output must not stop the tests.
    let _ = writeln!(output, "{message}");
    Outcome::Failed(Report::default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints what failed and how many tests passed; returns whether nothing failed.
fn print_summary(finished: &[Finished], has_timings: bool) -> bool {
    if has_timings {
        let stages: Vec<StageTiming> = finished.iter().map(|finished| finished.timing).collect();
        let reports = finished.iter().filter_map(|finished| report(&finished.outcome));
        let cases: Vec<&TestCase> = reports.flat_map(|report| &report.cases).collect();
        print(&format!("\n{}", timings::summary(&stages, &cases).trim_end()));
    }
    print("");
    for Finished { stage, outcome, .. } in finished {
        match outcome {
            Outcome::Passed(_) => {}
            Outcome::Skipped(reason) => print(&format!("skipped: {}: {reason}", stage.title())),
            Outcome::Failed(report) => {
                print(&format!("failed: {}", stage.title()));
                for case in report.failed() {
                    print(&format!("failed: {}: {}", stage.title(), case.name));
                }
            }
        }
    }
    let counts = total(finished.iter().map(|finished| &finished.outcome));
    print(&last_line(counts));
    counts.failed == 0
}

fn report(outcome: &Outcome) -> Option<&Report> {
    match outcome {
        Outcome::Passed(report) | Outcome::Failed(report) => Some(report),
        Outcome::Skipped(_) => None,
    }
}

/// All tests, and one failure for each stage that failed without a failed test.
fn total<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Counts {
    let mut total = Counts::default();
    for outcome in outcomes {
        let mut counts = report(outcome).map(Report::counts).unwrap_or_default();
        if matches!(outcome, Outcome::Failed(_)) {
            counts.failed = counts.failed.max(1);
        }
        total.add(counts);
    }
    total
}

fn last_line(counts: Counts) -> String {
    let Counts { passed, failed, skipped } = counts;
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    format!("{passed} passed, {failed} failed{skipped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_stage_without_failed_tests_counts_as_one_failure() {
        let passed = Outcome::Passed(Report::parse_libtest("test result: ok. 3 passed; 0 failed; 1 ignored"));
        let one = Outcome::Failed(Report::default());
        let two = Outcome::Failed(Report::parse_libtest("test result: FAILED. 1 passed; 2 failed; 0 ignored"));
        let skipped = Outcome::Skipped("no node".to_owned());
        let counts = total([&passed, &one, &two, &skipped].into_iter());
        assert_eq!(counts, Counts { passed: 4, failed: 3, skipped: 1 });
    }

    #[test]
    fn last_line_names_skipped_tests_only_if_there_are_any() {
        assert_eq!(last_line(Counts { passed: 12, failed: 0, skipped: 0 }), "12 passed, 0 failed");
        assert_eq!(last_line(Counts { passed: 1, failed: 2, skipped: 3 }), "1 passed, 2 failed, 3 skipped");
    }
}

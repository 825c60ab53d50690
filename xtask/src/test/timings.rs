//! Where the time of a test run went: the stages, and the slowest tests.

use std::fmt::Write as _;

use super::report::TestCase;

/// How many tests are listed.
const MAX_TESTS: usize = 25;

/// A stage and how long it ran.
#[derive(Debug, Clone, Copy)]
pub(super) struct StageTiming {
    pub(super) title: &'static str,
    /// Seconds from the beginning of the run.
    pub(super) started: f64,
    pub(super) seconds: f64,
}

/// The text that `--timings` prints.
pub(super) fn summary(stages: &[StageTiming], cases: &[&TestCase]) -> String {
    let mut text = String::from("stages, in seconds from the start:\n");
    let mut stages = stages.to_vec();
    stages.sort_by(|a, b| a.started.total_cmp(&b.started));
    for stage in stages {
        let end = stage.started + stage.seconds;
        let _ = writeln!(text, "{:>8.1} to {end:>7.1} {:>8.1}  {}", stage.started, stage.seconds, stage.title);
    }
    let mut cases = cases.to_vec();
    cases.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    if !cases.is_empty() {
        text.push_str("slowest tests, in seconds:\n");
    }
    for case in cases.iter().take(MAX_TESTS) {
        let _ = writeln!(text, "{:>8.1}  {}", case.seconds, case.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    #[test]
    fn stages_are_listed_by_start_and_tests_by_duration() {
        let stage = |title, started, seconds| StageTiming { title, started, seconds };
        let case = |name: &str, seconds| TestCase { name: name.to_owned(), seconds, status: Status::Passed };
        let (short, long) = (case("short", 0.5), case("long", 12.0));
        let text = summary(&[stage("second", 2.0, 10.25), stage("first", 0.0, 2.0)], &[&short, &long]);
        assert_eq!(
            text,
            "stages, in seconds from the start:\n     \
             0.0 to     2.0      2.0  first\n     \
             2.0 to    12.2     10.2  second\n\
             slowest tests, in seconds:\n    \
             12.0  long\n     \
             0.5  short\n"
        );
    }
}

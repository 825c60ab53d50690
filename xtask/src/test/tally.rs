//! How many tests passed and failed, read from what the runners print at their end. What cannot be read is not counted.

use std::iter::Sum;
use std::ops::Add;

/// Tests that passed and tests that did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), Add::add)
    }
}

/// `Summary [ 3.1s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped`
pub(super) fn nextest(output: &str) -> Tally {
    let output = plain(output);
    let summary = output.lines().rev().find(|line| line.trim_start().starts_with("Summary ["));
    let counts = summary.and_then(|line| line.split_once("run:"));
    counts.map_or(Tally::default(), |(_, counts)| Tally {
        passed: before(counts, "passed"),
        failed: ["failed", "timed out", "exec failed"].iter().map(|word| before(counts, word)).sum(),
    })
}

/// `test result: ok. 12 passed; 0 failed; …`, once for each binary.
pub(super) fn cargo_test(output: &str) -> Tally {
    let output = plain(output);
    let results = output.lines().filter_map(|line| line.split_once("test result:"));
    results.map(|(_, counts)| Tally { passed: before(counts, "passed"), failed: before(counts, "failed") }).sum()
}

/// `1 failed, 12 passed, 2 errors in 3.10s`, with or without `=====` around it.
pub(super) fn pytest(output: &str) -> Tally {
    let output = plain(output);
    let is_summary =
        |line: &&str| line.contains(" in ") && ["passed", "failed", "error"].iter().any(|word| line.contains(word));
    output.lines().rev().find(is_summary).map_or(Tally::default(), |line| Tally {
        passed: before(line, "passed"),
        failed: ["failed", "error", "errors"].iter().map(|word| before(line, word)).sum(),
    })
}

/// `ℹ pass 12`, `ℹ fail 0`, `ℹ cancelled 0`, each on a line, with `#` in place of `ℹ` from another reporter.
pub(super) fn node(output: &str) -> Tally {
    let output = plain(output);
    let last = |word: &str| {
        let counts = output.lines().rev().filter_map(|line| {
            let mut parts = line.split_whitespace();
            let mark = parts.next()?;
            let is_count = matches!(mark, "ℹ" | "#") && parts.next() == Some(word);
            parts.next().filter(|_| is_count)?.parse().ok()
        });
        counts.into_iter().next().unwrap_or(0)
    };
    Tally { passed: last("pass"), failed: last("fail") + last("cancelled") }
}

/// The number in front of a word, which ends at a comma, semicolon, bracket, space or the end.
fn before(counts: &str, word: &str) -> u64 {
    counts
        .split([',', ';', '(', ')', '.', '='])
        .filter_map(|part| part.trim().split_once(' '))
        .filter(|(_, what)| *what == word || what.split_once(" in ").is_some_and(|(what, _)| what == word))
        .find_map(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}

/// Without colours.
fn plain(output: &str) -> String {
    let mut parts = output.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').get(1..).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64) -> Tally {
        Tally { passed, failed }
    }

    #[test]
    fn nextest_counts_what_timed_out_as_failed() {
        let text = "    PASS x\n     Summary [   3.1s] 12 tests run: 10 passed (1 slow, 1 leaky), 1 failed, 1 timed out, 3 skipped\n";
        assert_eq!(nextest(text), tally(10, 2));
        assert_eq!(nextest("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped\n"), tally(1, 0));
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped\n";
        assert_eq!(nextest(coloured.replace("Summary\u{1b}[0m [", "Summary [").as_str()), tally(3, 0));
        assert_eq!(nextest(coloured), tally(3, 0));
    }

    #[test]
    fn cargo_test_adds_up_its_binaries() {
        let text = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        assert_eq!(cargo_test(text), tally(15, 2));
    }

    #[test]
    fn pytest_counts_errors_as_failed() {
        assert_eq!(pytest("==== 1 failed, 12 passed, 3 skipped, 2 errors in 3.10s ====\n"), tally(12, 3));
        assert_eq!(pytest("70 passed in 12.00s\n"), tally(70, 0));
        assert_eq!(pytest("=== 1 error in 0.10s ===\n"), tally(0, 1));
        assert_eq!(pytest("==== 2 passed, 1 warning in 61.02s (0:01:01) ====\n"), tally(2, 0));
    }

    #[test]
    fn node_is_read_from_either_reporter() {
        assert_eq!(node("ok 1 - a test that says fail 7\nℹ tests 4\nℹ pass 2\nℹ fail 1\nℹ cancelled 1\n"), tally(2, 2));
        assert_eq!(node("# tests 145\n# pass 145\n# fail 0\n# cancelled 0\n"), tally(145, 0));
    }

    #[test]
    fn output_without_a_summary_counts_nothing() {
        let text = "error: could not compile `x`\n";
        assert_eq!([nextest(text), cargo_test(text), pytest(text), node(text)], [Tally::default(); 4]);
    }
}

//! The results of tests, read from the JUnit files that nextest, pytest and Node.js write, and from the summaries of
//! libtest, which cannot write such a file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use roxmltree::{Document, Node};

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
    Skipped,
}

/// One test that ran, or was skipped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TestCase {
    /// Its group, as the runner names it, and its own name.
    pub(super) name: String,
    pub(super) seconds: f64,
    pub(super) status: Status,
}

/// Numbers of tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

/// The results of one stage.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Report {
    /// Tests without a name, from libtest.
    counts: Counts,
    pub(super) cases: Vec<TestCase>,
}

impl Report {
    /// Reads a JUnit file that a runner has just written.
    pub(super) fn read_junit(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        Self::parse_junit(&text).with_context(|| format!("failed to parse {}", path.display()))
    }

    fn parse_junit(text: &str) -> Result<Self> {
        // Messages of failed tests have colours, and their control characters are not allowed in XML.
        let is_allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        let text: String = text.chars().filter(is_allowed).collect();
        let document = Document::parse(&text).context("it is not valid XML")?;
        let cases = document.descendants().filter(|node| node.has_tag_name("testcase")).map(|node| test_case(&node));
        // nextest also lists its setup scripts, which are only of interest if they fail.
        let is_test = |case: &TestCase| case.status == Status::Failed || !case.name.starts_with("@setup-script");
        Ok(Self { counts: Counts::default(), cases: cases.filter(is_test).collect() })
    }

    /// Adds up lines such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`, of which each test program prints one.
    pub(super) fn parse_libtest(output: &str) -> Self {
        let mut counts = Counts::default();
        for (_, summary) in output.lines().filter_map(|line| line.split_once("test result: ")) {
            let words: Vec<&str> = summary.split([' ', ';']).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                let Ok(number) = pair[0].parse::<u64>() else { continue };
                match pair[1] {
                    "passed" => counts.passed += number,
                    "failed" => counts.failed += number,
                    "ignored" => counts.skipped += number,
                    _ => {}
                }
            }
        }
        Self { counts, cases: Vec::new() }
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.counts;
        for case in &self.cases {
            match case.status {
                Status::Passed => counts.passed += 1,
                Status::Failed => counts.failed += 1,
                Status::Skipped => counts.skipped += 1,
            }
        }
        counts
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = &TestCase> {
        self.cases.iter().filter(|case| case.status == Status::Failed)
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

fn test_case(node: &Node<'_, '_>) -> TestCase {
    let attribute = |name| node.attribute(name).unwrap_or_default();
    let has_child = |name: &str| node.children().any(|child| child.has_tag_name(name));
    let status = if has_child("failure") || has_child("error") {
        Status::Failed
    } else if has_child("skipped") {
        Status::Skipped
    } else {
        Status::Passed
    };
    // Node.js gives every test the class `test`.
    let class = Some(attribute("classname")).filter(|class| !matches!(*class, "" | "test"));
    let name = class.map_or_else(|| attribute("name").to_owned(), |class| format!("{class} {}", attribute("name")));
    TestCase { name, seconds: attribute("time").parse().unwrap_or_default(), status }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts { passed, failed, skipped }
    }

    #[test]
    fn nextest_report_counts_a_retried_test_once() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="nextest-run" tests="3" failures="1" errors="0" time="3.1">
              <testsuite name="@setup-script:s" tests="1" skipped="0" errors="0" failures="0">
                <testcase name="s" classname="@setup-script:s" time="0.010"></testcase>
              </testsuite>
              <testsuite name="a::it" tests="3" disabled="0" errors="0" failures="1">
                <testcase name="one" classname="a::it" time="0.028"></testcase>
                <testcase name="two" classname="a::it" time="2.5"><flakyFailure type="x">no</flakyFailure></testcase>
                <testcase name="three" classname="a::it" time="1"><failure type="test failure">&lt;no&gt;</failure></testcase>
              </testsuite>
            </testsuites>"#;
        let report = Report::parse_junit(text).expect("a report");
        assert_eq!(report.counts(), counts(2, 1, 0));
        assert_eq!(report.failed().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["a::it three"]);
        assert!((report.cases[1].seconds - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn pytest_report_counts_errors_as_failed() {
        let text = r#"<testsuites><testsuite name="pytest" errors="1" failures="0" skipped="1" tests="3">
            <testcase classname="tests.test_a" name="test_one" time="0.1" />
            <testcase classname="tests.test_a" name="test_two" time="0.1"><error message="x">y</error></testcase>
            <testcase classname="tests.test_a" name="test_three" time="0"><skipped message="no node" /></testcase>
            </testsuite></testsuites>"#;
        assert_eq!(Report::parse_junit(text).expect("a report").counts(), counts(1, 1, 1));
    }

    #[test]
    fn node_report_counts_nested_and_plain_tests() {
        let text = "<testsuites>\n<testcase name=\"a\" time=\"0.1\" classname=\"test\"/>\n\
            <testsuite name=\"s\" time=\"0.2\" tests=\"1\">\n<testcase name=\"b\" time=\"0.2\" classname=\"test\">\n\
            <failure type=\"testCodeFailure\" message=\"\u{1b}[31mno\u{1b}[0m\">\n</failure>\n</testcase>\n</testsuite>\n\
            <!-- tests 2 -->\n</testsuites>\n";
        let report = Report::parse_junit(text).expect("a report");
        assert_eq!(report.counts(), counts(1, 1, 0));
        assert_eq!(report.failed().next().map(|case| case.name.as_str()), Some("b"));
    }

    #[test]
    fn libtest_summaries_of_all_programs_are_added() {
        let text = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        assert_eq!(Report::parse_libtest(text).counts(), counts(15, 2, 1));
        assert_eq!(Report::parse_libtest("error: could not compile `x`\n").counts(), Counts::default());
    }

    #[test]
    fn incomplete_report_is_an_error() {
        assert!(Report::parse_junit("<testsuites><testcase name=\"a\">").is_err());
    }
}

//! Renders errors for tests, as they are printed, without colours.

use bedrock_diagnostics::{Error, ExitKind, Report};

pub(crate) fn render_error(error: &Error) -> String {
    let report = |report: &Report| {
        let causes = report.causes.iter().map(|cause| format!("  caused by: {cause}\n"));
        let help = report.help.iter().map(|help| format!("help: {help}\n"));
        format!("error: {}\n{}{}", report.message, causes.collect::<String>(), help.collect::<String>())
    };
    error.reports.iter().map(report).collect()
}

pub(crate) fn render_report(report: Report) -> String {
    render_error(&Error { kind: ExitKind::App, reports: vec![report] })
}

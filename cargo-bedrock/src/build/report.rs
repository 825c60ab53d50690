//! What came of a build: the sizes of all parts, and whether Lambda takes them.

use std::fs::File;

use bedrock_build::App;
use zip::ZipArchive;

use super::context::Outcome;
use super::folder;
use super::part::{Function, Part};
use super::state::State;
use bedrock_artifacts as pack;
use crate::ui::{BuildReporter, Printer, format_size};
use bedrock_diagnostics::{Error, ExitKind, Report};

/// Parts that `--explain` shows of each artifact.
const LARGEST: usize = 10;

/// The table of sizes, and one line on what was done.
pub(crate) fn tell(app: &App, outcomes: &[Outcome], progress: &BuildReporter, print: Printer, explain: bool) {
    let built = outcomes.iter().filter(|outcome| !outcome.reasons.is_empty()).count();
    if built > 0 || explain {
        let rows = outcomes.iter().filter_map(|outcome| {
            let zip = outcome.record.zip.as_ref()?;
            Some([outcome.part.file(), format_size(zip.bytes), format_size(zip.unzipped_bytes)])
        });
        let rows: Vec<[String; 3]> = rows.collect();
        let width = rows.iter().map(|row| row[0].len()).max().unwrap_or_default();
        let head = format!("{:width$}  {:>9}  {:>9}", "artifact", "zip", "unzipped");
        let line = |[file, zip, unzipped]: [String; 3]| format!("{file:width$}  {zip:>9}  {unzipped:>9}");
        let table: Vec<String> = std::iter::once(head).chain(rows.into_iter().map(line)).collect();
        print.note(&table.join("\n"));
    }
    if explain {
        for outcome in outcomes.iter().filter(|outcome| outcome.record.zip.is_some()) {
            let largest = largest(app, &outcome.part);
            let line = |part: &pack::Part| format!("\n{:>9}  {}", format_size(part.bytes), part.name);
            let list: Vec<String> = largest.iter().map(line).collect();
            print.note(&format!("the largest in `{}`{}", outcome.part.file(), list.concat()));
        }
    }
    let (all, seconds) = (outcomes.len(), progress.elapsed());
    let what = match built {
        0 => format!("nothing to do, all {all} parts are as they should be ({seconds:.2} s)"),
        1 => format!("built 1 of {all} parts into `target/bedrock` ({seconds:.1} s)"),
        built => format!("built {built} of {all} parts into `target/bedrock` ({seconds:.1} s)"),
    };
    print.done(&what);
}

/// What Lambda would refuse.
pub(crate) fn over_limits(app: &App, state: &State) -> Vec<Error> {
    let mut reports: Vec<Report> = Vec::new();
    let functions = app.workers.iter().map(|worker| (Function::Worker(worker.name.clone()), &worker.settings));
    for (function, settings) in std::iter::once((Function::Endpoint, &app.settings.endpoint)).chain(functions) {
        let what = function.to_string();
        reports.extend(pack::environment(&format!("the environment of {function}"), &settings.environment));
        let layer = match &function {
            Function::Worker(name) => Some(Part::Layer(name.clone())),
            Function::Endpoint => None,
        };
        let parts: Vec<Part> = std::iter::once(Part::Code(function)).chain(layer).collect();
        let zip = |part: &Part| state.parts.get(&part.id()).and_then(|record| record.zip.as_ref());
        let bytes: u64 = parts.iter().filter_map(zip).map(|zip| zip.unzipped_bytes).sum();
        if bytes > 0 {
            let largest = || parts.iter().flat_map(|part| largest(app, part)).collect::<Vec<_>>();
            // Reading all the names in large zips is worth it only when there is something to say.
            if pack::unzipped(&what, bytes, &[]).is_some() {
                reports.extend(pack::unzipped(&what, bytes, &largest()));
            }
        }
        let mut layers = settings.layers.clone();
        layers.extend(parts.iter().filter(|part| matches!(part, Part::Layer(_)) && zip(part).is_some()).map(Part::id));
        reports.extend(pack::layers(&what, &layers));
    }
    reports.into_iter().map(|report| Error { kind: ExitKind::App, reports: vec![report] }).collect()
}

/// The largest packages and files of an artifact, by what is written in its zip.
fn largest(app: &App, part: &Part) -> Vec<pack::Part> {
    let read = || {
        let file = File::open(folder::path(app).join(part.file())).ok()?;
        let mut archive = ZipArchive::new(file).ok()?;
        let count = archive.len();
        let files = (0..count).filter_map(|at| {
            let file = archive.by_index_raw(at).ok()?;
            Some((file.name().ok()?.into_owned(), file.size()))
        });
        Some(files.collect::<Vec<_>>())
    };
    let files = read().unwrap_or_default();
    pack::largest(files.iter().map(|(name, bytes)| (name.as_str(), *bytes)), LARGEST)
}

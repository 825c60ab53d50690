//! Reasons why a folder cannot be packed. All of them are reported at once, each with its path and a fix.

use super::options::PackOptions;
use bedrock_build::shell_quoted;
use bedrock_diagnostics::{Error, ExitKind, Report};

/// Number of files that are reported.
const MAX_LISTED: usize = 20;

/// A file or folder that cannot or must not be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackError {
    /// Path in the folder.
    pub path: String,
    pub kind: PackErrorKind,
}

/// Why it is not packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PackErrorKind {
    LeavesFolder {
        target: String,
    },
    Dangling {
        target: String,
    },
    LinkCycle,
    /// A link with a harmless name.
    LinksToSecret {
        target: String,
    },
    NotUtf8,
    UnsupportedName(&'static str),
    NotRegularFile(&'static str),
    CaseConflict {
        other: String,
    },
    Secret {
        kind: &'static str,
        line: usize,
    },
}

/// Combines the problems into one error. `folder` is the name of the folder in messages.
pub(crate) fn error(mut pack_errors: Vec<PackError>, folder: &str, options: &PackOptions) -> Error {
    pack_errors.sort_by(|one, other| one.path.cmp(&other.path));
    let more = pack_errors.len().saturating_sub(MAX_LISTED);
    let mut reports: Vec<Report> =
        pack_errors.iter().take(MAX_LISTED).map(|refusal| report(refusal, folder, options)).collect();
    if more > 0 {
        let files = if more == 1 { "file" } else { "files" };
        reports.push(Report {
            message: format!("`{folder}` has {more} more {files} that cannot be packed"),
            ..Report::default()
        });
    }
    Error { kind: ExitKind::App, reports }
}

fn report(refusal: &PackError, folder: &str, options: &PackOptions) -> Report {
    let path = &refusal.path;
    let remove = format!("run `rm {}`", shell_quoted(&format!("{folder}/{path}")));
    let leave_out = format!("or leave it out: add `/{}` to `{folder}/.bedrockignore`", ignore_pattern(path));
    let (cause, help) = match &refusal.kind {
        PackErrorKind::LeavesFolder { target } => (
            format!("it is a link to `{target}`, which is not in the folder"),
            "put a copy of the file or folder in the place of the link".to_owned(),
        ),
        PackErrorKind::Dangling { target } => (format!("it is a link to `{target}`, which does not exist"), remove),
        PackErrorKind::LinkCycle => ("it is a link that leads back to itself".to_owned(), remove),
        PackErrorKind::LinksToSecret { target } => {
            (format!("it is a link to `{target}`, which is never packed"), allow(path, "if that is meant", options))
        }
        PackErrorKind::NotUtf8 => ("its name is not UTF-8".to_owned(), "give it another name".to_owned()),
        PackErrorKind::UnsupportedName(kind) => (format!("its name {kind}"), "give it another name".to_owned()),
        PackErrorKind::NotRegularFile(kind) => (format!("it is {kind}"), remove),
        PackErrorKind::CaseConflict { other } => {
            (format!("its name differs only by case from `{other}`"), "give one of them another name".to_owned())
        }
        PackErrorKind::Secret { kind, line } => {
            let place = if *line == 0 { "a file in it".to_owned() } else { format!("line {line}") };
            (format!("{place} looks like {kind}"), allow(path, "if it may be public", options))
        }
    };
    let mut help = vec![help];
    // The escaped form of these names does not work in an ignore file.
    if !matches!(refusal.kind, PackErrorKind::NotUtf8 | PackErrorKind::UnsupportedName(_)) {
        help.push(leave_out);
    }
    Report { message: format!("cannot pack `{folder}/{path}`"), causes: vec![cause], help }
}

fn allow(path: &str, when: &str, options: &PackOptions) -> String {
    format!("{when}, add `allow = [\"{}\"]` to `{}`", globset::escape(path), options.settings)
}

/// Returns a line of an ignore file that matches only this path.
fn ignore_pattern(path: &str) -> String {
    let escaped = |letter: char| {
        let is_special = matches!(letter, '*' | '?' | '[' | ']' | '\\' | '{' | '}');
        is_special.then_some('\\').into_iter().chain([letter])
    };
    path.chars().flat_map(escaped).collect()
}

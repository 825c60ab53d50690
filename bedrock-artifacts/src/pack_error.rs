//! What is refused when a folder is packed: all of it at once, each with its path and what to do about it.

use super::options::PackOptions;
use bedrock_diagnostics::{Error, ExitKind, Report};

/// More than this is read by nobody.
const MAX_LISTED: usize = 20;

/// Something in a folder that must not be packed, or cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    /// In the folder.
    pub path: String,
    pub kind: PackErrorKind,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackErrorKind {
    LeavesFolder {
        target: String,
    },
    Dangling {
        target: String,
    },
    LinkCycle,
    /// A link under an innocent name.
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

/// The refusals as one error. `folder` is how the folder is called in messages.
pub fn error(mut pack_errors: Vec<PackError>, folder: &str, options: &PackOptions) -> Error {
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
            (format!("line {line} looks like {kind}"), allow(path, "if it may be public", options))
        }
    };
    let mut help = vec![help];
    // The names of the others cannot be written into a file as they are shown here.
    if !matches!(refusal.kind, PackErrorKind::NotUtf8 | PackErrorKind::UnsupportedName(_)) {
        help.push(leave_out);
    }
    Report { message: format!("cannot pack `{folder}/{path}`"), causes: vec![cause], help }
}

fn allow(path: &str, when: &str, options: &PackOptions) -> String {
    format!("{when}, add `allow = [\"{}\"]` to `{}`", globset::escape(path), options.settings)
}

/// A path as a shell takes it.
fn shell_quoted(path: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+@".contains(letter);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// A line of an ignore file that names this path alone.
fn ignore_pattern(path: &str) -> String {
    let escaped = |letter: char| {
        let is_special = matches!(letter, '*' | '?' | '[' | ']' | '\\' | '{' | '}');
        is_special.then_some('\\').into_iter().chain([letter])
    };
    path.chars().flat_map(escaped).collect()
}

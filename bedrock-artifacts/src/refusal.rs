//! What is refused when a folder is packed: all of it at once, each with its path and what to do about it.

use super::tree::Options;
use bedrock_diagnostics::{Error, ExitKind, Report};

/// More than this is read by nobody.
const TOLD: usize = 20;

/// Something in a folder that must not be packed, or cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In the folder.
    pub(super) path: String,
    pub(super) what: What,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    LeavesFolder {
        target: String,
    },
    Dangling {
        target: String,
    },
    Circle,
    /// A link under an innocent name.
    LinksToSecret {
        target: String,
    },
    NotUtf8,
    Odd(&'static str),
    NoFile(&'static str),
    SameButForCase {
        other: String,
    },
    Secret {
        what: &'static str,
        line: usize,
    },
}

/// The refusals as one error. `folder` is how the folder is called in messages.
pub(super) fn error(mut refusals: Vec<Refusal>, folder: &str, options: &Options) -> Error {
    refusals.sort_by(|one, other| one.path.cmp(&other.path));
    let more = refusals.len().saturating_sub(TOLD);
    let mut reports: Vec<Report> = refusals.iter().take(TOLD).map(|refusal| report(refusal, folder, options)).collect();
    if more > 0 {
        let files = if more == 1 { "file" } else { "files" };
        reports.push(Report {
            message: format!("`{folder}` has {more} more {files} that cannot be packed"),
            ..Report::default()
        });
    }
    Error { kind: ExitKind::App, reports }
}

fn report(refusal: &Refusal, folder: &str, options: &Options) -> Report {
    let path = &refusal.path;
    let remove = format!("run `rm {}`", typed(&format!("{folder}/{path}")));
    let leave_out = format!("or leave it out: add `/{}` to `{folder}/.bedrockignore`", ignore_pattern(path));
    let (cause, help) = match &refusal.what {
        What::LeavesFolder { target } => (
            format!("it is a link to `{target}`, which is not in the folder"),
            "put a copy of the file or folder in the place of the link".to_owned(),
        ),
        What::Dangling { target } => (format!("it is a link to `{target}`, which does not exist"), remove),
        What::Circle => ("it is a link that leads back to itself".to_owned(), remove),
        What::LinksToSecret { target } => {
            (format!("it is a link to `{target}`, which is never packed"), allow(path, "if that is meant", options))
        }
        What::NotUtf8 => ("its name is not UTF-8".to_owned(), "give it another name".to_owned()),
        What::Odd(what) => (format!("its name {what}"), "give it another name".to_owned()),
        What::NoFile(what) => (format!("it is {what}"), remove),
        What::SameButForCase { other } => {
            (format!("its name differs only by case from `{other}`"), "give one of them another name".to_owned())
        }
        What::Secret { what, line } => {
            (format!("line {line} looks like {what}"), allow(path, "if it may be public", options))
        }
    };
    let mut help = vec![help];
    // The names of the others cannot be written into a file as they are shown here.
    if !matches!(refusal.what, What::NotUtf8 | What::Odd(_)) {
        help.push(leave_out);
    }
    Report { message: format!("cannot pack `{folder}/{path}`"), causes: vec![cause], help }
}

fn allow(path: &str, when: &str, options: &Options) -> String {
    format!("{when}, add `allow = [\"{}\"]` to `{}`", globset::escape(path), options.settings)
}

/// A path as a shell takes it.
fn typed(path: &str) -> String {
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

//! Options in a `requirements.txt`. pip accepts several in a line, in quotes and with shortened names; only whole names of known
//! options are accepted here, so that no spelling of `--no-binary` makes pip run code of a package.

use super::rejection::{Rejection, reject};

/// An option of a list of requirements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequirementOption {
    /// `-r`: another list.
    Requirements(String),
    /// `-c`: a list of constraints.
    Constraints(String),
    FindLinks(String),
    /// `-e`: a folder, which a layer has a copy of.
    Editable(String),
    RequireHashes,
    /// An option that is passed on to the installer.
    Kept(String),
    /// An option that has no effect here.
    Dropped,
}

/// Options without a value that are passed on.
const FLAGS: [&str; 3] = ["--no-index", "--pre", "--prefer-binary"];
/// Options with a value that are passed on.
const VALUES: [&str; 4] = ["-i", "--index-url", "--extra-index-url", "--trusted-host"];
/// Options with a value that have no effect: only wheels are installed anyway.
const DROPPED: [&str; 2] = ["--only-binary", "--use-feature"];

/// Reads the options in a line.
pub(super) fn read_options(words: Vec<String>) -> Result<Vec<RequirementOption>, Rejection> {
    let mut options = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, value) = split_option(&word);
        if FLAGS.contains(&name) && value.is_none() {
            options.push(RequirementOption::Kept(name.to_owned()));
            continue;
        }
        if name == "--require-hashes" && value.is_none() {
            options.push(RequirementOption::RequireHashes);
            continue;
        }
        check_name(name)?;
        let Some(value) = value.map(str::to_owned).or_else(|| words.next()) else {
            return reject(&format!("`{name}` has no value"), &format!("write it like `{name} VALUE`"));
        };
        options.push(match name {
            "-r" | "--requirement" => RequirementOption::Requirements(value),
            "-c" | "--constraint" => RequirementOption::Constraints(value),
            "-f" | "--find-links" => RequirementOption::FindLinks(value),
            "-e" | "--editable" => RequirementOption::Editable(value),
            name if DROPPED.contains(&name) => RequirementOption::Dropped,
            name => RequirementOption::Kept(format!("{name} {value}")),
        });
    }
    Ok(options)
}

/// Returns an error for an option that builds packages from source, and for an unknown one.
fn check_name(name: &str) -> Result<(), Rejection> {
    match name {
        "--no-binary" => reject(
            "packages that are built from source run only on this machine, so only wheels are installed",
            "remove the line",
        ),
        "-r" | "--requirement" | "-c" | "--constraint" | "-f" | "--find-links" | "-e" | "--editable" => Ok(()),
        name if VALUES.contains(&name) || DROPPED.contains(&name) => Ok(()),
        name if name.starts_with('-') => {
            reject(&format!("`{name}` is not an option that a build passes on"), "remove it, or write its whole name")
        }
        _ => reject("a requirement must not follow options in a line", "put each requirement into a line of its own"),
    }
}

/// Splits `--name=value`, `-nvalue`, `--name` or `value`.
fn split_option(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    }
    match word.split_at_checked(2) {
        Some((name, value)) if name.starts_with('-') && !value.is_empty() => {
            (name, Some(value.trim_start_matches('=')))
        }
        _ => (word, None),
    }
}

/// Splits a line into words like a shell: white space separates, quotes join, `\` keeps the next letter.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::{RequirementOption, read_options, words};

    fn options(line: &str) -> Result<Vec<RequirementOption>, String> {
        read_options(words(line)).map_err(|(cause, _)| cause)
    }

    #[test]
    fn options_are_read_in_every_form() {
        let kept = |text: &str| RequirementOption::Kept(text.to_owned());
        assert_eq!(options("--no-index --pre"), Ok(vec![kept("--no-index"), kept("--pre")]));
        for line in ["-i https://a", "-ihttps://a", "-i=https://a", "-i 'https://a'"] {
            assert_eq!(options(line), Ok(vec![kept("-i https://a")]), "{line}");
        }
        for line in ["-r a b.txt", "--requirement=a", "-ra", "--requirement \"a\"", "-r 'a'"] {
            let read = options(&line.replace(" b.txt", ""));
            assert_eq!(read, Ok(vec![RequirementOption::Requirements("a".to_owned())]), "{line}");
        }
        assert_eq!(options("-f 'a b'"), Ok(vec![RequirementOption::FindLinks("a b".to_owned())]));
        for line in ["-e ../a", "-e../a", "--editable=../a"] {
            assert_eq!(options(line), Ok(vec![RequirementOption::Editable("../a".to_owned())]), "{line}");
        }
        assert_eq!(options("--only-binary=:none:"), Ok(vec![RequirementOption::Dropped]));
        assert_eq!(options("--require-hashes"), Ok(vec![RequirementOption::RequireHashes]));
    }

    #[test]
    fn source_builds_are_rejected_in_every_spelling() {
        for line in [
            "--no-binary :all:",
            "--no-binary=foo",
            "--pre --no-binary :all:",
            "--no-bin :all:",
            "--no-b=foo",
            "'--no-binary' foo",
            "\"--no-\"binary foo",
            "--no\\-binary foo",
            "-e",
            "--edit .",
            "--global-option=x",
            "--config-settings=a=b",
            "--no-index=x",
            "-r",
            "--pre foo",
            "-x",
            "-",
        ] {
            assert!(options(line).is_err(), "{line}");
        }
    }
}

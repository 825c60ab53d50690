//! Reads `.env` and `.env.local` in the app's folder: variables for every function on this machine, never for AWS. A line
//! that is not `NAME=value` is passed over, because other tools read these files too and allow more.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The files, the later ones override the earlier ones.
pub const DOTENV_FILES: [&str; 2] = [".env", ".env.local"];

/// Returns the variables of the files in `root`. A file that cannot be read has none.
pub(crate) fn read(root: &Path) -> BTreeMap<String, String> {
    let texts = DOTENV_FILES.iter().filter_map(|file| fs::read_to_string(root.join(file)).ok());
    texts.flat_map(|text| parse(&text)).collect()
}

fn parse(text: &str) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // Without the line break, which a quoted value may contain.
        let line_length = rest.find('\n').unwrap_or(rest.len());
        let line = &rest[..line_length];
        let mut end = line_length;
        if let Some((name, value)) = line.split_once('=') {
            let name = name.trim();
            let name = name.strip_prefix("export ").unwrap_or(name).trim();
            if is_name(name) {
                let start = line_length - value.len();
                let value = match value.trim_start().chars().next() {
                    Some(quote @ ('"' | '\'')) => match quoted(&rest[start..], quote) {
                        Some((value, length)) => {
                            end = start + length;
                            value
                        }
                        None => value.trim().to_owned(),
                    },
                    _ => without_comment(value).to_owned(),
                };
                variables.push((name.to_owned(), value));
            }
        }
        rest = rest[end..].split_once('\n').map_or("", |(_, next)| next);
    }
    variables
}

/// Returns a quoted value, and the length of the text up to its closing quote. In double quotes, `\n`, `\"` and `\\` stand
/// for a line break, a quote and a backslash.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip_while(|(_, c)| *c != quote).skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => {
                    value.push('\\');
                    value.push(other);
                }
            },
            c if c == quote => return Some((value, at + c.len_utf8())),
            c => value.push(c),
        }
    }
    None
}

/// Returns a value without quotes: up to ` #`, without spaces around it.
fn without_comment(value: &str) -> &str {
    value.split_once(" #").map_or(value, |(value, _)| value).trim()
}

fn is_name(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        parse(text).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn dotenv_values_may_be_quoted_and_have_comments() {
        let text =
            "# comment\nA=1\n export B = two words # not this\nC='x # y'\nD=\"a\\nb \\\"q\\\" \\\\ \\x\"\nE=\nF=a#b\n";
        assert_eq!(parsed(text), ["A=1", "B=two words", "C=x # y", "D=a\nb \"q\" \\ \\x", "E=", "F=a#b"]);
    }

    #[test]
    fn dotenv_values_in_quotes_may_have_several_lines() {
        assert_eq!(parsed("KEY='-----BEGIN\nabc=\n-----END'\nB=2"), ["KEY=-----BEGIN\nabc=\n-----END", "B=2"]);
    }

    #[test]
    fn other_lines_of_dotenv_are_passed_over() {
        assert_eq!(
            parsed("nothing\n1A=x\nA B=y\n=z\n\r\nOK=1\r\n'open=\nB='never closed\nC=3"),
            ["OK=1", "B='never closed", "C=3"]
        );
    }

    /// Returns a folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (file, text) in files {
            fs::write(dir.path().join(file), text).expect("a file");
        }
        dir
    }

    #[test]
    fn local_dotenv_overrides_the_other() {
        let dir = folder(&[(".env", "A=1\nB=1\n"), (".env.local", "B=2\n")]);
        let variables = read(dir.path());
        fs::remove_dir_all(dir.path()).expect("the folder");
        assert_eq!((variables["A"].as_str(), variables["B"].as_str(), variables.len()), ("1", "2", 2));
        assert_eq!(read(dir.path()), BTreeMap::new());
    }

    #[test]
    fn dotenv_overrides_env_and_gives_secrets_a_value() {
        let manifest = "[package]\nname = 'shop'\n[package.metadata.bedrock.endpoint.env]\nMODE = 'fast'\nLEVEL = '1'\n\
                        TOKEN = { ssm = '/token' }\n";
        // `PATH` is a variable of this process.
        let dir = folder(&[("Cargo.toml", manifest), (".env", "MODE=slow\nTOKEN=test\nPATH=/nowhere\n")]);
        let app = crate::app::App::open(dir.path()).expect("an app");
        let variables: Vec<String> = app
            .local_variables(&app.settings.endpoint)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(variables, ["LEVEL=1", "MODE=slow", "TOKEN=test"]);
    }
}

//! One requirement: a name with a version, a URL or a path, with its extras, marker and digests.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl};

use super::file_url::{file_url, local_path};
use super::rejection::{Rejection, reject};

/// Maximum nesting of parentheses, which the parser of requirements follows with recursion.
const MAX_DEPTH: usize = 32;
/// Suffixes of files that pip takes for packages.
const ARCHIVES: [&str; 8] = ["whl", "zip", "gz", "bz2", "xz", "tgz", "tbz", "tar"];
/// Version control, from which packages are built.
const REPOSITORIES: [&str; 4] = ["git+", "hg+", "svn+", "bzr+"];

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// A package index.
    Index,
    /// A server.
    Url,
    /// This disk. The fragment may have a digest.
    Path { path: PathBuf, fragment: Option<String> },
    /// The folder of a package on this disk.
    Folder(PathBuf),
}

/// A requirement that can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequirementLine {
    /// Without marker and digests.
    text: String,
    pub(super) location: Location,
    /// With brackets; empty if there are none.
    extras: String,
    marker: Option<String>,
    /// Each as `sha256:…`.
    pub(super) hashes: Vec<String>,
}

impl RequirementLine {
    pub(super) fn parse(line: &str) -> Result<Self, Rejection> {
        let (spec, hashes) = split_hashes(line)?;
        let (name, place) = split_reference(spec);
        let repository = REPOSITORIES.iter().any(|scheme| place.starts_with(scheme));
        if repository {
            return reject(
                "a repository is built from source, and the result runs only on this machine",
                "build a wheel of it for Lambda's platform, and name the wheel's URL or path",
            );
        }
        let is_url = place.contains("://") && !place.starts_with("file:");
        let (place, marker) = split_marker(place, is_url || place.starts_with("file:"));
        if !is_url && !is_path(place) {
            check_syntax(spec)?;
            let (text, marker) = split_marker(spec, false);
            return Ok(Self {
                text: text.to_owned(),
                location: Location::Index,
                extras: String::new(),
                marker,
                hashes,
            });
        }
        if let Some(name) = name {
            check_name(name.split('[').next().unwrap_or(name).trim())?;
        }
        let (path, fragment) =
            place.split_once('#').map_or((place, None), |(path, mark)| (path, Some(mark.to_owned())));
        let (path, extras) = split_extras(path);
        let file = path.split('?').next().unwrap_or(path);
        if !is_url && !ARCHIVES.iter().any(|extension| has_extension(file, extension)) {
            let extras = if extras.is_empty() { name.map_or("", |name| split_extras(name).1) } else { extras };
            let location = Location::Folder(local_path(path));
            return Ok(Self { text: String::new(), location, extras: extras.to_owned(), marker, hashes });
        }
        if !has_extension(file, "whl") {
            return reject("only wheels are installed, and this is not a wheel", "name a file that ends in `.whl`");
        }
        let text = spec.split(" ;").next().unwrap_or(spec).trim().to_owned();
        if is_url {
            return Ok(Self { text, location: Location::Url, extras: String::new(), marker, hashes });
        }
        let extras = if extras.is_empty() { name.map_or("", |name| split_extras(name).1) } else { extras };
        let location = Location::Path { path: local_path(path), fragment };
        Ok(Self { text, location, extras: extras.to_owned(), marker, hashes })
    }

    /// Returns the line for a wheel on this disk, with its absolute path.
    pub(super) fn for_wheel(&self, wheel: &Path) -> Result<String, Rejection> {
        let file = wheel.file_name().unwrap_or_default().to_string_lossy();
        let name = file.split('-').next().unwrap_or_default();
        check_name(name)?;
        let mut text = format!("{name}{} @ {}", self.extras, file_url(wheel));
        if let Location::Path { fragment: Some(fragment), .. } = &self.location {
            text = format!("{text}#{fragment}");
        }
        Ok(Self { text, ..self.clone() }.to_string())
    }
}

/// Returns a requirement of a wheel on this disk.
pub(super) fn wheel_line(wheel: &Path) -> String {
    let file = wheel.file_name().unwrap_or_default().to_string_lossy();
    format!("{} @ {}", file.split('-').next().unwrap_or_default(), file_url(wheel))
}

impl fmt::Display for RequirementLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(marker) = &self.marker {
            write!(f, " ; {marker}")?;
        }
        self.hashes.iter().try_for_each(|hash| write!(f, " --hash={hash}"))
    }
}

/// Splits off the options of a requirement, of which only digests are accepted.
fn split_hashes(line: &str) -> Result<(&str, Vec<String>), Rejection> {
    let Some(end) = line.match_indices(" -").chain(line.match_indices("\t-")).map(|(at, _)| at).min() else {
        return Ok((line.trim(), Vec::new()));
    };
    let (spec, options) = line.split_at(end);
    let mut hashes = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let hash = match word.strip_prefix("--hash") {
            Some("") => words.next(),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        let Some(hash) = hash else {
            return reject(&format!("`{word}` is not an option of a requirement"), "remove it");
        };
        hashes.push(hash.to_owned());
    }
    Ok((spec.trim(), hashes))
}

/// Splits `name[extra] @ place`. Without a name, all of it is the place.
fn split_reference(spec: &str) -> (Option<&str>, &str) {
    let Some((name, place)) = spec.split_once('@') else { return (None, spec) };
    let plain = name.split('[').next().unwrap_or(name).trim();
    let is_reference =
        is_name(plain) && place.trim_start().starts_with(|c: char| c.is_ascii_alphabetic() || "./".contains(c));
    if is_reference && !name.contains([';', '=', '<', '>']) { (Some(name.trim()), place.trim()) } else { (None, spec) }
}

/// Splits off what follows a `;`. In a URL, white space must be before or after it.
fn split_marker(place: &str, is_url: bool) -> (&str, Option<String>) {
    let at = if is_url {
        place.match_indices(';').map(|(at, _)| at).find(|at| {
            let after = place.get(at + 1..).unwrap_or_default();
            place[..*at].ends_with(char::is_whitespace) || after.starts_with(char::is_whitespace)
        })
    } else {
        place.find(';')
    };
    match at.map(|at| place.split_at(at)) {
        Some((place, marker)) => (place.trim(), Some(marker.trim_start_matches(';').trim().to_owned())),
        None => (place.trim(), None),
    }
}

/// Splits off `[extra,other]` at the end.
fn split_extras(path: &str) -> (&str, &str) {
    match path.rfind('[') {
        Some(at) if path.ends_with(']') => path.split_at(at),
        _ => (path, ""),
    }
}

/// Returns whether pip takes the text for a path.
fn is_path(place: &str) -> bool {
    let (path, _) = split_extras(place.split('#').next().unwrap_or(place).trim());
    let is_archive = ARCHIVES.iter().any(|extension| has_extension(path, extension));
    place.starts_with('.') || path.contains('/') || place.starts_with("file:") || (is_archive && !path.contains("=="))
}

/// Checks a requirement of an index with the parser of the ecosystem. The parser panics at names that do not end in a letter or
/// digit, and follows parentheses without a limit, so both are checked first.
fn check_syntax(spec: &str) -> Result<(), Rejection> {
    let end = spec.find(is_no_name_letter).unwrap_or(spec.len());
    check_name(spec[..end].trim())?;
    let mut depth = 0_usize;
    for letter in spec.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return reject(
                &format!("its marker has more than {MAX_DEPTH} nested parentheses"),
                "write it like `requests==2.32.3; python_version >= \"3.9\"`",
            );
        }
    }
    // Also in a list without an end, or with something after it.
    let extras = spec[end..].trim_start().strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_default();
    for extra in extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()) {
        check_name(extra.split(is_no_name_letter).next().unwrap_or(extra))?;
    }
    match Requirement::<VerbatimUrl>::from_str(spec) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().to_owned();
            reject(&first, "write it like `requests==2.32.3`")
        }
    }
}

fn check_name(name: &str) -> Result<(), Rejection> {
    if is_name(name) {
        return Ok(());
    }
    reject(
        &format!("`{name}` is not the name of a package: it must begin and end with a letter or digit"),
        "write it like `requests==2.32.3`",
    )
}

fn is_name(name: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    is_end(name.chars().next()) && is_end(name.chars().next_back()) && !name.contains(is_no_name_letter)
}

fn is_no_name_letter(letter: char) -> bool {
    !letter.is_ascii_alphanumeric() && !"-_.".contains(letter)
}

pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::RequirementLine;

    fn read(line: &str) -> Result<String, String> {
        let required = RequirementLine::parse(line).map_err(|(cause, _)| cause)?;
        match required.location {
            super::Location::Path { ref path, .. } | super::Location::Folder(ref path) => {
                required.for_wheel(&std::path::Path::new("/w").join(path)).map_err(|(cause, _)| cause)
            }
            _ => Ok(required.to_string()),
        }
    }

    #[test]
    fn paths_of_wheels_become_references_with_what_follows() {
        for (line, expected) in [
            ("wheels/foo-1.0-py3-none-any.whl", "foo @ file:///w/wheels/foo-1.0-py3-none-any.whl"),
            ("foo-1.0-py3-none-any.whl", "foo @ file:///w/foo-1.0-py3-none-any.whl"),
            ("./foo-1.0-py3-none-any.whl[a,b]", "foo[a,b] @ file:///w/./foo-1.0-py3-none-any.whl"),
            ("foo[a] @ file:///x/foo-1.0-py3-none-any.whl", "foo[a] @ file:///x/foo-1.0-py3-none-any.whl"),
            ("foo@file:./foo-1.0-py3-none-any.whl", "foo @ file:///w/./foo-1.0-py3-none-any.whl"),
            ("file:///a%20b/foo-1.0-py3-none-any.whl", "foo @ file:///a%20b/foo-1.0-py3-none-any.whl"),
            ("a b/foo-1.0-py3-none-any.whl", "foo @ file:///w/a%20b/foo-1.0-py3-none-any.whl"),
            ("./foo-1-py3-none-any.whl#sha256=00", "foo @ file:///w/./foo-1-py3-none-any.whl#sha256=00"),
            (
                "./foo-1-py3-none-any.whl;python_version<'3' --hash sha256:1 --hash=sha256:2",
                "foo @ file:///w/./foo-1-py3-none-any.whl ; python_version<'3' --hash=sha256:1 --hash=sha256:2",
            ),
            (
                "foo @ file:///x/foo-1-py3-none-any.whl ; os_name == 'nt'",
                "foo @ file:///x/foo-1-py3-none-any.whl ; os_name == 'nt'",
            ),
        ] {
            assert_eq!(read(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn folders_keep_extras_and_markers() {
        for (line, path, kept) in [
            ("../lib", "../lib", "lib @ file:///w/lib-1-py3-none-any.whl"),
            ("foo[a] @ ../lib", "../lib", "lib[a] @ file:///w/lib-1-py3-none-any.whl"),
            ("./lib[a] ; os_name == 'nt'", "./lib", "lib[a] @ file:///w/lib-1-py3-none-any.whl ; os_name == 'nt'"),
        ] {
            let required = RequirementLine::parse(line).expect("a folder");
            assert_eq!(required.location, super::Location::Folder(path.into()), "{line}");
            let wheel = required.for_wheel(std::path::Path::new("/w/lib-1-py3-none-any.whl"));
            assert_eq!(wheel.as_deref(), Ok(kept), "{line}");
        }
    }

    #[test]
    fn names_and_urls_are_kept() {
        for line in [
            "foo==1.0",
            "foo [a,b] >=1,<2",
            "foo (>=1)",
            "foo==1.0 --hash=sha256:1",
            "foo ; (os_name == 'nt' or python_version < '3') and sys_platform == 'linux'",
            "https://example.com/foo-1-py3-none-any.whl",
            "foo @ https://user@example.com/foo-1-py3-none-any.whl",
            "https://user@example.com/foo-1-py3-none-any.whl#sha256=00 ; os_name == 'nt' --hash=sha256:1",
        ] {
            assert_eq!(read(line).as_deref(), Ok(line), "{line}");
        }
    }

    #[test]
    fn mistakes_are_errors() {
        let deep = format!("foo ; {}os_name == 'a'{}", "(".repeat(50_000), ")".repeat(50_000));
        for line in [
            "foo==1.0 --no-binary foo",
            "foo==1.0 --config-settings=a=b",
            "foo==1.0 --hash",
            "foo=1",
            "-foo",
            "git+ssh://git@example.com/a.git",
            "foo @ git+https://example.com/a.git",
            "./a.tar.gz",
            "foo[_]==1",
            &deep,
        ] {
            assert!(read(line).is_err(), "{line:.40}");
        }
    }

    #[test]
    fn extras_are_checked_without_the_end_of_their_list() {
        for line in ["foo[bar,_b", "foo[_b] ==1", "foo [ bar , _b ] 1"] {
            assert_eq!(
                read(line).expect_err(line),
                "`_b` is not the name of a package: it must begin and end with a letter or digit"
            );
        }
    }

    proptest! {
        #[test]
        fn no_line_ends_the_program(line in "[a-z0-9_.\\-]{0,4}[ \\[\\]@;=<>!~(),.*/:a-z0-9'\"#_\\-]{0,24}") {
            let _ = read(&line);
        }

        #[test]
        fn no_text_ends_the_program(line in "\\PC{0,40}") {
            let _ = read(&line);
        }
    }
}

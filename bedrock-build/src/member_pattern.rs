//! Patterns of the members of a uv, npm or Yarn workspace: names, `*`, `?`, and `**` for any number of folders.

/// Returns whether a path, relative to the workspace with `/` between names, matches a pattern such as `workers/*`.
pub fn matches_member(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    matches_folders(&pattern, &path)
}

fn matches_folders(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            matches_folders(rest, path) || path.split_first().is_some_and(|(_, path)| matches_folders(pattern, path))
        }
        ([first, rest @ ..], [name, path @ ..]) => {
            matches_name(first.as_bytes(), name.as_bytes()) && matches_folders(rest, path)
        }
        _ => false,
    }
}

/// Compares from the last `*` on again when a letter differs, so that the time is not exponential in the number of `*`.
fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    let mut at = 0;
    let mut read = 0;
    let mut last_star = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == b'?' || Some(letter) == name.get(read) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star, matched)) = last_star else { return false };
                last_star = Some((star, matched + 1));
                at = star + 1;
                read = matched + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches_member;

    #[test]
    fn members_match_patterns() {
        for (pattern, path) in [
            ("workers/*", "workers/mail"),
            ("./workers/*/", "workers/mail"),
            ("workers/mail", "workers/mail"),
            ("**", "workers/mail"),
            ("packages/**", "packages/a/b"),
            ("**/mail", "workers/mail"),
            ("workers/m??l", "workers/mail"),
            ("work*rs/*l*", "workers/mail"),
        ] {
            assert!(matches_member(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("workers/*", "workers"),
            ("workers/*", "workers/mail/lib"),
            ("workers/mail", "workers/mailer"),
            ("packages/*", "workers/mail"),
            ("*", "workers/mail"),
            ("", "workers"),
        ] {
            assert!(!matches_member(pattern, path), "{pattern} {path}");
        }
    }
}

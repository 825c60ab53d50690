//! Paths in commands that a person copies into a shell.

/// Quotes a path or another argument for a shell, if it has characters that a shell does not take as they are.
pub fn shell_quoted(argument: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+@".contains(letter);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_quoted;

    #[test]
    fn arguments_are_quoted_if_a_shell_would_change_them() {
        for (argument, expected) in [
            ("apps/order_desk", "apps/order_desk"),
            ("my apps/order_desk", "'my apps/order_desk'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("~/a", "'~/a'"),
            ("", "''"),
        ] {
            assert_eq!(shell_quoted(argument), expected);
        }
    }
}

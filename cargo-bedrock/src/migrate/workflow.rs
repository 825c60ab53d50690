//! Edits of workflows: the command `bedrock build …` becomes `cargo bedrock build …`. The edit works on lines, so it
//! does not matter how the YAML is structured, and the rest of the text stays unchanged.

const COMMAND: &str = "bedrock build";
/// What may precede a command in a shell or in YAML.
const COMMAND_PREFIXES: [&str; 16] =
    ["&&", "||", "|", ";", "(", "`", "\"", "'", "-", "run:", "script:", "then", "do", "else", "exec", "time"];
/// Characters that end a command.
const COMMAND_ENDS: [char; 7] = ['&', '|', ';', ')', '`', '"', '\''];

/// Edit of a workflow.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct WorkflowEdit {
    /// The edited text, or `None` if nothing changes.
    pub(super) text: Option<String>,
    /// Numbers of lines (from 1) that stay unchanged or will not work, each with the reason.
    pub(super) unclear: Vec<(usize, String)>,
}

/// Edits a text. `flags` are the long flags of `cargo bedrock build`.
pub(super) fn edit(text: &str, flags: &[String]) -> WorkflowEdit {
    let mut after = String::with_capacity(text.len());
    let mut result = WorkflowEdit::default();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('#') {
            after += line;
            continue;
        }
        let (edited, reasons) = edit_line(line, flags);
        after += &edited;
        result.unclear.extend(reasons.into_iter().map(|reason| (index + 1, reason)));
    }
    result.text = (after != text).then_some(after);
    result
}

fn edit_line(line: &str, flags: &[String]) -> (String, Vec<String>) {
    let mut after = String::new();
    let mut rest = line;
    let mut reasons = Vec::new();
    while let Some(index) = rest.find(COMMAND) {
        let skipped = &rest[..index];
        let following = &rest[index + COMMAND.len()..];
        let preceding = format!("{after}{skipped}");
        after += skipped;
        if is_separate_word(&preceding, following) && !preceding.trim_end().ends_with("cargo") {
            if is_command_position(&preceding) {
                after += "cargo ";
                reasons.extend(unknown_flags(following, flags));
            } else {
                reasons.push(format!("`{}` is left unchanged", line.trim()));
            }
        }
        after += COMMAND;
        rest = following;
    }
    (after + rest, reasons)
}

/// Whether `bedrock build` is not part of a longer word.
fn is_separate_word(preceding: &str, following: &str) -> bool {
    let is_word_char = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    !preceding.ends_with(is_word_char) && !following.starts_with(is_word_char)
}

/// Whether a shell would run the word after `preceding` as a command.
fn is_command_position(preceding: &str) -> bool {
    let trimmed = preceding.trim_end();
    let is_at_word_start = trimmed.is_empty()
        || trimmed.len() < preceding.len()
        || trimmed.ends_with(['(', ';', '&', '|', '"', '\'', '`']);
    let last_word = trimmed.split_whitespace().last().unwrap_or_default();
    let is_assignment = last_word
        .split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let has_prefix = COMMAND_PREFIXES.iter().any(|prefix| {
        let is_operator = !prefix.starts_with(char::is_alphabetic) && *prefix != "-";
        if is_operator { trimmed.ends_with(prefix) } else { last_word == *prefix }
    });
    is_at_word_start && (trimmed.is_empty() || is_assignment || has_prefix)
}

/// Returns a message for each flag that `cargo bedrock build` does not have.
fn unknown_flags(following: &str, flags: &[String]) -> Vec<String> {
    let command = following.split(COMMAND_ENDS).next().unwrap_or_default();
    let given = command.split_whitespace().filter_map(|word| word.strip_prefix("--"));
    let names = given.map(|word| word.split('=').next().unwrap_or_default());
    let unknown = names.filter(|name| !flags.iter().any(|flag| flag == name));
    unknown.map(|name| format!("`cargo bedrock build` has no `--{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::edit;

    fn flags() -> Vec<String> {
        ["worker", "worker-layer"].map(str::to_owned).to_vec()
    }

    #[test]
    fn commands_are_edited_at_all_command_positions() {
        for (before, after) in [
            ("      - run: bedrock build\n", "      - run: cargo bedrock build\n"),
            ("          bedrock build --worker=a\r\n", "          cargo bedrock build --worker=a\r\n"),
            ("- bedrock build && bedrock build --worker a", "- cargo bedrock build && cargo bedrock build --worker a"),
            ("run: \"bedrock build\"", "run: \"cargo bedrock build\""),
            ("  STAGE=dev bedrock build; echo", "  STAGE=dev cargo bedrock build; echo"),
            ("  (bedrock build)", "  (cargo bedrock build)"),
            ("  x=$(bedrock build)", "  x=$(cargo bedrock build)"),
            ("  if true; then bedrock build; fi", "  if true; then cargo bedrock build; fi"),
        ] {
            let result = edit(before, &flags());
            assert_eq!(result.text.as_deref(), Some(after));
            assert_eq!(result.unclear, []);
            assert_eq!(edit(after, &flags()), super::WorkflowEdit::default(), "twice");
        }
    }

    #[test]
    fn similar_words_are_left_unchanged() {
        for text in
            ["  # bedrock build", "my-bedrock build", "bedrock builder", "bedrock build-all", "cargo bedrock build"]
        {
            assert_eq!(edit(text, &flags()), super::WorkflowEdit::default(), "{text}");
        }
    }

    #[test]
    fn possible_commands_are_reported() {
        for text in ["  python -m bedrock build", "  venv/bin/bedrock build", "  name: the bedrock build"] {
            let result = edit(text, &flags());
            assert_eq!(result.text, None, "{text}");
            assert_eq!(result.unclear, [(1, format!("`{}` is left unchanged", text.trim()))]);
        }
    }

    #[test]
    fn unknown_flags_are_reported() {
        let result = edit("a:\n  bedrock build --worker-layer=a --zip | tee --x\n", &flags());
        assert_eq!(result.unclear, [(2, "`cargo bedrock build` has no `--zip`".to_owned())]);
    }
}

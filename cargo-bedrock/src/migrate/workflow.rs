//! The edit of workflows: `bedrock build …` becomes `cargo bedrock build …` where it is a command. Whether YAML has it in
//! a list or in a block does not matter: lines are edited, and all else stays as it is.

const COMMAND: &str = "bedrock build";
/// What a command stands behind, in a shell or in YAML.
const BEFORE: [&str; 16] =
    ["&&", "||", "|", ";", "(", "`", "\"", "'", "-", "run:", "script:", "then", "do", "else", "exec", "time"];
const END: [char; 7] = ['&', '|', ';', ')', '`', '"', '\''];

/// What becomes of a workflow.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Workflow {
    /// The text with all edits; None where there are none.
    pub(super) text: Option<String>,
    /// Lines, from 1, that are left alone or will not work, each with the reason.
    pub(super) unclear: Vec<(usize, String)>,
}

/// `flags` are those of `cargo bedrock build`.
pub(super) fn edit(text: &str, flags: &[String]) -> Workflow {
    let (mut after, mut found) = (String::with_capacity(text.len()), Workflow::default());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('#') {
            after += line;
            continue;
        }
        let (edited, reasons) = edit_line(line, flags);
        after += &edited;
        found.unclear.extend(reasons.into_iter().map(|reason| (index + 1, reason)));
    }
    found.text = (after != text).then_some(after);
    found
}

fn edit_line(line: &str, flags: &[String]) -> (String, Vec<String>) {
    let (mut after, mut rest, mut reasons) = (String::new(), line, Vec::new());
    while let Some(at) = rest.find(COMMAND) {
        let (before, behind) = (&rest[..at], &rest[at + COMMAND.len()..]);
        let so_far = format!("{after}{before}");
        after += before;
        if is_word_end(&so_far, behind) && !so_far.trim_end().ends_with("cargo") {
            if is_command_place(&so_far) {
                after += "cargo ";
                reasons.extend(unknown_flags(behind, flags));
            } else {
                reasons.push(format!("`{}` is left as it is", line.trim()));
            }
        }
        after += COMMAND;
        rest = behind;
    }
    (after + rest, reasons)
}

/// Whether `bedrock build` is no part of a longer word.
fn is_word_end(before: &str, behind: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let is_apart = !before.ends_with(|c: char| is_word(c) || c == '-');
    is_apart && !behind.starts_with(|c: char| is_word(c) || c == '-')
}

fn is_command_place(before: &str) -> bool {
    let begin = before.trim_end();
    let is_alone =
        begin.is_empty() || begin.len() < before.len() || begin.ends_with(['(', ';', '&', '|', '"', '\'', '`']);
    let last = begin.split_whitespace().last().unwrap_or_default();
    let is_variable = last
        .split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let is_behind = BEFORE.iter().any(|word| {
        let is_sign = !word.starts_with(char::is_alphabetic) && *word != "-";
        if is_sign { begin.ends_with(word) } else { last == *word }
    });
    is_alone && (begin.is_empty() || is_variable || is_behind)
}

/// The flags of one command that `cargo bedrock build` does not have.
fn unknown_flags(behind: &str, flags: &[String]) -> Vec<String> {
    let command = behind.split(END).next().unwrap_or_default();
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
    fn commands_are_edited_wherever_a_shell_takes_one() {
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
            let done = edit(before, &flags());
            assert_eq!(done.text.as_deref(), Some(after));
            assert_eq!(done.unclear, []);
            assert_eq!(edit(after, &flags()), super::Workflow::default(), "twice");
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for text in
            ["  # bedrock build", "my-bedrock build", "bedrock builder", "bedrock build-all", "cargo bedrock build"]
        {
            assert_eq!(edit(text, &flags()), super::Workflow::default(), "{text}");
        }
    }

    #[test]
    fn what_may_be_a_command_is_named() {
        for text in ["  python -m bedrock build", "  venv/bin/bedrock build", "  name: the bedrock build"] {
            let done = edit(text, &flags());
            assert_eq!(done.text, None, "{text}");
            assert_eq!(done.unclear, [(1, format!("`{}` is left as it is", text.trim()))]);
        }
    }

    #[test]
    fn a_flag_that_is_not_known_is_named() {
        let done = edit("a:\n  bedrock build --worker-layer=a --zip | tee --x\n", &flags());
        assert_eq!(done.unclear, [(2, "`cargo bedrock build` has no `--zip`".to_owned())]);
    }
}

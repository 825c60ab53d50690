//! Lines below a mark, which is a comment in the user's file: a new one is put in its alphabetical place.

/// `text` with `line` below `mark`; nothing if the mark is not there.
///
/// The lines that follow the mark and of which `is_alike` is true are taken for a sorted list.
pub(crate) fn insert(text: &str, mark: &str, line: &str, is_alike: fn(&str) -> bool) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = lines.iter().position(|found| found.trim() == mark)?;
    let list = lines[at + 1..].iter().take_while(|found| is_alike(found.trim()));
    let before = list.take_while(|found| found.trim() < line).count();
    let at = at + 1 + before;
    let above = lines[at - 1];
    let indent = &above[..above.len() - above.trim_start().len()];
    let end = if above.ends_with("\r\n") { "\r\n" } else { "\n" };
    // The mark may be the last line of the file, without an end.
    let gap = if above.ends_with('\n') { "" } else { end };
    Some([&lines[..at].concat(), gap, indent, line, end, &lines[at..].concat()].concat())
}

#[cfg(test)]
mod tests {
    use super::insert;

    fn module(text: &str, line: &str) -> Option<String> {
        insert(text, "// mark", line, |line| line.starts_with("mod "))
    }

    #[test]
    fn a_line_goes_to_its_alphabetical_place() {
        let text = "// mark\nmod b;\nmod d;\n\nuse x;\n";
        for (line, expected) in [
            ("mod a;", "// mark\nmod a;\nmod b;\nmod d;\n\nuse x;\n"),
            ("mod c;", "// mark\nmod b;\nmod c;\nmod d;\n\nuse x;\n"),
            ("mod e;", "// mark\nmod b;\nmod d;\nmod e;\n\nuse x;\n"),
        ] {
            assert_eq!(module(text, line).as_deref(), Some(expected));
        }
    }

    #[test]
    fn indentation_and_line_ends_are_those_of_the_line_above() {
        assert_eq!(module("    // mark\r\nx\r\n", "mod a;").as_deref(), Some("    // mark\r\n    mod a;\r\nx\r\n"));
    }

    #[test]
    fn a_mark_at_the_end_of_the_file_is_one_too() {
        assert_eq!(module("x\n// mark", "mod a;").as_deref(), Some("x\n// mark\nmod a;\n"));
    }

    #[test]
    fn a_line_that_only_mentions_the_mark_is_none() {
        assert_eq!(module("// about the // mark\n", "mod a;"), None);
        assert_eq!(module("", "mod a;"), None);
    }
}

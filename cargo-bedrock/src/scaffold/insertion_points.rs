//! Inserts lines below a marker comment in the user's file, in alphabetical order.

/// Inserts `line` below `marker`. Returns `None` if `text` has no such marker.
///
/// The lines after the marker for which `is_similar` returns true are treated as a sorted list.
pub(crate) fn insert_line(text: &str, marker: &str, line: &str, is_similar: fn(&str) -> bool) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let marker_index = lines.iter().position(|other| other.trim() == marker)?;
    let list = lines[marker_index + 1..].iter().take_while(|other| is_similar(other.trim()));
    let smaller = list.take_while(|other| other.trim() < line).count();
    let index = marker_index + 1 + smaller;
    let previous = lines[index - 1];
    let indent = &previous[..previous.len() - previous.trim_start().len()];
    let newline = if previous.ends_with("\r\n") { "\r\n" } else { "\n" };
    // The marker may be the last line of the file, without a newline.
    let missing_newline = if previous.ends_with('\n') { "" } else { newline };
    Some([&lines[..index].concat(), missing_newline, indent, line, newline, &lines[index..].concat()].concat())
}

#[cfg(test)]
mod tests {
    use super::insert_line;

    fn insert(text: &str, line: &str) -> Option<String> {
        insert_line(text, "// mark", line, |line| line.starts_with("mod "))
    }

    #[test]
    fn line_is_inserted_in_alphabetical_order() {
        let text = "// mark\nmod b;\nmod d;\n\nuse x;\n";
        for (line, expected) in [
            ("mod a;", "// mark\nmod a;\nmod b;\nmod d;\n\nuse x;\n"),
            ("mod c;", "// mark\nmod b;\nmod c;\nmod d;\n\nuse x;\n"),
            ("mod e;", "// mark\nmod b;\nmod d;\nmod e;\n\nuse x;\n"),
        ] {
            assert_eq!(insert(text, line).as_deref(), Some(expected));
        }
    }

    #[test]
    fn indentation_and_newline_are_copied_from_the_previous_line() {
        assert_eq!(insert("    // mark\r\nx\r\n", "mod a;").as_deref(), Some("    // mark\r\n    mod a;\r\nx\r\n"));
    }

    #[test]
    fn marker_may_be_the_last_line() {
        assert_eq!(insert("x\n// mark", "mod a;").as_deref(), Some("x\n// mark\nmod a;\n"));
    }

    #[test]
    fn line_that_only_mentions_the_marker_is_not_one() {
        assert_eq!(insert("// about the // mark\n", "mod a;"), None);
        assert_eq!(insert("", "mod a;"), None);
    }
}

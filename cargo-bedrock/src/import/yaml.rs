//! Reads YAML with the tags of CloudFormation (`!Ref`) and with lines. Aliases are refused: no template of SAM has them.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use bedrock_diagnostics::{Error, Result};

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The line, from 1.
    pub(super) line: usize,
    /// The tag without `!`: `GetAtt`.
    pub(super) tag: Option<String>,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// The text, and whether it is not in quotes, so that it may be a number.
    Scalar {
        text: String,
        is_plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Returns the value at a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Returns the value at a path of keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the entries of a map. Empty for another value.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// Returns the items of a list. Empty for another value.
    pub(super) fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// Returns the text of a scalar without a tag.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if self.tag.is_none() => Some(text),
            _ => None,
        }
    }
}

/// Parses the first document of a text. `shown` is the file's name in messages.
pub(super) fn parse(text: &str, shown: &str) -> Result<Node> {
    let mut open: Vec<Node> = Vec::new();
    // Keys of the maps in `open`, whose values follow.
    let mut keys: Vec<Option<String>> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Error::app(format!("{shown}:{}: {}", error.marker().line(), error.info())).help("correct the YAML")
        })?;
        let line = span.start.line();
        let tag =
            |tag: Option<std::borrow::Cow<'_, Tag>>| tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.clone());
        let finished = match event {
            Event::Scalar(text, style, _, of) => Node {
                line,
                tag: tag(of),
                value: Value::Scalar { text: text.into_owned(), is_plain: style == ScalarStyle::Plain },
            },
            Event::SequenceStart(_, of) => {
                open.push(Node { line, tag: tag(of), value: Value::List(Vec::new()) });
                keys.push(None);
                continue;
            }
            Event::MappingStart(_, of) => {
                open.push(Node { line, tag: tag(of), value: Value::Map(Vec::new()) });
                keys.push(None);
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                keys.pop();
                let Some(node) = open.pop() else { continue };
                node
            }
            Event::Alias(_) => return Err(Error::app(format!("{shown}:{line}: aliases are not supported"))),
            Event::DocumentEnd | Event::StreamEnd => break,
            _ => continue,
        };
        let Some(parent) = open.last_mut() else { return Ok(finished) };
        match (&mut parent.value, keys.last_mut()) {
            (Value::List(items), _) => items.push(finished),
            (Value::Map(entries), Some(key)) => match key.take() {
                Some(key) => entries.push((key, finished)),
                None => match finished.value {
                    Value::Scalar { text, .. } => *key = Some(text),
                    _ => return Err(Error::app(format!("{shown}:{line}: a key is not a text"))),
                },
            },
            _ => {}
        }
    }
    Err(Error::app(format!("`{shown}` is empty")))
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};

    #[test]
    fn tags_and_lines_are_kept() {
        let node = parse("A:\n  B: !GetAtt Queue.Arn\n  C: ['1', 2, !Ref X]\nD: |\n  x\n  y\n", "t").expect("YAML");
        let b = node.at(&["A", "B"]).expect("a value");
        assert_eq!((b.line, b.tag.as_deref(), b.text()), (2, Some("GetAtt"), None));
        let items = node.at(&["A", "C"]).expect("a list").items();
        assert_eq!(items[0].value, Value::Scalar { text: "1".to_owned(), is_plain: false });
        assert_eq!((items[1].text(), items[2].tag.as_deref()), (Some("2"), Some("Ref")));
        assert_eq!(node.get("D").and_then(|node| node.text()), Some("x\ny\n"));
    }

    #[test]
    fn mistakes_have_a_line() {
        let message = |text: &str| parse(text, "t.yaml").expect_err("a mistake").reports[0].message.clone();
        assert!(message("a: [1\nb: 2\n").starts_with("t.yaml:2: "), "{}", message("a: [1\nb: 2\n"));
        assert_eq!(message("a: &x 1\nb: *x\n"), "t.yaml:2: aliases are not supported");
        assert_eq!(message(""), "`t.yaml` is empty");
        assert_eq!(message("? [a]\n: b\n"), "t.yaml:1: a key is not a text");
        assert!(parse(&"[".repeat(100_000), "t").is_err());
    }
}

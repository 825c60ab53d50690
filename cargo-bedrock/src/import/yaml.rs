//! Reads YAML with the tags of CloudFormation (`!Ref`), aliases, merged maps (`<<`), and lines.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use bedrock_diagnostics::{Error, Result};

/// Maximum number of values that aliases stand for. A few lines of aliases of aliases are as many as the memory can hold.
const MAX_ALIASED: usize = 100_000;

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

    /// Returns the number of values in it, itself included.
    fn count(&self) -> usize {
        let inner: usize = match &self.value {
            Value::Scalar { .. } => 0,
            Value::List(items) => items.iter().map(Self::count).sum(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.count()).sum(),
        };
        inner + 1
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
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Error::app(format!("{shown}:{}: {}", error.marker().line(), error.info())).help("correct the YAML")
        })?;
        let line = span.start.line();
        let tag =
            |tag: Option<std::borrow::Cow<'_, Tag>>| tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.clone());
        let added = match event {
            Event::Scalar(text, style, anchor, of) => {
                let value = Value::Scalar { text: text.into_owned(), is_plain: style == ScalarStyle::Plain };
                tree.add(Node { line, tag: tag(of), value }, anchor)
            }
            Event::SequenceStart(anchor, of) => {
                tree.open(Node { line, tag: tag(of), value: Value::List(Vec::new()) }, anchor);
                Ok(None)
            }
            Event::MappingStart(anchor, of) => {
                tree.open(Node { line, tag: tag(of), value: Value::Map(Vec::new()) }, anchor);
                Ok(None)
            }
            Event::SequenceEnd | Event::MappingEnd => tree.close(),
            Event::Alias(anchor) => tree.add_alias(anchor),
            Event::DocumentEnd | Event::StreamEnd => break,
            _ => Ok(None),
        };
        if let Some(root) = added.map_err(|reason| Error::app(format!("{shown}:{line}: {reason}")))? {
            return Ok(root);
        }
    }
    Err(Error::app(format!("`{shown}` is empty")))
}

/// A document that is being read.
#[derive(Default)]
struct Tree {
    open: Vec<OpenNode>,
    anchors: HashMap<usize, Node>,
    /// Number of values that aliases stand for so far.
    aliased: usize,
}

/// A list or map whose end has not been read.
struct OpenNode {
    node: Node,
    /// The number of its anchor, or 0.
    anchor: usize,
    /// A key of the map, whose value follows.
    key: Option<String>,
}

impl Tree {
    fn open(&mut self, node: Node, anchor: usize) {
        self.open.push(OpenNode { node, anchor, key: None });
    }

    fn close(&mut self) -> std::result::Result<Option<Node>, &'static str> {
        let Some(OpenNode { mut node, anchor, .. }) = self.open.pop() else { return Ok(None) };
        if let Value::Map(entries) = &mut node.value {
            merge(entries)?;
        }
        self.add(node, anchor)
    }

    fn add_alias(&mut self, anchor: usize) -> std::result::Result<Option<Node>, &'static str> {
        let node = self.anchors.get(&anchor).ok_or("an alias is within the value that it stands for")?;
        self.aliased += node.count();
        if self.aliased > MAX_ALIASED {
            return Err("aliases stand for more than 100,000 values");
        }
        let node = node.clone();
        self.add(node, 0)
    }

    /// Adds a complete value to the list or map that is open. Returns it if there is none.
    fn add(&mut self, node: Node, anchor: usize) -> std::result::Result<Option<Node>, &'static str> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.open.last_mut() else { return Ok(Some(node)) };
        match (&mut parent.node.value, parent.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push((key, node)),
            (Value::Map(_), None) => match node.value {
                Value::Scalar { text, .. } => parent.key = Some(text),
                _ => return Err("a key is not a text"),
            },
            (Value::Scalar { .. }, _) => {}
        }
        Ok(None)
    }
}

/// Replaces the entry `<<` by the entries of the maps that it names. Keys of the map itself, and then of earlier maps, win.
fn merge(entries: &mut Vec<(String, Node)>) -> std::result::Result<(), &'static str> {
    while let Some(at) = entries.iter().position(|(key, _)| key == "<<") {
        let merged = match entries.remove(at).1.value {
            Value::Map(map) => vec![map],
            Value::List(items) => items.into_iter().map(|item| item.entries().to_vec()).collect(),
            Value::Scalar { .. } => return Err("the value of `<<` is not a map"),
        };
        for (key, node) in merged.into_iter().flatten() {
            if !entries.iter().any(|(own, _)| *own == key) {
                entries.push((key, node));
            }
        }
    }
    Ok(())
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
        assert_eq!(message("a: { <<: 1 }\n"), "t.yaml:1: the value of `<<` is not a map");
        assert_eq!(message(""), "`t.yaml` is empty");
        assert_eq!(message("? [a]\n: b\n"), "t.yaml:1: a key is not a text");
        assert!(parse(&"[".repeat(100_000), "t").is_err());
    }

    #[test]
    fn aliases_and_merged_maps_are_resolved() {
        let text = "a: &x { k: 1, l: [2, &y 3] }\nb: *x\nc: { <<: *x, k: 4 }\nd: { <<: [{ m: *y }, { m: 5, n: 6 }] }\n";
        let node = parse(text, "t").expect("YAML");
        let at = |keys: &[&str]| node.at(keys).and_then(|node| node.text().map(str::to_owned));
        assert_eq!(node.get("a"), node.get("b"));
        assert_eq!((at(&["c", "k"]).as_deref(), at(&["d", "m"]).as_deref()), (Some("4"), Some("3")));
        assert_eq!(at(&["d", "n"]).as_deref(), Some("6"));
        assert_eq!(node.at(&["c", "l"]).expect("merged").items().len(), 2);
    }

    #[test]
    fn aliases_of_many_values_are_refused() {
        let mut text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for n in 1..7 {
            let last = n - 1;
            text = format!("{text}a{n}: &a{n} [{}]\n", vec![format!("*a{last}"); 10].join(", "));
        }
        let message = parse(&text, "t").expect_err("too many").reports[0].message.clone();
        assert_eq!(message, "t:5: aliases stand for more than 100,000 values");
    }
}

//! Values of a template: literals, parameters with a default, and names of resources.

use super::yaml::{Node, Value};

/// A template.
pub(super) struct Template<'a> {
    pub(super) root: &'a Node,
}

impl<'a> Template<'a> {
    /// Returns the literal that a value stands for: a text, a parameter with a default, or `!Sub` without variables. Otherwise
    /// the error says why.
    pub(super) fn literal(&self, node: &'a Node) -> Result<String, String> {
        match (function(node), &node.value) {
            (None, Value::Scalar { text, .. }) => Ok(text.clone()),
            (Some(("Ref", of)), _) => {
                let name = of.scalar().unwrap_or_default();
                let default = self.root.at(&["Parameters", name, "Default"]).and_then(Node::text);
                default.map(str::to_owned).ok_or_else(|| format!("`{name}` is known only after a deployment"))
            }
            (Some(("Sub", of)), _) if of.scalar().is_some_and(|text| !text.contains("${")) => {
                Ok(of.scalar().unwrap_or_default().to_owned())
            }
            (Some((name, _)), _) => Err(format!("`{name}` is known only after a deployment")),
            (None, _) => Err("it is not a text".to_owned()),
        }
    }

    /// Returns the id of the resource that `!Ref` or `!GetAtt` names.
    pub(super) fn resource_id(&self, node: &'a Node) -> Option<&'a str> {
        let (name, of) = function(node)?;
        let id = match name {
            "Ref" => of.scalar()?,
            "GetAtt" => match of {
                Argument::Text(text) => text.split('.').next()?,
                Argument::Node(node) => match node.items() {
                    [] => node.text()?.split('.').next()?,
                    [first, ..] => first.text()?,
                },
            },
            _ => return None,
        };
        self.root.at(&["Resources", id]).map(|_| id)
    }

    /// Returns a resource of a type.
    pub(super) fn resource(&self, id: &str, kind: &str) -> Option<&'a Node> {
        let resource = self.root.at(&["Resources", id])?;
        (resource.get("Type").and_then(Node::text) == Some(kind)).then_some(resource)
    }
}

/// The argument of a function of CloudFormation.
enum Argument<'a> {
    Text(&'a str),
    Node(&'a Node),
}

impl<'a> Argument<'a> {
    fn scalar(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Node(node) => node.text(),
        }
    }
}

/// Returns the function of CloudFormation that a value is, in both forms: `!Ref X` and `{ Ref: X }`.
fn function(node: &Node) -> Option<(&str, Argument<'_>)> {
    if let Some(tag) = &node.tag {
        let argument = match &node.value {
            Value::Scalar { text, .. } => Argument::Text(text),
            _ => Argument::Node(node),
        };
        return Some((tag, argument));
    }
    match node.entries() {
        [(name, argument)] if name == "Ref" || name == "Condition" => Some((name, Argument::Node(argument))),
        [(name, argument)] => Some((name.strip_prefix("Fn::")?, Argument::Node(argument))),
        _ => None,
    }
}

//! What a language tells about the nodes of its syntax trees.

use tree_sitter::Node;

/// What is still to be named until it is `invoke`: nothing for `invoke` itself, `invoke` for the module that has it.
pub type Path = &'static [&'static str];

/// `base.a.b.c`.
#[derive(Debug, Clone)]
pub struct Chain<'t> {
    pub base: Base<'t>,
    pub names: Vec<&'t str>,
}

/// What a chain begins with.
#[derive(Debug, Clone, Copy)]
pub enum Base<'t> {
    /// A name, to be looked up.
    Name(&'t str),
    /// bedrock itself, for example `require('./worker')`.
    Bedrock(Path),
}

/// An expression, as far as it can be a name that is known before the program runs.
#[derive(Debug)]
pub enum Shape<'t> {
    Text(String),
    /// It is one of these.
    OneOf(Vec<Node<'t>>),
    /// It is what this name stands for.
    Name(&'t str),
    Computed,
}

pub trait Grammar {
    /// The chain that an expression is, if it is one.
    fn chain<'t>(&self, node: Node<'t>, text: &'t str) -> Option<Chain<'t>>;

    fn shape<'t>(&self, node: Node<'t>, text: &'t str) -> Shape<'t>;

    /// The expression that names the called function, in a call of `invoke`.
    fn target<'t>(&self, call: Node<'t>, text: &'t str) -> Option<Node<'t>>;
}

//! Reads the tokens of `json!({ … })` as a JSON document in which expressions are unknown, to check it against a
//! contract. What is not understood is left to `json!` itself.

use bedrock_build::contract::json::{Member, Node, Value};
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitStr, Token, braced, bracketed, token};

/// The document, and the spans of its values and names: `line` is an index of them.
pub(crate) struct JsonLiteral {
    pub(crate) node: Node,
    spans: Vec<Span>,
}

impl JsonLiteral {
    /// Returns the document if `payload` is a call of `json!`.
    pub(crate) fn of(payload: &Expr) -> Option<Self> {
        let tokens = match payload {
            Expr::Group(group) => return Self::of(&group.expr),
            Expr::Macro(call) if call.mac.path.segments.last().is_some_and(|last| last.ident == "json") => {
                call.mac.tokens.clone()
            }
            _ => return None,
        };
        let mut spans = Vec::new();
        let read = |input: ParseStream<'_>| {
            let node = value(input, &mut spans)?;
            if input.is_empty() { Ok(node) } else { Err(input.error("more than one value")) }
        };
        let node = read.parse2(tokens).ok()?;
        Some(Self { node, spans })
    }

    /// Returns the span with this index.
    pub(crate) fn span(&self, line: usize) -> Span {
        self.spans.get(line).copied().unwrap_or_else(Span::call_site)
    }
}

fn add(spans: &mut Vec<Span>, span: Span) -> usize {
    spans.push(span);
    spans.len() - 1
}

/// Whether the next value ends after one token tree.
fn is_single(input: ParseStream<'_>) -> bool {
    let fork = input.fork();
    fork.parse::<proc_macro2::TokenTree>().is_ok() && (fork.is_empty() || fork.peek(Token![,]))
}

fn value(input: ParseStream<'_>, spans: &mut Vec<Span>) -> syn::Result<Node> {
    let line = add(spans, input.span());
    let value = if input.peek(token::Brace) && is_single(input) {
        object(input, spans)?
    } else if input.peek(token::Bracket) && is_single(input) {
        let content;
        bracketed!(content in input);
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(value(&content, spans)?);
            content.parse::<Option<Token![,]>>()?;
        }
        Value::List(items)
    } else if input.peek(Ident::peek_any) && is_single(input) && !input.peek(syn::LitBool) {
        let word: Ident = input.call(Ident::parse_any)?;
        if word == "null" { Value::Null } else { Value::Unknown }
    } else if input.peek(Lit) && is_single(input) {
        literal(&input.parse()?, "")
    } else if input.peek(Token![-]) && input.peek2(Lit) {
        let fork = input.fork();
        fork.parse::<Token![-]>()?;
        fork.parse::<Lit>()?;
        if fork.is_empty() || fork.peek(Token![,]) {
            input.parse::<Token![-]>()?;
            literal(&input.parse()?, "-")
        } else {
            expression(input)?
        }
    } else {
        expression(input)?
    };
    Ok(Node { line, value })
}

fn expression(input: ParseStream<'_>) -> syn::Result<Value> {
    input.parse::<Expr>().map(|_| Value::Unknown)
}

fn literal(literal: &Lit, sign: &str) -> Value {
    match literal {
        Lit::Str(text) => Value::String(text.value()),
        Lit::Char(c) => Value::String(c.value().to_string()),
        Lit::Bool(value) => Value::Bool(value.value),
        Lit::Int(number) => Value::Number(format!("{sign}{}", number.base10_digits())),
        Lit::Float(number) => Value::Number(format!("{sign}{}", number.base10_digits())),
        _ => Value::Unknown,
    }
}

fn object(input: ParseStream<'_>, spans: &mut Vec<Span>) -> syn::Result<Value> {
    let content;
    braced!(content in input);
    let mut members = Vec::new();
    let mut has_unknown_names = false;
    while !content.is_empty() {
        let span = content.span();
        if content.peek(LitStr) && content.peek2(Token![:]) {
            let name = content.parse::<LitStr>()?.value();
            let line = add(spans, span);
            content.parse::<Token![:]>()?;
            members.push(Member { name, line, node: value(&content, spans)? });
        } else {
            // A name that an expression computes.
            has_unknown_names = true;
            while !content.peek(Token![:]) {
                content.parse::<proc_macro2::TokenTree>()?;
            }
            content.parse::<Token![:]>()?;
            value(&content, spans)?;
        }
        content.parse::<Option<Token![,]>>()?;
    }
    Ok(if has_unknown_names { Value::Unknown } else { Value::Object(members) })
}

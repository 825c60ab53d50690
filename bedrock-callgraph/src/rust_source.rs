//! Finds the calls of `context.invoke` in a Rust file of a durable worker. Its calls of `invoke!` are in its program.
//!
//! The file is read as tokens: calls are found in macros such as `tokio::join!` too, whose syntax is their own.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::name_resolution::{FileCalls, NamedCall};

/// Maximum nesting of brackets. The compiler's own limit is lower.
const DEPTH: usize = 200;

/// Returns the calls of a method `invoke` in a file. Code of tests is left out.
pub(crate) fn scan(text: &str) -> FileCalls {
    match text.parse::<TokenStream>() {
        Ok(tokens) => {
            let mut scan = Scan { constants: BTreeMap::new(), calls: FileCalls::default() };
            let tokens: Vec<TokenTree> = tokens.into_iter().collect();
            scan.read_constants(&tokens, DEPTH);
            scan.read_calls(&tokens, DEPTH);
            scan.calls
        }
        Err(error) => FileCalls { unreadable: Some(error.span().start().line), ..FileCalls::default() },
    }
}

struct Scan {
    /// The texts of constants by their names. `None` for a name with several texts.
    constants: BTreeMap<String, Option<String>>,
    calls: FileCalls,
}

impl Scan {
    /// Reads `const MAILER: &str = "mailer";`.
    fn read_constants(&mut self, tokens: &[TokenTree], depth: usize) {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) if depth > 0 => self.read_constants(&tokens_of(group), depth - 1),
                TokenTree::Ident(word) if word == "const" || word == "static" => {
                    let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else { continue };
                    let end = tokens[at..].iter().position(|token| is_punct(token, ';'));
                    let text = end.and_then(|end| {
                        let [.., equals, value] = &tokens[at..at + end] else { return None };
                        string_of(value).filter(|_| is_punct(equals, '='))
                    });
                    let known = self.constants.entry(name.to_string()).or_insert_with(|| text.clone());
                    if *known != text {
                        *known = None;
                    }
                }
                _ => {}
            }
        }
    }

    fn read_calls(&mut self, tokens: &[TokenTree], depth: usize) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = if is_test_attribute(&tokens[at..]) { end_of_item(tokens, at + 2) } else { at + 1 };
            match token {
                TokenTree::Group(group) if depth > 0 => self.read_calls(&tokens_of(group), depth - 1),
                TokenTree::Punct(dot) if dot.as_char() == '.' => {
                    if let Some(arguments) = invoke_arguments(&tokens[at..]) {
                        self.add_call(&arguments);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds a call with its first argument. One without arguments is of something else, such as the client of an AWS SDK.
    fn add_call(&mut self, arguments: &Group) {
        let line = arguments.span_open().start().line;
        let tokens = tokens_of(arguments);
        let name = match &tokens[..] {
            [] => return,
            [name, comma, ..] if is_punct(comma, ',') => self.name_of(name),
            _ => None,
        };
        match name {
            Some(name) => {
                self.calls.named.insert(NamedCall { line, name });
            }
            None => {
                self.calls.computed.insert(line);
            }
        }
    }

    fn name_of(&self, token: &TokenTree) -> Option<String> {
        match token {
            TokenTree::Ident(constant) => self.constants.get(&constant.to_string())?.clone(),
            other => string_of(other),
        }
    }
}

/// Returns the arguments of `invoke::<Types>(arguments)`.
fn invoke_arguments(tokens: &[TokenTree]) -> Option<Group> {
    let (TokenTree::Ident(name), mut rest) = tokens.split_first()? else { return None };
    if name != "invoke" {
        return None;
    }
    if let [first, second, third, ..] = rest
        && is_punct(first, ':')
        && is_punct(second, ':')
        && is_punct(third, '<')
    {
        let mut open = 0_usize;
        let closing = rest.iter().enumerate().position(|(at, token)| {
            let is_arrow = at > 0 && is_punct(&rest[at - 1], '-');
            if is_punct(token, '<') {
                open += 1;
            } else if is_punct(token, '>') && !is_arrow {
                open -= 1;
                return open == 0;
            }
            false
        })?;
        rest = &rest[closing + 1..];
    }
    match rest.first()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.clone()),
        _ => None,
    }
}

/// Returns whether the tokens begin with `#[cfg(test)]` or `#[test]`, or one of the attributes like `#[tokio::test]`.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [hash, TokenTree::Group(group), ..] = tokens else { return false };
    let text = || group.stream().to_string().replace(' ', "");
    is_punct(hash, '#') && {
        let text = text();
        text == "cfg(test)" || text == "test" || text.ends_with("::test")
    }
}

/// Returns the index after the item that begins at `start`: after its body, or after its semicolon.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    tokens[start..].iter().position(is_end).map_or(tokens.len(), |end| start + end + 1)
}

fn tokens_of(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Returns the text of a string literal. Names of functions need no escapes, so a literal with one is no name.
fn string_of(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    let text = literal.to_string();
    let text = text.trim_start_matches('r').trim_matches('#');
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::scan;

    /// Returns `line:name` of named calls, `line:?` of computed ones and `line:!` of a syntax error.
    fn calls(text: &str) -> String {
        let calls = scan(text);
        let named = calls.named.iter().map(|call| format!("{}:{}", call.line, call.name));
        let computed = calls.computed.iter().map(|line| format!("{line}:?"));
        named.chain(computed).chain(calls.unreadable.map(|line| format!("{line}:!"))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn calls_of_a_durable_context_are_found() {
        for (text, expected) in [
            ("fn f() { context.invoke(\"mailer\", 1) }", "1:mailer"),
            ("fn f() {\n context\n .invoke::<Out, _>(\n\"mailer\", event)\n.name(\"mail it\").await?; }", "3:mailer"),
            ("fn f() { child.invoke::<Vec<Vec<u8>>, In>(r\"mailer\", event) }", "1:mailer"),
            ("fn f() { c.invoke::<fn(u8) -> Vec<u8>, _>(r#\"mailer\"#, event) }", "1:mailer"),
            ("fn f() { tokio::join!(c.invoke(\"a\", 1).spawn(), c.invoke(\"b\", 2).spawn()); }", "1:a 1:b"),
            ("const MAILER: &str = \"mailer\"; fn f() { self.context.invoke(MAILER, 1) }", "1:mailer"),
            ("mod m { static MAILER: &'static str = \"mailer\"; fn f() { c.invoke(MAILER, 1) } }", "1:mailer"),
            ("fn f() { c.run_in_child_context(|c| async move { c.invoke(\"mailer\", 1).await }) }", "1:mailer"),
        ] {
            assert_eq!(calls(text), expected, "{text}");
        }
    }

    #[test]
    fn computed_names_are_reported() {
        for text in [
            "fn f() { c.invoke(name, 1) }",
            "fn f() { c.invoke(format!(\"{a}_b\"), 1) }",
            "fn f() { c.invoke(\"mailer\".to_owned(), 1) }",
            "fn f() { c.invoke(if a { \"b\" } else { \"c\" }, 1) }",
            "fn f() { c.invoke(\"a\\\\b\", 1) }",
            "const N: &str = \"a\"; mod m { const N: &str = \"b\"; } fn f() { c.invoke(N, 1) }",
            "const N: &str = concat!(\"a\", \"b\"); fn f() { c.invoke(N, 1) }",
        ] {
            assert_eq!(calls(text), "1:?", "{text}");
        }
    }

    #[test]
    fn other_code_is_no_call() {
        for text in [
            "fn f() { client.invoke().function_name(\"mailer\").send().await }",
            "fn f() { bedrock::invoke!(\"mailer\", 1) }",
            "fn f() { invoke(\"mailer\", 1) }",
            "fn f() { c.invoke_later(\"mailer\", 1) }",
            "fn f() { let method = c.invoke; }",
            "// c.invoke(\"mailer\", 1)\n/// c.invoke(\"mailer\", 1)\nfn f() { \"c.invoke(1, 2)\"; }",
            "#[cfg(test)]\nmod tests { fn f() { c.invoke(\"mailer\", 1) } }",
            "#[tokio::test]\nasync fn f() { c.invoke(\"mailer\", 1) }",
        ] {
            assert_eq!(calls(text), "", "{text}");
        }
        assert_eq!(calls("#[cfg(test)]\nmod tests;\nfn f() { c.invoke(\"mailer\", 1) }"), "3:mailer");
    }

    #[test]
    fn file_that_is_not_rust_is_reported() {
        assert_eq!(calls("fn f() {\n }\n}"), "3:!");
    }

    #[test]
    fn deep_nesting_is_read_to_a_limit() {
        let text = format!("fn f() {{ {}c.invoke(\"a\", 1){} }}", "(".repeat(100), ")".repeat(100));
        assert_eq!(calls(&text), "1:a");
    }
}

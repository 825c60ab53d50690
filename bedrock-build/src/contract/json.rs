//! A JSON reader that keeps line numbers and the digits of numbers, with bounded depth.
//!
//! It refuses what the JSON libraries of Rust, Python and JavaScript read differently: names that occur twice, and
//! halves of surrogate pairs.

use std::collections::BTreeSet;
use std::fmt;

/// How deep arrays and objects may be nested, as in `serde_json`.
pub const MAX_DEPTH: usize = 127;

/// How many names of an object are compared one by one.
const MAX_COMPARED_NAMES: usize = 16;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The line, from 1.
    pub line: usize,
    /// The value.
    pub value: Value,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    List(Vec<Node>),
    /// An object, in the order of the text.
    Object(Vec<Member>),
    /// A value that only the running program knows. It is in no text, only in source code that is checked.
    Unknown,
}

/// A name and a value of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: String,
    /// The line of the name.
    pub line: usize,
    /// The value.
    pub node: Node,
}

impl Node {
    /// Returns the value of the object's member called `name`.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|member| member.name == name).map(|member| &member.node)
    }

    /// Returns the members of an object, none for other values.
    pub fn members(&self) -> &[Member] {
        if let Value::Object(members) = &self.value { members } else { &[] }
    }

    /// Returns the items of a list, none for other values.
    pub fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }
}

impl Value {
    /// Returns what kind of value it is, with an article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Unknown => "a value",
        }
    }
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Parses a text.
pub fn parse(text: &str) -> Result<Node, JsonError> {
    let mut parser = Parser { text, at: 0, line: 1, depth: 0 };
    parser.skip_space();
    let node = parser.node()?;
    parser.skip_space();
    if parser.at < text.len() { Err(parser.unexpected()) } else { Ok(node) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, message: impl Into<String>) -> JsonError {
        JsonError { line: self.line, message: message.into() }
    }

    fn unexpected(&self) -> JsonError {
        match self.text[self.at..].chars().next() {
            Some(c) => self.error(format!("unexpected `{}`", c.escape_debug())),
            None => self.error("the text ends too early"),
        }
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\n' | b'\r' | b'\t')) = self.peek() {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn node(&mut self) -> Result<Node, JsonError> {
        let line = self.line;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { line, value })
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        if ["NaN", "Infinity"].iter().any(|word| self.text[self.at..].starts_with(word)) {
            return Err(self.error("JSON has no `NaN` and no `Infinity`"));
        }
        Err(self.unexpected())
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, JsonError>) -> Result<Value, JsonError> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.skip_space();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.node()?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
            self.skip_space();
        }
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut members: Vec<Member> = Vec::new();
        // Names of an object with many members. Comparing with a few is faster, and copies no name.
        let mut names = BTreeSet::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let line = self.line;
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.unexpected());
            }
            self.skip_space();
            let is_repeated = if members.len() < MAX_COMPARED_NAMES {
                members.iter().any(|member| member.name == name)
            } else {
                if names.is_empty() {
                    names.extend(members.iter().map(|member| member.name.clone()));
                }
                !names.insert(name.clone())
            };
            if is_repeated {
                return Err(self.error(format!("the name `{}` occurs twice", name.escape_debug())));
            }
            members.push(Member { name, line, node: self.node()? });
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
            self.skip_space();
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        self.take(b'-');
        let has_leading_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (has_leading_zero && digits > 1) {
            return Err(self.error("not a JSON number"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.error("not a JSON number"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.error("not a JSON number"));
            }
        }
        Ok(Value::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            // All of them are characters of one byte.
            let Some(end) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')) else {
                self.at = self.text.len();
                return Err(self.unexpected());
            };
            out.push_str(&rest[..end]);
            self.at += end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.error("a control character in a string must be escaped")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.peek();
        let c = match byte {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        let code = if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.hex()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.error("half of a surrogate pair in a string"));
            }
            0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.error("half of a surrogate pair in a string"))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.error("`\\u` must be followed by four hexadecimal digits"));
        };
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, Value, parse};

    #[test]
    fn numbers_keep_their_digits() {
        for text in ["0", "-1", "18446744073709551615", "1.50", "1e-7", "-0.0"] {
            assert_eq!(parse(text).expect("a number").value, Value::Number(text.to_owned()));
        }
    }

    #[test]
    fn strings_are_unescaped() {
        let node = parse(r#""a\n\"\\\/\u00e4\ud83d\ude00ü""#).expect("a string");
        assert_eq!(node.as_str(), Some("a\n\"\\/ä😀ü"));
    }

    #[test]
    fn invalid_json_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("\n{\"a\": 1,\n\"a\": 2}", 3),
            ("NaN", 1),
            ("[1,]", 1),
            ("{,}", 1),
            ("01", 1),
            ("1.", 1),
            ("-", 1),
            ("\"\\ud800\"", 1),
            ("\"\\ud800\\u0041\"", 1),
            ("\"\\u12\"", 1),
            ("\"\\uäää\"", 1),
            ("\"a\nb\"", 1),
            ("\"a", 1),
            ("1 2", 1),
            ("[\n1\n2]", 3),
            ("{\"a\" 1}", 1),
            ("tru", 1),
        ] {
            assert_eq!(parse(text).expect_err(text).line, line, "{text}");
        }
    }

    #[test]
    fn repeated_names_are_found_in_small_and_large_objects() {
        for count in [1, 15, 16, 17, 100] {
            let members: Vec<String> = (0..count).map(|number| format!("\"a{number}\": 1")).collect();
            let unique = format!("{{{}}}", members.join(","));
            assert!(parse(&unique).is_ok(), "{unique}");
            for repeated in [0, count - 1] {
                let text = format!("{{{}, \"a{repeated}\": 2}}", members.join(","));
                let error = parse(&text).expect_err("an error");
                assert_eq!(error.message, format!("the name `a{repeated}` occurs twice"));
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert!(parse(&nested(MAX_DEPTH + 1)).is_err());
        assert!(parse(&"[".repeat(1_000_000)).is_err());
    }
}

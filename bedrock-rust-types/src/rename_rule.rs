//! `rename_all`: the rules of serde, which takes fields as snake case and variants as Pascal case.

/// How names change between Rust and JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum RenameRule {
    /// Names stay as they are.
    #[default]
    None,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl RenameRule {
    /// The rules by their names in `rename_all`.
    const ALL: [(&'static str, Self); 8] = [
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    /// Returns the rule with this name, or `None` if serde has none.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, rule)| rule)
    }

    /// Returns the name of a variant in JSON.
    pub(crate) fn variant(self, name: &str) -> String {
        match self {
            Self::None | Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => with_first(name, char::to_ascii_lowercase),
            Self::Snake => {
                let mut snake = String::new();
                for (index, c) in name.char_indices() {
                    if index > 0 && c.is_uppercase() {
                        snake.push('_');
                    }
                    snake.push(c.to_ascii_lowercase());
                }
                snake
            }
            Self::ScreamingSnake => Self::Snake.variant(name).to_ascii_uppercase(),
            Self::Kebab => Self::Snake.variant(name).replace('_', "-"),
            Self::ScreamingKebab => Self::ScreamingSnake.variant(name).replace('_', "-"),
        }
    }

    /// Returns the name of a field in JSON.
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Self::None | Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => name.split('_').map(|word| with_first(word, char::to_ascii_uppercase)).collect::<String>(),
            Self::Camel => with_first(&Self::Pascal.field(name), char::to_ascii_lowercase),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn with_first(word: &str, change: fn(&char) -> char) -> String {
    let mut chars = word.chars();
    let first = chars.next();
    first.iter().map(change).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::RenameRule;

    /// The table in the tests of `serde_derive`.
    #[test]
    fn names_are_those_of_serde() {
        for (variant, lower, upper, camel, snake, screaming, kebab) in [
            ("Outcome", "outcome", "OUTCOME", "outcome", "outcome", "OUTCOME", "outcome"),
            ("VeryTasty", "verytasty", "VERYTASTY", "veryTasty", "very_tasty", "VERY_TASTY", "very-tasty"),
            ("A", "a", "A", "a", "a", "A", "a"),
            ("Z42", "z42", "Z42", "z42", "z42", "Z42", "z42"),
        ] {
            let rule = |name: &str| RenameRule::parse(name).expect("a rule").variant(variant);
            assert_eq!(rule("lowercase"), lower);
            assert_eq!(rule("UPPERCASE"), upper);
            assert_eq!(rule("PascalCase"), variant);
            assert_eq!(rule("camelCase"), camel);
            assert_eq!(rule("snake_case"), snake);
            assert_eq!(rule("SCREAMING_SNAKE_CASE"), screaming);
            assert_eq!(rule("kebab-case"), kebab);
            assert_eq!(rule("SCREAMING-KEBAB-CASE"), screaming.replace('_', "-"));
        }
        for (field, upper, pascal, camel, kebab) in [
            ("outcome", "OUTCOME", "Outcome", "outcome", "outcome"),
            ("very_tasty", "VERY_TASTY", "VeryTasty", "veryTasty", "very-tasty"),
            ("a", "A", "A", "a", "a"),
            ("z42", "Z42", "Z42", "z42", "z42"),
            ("_x", "_X", "X", "x", "-x"),
        ] {
            let rule = |name: &str| RenameRule::parse(name).expect("a rule").field(field);
            assert_eq!(rule("lowercase"), field);
            assert_eq!(rule("UPPERCASE"), upper);
            assert_eq!(rule("PascalCase"), pascal);
            assert_eq!(rule("camelCase"), camel);
            assert_eq!(rule("snake_case"), field);
            assert_eq!(rule("SCREAMING_SNAKE_CASE"), upper);
            assert_eq!(rule("kebab-case"), kebab);
            assert_eq!(rule("SCREAMING-KEBAB-CASE"), upper.replace('_', "-"));
        }
        assert_eq!(RenameRule::parse("Camel"), None);
    }
}

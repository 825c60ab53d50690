//! Crates of workers: which types are found, and what is refused, with file, line and the way out.
#![allow(clippy::expect_used)]

use std::fs;
use std::path::Path;

use bedrock_build::Problem;
use bedrock_build::contract::{Contract, describe};
use bedrock_rust_types::read_crate;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// Reads the worker `w` of an app with these files.
fn read(files: &[[&str; 2]]) -> Result<Option<Contract>, Vec<Problem>> {
    let root = tempfile::tempdir().expect("a folder");
    for [path, text] in files {
        write(root.path(), path, text);
    }
    read_crate(root.path(), &root.path().join("workers/w"), "w", |span| Some(span.start().line))
}

fn worker(event: &str, response: &str) -> String {
    format!("impl Worker for W {{ type Event = {event}; type Response = {response}; }}\n")
}

/// Returns the first problem of a crate with this code, and its help.
fn problem(code: &str) -> String {
    let text = worker("E", "()") + code;
    let problems = read(&[["workers/w/src/lib.rs", &text]]).expect_err(code);
    let Problem { message, help } = &problems[0];
    help.iter().fold(message.clone(), |text, line| format!("{text} | {line}"))
}

/// A struct with the attribute of the macro and these fields.
fn fields(text: &str) -> String {
    format!("#[bedrock::contract]\nstruct E {{ {text} }}")
}

#[test]
fn durable_worker_has_a_contract() {
    let code = "impl bedrock::durable::DurableWorker for W { type Event = E; type Response = u8; }\n";
    let text = format!("{code}{}", fields("a: String"));
    let contract = read(&[["workers/w/src/lib.rs", &text]]).expect("no problems").expect("a contract");
    assert_eq!(describe(&contract), "event: E\nresponse: integer(0..255)\n\nE {\n  a: string\n}\n");
    let other = text.replace("DurableWorker", "IdleWorker");
    assert!(read(&[["workers/w/src/lib.rs", &other]]).expect("no problems").is_none());
}

#[test]
fn types_are_found_in_modules_and_other_crates() {
    let files = [
        ["Cargo.toml", "[workspace.dependencies]\nshapes = { path = \"shapes\" }\n[workspace]\n"],
        [
            "workers/w/Cargo.toml",
            "[dependencies]\nshapes.workspace = true\nserde = \"1\"\ncommon = { path = \"../../common\" }\n",
        ],
        [
            "workers/w/src/lib.rs",
            "mod worker;\npub mod types;\nmod inline {\n    #[path = \"other.rs\"]\n    mod far;\n}\n",
        ],
        ["workers/w/src/worker.rs", &worker("crate::types::Event", "Vec<Far>")],
        [
            "workers/w/src/types/mod.rs",
            "mod deep;\n#[contract]\npub struct Event { a: deep::Deep, b: shapes::Shape }\n",
        ],
        [
            "workers/w/src/types/deep.rs",
            "#[bedrock::contract]\npub struct Deep { c: common::Unit }\n#[cfg(test)]\nmod tests { #[bedrock::contract] struct Deep; }\n",
        ],
        ["workers/w/src/inline/other.rs", "#[bedrock::contract]\npub struct Far {}\n"],
        ["common/src/lib.rs", "#[bedrock::contract]\npub enum Unit { Inch, Metre }\n"],
        ["shapes/Cargo.toml", "[lib]\npath = \"shapes.rs\"\n"],
        ["shapes/shapes.rs", "#[bedrock::contract]\npub struct Shape(u8);\n"],
    ];
    let contract = read(&files).expect("no problems").expect("a contract");
    let expected = "event: Event\nresponse: Far[]\n\nDeep {\n  c: Unit\n}\n\nEvent {\n  a: Deep\n  b: integer(0..255)\n}\n\n\
                    Far {\n}\n\nUnit = \"Inch\" | \"Metre\"\n";
    assert_eq!(describe(&contract), expected);
}

#[test]
fn worker_without_types_of_a_contract_has_none() {
    let untyped = worker("Request", "String") + "struct Request;";
    for text in ["", "#[bedrock::contract]\nstruct A;", &worker("u64", "()"), &untyped] {
        assert_eq!(read(&[["workers/w/src/lib.rs", text]]), Ok(None), "{text}");
    }
    // The types of another worker's crate are not those of this one.
    let other = "#[bedrock::contract]\nstruct Other;";
    let files = [
        ["workers/w/Cargo.toml", "[dependencies]\no = { path = \"../o\" }\n"],
        ["workers/w/src/lib.rs", &untyped],
        ["workers/o/src/lib.rs", other],
    ];
    assert_eq!(read(&files), Ok(None));
    assert_eq!(read(&[]), Ok(None));
}

#[test]
fn types_without_a_form_in_json_are_refused() {
    let at = "workers/w/src/lib.rs:3: ";
    for (written, expected) in [
        (
            "a: u64",
            "JavaScript rounds integers beyond ±9007199254740991 | use 32 bits, or `String`, or promise not to go beyond that: `#[contract(safe_int)]`",
        ),
        ("a: Option<i128>", "JavaScript rounds integers beyond ±9007199254740991 | use `String`"),
        ("a: (u8, u8)", "a contract has no tuples | use a struct with named fields"),
        ("a: [u8; 4]", "a contract has no lists of a fixed length | use `Vec<T>`"),
        ("a: &'static str", "an event cannot borrow | use a type without a lifetime, for example `String`"),
        ("a: char", "`char` is not a type of JSON | use `String`"),
        (
            "a: Vec<u8>",
            "serde writes bytes as a list of numbers | use `String` with `#[contract(format = \"base64\")]`, and encode the bytes",
        ),
        ("a: HashMap<u32, u8>", "the names of a JSON object are strings | use `String` as the key"),
        (
            "a: Option<Option<u8>>",
            "JSON has one `null` only | use `Option<T>`: an absent field and `null` are both `None`",
        ),
        (
            "a: chrono::DateTime<Utc>",
            "`DateTime` is generic, which no contract is | add `#[contract(format = \"date-time\")]`",
        ),
        (
            "a: Page<u8>",
            "`Page` is generic, which no contract is | put `#[bedrock::contract]` on its definition, or say what it is in JSON: `#[contract(as = \"String\")]`",
        ),
        ("a: uuid::Uuid", "the type `Uuid` has no `#[bedrock::contract]` | add `#[contract(format = \"uuid\")]`"),
        (
            "a: fn()",
            "this is not a type of JSON | put `#[bedrock::contract]` on its definition, or say what it is in JSON: `#[contract(as = \"String\")]`",
        ),
        (
            "#[contract(format = \"duration\")] a: String",
            "unknown format `duration` | the formats are `date-time`, `date`, `uuid`, `uri`, `email`, `decimal` and `base64`",
        ),
        (
            "#[contract(range = 1)] a: u8",
            "unknown option of `#[contract]` | the options are `as = \"T\"`, `format = \"…\"` and `safe_int`",
        ),
        (
            "#[serde(flatten)] a: u8",
            "a contract cannot follow `#[serde(flatten)]` | write the fields into this struct, or leave them in a field of their own",
        ),
        (
            "#[serde(with = \"x\")] a: u8",
            "a function decides what the field is in JSON | say what it is in JSON: `#[contract(as = \"String\")]`, or `#[contract(format = \"date-time\")]`",
        ),
        (
            "#[serde(skip_deserializing)] a: u8",
            "a contract cannot follow `#[serde(skip_deserializing)]` | use `skip`: a caller in Rust sends the field",
        ),
        (
            "#[serde(future)] a: u8",
            "a contract cannot follow `#[serde(future)]` | remove it, or convert from a type without it in `execute`",
        ),
        (
            "#[serde(rename(serialize = \"b\", deserialize = \"c\"))] a: u8",
            "the names for reading and for writing differ | use one name for both: callers in Rust write what the worker reads",
        ),
        ("#[serde(rename = \"b\")] a: u8, b: u8", "two fields are called `b` in JSON | rename one of them"),
        (
            "#[serde(rename = \"\")] a: u8",
            "not a name of a field | use a name that is not empty and has no control characters",
        ),
        (
            "#[cfg(unix)] a: u8",
            "a type of a contract cannot depend on the build | leave it out: the type is the same in every build",
        ),
    ] {
        let found = problem(&fields(written));
        assert_eq!(found, format!("{at}{expected}"), "{written}");
    }
}

#[test]
fn items_without_a_form_in_json_are_refused() {
    let tag = "name a field that tells the values apart: `#[serde(tag = \"kind\")]`";
    let place = |line: usize| format!("workers/w/src/lib.rs:{line}: ");
    for (line, item, expected) in [
        (3, "#[bedrock::contract]\nenum E { A(u8), B }", format!("an enum with data has no tag | {tag}")),
        (3, "#[bedrock::contract]\n#[serde(untagged)] enum E { A }", format!("a contract cannot follow `#[serde(untagged)]` | {tag}")),
        (3, "#[bedrock::contract]\nenum E {}", "an enum without values | add a variant".to_owned()),
        (3, "#[bedrock::contract]\nstruct E<T> { a: T }", "a type of a contract cannot be generic | write a type without parameters for each type that it is used with".to_owned()),
        (3, "#[bedrock::contract]\nstruct E(u8, u8);", "a contract has no tuples | give the fields names".to_owned()),
        (3, "#[bedrock::contract]\n#[serde(tag = \"a\")] enum E { A { a: u8 } }", "a field has the name of the tag | call the tag or the field otherwise".to_owned()),
        (3, "#[bedrock::contract]\n#[serde(tag = \"a\")] enum E { A(String) }", "the tag has no object to be in | use a struct with fields, or add `content = \"value\"` to the attribute of the enum".to_owned()),
        (3, "#[bedrock::contract]\n#[serde(tag = \"a\", content = \"b\")] enum E { A { c: u8 } }", "the content of a variant has no name | put them into a struct with `#[bedrock::contract]`, or leave out `content`".to_owned()),
        (3, "#[bedrock::contract]\n#[serde(rename_all = \"Camel\")] enum E { A }", "unknown rule `Camel`".to_owned()),
        (3, "#[bedrock::contract]\n#[serde(into = \"String\")] struct E { a: u8 }", "a contract cannot follow `#[serde(into)]` | put `#[bedrock::contract]` on the type that it is converted into, and convert in `execute`".to_owned()),
        (3, "#[bedrock::contract]\nenum E { A, #[serde(rename = \"A\")] B }", "two variants are called `A` in JSON | rename one of them".to_owned()),
        (1, "#[bedrock::contract]\nstruct E(E);", "the type `E` refers to itself, and is not an object".to_owned()),
        (1, "#[bedrock::contract]\n#[serde(tag = \"a\")] enum E { A(B) }\n#[bedrock::contract] enum B { C }", "the type `B` has no fields, in which the tag `a` could be".to_owned()),
    ] {
        assert_eq!(problem(item), place(line) + &expected, "{item}");
    }
    let twice = "#[bedrock::contract]\nstruct E {}\nmod m {\n#[bedrock::contract]\nstruct E {}\n}";
    let expected = "workers/w/src/lib.rs: a second type is called `E`, in workers/w/src/lib.rs:6 \
                    | rename one of them: a contract has one type of a name";
    assert_eq!(problem(twice), expected);
    let unfinished = problem("#[bedrock::contract]\nstruct E {");
    assert!(unfinished.starts_with("workers/w/src/lib.rs:"), "{unfinished}");
    // What the compiler reports anyway says nothing about contracts.
    assert_eq!(read(&[["workers/w/src/lib.rs", "struct E {"]]), Ok(None));
}

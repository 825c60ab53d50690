//! What other libraries make of the types of the table: schemars of the types in Rust, pydantic and msgspec of the stubs for
//! Python, zod of the schema. They agree about everything except for what is listed here.
#![allow(clippy::expect_used)]

#[path = "../cases/code.rs"]
mod code;
mod table;

use std::fmt::Write as _;
use std::process::Command;

use bedrock_build::contract::{Source, differences, read};
use bedrock_contract::{canonical, python};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use table::{lines, load, read_case, read_rust_case};

/// schemars knows no formats, and no bound of `u32`. It does not know that serde requires a field with functions of its own,
/// and writes a reference next to the tag of a variant. The `null` of a field that is then skipped is never written.
const SCHEMARS: &str = "\
numbers: `event.word`: was `integer(0..4294967295)`, is `integer(0..)`
numbers: `response.word`: was `integer(0..4294967295)`, is `integer(0..)`
containers: `$defs`: types have other names
options: `response.absent`: was `integer(0..255)`, is `integer(0..255) | null`
default_of_all_fields: `event.width`: was `integer(0..4294967295)`, is `integer(0..)`
default_of_all_fields: `response.width`: was `integer(0..4294967295)`, is `integer(0..)`
names: `$defs`: types have other names
aliases: `event.all[]`: was `string(uuid)`, is `string`
aliases: `event.id`: was `string(uuid)`, is `string`
aliases: `response.all[]`: was `string(uuid)`, is `string`
aliases: `response.id`: was `string(uuid)`, is `string`
formats: `event.at`: was `string(date-time)`, is `string`
formats: `event.data`: was `string(base64)`, is `string`
formats: `event.days[]`: was `string(date)`, is `string`
formats: `event.price`: was `string(decimal)`, is `string`
formats: `event.wait`: the field is now optional
formats: `response.at`: was `string(date-time)`, is `string`
formats: `response.data`: was `string(base64)`, is `string`
formats: `response.days[]`: was `string(date)`, is `string`
formats: `response.price`: was `string(decimal)`, is `string`
recursion: `$defs`: types have other names
tagged_union: schemars: `event`: the alternatives have no tag that tells them apart
tagged_union: schemars: `response`: the alternatives have no tag that tells them apart
adjacent_union: `$defs`: types have other names
";

/// zod sees what `JSON.parse` has read, has other ideas of formats, and strips fields that it does not know.
const ZOD: &str = r#"accepts any: {"a":1,"a":2}
accepts integer: 1.0
accepts integer: 1e3
accepts string: "\ud800"
accepts URI: "x:"
refuses e-mail address: "a@b"
refuses e-mail address: "ä@b.example"
accepts decimal: ""
accepts decimal: "--1"
accepts decimal: ".5"
accepts decimal: "1E-7"
accepts decimal: "5."
accepts decimal: "NaN"
accepts bytes: "-_-_"
accepts bytes: "A==="
accepts bytes: "AA"
accepts bytes: "AA= "
accepts struct: {"width": 1, "note": null, "nmae": ""}
accepts struct: {"width": 1, "note": null, "quality": 1}
accepts struct without fields: {"a": 1}
"#;

/// pydantic reads `NaN`, names that occur twice, and `1e999` as infinity.
const PYDANTIC: &str = "accepts any: NaN\naccepts any: {\"a\":1,\"a\":2}\naccepts number: 1e999\n";

/// msgspec skips fields that it does not know, and has no unions of `TypedDict`.
const MSGSPEC: &str = r#"accepts any: {"a":1,"a":2}
accepts struct: {"width": 1, "note": null, "nmae": ""}
accepts struct: {"width": 1, "note": null, "quality": 1}
accepts struct without fields: {"a": 1}
has no type for union
"#;

/// Returns how the contract that is read from the schemas of schemars differs from ours.
fn schemars_differences<T: JsonSchema>(case: &str) -> String {
    let ours = read_rust_case(case);
    let settings = SchemaSettings::draft2020_12;
    let event = settings().for_deserialize().into_generator().into_root_schema_for::<T>();
    let response = settings().for_serialize().into_generator().into_root_schema_for::<T>();
    let document = json!({ "properties": { "event": event, "response": response } });
    let found = match read(&document.to_string(), &Source::Code("schemars")) {
        Ok(theirs) => differences(&ours, &theirs),
        Err(problems) => problems.into_iter().map(|problem| problem.message).collect(),
    };
    found.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{case}: {line}");
        text
    })
}

#[test]
fn schemars_reads_rust_types_alike() {
    let found = [
        schemars_differences::<code::numbers::Subject>("numbers"),
        schemars_differences::<code::containers::Subject>("containers"),
        schemars_differences::<code::options::Subject>("options"),
        schemars_differences::<code::default_of_all_fields::Subject>("default_of_all_fields"),
        schemars_differences::<code::names::Subject>("names"),
        schemars_differences::<code::aliases::Subject>("aliases"),
        schemars_differences::<code::formats::Subject>("formats"),
        schemars_differences::<code::recursion::Subject>("recursion"),
        schemars_differences::<code::tagged_union::Subject>("tagged_union"),
        schemars_differences::<code::adjacent_union::Subject>("adjacent_union"),
    ];
    assert_eq!(found.concat(), SCHEMARS);
}

/// The documents of a case, with the answer of the table.
fn documents(case: &Value) -> Vec<(String, bool)> {
    let invalid = case["invalid"].as_object().expect("an object").keys().cloned();
    let valid = lines(&case["valid"]).into_iter().map(|text| (text, true));
    valid.chain(invalid.map(|text| (text, false))).collect()
}

/// Asks a program about all documents. `subject` returns what the program reads of a case.
fn ask(command: &mut Command, subject: impl Fn(&Value) -> Value) -> Vec<Value> {
    let texts = |case: &Value| documents(case).into_iter().map(|(text, _)| text).collect::<Vec<_>>();
    let questions: Vec<Value> = load("types").iter().map(|case| json!([subject(case), texts(case)])).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), Value::from(questions).to_string()).expect("a file");
    let output = command.stdin(std::fs::File::open(file.path()).expect("the file")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a list")
}

/// Returns whether a document is wrong only by a bound or a format, which the types of Python do not have.
fn is_of_stub(case: &Value, document: &str) -> bool {
    match case["python"].as_str() {
        Some("int") => document.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()),
        Some("str") => document.starts_with('"'),
        _ => false,
    }
}

/// Returns a line for each document about which the library does not say what the table says. `is_accepted`: whether a wrong
/// document is one that the library cannot refuse.
fn divergences<'a>(answers: impl Iterator<Item = &'a Value>, is_accepted: impl Fn(&Value, &str) -> bool) -> String {
    let mut text = String::new();
    for (case, answers) in load("types").iter().zip(answers) {
        let name = case["name"].as_str().expect("a name");
        let Some(answers) = answers.as_array() else {
            let _ = writeln!(text, "has no type for {name}");
            continue;
        };
        for ((document, expected), answer) in documents(case).into_iter().zip(answers) {
            if *answer != expected && (expected || !is_accepted(case, &document)) {
                let verb = if expected { "refuses" } else { "accepts" };
                let _ = writeln!(text, "{verb} {name}: {document}");
            }
        }
    }
    text
}

#[test]
fn python_libraries_read_stubs_alike() {
    let Some(python) = testbed::tool("contracts/bin/python") else { return };
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/oracles.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    let answers = ask(&mut command, |case| python::worker_stub(&read_case(case)).into());
    assert_eq!(divergences(answers.iter().map(|both| &both[0]), is_of_stub), PYDANTIC, "pydantic");
    assert_eq!(divergences(answers.iter().map(|both| &both[1]), is_of_stub), MSGSPEC, "msgspec");
}

#[test]
fn zod_reads_schemas_alike() {
    let Some(zod) = testbed::tool("contracts_node/node_modules/zod/package.json") else { return };
    let Some(node) = testbed::find_on_path("node") else { return };
    let tools = zod.ancestors().nth(3).expect("the folder of the tools");
    let mut command = Command::new(node);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/oracles.mjs")).arg(tools);
    let answers = ask(&mut command, |case| {
        let document = canonical::to_value(&read_case(case));
        let mut schema = document["properties"]["event"].clone();
        schema["$defs"] = document.get("$defs").cloned().unwrap_or_else(|| json!({}));
        schema
    });
    assert_eq!(divergences(answers.iter(), |_, _| false), ZOD);
}

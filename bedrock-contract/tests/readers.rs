//! What the readers in Python and JavaScript make of types, with pydantic, msgspec and zod, and what the reader here makes
//! of it.
#![allow(clippy::expect_used)]

use std::process::Command;

use bedrock_build::contract::{Source, describe, read};
use serde_json::Value;

/// Runs the readers, and returns what they wrote for each case.
fn run(command: &mut Command) -> Value {
    let output = command.output().expect("the reader starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Returns the text of a case's event, or the first problem with it.
fn event_text(cases: &Value, name: &str) -> String {
    let case = &cases[name];
    if let Some(problem) = case.get("problem") {
        return format!("problem: {}", problem["message"].as_str().unwrap_or_default());
    }
    match read(&case.to_string(), &Source::Code("main")) {
        Ok(contract) => describe(&contract).replace("response: any\n", "").replace('\n', " ").trim().to_owned(),
        Err(problems) => format!("problem: {}", problems[0].message),
    }
}

fn check(cases: &Value, expected: &[[&str; 2]]) {
    let found: Vec<[String; 2]> =
        expected.iter().map(|[name, _]| [(*name).to_owned(), event_text(cases, name)]).collect();
    assert_eq!(found, expected);
    assert_eq!(cases.as_object().map(serde_json::Map::len), Some(expected.len()));
}

#[test]
fn python_types_are_read() {
    let Some(python) = testbed::tool("contracts/bin/python") else { return };
    let folder = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new(python);
    command.arg(format!("{folder}/cases/code.py")).env("PYTHONPATH", format!("{folder}/../bedrock-local/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let no_tag = "the alternatives have no tag that tells them apart";
    check(
        &run(&mut command),
        &[
            ["integer", "event: integer"],
            ["number", "event: number"],
            ["list of numbers", "event: number[]"],
            ["map", "event: { [name: string]: boolean }"],
            [
                "typed dict",
                "event: Size  Size {   mode: SizeMode   note: string | null   width: integer }  SizeMode = \"crop\" | \"fit\"",
            ],
            ["recursion", "event: Tree  Tree {   children: Tree[] }"],
            ["dataclass", "event: Request  Request {   tags?: string[]   width: number }"],
            [
                "pydantic model",
                "event: Model  Model {   Name: string   count: integer(1..255)   day: string(date)   id: string(uuid)   \
                 parent?: Model | null   price: string(decimal)   url: string(uri)   when: string(date-time) }",
            ],
            [
                "pydantic union",
                "event: Owner  Owner {   pet: OwnerPet }  OwnerPet =   | {       kind: \"cat\"       lives: integer     }   \
                 | {       kind: \"dog\"     }",
            ],
            ["pydantic union without a tag", &format!("problem: main: `Untagged.value`: {no_tag}")],
            ["pydantic bytes", "problem: main: `Raw.data`: unknown format `binary`"],
            ["pydantic bounds", "event: integer(0..10)"],
            [
                "msgspec struct",
                "event: Frame  Frame {   at?: integer | null   data: string(base64)   price: string(decimal) }",
            ],
            [
                "msgspec union",
                "event: EventItem[]  EventItem =   | {       type: \"add\"       value: integer     }   | {       type: \"clear\"     }",
            ],
        ],
    );
}

#[test]
fn zod_schemas_are_read() {
    let Some(zod) = testbed::tool("contracts_node/node_modules/zod/package.json") else { return };
    let Some(node) = testbed::find_on_path("node") else { return };
    let tools = zod.ancestors().nth(3).expect("the folder of the tools");
    let folder = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new(node);
    command.arg(format!("{folder}/cases/code.mjs")).arg(format!("{folder}/../bedrock-local/javascript/contract.mjs"));
    let no_tag = "the alternatives have no tag that tells them apart";
    check(
        &run(command.arg(tools)),
        &[
            ["integer", "event: integer"],
            ["number", "event: number"],
            ["map", "event: { [name: string]: boolean }"],
            ["object", "event: Event  Event {   a: string   b?: integer   c: string | null   d?: string }"],
            ["strict object", "event: Event  Event {   a: string }"],
            ["enum", "event: Event  Event = \"a\" | \"b\""],
            [
                "formats",
                "event: Event  Event {   at: string(date-time)   day: string(date)   id: string(uuid)   link: string(uri)   \
                 mail: string(email)   raw: string(base64) }",
            ],
            [
                "union",
                "event: Event  Event =   | {       kind: \"a\"       x: number     }   | {       kind: \"b\"     }",
            ],
            ["union without a tag", &format!("problem: main: `event`: {no_tag}")],
            ["recursion", "event: Event  Event {   children: Event[] }"],
            ["tuple", "problem: main: `event`: the keyword `prefixItems` is not supported here"],
            ["date", "problem: `static event` has no JSON Schema: Date cannot be represented in JSON Schema"],
        ],
    );
}

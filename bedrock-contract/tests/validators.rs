//! The validators in Python and JavaScript say the same about the documents of the table as the one in Rust, apart from what
//! is listed here.
#![allow(clippy::expect_used)]

mod table;

use std::process::Command;

use bedrock_build::contract::{Root, validate_text};
use bedrock_contract::canonical;
use serde_json::{Value, json};
use table::{lines, load, read_case};

/// Reads the questions from standard input, and writes a list of violations for each.
const PYTHON: &str = "import json, sys\nfrom bedrock.workers.contract import Contract\n\
    ask = lambda contract, text: Contract(contract).violations('event', json.loads(text))\n\
    print(json.dumps([ask(*question) for question in json.load(sys.stdin)]))";

const JAVASCRIPT: &str = "const { violations } = await import(process.env.VALIDATOR);\n\
    const questions = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'));\n\
    console.log(JSON.stringify(questions.map(([contract, text]) => violations(contract, 'event', JSON.parse(text)))));";

/// A contract, and the text of a document.
struct Question {
    contract: Value,
    text: String,
    expected: Vec<String>,
}

/// Returns the documents that the JSON libraries of both languages read as the text says.
fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for case in load("types") {
        let contract = read_case(&case);
        let invalid = case["invalid"].as_object().expect("an object").keys().cloned();
        for text in lines(&case["valid"]).into_iter().chain(invalid) {
            let violations = validate_text(&contract, Root::Event, text.as_bytes());
            let expected: Vec<String> = violations.iter().map(ToString::to_string).collect();
            // The libraries fail, or have read something else, before a validator sees the document.
            if !expected.iter().any(|line| line.contains("not JSON")) {
                questions.push(Question { contract: canonical::to_value(&contract), text, expected });
            }
        }
    }
    questions
}

fn ask(command: &mut Command, questions: &[Question]) -> Vec<Vec<String>> {
    let input: Vec<Value> = questions.iter().map(|question| json!([question.contract, question.text])).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), Value::from(input).to_string()).expect("a file");
    let output = command.stdin(std::fs::File::open(file.path()).expect("the file")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    answers.as_array().expect("a list").iter().map(lines).collect()
}

/// Compares answers. Only Rust suggests similar names, and knows how a number was written.
fn compare(questions: &[Question], answers: &[Vec<String>], divergences: &[[&str; 2]]) {
    assert_eq!(answers.len(), questions.len());
    let comparable = |line: &String| {
        let line = line.split(", a similar one").next().unwrap_or_default();
        let line = line.split("unknown field").next().unwrap_or_default();
        let line = line.split(", found").next().unwrap_or_default();
        line.split(" cannot be ").next().unwrap_or_default().to_owned()
    };
    for (question, answer) in questions.iter().zip(answers) {
        let known = divergences.iter().find(|[text, _]| *text == question.text);
        let expected = question.expected.iter().map(comparable).collect::<Vec<_>>();
        let answer = answer.iter().map(comparable).collect::<Vec<_>>();
        match known {
            Some([_, line]) if expected != answer => assert_eq!(answer.join("\n"), *line, "{}", question.text),
            _ => assert_eq!(answer, expected, "{}", question.text),
        }
    }
}

#[test]
fn python_validator_says_the_same() {
    let Some(python) = testbed::find_on_path("python3") else { return };
    let questions = questions();
    let mut command = Command::new(python);
    command.args(["-c", PYTHON]).env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../bedrock-local/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    compare(&questions, &ask(&mut command, &questions), &[]);
}

#[test]
fn javascript_validator_says_the_same() {
    let Some(node) = testbed::find_on_path("node") else { return };
    let questions = questions();
    let validator = concat!(env!("CARGO_MANIFEST_DIR"), "/../bedrock-local/javascript/validate.mjs");
    let mut command = Command::new(node);
    command.args(["--input-type=module", "-e", JAVASCRIPT]).env("VALIDATOR", validator);
    // JSON.parse reads these as the integers 1 and 1000.
    compare(&questions, &ask(&mut command, &questions), &[["1.0", ""], ["1e3", ""]]);
}

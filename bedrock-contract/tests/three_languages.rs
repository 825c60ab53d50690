//! Values of random contracts go through the types of all languages: the module for Rust, compiled, and the validators of
//! Python and JavaScript. They arrive unchanged, and type checkers accept them. Damaged values are refused by all or by none.
#![allow(clippy::expect_used)]

mod random;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::contract::{Contract, Root, Type, rust_module, validate_text};
use bedrock_contract::{WorkerContract, canonical, typescript};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use random::contracts;
use random::values::{Random, damage, value};
use serde_json::{Value, json};

/// Reads the questions from standard input: the number of a contract, the name of a root, and a document. Writes for each the
/// document again, or `null` if it does not have the type.
const PYTHON: &str = "import json, sys\nfrom bedrock.workers.contract import Contract\n\
    contracts, questions = json.load(sys.stdin)\ncontracts = [Contract(contract) for contract in contracts]\n\
    def answer(number, root, text):\n    value = json.loads(text)\n    \
    return None if contracts[number].violations(root, value) else json.dumps(value)\n\
    print(json.dumps([answer(*question) for question in questions]))";

const JAVASCRIPT: &str = "const { violations } = await import(process.env.VALIDATOR);\n\
    const [contracts, questions] = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'));\n\
    const answer = ([number, root, text]) => { const value = JSON.parse(text);\n\
    return violations(contracts[number], root, value).length > 0 ? null : JSON.stringify(value); };\n\
    console.log(JSON.stringify(questions.map(answer)));";

/// The program in Rust reads the same questions. `MODULES` and `ARMS` are generated.
const RUST: &str = "use bedrock::__private::v1::{serde, serde_json};\n\
    use serde_json::{Value, json};\n\n\
    fn answer<T: serde::Serialize + serde::de::DeserializeOwned>(text: &str) -> Value {\n    \
    serde_json::from_str::<T>(text).map_or(Value::Null, |value| json!(serde_json::to_string(&value).unwrap()))\n}\n\n\
    fn main() {\n    let input: Value = serde_json::from_reader(std::io::stdin()).unwrap();\n    \
    let answers = input[1].as_array().unwrap().iter().map(|question| {\n        \
    let text = question[2].as_str().unwrap();\n        \
    match (question[0].as_u64().unwrap(), question[1].as_str().unwrap()) {\nARMS            _ => unreachable!(),\n        }\n    });\n    \
    println!(\"{}\", Value::from(answers.collect::<Vec<_>>()));\n}\n\nMODULES";

struct Question {
    number: usize,
    root: Root,
    text: String,
}

impl Question {
    fn root_name(&self) -> &'static str {
        if self.root == Root::Event { "event" } else { "response" }
    }
}

/// Returns random contracts and valid values of each.
fn draw(seed: u64, contract_count: usize, values: usize) -> (Vec<Contract>, Vec<Question>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut random = Random(seed);
    let mut questions = Vec::new();
    let mut all = Vec::new();
    while all.len() < contract_count {
        let contract = contracts().new_tree(&mut runner).expect("a contract").current();
        let roots = [(Root::Event, contract.event.clone()), (Root::Response, contract.response.clone())];
        let draw = |random: &mut Random| {
            let (root, ty): &(Root, Type) = &roots[random.below(2)];
            Some((*root, value(&contract, ty, 0, random)?.to_string()))
        };
        // Types that contain themselves without an end have no values.
        let drawn: Vec<_> = (0..8 * values).filter_map(|_| draw(&mut random)).take(values).collect();
        if drawn.len() == values {
            questions.extend(drawn.into_iter().map(|(root, text)| Question { number: all.len(), root, text }));
            all.push(contract);
        }
    }
    (all, questions)
}

/// Returns the answers of a program, `None` for a document that does not have the type.
fn ask(command: &mut Command, contracts: &[Contract], questions: &[Question]) -> Vec<Option<String>> {
    let schemas: Vec<Value> = contracts.iter().map(canonical::to_value).collect();
    let texts: Vec<Value> = questions.iter().map(|one| json!([one.number, one.root_name(), one.text])).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), json!([schemas, texts]).to_string()).expect("a file");
    let output = command.stdin(std::fs::File::open(file.path()).expect("the file")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a list")
}

/// Compiles the program in Rust with the modules of the contracts.
fn rust_program(folder: &Path, contracts: &[Contract]) -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout");
    let mut modules = String::from("#[allow(unused, non_camel_case_types, clippy::all)]\nmod workers {\n");
    let mut arms = String::new();
    for (number, contract) in contracts.iter().enumerate() {
        modules.push_str(&rust_module(&format!("case_{number}"), contract));
        for root in ["Event", "Response"] {
            let name = root.to_lowercase();
            let _ = writeln!(arms, "({number}, {name:?}) => answer::<workers::case_{number}::{root}>(text),");
        }
    }
    modules.push_str("}\n");
    let manifest = format!(
        "[package]\nname = \"three_languages\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         bedrock = {{ package = \"bedrock-rt\", path = \"{}\" }}\n\n[workspace]\n",
        checkout.join("bedrock-rt").display()
    );
    std::fs::create_dir(folder.join("src")).expect("a folder");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    std::fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file");
    std::fs::write(folder.join("src/main.rs"), RUST.replace("ARMS", &arms).replace("MODULES", &modules))
        .expect("a file");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fixtures");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet"]).current_dir(folder).env("CARGO_TARGET_DIR", &target);
    for variable in ["RUSTFLAGS", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUST_BACKTRACE"] {
        command.env_remove(variable);
    }
    let output = command.env("CARGO_PROFILE_DEV_DEBUG", "0").output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Other tests do not compile a program with this name.
    target.join("debug/three_languages")
}

/// Returns whether two documents are the same value: numbers by their value, whatever their spelling. Without its feature
/// `float_roundtrip`, `serde_json` reads the last bit of some fractions wrong; integers are exact.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            let is_near = || {
                let [a, b] = [a, b].map(|number| number.as_f64().unwrap_or(f64::NAN));
                (a - b).abs() <= a.abs() * f64::EPSILON
            };
            a.as_i64().zip(b.as_i64()).map_or_else(is_near, |(a, b)| a == b)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_same(a, b)))
        }
        (one, other) => one == other,
    }
}

/// Compares what a program wrote with the documents, and has the next one read what it wrote.
fn pass_on(name: &str, seed: u64, questions: Vec<Question>, answers: Vec<Option<String>>) -> Vec<Question> {
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(questions.len(), answers.len());
    let pairs = questions.into_iter().zip(answers);
    pairs
        .map(|(question, answer)| {
            let (number, text) = (question.number, &question.text);
            let answer = answer.unwrap_or_else(|| panic!("seed {seed}, contract {number}: {name} refuses {text}"));
            let is_same = is_same(&read(text), &read(&answer));
            assert!(is_same, "seed {seed}, contract {number}: {name} reads {text}, writes {answer}");
            Question { text: answer, ..question }
        })
        .collect()
}

fn python() -> Option<Command> {
    let mut command = Command::new(testbed::find_on_path("python3")?);
    command.args(["-c", PYTHON]).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../bedrock-local/python"));
    Some(command)
}

fn javascript() -> Option<Command> {
    let mut command = Command::new(testbed::find_on_path("node")?);
    let validator = concat!(env!("CARGO_MANIFEST_DIR"), "/../bedrock-local/javascript/validate.mjs");
    command.args(["--input-type=module", "-e", JAVASCRIPT]).env("VALIDATOR", validator);
    Some(command)
}

#[test]
fn values_go_through_three_languages_unchanged() {
    let (Some(mut python_program), Some(mut node_program)) = (python(), javascript()) else { return };
    let is_nightly = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (seed, contracts, values) = if is_nightly { (now, 100, 100) } else { (19, 20, 25) };
    let (contracts, questions) = draw(seed, contracts, values);
    for question in &questions {
        let violations = validate_text(&contracts[question.number], question.root, question.text.as_bytes());
        assert_eq!(violations, [], "seed {seed}: {}", question.text);
    }
    check_types(seed, &contracts, &questions);
    let folder = tempfile::tempdir().expect("a folder");
    let mut rust_program = Command::new(rust_program(folder.path(), &contracts));
    let mut questions = questions;
    let programs = [("Rust", &mut rust_program), ("Python", &mut python_program), ("JavaScript", &mut node_program)];
    for (name, program) in programs {
        let answers = ask(program, &contracts, &questions);
        questions = pass_on(name, seed, questions, answers);
    }
    // And back to the first.
    let answers = ask(&mut rust_program, &contracts, &questions);
    pass_on("Rust", seed, questions, answers);
}

#[test]
fn damaged_values_are_refused_by_all_or_by_none() {
    let (Some(mut python), Some(mut node)) = (python(), javascript()) else { return };
    let (contracts, mut questions) = draw(20, 100, 20);
    let mut random = Random(20);
    for question in &mut questions {
        let mut document: Value = serde_json::from_str(&question.text).expect("JSON");
        damage(&mut document, &mut random);
        question.text = document.to_string();
    }
    let answers = ask(&mut python, &contracts, &questions).into_iter().zip(ask(&mut node, &contracts, &questions));
    let mut refused = 0;
    for (question, (python, node)) in questions.iter().zip(answers) {
        let violations = validate_text(&contracts[question.number], question.root, question.text.as_bytes());
        let expected = violations.is_empty();
        assert_eq!((python.is_some(), node.is_some()), (expected, expected), "{}: {violations:?}", question.text);
        refused += usize::from(!expected);
    }
    assert!(refused > questions.len() / 4, "{refused}");
}

/// The compiler of TypeScript accepts the events as literals.
fn check_types(seed: u64, contracts: &[Contract], questions: &[Question]) {
    let Some(tsc) = testbed::tool("checkers/node_modules/.bin/tsc") else { return };
    let worker = |(number, contract): (usize, &Contract)| WorkerContract {
        worker: format!("case_{number}"),
        contract: Some(contract.clone()),
    };
    let workers: Vec<WorkerContract> = contracts.iter().enumerate().map(worker).collect();
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/files/worker/javascript/worker.d.ts");
    let library = std::fs::read_to_string(library).expect("the types");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a file");
    write("worker.d.ts", &typescript::declarations(&library, "case_0", &workers));
    let mut calls = String::from("import { invoke } from './worker.js';\n");
    for question in questions.iter().filter(|question| question.root == Root::Event) {
        let _ = writeln!(calls, "invoke('case_{}', {});", question.number, question.text);
    }
    write("calls.mts", &calls);
    let options = json!({ "noEmit": true, "strict": true, "module": "nodenext", "target": "es2022", "types": [] });
    write("tsconfig.json", &json!({ "compilerOptions": options }).to_string());
    let output = Command::new(tsc).current_dir(folder.path()).args(["-p", ".", "--pretty", "false"]).output();
    let output = output.expect("the compiler starts");
    assert!(output.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&output.stdout));
}

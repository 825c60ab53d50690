//! `config.py` before and after. What comes out runs as Python in the tests of the command line.

use insta::assert_snapshot;

use super::{Outcome, edit, prefix};

fn after(text: &str) -> String {
    match edit(text, "MY_APP") {
        Outcome::Edited { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

fn unclear(text: &str) -> &'static str {
    match edit(text, "MY_APP") {
        Outcome::Unclear(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_key_is_renamed_and_the_entries_stay_beside_the_comprehension() {
    let text = "\
from bedrock.config import get_all_by_prefix

prefix = 'SHOP'
parameters = {
    'lambdas': {
        'mailer': 'arn:aws:lambda:eu-west-1:1:function:mailer'  # not ours
    },
    'debug': True,
}
";
    assert_snapshot!(after(text), @r#"
    from bedrock.config import get_all_by_prefix

    prefix = 'SHOP'
    parameters = {
        'workers': {
            'mailer': 'arn:aws:lambda:eu-west-1:1:function:mailer',  # not ours
            **{k.replace(f"{prefix}_WORKER_ARN_", "").lower(): v for k, v in get_all_by_prefix(f"{prefix}_WORKER_ARN_").items()},
        },
        'debug': True,
    }
    "#);
}

#[test]
fn an_empty_dictionary_gets_the_comprehension_alone() {
    let text = "prefix = \"A\"\ndef get_all_by_prefix(p): ...\nparameters = {\n    \"lambdas\": {}\n}\n";
    assert_snapshot!(after(text), @r#"
    prefix = "A"
    def get_all_by_prefix(p): ...
    parameters = {
        "workers": {
            **{k.replace(f"{prefix}_WORKER_ARN_", "").lower(): v for k, v in get_all_by_prefix(f"{prefix}_WORKER_ARN_").items()}
        }
    }
    "#);
}

#[test]
fn names_that_the_file_lacks_are_added_above_the_statement() {
    assert_snapshot!(after("DEBUG = 1\n\nparameters = {\"lambdas\": load()}\n"), @r#"
    DEBUG = 1

    import os


    def get_all_by_prefix(prefix):
        return {k: v for k, v in os.environ.items() if k.startswith(prefix)}


    prefix = "MY_APP"

    parameters = {"workers": {
        **load(),
        **{k.replace(f"{prefix}_WORKER_ARN_", "").lower(): v for k, v in get_all_by_prefix(f"{prefix}_WORKER_ARN_").items()}
    }}
    "#);
    let imported = after("import os.path\nfrom bedrock.config import *\nparameters = {\"lambdas\": {}}\n");
    assert!(!imported.contains("def get_all_by_prefix") && !imported.contains("prefix = "), "{imported}");
}

#[test]
fn an_app_without_lambdas_gets_workers() {
    let text = "from x import get_all_by_prefix, prefix\nparameters = {\n    \"debug\": True\n}\n";
    assert_snapshot!(after(text), @r#"
    from x import get_all_by_prefix, prefix
    parameters = {
        "debug": True,
        "workers": {
            **{k.replace(f"{prefix}_WORKER_ARN_", "").lower(): v for k, v in get_all_by_prefix(f"{prefix}_WORKER_ARN_").items()}
        },
    }
    "#);
    assert!(after("from x import *\nparameters = {}\n").contains("\n    \"workers\": {\n        **{k"));
    assert!(after("from x import *\nparameters = {\"a\": 1}\n").contains("{\"a\": 1, \"workers\": {\n    **{k"));
}

#[test]
fn what_was_edited_is_as_it_should_be() {
    for text in ["parameters = {'lambdas': {}}\n", "parameters = {\n  'lambdas': f(),\n}\n", "parameters = {}\n"] {
        assert_eq!(edit(&after(text), "MY_APP"), Outcome::Done, "{text}");
    }
    let by_hand = "parameters = {'workers': {k: v for k, v in find(f'{p}_WORKER_ARN_')}}\n";
    assert_eq!(edit(by_hand, "MY_APP"), Outcome::Done);
}

#[test]
fn line_ends_of_windows_stay() {
    let text = after("import os\r\nparameters = {\r\n    'lambdas': {}\r\n}\r\n");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
}

#[test]
fn what_is_not_understood_is_left_alone() {
    assert_eq!(unclear("parameters = {"), "it is not Python that can be read");
    assert_eq!(unclear("parameters = load()\n"), "it has no dictionary `parameters`");
    assert_eq!(unclear(""), "it has no dictionary `parameters`");
    let both = unclear("parameters = {'lambdas': {}, 'workers': {}}\n");
    assert_eq!(both, "`parameters` has both `\"lambdas\"` and `\"workers\"`");
}

#[test]
fn the_prefix_is_known_where_it_is_written() {
    assert_eq!(prefix("prefix = 'MY_APP'\n").as_deref(), Some("MY_APP"));
    assert_eq!(prefix("prefix = os.environ['P']\n"), None);
    assert_eq!(prefix("prefix = f'{a}_B'\n"), None);
}

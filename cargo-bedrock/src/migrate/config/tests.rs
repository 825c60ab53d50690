//! `config.py` before and after. The tests of the command line run the results in Python.

use insta::assert_snapshot;

use super::{ConfigEdit, edit, prefix};

fn edited(text: &str) -> String {
    match edit(text, "MY_APP") {
        ConfigEdit::Edited { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

fn unclear(text: &str) -> &'static str {
    match edit(text, "MY_APP") {
        ConfigEdit::Unclear(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn key_is_renamed_and_its_entries_are_kept() {
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
    assert_snapshot!(edited(text), @r#"
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
fn empty_dictionary_gets_only_the_comprehension() {
    let text = "prefix = \"A\"\ndef get_all_by_prefix(p): ...\nparameters = {\n    \"lambdas\": {}\n}\n";
    assert_snapshot!(edited(text), @r#"
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
fn missing_names_are_added_above_the_statement() {
    assert_snapshot!(edited("DEBUG = 1\n\nparameters = {\"lambdas\": load()}\n"), @r#"
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
    let imported = edited("import os.path\nfrom bedrock.config import *\nparameters = {\"lambdas\": {}}\n");
    assert!(!imported.contains("def get_all_by_prefix") && !imported.contains("prefix = "), "{imported}");
}

#[test]
fn app_without_lambdas_gets_workers() {
    let text = "from x import get_all_by_prefix, prefix\nparameters = {\n    \"debug\": True\n}\n";
    assert_snapshot!(edited(text), @r#"
    from x import get_all_by_prefix, prefix
    parameters = {
        "debug": True,
        "workers": {
            **{k.replace(f"{prefix}_WORKER_ARN_", "").lower(): v for k, v in get_all_by_prefix(f"{prefix}_WORKER_ARN_").items()}
        },
    }
    "#);
    assert!(edited("from x import *\nparameters = {}\n").contains("\n    \"workers\": {\n        **{k"));
    assert!(edited("from x import *\nparameters = {\"a\": 1}\n").contains("{\"a\": 1, \"workers\": {\n    **{k"));
}

#[test]
fn edited_text_is_not_edited_again() {
    for text in ["parameters = {'lambdas': {}}\n", "parameters = {\n  'lambdas': f(),\n}\n", "parameters = {}\n"] {
        assert_eq!(edit(&edited(text), "MY_APP"), ConfigEdit::Unchanged, "{text}");
    }
    let edited_manually = "parameters = {'workers': {k: v for k, v in find(f'{p}_WORKER_ARN_')}}\n";
    assert_eq!(edit(edited_manually, "MY_APP"), ConfigEdit::Unchanged);
}

#[test]
fn windows_newlines_are_kept() {
    let text = edited("import os\r\nparameters = {\r\n    'lambdas': {}\r\n}\r\n");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
}

#[test]
fn ambiguous_text_is_left_unchanged() {
    assert_eq!(unclear("parameters = {"), "it is not valid Python");
    assert_eq!(unclear("parameters = load()\n"), "it has no dictionary `parameters`");
    assert_eq!(unclear(""), "it has no dictionary `parameters`");
    let both = unclear("parameters = {'lambdas': {}, 'workers': {}}\n");
    assert_eq!(both, "`parameters` has both `\"lambdas\"` and `\"workers\"`");
}

#[test]
fn prefix_is_read_from_a_plain_string() {
    assert_eq!(prefix("prefix = 'MY_APP'\n").as_deref(), Some("MY_APP"));
    assert_eq!(prefix("prefix = os.environ['P']\n"), None);
    assert_eq!(prefix("prefix = f'{a}_B'\n"), None);
}

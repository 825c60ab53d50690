//! What functions use: kinds, words for access, names, keys of tables, statements.

use crate::name::AppName;
use crate::settings::tests::{error_of, read};
use crate::settings::uses::{ACCESS, ResourceKind, ResourceUse, Use};

fn uses(list: &str) -> Vec<Use> {
    read(&format!("workers.a.uses = [{list}]")).expect(list).workers["a"].uses.clone().expect("uses")
}

fn resource(text: &str) -> ResourceUse {
    match uses(text).remove(0) {
        Use::Resource(resource) => resource,
        Use::Statement(statement) => panic!("{statement}"),
    }
}

fn refusal(text: &str) -> String {
    error_of(&format!("workers.a.uses = [{text}]"))
}

#[test]
fn uses_distinguish_empty_list_from_none() {
    assert_eq!(read("workers.a.memory = 256").expect("ok").workers["a"].uses, None);
    assert_eq!(read("endpoint.uses = []").expect("ok").endpoint.uses, Some(Vec::new()));
}

#[test]
fn resources_have_arn_variable_and_value() {
    let app = AppName::parse("my-app").expect("name");
    for (text, arn, variable, value) in [
        (
            "{ table = 'orders', access = 'read', key = 'id' }",
            "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders",
            "MY_APP_TABLE_ORDERS",
            "{prefix}orders",
        ),
        (
            "{ topic = 'alerts' }",
            "arn:{partition}:sns:{region}:{account}:{prefix}alerts",
            "MY_APP_TOPIC_ARN_ALERTS",
            "arn:{partition}:sns:{region}:{account}:{prefix}alerts",
        ),
        (
            "{ bus = 'default' }",
            "arn:{partition}:events:{region}:{account}:event-bus/default",
            "MY_APP_BUS_DEFAULT",
            "default",
        ),
        (
            "{ bus = 'shop' }",
            "arn:{partition}:events:{region}:{account}:event-bus/{prefix}shop",
            "MY_APP_BUS_SHOP",
            "{prefix}shop",
        ),
        (
            "{ secret = '{stage}/stripe' }",
            "arn:{partition}:secretsmanager:{region}:{account}:secret:{stage}/stripe-??????",
            "MY_APP_SECRET__STAGE__STRIPE",
            "{stage}/stripe",
        ),
        (
            "{ parameter = '/shop/flags', access = 'read' }",
            "arn:{partition}:ssm:{region}:{account}:parameter/shop/flags",
            "MY_APP_PARAMETER_SHOP_FLAGS",
            "/shop/flags",
        ),
        (
            "{ function = 'other-{stage}-worker' }",
            "arn:{partition}:lambda:{region}:{account}:function:other-{stage}-worker",
            "MY_APP_FUNCTION_ARN_OTHER__STAGE__WORKER",
            "arn:{partition}:lambda:{region}:{account}:function:other-{stage}-worker",
        ),
        (
            "{ table = 'arn:aws:dynamodb:eu-west-1:1:table/theirs', access = 'write' }",
            "arn:aws:dynamodb:eu-west-1:1:table/theirs",
            "MY_APP_TABLE_THEIRS",
            "arn:aws:dynamodb:eu-west-1:1:table/theirs",
        ),
    ] {
        let resource = resource(text);
        assert_eq!(resource.arn().as_deref(), Some(arn), "{text}");
        assert_eq!(resource.variable(&app), variable, "{text}");
        assert_eq!(resource.value().as_deref(), Some(value), "{text}");
    }
    let bucket = resource("{ bucket = 'uploads', access = 'write' }");
    assert_eq!((bucket.arn(), bucket.value(), bucket.variable(&app)), (None, None, "MY_APP_BUCKET_UPLOADS".to_owned()));
    assert_eq!(resource("{ queue = 'jobs', access = 'send' }").variable(&app), "MY_APP_QUEUE_URL_JOBS");
}

#[test]
fn only_some_kinds_are_of_the_app() {
    for (text, is_of_app) in [
        ("{ table = 'a', access = 'read', key = 'id' }", true),
        ("{ topic = 'a' }", true),
        ("{ bus = 'a' }", true),
        ("{ bus = 'default' }", false),
        ("{ secret = 'a' }", false),
        ("{ topic = 'arn:aws:sns:eu-west-1:1:a' }", false),
    ] {
        assert_eq!(resource(text).is_of_app(), is_of_app, "{text}");
    }
}

#[test]
fn table_keys_have_types() {
    let key = resource("{ table = 'a', access = 'read', key = 'id', sort-key = { name = 'at', type = 'number' } }").key;
    let key = key.expect("a key");
    let sort = key.sort.expect("a sort key");
    assert_eq!((&*key.partition.name, key.partition.kind, &*sort.name, sort.kind), ("id", "S", "at", "N"));
}

#[test]
fn statement_is_kept_as_json() {
    assert_eq!(
        uses("{ statement = { Action = ['ses:SendEmail'], Resource = ['*'] } }"),
        [Use::Statement(r#"{"Action":["ses:SendEmail"],"Resource":["*"]}"#.to_owned())]
    );
}

#[test]
fn wrong_uses_have_line_and_what_is_allowed() {
    for (text, expected) in [
        (
            "{ table = 'a', key = 'id' }",
            "`workers.a.uses[0]` needs `access`, which is one of `\"read\"`, `\"write\"`, `\"read-write\"`",
        ),
        (
            "{ queue = 'a', access = 'write' }",
            "`workers.a.uses[0].access` must be one of `\"send\"`, `\"receive\"`, found `'write'`",
        ),
        (
            "{ tabel = 'a' }",
            "`workers.a.uses[0]` must be a table with exactly one of `table`, `bucket`, `queue`, `topic`",
        ),
        ("{ topic = 'a', access = 'read' }", "`workers.a.uses[0].access` must be `\"publish\"`, found `'read'`"),
        ("{ table = 'a', bucket = 'b', access = 'read' }", "`workers.a.uses[0]` must be a table with exactly one of"),
        ("'orders'", "`workers.a.uses[0]` must be a table with exactly one of"),
        ("{ topic = 'a b' }", "`workers.a.uses[0].topic` cannot be `a b`: the name has only letters"),
        ("{ topic = 'arn:aws:sqs:eu-west-1:1:a' }", "`workers.a.uses[0].topic` must be the ARN of a topic"),
        ("{ topic = 'a', acces = 'publish' }", "unknown setting `acces` in `workers.a.uses[0]`"),
        (
            "{ statement = { Action = 's3:GetObject' } }",
            "`workers.a.uses[0].statement` must be a statement of a policy",
        ),
        (
            "{ statement = { Action = 'x', Resource = 'y', Principal = '*' } }",
            "`workers.a.uses[0].statement` cannot have `Principal`",
        ),
        (
            "{ table = 'a', access = 'read', sort-key = 'x' }",
            "`workers.a.uses[0].sort-key` cannot be set without `key`",
        ),
        (
            "{ table = 'a', access = 'read', key = 'x', sort-key = { name = 'x', type = 'number' } }",
            "`workers.a.uses[0].sort-key` cannot be the attribute of `key`",
        ),
        ("{ table = 'a', access = 'read', key = 1 }", "`workers.a.uses[0].key` must be the name of an attribute"),
    ] {
        let problems = read(&format!("workers.a.uses = [{text}]")).expect_err(text);
        assert!(
            problems[0].message.starts_with(&format!("Cargo.toml:1: {expected}")),
            "{text}: {}",
            problems[0].message
        );
    }
}

#[test]
fn tables_have_one_key_and_resources_one_variable() {
    assert_eq!(
        refusal("{ table = 'a', access = 'read' }"),
        "Cargo.toml:1: table `a` of this app has no key\nsay which attribute is its key, in one place: `key = \"id\"`"
    );
    let one = "workers.a.uses = [{ table = 't', access = 'read', key = 'id' }]\n";
    assert!(read(&format!("{one}workers.b.uses = [{{ table = 't', access = 'write' }}]")).is_ok());
    assert!(
        error_of(&format!("{one}workers.b.uses = [{{ table = 't', access = 'write', key = 'no' }}]"))
            .starts_with("Cargo.toml:2: table `t` has a different key than in Cargo.toml:1")
    );
    assert!(
        refusal("{ topic = 'a-b' }, { topic = 'a_b' }")
            .starts_with("Cargo.toml:1: topic `a_b` and topic `a-b` have the same environment variable")
    );
    assert!(read("workers.a.uses = [{ table = 'arn:aws:dynamodb:eu-west-1:1:table/t', access = 'read' }]").is_ok());
}

#[test]
fn actions_are_sorted_and_of_the_service() {
    for access in ACCESS {
        for grant in access.grants {
            assert!(grant.actions.is_sorted(), "{access:?}");
            let service = access.kind.service();
            assert!(grant.actions.iter().all(|action| action.starts_with(&format!("{service}:"))), "{access:?}");
        }
    }
    assert!(ResourceKind::ALL.into_iter().all(|kind| kind.accesses().next().is_some()));
}

#[test]
fn local_variables_name_the_local_stage() {
    let text = "
        [workers.a]
        env = { MY_APP_BUS_SHOP = 'mine', MODE = 'x' }
        uses = [
            { table = 'orders', access = 'read', key = 'id' },
            { bus = 'shop' },
            { secret = '{stage}/stripe' },
            { topic = 'arn:aws:sns:eu-west-1:1:{stage}-theirs' },
            { queue = 'jobs', access = 'send' },
            { statement = { Action = 'x', Resource = 'y' } },
        ]
    ";
    let settings = read(text).expect("ok").workers["a"].clone();
    let variables = settings.local_variables(&AppName::parse("my-app").expect("name"));
    let variables: Vec<String> = variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        variables,
        [
            "MODE=x",
            "MY_APP_BUS_SHOP=mine",
            "MY_APP_SECRET__STAGE__STRIPE=local/stripe",
            "MY_APP_TABLE_ORDERS=my-app-local-orders",
            "MY_APP_TOPIC_ARN__STAGE__THEIRS=arn:aws:sns:eu-west-1:1:local-theirs",
        ]
    );
}

#[test]
fn misspelled_keys_have_one_problem_with_the_name() {
    for (settings, similar) in [
        ("workers.a.uses = [{ tabel = 'a', access = 'read' }]", "table"),
        ("workers.a.uses = [{ tabel = 'a', access = 'write', key = 'id' }]", "table"),
        ("workers.a.uses = [{ statment = { Action = ['a:B'], Resource = ['*'] } }]", "statement"),
        ("workers.a.uses = [{ table = 'a', acces = 'read', key = 'id' }]", "access"),
        ("workers.a.uses = [{ table = 'a', access = 'read', kye = 'id' }]", "key"),
        ("workers.a.triggers = [{ shedule = 'rate(1 day)' }]", "schedule"),
        ("workers.a.triggers = [{ bus = 'b', patern = { source = ['x'] } }]", "pattern"),
        ("workers.a.triggers = [{ topic = 'b', filer = { a = ['x'] }, filter-scope = 'body' }]", "filter"),
        ("workers.a.vpc = { subnet = ['subnet-1'], security-groups = ['sg-1'] }", "subnets"),
    ] {
        let problems = read(settings).expect_err(settings);
        assert_eq!(problems.len(), 1, "{settings}: {problems:?}");
        assert_eq!(problems[0].help[0], format!("a setting with a similar name exists: `{similar}`"), "{settings}");
    }
}

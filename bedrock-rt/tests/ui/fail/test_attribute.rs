#[bedrock::test(slow)]
async fn with_an_argument(_app: bedrock::test::App) {}

#[bedrock::test]
fn not_async(_app: bedrock::test::App) {}

#[bedrock::test]
async fn without_the_app() {}

#[bedrock::test]
async fn with_two_apps(_one: bedrock::test::App, _other: bedrock::test::App) {}

fn main() {}

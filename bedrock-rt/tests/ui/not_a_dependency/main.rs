#[bedrock::main]
async fn main() {}
